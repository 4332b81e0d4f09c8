"""Hooks on SE blocks that are known by their class: what they see in one forward, and what they put in a gate's place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn

from .looking import Hook
from .reading import Point

Gates = Mapping[str, Tensor | Callable[[Tensor], Tensor]]


@dataclass(frozen=True, eq=False)
class SEPoints:
    """One SE block of a model, and the two modules in it that see z and s."""

    block: nn.Module | None  # its input is U; None where that is not known
    first: nn.Module  # its input is z
    gate: nn.Module  # its output is s

    @property
    def channels(self) -> int:
        """C, whether the first layer is a Linear or a 1x1 convolution; or as many gates as the block says that it has."""
        if (gates := getattr(self.block, "gates", None)) is not None:
            return gates
        return getattr(self.first, "in_features", None) or self.first.in_channels


def _numbers(x: Tensor) -> Tensor:
    """What a quantized network's 8 bits stand for, in float32; any other tensor as it is."""
    return x.dequantize() if x.is_quantized else x


class Tape:
    """The hooks' memory for one forward."""

    def __init__(self, points: Mapping[str, SEPoints], gates: Gates, maps: bool, copy: bool = False) -> None:
        self.points, self.gates, self.keep_maps, self.copy = points, gates, maps, copy
        self.squeeze: dict[str, Tensor] = {}
        self.excitation: dict[str, Tensor] = {}
        self.maps: dict[str, Tensor] = {}
        self.versions: dict[str, int] = {}
        self.order = count()
        self.ran: dict[str, int] = {}

    def run(self, model: nn.Module, images: Tensor) -> Any:
        """The model's answer. The hooks are attached for this forward alone."""
        hooks = []
        for name, at in self.points.items():
            if self.keep_maps:
                hooks.append((at.block._forward_pre_hooks, Hook(partial(self.see_maps, name))))
            hooks.append((at.first._forward_pre_hooks, Hook(lambda _, z, name=name: self.squeeze.__setitem__(name, z[0]))))
            hooks.append((at.gate._forward_hooks, Hook(partial(self.see_excitation, name))))
        # Into the tables themselves: to register a hook and to remove it takes longer than to run it.
        try:
            for table, hook in hooks:
                table[hook] = hook
            logits = model(images)
        finally:
            for table, hook in hooks:
                table.pop(hook, None)
        for seen in (self.squeeze, self.excitation):  # now, rather than between two layers, where it takes twice the time
            seen.update({name: _numbers(x).flatten(1) for name, x in seen.items() if x.ndim > 2 or x.is_quantized})
        return logits

    def see_maps(self, name: str, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        u = _numbers(args[0])
        if self.copy or u.is_inference():  # a tensor of torch.inference_mode does not count its versions
            self.maps[name] = u.clone()
        else:
            self.maps[name], self.versions[name] = u, u._version

    def see_excitation(
        self,
        name: str,
        module: nn.Module,
        args: tuple[Tensor, ...],
        s: Tensor,
    ) -> Tensor | None:
        if name in self.excitation:
            raise ValueError(f"{name} (or its gate) ran twice in one forward, and one record holds one: give each use its own")
        if (override := self.gates.get(name)) is not None:
            own = _numbers(s)
            override = override(own.flatten(1)) if callable(override) else override
            override = override.to(own).view(-1, *s.shape[1:])
            own = torch.where(override.isnan(), own, override)
            s = torch.quantize_per_tensor(own, s.q_scale(), s.q_zero_point(), s.dtype) if s.is_quantized else own
        self.excitation[name], self.ran[name] = s, next(self.order)
        return s

    def add(self, values: Mapping[str, tuple[int, Tensor | None, Tensor, Tensor | None]]) -> None:
        """Gates that were read without hooks: when they ran, z, s and U."""
        for name, (when, z, s, u) in values.items():
            self.ran[name], self.squeeze[name], self.excitation[name] = when, z, s
            if u is not None:
                self.maps[name] = u

    def overwritten(self) -> bool:
        """Whether a kept U was written into after its block had read it. In-place operations count a tensor's version up."""
        return any(self.maps[name]._version != version for name, version in self.versions.items())


def fitting(gates: Gates, points: Mapping[str, SEPoints | Point], pictures: int) -> Gates:
    """``gates`` as tensors. Raises ``ValueError`` for a name that is not in ``points``, and for a shape that does not fit."""
    fitting = {}
    for name, values in gates.items():
        if name not in points:
            raise ValueError(f"gates: {name!r} is not an SE block of this model: choose among {', '.join(points)}")
        if callable(values):
            fitting[name] = values
            continue
        values, channels = torch.as_tensor(values), points[name].channels
        if values.shape not in ((channels,), (1, channels), (pictures, channels)):
            raise ValueError(f"gates: {name!r} of shape {tuple(values.shape)} has to be ({channels},) or ({pictures}, {channels})")
        fitting[name] = values
    return fitting
