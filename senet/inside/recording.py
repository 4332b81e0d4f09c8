"""What a network computes on the way: squeeze, excitation and feature maps of every gate, of any model that has them.

A recording of a known block is taken by hooks on three points of it. Where they sit differs between libraries; ``HOOK_POINTS``
says where, by class name. In a model that has other classes too, the first recording also looks for gates by what they compute
(:mod:`senet.inside.finding`), and later ones read them where they were (:mod:`senet.inside.reading`). Either way a caller can
override gates and watch the prediction answer. Shapes: N pictures, C channels, H x W pixels.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .calls import tensors_of
from .finding import Found, described, keep, kept, known, refuse_compiled, unwrapped
from .hooks import Gates, SEPoints, Tape, fitting
from .looking import evaluating
from .reading import Point, Reader
from .tracking import Tracker

# The block's own input is U. What the first layer takes is z; what the gate gives is s. A row for each way to build that.
HOOK_POINTS = (
    # class name, first layer, gate         where
    ("SEBlock", "fc1", "gate"),  #               senet
    ("ECA", "conv", "gate"),  #                  sebook.relatives
    ("SqueezeExcitation", "fc1", "scale_activation"),  # torchvision.ops: MobileNetV3, EfficientNet, RegNetY
    ("SEModule", "fc1", "gate"),  #              timm.layers, also called SqueezeExcite there
    ("SEModule", "fc1", "sigmoid"),  #           timm's legacy SENets, which are Cadene's
    ("SqueezeExcite", "conv_reduce", "gate"),  # timm's EfficientNet and MobileNetV3
    ("EffectiveSEModule", "fc", "gate"),  #      timm: one layer, no bottleneck
    ("SELayer", "fc.0", "fc.3"),  #              moskomule/senet.pytorch
    ("SE_Block", "excitation.0", "excitation.3"),  # the name under which tutorials know it
    ("SE_Block", "fc.0", "fc.3"),
)

# Models of these libraries have no gate but in blocks of those classes.
KNOWN_LIBRARIES = ("torch", "torchvision.ops", "torchvision.models", "senet", "sebook")
NOTHING = ". Nor is there a product in its forward with a factor that was pooled over the pixels"
OTHER_GATES = ("torchvision.models.segmentation", "torchvision.models.detection")


@dataclass(frozen=True, eq=False, repr=False)
class BlockRecord:
    """What one SE block computed. dtype and device are those of the forward, unless ``record`` was given a device.

    Attributes:
        name: the block's name in ``model.named_modules()``.
        depth: 1 for the first SE block that ran, 2 for the second, ...
        squeeze: z (N, C); None where neither its pool nor the first layer runs in the module of the product.
        excitation: s (N, C), as used: an overridden gate shows the override.
        maps: U (N, C, H, W), the block's input; None unless recorded with ``maps=True``.
    """

    name: str
    depth: int
    squeeze: Tensor | None
    excitation: Tensor
    maps: Tensor | None = None

    @property
    def rescaled(self) -> Tensor:
        """The block's output: (N, C, H, W), computed when asked for."""
        if self.maps is None:
            raise ValueError(f"{self.name}: no feature maps were kept: record with maps=True")
        n, c = self.maps.shape[:2]
        s = (
            self.excitation.view(n, c, -1) if c != self.excitation.shape[1] else self.excitation
        )  # a gate for each branch and channel
        return self.maps * s.view(*s.shape, *(1,) * (self.maps.ndim - s.ndim))

    def __repr__(self) -> str:
        n, c = self.excitation.shape
        maps = "" if self.maps is None else f", maps of {' x '.join(map(str, self.maps.shape[2:]))}"
        return f"BlockRecord({self.name}, depth={self.depth}, N={n}, C={c}{maps})"


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """What the model answered and what its SE blocks did.

    Attributes:
        logits: what the model returned, (N, K) for a classifier.
        blocks: the blocks that ran, by name, in the order in which they ran.
    """

    logits: Any
    blocks: dict[str, BlockRecord]

    def __repr__(self) -> str:
        return "\n  ".join([f"Recording({len(self.blocks)} blocks:", *map(repr, self.blocks.values())]) + ")"


