"""Grad-CAM of the last SE block: how far the maps differ between the layers that one could name.

    before the gate      U, what the block takes
    after the gate       s U, with the same spatial pattern in each channel
    after the addition   s U + shortcut
    frozen               U again, with gates that no gradient passes: the control for the cause
    covering             no Grad-CAM: by how much the logit falls when a patch under this pixel of the map is grey

Grad-CAM weighs channels by their mean gradient. Where the map lacks the factor s, the gradient has it, so before and after differ
only by what U does to the gate itself, through the squeeze.
"""

from itertools import combinations
from typing import Any

import numpy as np
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from sebook.cli import datasets
from sebook.shipping import plain
from senet import pretrained
from senet.models.se import SEBlock

from .chosen import SEED, tested
from .medians import INTERVAL, median

NETWORKS = ("se_resnet_patchwork", "se_resnet20_cifar10")
TESTED = 200


def measure() -> dict[str, Any]:
    """All networks."""
    torch.set_num_threads(1)
    return {
        "seed": SEED,
        "tested": f"{TESTED} pictures, every nth of the test set; the predicted class",
        "interval": INTERVAL,
        "correlation": "Pearson's, of two maps' pixels before anything is cut off below zero",
        "networks": {name: _network(name) for name in NETWORKS},
    }


def _network(name: str) -> dict[str, Any]:
    checkpoint, test = datasets.with_test_pictures(name)
    pictures = checkpoint.preprocessing(tested(test, TESTED).images)
    found = maps(pretrained.load(checkpoint, progress=False), pictures)
    said = {}
    for one, other in combinations(found, 2):
        alike = correlation(found[one], found[other])
        known = alike[np.isfinite(alike)]
        half = float((known < 0.5).mean())
        said[f"{one}, {other}"] = {**median(known), "below a half": half, "maps": len(known)}
    print(name, said, flush=True)
    return {"data": datasets.described(checkpoint.provenance["data"]), "side": found["before the gate"].shape[-1], "pairs": said}


def maps(model: nn.Module, pictures: Tensor) -> dict[str, np.ndarray]:
    """Captum's Grad-CAM for the predicted class, (N, H, W), by the layer that is named; of the last SE block."""
    model = plain.apart(model)
    block = [module for module in model.modules() if isinstance(module, SEBlock)][-1]
    block.product = nn.Identity()  # a name for what is after the gate and before the addition

    def rescale(u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
        scaled = block.product(u * s[:, :, None, None])
        return scaled if shortcut is None else scaled + shortcut

    block.rescale = rescale
    with torch.no_grad():
        target = model(pictures).argmax(1)
    ways = {
        "before the gate": (block, True, False),
        "after the gate": (block.product, False, False),
        "after the addition": (block, False, False),
        "frozen": (block, True, True),
    }
    said = {}
    excite = block.excite
    for name, (layer, given, frozen) in ways.items():
        block.excite = (lambda z: excite(z).detach()) if frozen else excite
        cam = LayerGradCam(model, layer)
        parts = []
        for some, classes in zip(pictures.split(50), target.split(50), strict=True):
            got = cam.attribute(some, classes, attribute_to_layer_input=given)
            got = got[0] if isinstance(got, tuple) else got  # the block takes maps and shortcut
            parts.append(got[:, 0].detach().numpy())
        said[name] = np.concatenate(parts)
    said["covering"] = covering(model, pictures, target, said["frozen"].shape[-1])
    return said


@torch.no_grad()
def covering(model: nn.Module, pictures: Tensor, target: Tensor, side: int) -> np.ndarray:
    """By how much the logit of ``target`` falls with each of ``side`` by ``side`` patches at the mean colour, (N, side, side)."""

    def logit(x: Tensor) -> Tensor:
        return torch.cat([model(some) for some in x.split(100)]).gather(1, target[:, None])[:, 0]

    wide, plain_ones = pictures.shape[-1] // side, logit(pictures)
    falls = torch.empty(len(pictures), side, side)
    for y in range(side):
        for x in range(side):
            covered = pictures.clone()
            covered[:, :, y * wide : (y + 1) * wide, x * wide : (x + 1) * wide] = 0
            falls[:, y, x] = plain_ones - logit(covered)
    return falls.numpy()


def correlation(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each picture's two maps (N, H, W), over pixels: (N,), NaN where a map has one value only."""
    a, b = (each.reshape(len(each), -1) for each in (ones, others))
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))
