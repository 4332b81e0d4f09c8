"""A trained network, rearranged to compute the same with less traffic to memory.

Three rules of algebra, applied to the graph that ``torch.fx`` traces:

1. In evaluation mode a batch norm is one factor and one offset per channel, which the convolution
   before it can carry.
2. A mean over pixels commutes with a 1x1 convolution: where ``u = W3 h + b`` at every pixel,
   ``z = mean(u) = W3 mean(h) + b``. In a bottleneck h is 4 times narrower than U, so reading it is
   4 times cheaper. And ``W1 z = (W1 W3) mean(h) + W1 b``: one matrix, smaller than W1 or W3, leads
   from mean(h) to SE's hidden layer, and W3 is not read a second time.
3. ``shortcut + s * u`` is one pass over memory.

Besides, a layer may write over what the one before it gave, where nobody can see that
(:mod:`senet.fusion.reuse`). Rules 2 and 3 are in :mod:`senet.fusion.blocks`.

Where the graph does not allow a rule it is left out, and :func:`report` says why. The mean of a 3x3
convolution's output follows from its input too: from nine sums, each over all pixels but some
border. It is left alone all the same, since in a basic block that input has as many values as U
(``python -m senet bench`` measures it: "borders").
"""

import copy
import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import Graph, GraphModule, Node, Tracer
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .. import agreement
from ..models.se import SEBlock
from . import reuse
from .blocks import FusedSEBlock, called, fuse_block, is_se, touched
from .reuse import Fused, watched


def fuse(model: nn.Module, images: Tensor | None = None) -> GraphModule:
    """A copy of ``model`` for prediction that reads and writes less, and answers the same.

    ``model`` stays as it was; keep it to go on training. Modules keep their names, and
    :func:`senet.record` finds the same blocks in the copy and the same z, s and U. Where a rule
    applies to an SE block of another library, it becomes a :class:`~senet.models.se.SEBlock`. A layer that
    carries hooks or a parametrization stays as it is.

    The rules are checked on one batch in float64, where rounding is negligible; :func:`difference`
    says by how much the answers differ.

    Args:
        model: what ``torch.fx`` can trace: ResNets and others, ours, torchvision's and timm's, with
            SE or without.
        images: the batch to check on, (N, C, H, W); None takes two noise pictures of 64 x 64. A
            network that can't take those is left unchecked.

    Returns:
        In evaluation mode, of the dtype, device and memory format of ``model``. :func:`report` says
        what became of each SE block.

    Raises:
        ValueError: ``model`` can't be traced or copied; is scripted, traced, exported or without
            weights (on the device "meta"); itself carries hooks; or answers differently once fused.
    """
    model = _copied(getattr(model, "_orig_mod", model))
    off = _checked(model, images)
    fused = _rewritten(model)
    fused.meta["senet.fusion.difference"] = off
    return fused


def _copied(model: nn.Module) -> nn.Module:
    name = type(model).__name__
    if not isinstance(model, nn.Module):
        raise ValueError(f"fuse takes an nn.Module, not {name}: pass the model that it was made from")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise ValueError(f"{name} is scripted or traced: fuse the model that it was made from")
    if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
        raise ValueError(f"{name} is on the device 'meta' and has no weights: load them first")
    if isinstance(model, GraphModule) and any(isinstance(node.target, torch._ops.OpOverload) for node in model.graph.nodes):
        raise ValueError(f"{name} was exported: fuse the model that it was made from")
    try:
        copied = copy.deepcopy(model).eval()
    except RuntimeError as error:
        raise ValueError(
            f"{name} can't be copied ({error}): make pruning permanent by "
            "torch.nn.utils.prune.remove, and remove weight_norm or spectral_norm likewise"
        ) from error
    if watched(model):
        raise ValueError(f"{name} itself carries hooks, which its copy would lose: remove them, and put them on the fused network")
    return copied


def _checked(model: nn.Module, images: Tensor | None) -> float | None:
    """By how much the rules change the answers; None where there is nothing to check them on."""
    given, images = images is not None, agreement.noise(model) if images is None else images
    if images is None:
        return None
    double = agreement.in_float64(model)
    try:
        expected = agreement.answers(double, images)
    except Exception:
        if given:
            raise
        return None  # it takes something else than noise of this size
    off = agreement.difference(expected, agreement.answers(_rewritten(double), images))
    if off > agreement.LARGEST:
        raise ValueError(
            f"{type(model).__name__} answers differently when fused, by {off:.1e} of its largest value: use it unfused"
        )
    return off


