"""Answers to the exercises on what looks inside and on what ships."""

import math

import torch
import torch.nn.functional as F
from scipy.stats import binomtest, spearmanr

from sebook import checks
from sebook.relatives import ECA
from senet import record


def gates(model, x, block, channel, value=0.0):
    s = record(model, x).blocks[block].excitation.clone()
    s[:, channel] = value
    return {block: s}


def closing(change=lambda before, after: before - after, value=0.0, probabilities=False):
    def answer(model, x, block, channel, target):
        logits = [record(model, x).logits, record(model, x, gates=gates(model, x, block, channel, value)).logits]
        before, after = [v.softmax(1) for v in logits] if probabilities else logits
        return change(before[:, target], after[:, target])

    return answer


def eca_by_module(z, w):
    block = ECA(z.shape[1], len(w)).to(z.dtype)
    block.conv.weight.data = w[None, None]
    return block.excite(z)


def eca_by_loop(z, w):
    k, padded = len(w), F.pad(z, (len(w) // 2,) * 2)
    return torch.sigmoid(sum(w[i] * padded[:, i : i + z.shape[1]] for i in range(k)))


def grn_of(z, gamma):
    return 1 + gamma * z / z.mean(dim=-1, keepdim=True)


def by_windows(u, above, below):
    height = u.shape[2]
    return torch.stack([u[:, :, max(0, y - above) : min(height, y + below + 1)].mean((2, 3)) for y in range(height)], -1)


RIGHT = [
    (checks.closing, closing()),
    (checks.gap, lambda a, w, c: a.sum(dim=-1) + c - w),
    (checks.rank_correlation, lambda a, b: spearmanr(a, b).statistic),
    (checks.rank_correlation, lambda a, b: torch.corrcoef(torch.stack([x.argsort().argsort().double() for x in (a, b)]))[0, 1]),
    (checks.eca, eca_by_module),
    (checks.eca, eca_by_loop),
    (checks.eca_size, lambda c: int((math.log2(c) + 1) / 2) | 1),
    (checks.spatial_squeeze, lambda u: torch.cat([u.mean(1, keepdim=True), u.max(1, keepdim=True).values], 1)),
    (checks.select, lambda a, u: torch.einsum("nmc,nmchw->nchw", a.softmax(1), u)),
    (checks.grn, lambda u, g: grn_of(u.flatten(2).norm(dim=2), g)),
    (checks.luck, lambda up, pairs: binomtest(up, pairs).pvalue),
    (checks.fake_quant, lambda s, bits: (s * (2**bits - 1) + 0.5).floor() / (2**bits - 1)),
    (checks.fake_quant, lambda s, bits: torch.fake_quantize_per_tensor_affine(s, 1 / (2**bits - 1), 0, 0, 2**bits - 1)),
    (checks.row_squeeze, lambda u, rows: by_windows(u, rows // 2, rows // 2)),
]

WRONG = [
    (checks.closing, closing(lambda before, after: after - before), "reversed"),
    (checks.closing, closing(lambda before, after: after), "what is left"),
    (checks.closing, closing(probabilities=True), "probabilities"),
    (checks.closing, closing(value=1.0), "wide open"),
    (checks.closing, closing(lambda before, after: (before - after).abs()), "took the size"),
    (checks.closing, lambda m, x, b, c, t: record(m, x).logits - record(m, x, gates=gates(m, x, b, c)).logits, "each class"),
    (checks.closing, None, "Pass the function"),
    (checks.gap, lambda a, w, c: a.sum(1), "That is the sum"),
    (checks.gap, lambda a, w, c: a.sum(1) - w, "baseline is missing"),
    (checks.gap, lambda a, w, c: a.sum(1) - c + w, "reversed"),
    (checks.rank_correlation, lambda a, b: torch.corrcoef(torch.stack([a, b]))[0, 1], "of the values"),
    (checks.rank_correlation, lambda a, b: spearmanr(a.argsort(), b.argsort()).statistic, "second `argsort`"),
    (checks.rank_correlation, lambda a, b: spearmanr(a, -b).statistic, "from the bottom"),
    (checks.rank_correlation, lambda a, b: spearmanr(a.abs(), b.abs()).statistic, "sizes"),
    (checks.eca, lambda z, w: eca_by_loop(z, w.flip(0)), "reversed"),
    (checks.eca, lambda z, w: eca_by_loop(z, w).logit(), "sigmoid is missing"),
    (checks.eca, lambda z, w: eca_by_loop(z, w).logit().softmax(1), "compete"),
    (checks.eca, lambda z, w: F.conv1d(z[:, None], w[None, None])[:, 0].sigmoid(), "ends are lost"),
    (checks.eca, lambda z, w: eca_by_loop(z.T.contiguous(), w).T, "pictures of the batch"),
    (checks.eca_size, lambda c: int((math.log2(c) + 1) / 2), "Not odd"),
    (checks.eca_size, lambda c: int((math.log(c) + 1) / 2) | 1, "natural"),
    (checks.eca_size, lambda c: int(math.log2(c) / 2) | 1, "b is missing"),
    (checks.spatial_squeeze, lambda u: torch.stack([u.mean((2, 3)), u.amax((2, 3))], 1), "channels go"),
    (checks.spatial_squeeze, lambda u: torch.stack([u.amax(1), u.mean(1)], 1), "changed places"),
    (checks.spatial_squeeze, lambda u: u.mean(1, keepdim=True), "mean alone"),
    (checks.select, lambda a, u: (u * a.softmax(-1)[..., None, None]).sum(1), "over the channels"),
    (checks.select, lambda a, u: (u * a.sigmoid()[..., None, None]).sum(1), "sigmoids"),
    (checks.select, lambda a, u: u * a.softmax(1)[..., None, None], "have to be added"),
    (checks.grn, lambda u, g: grn_of(u.mean((2, 3)), g), "squeezes by the mean"),
    (checks.grn, lambda u, g: grn_of(u.norm(dim=(2, 3)), g).sigmoid(), "no sigmoid"),
    (checks.grn, lambda u, g: grn_of(u.norm(dim=(2, 3)), g) - 1, "1 is missing"),
    (checks.luck, lambda up, pairs: binomtest(up, pairs, alternative="greater").pvalue, "one side"),
    (checks.luck, lambda up, pairs: math.comb(pairs, up) / 2**pairs, "exactly this many"),
    (checks.luck, lambda up, pairs: up / pairs, "share that gained"),
    (checks.fake_quant, lambda s, bits: (s * 2**bits).round() / 2**bits, "one too many"),
    (checks.fake_quant, lambda s, bits: torch.fake_quantize_per_tensor_affine(s, 2.0**-bits, 0, 0, 2**bits - 1), "fully open"),
    (checks.fake_quant, lambda s, bits: (s * (2**bits - 1)).int() / (2**bits - 1), "cuts off"),
    (checks.fake_quant, lambda s, bits: (s * (2**bits - 1)).round(), "Scale them back"),
    (checks.fake_quant, lambda s, bits: (s * bits).round() / bits, "bits for steps"),
    (checks.row_squeeze, lambda u, rows: u.mean((2, 3)), "SE's squeeze"),
    (checks.row_squeeze, lambda u, rows: F.pad(u.mean(3), (rows // 2,) * 2).unfold(2, rows, 1).mean(3), "rows of zeros"),
    (checks.row_squeeze, lambda u, rows: by_windows(u.transpose(2, 3), rows // 2, rows // 2), "over columns"),
    (checks.row_squeeze, lambda u, rows: by_windows(u, rows - 1, 0), "ends at the row"),
    (checks.row_squeeze, lambda u, rows: u.mean(3).unfold(2, rows, 1).mean(3), "are lost"),
    (checks.row_squeeze, lambda u, rows: u[:, :, :rows].mean((2, 3)), "first rows alone"),
]
