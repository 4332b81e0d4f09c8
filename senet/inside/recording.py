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
from .finding import Found, Walk, described, keep, known, unwrapped, walked
from .hooks import Gates, SEPoints, Tape, fitting
from .looking import evaluating, having_modes
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
WITHOUT = ". With an example, se_blocks(model, images) finds any other gate"
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
        """The block's output (N, C, H, W), computed when asked for."""
        if self.maps is None:
            raise ValueError(f"{self.name}: no feature maps were kept: record with maps=True")
        n, c = self.maps.shape[:2]
        s = self.excitation
        if s.shape[1] != c:  # a gate for each branch and channel
            s = s.view(n, c, -1)
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
    walk, modules = walked(model)
    points = _by_class(walk, modules).points(modules)
    if images is not None:
        with evaluating(modules), torch.no_grad():
            points |= _others(known(model, images), points)
    if not points:
        raise ValueError(_none(model, NOTHING if images is not None else WITHOUT))
    return points


class _ByClass:
    """What a model's classes tell: its blocks, whether it can have no other gate, and the dimensions of what it takes."""

    def __init__(self, named: Mapping[str, nn.Module]) -> None:
        modules = [*named.values()]
        self.rows_then, number = HOOK_POINTS, {id(module): i for i, module in enumerate(modules)}
        found = {name: points for name, module in named.items() if (points := _points(module))}
        self.places = {name: [number[id(each)] for each in (at.block, at.first, at.gate)] for name, at in found.items()}
        self.with_mode = [number[id(module)] for module in having_modes(modules)]
        homes = {type(module).__module__ for module in modules}
        self.complete = (
            bool(found)
            and all(f"{home}.".startswith(tuple(f"{each}." for each in KNOWN_LIBRARIES)) for home in homes)
            and not any(home.startswith(OTHER_GATES) for home in homes)
        )
        kinds = {nn.Conv1d: (2, 3), nn.Conv2d: (4,), nn.Conv3d: (5,)}
        self.ranks = {4, *(rank for module in modules for rank in kinds.get(type(module), ()))}

    def points(self, modules: list[nn.Module]) -> dict[str, SEPoints]:
        places = self.places.items()
        return {name: SEPoints(modules[u], modules[z], modules[s]) for name, (u, z, s) in places}


def _by_class(walk: Walk, modules: list[nn.Module]) -> _ByClass:
    if walk.blocks is None or walk.blocks.rows_then is not HOOK_POINTS:
        walk.blocks = _ByClass(walk.named(modules))
    return walk.blocks


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
    walk, modules = walked(model)
    by_class = _by_class(walk, modules)
    _check_images(images, by_class.ranks)
    points = by_class.points(modules)
    with evaluating([modules[i] for i in by_class.with_mode]), torch.no_grad():
        found = known(model, images) if gates and not by_class.complete else walk.found
        others = _others(found, points) if found else {}
        gates = fitting(gates or {}, {**points, **others}, len(images))
        if not maps:  # those that two modules show are read as fast as known blocks; their maps only the product shows
            shown = {name: point.hooks for name, point in others.items() if point.hooks and name not in gates}
            named = walk.named(modules) if shown else {}
            points |= {name: SEPoints(None, named[taken], named[given]) for name, (taken, given) in shown.items()}
            others = {name: point for name, point in others.items() if name not in shown}
        tape = Tape(points, gates, maps)
        if found is None and not by_class.complete:
            logits, others = _searched(model, images, walk, tape)
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


def _searched(model: nn.Module, images: Tensor, walk: Walk, tape: "Tape") -> tuple[Any, dict[str, Point]]:
    """One forward that records the known blocks, and looks for the others."""
    tracker = Tracker(tensors_of(images), tape.keep_maps, tape.order)
    with tracker.watching(walk.named(walk.modules())):
        logits = tape.run(model, images)
    found = described(model, tracker)
    keep(walk, found)
    others = _others(found, tape.points)
    tape.add({name: found.values[name] for name in others})
    return logits, others


def _check_images(images: Any, ranks: set[int]) -> None:
    """A tensor of as many dimensions as the model's convolutions take; four where it has none."""
    if not isinstance(images, Tensor) or images.ndim not in ranks:
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


def _points(module: nn.Module) -> SEPoints | None:
    names = {cls.__name__ for cls in type(module).__mro__}
    for known_as, first, gate in HOOK_POINTS:
        if known_as not in names:
            continue
        try:
            return SEPoints(module, module.get_submodule(first), module.get_submodule(gate))
        except AttributeError:  # the same class name, but another library's construction
            continue
    return None


def _put(value: Any, device: torch.device | str | None) -> Any:
    if value is None or isinstance(value, Tensor):  # the usual case, without delay
        value = value.detach() if value is not None and value.requires_grad else value
        return value if device is None or value is None else value.to(device)
    return torch.utils._pytree.tree_map(lambda leaf: _put(leaf, device) if isinstance(leaf, Tensor) else leaf, value)
