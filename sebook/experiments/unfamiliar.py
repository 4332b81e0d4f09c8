"""Does a network notice a picture of a thing that it does not know? A rule that asks its gates, and how often the rule errs.

A softmax always names a class, and over things that a network has never seen it is often sure. The gates give it away more often:
a picture is unfamiliar to the extent that its gates, all blocks together, are far from the mean gates of every class, and that no
class is likely:

    score = min over classes k of distance(s, mean_k) + weight * -log(largest probability)

Above ``threshold`` the page says so (`frontend/src/math/unfamiliar.ts` is the same rule). ``threshold`` lets 5 % of pictures of
the network's own classes pass for unfamiliar; it is set on one half of the test pictures, and the other half says what came of it.
Shapes: N pictures, K classes, C channels of a block.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from senet.images import Pictures
from senet.inside.recording import record
from senet.pretrained import Checkpoint

from .linear_probe import wilson

FALSE_ALARMS = 0.05
# Largest probabilities that divide answers into the less and the more sure ones.
STEPS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Rule:
    """``weight`` and ``threshold`` of the score, see above."""

    weight: float
    threshold: float


@dataclass(frozen=True)
class Seen:
    """What the rule needs to know of pictures: distance to each class (N, K), surprise -log p of the likeliest class (N,), and
    which class that is (N,).
    """

    distances: Tensor
    surprise: Tensor
    likeliest: Tensor

    def every(self, step: int, first: int = 0) -> "Seen":
        """Every so many pictures, from ``first`` on."""
        return Seen(self.distances[first::step], self.surprise[first::step], self.likeliest[first::step])


def seen(logits: Tensor, excitations: Sequence[Tensor], means: Sequence[Tensor]) -> Seen:
    """From logits (N, K), and by block excitations (N, C) and class means (K, C)."""
    gates, centres = torch.cat(list(excitations), 1).double(), torch.cat(list(means), 1).double()
    log, likeliest = logits.double().log_softmax(1).max(1)
    return Seen(torch.cdist(gates, centres), -log, likeliest)


def score(of: Seen, rule: Rule) -> Tensor:
    """(N,); above ``rule.threshold`` a picture is unfamiliar."""
    return of.distances.amin(1) + rule.weight * of.surprise


def ask(
    model: nn.Module, images: Tensor, preprocess: Callable[[Tensor], Tensor], means: Mapping[str, Tensor], batch_size: int = 250
) -> Seen:
    """Run the network on uint8 images (N, 3, H, W), and compare with its class means, by block (K, C)."""
    parts = []
    for batch in images.split(batch_size):
        answer = record(model, preprocess(batch), device="cpu")
        gates = {name: block.excitation for name, block in answer.blocks.items()}
        parts.append(seen(answer.logits, list(gates.values()), [means[name].float() for name in gates]))
    return Seen(*(torch.cat([getattr(part, name) for part in parts]) for name in ("distances", "surprise", "likeliest")))


def without_themselves(of: Seen, labels: Tensor) -> Seen:
    """Distances of pictures that had a part in the mean of their class, as if they had had none.

    With n pictures a class, s - mean of the others = n / (n - 1) (s - mean of all).

    Args:
        of: of all pictures that the means are of.
        labels: int64 (N,), each picture's class.
    """
    n = torch.bincount(labels, minlength=of.distances.shape[1])[labels].double()
    own = of.distances.gather(1, labels[:, None])
    return Seen(of.distances.scatter(1, labels[:, None], own * (n / (n - 1))[:, None]), of.surprise, of.likeliest)


def calibrated(inside: Seen) -> Rule:
    """The rule by pictures of a network's own classes: a standard deviation of surprise counts half as much as one of distance."""
    nearest = inside.distances.amin(1)
    weight = float(0.5 * nearest.std() / inside.surprise.std())
    return Rule(weight, float(torch.quantile(nearest + weight * inside.surprise, 1 - FALSE_ALARMS)))


def counted(of: Seen, rule: Rule) -> dict[str, Any]:
    """How many pictures are unfamiliar, of how many, and the share with its 95 % interval."""
    found, count = int((score(of, rule) > rule.threshold).sum()), len(of.surprise)
    share, low, high = wilson(found, count)
    return {"unfamiliar": found, "of": count, "share": share, "low": low, "high": high}


def reliability(of: Seen, labels: Tensor) -> list[dict[str, Any]]:
    """How often the network is right when it is about this sure: pictures by their largest probability, between ``STEPS``."""
    right, place = (
        of.likeliest == labels,
        torch.bucketize((-of.surprise).exp(), torch.tensor(STEPS, dtype=torch.float64), right=True),
    )
    counts = ((int(right[place == i].sum()), int((place == i).sum())) for i in range(len(STEPS) + 1))
    steps = pairwise([0.0, *STEPS, 1.0])
    return [{"from": low, "to": high, "right": r, "of": n} for (low, high), (r, n) in zip(steps, counts, strict=True)]


def measure(
    model: nn.Module,
    test: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    means: Mapping[str, Tensor],
    outside: Mapping[str, Tensor],
) -> dict[str, Any]:
    """Set the rule on every other test picture; count on the rest, and on pictures of other things.

    Args:
        test: pictures of the network's classes, all those that ``means`` are of.
        preprocess: from uint8 (N, 3, H, W) to what the network takes.
        means: by block, (K, C).
        outside: uint8 pictures (N, 3, H, W), by what they show.
    """
    inside = without_themselves(ask(model, test.images, preprocess, means), test.labels)
    calibration, rest = inside.every(2), inside.every(2, 1)
    rule = calibrated(calibration)
    return {
        "rule": asdict(rule),
        "calibrated": counted(calibration, rule),
        "inside": counted(rest, rule),
        "outside": {name: counted(ask(model, images, preprocess, means), rule) for name, images in outside.items()},
        "sure": reliability(inside, test.labels),
    }


def stored(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """The rule of a shipped network and how often it errs, as :func:`measure` gave it and pages show it; None where there is none.

    Raises:
        ValueError: it was measured on other weights.
    """
    if checkpoint.file is None:
        return None
    path = checkpoint.file.parent / "results" / f"unfamiliar-{checkpoint.name}.json"
    if not path.is_file():
        return None
    result = json.loads(path.read_text("utf-8"))
    if result["weights"] != checkpoint.sha256:
        raise ValueError(f"{path.name} is of other weights: run `python -m senet unfamiliar {checkpoint.name}` again")
    few = {what: {key: counted[key] for key in ("unfamiliar", "of")} for what, counted in result["outside"].items()}
    inside = {key: result["inside"][key] for key in ("unfamiliar", "of")}
    return {**result["rule"], "inside": inside, "outside": few, "sure": result["sure"]}
