"""What kind of gate a product shows: its family, what bounds it, how wide its hidden layer is.

The function that bounds a gate is not read from names. The operations between the last layer and the
product run again on a row of numbers, and what comes out is compared with the functions in use: so
``relu6(x + 3) / 6``, ``clamp(0.2 * x + 0.5, 0, 1)`` and ``nn.Hardsigmoid()`` are all hard sigmoids.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .calls import ADDS, BOUNDING, ELEMENTWISE, LAYERS
from .tracking import Candidate, Pool, Seen


class Bound(NamedTuple):
    """What bounds a gate.

    Attributes:
        kind: the function's name.
        slope: of a hard sigmoid.
        low: the least value.
        high: the largest.
    """

    kind: str
    slope: float | None
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Path:
    """The way from pool to gate.

    Attributes:
        layers: that mix channels, in the order in which they ran; of several branches, the first's.
        pools: where the pixels became one number.
        bound: the function after the last layer.
        operations: the names of all operations between.
    """

    layers: list[Seen]
    pools: list[Pool]
    bound: Bound
    operations: list[str]
    first: Seen  # what the first layer takes; without a layer, what the pool gives


def path_of(gate: Seen) -> Path:
    """Follow a gate back to where the pixels were pooled."""
    nodes = list(_before(gate))
    main = [gate]  # where two branches add up, the first
    while main[-1].parents:
        main.append(main[-1].parents[0])
    layers = [node for node in reversed(main) if node.op in LAYERS and node.pool is None and not _single(node)]
    pools = [node.pool for node in reversed(nodes) if node.pool is not None]
    first = next((parent for layer in layers[:1] for parent in layer.parents), None)
    first = first or next(node for node in reversed(nodes) if node.pool is not None)
    return Path(layers, pools, bound_of(gate), [node.op for node in nodes if node.op != "reshape"], first)


def bound_of(gate: Seen) -> Bound:
    """The function between the last layer and the product."""
    chain: list[Callable[[Tensor], Tensor]] = []
    node, name = gate, "linear"
    while node.parents:
        if node.op == "softmax":
            return Bound("softmax", None, 0.0, 1.0)
        if node.op in ELEMENTWISE and node.again is not None:
            chain.append(node.again)
            name = node.op if name == "linear" or name not in BOUNDING else name
        elif node.op != "reshape":
            if node.op in ADDS and not chain and (kinds := {bound_of(parent).kind for parent in node.parents} - {"linear"}):
                both = sorted(kinds) * 2 if len(kinds) == 1 else sorted(kinds)
                return Bound(" + ".join(both), None, -torch.inf, torch.inf)
            break
        node = node.parents[0]
    key = (name, *(step.key for step in chain))
    if None in key:
        return _bound(chain, name)
    return _BOUNDS[key] if key in _BOUNDS else _BOUNDS.setdefault(key, _bound(chain, name))


_BOUNDS: dict[tuple, Bound] = {}  # a network has many gates of few kinds


def _bound(chain: list[Callable[[Tensor], Tensor]], name: str) -> Bound:
    x = torch.linspace(-16, 16, 641, dtype=torch.float64)  # in steps of 0.05
    y = x.clone()
    try:
        with torch.no_grad():
            for step in reversed(chain):
                y = step(y.clone())
    except (RuntimeError, TypeError):  # a quantised operation takes no floats
        return Bound(name, None, -torch.inf, torch.inf)
    return _recognised(x, y, name)


def _recognised(x: Tensor, y: Tensor, name: str) -> Bound:
    low, high = y.min().item(), y.max().item()
    steps = y.diff() / x.diff()
    steepest = steps.max().item()

    span = high - low

    def alike(other: Tensor) -> bool:
        return (y - other).abs().max().item() <= 2e-4 * max(1.0, span)

    if alike(x):
        return Bound("linear", None, -torch.inf, torch.inf)
    if span and alike(low + span * x.sigmoid()):
        low, high = (round(value, 3) for value in (low, high))
        return Bound("sigmoid", None, low, high)
    if alike(x.tanh()):
        return Bound("tanh", None, -1.0, 1.0)
    if alike(x.clamp(-1, 1)):
        return Bound("hard tanh", 1.0, -1.0, 1.0)
    if alike(x.relu()):
        return Bound("relu", None, 0.0, torch.inf)
    flat = (steps[0].abs() < 1e-9) and (steps[-1].abs() < 1e-9)
    if flat and span and steepest > 0:
        middle = x[(y - (low + high) / 2).abs().argmin()]
        if torch.allclose(y, (low + span / 2 + steepest * (x - middle)).clamp(low, high), atol=2e-2 * span):
            return Bound("hard sigmoid", steepest, low, high)
    if torch.allclose(steps, steps[0].expand_as(steps), atol=1e-6):
        return Bound("linear", None, -torch.inf, torch.inf)
    return Bound(name, None, low, high)


def _before(gate: Seen) -> Iterator[Seen]:
    """The gate and all that it was made from, the latest first, each once."""
    waiting, met = [gate], set()
    while waiting:
        node = waiting.pop(0)
        if id(node) not in met:
            met.add(id(node))
            yield node
            waiting += node.parents


def _single(layer: Seen) -> bool:
    """Whether a layer multiplies each channel by its own weight, as a depthwise convolution of one pixel does."""
    weight = layer.weight or ()
    from_one = any(parent.shape[1:2] == (1,) for parent in layer.parents)  # a hidden layer of one unit
    return len(weight) > 2 and weight[1] == 1 and weight[0] > 1 and not from_one


def varying(candidate: Candidate) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Along which dimensions of the maps the gate varies, and its shape when brought to the maps' rank."""
    s, rank = candidate.s, len(candidate.sizes)
    s = s.reshape((1,) * (rank - s.ndim) + tuple(s.shape))
    dims = []
    for d in range(1, rank):
        if s.shape[d] > 1 and s.stride(d) and not (s == s.narrow(d, 0, 1)).all():
            dims.append(d)
        elif s.shape[d] > 1 and d == 1 and s.shape[d] == candidate.sizes[d] and s.stride(d):
            dims.append(d)  # gates that happen to be equal
    return tuple(dims), tuple(s.shape)


