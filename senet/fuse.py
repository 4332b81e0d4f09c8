"""A trained network, rearranged to compute the same with less traffic to memory.

Three rules of algebra, applied to the graph that ``torch.fx`` traces:

1. In evaluation mode a batch norm is one factor and one offset a channel, which the convolution in front of it can carry.
2. A mean over pixels commutes with a 1x1 convolution: where ``u = W3 h + b`` at every pixel, ``z = mean(u) = W3 mean(h) + b``. In a
   bottleneck h is 4 times narrower than U, so reading it is 4 times cheaper. And ``W1 z = (W1 W3) mean(h) + W1 b``: one matrix,
   smaller than W1 or W3, leads from mean(h) to SE's hidden layer, and W3 is not read a second time.
3. ``shortcut + s * u`` is one pass over memory.

Where the graph does not allow a rule it is left out, and :func:`report` says why. The mean of a 3x3 convolution's output follows
from its input too: from nine sums, each over all pixels but some border. It is left alone all the same, since in a basic block
that input has as many values as U (``python -m senet bench`` measures it: "borders").
"""

import copy
import operator

import torch
from torch import Tensor, nn
from torch.fx import Graph, GraphModule, Node, Tracer
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .recording import HOOK_POINTS
from .rescale import sum_over
from .se import SEBlock, mean_of_maps

torch.fx.wrap("sum_over")  # one step to a tracer by the name that it has here, too

SE_CLASSES = frozenset(name for name, _, _ in HOOK_POINTS)
ADDITIONS = (operator.add, operator.iadd, torch.add)


def fuse(model: nn.Module) -> GraphModule:
    """A copy of ``model`` for prediction that reads and writes less, and answers the same but for rounding.

    ``model`` stays as it was; keep it to go on training. Modules keep their names, and :func:`senet.record` finds the same blocks
    in the copy and the same z, s and U. Where a rule applies to an SE block of another library, it becomes a
    :class:`~senet.se.SEBlock`.

    Args:
        model: what ``torch.fx`` can trace: ResNets and others, ours, torchvision's and timm's, with SE or without.

    Returns:
        In evaluation mode, of the dtype, device and memory format of ``model``. :func:`report` tells what became of each SE block.

    Raises:
        ValueError: ``model`` can't be traced.
    """
    model = copy.deepcopy(getattr(model, "_orig_mod", model)).eval()
    try:
        graph = _Tracer().trace(model)
    except (torch.fx.proxy.TraceError, TypeError) as error:
        raise ValueError(
            f"{type(model).__name__} can't be traced, for what it does depends on values ({error}): fuse a part of it that always "
            "does the same"
        ) from error
    _drop_identities(model, graph)
    _fold_batch_norms(model, graph)
    calls = [node for node in graph.nodes if node.op == "call_module" and _is_se(model.get_submodule(node.target))]
    said = {node.target: _fuse_block(model, graph, node) for node in calls}
    graph.lint()
    fused = GraphModule(model, graph, type(model).__name__)
    fused.meta["senet.fuse"] = said
    return fused


def report(fused: GraphModule) -> dict[str, str]:
    """What :func:`fuse` did to each SE block, by its name, in words; ``{}`` for a network that has none."""
    return dict(fused.meta["senet.fuse"])


class FusedSEBlock(SEBlock):
    """An SE block behind a convolution, as :func:`fuse` makes it.

    Behind a 1x1 convolution that widens, it squeezes what that reads (rule 2). U is the convolution's alone, so it may be written
    over. Both are given up while a hook watches, as a recording's does: then z is computed and U kept.
    (``nn.TransformerEncoderLayer`` too leaves its fast path when it has hooks.)
    """

    def __init__(self, block: SEBlock, conv: nn.Conv2d) -> None:
        super().__init__(block.channels, block.reduction)
        self.pool = block.pool
        self.fc1, self.relu, self.fc2, self.gate = block.fc1, block.relu, block.fc2, block.gate
        self.early = _product(block.fc1, conv) if block.pool == "avg" and _widens_pointwise(conv) else nn.Identity()

    def forward(self, u: Tensor, shortcut: Tensor | None = None, overwrite: bool = True, mean: Tensor | None = None) -> Tensor:
        """As :meth:`SEBlock.forward`, with the mean (N, C/4) of the maps from which the convolution made U, for ``early``."""
        watched = self.watched()
        if mean is None or watched:
            s = self.excite(self.squeeze(u))
        else:
            s = self.gate(self.fc2(self.relu(self.early(mean))))
        if overwrite and shortcut is not None and not watched:
            return sum_over(u, s[:, :, None, None], shortcut)
        return self.rescale(u, s, shortcut)


def _product(fc1: nn.Linear, conv: nn.Conv2d) -> nn.Linear:
    """W1 W3: from the mean of what the convolution reads (C/4) to SE's hidden layer (C/r)."""
    w1, w3 = fc1.weight, conv.weight.flatten(1)
    product = nn.Linear(w3.shape[1], w1.shape[0], device=w1.device, dtype=w1.dtype)
    with torch.no_grad():  # in float64, to round once
        product.weight.copy_(w1.double() @ w3.double())
        product.bias.copy_(w1.double() @ _bias(conv) + _bias(fc1))
    return product


def _bias(layer: nn.Linear | nn.Conv2d) -> Tensor:
    return torch.zeros_like(layer.weight.flatten(1)[:, 0]).double() if layer.bias is None else layer.bias.double()


