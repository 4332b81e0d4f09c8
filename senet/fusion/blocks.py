"""What :mod:`senet.fusion` does to one SE block in a traced network: rules 2 and 3 there."""

import operator

import torch
from torch import Tensor, nn
from torch.fx import Graph, Node
from torch.nn.utils.parametrize import is_parametrized

from ..inside.recording import HOOK_POINTS
from ..models.rescale import mean_of_maps
from ..models.se import SEBlock
from . import reuse
from .reuse import watched

SE_CLASSES = frozenset(name for name, _, _ in HOOK_POINTS)
ADDITIONS = (operator.add, operator.iadd, torch.add)


class FusedSEBlock(SEBlock):
    """An SE block after a convolution, as :func:`fuse` makes it.

    After a 1x1 convolution that widens, it squeezes what that reads (rule 2). While the network has
    hooks, as during a recording, it computes z instead. (``nn.TransformerEncoderLayer`` also leaves
    its fast path then.)
    """

    def __init__(self, block: SEBlock, conv: nn.Conv2d) -> None:
        super().__init__(block.channels, block.reduction)
        self.pool = block.pool
        self.fc1, self.relu, self.fc2, self.gate = block.fc1, block.relu, block.fc2, block.gate
        commutes = block.pool == "avg" and _widens_pointwise(conv)
        self.early = _product(block.fc1, conv) if commutes else nn.Identity()

    def forward(self, u: Tensor, shortcut: Tensor | None = None, mean: Tensor | None = None) -> Tensor:
        """As :meth:`SEBlock.forward`; ``mean`` (N, C/4), of what the convolution read, is for ``early``."""
        quiet = True
        if not torch.jit.is_scripting():
            quiet = reuse.quiet()
        if mean is None or not quiet:
            s = self.excite(self.squeeze(u))
        else:
            s = self.gate(self.fc2(self.relu(self.early(mean))))
        if shortcut is None:
            return self.rescale(u, s)
        return reuse.rescale_and_add(u, s[:, :, None, None], shortcut)


def _product(fc1: nn.Linear, conv: nn.Conv2d) -> nn.Linear:
    """W1 W3: from the mean of what the convolution reads (C/4) to SE's hidden layer (C/r)."""
    w1, w3 = fc1.weight, conv.weight.flatten(1)
    product = nn.Linear(w3.shape[1], w1.shape[0], device=w1.device, dtype=w1.dtype)
    with torch.no_grad():  # in float64, to round once
        product.weight.copy_(w1.double() @ w3.double())
        product.bias.copy_(w1.double() @ _bias(conv) + _bias(fc1))
    return product


def _bias(layer: nn.Linear | nn.Conv2d) -> Tensor:
    if layer.bias is None:
        return torch.zeros_like(layer.weight.flatten(1)[:, 0]).double()
    return layer.bias.double()


def called(model: nn.Module, node: Node) -> nn.Module | None:
    """The module that a node of the traced graph calls, if it calls one."""
    return model.get_submodule(node.target) if node.op == "call_module" else None


def touched(module: nn.Module) -> bool:
    """Whether a user changed what it does: by hooks, another forward or a parametrization."""
    return any(watched(part) or is_parametrized(part) for part in module.modules())


def is_se(module: nn.Module | None) -> bool:
    """Whether a module is an SE block of a known class, or of a class derived from one."""
    names = {cls.__name__ for cls in type(module).__mro__}
    return not SE_CLASSES.isdisjoint(names)


def fuse_block(model: nn.Module, graph: Graph, node: Node) -> str:
    """Apply rules 2 and 3 to the SE block that ``node`` calls. Returns in words which did apply."""
    block = called(model, node)
    if touched(block):
        return "left as it is: it carries hooks or parametrizations"
    if not node.args:
        return "left as it is: it is called by keyword"
    if len(node.args) > 2 or "mask" in node.kwargs:
        return "left as it is: it is given a mask"
    u = node.args[0]
    if isinstance(block, FusedSEBlock):
        return "was fused before"
    ours = block if type(block) is SEBlock else _as_ours(block)
    if ours is None:
        return f"left as it is: this {type(block).__name__} computes something else than mean, two layers, a gate and a product"
    # A block of ours may have its shortcut already.
    args, options, last = [u, *node.args[1:]], dict(node.kwargs), node
    if len(args) == 1 and (found := _addition(node)):
        last, shortcut = found
        args.append(shortcut)
    added = "the addition after it done in the same pass" if len(args) > 1 else "no addition follows"
    conv = called(model, u)
    if conv is not None and touched(conv):
        return "left as it is: what makes U carries hooks or parametrizations"
    # U is new memory, and no other node reads it.
    if isinstance(conv, nn.Conv2d) and u.args and len(u.users) == 1:
        ours = FusedSEBlock(ours, conv)
    source = type(conv).__name__ if conv else getattr(u.target, "__name__", u.target)
    if ours.pool != "avg":
        squeezed = f"squeezed where it was, for a {ours.pool} does not commute with a convolution"
    elif not _widens_pointwise(conv):
        squeezed = f"squeezed where it was, for U comes from {source}, and this pays after a 1x1 convolution that widens only"
    elif not isinstance(ours, FusedSEBlock):
        squeezed = "squeezed where it was, for U is read by others too"
    else:
        squeezed = f"squeezed before {u.target}"
        with graph.inserting_before(u):
            mean = graph.call_function(mean_of_maps, (u.args[0],))
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
    # Another user of U could write into it before the sum.
    if len(node.users) != 1 or len(node.args[0].users) != 1:
        return None
    (user,) = node.users
    others = [arg for arg in user.args if arg is not node]
    if user.target not in ADDITIONS or user.kwargs or len(others) != 1:
        return None
    into_the_other = user.target is operator.iadd and user.args[1] is node
    return None if into_the_other or not isinstance(others[0], Node) else (user, others[0])


@torch.no_grad()
def _as_ours(block: nn.Module) -> SEBlock | None:
    """Another library's SE block as an :class:`SEBlock`; None if its numbers differ."""
    ignored = (nn.AdaptiveAvgPool2d, nn.Identity)
    layers = [m for m in block.modules() if not (list(m.children()) or isinstance(m, ignored))]
    weighted = [layer for layer in layers if isinstance(layer, (nn.Linear, nn.Conv2d))]
    others = [layer for layer in layers if layer not in weighted]
    if len(weighted) != 2 or len(others) != 2:
        return None
    weight = weighted[0].weight
    ours = SEBlock(weight.shape[1])
    ours.fc1, ours.fc2 = map(_as_linear, weighted)
    # They are listed in the order in which they run, in every library that recording knows.
    ours.relu, ours.gate = others
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(2, ours.channels, 3, 5, generator=generator).to(weight)
    rtol = 1e-4 if weight.dtype.itemsize > 2 else 0.05
    return ours if torch.allclose(ours(u), block(u), rtol=rtol, atol=1e-5) else None


def _as_linear(layer: nn.Linear | nn.Conv2d) -> nn.Linear:
    out, wide = layer.weight.shape[:2]
    put = {"device": layer.weight.device, "dtype": layer.weight.dtype}
    linear = nn.Linear(wide, out, bias=layer.bias is not None, **put)
    linear.weight.data = layer.weight.data.flatten(1)
    if layer.bias is not None:
        linear.bias.data = layer.bias.data
    return linear
