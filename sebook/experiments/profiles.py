"""Class-mean excitations: what the gates of each block do on the pictures of each class, in one pass and constant memory.

The paper's figure on the role of excitation draws such means for four classes of ImageNet (section 7.2). How far apart they lie
is a number too: the share of a gate's variance that lies between classes, by the law of total variance. Two more say whether a
block does anything at all: how many of its gates stay open, closed or still, and how well a linear classifier reads the class
from the excitations alone (Alain and Bengio, arXiv 1610.01644).
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from senet import pretrained
from senet.images import Pictures
from senet.inside.recording import record

NEAR = 0.05  # a gate this near to 0 is closed, to 1 open, to its own mean still
BINS = 200  # of the excitations' histograms, from 0 to 1; 0.05 and 0.95 are edges


class Estimate(NamedTuple):
    """A number with its 95 % interval.

    Attributes:
        value: the number.
        low: where its interval begins.
        high: where its interval ends.
    """

    value: float
    low: float
    high: float


class Saturation(NamedTuple):
    """Shares, 0 to 1, of a block's gates, over all pictures and channels.

    Attributes:
        closed: below 0.05.
        open: from 0.95 up.
        still: within 0.05 of the channel's mean.
    """

    closed: float
    open: float
    still: float


@dataclass(frozen=True)
class Profile:
    """Excitations of K classes.

    Attributes:
        counts: int64 (K,), pictures of each class.
        mean: by block, (K, C): the class's mean excitation of each channel.
        variance: by block, (K, C): the variance of the excitation among the pictures of one class (divided by the count).
        shares: by block, (3, C): the share of pictures on which each gate is closed, open and still; see :class:`Saturation`. A
            block whose gates leave 0...1 (tanh, ReLU) has none, nor has a file from before they were measured.
    """

    counts: Tensor
    mean: dict[str, Tensor]
    variance: dict[str, Tensor]
    shares: dict[str, Tensor] = field(default_factory=dict)

    def overall(self, block: str) -> Tensor:
        """Mean excitation over all pictures: (C,)."""
        return self._share() @ self.mean[block]

    def specificity(self, block: str) -> Tensor:
        """Share of each channel's variance that lies between classes: (C,), 0 (class-agnostic) to 1 (the class decides).

        A channel whose gate never moves tells nothing about the class: 0.
        """
        between, within = self._between(block), self._within(block)
        total = between + within
        # float32 excitations leave 1e-14 or so where a gate stays still: that is rounding, not a share of anything.
        return torch.where(total > 1e-12, between / total.clamp_min(1e-12), torch.zeros_like(total))

    def mean_specificity(self, block: str) -> Estimate:
        """The block's class-specificity: the mean of :meth:`specificity` over its channels, and how sure that mean is.

        The interval is over the channels, as if the block had drawn them from many like them; gates share a hidden layer and are
        not quite independent. The pictures add little: K classes of n pictures in all raise a share by about K/n.
        """
        return bootstrap(self.specificity(block))

    def saturation(self, block: str) -> Saturation:
        """How many of the block's gates stay closed, open or still. Raises ``ValueError`` where ``shares`` has no such block."""
        if block not in self.shares:
            raise ValueError(
                f"{block}: this profile holds no shares of closed and open gates: measure it again with "
                "sebook.experiments.profiles.profile, and with a gate that stays between 0 and 1"
            )
        return Saturation(*self.shares[block].mean(1).tolist())

    def deviation(self, block: str) -> Tensor:
        """How far each gate moves from picture to picture: the standard deviation of its excitation over all pictures, (C,)."""
        return (self._between(block) + self._within(block)).sqrt()

    def _between(self, block: str) -> Tensor:
        """Variance of the class means, (C,)."""
        return self._share() @ (self.mean[block] - self.overall(block)) ** 2

    def _within(self, block: str) -> Tensor:
        """Mean over pictures of the variance in their class, (C,)."""
        return self._share() @ self.variance[block]

    def _share(self) -> Tensor:
        return self.counts.to(torch.float64) / self.counts.sum()


def profile(
    model: nn.Module, pictures: Pictures, preprocess: Callable[[Tensor], Tensor], *, batch_size: int = 250, progress: bool = True
) -> Profile:
    """Class means and variances of every SE block's excitations, by Welford's rule in the form of Chan et al. for batches.

    How often a gate stays near its mean is known only once the mean is. So it comes from a histogram of each channel,
    interpolated within bins of 0.005.

    Args:
        model: a network with SE blocks.
        pictures: with labels from 0 up.
        preprocess: uint8 (N, 3, H, W) to what the model takes.
        batch_size: pictures in memory at a time, besides the bytes of ``pictures``.
        progress: show a bar.

    Returns:
        Float64, on the CPU, whatever the model computes in.
    """
    classes = len(pictures.classes)
    counts = torch.zeros(classes, dtype=torch.int64)
    mean: dict[str, Tensor] = {}
    squares: dict[str, Tensor] = {}  # sums of squared deviations from the class's mean
    histogram: dict[str, Tensor | None] = {}  # (C, BINS); None once a gate has left 0...1
    for labels, excitations in gates_by_batch(model, pictures, preprocess, batch_size, progress, "profile"):
        member = F.one_hot(labels, classes).to(torch.float64)  # (N, K)
        new = member.sum(0)  # pictures of each class in this batch
        merged = (counts + new).clamp_min(1)
        for name, s in excitations.items():
            if name not in mean:
                mean[name] = torch.zeros(classes, s.shape[1], dtype=torch.float64)
                squares[name] = torch.zeros_like(mean[name])
                histogram[name] = torch.zeros(s.shape[1], BINS, dtype=torch.int32)
            if (tally := histogram[name]) is not None:
                least, most = s.aminmax()
                histogram[name] = tally.add_(_tally(s)) if least >= 0 and most <= 1 else None
            s = s.to(torch.float64)
            batch_mean = member.T @ s / new.clamp_min(1)[:, None]
            batch_squares = member.T @ (s - batch_mean[labels]) ** 2
            step = torch.where(new[:, None] > 0, batch_mean - mean[name], 0)
            squares[name] += batch_squares + step**2 * (counts * new / merged)[:, None]
            mean[name] += step * (new / merged)[:, None]
        counts += new.to(torch.int64)
    variance = {name: values / counts.clamp_min(1)[:, None] for name, values in squares.items()}
    share = counts.to(torch.float64) / counts.sum()
    shares = {name: _shares(tally, share @ mean[name]) for name, tally in histogram.items() if tally is not None}
    return Profile(counts, mean, variance, shares)


