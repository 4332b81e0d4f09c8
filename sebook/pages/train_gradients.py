"""The way back through a convolution and a batch norm, in operations that every ONNX runtime has.

ONNX has no operator for a gradient. So :mod:`sebook.pages.train_step` replaces, while it traces a
training step, each of PyTorch's fused operators by what is written here. L is the loss, and g the
slope of L with respect to what an operator returned.

**Convolution**, y[n, o, p] = sum over c, k of w[o, c, k] x[n, c, s p + k - e]: picture n, channels
c and o, pixel p, offset k in the kernel, stride s, padding e. The chain rule sums over all places
where a number was used:

    dL/dw[o, c, k] = sum over n, p of g[n, o, p] x[n, c, s p + k - e]
    dL/dx[n, c, q] = sum over o and all (p, k) with s p + k - e = q of w[o, c, k] g[n, o, p]

The first is a matrix product for each place k of the kernel: g, as o x (n p), times what the pixels
p saw at that place, (n p) x c (:func:`weight_slopes`). As a convolution of x with g it would be the
same sum, but with kernels as large as the maps and results of 3 x 3, for which ONNX Runtime is not
made: in a page that takes twice the time, except for a picture's three channels
(:func:`slopes_of_a_first_layer`). The second is the transposed convolution with the same weights;
where s = 1, that is a convolution of g with the kernel turned about its centre. Most convolutions of
our networks do none of this: they need fewer products (:mod:`sebook.pages.train_products`).

**Batch norm**, y = gamma xhat + beta with xhat = (x - mean) r, r = 1 / sqrt(var + eps), for each
channel over its m = N H W numbers. A change of one x also moves mean and variance. With G = gamma
g, d mean/dx = 1/m and d var/dx = 2 (x - mean) / m:

    dL/dbeta = sum g        dL/dgamma = sum g xhat        dL/dx = r (G - mean(G) - xhat mean(G xhat))

The last subtracts from the slopes what their part along the constant, and along xhat, would be:
those are undone by the norm.

**Rounding.** Sums are taken in another order than PyTorch's, and at a recipe's own rate a pixel that
this moves over a ReLU's corner parts two runs. PyTorch parts from itself about as far: after fifty
steps at a highest rate of 0.1, its weights differ by up to 2.5e-3 (the quick recipe's network) and
7.5e-3 (the chapter's) between two memory formats and one or two threads, and the page's from those of
PyTorch by up to 2.5e-3 and 8.8e-3. At 0.001, where no pixel is moved, all agree to 3e-6
(data/results/page-training.json).
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._decomp import get_decompositions

from .train_products import few

aten = torch.ops.aten
ACROSS = (0, 2, 3)  # all but the channels
NARROW = 16  # channels that a product takes at once
PICTURES = 3  # channels of a picture


def weight_slopes(g: Tensor, x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]) -> Tensor:
    """dL/dw of a convolution: g (N, O, oh, ow), x (N, C, H, W) -> (O, C, kh, kw).

    Channels come last, so that what is copied lies in long pieces. A stride s is undone first: s x s
    pixels become one with s^2 C channels, over which the kernel, of ceil(k / s) such pixels, moves
    by one. And where channels are few, two neighbours of g in a row are taken for one pixel with 2 O
    channels, which moves by two: products of small matrices are slow.
    """
    (channels, wide), (many, out) = (x.shape[1], x.shape[3]), (g.shape[1], g.shape[2:])
    both = 2 if max(channels, many) < NARROW and out[1] % 2 == 0 else 1
    rows = g.permute(0, 2, 3, 1).reshape(-1, both * many).t()
    counts, steps = (out[0], out[1] // both), (stride[0], stride[1] * both)
    spans = (kernel[0], kernel[1] + stride[1] * (both - 1))
    blocks = [-(-span // step) for span, step in zip(spans, steps, strict=True)]
    sides = [step * (count + block - 1) for step, count, block in zip(steps, counts, blocks, strict=True)]
    behind = [side - length - e for side, length, e in zip(sides, (x.shape[2], wide), padding, strict=True)]
    around = F.pad(x.permute(0, 2, 3, 1), (0, 0, padding[1], behind[1], padding[0], behind[0]))
    around = around.unflatten(2, (-1, steps[1])).unflatten(1, (-1, steps[0])).transpose(2, 3).flatten(3)
    slopes = []
    for column in range(blocks[1]):
        beside = around[:, :, column : column + counts[1]]
        slopes += [rows @ beside[:, row : row + counts[0]].flatten(0, 2) for row in range(blocks[0])]
    apart = torch.stack(slopes).view(blocks[1], blocks[0], both, many, *steps, channels).permute(2, 3, 6, 1, 4, 0, 5)
    apart = apart.reshape(both * many, channels, blocks[0] * steps[0], blocks[1] * steps[1])[:, :, : kernel[0]]
    each = [apart[k * many : (k + 1) * many, :, :, k * stride[1] : k * stride[1] + kernel[1]] for k in range(both)]
    return each[0] + each[1] if both > 1 else each[0]


def slopes_of_a_first_layer(g: Tensor, x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]) -> Tensor:
    """The same, as one convolution in which pictures and channels have changed places, and g is the kernel."""
    behind = [
        (count - 1) * step + span - length - before
        for count, step, span, length, before in zip(g.shape[2:], stride, kernel, x.shape[2:], padding, strict=True)
    ]
    around = F.pad(x.transpose(0, 1), (padding[1], behind[1], padding[0], behind[0]))
    return aten.convolution(around, g.transpose(0, 1), None, [1, 1], [0, 0], list(stride), False, [0, 0], 1).transpose(0, 1)


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
    if products := few(x, w, stride, padding):
        for_x = products.slope_of_x(g, w) if wanted[0] else None
        for_w = products.slope_of_w(g, x, w.shape) if wanted[1] else None
        return for_x, for_w, g.sum(ACROSS) if wanted[2] else None
    if wanted[0] and list(stride) == [1, 1]:
        turned = w.flip(2, 3).transpose(0, 1)
        for_x = aten.convolution(
            g, turned, None, [1, 1], [k - 1 - e for k, e in zip(kernel, padding, strict=True)], [1, 1], False, [0, 0], 1
        )
    elif wanted[0]:
        left = [x.shape[2 + i] - ((out[i] - 1) * stride[i] - 2 * padding[i] + kernel[i]) for i in range(2)]
        for_x = aten.convolution(g, w, None, stride, padding, [1, 1], True, left, 1)
    if wanted[1]:
        slopes = slopes_of_a_first_layer if x.shape[1] <= PICTURES else weight_slopes
        for_w = slopes(g, x, kernel, stride, padding)
    return for_x, for_w, g.sum(ACROSS) if wanted[2] else None


def convolution(
    x: Tensor,
    w: Tensor,
    bias: Tensor | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
) -> Tensor:
    """A convolution as the way back wants it, so that both share their products; else ONNX's own."""
    plain = bias is None and not transposed and groups == 1 and list(dilation) == [1, 1]
    products = few(x, w, stride, padding) if plain else None
    return products.forward(x, w) if products else NotImplemented


