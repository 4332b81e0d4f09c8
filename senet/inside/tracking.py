"""One forward, watched: which tensors were pooled over their pixels, and what they multiply later.

A torch function mode sees each call that a model's Python makes, by whatever name. A tensor is
*wide* while it has a value for each pixel, and *narrow* once a pool has taken the pixels away; what
is made from narrow tensors and weights alone stays narrow. A product of a wide and a narrow tensor
is a candidate for a gate: :mod:`senet.inside.kinds` says which of them are.
"""

import os
import sys
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from .calls import (
    ADDS,
    COMPARES,
    LAYERS,
    PLAIN,
    POOLS,
    PRODUCT,
    PRODUCTS,
    SCALES,
    Call,
    Candidate,
    Pool,
    Seen,
    again_on,
    called,
    counted,
    einsum_pool,
    einsum_spread,
    operands,
    product_operands,
    rearranges,
    reduced,
)
from .looking import Hook

TORCH = f"{Path(torch.__file__).parent}{os.sep}"


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
        """Until the end of the block, keep track of which module runs, and see every call."""

        # Two hooks on all modules at once: a pair for each would take longer to put there than the model may take to run.
        names = {module: name for name, module in modules.items()}

        def enter(module: nn.Module, args: tuple) -> None:
            if (name := names.get(module)) is not None:
                self.runs[name] = run = self.runs.get(name, -1) + 1
                self.stack.append(Call(name, run))
                if args and (seen := self.of(args[0])) is not None:
                    seen.taken = seen.taken or name

        def leave(module: nn.Module, _: tuple, out: Any) -> None:
            if module in names:
                name = self.stack.pop().module
                if (seen := self.of(out)) is not None:
                    seen.given = seen.given or name

        with ExitStack() as hooks:
            hooks.enter_context(register_module_forward_pre_hook(Hook(enter)))
            hooks.enter_context(register_module_forward_hook(Hook(leave), always_call=True))
            with self:
                yield self

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        name = called(func)
        if name is None:  # an attribute, such as .shape
            return func(*args, **kwargs)
        kind = counted(name, args)
        address = {} if kind is None else self.numbered(kind)
        tensors = operands(args, kwargs)
        seen = [self.of(tensor) for tensor in tensors]
        tracked = [each for each in seen if each is not None]
        if not tracked:
            return func(*args, **kwargs)
        if name in PLAIN and len(tracked) == 1 and tracked[0].wide:  # most calls, without delay
            out = func(*args, **kwargs)
            self.keep(out, self.wide(name, out))
            return out
        if kind == PRODUCT:
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

    def numbered(self, kind: int) -> dict[Call, int]:
        """The number of this call among its like, within each module that is running."""
        numbers = {}
        for call in self.stack:
            numbers[call] = call.counts[kind]
            call.counts[kind] += 1
        return numbers

    def describe(self, name, func, args, kwargs, out, tensors, seen, address) -> Seen | None:
        """What is known of a call's result; None if it depends on no pixel."""
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
        again = again_on(func, args, kwargs, tensors, seen)
        made = self.narrow(name, first, tuple(tracked), again=again, address=address)
        if name in LAYERS:
            made.operand = next(i for i, each in enumerate(seen) if each is not None)
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
        if name in LAYERS and not (name == "einsum" and einsum_pool(args)):
            return self.attended(out, seen)
        if (name not in POOLS and name != "einsum") or (one := seen[0]) is None:
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
        if name == "einsum" and (gate := einsum_spread(args, side, gate)) is None:
            return None
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
