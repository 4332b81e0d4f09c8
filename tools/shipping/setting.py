"""One network in float, and what it answers: what every measurement in 8 bits is compared with."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sebook.cli import datasets
from sebook.shipping import int8, plain
from senet import pretrained

from . import chosen

NETWORKS = ("se_resnet20_cifar10", "se_resnet18_slim_imagenet100")
TESTED = 2000  # pictures, every nth of the test set


@dataclass(frozen=True)
class Setting:
    """A network, its file in float, its pictures, preprocessed, and its answers to those that are tested.

    Attributes:
        data: what the pictures are. source: the float file. names: of the tensors that hold its gates, in forward order.
        calibration: pictures of the training set. pictures, labels: those that are tested. logits, gates: the answers in float.
    """

    data: str
    model: nn.Module
    source: Path
    names: tuple[str, ...]
    calibration: np.ndarray
    pictures: np.ndarray
    labels: np.ndarray
    logits: np.ndarray
    gates: list[np.ndarray]

    @classmethod
    def of(cls, name: str, folder: Path) -> "Setting":
        """Of a network that ships. Its float file is written to ``folder``."""
        checkpoint = pretrained.get(name)
        model = pretrained.load(checkpoint, progress=False).eval()
        data = checkpoint.provenance["data"]
        train, test = (datasets.DATA[data](split) for split in ("train", "test"))
        calibration, some = chosen.calibration(checkpoint, train).numpy(), chosen.tested(test, TESTED)
        pictures, labels = checkpoint.preprocessing(some.images).numpy(), some.labels.numpy()
        source = plain.write(model, folder / "float.onnx", checkpoint.preprocessing.size)
        names = plain.parts(source).excitations
        logits, *gates = plain.answers(source, pictures, names)
        gates = [each.reshape(len(each), -1) for each in gates]
        return cls(datasets.described(data), model, source, names, calibration, pictures, labels, logits, gates)

    def about(self) -> dict[str, Any]:
        """What a result says of the network in float."""
        right = float((self.logits.argmax(1) == self.labels).mean())
        return {"data": self.data, "float": {"accuracy": right, "bytes": self.source.stat().st_size}}

    def row(self, tool: str, how: str, logits: np.ndarray, gates: list[np.ndarray] | None, **more: Any) -> dict[str, Any]:
        """What is kept of one quantised network."""
        print(f"{tool}, {how}", flush=True)
        far = None
        if gates is not None:
            pairs = [int8.error(each, exact) for each, exact in zip(gates, self.gates, strict=True)]
            far = {"mean": [pair[0] for pair in pairs], "of its strays": [pair[1] for pair in pairs]}
        said = int8.compared(logits, self.logits, self.labels)
        return {"tool": tool, "how": how, **vars(said), "gates": far, **more}


def measured(calibration: str, measure: Callable[[Setting, Path], dict[str, Any]]) -> dict[str, Any]:
    """A result over all networks, on one thread: what ``measure`` finds of each, with a folder for its files."""
    torch.set_num_threads(1)
    found = {}
    for name in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            setting = Setting.of(name, Path(folder))
            found[name] = setting.about() | measure(setting, Path(folder))
    return {
        "seed": chosen.SEED,
        "tested": f"{TESTED} pictures, every nth of the test set",
        "calibration": f"{calibration} pictures of the training set, chosen by seed",
        "interval": "95 %, of the paired difference from float",
        "networks": found,
    }
