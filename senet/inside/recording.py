"""What an SE network computes on the way: squeeze, excitation and feature maps of every SE block, of any model that has them.

A recording is taken by hooks on three points of each block. Where they sit differs between libraries; ``HOOK_POINTS`` says where,
by class name, so that no library has to be installed to be recognised. The same hooks let a caller override gates and watch the
prediction answer. Shapes: N pictures, C channels, H x W pixels.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

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


@dataclass(frozen=True, eq=False)
class SEPoints:
    """One SE block of a model, and the two modules in it that see z and s."""

    block: nn.Module  # its input is U
    first: nn.Module  # its input is z
    gate: nn.Module  # its output is s

    @property
    def channels(self) -> int:
        """C, whether the first layer is a Linear or a 1x1 convolution; or as many gates as the block says that it has."""
        if (gates := getattr(self.block, "gates", None)) is not None:
            return gates
        return getattr(self.first, "in_features", None) or self.first.in_channels


@dataclass(frozen=True, eq=False, repr=False)
class BlockRecord:
    """What one SE block computed. dtype and device are those of the forward, unless ``record`` was given a device.

    Attributes:
        name: the block's name in ``model.named_modules()``.
        depth: 1 for the first SE block that ran, 2 for the second, ...
        squeeze: z (N, C).
        excitation: s (N, C), as used: an overridden gate shows the override.
        maps: U (N, C, H, W), the block's input; None unless recorded with ``maps=True``.
    """

    name: str
    depth: int
    squeeze: Tensor
    excitation: Tensor
    maps: Tensor | None = None

    @property
    def rescaled(self) -> Tensor:
        """The block's output: (N, C, H, W), computed when asked for."""
        if self.maps is None:
            raise ValueError(f"{self.name}: no feature maps were kept: record with maps=True")
        return self.maps * self.excitation[:, :, None, None]

    def __repr__(self) -> str:
        n, c = self.excitation.shape
        maps = "" if self.maps is None else f", maps of {self.maps.shape[2]} x {self.maps.shape[3]}"
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


def se_blocks(model: nn.Module) -> dict[str, SEPoints]:
    """Find the SE blocks of ``model``, by name, in the order of ``named_modules``.

    That is the forward's order in every network of ours, torchvision's and timm's; :func:`record` goes by what really ran.

    Raises:
        ValueError: there are none, or ``model`` is scripted or compiled, so that hooks would not be called.
    """
    return _find(dict(model.named_modules()))


def _find(modules: Mapping[str, nn.Module]) -> dict[str, SEPoints]:
    found = {}
    rows: dict[type, list[tuple[str, str]]] = {}  # by class: a model has many modules of few classes, and recording has to be quick
    for name, module in modules.items():
        if isinstance(module, torch.jit.ScriptModule) or module._compiled_call_impl or "_orig_mod" in module._modules:
            raise ValueError(
                f"{name or type(module).__name__} is scripted or compiled and calls no hooks: pass the model it was made from"
            )
        kind = type(module)
        if kind not in rows:
            names = {cls.__name__ for cls in kind.__mro__}
            rows[kind] = [(first, gate) for known, first, gate in HOOK_POINTS if known in names]
        if points := _points(module, rows[kind]):
            found[name] = points
    if not found:
        known = ", ".join(dict.fromkeys(name for name, _, _ in HOOK_POINTS))
        raise ValueError(
            f"{type(modules['']).__name__} has no SE block that is known here: looked for modules of class {known}, with "
            "their usual layers. Another class becomes known by a row in senet.inside.recording.HOOK_POINTS"
        )
    return found


def record(
    model: nn.Module,
    images: Tensor,
    *,
    maps: bool = False,
    gates: Mapping[str, Tensor] | None = None,
    device: torch.device | str | None = None,
) -> Recording:
    """Run ``model`` once and keep what its SE blocks computed.

    The model is run in evaluation mode, without gradients, and left as it was: every module's mode, every hook. (In training mode
    batch norm would learn from the pictures, and one picture's excitations would depend on the others in its batch.)
    ``torch.autocast`` and memory formats are the caller's and are respected. A model from ``torch.compile(model)`` is recorded
    uncompiled, under the names of the original.

    Args:
        model: a network with SE blocks: ours, torchvision's, timm's.
        images: (N, 3, H, W), on the model's device and in its dtype.
        maps: keep each block's input U too. That is most of the memory that a forward needs.
        gates: excitations to override, by block: (C,) or (N, C). NaN leaves a channel's own.
        device: where to put the result; None leaves it where it was computed.

    Raises:
        ValueError: no SE block, or none that ran; a block that ran twice; ``gates`` that fit no block; a scripted model.
    """
    model = getattr(model, "_orig_mod", model)
    if not isinstance(images, Tensor) or images.ndim != 4:
        got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images={got} has to be a tensor (N, 3, H, W): one picture needs images[None]")
    modules = dict(model.named_modules())  # walked once: it is what recording costs in a small network
    points = _find(modules)
    gates = _fitting(gates or {}, points, len(images))
    with _evaluating(modules.values()), torch.no_grad():
        tape = _Tape(points, gates, maps)
        logits = tape.run(model, images)
        if tape.overwritten():  # something after a block wrote into U in place: once more, on copies
            tape = _Tape(points, gates, maps, copy=True)
            logits = tape.run(model, images)
    if not tape.excitation:
        raise ValueError(f"{type(model).__name__} has SE blocks ({', '.join(points)}), but its forward calls none of them")
    put = partial(_put, device=device)
    blocks = {
        name: BlockRecord(name, depth, put(tape.squeeze[name]), put(s), put(tape.maps.get(name)))
        for depth, (name, s) in enumerate(tape.excitation.items(), start=1)
    }
    return Recording(put(logits), blocks)


