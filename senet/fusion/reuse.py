"""When a fused network may write over what its layers gave, instead of asking for new memory.

A tensor that one layer hands to the next, inside a forward that :mod:`senet.fusion` wrote, is known only there. Others can get
hold of it only by hooks, by modes or tracers that follow every operation, or because a gradient will need it. :class:`Fused`
looks for all of these each time it is called. If there are none, its layers may overwrite until it returns. A layer that is
called in any other way, as by a feature extractor or ``torch.fx.Interpreter``, never overwrites.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule
from torch.fx.graph_module import reduce_graph_module
from torch.nn.modules.module import _has_any_global_hook

from ..inside.looking import Hook
from ..models.rescale import alike, plain, rescale

_thread = threading.local()


def quiet() -> bool:
    """Whether this thread is inside the forward of a fused network that has no hooks."""
    return torch.compiler.is_compiling() or getattr(_thread, "quiet", False)


def allowed() -> bool:
    """Whether this thread is inside a fused network's forward that nobody can look into."""
    return not torch.compiler.is_compiling() and getattr(_thread, "allowed", False)


@contextmanager
def inside(*, quiet: bool, allowed: bool) -> Iterator[None]:
    """Set what :func:`quiet` and :func:`allowed` say in this thread, until the end of the block."""
    before = dict(_thread.__dict__)
    _thread.__dict__.update(quiet=quiet, allowed=allowed)
    try:
        yield
    finally:
        _thread.__dict__.clear()
        _thread.__dict__.update(before)


class Fused(GraphModule):
    """A network that :func:`senet.fuse` wrote."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling():
            return super().__call__(*args, **kwargs)
        ordinary = not kwargs and all(isinstance(value, Tensor) for value in args)
        quiet = ordinary and not _has_any_global_hook() and not _any_watched(self)
        with inside(quiet=quiet, allowed=quiet and _unfollowed(args)):
            return super().__call__(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (*super().__reduce__()[1], type(self).__name__)


def _restored(body: dict[str, Any], imports: str, name: str) -> Fused:
    module = reduce_graph_module(body, imports)
    fused = Fused(module, module.graph, name)
    fused.meta.update(body.get("meta", {}))
    return fused.train(body["training"])


def _unfollowed(inputs: tuple[Tensor, ...]) -> bool:
    """Whether no gradient, mode, tracer or transform follows what is computed from ``inputs``."""
    followed = torch.is_grad_enabled() or torch._C._len_torch_function_stack()
    return not followed and plain(*inputs)


def watched(module: nn.Module) -> bool:
    """Whether hooks are on this module itself, or something replaced its forward.

    What a recording in another thread has put there does nothing in this one, and doesn't count.
    """
    state = module.__dict__  # a plain attribute costs twice the time, for every module of a forward
    if state["_backward_hooks"] or state["_backward_pre_hooks"] or "forward" in state:
        return True
    if not (state["_forward_hooks"] or state["_forward_pre_hooks"]):
        return False
    hooks = (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
    return not all(isinstance(hook, Hook) and hook.idle() for hook in hooks)


def _any_watched(network: nn.Module) -> bool:
    """Whether a module of the network is :func:`watched`."""
    # By hand: ``modules()`` also makes names and a set, and takes as long as two convolutions.
    waiting = [network]
    for module in waiting:
        if watched(module):
            return True
        waiting += [part for part in module._modules.values() if part is not None]
    return False


class ReLU(nn.ReLU):
    """In place of what came in, where that is :func:`allowed`."""

    def forward(self, x: Tensor) -> Tensor:
        return relu(x)


def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``, in the memory of x where that is :func:`allowed`."""
    if not torch.jit.is_scripting():  # noqa: SIM102 - TorchScript need not understand it
        if allowed():
            return x.relu_()
    return x.relu()


def add(x: Tensor, y: Tensor) -> Tensor:
    """``x + y``, in the memory of x where that is :func:`allowed`."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if allowed() and isinstance(y, Tensor) and alike(x, y):
            return x.add_(y)
    return x + y


def rescale_and_add(u: Tensor, s: Tensor, shortcut: Tensor) -> Tensor:
    """``s * u + shortcut``, in the memory of U where that is :func:`allowed`."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if allowed() and alike(u, shortcut) and s.dtype == u.dtype:
            return torch.addcmul(shortcut, u, s, out=u)
    return rescale(u, s, shortcut)