class _Tracer(Tracer):
    """Sees an SE block as one step, as it sees a convolution."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return _is_se(module) or super().is_leaf_module(module, name)


def _is_se(module: nn.Module) -> bool:
    return not SE_CLASSES.isdisjoint(cls.__name__ for cls in type(module).__mro__)


def _called(model: nn.Module, node: Node) -> nn.Module | None:
    return model.get_submodule(node.target) if node.op == "call_module" else None


def _drop_identities(model: nn.Module, graph: Graph) -> None:
    """timm's blocks have several between the layers."""
    for node in list(graph.nodes):
        if isinstance(_called(model, node), nn.Identity):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


def _fold_batch_norms(model: nn.Module, graph: Graph) -> None:
    calls = [node.target for node in graph.nodes]
    for node in list(graph.nodes):
        bn = _called(model, node)
        if not isinstance(bn, nn.BatchNorm2d) or bn.running_var is None:
            continue
        before = node.args[0]
        conv = _called(model, before)
        if isinstance(conv, nn.Conv2d) and len(before.users) == calls.count(before.target) == 1:  # nobody else wants its output
            model.set_submodule(before.target, fuse_conv_bn_eval(conv, bn))
            node.replace_all_uses_with(before)
            graph.erase_node(node)


def _fuse_block(model: nn.Module, graph: Graph, node: Node) -> str:
    """Apply rules 2 and 3 to the SE block that ``node`` calls, as far as they go. Returns in words how far."""
    block, u = _called(model, node), node.args[0]
    if isinstance(block, FusedSEBlock):
        return "was fused before"
    ours = block if type(block) is SEBlock else _as_ours(block)
    if ours is None:
        return f"left as it is: this {type(block).__name__} computes something else than mean, two layers, a gate and a product"
    args, options, last = [u, *node.args[1:]], dict(node.kwargs), node  # ours may have its shortcut already
    if len(args) == 1 and (found := _addition(node)):
        last, shortcut = found
        args.append(shortcut)
    added = "the addition behind it done in the same pass" if len(args) > 1 else "no addition follows"
    conv = _called(model, u)
    if isinstance(conv, nn.Conv2d) and len(u.users) == 1:  # U is new memory, and nobody else's
        ours = FusedSEBlock(ours, conv)
    source = type(conv).__name__ if conv else getattr(u.target, "__name__", u.target)
    if ours.pool != "avg":
        squeezed = f"squeezed where it was, for a {ours.pool} does not commute with a convolution"
    elif not _widens_pointwise(conv):
        squeezed = f"squeezed where it was, for U comes from {source}, and this pays behind a 1x1 convolution that widens only"
    elif not isinstance(ours, FusedSEBlock):
        squeezed = "squeezed where it was, for U is read by others too"
    else:
        squeezed = f"squeezed before {u.target}"
        with graph.inserting_before(u):
            mean = graph.call_function(mean_of_maps, (u.args[0],))
        mean.meta["is_wrapped"] = True  # as after tracing: see mean_of_maps
        options["mean"] = mean
    if len(args) > 1 or options:
        model.set_submodule(node.target, ours.eval())
        with graph.inserting_before(last):
            call = graph.call_module(node.target, tuple(args), options)
        last.replace_all_uses_with(call)
        for old in dict.fromkeys((last, node)):
            graph.erase_node(old)
    return f"{squeezed}; {added}"


def _widens_pointwise(conv: nn.Module | None) -> bool:
    if not isinstance(conv, nn.Conv2d) or conv.in_channels >= conv.out_channels:
        return False
    return (conv.kernel_size, conv.stride, conv.padding, conv.groups) == ((1, 1), (1, 1), (0, 0), 1)


def _addition(node: Node) -> tuple[Node, Node] | None:
    """The sum that alone uses what ``node`` gives, and what it adds to that."""
    if len(node.users) != 1 or len(node.args[0].users) != 1:  # someone else could write into U before the sum
        return None
    (user,) = node.users
    others = [arg for arg in user.args if arg is not node]
    if user.target not in ADDITIONS or user.kwargs or len(others) != 1 or not isinstance(others[0], Node):
        return None
    return None if user.target is operator.iadd and user.args[1] is node else (user, others[0])  # or it would write into the other


@torch.no_grad()
def _as_ours(block: nn.Module) -> SEBlock | None:
    """Another library's SE block as an :class:`SEBlock` that computes the same; None if numbers show that there is none."""
    layers = [m for m in block.modules() if not (list(m.children()) or isinstance(m, (nn.AdaptiveAvgPool2d, nn.Identity)))]
    weighted = [layer for layer in layers if isinstance(layer, (nn.Linear, nn.Conv2d))]
    others = [layer for layer in layers if layer not in weighted]
    if len(weighted) != 2 or len(others) != 2:
        return None
    weight = weighted[0].weight
    ours = SEBlock(weight.shape[1])
    ours.fc1, ours.fc2 = map(_as_linear, weighted)
    ours.relu, ours.gate = others  # in the order in which they run, in every library that recording knows
    u = torch.randn(2, ours.channels, 3, 5, generator=torch.Generator().manual_seed(0)).to(weight)
    return ours if torch.allclose(ours(u), block(u), rtol=1e-4 if weight.dtype.itemsize > 2 else 0.05, atol=1e-5) else None


def _as_linear(layer: nn.Linear | nn.Conv2d) -> nn.Linear:
    wide, out = layer.weight.shape[1], layer.weight.shape[0]
    linear = nn.Linear(wide, out, bias=layer.bias is not None, device=layer.weight.device, dtype=layer.weight.dtype)
    linear.weight.data = layer.weight.data.flatten(1)
    if layer.bias is not None:
        linear.bias.data = layer.bias.data
    return linear
