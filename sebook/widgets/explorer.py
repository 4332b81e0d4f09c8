"""The explorer: a whole network as a ribbon of gates, any two blocks as charts, and one channel looked into everywhere."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
import traitlets
from torch import Tensor, nn

from senet import pretrained
from senet.arguments import at_least_one, one_of
from senet.images import Pictures
from senet.inside.recording import BlockRecord, se_blocks

from ..pages import page_svg
from ..pages.excitation_weights import Layers, grey, layers
from .base import ProbeWidget
from .fields import One, Picture, ViewError, Whole
from .gates_text import gates_to
from .pulled import GateRows, Pulled, row
from .ribbon import ribbon
from .sets import Set
from .shallow_deep import COMPARISONS, NO_BLOCK, ORDERS, SCALES

SECOND = "second"
ZOOMS = (0, 64, 32, 16)  # as in frontend/src/explorer/view.ts


class Explorer(ProbeWidget):
    """Choose a picture and see every gate of a network, pull gates by hand, and follow one channel from its map to its gate.

    >>> explorer = Explorer("se_resnet20_cifar10", picture="cat-1")
    >>> explorer = Explorer(model, pictures, preprocess=scale)  # of yours
    >>> explorer.gates["layer1.0.se"] = {12: 0}  # closes one, as is seen
    >>> explorer.gates["layer1.0.se"] = torch.ones(16)  # opens that block
    >>> explorer.gates["layer1.0.se"]  # (C,), NaN: the network's own
    >>> del explorer.gates["layer1.0.se"]  # lets them go
    >>> explorer.gates = {}  # lets the gates of all blocks go
    >>> explorer.observe(hear, "pulled")  # a reader's pull calls ``hear``

    All traits work both ways: set one and the widget follows, use the widget and the trait has what the reader chose.

    Attributes:
        picture: position of the picture, from 0. Its id also works.
        second: the same for a picture beside it; None for none.
        block: name of the block that is open, as in ``model.named_modules()``.
        beside: name of the block open beside it.
        channel: the chosen channel of ``block``, None for none.
        gates: what is set by hand, as a mapping from block names to (C,) tensors. Values go from 0 to 1; a page that has had them
            keeps four digits.
        pulled: the same as plain lists, with None for a gate of the network's own. This is the trait to observe.
        order: of the channels: ``"index"``, ``"excitation"`` (largest first) or ``"difference"`` (furthest above the reference).
        compare: the reference drawn under the gates: the mean of the ``"predicted"`` or ``"true"`` class, of ``"all"`` classes or
            of a class by its name, the ``"second"`` picture's gates, or ``"none"``.
        scale: ``"full"``, from 0 to 1, or ``"fitted"`` to what the gates use.
        zoom: how many channels a chart shows at once; 0 for all.
        start: the first place that it shows, from 0.

    Args:
        model, pictures, preprocess, classes, means: see :class:`~sebook.widgets.base.ProbeWidget`.
        others: names of more shipped networks that a reader of the published page may choose; a kernel has only its own model.
        small: the form for a first page: choose, look and point, with nothing to be set.

    Raises:
        ValueError: see :class:`~sebook.widgets.base.ProbeWidget`; or a trait out of its bounds (a ``ViewError``, also later on).
    """

    picture = Picture()
    second = Picture(None, none=True)
    block = One(Set("blocks"), last=True, unlike=NO_BLOCK)
    beside = One(Set("blocks"), unlike=NO_BLOCK)
    channel = Whole(None, below=Set("channels"), none=True, by="block", bound=True)
    order = One(ORDERS)
    compare = One((*COMPARISONS, SECOND, Set("classes")), "predicted", without=("none", SECOND))
    scale = One(SCALES, "full")
    zoom = One(ZOOMS)
    start = Whole(0, address="from", unlike="is before the first place")
    pulled = GateRows({}, address="gates")
    small = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        model: str | pretrained.Checkpoint | nn.Module,
        pictures: Pictures | Iterable[Any] | None = None,
        *,
        gates: Mapping[str, Any] | None = None,
        others: Sequence[str] = (),
        small: bool = False,
        preprocess: Callable[[Tensor], Tensor] | None = None,
        classes: Sequence[str] | None = None,
        means: Mapping[str, Tensor] | None = None,
        **choices: Any,
    ) -> None:
        super().__init__(model, pictures, preprocess=preprocess, classes=classes, means=means, _widget="explorer")
        for name in others:
            one_of(pretrained.names(), others=name)
        self._others = tuple(others)
        mean = getattr(self._preprocess, "mean", (0.5, 0.5, 0.5))
        self._grey = torch.tensor(grey(mean), dtype=torch.uint8).view(3, 1, 1)
        self.small = small
        self.choose(**choices)
        if choices.get("beside") is None and self.beside == self.block:
            self.beside = next((name for name in self._blocks if name != self.block), self.block)
        if gates is not None:
            self.gates = gates

    # ---- gates

    @property
    def gates(self) -> Pulled:
        return Pulled(self)

    @gates.setter
    def gates(self, wanted: Mapping[str, Any]) -> None:
        self.pulled = {name: row(values, name, self._blocks) for name, values in wanted.items()}

    # ---- what is asked inside the network

    def layers(self, block: str) -> Layers | None:
        """W1, b1, W2 and b2 of a block's excitation; None if it is built in another way than the paper's equation 3."""
        return layers(se_blocks(self._module)[self._known(block)], self.probe(0).blocks[block])

    def maps(self, picture: int, block: str, gates: Mapping[str, Tensor] | None = None) -> BlockRecord:
        """A block's record with its feature maps: ``.maps`` is U, ``.rescaled`` what leaves the block, each (1, C, H, W)."""
        pixels = self._pixels[self._position(picture)][None]
        return self._record(pixels, gates=gates, maps=True).blocks[self._known(block)]

    def occlude(
        self, picture: int, block: str, channel: int, *, steps: int = 8, gates: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """Which part of a picture opened a gate: s_c with a grey patch over the picture, at each of ``steps`` x ``steps`` places.

        Args:
            picture: its position among the pictures, from 0.
            block: name of the gate's block.
            channel: the gate's channel, from 0.
            steps: places along a side. The patch is two places wide and centred on its place, so that neighbours overlap.
            gates: overrides, by block.

        Returns:
            (steps, steps): s_c for each place. Where it is below the gate's own value, the covered part had opened the gate.
        """
        at_least_one(steps=steps)
        step = self._pixels.shape[-1] / steps
        starts = [math.floor((i - 0.5) * step + 0.5) for i in range(steps)]  # half a pixel goes up, as in a browser
        side = math.floor(2 * step + 0.5)
        patches = [{"left": left, "top": top, "side": side} for top in starts for left in starts]
        return self._covered(picture, block, channel, patches, gates).view(steps, steps)

    def _covered(self, picture: int, block: str, channel: int, patches: Sequence[Mapping[str, int]], gates: Any) -> Tensor:
        self._a_channel_of(block, channel)
        pixels = self._pixels[self._position(picture)].repeat(len(patches), 1, 1, 1)
        for covered, patch in zip(pixels, patches, strict=True):
            left, top, side = patch["left"], patch["top"], patch["side"]
            covered[:, max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)] = self._grey
        return self._record(pixels, gates=gates).blocks[block].excitation[:, channel]

    def _answer(self, message: Mapping[str, Any], gates: Mapping[str, Tensor]) -> list[Tensor]:
        if block := message.get("layers"):
            return list(self.layers(block) or ())
        if inside := message.get("map"):
            self._a_channel_of(inside["block"], inside["channel"])
            block = self.maps(message["picture"], inside["block"], gates)
            u, x = (maps[0, inside["channel"]] for maps in (block.maps, block.rescaled))
            return [u, x, torch.tensor(u.shape)]
        if inside := message.get("cover"):
            return [self._covered(message["picture"], inside["block"], inside["channel"], inside["patches"], gates)]
        return super()._answer(message, gates)

    # ---- fields

    @traitlets.observe("block")
    def _make_room(self, change: Any) -> None:
        """A block isn't open twice."""
        if change.old and self.beside == change.new:
            self.beside = change.old

    def _position(self, picture: int | str) -> int:
        return type(self).picture.checked(self, picture)

    def _known(self, block: str) -> str:
        type(self).block.checked(self, block)
        return block

    def _a_channel_of(self, block: str, channel: int) -> None:
        if not 0 <= channel < self._blocks[self._known(block)]:
            raise ViewError(f"channel={channel} is not in {block}: choose 0 to {self._blocks[block] - 1}")

    # ---- where there is no kernel

    def state(self) -> dict[str, Any]:
        networks = [[name, pretrained.get(name).title] for name in (self._network, *self._others) if name]
        measured = {name: found for name, _ in networks if (found := accuracies(name))}
        more = {"networks": networks, "small": self.small, "gates": gates_to(self.pulled)}
        return {**super().state(), **more, **({} if self.small else {"accuracies": measured})}

    def figure(self) -> tuple[str, str]:
        answer = self.probe(self.picture, dict(self.gates))
        shown, likeliest = self._gallery["pictures"][self.picture], self._likeliest(answer.logits[0])
        titles = {block["name"]: block["title"] for block in self._gallery["network"]["blocks"]}
        gates = {titles[name]: block.excitation[0] for name, block in answer.blocks.items()}
        closed = min(gates, key=lambda title: gates[title].mean().item())
        caption = (
            f"{shown['title']}: taken for {likeliest[0][0]}, {likeliest[0][1]:.1%}. The gates of {len(gates)} SE blocks from "
            f"shallow to deep; inked is open. Those of {closed} are the most closed, {gates[closed].mean():.2f} on average."
        )
        return page_svg.to_svg(ribbon(self._pixels[self.picture], likeliest, gates, title=shown["title"]), caption), caption


def accuracies(network: str) -> dict[str, float] | None:
    """Shares of test pictures that a shipped network gets right with its gates set otherwise, by ``python -m senet controls``.

    Returns:
        By the names that the page's switch has for them; None where nobody measured them, or where the results do not ship.
    """
    file = pretrained.get(network).file.parent / "results" / f"controls-{network}.json"
    if not file.is_file():
        return None
    controls = json.loads(file.read_text(encoding="utf-8"))["controls"]
    names = {"own": "trained", "mean": "frozen", "other": "shuffled", "one": "one"}
    return {ours: controls[theirs]["accuracy"] for ours, theirs in names.items()}
