"""The way back through a convolution and a batch norm, in operations that every ONNX runtime has.

ONNX has no operator for a gradient. So :mod:`sebook.pages.train_step` replaces, while it traces a
training step, each of PyTorch's fused operators by what is written here. L is the loss, and g the
slope of L with respect to what an operator returned.

**Convolution**, y[n, o, p] = sum over c, k of w[o, c, k] x[n, c, s p + k - e]: picture n, channels
c and o, pixel p, offset k in the kernel, stride s, padding e. The chain rule sums over all places
where a number was used:

    dL/dw[o, c, k] = sum over n, p of g[n, o, p] x[n, c, s p + k - e]
    dL/dx[n, c, q] = sum over o and all (p, k) with s p + k - e = q of w[o, c, k] g[n, o, p]

The first is a matrix product for each row of the kernel: g, as o x (n p), times what the pixels p
saw through that row, (n p) x (c k) (:func:`weight_slopes`). As a convolution of x with g it would
be the same sum, but with kernels as large as the maps and results of 3 x 3, for which ONNX Runtime
is not made: in a page that takes twice the time. The second is the transposed convolution with the
same weights; where s = 1, that is a convolution of g with the kernel turned about its centre.

**Batch norm**, y = gamma xhat + beta with xhat = (x - mean) r, r = 1 / sqrt(var + eps), for each
channel over its m = N H W numbers. A change of one x also moves mean and variance. With G = gamma
g, d mean/dx = 1/m and d var/dx = 2 (x - mean) / m:

    dL/dbeta = sum g        dL/dgamma = sum g xhat        dL/dx = r (G - mean(G) - xhat mean(G xhat))

The last subtracts from the slopes what their part along the constant, and along xhat, would be:
those are undone by the norm.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._decomp import get_decompositions

aten = torch.ops.aten
ACROSS = (0, 2, 3)  # all but the channels


def weight_slopes(g: Tensor, x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]) -> Tensor:
    """dL/dw of a convolution: g (N, O, oh, ow), x (N, C, H, W) -> (O, C, kh, kw).

    Maps are copied sideways first, once for each column of the kernel: in short pieces, which is
    slow. The copies for its rows are of whole maps.
    """
    rows = g.transpose(0, 1).flatten(1)
    around = F.pad(x.transpose(0, 1), (padding[1], padding[1], padding[0], padding[0]))
    across, down = (step * (count - 1) + 1 for step, count in zip(stride, reversed(g.shape[2:]), strict=True))
    beside = torch.cat([around[:, :, :, k : k + across : stride[1]] for k in range(kernel[1])])
    slopes = [rows @ beside[:, :, k : k + down : stride[0]].flatten(1).t() for k in range(kernel[0])]
    return torch.stack(slopes, 1).view(g.shape[1], kernel[0], kernel[1], x.shape[1]).permute(0, 3, 1, 2)


def convolution_backward(
    g: Tensor,
    x: Tensor,
    w: Tensor,
    bias_sizes: Any,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
    wanted: list[bool],
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """The slopes of x, w and a bias, as far as ``wanted``.

    Raises:
        NotImplementedError: groups, dilation or a transposed convolution, which none of our small
            networks has.
    """
    if transposed or groups != 1 or list(dilation) != [1, 1]:
        raise NotImplementedError("a convolution with groups or dilation: its way back is not written here")
    kernel, out = w.shape[2:], g.shape[2:]
    for_x = for_w = None
    if wanted[0] and list(stride) == [1, 1]:
        turned = w.flip(2, 3).transpose(0, 1)
        for_x = aten.convolution(
            g, turned, None, [1, 1], [k - 1 - e for k, e in zip(kernel, padding, strict=True)], [1, 1], False, [0, 0], 1
        )
    elif wanted[0]:
        left = [x.shape[2 + i] - ((out[i] - 1) * stride[i] - 2 * padding[i] + kernel[i]) for i in range(2)]
        for_x = aten.convolution(g, w, None, stride, padding, [1, 1], True, left, 1)
    if wanted[1]:
        for_w = weight_slopes(g, x, kernel, stride, padding)
    return for_x, for_w, g.sum(ACROSS) if wanted[2] else None


def batch_norm(
    x: Tensor, gamma: Tensor, beta: Tensor, running_mean: Tensor, running_var: Tensor, training: bool, momentum: float, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """What is returned, mean and r; and the running statistics move on (the variance without bias: m / (m - 1))."""
    if not training:
        r = torch.rsqrt(running_var + eps)
        scale = gamma * r
        return x * _wide(scale) + _wide(beta - running_mean * scale), running_mean, r
    mean = x.mean(ACROSS)
    apart = x - _wide(mean)
    var = (apart * apart).mean(ACROSS)
    m = x.numel() / x.shape[1]
    running_mean.copy_(running_mean * (1 - momentum) + mean * momentum)
    running_var.copy_(running_var * (1 - momentum) + var * (momentum * m / (m - 1)))
    r = torch.rsqrt(var + eps)
    return apart * _wide(r * gamma) + _wide(beta), mean, r


def batch_norm_backward(
    g: Tensor,
    x: Tensor,
    gamma: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    mean: Tensor,
    r: Tensor,
    training: bool,
    eps: float,
    wanted: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    """The slopes of x, gamma and beta."""
    m = x.numel() / x.shape[1]
    apart = x - _wide(mean)
    for_beta = g.sum(ACROSS)
    for_gamma = (g * apart).sum(ACROSS) * r
    # r gamma (g - for_beta / m - apart r for_gamma / m), with one number per channel gathered first
    along = r * for_gamma / m
    for_x = (g - _wide(for_beta / m) - apart * _wide(along)) * _wide(r * gamma)
    return for_x, for_gamma, for_beta


def slice_backward(g: Tensor, sizes: list[int], dim: int, start: int, end: int, step: int) -> Tensor:
    """Where a slice left numbers out, their slopes are zero: they lie between those of g."""
    dim = dim % g.ndim
    rest = g.ndim - 1 - dim
    between = F.pad(g.unsqueeze(dim + 1), [0, 0] * rest + [0, step - 1]).flatten(dim, dim + 1)
    length = min(between.shape[dim], sizes[dim] - start)
    return F.pad(between.narrow(dim, 0, length), [0, 0] * rest + [start, sizes[dim] - start - length])


def _wide(channels: Tensor) -> Tensor:
    return channels[:, None, None]


def table() -> dict[Any, Callable]:
    """By PyTorch's operator, what replaces it in a trace."""
    rest = [
        aten.threshold_backward,
        aten.sigmoid_backward,
        aten.tanh_backward,
        aten._log_softmax_backward_data,
        aten._softmax_backward_data,
        aten.addcmul,
    ]
    return {
        **get_decompositions(rest),
        aten.convolution_backward.default: convolution_backward,
        aten.slice_backward.default: slice_backward,
        aten.native_batch_norm.default: batch_norm,
        aten.native_batch_norm_backward.default: batch_norm_backward,
    }