def bootstrap(values: Tensor, resamples: int = 2000) -> Estimate:
    """Mean of ``values`` (M,) with its percentile bootstrap interval, the same at every call.

    Shares and correlations are skewed and bounded: an interval made from means of them cannot leave their bounds, as one of a
    standard error does. NaN is left out; nothing but NaN gives NaN.
    """
    values = values[~values.isnan()].to("cpu", torch.float64)
    if not len(values):
        return Estimate(math.nan, math.nan, math.nan)
    generator = torch.Generator().manual_seed(0)
    means = []
    for some in torch.arange(resamples).split(max(1, 2**18 // len(values))):  # at a time, as many as 2 MB hold
        drawn = torch.randint(len(values), (len(some), len(values)), generator=generator)
        means.append(values[drawn].mean(1))
    low, high = torch.cat(means).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(values.mean().item(), low, high)


def save(profile: Profile, path: str | Path) -> None:
    """Write a profile as float32 safetensors: ``counts``, ``<block>/mean``, ``<block>/variance``, ``<block>/shares``.

    The header has the blocks in the order of the profile, which is the forward's. The folder is made if it is not there.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    tensors = {"counts": profile.counts}
    for block, values in profile.mean.items():
        tensors[f"{block}/mean"] = values.to(torch.float32)
        tensors[f"{block}/variance"] = profile.variance[block].to(torch.float32)
        if block in profile.shares:
            tensors[f"{block}/shares"] = profile.shares[block].to(torch.float32)
    save_file(tensors, str(path), {"blocks": json.dumps(list(profile.mean))})


def load(path: str | Path) -> Profile:
    """Read what :func:`save` wrote. Raises ``FileNotFoundError`` where there is no such file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: make it with `python -m senet profile NAME`")
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        order = (file.metadata() or {}).get("blocks")
    tensors = {name: values.to(torch.float64) if values.is_floating_point() else values for name, values in tensors.items()}
    if order is not None:
        blocks = json.loads(order)
    else:  # an older file: safetensors sorts by name, and numbers in names count the stages and the blocks
        blocks = [name.removesuffix("/mean") for name in tensors if name.endswith("/mean")]
        blocks.sort(key=lambda name: [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
    parts = ({b: tensors[f"{b}/{part}"] for b in blocks if f"{b}/{part}" in tensors} for part in ("mean", "variance", "shares"))
    return Profile(tensors["counts"], *parts)


def shipped(name: str) -> Profile:
    """The profile that ships with the checkpoint ``name``; see :mod:`senet.pretrained`."""
    return load(beside(pretrained.get(name)))


def beside(checkpoint: pretrained.Checkpoint) -> Path:
    """Where a shipped checkpoint's profile lies: next to its weights."""
    if checkpoint.file is None:
        raise ValueError(
            f"{checkpoint.name} does not ship with the package and has no profile: see sebook.experiments.profiles.profile"
        )
    return checkpoint.file.with_name(f"{checkpoint.name}.profiles.safetensors")


def gates_by_batch(
    model: nn.Module, pictures: Pictures, preprocess: Callable[[Tensor], Tensor], batch_size: int, progress: bool, title: str
) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """Batch by batch: labels (N,), and every block's excitations (N, C), float32 on the CPU."""
    if int(pictures.labels.min()) < 0:
        raise ValueError("some pictures have no label (-1): leave them out, since a profile is of classes")
    device = next(model.parameters()).device
    batches = zip(pictures.images.split(batch_size), pictures.labels.split(batch_size), strict=True)
    with tqdm(total=len(pictures), desc=title, unit="picture", disable=not progress) as bar:
        for images, labels in batches:
            blocks = record(model, preprocess(images.to(device))).blocks
            yield labels, {name: block.excitation.to("cpu", torch.float32) for name, block in blocks.items()}
            bar.update(len(labels))


def _tally(s: Tensor) -> Tensor:
    """Histogram of each channel: (N, C) from 0 to 1 -> (C, BINS)."""
    channels = s.shape[1]
    bins = (s * BINS).to(torch.int64).clamp_max_(BINS - 1) + torch.arange(channels) * BINS
    return torch.bincount(bins.flatten(), minlength=channels * BINS).view(channels, BINS)


def _shares(tally: Tensor, mean: Tensor) -> Tensor:
    """From histograms (C, BINS) and means (C,) to the shares closed, open and still: (3, C)."""
    cumulative = F.pad(tally.cumsum(1) / tally.sum(1, keepdim=True, dtype=torch.float64), (1, 0))

    def below(bound: Tensor) -> Tensor:
        position = (bound * BINS).clamp(0, BINS)[:, None]
        left = position.long().clamp_max(BINS - 1)
        return torch.lerp(cumulative.gather(1, left), cumulative.gather(1, left + 1), position - left)[:, 0]

    near = torch.full_like(mean, NEAR)
    return torch.stack([below(near), 1 - below(1 - near), below(mean + NEAR) - below(mean - NEAR)])
