"""Class-mean excitations: what the gates of each block do on the pictures of each class, in one pass and constant memory.

The paper's figure on the role of excitation draws such means for four classes of ImageNet (section 7.2). How far apart they lie
is a number too: the share of a gate's variance that lies between classes, by the law of total variance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from . import pretrained
from .images import Pictures
from .recording import record


@dataclass(frozen=True)
class Profile:
    """Excitations of K classes.

    Attributes:
        counts: int64 (K,), pictures of each class.
        mean: by block, (K, C): the class's mean excitation of each channel.
        variance: by block, (K, C): the variance of the excitation among the pictures of one class (divided by the count).
    """

    counts: Tensor
    mean: dict[str, Tensor]
    variance: dict[str, Tensor]

    def overall(self, block: str) -> Tensor:
        """Mean excitation over all pictures: (C,)."""
        return self._share() @ self.mean[block]

    def specificity(self, block: str) -> Tensor:
        """Share of each channel's variance that lies between classes: (C,), 0 (class-agnostic) to 1 (the class decides).

        A channel whose gate never moves tells nothing about the class: 0.
        """
        between, within = self._between(block), self._within(block)
        total = between + within
        # float32 excitations leave 1e-14 or so where a gate stands still: that is rounding and no share of anything.
        return torch.where(total > 1e-12, between / total.clamp_min(1e-12), torch.zeros_like(total))

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
    model: nn.Module,
    pictures: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    *,
    batch_size: int = 250,
    progress: bool = True,
) -> Profile:
    """Class means and variances of every SE block's excitations, by Welford's rule in the form of Chan et al. for batches.

    Args:
        model: a network with SE blocks.
        pictures: with labels from 0 up.
        preprocess: uint8 (N, 3, H, W) to what the model takes.
        batch_size: pictures in memory at a time, besides the bytes of ``pictures``.
        progress: show a bar.

    Returns:
        Float64, on the CPU, whatever the model computes in.
    """
    if int(pictures.labels.min()) < 0:
        raise ValueError("some pictures have no label (-1): leave them out, since a profile is of classes")
    device = next(model.parameters()).device
    classes = len(pictures.classes)
    counts = torch.zeros(classes, dtype=torch.int64)
    mean: dict[str, Tensor] = {}
    squares: dict[str, Tensor] = {}  # sums of squared deviations from the class's mean
    batches = zip(pictures.images.split(batch_size), pictures.labels.split(batch_size), strict=True)
    with tqdm(total=len(pictures), desc="profile", unit="picture", disable=not progress) as bar:
        for images, labels in batches:
            member = torch.nn.functional.one_hot(labels, classes).to(torch.float64)  # (N, K)
            new = member.sum(0)  # pictures of each class in this batch
            merged = (counts + new).clamp_min(1)
            for name, block in record(model, preprocess(images.to(device))).blocks.items():
                s = block.excitation.to("cpu", torch.float64)
                if name not in mean:
                    mean[name] = torch.zeros(classes, s.shape[1], dtype=torch.float64)
                    squares[name] = torch.zeros_like(mean[name])
                batch_mean = member.T @ s / new.clamp_min(1)[:, None]
                batch_squares = member.T @ (s - batch_mean[labels]) ** 2
                step = torch.where(new[:, None] > 0, batch_mean - mean[name], 0)
                squares[name] += batch_squares + step**2 * (counts * new / merged)[:, None]
                mean[name] += step * (new / merged)[:, None]
            counts += new.to(torch.int64)
            bar.update(len(labels))
    return Profile(counts, mean, {name: s / counts.clamp_min(1)[:, None] for name, s in squares.items()})


def save(profile: Profile, path: str | Path) -> None:
    """Write a profile as float32 safetensors: ``counts``, ``<block>/mean``, ``<block>/variance``."""
    tensors = {"counts": profile.counts}
    for block, values in profile.mean.items():
        tensors[f"{block}/mean"] = values.to(torch.float32)
        tensors[f"{block}/variance"] = profile.variance[block].to(torch.float32)
    save_file(tensors, str(path))


def load(path: str | Path) -> Profile:
    """Read what :func:`save` wrote. Raises ``FileNotFoundError`` where there is no such file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: make it with `python -m senet profile NAME`")
    tensors = {name: values.to(torch.float64) if values.is_floating_point() else values for name, values in load_file(path).items()}
    blocks = [name.removesuffix("/mean") for name in tensors if name.endswith("/mean")]
    # safetensors sorts by name; the forward's order is by stage and block, which the names' order is too below ten blocks a stage.
    blocks.sort(key=lambda name: [int(part) if part.isdigit() else part for part in name.replace("layer", "layer.").split(".")])
    return Profile(tensors["counts"], {b: tensors[f"{b}/mean"] for b in blocks}, {b: tensors[f"{b}/variance"] for b in blocks})


def shipped(name: str) -> Profile:
    """The profile that ships with the checkpoint ``name``; see :mod:`senet.pretrained`."""
    return load(beside(pretrained.get(name)))


def beside(checkpoint: pretrained.Checkpoint) -> Path:
    """Where a shipped checkpoint's profile lies: next to its weights."""
    if checkpoint.file is None:
        raise ValueError(f"{checkpoint.name} does not ship with the package and has no profile: see senet.profiles.profile")
    return checkpoint.file.with_name(f"{checkpoint.name}.profiles.safetensors")
