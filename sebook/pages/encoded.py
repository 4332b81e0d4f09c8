"""Numbers and pictures as text for a page, and back: base64 of 8, 16 or 32 bits, and a WebP with all pictures."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

COLUMNS = 8  # pictures in a row of the sprite


def packed(values: Tensor, type: str) -> dict[str, Any]:
    """Numbers as base64, little-endian: ``"f4"`` as they are; ``"u2"``, ``"u1"`` as 16- or 8-bit steps from ``low`` to ``high``."""
    array = values.detach().cpu().to(torch.float64).numpy()
    if type == "f4":
        return {"type": type, "data": _base64(array.astype("<f4").tobytes())}
    steps = {"u2": 65535, "u1": 255}[type]
    low, high = float(array.min()), float(array.max())
    counted = np.round((array - low) / ((high - low) or 1.0) * steps)
    return {"type": type, "low": low, "high": high, "data": _base64(counted.astype(f"<{type}").tobytes())}


def unpacked(packed: Mapping[str, Any], width: int) -> Tensor:
    """What :func:`packed` packed, as float32 rows of ``width`` numbers."""
    array = np.frombuffer(base64.b64decode(packed["data"]), f"<{packed['type']}").astype(np.float64)
    if packed["type"] != "f4":
        steps = {"u2": 65535, "u1": 255}[packed["type"]]
        array = packed["low"] + array / steps * (packed["high"] - packed["low"])
    return torch.from_numpy(array.astype(np.float32)).view(-1, width)


def sprite(pictures: Tensor) -> dict[str, Any]:
    """All pictures, uint8 (N, 3, H, H), in one lossless WebP as a data URL."""
    size, columns = pictures.shape[-1], min(COLUMNS, len(pictures))
    sheet = Image.new("RGB", (columns * size, -(-len(pictures) // columns) * size))
    for i, picture in enumerate(pictures.permute(0, 2, 3, 1).cpu().numpy()):
        sheet.paste(Image.fromarray(picture), (i % columns * size, i // columns * size))
    file = io.BytesIO()
    sheet.save(file, "WEBP", lossless=True, quality=100, method=4, exact=True)  # 1 % smaller than 3; 6 takes 30 times as long
    return {"url": f"data:image/webp;base64,{_base64(file.getvalue())}", "size": size, "columns": columns}


def photograph(image: Image.Image, quality: int) -> tuple[str, np.ndarray]:
    """A photograph as a page gets it, a data URL of a WebP, and its pixels as they are then, uint8 (H, W, 3)."""
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, method=6)
    return f"data:image/webp;base64,{_base64(file.getvalue())}", np.array(Image.open(file).convert("RGB"))


def cut(sprite: Mapping[str, Any], count: int) -> Tensor:
    """The first ``count`` pictures of a :func:`sprite`, uint8 (count, 3, size, size)."""
    file = io.BytesIO(base64.b64decode(sprite["url"].partition(",")[2]))
    sheet, size = np.array(Image.open(file).convert("RGB")), sprite["size"]
    corners = [(i // sprite["columns"] * size, i % sprite["columns"] * size) for i in range(count)]
    return torch.from_numpy(np.stack([sheet[y : y + size, x : x + size] for y, x in corners])).permute(0, 3, 1, 2)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
