"""How well a linear classifier reads the class from the gates of one block alone.

(Alain and Bengio, arXiv 1610.01644.)
"""

import json
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from senet import pretrained
from senet.images import Pictures

from .profiles import Estimate, gates_by_batch


def linear_probe(
    model: nn.Module,
    train: Pictures,
    test: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    *,
    decay: float = 1e-4,
    batch_size: int = 250,
    progress: bool = True,
) -> dict[str, Estimate]:
    """How well a linear classifier reads the class from the excitations of one block alone: its accuracy on ``test``.

    Logistic regression of the classes on s, each channel standardised, fitted by L-BFGS from zero: the loss is convex, so there is
    one answer and no luck in it. (Least squares would need no iterations, but hides a class that lies between two others.)

    Args:
        model: a network with SE blocks.
        train: pictures to fit to. The excitations of all pictures are kept in memory: 4 bytes for each picture and channel.
        test: pictures to measure on, of the same classes.
        preprocess: uint8 (N, 3, H, W) to what the model takes.
        decay: weight of the squared weights in the loss, which keeps separable classes from driving them to infinity.
        batch_size: pictures a forward.
        progress: show a bar.

    Returns:
        By block, from shallow to deep: the share right, 0 to 1, with Wilson's interval.
    """
    if train.classes != test.classes:
        raise ValueError(f"train has {len(train.classes)} classes and test {len(test.classes)}: both need the same, in one order")
    kept: list[dict[str, list[Tensor]]] = [{}, {}]
    for blocks, pictures in zip(kept, (train, test), strict=True):
        for _, excitations in gates_by_batch(model, pictures, preprocess, batch_size, progress, "probe"):
            for name, s in excitations.items():
                blocks.setdefault(name, []).append(s)
    measured = {}
    for name in list(kept[0]):
        seen, unseen = (torch.cat(blocks.pop(name)) for blocks in kept)
        deviation, centre = torch.std_mean(seen, 0, correction=0)
        scale = torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), 0)  # a gate that never moves says nothing
        weight, bias = _logistic((seen - centre) * scale, train.labels, len(train.classes), decay)
        guess = ((unseen - centre) * scale @ weight + bias).argmax(1)
        measured[name] = wilson(int((guess == test.labels).sum()), len(test))
    return measured


def wilson(right: int, total: int) -> Estimate:
    """``right / total`` with Wilson's score interval (1927), which also holds near 0 and 1."""
    if not 0 <= right <= total or total < 1:
        raise ValueError(f"right={right} of total={total} is not a share: give 0 <= right <= total, and a total of at least 1")
    p, z2 = right / total, 1.959964**2
    centre = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = math.sqrt(z2 * (p * (1 - p) / total + z2 / (4 * total**2))) / (1 + z2 / total)
    return Estimate(p, min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)))  # at 0 and 1 rounding may pass p


def probed(name: str) -> dict[str, Estimate]:
    """What ``python -m senet probe NAME`` found, by block; empty where it has not been run on the weights that ship."""
    checkpoint = pretrained.get(name)
    file = checkpoint.file.parent / "results" / f"probe-{name}.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {block: Estimate(**found) for block, found in said["blocks"].items()} if said.get("weights") == checkpoint.sha256 else {}


def _logistic(x: Tensor, labels: Tensor, classes: int, decay: float) -> tuple[Tensor, Tensor]:
    """Weights (C, K) and biases (K,) of multinomial logistic regression on x (N, C)."""
    weight = torch.zeros(x.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, tolerance_grad=1e-5, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weight + bias, labels) + decay * weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    return weight.detach(), bias.detach()
