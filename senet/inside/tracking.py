"""One forward, watched: which tensors were pooled over their pixels, and what they multiply later.

A torch function mode sees each call that a model's Python makes, by whatever name. A tensor is
*wide* while it has a value for each pixel, and *narrow* once a pool has taken the pixels away; what
is made from narrow tensors and weights alone stays narrow. A product of a wide and a narrow tensor
is a candidate for a gate: :mod:`senet.inside.kinds` says which of them are.
"""

import os
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .calls import (
    ADDS,
    COMPARES,
    LAYERS,
    POOLS,
    PRODUCTS,
    SCALES,
    Call,
    again_on,
    called,
    operands,
    product_operands,
    rearranges,
    reduced,
)
from .looking import Hook

TORCH = f"{Path(torch.__file__).parent}{os.sep}"


@dataclass(eq=False)
class Seen:
    """What is known of one tensor.

    Attributes:
        wide: it has a value for each pixel.
        root: tensors that hold the same values, perhaps in another shape, have the same number.
        op: what made it.
        at: the module whose forward made it.
        parents: for narrow ones, the tracked tensors it was made from.
        shape: of the tensor.
        again: for narrow ones, computes the operation again on another first parent.
        weight: for a layer, the shape of its weight.
        pool: where pixels became one number: what was pooled, and how.
        address: for a layer or pool, its number within each running module.
        value: for narrow ones, the tensor itself; they are small.
    """

    wide: bool
    root: int
    op: str
    at: str
    parents: tuple["Seen", ...] = ()
    shape: tuple[int, ...] = ()
    again: Callable[[Tensor], Tensor] | None = None
    weight: tuple[int, ...] | None = None
    pool: "Pool | None" = None
    address: dict["Call", int] = field(default_factory=dict)
    value: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Pool:
    """How pixels became one number.

    Attributes:
        kind: ``"mean"``, ``"max"``, ``"sum"``, ``"norm"``, ``"attention"``, ...
        source: the tensor that was pooled.
        dims: the dimensions that it lost.
    """

    kind: str
    source: Seen
    dims: tuple[int, ...]


@dataclass(eq=False)
class Candidate:
    """A product of a wide tensor with a narrow one, or with a wide one that has a single channel."""

    order: int
    gate: Seen
    maps: Seen
    side: int  # which operand is the gate
    s: Tensor
    u: Tensor | None
    sizes: tuple[int, ...]  # of the maps
    stack: tuple[Call, ...]
    address: dict[Call, int]
    where: str
    residual: bool = False


