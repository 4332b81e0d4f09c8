"""Pictures that a caller gives a widget: one or several, in any usual form."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from senet.images.picture import open_picture


def open_pictures(pictures: Any) -> list[Image.Image]:
    """One picture or several, each whatever :func:`~senet.images.picture.open_picture` takes,
    or a uint8 array or tensor of them.

    Args:
        pictures: a path, a picture, an array (H, W, 3) or a tensor (3, H, W); several of these in
            a list; or (N, H, W, 3), (N, 3, H, W).

    Raises:
        ValueError: as :func:`~senet.images.picture.open_picture` does; values that are not bytes.
        FileNotFoundError: there is no such file.
    """
    if isinstance(pictures, Tensor):
        pictures = pictures.detach().cpu().numpy()
    alone = isinstance(pictures, str | Path | bytes | io.IOBase | Image.Image)
    if alone or getattr(pictures, "ndim", 4) < 4:
        pictures = [pictures]
    return [open_picture(_channels_last(each)) for each in pictures]


def _channels_last(picture: Any) -> Any:
    """(3, H, W), as PyTorch has pictures, to (H, W, 3)."""
    if isinstance(picture, Tensor):
        picture = picture.detach().cpu().numpy()
    if not isinstance(picture, np.ndarray):
        return picture
    if picture.dtype != np.uint8:
        dtype = picture.dtype
        raise ValueError(f"a picture of {dtype} has no known range: pass bytes, uint8 from 0 to 255")
    first = picture.ndim == 3 and picture.shape[2] not in (3, 4) and picture.shape[0] in (1, 3, 4)
    return picture.transpose(1, 2, 0).squeeze() if first else picture
