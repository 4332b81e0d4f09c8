"""Gates whose place is known, read and overridden in later forwards.

A function mode is on only while the modules run that have gates, and counts products and layers
there: the gate is a factor of the product with the known number. So the rest of the network runs at
its own speed, and gradients flow through what is put in a gate's place.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .calls import LAYER, POOL, PRODUCT, called, counted, einsum_spread, operands, product_operands, swapped
from .looking import Hook


@dataclass(frozen=True)
class Point:
    """Where one gate is in a forward.

    Attributes:
        module: the path of the module in whose forward the product runs.
        run: 0 for that module's first call in a forward.
        product: the number of the product among those of that call.
        first: the number of the layer, or pool, that sees z; None where it ran elsewhere.
        layered: whether ``first`` counts layers, whose input is z, or pools, whose output is z.
        operand: which of that layer's tensors is z.
        side: which factor is the gate.
        dims: of the maps, along which the gate varies.
        shape: of the gate without its pictures, brought to the maps' rank.
        inside: the modules that were running when the first layer ran.
        hooks: two modules that run once: the first takes z, and the second gives s. None where no module does.
    """

    module: str
    run: int
    product: int
    first: int | None
    layered: bool
    operand: int
    side: int
    dims: tuple[int, ...]
    shape: tuple[int, ...]
    inside: frozenset[str]
    hooks: tuple[str, str] | None = None

    @property
    def channels(self) -> int:
        """C, the number of gates for a picture."""
        return torch.Size(self.shape[d - 1] for d in self.dims).numel()

    def compact(self, s: Tensor, rank: int) -> Tensor:
        """The gate as (N, C), in float where it is quantised."""
        s = s.dequantize() if s.is_quantized else s
        if s.ndim == rank and self.dims == (1,) and s.shape[2:].numel() == 1:  # the usual case, without delay
            return s.flatten(1)
        s = s.reshape((1,) * (rank - s.ndim) + tuple(s.shape))
        return s[tuple(slice(None) if d == 0 or d in self.dims else slice(0, 1) for d in range(rank))].flatten(1)

    def spread(self, values: Tensor, s: Tensor) -> Tensor:
        """(N, C) in the shape of the gate ``s``; NaN leaves the gate's own."""
        sizes = [self.shape[d - 1] if d in self.dims else 1 for d in range(1, len(self.shape) + 1)]
        values = values.to(s.device, torch.float32 if s.is_quantized else s.dtype)
        values = values.view(-1, *sizes)
        if s.ndim < values.ndim:
            values = values.view(values.shape[values.ndim - s.ndim :])
        own = s.dequantize() if s.is_quantized else s
        mixed = torch.where(values.isnan(), own, values.expand_as(own))
        return torch.quantize_per_tensor(mixed, s.q_scale(), s.q_zero_point(), s.dtype) if s.is_quantized else mixed

    def maps(self, u: Tensor | None) -> Tensor | None:
        """The maps with their channels in dimension 1."""
        if u is None:
            return None
        u = u.dequantize() if u.is_quantized else u
        return u.movedim(self.dims[0], 1) if len(self.dims) == 1 else u


class Reader:
    """Reads gates in one forward after another. ``values`` has, by name, when it ran, z, s and U."""

    def __init__(
        self,
        points: Mapping[str, Point],
        gates: Mapping[str, Tensor | Callable[[Tensor], Tensor]] | None = None,
        keep_maps: bool = False,
        order: Iterator[int] | None = None,
    ) -> None:
        self.points, self.gates, self.keep_maps, self.order = points, gates or {}, keep_maps, order or count()
        self.values: dict[str, tuple[int, Tensor | None, Tensor, Tensor | None]] = {}
        self.squeeze: dict[str, Tensor] = {}

    @contextmanager
    def reading(self, model: nn.Module) -> Iterator["Reader"]:
        """Read what runs within this block."""
        grouped: dict[str, dict[int, dict[str, Point]]] = {}
        for name, point in self.points.items():
            grouped.setdefault(point.module, {}).setdefault(point.run, {})[name] = point
        homes = {home: {run: _Counting(self, points) for run, points in each.items()} for home, each in grouped.items()}
        runs = dict.fromkeys(homes, -1)
        open_modes: list[_Counting | None] = []

        def enter(home: str, *_: Any) -> None:
            runs[home] += 1
            mode = homes[home].get(runs[home])
            if mode is not None:
                mode.__enter__()
            open_modes.append(mode)

        def leave(*_: Any) -> None:
            if (mode := open_modes.pop()) is not None:
                mode.__exit__(None, None, None)

        with ExitStack() as hooks:
            for home in homes:
                module = model.get_submodule(home)
                hooks.enter_context(module.register_forward_pre_hook(Hook(partial(enter, home))))
                hooks.enter_context(module.register_forward_hook(Hook(leave), always_call=True))
            yield self

    def see(self, name: str, point: Point, s: Tensor, u: Tensor) -> Tensor | None:
        """Keep one gate; what to put in its place, if anything."""
        own = point.compact(s, u.ndim)
        if own.shape[1] != point.channels:
            raise ValueError(
                f"{name}: the model ran otherwise than when its gates were found, and has no gate of {point.channels} channels "
                "there: call senet.inside.finding.forget(model), and record it again"
            )
        new = None
        if (wanted := self.gates.get(name)) is not None:
            new = point.spread(wanted(own) if callable(wanted) else wanted, s)
            own = point.compact(new, u.ndim)
        kept = point.maps(u.clone()) if self.keep_maps else None
        self.values[name] = next(self.order), self.squeeze.get(name), own, kept
        return new


class _Counting(TorchFunctionMode):
    """Within one call of one module."""

    def __init__(self, reader: Reader, points: Mapping[str, Point]) -> None:
        super().__init__()
        self.reader = reader
        self.counts = [0, 0, 0]
        self.wanted: tuple[dict[int, list[str]], ...] = ({}, {}, {})  # by kind and number, the gates that are seen there
        for name, point in points.items():
            self.wanted[PRODUCT].setdefault(point.product, []).append(name)
            if point.first is not None:
                self.wanted[LAYER if point.layered else POOL].setdefault(point.first, []).append(name)
        self.points = points

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        name = called(func)
        kind = None if name is None else counted(name, args)
        if kind is None:
            return func(*args, **kwargs)
        gates = self.wanted[kind].get(self.counts[kind], ())
        self.counts[kind] += 1
        if kind == PRODUCT:
            for gate in gates:
                point, pair = self.points[gate], product_operands(name, args, kwargs)
                s = einsum_spread(args, point.side, pair[point.side]) if name == "einsum" else pair[point.side]
                if (new := self.reader.see(gate, point, s, pair[1 - point.side])) is not None:
                    args, kwargs = swapped(name, args, kwargs, point.side, new.view_as(pair[point.side]))
        elif kind == LAYER:
            for gate in gates:
                self.reader.squeeze[gate] = operands(args, kwargs)[self.points[gate].operand].flatten(1)
        elif gates:
            out = func(*args, **kwargs)
            z = (out if isinstance(out, Tensor) else out[0]).flatten(1)
            self.reader.squeeze.update(dict.fromkeys(gates, z))
            return out
        return func(*args, **kwargs)
