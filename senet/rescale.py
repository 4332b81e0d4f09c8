"""Equation 4 and the sum behind it, ``shortcut + s * u``, in as few passes over memory as can be: there and back.

Shapes: U and shortcut (N, C, H, W), s (N, C, 1, 1). The arithmetic is one multiplication and one addition a value, and costs
nothing; what costs is moving U. So what counts here is how often that is read or written, and whether what is written is fresh
memory: above 32 MB, a Linux process gets that from the system anew each time, page by page, at up to four times a pass's own cost.
"""

import torch
from torch import Tensor

AT_ONCE = 2**23  # bytes of a product that is summed at once: as long as it stays small its memory is used again


@torch.fx.wrap  # one step to a tracer: the choice below is made when it runs
def rescale(u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
    """``s * u``, plus ``shortcut`` if it is given. U stays as it is."""
    if not torch.jit.is_scripting():  # noqa: SIM102 - what stands inside, TorchScript need not understand
        if _learns(u, s, shortcut):
            return _Rescaled.apply(u, s, shortcut)
    return _in_one_pass(u, s, shortcut)


def _in_one_pass(u: Tensor, s: Tensor, shortcut: Tensor | None) -> Tensor:
    # At once these read U and the shortcut and write the sum. One after the other would also write, and read again, the product.
    return u * s if shortcut is None else torch.addcmul(shortcut, u, s)


@torch.fx.wrap
def sum_over(u: Tensor, s: Tensor | None, shortcut: Tensor) -> Tensor:
    """``shortcut + s * u`` (s None: 1), in U's own memory where nothing forbids it."""
    if torch.is_grad_enabled() or not _alike(u, shortcut) or _transformed():
        return u + shortcut if s is None else rescale(u, s, shortcut)
    return u.add_(shortcut) if s is None else torch.addcmul(shortcut, u, s, out=u)


class _Rescaled(torch.autograd.Function):
    """:func:`rescale` with its derivatives written out: PyTorch's own for ``addcmul`` make two more products of U's size."""

    @staticmethod
    def forward(ctx, u: Tensor, s: Tensor, shortcut: Tensor | None) -> Tensor:
        ctx.save_for_backward(u, s)
        return _in_one_pass(u, s, shortcut)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        u, s = ctx.saved_tensors
        for_u, for_s, for_shortcut = ctx.needs_input_grad
        return (
            gradient * s if for_u else None,
            _sum_of_product(gradient, u)[:, :, None, None] if for_s else None,
            gradient if for_shortcut else None,
        )


def _sum_of_product(gradient: Tensor, u: Tensor) -> Tensor:
    """Over each map's pixels: (N, C). On a CPU for a few pictures at a time, so that the product needs no fresh memory."""
    pictures = max(1, AT_ONCE // (u[0].numel() * u.element_size()))
    if pictures >= len(u) or u.device.type != "cpu" or torch.is_grad_enabled():  # the last: someone wants a second derivative
        return (gradient * u).sum((2, 3))
    product, sums = torch.empty_like(u[:pictures]), u.new_empty(u.shape[:2])
    for some, maps, to in zip(gradient.split(pictures), u.split(pictures), sums.split(pictures), strict=True):
        torch.sum(torch.mul(some, maps, out=product[: len(maps)]), (2, 3), out=to)
    return sums


def _learns(u: Tensor, s: Tensor, shortcut: Tensor | None) -> bool:
    """Whether a gradient will be asked for, in the plain case that :class:`_Rescaled` knows: a compiler makes its own."""
    if not torch.is_grad_enabled() or not (u.requires_grad or s.requires_grad) or torch.compiler.is_compiling() or _transformed():
        return False
    plain = s.dtype == u.dtype and s.shape == (*u.shape[:2], 1, 1) and u.numel() > 0
    return plain and (shortcut is None or _alike(u, shortcut))


def _alike(u: Tensor, shortcut: Tensor) -> bool:
    return u.dtype == shortcut.dtype and u.shape == shortcut.shape


def _transformed() -> bool:
    # torch.func.vmap has no rule for a sum with a given place, and forward-mode derivatives none for our function.
    if torch.jit.is_scripting():
        return False
    return torch._C._are_functorch_transforms_active() or torch.autograd.forward_ad._current_level >= 0