def stream(model: nn.Module, batches: Iterable[Any], **options: Any) -> Iterator[Recording]:
    """Record batch by batch, and keep none of them: memory does not grow with the number of batches.

    Args:
        model: as for :func:`record`.
        batches: images (N, 3, H, W), or tuples and lists that begin with them, as a ``DataLoader`` gives.
        **options: ``maps``, ``gates``, ``device`` of :func:`record`.
    """
    for batch in batches:
        yield record(model, batch[0] if isinstance(batch, (tuple, list)) else batch, **options)


class _Tape:
    """The hooks' memory for one forward."""

    def __init__(self, points: Mapping[str, SEPoints], gates: Mapping[str, Tensor], maps: bool, copy: bool = False) -> None:
        self.points = points
        self.gates = gates
        self.copy = copy
        self.squeeze: dict[str, Tensor] = {}
        self.excitation: dict[str, Tensor] = {}
        self.maps: dict[str, Tensor] = {}
        self.versions: dict[str, int] = {}
        self.keep_maps = maps

    def run(self, model: nn.Module, images: Tensor) -> Any:
        with ExitStack() as hooks:
            for name, at in self.points.items():
                if self.keep_maps:
                    hooks.enter_context(at.block.register_forward_pre_hook(partial(self.see_maps, name)))
                hooks.enter_context(at.first.register_forward_pre_hook(partial(self.see_squeeze, name)))
                hooks.enter_context(at.gate.register_forward_hook(partial(self.see_excitation, name)))
            return model(images)

    def see_maps(self, name: str, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        u = args[0]
        if self.copy or u.is_inference():  # a tensor of torch.inference_mode does not count its versions
            self.maps[name] = u.clone()
        else:
            self.maps[name], self.versions[name] = u, u._version

    def see_squeeze(self, name: str, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        self.squeeze[name] = args[0].flatten(1)

    def see_excitation(self, name: str, module: nn.Module, args: tuple[Tensor, ...], s: Tensor) -> Tensor | None:
        if name in self.excitation:
            raise ValueError(f"{name} (or its gate) ran twice in one forward, and one record holds one: give each use its own")
        if (override := self.gates.get(name)) is not None:
            override = override.to(s).view(-1, *s.shape[1:])
            s = torch.where(override.isnan(), s, override)
        self.excitation[name] = s.flatten(1)
        return s

    def overwritten(self) -> bool:
        """Whether a kept U was written into after its block had read it. In-place operations count a tensor's version up."""
        return any(self.maps[name]._version != version for name, version in self.versions.items())


def _points(module: nn.Module, rows: Iterable[tuple[str, str]]) -> SEPoints | None:
    for first, gate in rows:
        try:
            return SEPoints(module, module.get_submodule(first), module.get_submodule(gate))
        except AttributeError:  # the same class name, but another library's construction
            continue
    return None


def _fitting(gates: Mapping[str, Tensor], points: Mapping[str, SEPoints], pictures: int) -> dict[str, Tensor]:
    fitting = {}
    for name, values in gates.items():
        if name not in points:
            raise ValueError(f"gates: {name!r} is not an SE block of this model: choose among {', '.join(points)}")
        values, channels = torch.as_tensor(values), points[name].channels
        if values.shape not in ((channels,), (1, channels), (pictures, channels)):
            raise ValueError(f"gates: {name!r} of shape {tuple(values.shape)} has to be ({channels},) or ({pictures}, {channels})")
        fitting[name] = values
    return fitting


@contextmanager
def _evaluating(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Evaluation mode, then each module's own mode again: a frozen batch norm in a training network stays frozen."""
    training = [module for module in modules if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _put(value: Any, device: torch.device | str | None) -> Any:
    return value.detach().to(device) if isinstance(value, Tensor) else value
