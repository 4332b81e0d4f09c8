"""A convolution by few products, forward and back: what a page trains with where that is quicker.

Along one axis, four neighbouring results y of a kernel of three numbers w take twelve products with
the six pixels x that they see. Six suffice (Toom, Cook, Winograd; for networks Lavin and Gray,
https://arxiv.org/abs/1509.09308):

    y = A' [(G w) * (B x)]        A (6, 4), G (6, 3), B (6, 6) of constants, * number by number

for a product of polynomials is known from its values at as many points as it has coefficients. In
two dimensions, with G on both sides of the kernel and B on both sides of the pixels, 36 products
replace 144. Each sums over channels, and so is one of 36 products of matrices. A stride of two is
first undone: every other pixel belongs to another kernel, of two numbers or of one.

Each of the three is linear in what it is given, and so the way back is made of the same matrices,
turned (:class:`FewProducts`): no pixel is copied, padded or cut out on the way. Matrices are written
for a whole row of the map, mostly zeros: to multiply by them costs less in ONNX Runtime than to move
pixels. That grows with the row, so that on large maps of few channels the plain way is quicker
(:func:`few`).

**Points.** 0, infinity and pairs of opposite sign; those here keep sums of numbers of like size, so
that rounding is about twice the plain way's.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

TILE = 4  # results that share their products
POINTS = {2: (0, 1, -1, 0.5), 3: (0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))}  # by the kernel's length; infinity is another


def one_axis(taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A (K, TILE), G (K, taps) and B (K, TILE + taps - 1) with sum over j of w[j] x[i + j] = A' [(G w) * (B x)]."""
    if taps == 1:
        return np.eye(TILE), np.ones((TILE, 1)), np.eye(TILE)

    def values(count: int) -> np.ndarray:  # of polynomials with so many coefficients, at all points
        finite = np.array(POINTS[taps], float)[:, None] ** np.arange(count)
        return np.concatenate([finite, np.eye(count)[-1:]])

    # what is zero but for rounding would make numbers too small to be computed with quickly
    return values(TILE), values(taps), np.linalg.inv(values(TILE + taps - 1)).T.round(12)


@cache
def along(length: int, taps: int, stride: int, padding: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same for a row of ``length`` pixels, in tiles: A (K, tiles, results), G (K, taps) and B (K, tiles, length)."""
    results = (length + 2 * padding - taps) // stride + 1
    tiles = -(-results // TILE)
    parts = []
    for phase in range(min(stride, taps)):
        outs, kernel, pixels = one_axis(len(range(phase, taps, stride)))
        out, into = np.zeros((len(kernel), tiles, tiles * TILE)), np.zeros((len(kernel), tiles, length))
        whole = np.zeros((len(kernel), taps))
        whole[:, phase::stride] = kernel
        for tile in range(tiles):
            out[:, tile, tile * TILE : (tile + 1) * TILE] = outs
            for i, column in enumerate(pixels.T):
                if 0 <= (at := stride * (tile * TILE + i) + phase - padding) < length:
                    into[:, tile, at] = column
        parts.append((out[:, :, :results], whole, into))
    return tuple(np.concatenate(all_) for all_ in zip(*parts, strict=True))


class FewProducts:
    """A convolution of pictures (N, C, H, W) with weights (O, C, kh, kw).

    Args:
        size, kernel, stride, padding: of the pictures and the convolution, (vertical, horizontal).
    """

    def __init__(self, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]) -> None:
        rows, columns = (along(*axis) for axis in zip(size, kernel, stride, padding, strict=True))
        self.out, turn, self.into = zip(rows, columns, strict=True)
        self.turn = _constant(np.einsum("ij,kl->kijl", *turn).reshape(-1, kernel[0] * kernel[1]))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return self._back(self.out, torch.bmm(self._spread(self.into, x), self._turned(w).transpose(1, 2)), len(x))

    def slope_of_x(self, g: Tensor, w: Tensor) -> Tensor:
        return self._back(self.into, torch.bmm(self._spread(self.out, g), self._turned(w)), len(g))

    def slope_of_w(self, g: Tensor, x: Tensor, shape: Sequence[int]) -> Tensor:
        products = torch.bmm(self._spread(self.out, g).transpose(1, 2), self._spread(self.into, x))
        return (self.turn.t() @ products.view(len(products), -1)).t().reshape(*shape)

    def _turned(self, w: Tensor) -> Tensor:
        """Weights at all pairs of points: (K, O, C)."""
        return (self.turn @ w.reshape(-1, self.turn.shape[1]).t()).view(-1, *w.shape[:2])

    @staticmethod
    def _spread(by: Sequence[np.ndarray], x: Tensor) -> Tensor:
        """Maps (N, C, H, W) at all pairs of points: (K, tiles N, C)."""
        (down, tiles_down, _), (across, tiles_across, _) = (matrix.shape for matrix in by)
        rows, columns = _matrices(by)
        count, channels, high, wide = x.shape
        first = (columns @ x.reshape(-1, wide).t()).view(across, -1, high)
        second = torch.bmm(rows.expand(across, -1, -1), first.transpose(1, 2))
        return second.view(across * down, tiles_down * tiles_across * count, channels)

    @staticmethod
    def _back(by: Sequence[np.ndarray], v: Tensor, count: int) -> Tensor:
        """The other way: (K, tiles N, C) -> (N, C, H, W)."""
        across = len(by[1])
        rows, columns = _matrices(by)
        first = torch.bmm(v.view(across, len(rows), -1).transpose(1, 2), rows.expand(across, -1, -1))
        second = first.view(len(columns), -1).t() @ columns
        return second.view(count, v.shape[-1], rows.shape[1], columns.shape[1])


def _matrices(by: Sequence[np.ndarray]) -> list[Tensor]:
    return [_constant(matrix.reshape(-1, matrix.shape[-1])) for matrix in by]


def _constant(matrix: np.ndarray) -> Tensor:
    return torch.from_numpy(matrix.astype(np.float32))


def few(x: Tensor, w: Tensor, stride: Sequence[int], padding: Sequence[int]) -> FewProducts | None:
    """What convolves, and back, with the least arithmetic; None where that is the plain way."""
    kernel, size = w.shape[2:], x.shape[2:]
    if max(kernel) == 1 or any(-(-k // s) not in (1, *POINTS) for k, s in zip(kernel, stride, strict=True)):
        return None
    found = FewProducts(size, kernel, stride, padding)
    many, channels = w.shape[:2]
    results = [matrix.shape[-1] for matrix in found.out]
    plain = 3 * many * channels * kernel[0] * kernel[1] * results[0] * results[1]
    tiles = found.out[0].shape[1] * found.out[1].shape[1]
    products = 3 * many * channels * len(found.turn) * tiles
    for by, count in ((found.into, channels), (found.out, many)):
        (rows, high), (columns, wide) = (matrix.shape for matrix in _matrices(by))
        products += 2 * count * columns * high * (wide + rows)
    return found if products < plain else None
