"""Pictures as a network file takes them, which the file itself doesn't say: what isn't told is guessed, with a warning."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from senet.images.picture import open_picture

from .onnx_network import OnnxNetwork
from .tapped import Tapped

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TFLITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Way:
    """From a picture to what a network takes: (x / 255 - mean) / std.

    Attributes:
        mean: of R, G and B, on the scale 0 to 1; None for a guess, which warns.
        std: the same for the standard deviation.
        size: height and width, for a file that leaves them open; None for what the file says, or 224.
    """

    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    size: tuple[int, int] | None = None


def opened(path: str | Path, size: Sequence[int] | None = None, rest: Mapping[str, Any] | None = None) -> Tapped:
    """The network of an .onnx or .tflite file; ``rest`` is what it takes besides its picture.

    Raises:
        ValueError: another kind of file, or whatever :class:`OnnxNetwork` and ``TfliteNetwork`` refuse.
        FileNotFoundError: there is no such file.
        ImportError: what the kind of file needs is not installed.
    """
    kind = Path(path).suffix.lower()
    if kind == ".tflite":
        from .tflite_network import TfliteNetwork

        return TfliteNetwork(path, rest)
    if kind != ".onnx":
        raise ValueError(f"{path} ends in {kind or 'nothing'}: files that end in .onnx and .tflite are read")
    return OnnxNetwork(path, None if size is None else (1, 3, *size), rest)


def taken(network: Tapped, sources: Sequence[str | Path | Image.Image], way: Way) -> np.ndarray:
    """Pictures cut to the network's shape from their middle, (N, 3, H, W) or (N, H, W, 3), float32.

    Raises:
        ValueError: a file that is not a picture, or a network that doesn't take pictures.
    """
    shape = network.shape
    if len(shape) != 4:
        raise ValueError(f"{network.path} takes an input of shape {shape}, not a picture: run it from Python with your own arrays")
    height, width, channels = shape[1:] if network.channels_last else (*shape[2:], shape[1])
    if channels not in (1, 3):
        raise ValueError(f"{network.path} takes pictures of {channels} channels: run it from Python with your own arrays")
    mean, std = way.mean, way.std
    if mean is None or std is None:
        guess = TFLITE if network.path.suffix.lower() == ".tflite" else IMAGENET
        mean, std = mean or guess[0], std or guess[1]
        warnings.warn(
            f"{network.path.name} doesn't say how it takes pictures: guessed (x / 255 - {list(mean)}) / {list(std)}. "
            "If that is wrong, so are the numbers below: give --mean and --std",
            stacklevel=2,
        )
    rows = []
    for source in sources:
        cut = ImageOps.fit(open_picture(source), (width, height), Image.Resampling.BICUBIC)
        x = (np.asarray(cut, np.float32) / 255 - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
        if channels == 1:
            x = x.mean(2, keepdims=True)
        rows.append(x if network.channels_last else x.transpose(2, 0, 1))
    return np.stack(rows).astype(np.float32)
