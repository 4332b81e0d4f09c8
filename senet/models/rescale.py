"""An SE block's two passes over U, its mean and its product, with little traffic to memory.

Shapes: U and shortcut (N, C, H, W), s (N, C, 1, 1). The arithmetic costs almost nothing; moving U
costs. So the gradients are written out by hand: in training U moves 7 times, where PyTorch's own
gradients move it 13 times (:mod:`sebook.measure.bench` counts). PyTorch's own operations are used for all
else: for subclasses of tensors, and by all that traces, compiles or transforms a network. Nothing
is overwritten.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad

AT_ONCE = 2**23  # bytes of a product that is summed at once: a small one stays in the cache


def rescale(u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
    """``s * u``, plus ``shortcut`` if it is given, in the memory format of U."""
    if not torch.jit.is_scripting():  # noqa: SIM102 - TorchScript need not understand what is inside
        if _learns(u, s, shortcut):
            return _Rescaled.apply(u, s, shortcut)
    return _in_one_pass(u, s, shortcut)


def _in_one_pass(u: Tensor, s: Tensor, shortcut: Tensor | None) -> Tensor:
    # addcmul reads U and the shortcut and writes the sum. A product and a sum would also write, and
    # read again, the product.
    return u * s if shortcut is None else torch.addcmul(shortcut, u, s)


def mean_of_maps(u: Tensor) -> Tensor:
    """Equation 2: (N, C, H, W) -> (N, C), in the dtype of U, for any H x W."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        # A sum of 56 x 56 values may pass 65504, the largest in float16, so that takes the mean.
        if plain(u) and u.dtype != torch.float16:
            learns = torch.is_grad_enabled() and u.requires_grad
            if u.dtype == torch.bfloat16 and not learns and _pools(u):
                return F.avg_pool2d(u, u.shape[2:]).flatten(1)
            if learns or u.dtype == torch.bfloat16:
                # The same, faster: on a CPU the mean first makes a float32 copy of bfloat16 maps
                # (7 times the time), and its gradient is written out as H x W equal values, where
                # the sum's is one value, expanded without a copy.
                return u.sum((2, 3)) / (u.shape[2] * u.shape[3])
    return u.mean((2, 3))


def pooled_where(u: Tensor, mask: Tensor, pool: str) -> Tensor:
    """Mean (``"avg"``) or ``"max"`` over the pixels where ``mask`` (N, 1, H, W) is true; 0 if none is."""
    if mask.shape != (u.shape[0], 1, u.shape[2], u.shape[3]):
        raise ValueError(
            f"mask of shape {list(mask.shape)} has to be (N, 1, H, W), as of maps {list(u.shape)}: bring it to the maps' size"
        )
    inside = mask.to(torch.bool)
    count = inside.sum((2, 3))
    if pool == "max":
        return u.masked_fill(~inside, -torch.inf).amax((2, 3)).masked_fill(count == 0, 0)
    # Padding may hold anything, also NaN. A sum in float16 passes 65504 soon.
    wide = torch.float32 if u.dtype == torch.float16 else u.dtype
    total = u.masked_fill(~inside, 0).sum((2, 3), dtype=wide)
    return (total / count.clamp(min=1)).to(u.dtype)


def _pools(u: Tensor) -> bool:
    # An average pool over the whole window takes half the sum's time on a CPU where maps are
    # bfloat16, channels-last, and of several pictures, which it shares out among threads. Elsewhere
    # it is up to 20 times slower.
    several = u.shape[0] > 1 and u.device.type == "cpu"
    return several and u.is_contiguous(memory_format=torch.channels_last) and not u.is_contiguous()


def plain(*tensors: Tensor) -> bool:
    """Whether these are ordinary tensors, computed on now: not traced, compiled or transformed.

    False for subclasses, substitutes (``torch.fx.Proxy``, fake tensors), and under dispatch modes.
    """
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return False
    if torch._C._are_functorch_transforms_active() or torch._C._len_torch_dispatch_stack():
        return False
    return forward_ad._current_level < 0 and all(type(tensor) is Tensor for tensor in tensors)


def alike(u: Tensor, shortcut: Tensor) -> bool:
    """Whether both have the same dtype and shape."""
    return u.dtype == shortcut.dtype and u.shape == shortcut.shape


def _learns(u: Tensor, s: Tensor, shortcut: Tensor | None) -> bool:
    """Whether a gradient will be asked for, in the usual case that :class:`_Rescaled` knows."""
    if not plain(u, s, *(() if shortcut is None else (shortcut,))):
        return False
    if not (torch.is_grad_enabled() and (u.requires_grad or s.requires_grad)):
        return False
    usual = s.dtype == u.dtype and s.shape == (*u.shape[:2], 1, 1) and u.numel() > 0
    return usual and (shortcut is None or alike(u, shortcut))


class _Rescaled(torch.autograd.Function):
    """:func:`rescale` with its gradients: PyTorch's own make two more products of U's size."""

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
    """Over each map's pixels: (N, C). On a CPU for a few pictures at a time, in the same memory."""
    pictures = max(1, AT_ONCE // (u[0].numel() * u.element_size()))
    second = torch.is_grad_enabled()  # someone wants a second derivative
    if pictures >= len(u) or u.device.type != "cpu" or second or not plain(gradient, u):
        return (gradient * u).sum((2, 3))
    product, sums = torch.empty_like(u[:pictures]), u.new_empty(u.shape[:2])
    parts = zip(gradient.split(pictures), u.split(pictures), sums.split(pictures), strict=True)
    for some, maps, to in parts:
        torch.sum(torch.mul(some, maps, out=product[: len(maps)]), (2, 3), out=to)
    return sums
