"""Gates frozen at fixed values, and folded into a linear layer beside them, so that nothing of SE is left to compute.

    ... conv, norm, SE, ...               the norm's weight and bias take the factor ("before")
    ... conv, norm, act, SE, conv, ...    the next convolution's weight takes it, input by input ("after")

A ReLU lets a factor through that isn't negative, and so do pools. Where neither way is open, folding would not be exact, and is
refused. The graph that :mod:`torch.fx` traces only tells which way is open: what comes back is the model itself, of its own class,
with other weights and an identity in each block's place. :mod:`sebook.network_files.folding` does the same with ONNX files.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import Graph, Node, Tracer

from senet import agreement
from senet.fusion.blocks import called, is_se
from senet.inside.recording import record, se_blocks
from senet.models.se import NoSE, SEBlock

LINEAR = (nn.Conv2d, nn.Linear)
PASSING = (nn.Identity, nn.Dropout, nn.AdaptiveAvgPool2d, nn.AvgPool2d, nn.Flatten)
POSITIVE = (nn.ReLU, nn.MaxPool2d)  # let a factor pass that is not negative
FUNCTIONS = {F.relu: True, torch.relu: True, torch.flatten: False, "flatten": False}  # whether it has to be so


@dataclass(frozen=True)
class Way:
    """Where the factor of one gate goes: into these layers, ``"before"`` or ``"after"`` the product."""

    side: str
    layers: tuple[str, ...]

    def __str__(self) -> str:
        return f"into {' and '.join(self.layers)}, {self.side} it"


class NotExact(ValueError):
    """Some gates can't be folded: ``reasons`` says why, gate by gate."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        said = "; ".join(f"{name}: {why}" for name, why in reasons.items())
        super().__init__(f"folding is not exact ({said}): leave these gates out")
        self.reasons = dict(reasons)


def ways(model: nn.Module, gates: Mapping[str, Tensor]) -> dict[str, Way | str]:
    """For each gate, where its factor would go, or why it can go nowhere.

    Raises:
        ValueError: ``model`` can't be traced, or a gate is none of its SE blocks.
    """
    known, graph = se_blocks(model), _graph(model)
    called_by = {node.target: node for node in graph.nodes if node.op == "call_module"}
    calls = [node.target for node in graph.nodes]
    found: dict[str, Way | str] = {}
    for name, s in gates.items():
        if name not in known:
            raise ValueError(f"gates: {name!r} is not an SE block of this model: choose among {', '.join(known)}")
        node = called_by.get(name)
        if node is None or not node.args or calls.count(name) > 1:
            found[name] = "its block is not called once in a forward, with the maps"
        else:
            found[name] = _before(model, node, calls, s) or _after(model, node, calls, s) or _why(model, node)
    return found


@torch.no_grad()
def fold(model: nn.Module, gates: Mapping[str, Tensor], images: Tensor | None = None) -> nn.Module:
    """A copy of ``model`` in evaluation mode, with the gates of ``gates`` fixed at these values, where they cost nothing.

    The copy is of the same class; an identity is in each block's place. All other gates stay as they were. The copy is checked
    against ``model`` with the same gates held, in float64.

    Args:
        model: what ``torch.fx`` can trace, with SE blocks of a known class (see ``senet.inside.recording.HOOK_POINTS``).
        gates: by block (C,), such as their means over many pictures: see :func:`sebook.experiments.controls.mean_gates`.
        images: what to check on, (N, 3, H, W); None takes noise.

    Raises:
        NotExact: a gate is beside no layer that could take its factor.
        ValueError: ``model`` can't be traced; a gate is none of its blocks; the check failed.
    """
    found = ways(model, gates)
    if reasons := {name: why for name, why in found.items() if isinstance(why, str)}:
        raise NotExact(reasons)
    images = agreement.noise(model) if images is None else images
    if images is not None:
        double = agreement.in_float64(model)
        held = {name: s.double().cpu() for name, s in gates.items()}
        expected = agreement.answers(lambda x: record(double, x, gates=held).logits, images)
        off = agreement.difference(expected, agreement.answers(_folded(double, held, found), images))
        if off > agreement.LARGEST:
            raise ValueError(f"{type(model).__name__} answers differently when folded, by {off:.1e} of its largest value")
    return _folded(copy.deepcopy(model).eval(), gates, found)