def family(candidate: Candidate) -> tuple[str | None, tuple[int, ...], Path | None]:
    """Which family a product belongs to, along which dimensions it varies, and its path.

    None for a product that is not a gate: it only normalises, or has one number for a whole picture.
    """
    if candidate.gate.wide:
        return _of_wide(candidate)
    dims, _ = varying(candidate)
    path = path_of(candidate.gate)
    bounded = path.bound.kind != "linear"
    learned = bool(path.layers) or bounded
    if not dims or not path.pools:
        return None, dims, path
    rank, lost = len(candidate.sizes), set(path.pools[0].dims)
    if len(dims) > 1:
        if rank == 5 and dims == (1, 2):
            return "selective kernel" if learned else None, dims, path
        every_channel = 1 not in dims or (rank == 4 and lost == {3})
        return ("spatial gate" if every_channel else "coordinate attention") if learned else None, dims, path
    by_pixel = (rank == 4 and dims[0] in (2, 3) and lost != {1, 2}) or (rank == 5 and dims[0] in (2, 3))
    if rank == 3 and dims == (2,):
        by_pixel = any(node.op.startswith("conv") for node in path.layers)
    if by_pixel:
        return "coordinate attention" if learned else None, dims, path
    return _by_channel(path, bounded), dims, path


def _by_channel(path: Path, bounded: bool) -> str | None:
    kinds = {pool.kind for pool in path.pools}
    if kinds == {"norm"} and not path.layers:
        return "GRN" if "mean" in path.operations else None
    if not path.layers:
        return "gather-excite" if bounded else None
    if "attention" in kinds:
        return "global context"
    if path.bound.kind == "softmax" and len(path.layers) > 1 and len(path.pools[0].source.shape) > 4:
        return "selective kernel"
    if {"mean", "max"} <= kinds:
        return "CBAM, channels"
    if all(layer.op == "conv1d" and layer.weight[:2] == (1, 1) for layer in path.layers):
        return "ECA"
    return "SE" if len(path.layers) > 1 else "effective SE"


def _of_wide(candidate: Candidate) -> tuple[str | None, tuple[int, ...], None]:
    """A gate with a value for each pixel and none for each channel: it needs a function that bounds it."""
    small, sizes = candidate.gate.shape, candidate.sizes
    if len(small) != len(sizes) or candidate.gate.op not in BOUNDING:
        return None, (), None
    ones = [d for d in range(1, len(sizes)) if small[d] == 1 and sizes[d] > 1]
    pixels = tuple(d for d in range(1, len(sizes)) if d not in ones)
    if ones in ([1], [len(sizes) - 1]) and len(pixels) > 0:
        return "spatial gate", pixels, None
    return None, (), None


def hidden_of(path: Path) -> int | None:
    """The width of the layer before the last."""
    if len(path.layers) < 2:
        return None
    before = path.layers[-2]
    pictures = before.shape[0] if before.shape else 1
    return torch.Size(before.shape).numel() // max(1, pictures)
