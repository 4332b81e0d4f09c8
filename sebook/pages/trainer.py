"""What a page needs to train a network itself, in one file: graphs, names, and how a seed makes weights.

A run in the page is the run that Python would make with the same seed: the same first weights,
pictures, order, shifts and rates. PyTorch's generator is simple enough to be written again in the
page (frontend/src/training/torch-random.ts); what it is asked for, in which order, is recorded here
as the network is made.

A step is computed by the processor, in WebAssembly, and WebGPU is not offered. The quick recipe's
step has some 800 nodes. To dispatch one operation to a GPU takes 24 to 36 microseconds by Vulkan,
32 to 71 by Metal (Maczan, https://arxiv.org/abs/2604.02344): for those that compute, more than a
processor takes for the whole step. ``Max``, ``Sign`` and ``LogSoftmax`` are not in ONNX Runtime
Web's list of operators for WebGPU, so that data would go back and forth within a step. And the
runtime would be almost twice as large to fetch. :mod:`tools.page_training` counts these.
"""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from senet import pretrained
from senet.images import Pictures, statistics
from senet.images.patchwork import patchwork

from ..experiments.studies import STUDIES
from .train_step import Step, asked_onnx, blocks_of, layout, network_onnx, step_onnx

FORMAT = 2  # counted up whenever an older page would misread what is written here
ASKED = 50  # pictures at a time that the network is asked about
STUDY = "minute"
ARMS = {"se": 0, "none": 1}  # files, and the study's arms that they hold
# The quick recipe's networks have half of the channels, and so less than a third of the arithmetic; its batches are smaller.
REDUCTIONS = (2, 4, 8, 16)
QUICK: dict[str, Any] = {"arguments": {"widths": [8, 16, 32]}, "recipe": {"batch_size": 16}}


class Draws(TorchDispatchMode):
    """Notes what PyTorch's generator is asked for: kind, count, bounds or moments, and where to."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[tuple[str, int, float, float, int]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name = function.overloadpacket.__name__
        if name in ("uniform_", "normal_"):
            low, high = (*args[1:], *((0.0, 1.0)[len(args) - 1 :]))
            self.drawn.append((name, args[0].numel(), low, high, args[0].data_ptr()))
        return function(*args, **kwargs or {})


def start(make: Callable[[], nn.Module]) -> tuple[nn.Module, list[dict[str, Any]]]:
    """A network, and what its first weights are made of, in order: ``kind``, ``count``, ``a``, ``b``, ``to``.

    ``to`` is the parameter that keeps these numbers, and None where later ones replace them. A
    parameter that is constant comes first, with the kind ``fill`` and the number ``a``.
    """
    with Draws() as draws:
        model = make()
    names = {parameter.data_ptr(): name for name, parameter in model.named_parameters()}
    kept = {pointer: i for i, (*_, pointer) in enumerate(draws.drawn) if pointer in names}
    parts = [
        {"kind": kind.rstrip("_"), "count": count, "a": a, "b": b, "to": names[pointer] if kept.get(pointer) == i else None}
        for i, (kind, count, a, b, pointer) in enumerate(draws.drawn)
    ]
    still = [(name, p) for name, p in model.named_parameters() if p.data_ptr() not in kept]
    for name, parameter in still:
        if (parameter != parameter.flatten()[0]).any():
            raise ValueError(f"{name} is neither constant nor drawn by uniform_ or normal_: a page could not make it")
    return model, [
        {"kind": "fill", "count": p.numel(), "a": p.flatten()[0].item(), "b": 0, "to": name} for name, p in still
    ] + parts


def described(arm: str, train: Pictures | None = None, *, quick: bool = False, r: int = 4) -> dict[str, Any]:
    """Everything of one arm, as plain values: of the study's network, or of the ``quick`` recipe's; with SE, of ratio ``r``."""
    study, changed = STUDIES[STUDY], QUICK if quick else {"arguments": {}, "recipe": {}}
    arguments = study.arms[ARMS[arm]].arguments | changed["arguments"] | ({"reduction": r} if arm == "se" else {})
    recipe = replace(study.recipe, **changed["recipe"])
    train = train or patchwork(study.pictures, seed=1)
    model, draws = start(lambda: pretrained.ARCHITECTURES[study.architecture](num_classes=len(train.classes), **arguments))
    preprocessing = pretrained.Preprocessing(train.images.shape[-1], *statistics(train))
    step = Step(model, recipe, preprocessing, len(train.classes))
    order = layout(model)
    buffers = model.state_dict()
    network, places = network_onnx(step)
    return {
        "format": FORMAT,
        "title": "SE-ResNet-8" if arm == "se" else "ResNet-8",
        "architecture": study.architecture,
        "arguments": arguments,
        "classes": list(train.classes),
        "preprocessing": asdict(preprocessing),
        "recipe": asdict(recipe),
        "pictures": len(train),
        "weights": [[name, list(shape)] for name, shape in order.weights],
        "statistics": [[name, list(shape), buffers[name].flatten()[0].item()] for name, shape in order.statistics],
        "draws": draws,
        "blocks": [{"name": name, "channels": points.channels} for name, points in blocks_of(model).items()],
        "asked": ASKED,
        "step_onnx": _text(step_onnx(step)),
        "asked_onnx": _text(asked_onnx(step, ASKED)),
        "network_onnx": _text(gzip.compress(network, mtime=0)),  # nearly all of it zeros
        "places": places,
    }


def build(folder: Path) -> list[Path]:
    """Write ``train-<net>.json`` for each network that a page offers: ``se-r4``, ``none``, and the like with ``-quick``."""
    train = patchwork(STUDIES[STUDY].pictures, seed=1)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for quick in (False, True):
        for net, arm, r in [("none", "none", 4), *((f"se-r{r}", "se", r) for r in REDUCTIONS)]:
            paths.append(folder / f"train-{net}{'-quick' if quick else ''}.json")
            told = described(arm, train, quick=quick, r=r)
            paths[-1].write_text(json.dumps(told, separators=(",", ":")), encoding="utf-8")
    return paths


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
