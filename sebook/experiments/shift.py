"""Does SE still help on pictures unlike those of its training? Networks with SE and without it meet corrupted test pictures.

Five corruptions, each in five strengths, by torchvision's transforms and Pillow's JPEG; every network sees the same corrupted
pictures, down to the noise. Hendrycks and Dietterich (arXiv 1903.12261) ask so of ImageNet networks. The corruptions here are like
some of theirs, with strengths of our own: imagecorruptions, the package that has theirs, had its last release in 2020.

A gate can be compared with itself: how far it is from where it was for the clean picture. The unit is the distance between the
gates of two different clean pictures, so that 1 means: as far as if it were another picture altogether.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as transforms

from senet.images import Pictures
from senet.inside.recording import record
from senet.models.se import SEBlock
from senet.training import evaluate

from .study import Arm, mean_interval

MOST = 2000  # pictures that are corrupted; of more, every so many


def _noise(images: Tensor, deviation: float) -> Tensor:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return transforms.gaussian_noise(images, sigma=deviation)


def _blur(images: Tensor, share: float) -> Tensor:
    sigma = share * images.shape[-1]
    size = 2 * round(3 * sigma) + 1
    return transforms.gaussian_blur(images, [size, size], [sigma, sigma])


def _jpeg(images: Tensor, quality: int) -> Tensor:
    made = []
    for image in images:  # by Pillow: torchvision's own encoder is going to be removed
        file = io.BytesIO()
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
        made.append(np.asarray(Image.open(file)))
    return torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2)


# By name: what makes it of uint8 (N, 3, H, W), and its five strengths, in words and in numbers.
CORRUPTIONS: dict[str, tuple[Callable[[Tensor, Any], Tensor], str, tuple[float, ...]]] = {
    "noise": (_noise, "standard deviation of Gaussian noise, of the range", (0.04, 0.08, 0.12, 0.18, 0.25)),
    "blur": (_blur, "sigma of a Gaussian, of the picture's side", (0.0125, 0.02, 0.03, 0.04, 0.05)),
    "JPEG": (_jpeg, "quality", (50, 30, 20, 12, 6)),
    "contrast": (transforms.adjust_contrast, "factor", (0.75, 0.5, 0.4, 0.3, 0.15)),
    "brightness": (transforms.adjust_brightness, "factor", (1.25, 1.5, 1.75, 2.0, 2.5)),
}


def measure(model: nn.Module, test: Pictures, preprocess: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    """Accuracy on ``test`` as it is and corrupted, and how far the gates move.

    Returns:
        ``loss`` and ``accuracy`` on all clean pictures; ``corrupted_pictures``, how many of them were corrupted; ``clean``, the
        accuracy on these before; and ``shift``: by corruption for each ``strength`` the ``accuracy`` (0 to 1) and ``gates``, the
        mean distance from the clean pictures' gates (1: as far as another picture's; None without SE).
    """
    some = test[:: -(-len(test) // MOST)]
    gated = any(isinstance(module, SEBlock) for module in model.modules())
    clean, before = _answers(model, some.images, preprocess, gated)
    unit = 1.0
    if gated:
        # Sets may lie class by class: a picture half way around is of another class.
        unit = (before - before.roll(len(before) // 2 + 1, 0)).abs().mean().item()
    shift: dict[str, list[dict[str, float | None]]] = {}
    for name, (corrupt, _, strengths) in CORRUPTIONS.items():
        shift[name] = []
        for strength in strengths:
            corrupted = torch.cat([corrupt(part, strength) for part in some.images.split(1000)])
            logits, gates = _answers(model, corrupted, preprocess, gated)
            far = (gates - before).abs().mean().item() / unit if gated else None
            shift[name].append({"strength": strength, "accuracy": _right(logits, some), "gates": far})
    return evaluate(model, test, preprocess) | {
        "corrupted_pictures": len(some),
        "clean": _right(clean, some),
        "shift": shift,
    }


def _answers(model: nn.Module, images: Tensor, preprocess: Callable[[Tensor], Tensor], gated: bool) -> tuple[Tensor, Tensor]:
    """Logits (N, classes), and all gates of each picture (N, gates); empty without SE."""
    logits, gates = [], []
    model.eval()
    for part in images.split(250):
        x = preprocess(part)
        if gated:
            seen = record(model, x)
            logits.append(seen.logits)
            gates.append(torch.cat([block.excitation for block in seen.blocks.values()], 1))
        else:
            with torch.no_grad():
                logits.append(model(x))
    return torch.cat(logits), torch.cat(gates) if gates else torch.empty(0)


def _right(logits: Tensor, pictures: Pictures) -> float:
    return (logits.argmax(1) == pictures.labels).double().mean().item()


def at_equal_error(said: Mapping[str, Any], name: str, lost: float) -> float | None:
    """How far the gates are from the clean pictures' where ``name`` costs ``lost`` (0 to 1) of the accuracy, interpolated.

    None where no strength costs that much.
    """
    loss, far = 0.0, 0.0
    for step in said["shift"][name]:
        next_loss = said["clean"] - step["accuracy"]
        if next_loss >= lost:
            return far + (step["gates"] - far) * (lost - loss) / (next_loss - loss)
        loss, far = next_loss, step["gates"]
    return None


def leads(result: Mapping[str, Any], arm: str) -> dict[str, list[tuple[float, float]]]:
    """How far the first arm of a study is ahead of ``arm``: mean and half of its 95 % interval over the seeds, paired.

    Returns:
        ``"clean"``: one pair. Each corruption: a pair for each strength, and one for the mean of all five. ``"all"``: one pair for
        the mean over all 25. ``"grows"``: one pair for that mean minus the clean lead.
    """
    first, other = _by_seed(result, Arm(**result["study"]["arms"][0]).name), _by_seed(result, arm)
    seeds = sorted(first.keys() & other.keys())

    def led(seed: int) -> dict[str, list[float]]:
        one, two = first[seed], other[seed]
        lead = {"clean": [one["clean"] - two["clean"]]}
        for name, steps in one["shift"].items():
            pairs = zip(steps, two["shift"][name], strict=True)
            lead[name] = [ours["accuracy"] - theirs["accuracy"] for ours, theirs in pairs]
            lead[name].append(sum(lead[name]) / len(lead[name]))
        lead["all"] = [sum(lead[name][-1] for name in one["shift"]) / len(one["shift"])]
        return lead | {"grows": [lead["all"][0] - lead["clean"][0]]}

    found = [led(seed) for seed in seeds]
    return {name: [mean_interval(list(each)) for each in zip(*(lead[name] for lead in found), strict=True)] for name in found[0]}


def moves(result: Mapping[str, Any], arm: str, lost: float) -> dict[str, tuple[float, float, int]]:
    """By corruption :func:`at_equal_error`, mean and half interval over the seeds that lose so much, and how many these are."""
    found = {}
    for name in CORRUPTIONS:
        far = [at_equal_error(said, name, lost) for said in _by_seed(result, arm).values()]
        far = [each for each in far if each is not None]
        found[name] = (*mean_interval(far), len(far))
    return found


def _by_seed(result: Mapping[str, Any], arm: str) -> dict[int, Mapping[str, Any]]:
    return {said["seed"]: said for said in result["runs"] if said["arm"] == arm}


def table(result: Mapping[str, Any], arm: str) -> str:
    """:func:`leads`, in points, as Markdown."""

    def cell(pair: Sequence[float]) -> str:
        mean, half = (f"{100 * value:.1f}" for value in pair)
        return f"{'' if mean.startswith('-') else '+'}{mean}\xa0±\xa0{half}".replace("-", "−").replace("\xa0±\xa0nan", "")

    found = leads(result, arm)
    lines = ["| pictures | strength 1 | 2 | 3 | 4 | 5 | mean |", "|---|" + "---:|" * 6]
    lines += [f"| {name} | " + " | ".join(map(cell, found[name])) + " |" for name in CORRUPTIONS]
    return "\n".join([*lines, *(f"| {name} |" + " |" * 5 + f" {cell(*found[name])} |" for name in ("all", "clean"))])