def se_blocks(model: nn.Module, images: Any = None) -> dict[str, SEPoints | Point]:
    """Find the SE blocks of ``model``, by name, in the order of ``named_modules``; with ``images``, its other gates too.

    That is the forward's order in every network of ours, torchvision's and timm's; :func:`record` goes by what really ran.

    Args:
        model: any eager model.
        images: an example of what it takes. Without one, only blocks of a class in ``HOOK_POINTS`` are found.

    Returns:
        By name, blocks that a class name made known; and places in the forward of those that were found by what they compute.

    Raises:
        ValueError: there are none, or ``model`` is scripted or compiled, so that hooks would not be called.
    """
    modules = dict(model.named_modules())
    points = _find(modules)
    if images is not None:
        with evaluating(modules.values()), torch.no_grad():
            points |= _others(known(model, images, modules), points)
    if not points:
        raise ValueError(
            _none(model, NOTHING if images is not None else ". With an example, se_blocks(model, images) finds any other gate")
        )
    return points


def _find(modules: Mapping[str, nn.Module]) -> dict[str, SEPoints]:
    refuse_compiled(modules)
    found = {}
    rows: dict[type, list[tuple[str, str]]] = {}  # by class: a model has many modules of few classes, and recording has to be quick
    for name, module in modules.items():
        kind = type(module)
        if kind not in rows:
            names = {cls.__name__ for cls in kind.__mro__}
            rows[kind] = [(first, gate) for known, first, gate in HOOK_POINTS if known in names]
        if points := _points(module, rows[kind]):
            found[name] = points
    return found


def _others(found: Found, points: Mapping[str, SEPoints]) -> dict[str, Point]:
    """The gates that were found, without those in blocks that are known by name."""
    return {name: point for name, point in found.points.items() if points.keys().isdisjoint(point.inside)}


def _none(model: nn.Module, besides: str = "") -> str:
    known = ", ".join(dict.fromkeys(name for name, _, _ in HOOK_POINTS))
    return (
        f"{type(model).__name__} has no SE block that is known here: looked for modules of class {known}, with "
        f"their usual layers. Another class becomes known by a row in senet.inside.recording.HOOK_POINTS{besides}"
    )


def record(
    model: nn.Module,
    images: Tensor,
    *,
    maps: bool = False,
    gates: Gates | None = None,
    device: torch.device | str | None = None,
) -> Recording:
    """Run ``model`` once and keep what its gates computed.

    The model is run in evaluation mode, without gradients, and left as it was: every module's mode, every hook. (In training mode
    batch norm would learn from the pictures, and one picture's excitations would depend on the others in its batch.) Other threads
    may use the model meanwhile and see nothing of the recording; one that trains it waits until the recording has ended.
    ``torch.autocast`` and memory formats are the caller's and are respected. A model from ``torch.compile(model)`` or
    ``nn.DataParallel(model)`` is recorded without that, under the names of the original.

    Args:
        model: any eager network with gates. Blocks of ours, torchvision's and timm's are known by their class; in other models
            the first recording looks for gates by what they compute, and takes longer.
        images: (N, 3, H, W), on the model's device and in its dtype; (N, C, L) or (N, C, D, H, W) where its convolutions take that.
        maps: also keep U, what each gate multiplies. That is most of the memory that a forward needs.
        gates: excitations to override, by block: (C,) or (N, C), or a function that makes them of the block's own (N, C). NaN
            leaves a channel's own.
        device: where to put the result; None leaves it where it was computed.

    Raises:
        ValueError: no gate, or none that ran; a block that ran twice; ``gates`` that fit no block; a scripted model.
    """
    model = unwrapped(model)
    modules = dict(model.named_modules())  # walked once: it is what recording costs in a small network
    _check_images(images, modules)
    points = _find(modules)
    with evaluating(modules.values()), torch.no_grad():
        found = kept(model, modules)
        if found is None and gates and not _all_known(modules, points):
            found = known(model, images, modules)
        others = _others(found, points) if found else {}
        gates = fitting(gates or {}, {**points, **others}, len(images))
        tape = Tape(points, gates, maps)
        if found is None and not _all_known(modules, points):
            logits, others = _searched(model, images, modules, tape)
        else:
            logits = _read(model, images, tape, others)
        if tape.overwritten():  # something after a block wrote into U in place: once more, on copies
            tape = Tape(points, gates, maps, copy=True)
            logits = _read(model, images, tape, others)
    if not tape.excitation:
        raise ValueError(
            f"{type(model).__name__} has SE blocks ({', '.join(points)}), but its forward calls none of them"
            if points
            else _none(model, NOTHING)
        )
    put = partial(_put, device=device)
    blocks = {
        name: BlockRecord(name, depth, put(tape.squeeze[name]), put(tape.excitation[name]), put(tape.maps.get(name)))
        for depth, name in enumerate(sorted(tape.excitation, key=tape.ran.__getitem__), start=1)
    }
    return Recording(put(logits), blocks)