def _rewritten(model: nn.Module) -> Fused:
    """``model`` by the rules above. Its modules change."""
    name = type(model).__name__
    try:
        graph = _Tracer().trace(model)
    except (torch.fx.proxy.TraceError, TypeError) as error:
        raise ValueError(
            f"{name} can't be traced, for what it does depends on values ({error}): fuse a part of it that always does the same"
        ) from error
    except Exception as error:
        raise ValueError(f"{name} can't be traced by torch.fx ({error}): fuse a part of it that can") from error
    _drop_identities(model, graph)
    _fold_batch_norms(model, graph)
    calls = [node for node in graph.nodes if is_se(called(model, node))]
    said = {node.target: fuse_block(model, graph, node) for node in calls}
    _overwrite(model, graph)
    graph.lint()
    fused = Fused(model, graph, name)
    fused.meta["senet.fuse"] = said
    return fused


def difference(fused: GraphModule) -> float | None:
    """How far the answers are from the original's, in float64, relative to the largest.

    None if that was not checked.
    """
    return _said(fused, "senet.fusion.difference")


def report(fused: GraphModule) -> dict[str, str]:
    """What :func:`fuse` did to each SE block, by its name, in words; ``{}`` if it has none."""
    return dict(_said(fused, "senet.fuse"))


def _said(fused: GraphModule, key: str) -> Any:
    if key not in getattr(fused, "meta", {}):
        raise ValueError(f"this {type(fused).__name__} was not made by senet.fuse: pass what fuse returned")
    return fused.meta[key]


class _Tracer(Tracer):
    """Sees an SE block as one step, like a convolution, and a module with hooks, to keep them."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        ours = is_se(module) or isinstance(module, reuse.ReLU)
        return ours or watched(module) or super().is_leaf_module(module, name)


def _drop_identities(model: nn.Module, graph: Graph) -> None:
    """timm's blocks have several between the layers."""
    for node in list(graph.nodes):
        layer = called(model, node)
        if isinstance(layer, nn.Identity) and node.args and not watched(layer):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


def _fold_batch_norms(model: nn.Module, graph: Graph) -> None:
    calls = [node.target for node in graph.nodes]
    for node in list(graph.nodes):
        bn = called(model, node)
        if not isinstance(bn, nn.BatchNorm2d) or bn.running_var is None:
            continue
        if not node.args or touched(bn):
            continue
        before = node.args[0]
        conv = called(model, before)
        if not isinstance(conv, nn.Conv2d) or touched(conv):
            continue
        if len(before.users) == calls.count(before.target) == 1:  # nobody else wants its output
            model.set_submodule(before.target, fuse_conv_bn_eval(conv, bn))
            node.replace_all_uses_with(before)
            graph.erase_node(node)


def _overwrite(model: nn.Module, graph: Graph) -> None:
    """Let sums and ReLUs write over what they read, where that is new and read by no other node."""
    for node in graph.nodes:
        if node.target in (F.relu, torch.relu) and node.args and _is_fresh(model, node.args[0]):
            node.target, node.args, node.kwargs = reuse.relu, node.args[:1], {}
        elif node.target in (operator.add, torch.add) and len(node.args) == 2 and not node.kwargs:
            x, y = node.args
            if not _gives_maps(model, x):
                x, y = y, x
            if isinstance(y, Node) and _gives_maps(model, x) and _is_fresh(model, x):
                node.target, node.args = reuse.add, (x, y)
    sites: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if type(relu := called(model, node)) is nn.ReLU and not watched(relu):
            sites.setdefault(node.target, []).append(node)
    for name, nodes in sites.items():
        if all(node.args and _is_fresh(model, node.args[0]) for node in nodes):
            model.set_submodule(name, reuse.ReLU().eval())


def _gives_maps(model: nn.Module, node: Any) -> bool:
    """Whether ``node`` is a layer that always gives new memory."""
    layers = (nn.Conv2d, nn.BatchNorm2d, SEBlock, FusedSEBlock)
    return isinstance(node, Node) and type(called(model, node)) in layers


def _is_fresh(model: nn.Module, node: Node) -> bool:
    """Whether ``node`` gives new memory to one other node alone."""
    sums = (operator.add, torch.add, torch.cat, reuse.add)
    return len(node.users) == 1 and (_gives_maps(model, node) or node.target in sums)
