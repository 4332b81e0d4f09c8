"""One picture, a reader's own: opened whatever it is, upright and in RGB, cut to a square, and made ready for a network."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision.transforms.v2.functional as TF
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ..arguments import at_least_one, one_of

MIN_SIDE = 8  # pixels; below this a network sees only interpolation
MAX_BYTES = 50_000_000  # of a file, as on the book's pages (frontend/src/picture-editor/picture.ts)
MAX_PIXELS = 100_000_000  # above this a decoded picture takes more memory than a reader's machine should be asked for
INTERPOLATIONS = {"nearest": TF.InterpolationMode.NEAREST_EXACT} | {
    mode.value: mode for mode in (TF.InterpolationMode.BILINEAR, TF.InterpolationMode.BICUBIC)
}


def open_picture(source: str | Path | bytes | io.IOBase | Image.Image | np.ndarray) -> Image.Image:
    """A reader's own picture as an upright 8-bit RGB picture.

    EXIF rotation is applied, transparency laid on white, grey and CMYK turned into RGB, 16 bits reduced to 8; of an animation the
    first frame is taken.

    Args:
        source: a path, a file's bytes, an open file, a Pillow picture or an (H, W), (H, W, 3) or (H, W, 4) uint8 array.

    Raises:
        ValueError: no picture, a folder, empty, above ``MAX_BYTES``, broken, below ``MIN_SIDE``, above ``MAX_PIXELS``, or of an
            unknown range of values.
        FileNotFoundError: there is no such file.
    """
    name = str(source) if isinstance(source, str | Path) else "the picture"
    try:
        if isinstance(source, np.ndarray):
            picture = Image.fromarray(source)
        elif isinstance(source, Image.Image):
            picture = source
        else:
            picture = Image.open(_file(source, name))
        width, height = picture.size
        if min(width, height) < MIN_SIDE:
            raise ValueError(f"{name} is {width}x{height} pixels: choose one of at least {MIN_SIDE} on each side")
        if width * height > MAX_PIXELS:
            raise ValueError(
                f"{name} is {width}x{height}, {width * height / 1e6:.0f} megapixels: scale it below {MAX_PIXELS / 1e6:.0f} first"
            )
        picture.seek(0)
        picture.load()
    except FileNotFoundError:
        raise
    except (UnidentifiedImageError, TypeError) as error:
        if _is_heic(source):
            raise ValueError(f"{name} is a HEIC picture, which Pillow doesn't read by itself: save it as JPEG") from error
        raise ValueError(f"{name} is not a picture that can be read: save it as JPEG, PNG, WebP or GIF") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} is too large: scale it below {MAX_PIXELS / 1e6:.0f} megapixels first") from error
    except (OSError, SyntaxError, EOFError) as error:  # what Pillow raises inside a damaged file
        raise ValueError(f"{name} is damaged or cut short ({error}): open it in an image program and save it again") from error
    return _to_rgb(ImageOps.exif_transpose(picture), name)


def _file(source: str | Path | bytes | io.IOBase, name: str) -> str | Path | io.IOBase:
    """What Pillow opens, once it is known to be a file that is worth reading."""
    if isinstance(source, str | Path):
        path = Path(source)
        if path.is_dir():
            raise ValueError(f"{name} is a folder: name one picture in it")
        size = path.stat().st_size
    elif isinstance(source, bytes):
        size = len(source)
    else:
        return source
    if size == 0:
        raise ValueError(f"{name} is empty: choose another file")
    if size > MAX_BYTES:
        raise ValueError(f"{name} has {size / 1e6:.0f} MB: choose one below {MAX_BYTES / 1e6:.0f} MB")
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _is_heic(source: Any) -> bool:
    """What phones make: a container of films whose brand is a kind of HEIF."""
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            source = file.read(32)
    return isinstance(source, bytes) and source[4:8] == b"ftyp" and source[8:11] in (b"hei", b"hev", b"mif")


def _to_rgb(picture: Image.Image, name: str) -> Image.Image:
    if picture.mode == "F":
        raise ValueError(f"{name} holds real numbers whose range is not known: save it with 8 or 16 bits a channel")
    if picture.mode.startswith("I"):  # 16 bits of grey (32 in Pillow's memory, of which PNG and TIFF fill 16)
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"{name} has values {values.min()} to {values.max()}: save it with 8 or 16 bits a channel")
        return Image.fromarray((values // 257).astype(np.uint8)).convert("RGB")
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def square(picture: Image.Image, size: int, box: tuple[int, int, int] | None = None) -> Image.Image:
    """Cut a square out and scale it to ``size`` x ``size`` pixels.

    Args:
        picture: any size.
        size: side of the result in pixels.
        box: left, top and side of the square in the picture's pixels; None takes the largest one in the middle.
    """
    width, height = picture.size
    side = min(width, height)
    left, top, side = box or ((width - side) // 2, (height - side) // 2, side)
    if side < 1 or left < 0 or top < 0 or left + side > width or top + side > height:
        raise ValueError(f"box={box} leaves the picture of {width}x{height} pixels: keep left + side and top + side within it")
    return picture.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class Preprocessing:
    """From a picture to what the network was trained on.

    The shorter side is resized to ``size / crop`` (antialiased), the middle ``size`` x ``size`` pixels are kept, the values go from
    0...255 to 0...1, then (x - mean) / std for each of R, G, B. A picture of the right size is not resampled.

    Attributes:
        size: height and width of what comes out.
        mean: of R, G and B, on the scale 0...1.
        std: the standard deviation of the same.
        crop: share of the resized picture's shorter side that is kept.
        interpolation: ``"bilinear"``, ``"bicubic"`` or ``"nearest"``.

    Raises:
        ValueError: an argument is out of its bounds, or the input is not a picture.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop: float = 1.0
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        one_of(INTERPOLATIONS, interpolation=self.interpolation)
        at_least_one(size=self.size)
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop={self.crop} has to be above 0 and at most 1: it is the share of the shorter side that is kept")
        for name in ("mean", "std"):
            values = tuple(getattr(self, name))
            if len(values) != 3 or (name == "std" and min(values) <= 0):
                raise ValueError(f"{name}={values} has to be three numbers, for R, G and B{', above 0' * (name == 'std')}")
            object.__setattr__(self, name, values)

    def __call__(self, pictures: Tensor | Image.Image) -> Tensor:
        """uint8 (N, 3, H, W) on any device, or one PIL picture (then N = 1) -> float32 (N, 3, size, size)."""
        x = TF.pil_to_tensor(pictures.convert("RGB"))[None] if isinstance(pictures, Image.Image) else pictures
        if not isinstance(x, Tensor) or x.dtype != torch.uint8 or x.ndim != 4 or x.shape[1] != 3:
            got = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"pictures={got} have to be uint8 (N, 3, H, W), with values 0 to 255, or one PIL picture")
        if x.shape[-2:] != (self.size, self.size):
            x = TF.resize(x, [int(self.size / self.crop)], INTERPOLATIONS[self.interpolation], antialias=True)
            x = TF.center_crop(x, [self.size, self.size])
        mean, std = (torch.tensor(values, device=x.device).view(3, 1, 1) for values in (self.mean, self.std))
        return (x.float() / 255 - mean) / std