def _read(model: nn.Module, images: Tensor, tape: "Tape", others: Mapping[str, Point]) -> Any:
    """One forward that reads known blocks by hooks, and the others where they were found."""
    if not others:
        return tape.run(model, images)
    with Reader(others, tape.gates, tape.keep_maps, tape.order).reading(model) as reader:
        logits = tape.run(model, images)
    tape.add(reader.values)
    return logits


def _searched(model: nn.Module, images: Tensor, modules: Mapping[str, nn.Module], tape: "Tape") -> tuple[Any, dict[str, Point]]:
    """One forward that records the known blocks, and looks for the others."""
    tracker = Tracker(tensors_of(images), tape.keep_maps, tape.order)
    with tracker.watching(modules):
        logits = tape.run(model, images)
    found = described(model, tracker)
    keep(model, modules, found)
    others = _others(found, tape.points)
    tape.add({name: found.values[name] for name in others})
    return logits, others


def _all_known(modules: Mapping[str, nn.Module], points: Mapping[str, SEPoints]) -> bool:
    """Whether names alone find every gate: all classes are of libraries that have no other."""
    homes = {type(module).__module__ for module in modules.values()}
    return (
        bool(points)
        and all(f"{home}.".startswith(tuple(f"{each}." for each in KNOWN_LIBRARIES)) for home in homes)
        and not any(home.startswith(OTHER_GATES) for home in homes)
    )


def _check_images(images: Any, modules: Mapping[str, nn.Module]) -> None:
    """A tensor of as many dimensions as the model's convolutions take; four where it has none."""
    kinds = {nn.Conv1d: (2, 3), nn.Conv2d: (4,), nn.Conv3d: (5,)}
    ranks = {rank for module in modules.values() for rank in kinds.get(type(module), ())} or {4}
    if not isinstance(images, Tensor) or images.ndim not in {*ranks, 4}:
        got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images={got} has to be a tensor (N, 3, H, W): one picture needs images[None]")


def stream(model: nn.Module, batches: Iterable[Any], **options: Any) -> Iterator[Recording]:
    """Record batch by batch, and keep none of them: memory does not grow with the number of batches.

    Args:
        model: as for :func:`record`.
        batches: images (N, 3, H, W), or tuples and lists that begin with them, as a ``DataLoader`` gives.
        **options: ``maps``, ``gates``, ``device`` of :func:`record`.
    """
    for batch in batches:
        yield record(model, batch[0] if isinstance(batch, (tuple, list)) else batch, **options)


def _points(module: nn.Module, rows: Iterable[tuple[str, str]]) -> SEPoints | None:
    for first, gate in rows:
        try:
            return SEPoints(module, module.get_submodule(first), module.get_submodule(gate))
        except AttributeError:  # the same class name, but another library's construction
            continue
    return None


def _put(value: Any, device: torch.device | str | None) -> Any:
    def put(leaf: Any) -> Any:
        return leaf.detach().to(device) if isinstance(leaf, Tensor) else leaf

    return torch.utils._pytree.tree_map(put, value)