def without_se(model: nn.Module, names: Mapping[str, object]) -> nn.Module:
    """A copy with an identity in place of these blocks: what the weights of a folded network are loaded into."""
    model = copy.deepcopy(model)
    for name in names:
        model.set_submodule(name, NoSE() if isinstance(model.get_submodule(name), SEBlock) else nn.Identity())
    return model


def _folded(model: nn.Module, gates: Mapping[str, Tensor], found: Mapping[str, Way]) -> nn.Module:
    for name, way in found.items():
        for target in way.layers:
            layer = model.get_submodule(target)
            s = gates[name].to(layer.weight.device, torch.float64)
            (_scale_outputs if way.side == "before" else _scale_inputs)(layer, s)
    return without_se(model, found)


def _scale_outputs(layer: nn.Module, s: Tensor) -> None:
    """Each output channel times its factor; rounded once."""
    for values in (layer.weight, layer.bias):
        if values is not None:
            values.copy_(values.double() * s.view(-1, *(1,) * (values.ndim - 1)))


def _scale_inputs(layer: nn.Conv2d | nn.Linear, s: Tensor) -> None:
    groups, (wide, narrow) = getattr(layer, "groups", 1), layer.weight.shape[:2]
    factors = s.view(groups, 1, narrow).expand(groups, wide // groups, narrow).reshape(wide, narrow)
    layer.weight.copy_(layer.weight.double() * factors.view(wide, narrow, *(1,) * (layer.weight.ndim - 2)))


# --- which way is open -------------------------------------------------------------------------------------------------------


class _Tracer(Tracer):
    """Sees as one step an SE block, a norm, also one with an activation, and whatever has no parts."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        whole = is_se(module) or isinstance(module, nn.BatchNorm2d) or not any(True for _ in module.children())
        return whole or super().is_leaf_module(module, name)


def _graph(model: nn.Module) -> Graph:
    try:
        return _Tracer().trace(copy.deepcopy(model).eval())
    except Exception as error:
        raise ValueError(
            f"{type(model).__name__} can't be traced by torch.fx ({error}), so that nobody knows what is beside its gates: "
            "export it to ONNX, and fold the file"
        ) from error


def _before(model: nn.Module, node: Node, calls: list, s: Tensor) -> Way | None:
    at = node.args[0]
    while isinstance(at, Node) and len(at.users) == 1:
        layer = called(model, at)
        norm = isinstance(layer, nn.BatchNorm2d) and getattr(layer, "weight", None) is not None and _act_passes(layer, s)
        if (norm or type(layer) in LINEAR) and calls.count(at.target) == 1:
            return Way("before", (at.target,))
        if not _passes(model, at, s):
            return None
        at = at.args[0]
    return None


def _after(model: nn.Module, node: Node, calls: list, s: Tensor) -> Way | None:
    if len(node.args) > 1 or node.kwargs:
        return None  # the block adds a shortcut itself
    layers, waiting = [], [node]
    while waiting:
        at = waiting.pop()
        if not at.users or any(user.op == "output" for user in at.users):
            return None
        for user in at.users:
            layer = called(model, user)
            if isinstance(layer, LINEAR) and calls.count(user.target) == 1:
                layers.append(user.target)
            elif _passes(model, user, s):
                waiting.append(user)
            else:
                return None
    return Way("after", tuple(layers))


def _passes(model: nn.Module, node: Node, s: Tensor) -> bool:
    """Whether a factor per channel may be taken before this step as well as after it."""
    if not node.args or not isinstance(node.args[0], Node):
        return False
    positive = bool((s >= 0).all())
    if (layer := called(model, node)) is not None:
        return type(layer) in PASSING or (type(layer) in POSITIVE and positive)
    return node.target in FUNCTIONS and (positive or not FUNCTIONS[node.target])


def _act_passes(norm: nn.BatchNorm2d, s: Tensor) -> bool:
    """timm has norms with their activation inside."""
    act = getattr(norm, "act", None)
    return act is None or type(act) is nn.Identity or (type(act) is nn.ReLU and bool((s >= 0).all()))


def _why(model: nn.Module, node: Node) -> str:
    layer = called(model, node.args[0])
    source = type(layer).__name__ if layer is not None else getattr(node.args[0].target, "__name__", str(node.args[0].target))
    return f"its maps come from {source}, and what follows it is not a convolution alone"