class Tracker(TorchFunctionMode):
    """Watches one forward of ``model``; ``candidates`` has what was found."""

    def __init__(self, inputs: Iterator[Tensor], keep_maps: bool, order: Iterator[int] | None = None) -> None:
        super().__init__()
        self.roots, self.order, self.keep_maps = count(), order or count(), keep_maps
        self.candidates: list[Candidate] = []
        self.products: dict[int, Candidate] = {}
        self.known: dict[int, tuple[weakref.ref, Seen]] = {}
        self.stack: list[Call] = [Call("", 0)]
        self.runs: dict[str, int] = {}
        for tensor in inputs:
            self.keep(tensor, self.wide("input", tensor))

    @contextmanager
    def watching(self, modules: Mapping[str, nn.Module]) -> Iterator["Tracker"]:
        """Know which module runs, and see every call, until the end of the block."""

        def enter(name: str, *_: Any) -> None:
            self.runs[name] = self.runs.get(name, -1) + 1
            self.stack.append(Call(name, self.runs[name]))

        def leave(*_: Any) -> None:
            self.stack.pop()

        with ExitStack() as hooks:
            for name, module in modules.items():
                hooks.enter_context(module.register_forward_pre_hook(Hook(partial(enter, name))))
                hooks.enter_context(module.register_forward_hook(Hook(leave), always_call=True))
            with self:
                yield self

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        name = called(func)
        if name is None:  # an attribute, such as .shape
            return func(*args, **kwargs)
        address = self.numbered(name)
        tensors = operands(args, kwargs)
        seen = [self.of(tensor) for tensor in tensors]
        tracked = [each for each in seen if each is not None]
        if not tracked:
            return func(*args, **kwargs)
        if name in PRODUCTS:
            candidate = self.candidate(name, args, kwargs, address)
            out = func(*args, **kwargs)
            if candidate is not None and isinstance(out, Tensor) and out.shape == candidate.sizes:
                self.candidates.append(candidate)
        else:
            candidate, out = None, func(*args, **kwargs)
        made = self.describe(name, func, args, kwargs, out, tensors, seen, address)
        if made is None:
            return out
        if candidate is not None:
            self.products[made.root] = candidate
            candidate.residual = name == "addcmul" and self.root(args[0]) == candidate.maps.root
        if name in ADDS:
            self.see_sum(tracked)
        for each in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(each, Tensor):
                self.keep(each, made)
        return out

    def numbered(self, name: str) -> dict[Call, int]:
        """The number of this call among its like, within each module that is running."""
        for kind, names in enumerate((PRODUCTS, LAYERS, POOLS)):
            if name in names:
                numbers = {}
                for call in self.stack:
                    numbers[call] = call.counts[kind]
                    call.counts[kind] += 1
                return numbers
        return {}

    def describe(self, name, func, args, kwargs, out, tensors, seen, address) -> Seen | None:
        """What came of a call; None where it depends on no pixel."""
        first = out[0] if isinstance(out, (tuple, list)) and len(out) else out
        if not isinstance(first, Tensor):
            if name == "setitem":
                self.keep(args[0], self.wide(name, args[0]))
            return None
        tracked = [each for each in seen if each is not None]
        if name in COMPARES:
            return None
        if rearranges(name, args, kwargs):
            return self.reshaped(name, first, tracked[0])
        if (pool := self.pooled(name, args, kwargs, first, seen, tensors)) is not None:
            return self.narrow(name, first, (), pool=pool, address=address)
        if any(each.wide for each in tracked):
            made = self.wide(name, first)
            if name in SCALES and len(tensors) == 1 and (product := self.products.get(tracked[0].root)) is not None:
                self.products[made.root] = product  # x * relu6(...) / 6: the product, at another size
            masks = [tensor for tensor, each in zip(tensors, seen, strict=True) if each is None and tensor.ndim]
            if name in (*PRODUCTS, "masked_fill", "where") and len(tracked) == 1 and masks and masks[0].shape[1:2] == (1,):
                made.root = tracked[0].root  # padding was masked: for us it is the same tensor
            return made
        made = self.narrow(name, first, tuple(tracked), again=again_on(func, args, kwargs, tensors, seen), address=address)
        if name in LAYERS:
            made.weight = next((tuple(t.shape) for t, each in zip(tensors, seen, strict=True) if each is None), ())
        return made

    def reshaped(self, name: str, out: Tensor, one: Seen) -> Seen:
        if one.wide:
            whole = out.numel() == torch.Size(one.shape).numel()
            made = self.wide(one.op, out, one.root if whole or name.startswith(("expand", "broadcast")) else None)
            made.at = one.at
            return made
        if one.pool is not None and out.numel() == torch.Size(one.shape).numel():
            return Seen(False, one.root, one.op, one.at, (), tuple(out.shape), pool=one.pool, address=one.address, value=out)
        return self.narrow("reshape", out, (one,))

    def pooled(self, name, args, kwargs, out, seen, tensors) -> Pool | None:
        """Whether this call takes pixels away from a wide tensor, or the rest of them from one pooled in part."""
        if name in LAYERS:
            return self.attended(out, seen)
        if name not in POOLS or (one := seen[0]) is None:
            return None
        kind, dims = reduced(name, args, kwargs, tuple(tensors[0].shape), tuple(out.shape))
        if not dims or 0 in dims:
            return None
        if one.wide:  # a sum of branches (N, M, C, H, W) has all their pixels
            return None if len(one.shape) == 5 and dims == (1,) else Pool(kind, one, dims)
        if one.pool is not None and sum(size > 1 for size in one.shape[1:]) > 1 and kind == one.pool.kind:
            return Pool(kind, one.pool.source, one.pool.dims + dims)
        return None

    def attended(self, out: Tensor, seen: list[Seen | None]) -> Pool | None:
        """A sum over pixels with softmax weights, one map of them: the context of a global-context block."""
        wide = [each for each in seen if each is not None and each.wide]
        values = [each for each in wide if each.op != "softmax"]
        if len(wide) != 2 or len(values) != 1 or out.ndim < 3 or 1 not in out.shape[1:]:
            return None
        sizes = [size for size in out.shape[1:] if size > 1]
        return Pool("attention", values[0], (2, 3)) if len(sizes) == 1 and sizes[0] in values[0].shape else None

    def candidate(self, name: str, args: tuple, kwargs: dict, address: dict[Call, int]) -> Candidate | None:
        pair = product_operands(name, args, kwargs)
        if pair is None:
            return None
        seen = [self.of(tensor) for tensor in pair]
        if seen[0] is None or seen[1] is None or not (seen[0].wide or seen[1].wide):
            return None
        if seen[0].wide and seen[1].wide:
            small = [1 in t.shape[1:] and t.numel() < o.numel() for t, o in (pair, pair[::-1])]
            if not any(small):
                return None
            side = small.index(True)
        else:
            side = 0 if seen[1].wide else 1
        gate, maps = pair[side], pair[1 - side]
        if gate.ndim > maps.ndim or (maps.ndim < 3):
            return None
        u = maps.clone() if self.keep_maps else None
        narrow = not seen[side].wide
        s = (gate.dequantize() if gate.is_quantized else gate.clone()) if narrow else gate
        return Candidate(
            next(self.order), seen[side], seen[1 - side], side, s, u, tuple(maps.shape), tuple(self.stack), address, _line()
        )

    def see_sum(self, tracked: list[Seen]) -> None:
        for one, other in (tracked[:2], tracked[1::-1]) if len(tracked) > 1 else ():
            if (product := self.products.get(one.root)) is not None and product.maps.root == other.root:
                product.residual = True

    # --- tensors ---------------------------------------------------------------------------------

    def wide(self, op: str, tensor: Tensor, root: int | None = None) -> Seen:
        root = next(self.roots) if root is None else root
        return Seen(True, root, op, self.stack[-1].module, shape=tuple(tensor.shape))

    def narrow(self, op: str, tensor: Tensor, parents: tuple[Seen, ...], **more: Any) -> Seen:
        value = tensor.clone() if "pool" in more else tensor
        at, shape = self.stack[-1].module, tuple(tensor.shape)
        return Seen(False, next(self.roots), op, at, parents, shape, value=value, **more)

    def keep(self, tensor: Tensor, seen: Seen) -> None:
        self.known[id(tensor)] = weakref.ref(tensor), seen

    def of(self, tensor: Any) -> Seen | None:
        alive, seen = self.known.get(id(tensor), (None, None))
        return seen if alive is not None and alive() is tensor else None

    def root(self, tensor: Any) -> int | None:
        seen = self.of(tensor)
        return None if seen is None else seen.root


def _line() -> str:
    """The line of the model's code that is running: the first one outside PyTorch."""
    frame = sys._getframe(3)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(TORCH):
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    return f"{'/'.join(path.parts[-3:])}:{frame.f_lineno}"