def batch_norm(
    x: Tensor, gamma: Tensor, beta: Tensor, running_mean: Tensor, running_var: Tensor, training: bool, momentum: float, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """What is returned, mean and r; and the running statistics move on (the variance without bias: m / (m - 1))."""
    if not training:
        r = torch.rsqrt(running_var + eps)
        scale = gamma * r
        return x * _wide(scale) + _wide(beta - running_mean * scale), running_mean, r
    mean = x.mean(ACROSS, keepdim=True)
    apart = x - mean
    var = (apart * apart).mean(ACROSS, keepdim=True)
    m = x.numel() / x.shape[1]
    running_mean.copy_(running_mean * (1 - momentum) + mean.flatten() * momentum)
    running_var.copy_(running_var * (1 - momentum) + var.flatten() * (momentum * m / (m - 1)))
    r = torch.rsqrt(var + eps)
    return apart * (r * _wide(gamma)) + _wide(beta), mean.flatten(), r.flatten()


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
    apart, r = x - _wide(mean), _wide(r)
    for_beta = g.sum(ACROSS, keepdim=True)
    for_gamma = (g * apart).sum(ACROSS, keepdim=True) * r
    # r gamma (g - for_beta / m - apart r for_gamma / m), with one number per channel gathered first
    for_x = (g - for_beta / m - apart * (r * for_gamma / m)) * (r * _wide(gamma))
    return for_x, for_gamma.flatten(), for_beta.flatten()


def slice_backward(g: Tensor, sizes: list[int], dim: int, start: int, end: int, step: int) -> Tensor:
    """Where a slice left numbers out, their slopes are zero: they lie between those of g."""
    dim = dim % g.ndim
    rest = g.ndim - 1 - dim
    if step > 1 and rest == 0:  # as a product: to put single numbers apart is slow
        places = [[float(to == start + step * at) for to in range(sizes[dim])] for at in range(g.shape[dim])]
        return g @ torch.tensor(places)
    between = F.pad(g.unsqueeze(dim + 1), [0, 0] * rest + [0, step - 1]).flatten(dim, dim + 1)
    length = min(between.shape[dim], sizes[dim] - start)
    return F.pad(between.narrow(dim, 0, length), [0, 0] * rest + [start, sizes[dim] - start - length])


def relu_backward(g: Tensor, y: Tensor, threshold: float) -> Tensor:
    """The slope of x where y = relu(x): a product, which is quicker than a choice."""
    return g * y.sign()


def _wide(channels: Tensor) -> Tensor:
    return channels.view(1, -1, 1, 1)


def table(learning: bool = True) -> dict[Any, Callable]:
    """By PyTorch's operator, what replaces it in a trace: of a step where it is ``learning``, else of a network's answer."""
    rest = [
        aten.sigmoid_backward,
        aten.tanh_backward,
        aten._log_softmax_backward_data,
        aten._softmax_backward_data,
        aten.addcmul,
    ]
    return {
        **get_decompositions(rest),
        **({aten.convolution.default: convolution} if learning else {}),
        aten.convolution_backward.default: convolution_backward,
        aten.slice_backward.default: slice_backward,
        aten.threshold_backward.default: relu_backward,
        aten.native_batch_norm.default: batch_norm,
        aten.native_batch_norm_backward.default: batch_norm_backward,
    }
