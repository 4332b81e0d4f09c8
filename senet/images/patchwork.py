"""Patchwork: pictures made by code, with their ground truth.

32x32 pixels, ten classes that a person tells apart at a glance. Each class depends on one factor, and the factors are recorded:

=========  ==========================================================================================
factor     classes that it decides
=========  ==========================================================================================
shape      disc, square, triangle, cross
texture    stripes, checks: a patch of any shape with a pattern
hue        ember: a patch of any shape, glowing red to orange, which no other patch is
context    night: a patch of any shape on dark ground; everything else lies on light ground
relation   twins, odd pair: two discs, of one hue or of two. No 3x3 neighbourhood can tell; both places count
=========  ==========================================================================================
"""

import colorsys

import numpy as np
import torch

from . import Pictures

CLASSES = ("disc", "square", "triangle", "cross", "stripes", "checks", "ember", "night", "twins", "odd pair")
SHAPES = CLASSES[:4]
EMBER = (-0.02, 0.07)  # hues as shares of the colour circle: red to orange
OTHER = (0.12, 0.92)
PAIRS = (0.22, 0.55, 0.85)  # what a pair's discs are dyed with, give or take PAIRS_SPREAD: green, blue, pink
PAIRS_SPREAD = 0.05
SIZE = 32

# Pixel centres from -1 to 1, y upwards.
_GRID = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
_X, _Y = np.meshgrid(_GRID, -_GRID)


def patchwork(n: int, seed: int = 0) -> Pictures:
    """``n`` pictures, the ten classes in equal parts and mixed order.

    Picture i of a seed is the same whatever ``n`` is, so that a longer set begins with a shorter one.

    Args:
        n: how many, from 1 up.
        seed: which; different seeds share no picture.

    Returns:
        Pictures of 32x32 with ``factors`` shape, texture, hue, second_hue (NaN where there is one patch), context and pair.
    """
    if n < 1:
        raise ValueError(f"n={n} pictures cannot be made: ask for at least 1")
    images = np.empty((n, SIZE, SIZE, 3), np.uint8)
    labels = np.empty(n, np.int64)
    factors: list[dict] = []
    for i in range(n):
        # Every run of ten pictures holds each class once, in an order of its own.
        order = np.random.default_rng([seed, i // len(CLASSES), 1]).permutation(len(CLASSES))
        labels[i] = order[i % len(CLASSES)]
        images[i], made_of = _picture(CLASSES[labels[i]], np.random.default_rng([seed, i, 0]))
        factors.append(made_of)
    return Pictures(
        torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(labels),
        CLASSES,
        titles=tuple(CLASSES[label] for label in labels),
        credits=("made by code",) * n,
        factors={name: np.array([f[name] for f in factors]) for name in factors[0]},
    )


def _picture(name: str, rng: np.random.Generator) -> tuple[np.ndarray, dict]:
    """One picture of the class ``name``: uint8 (32, 32, 3), and the factors it was made from."""
    pair = name in ("twins", "odd pair")
    made_of = {
        "shape": "disc" if pair else name if name in SHAPES else str(rng.choice(SHAPES)),
        "texture": name if name in ("stripes", "checks") else "plain",
        "hue": rng.uniform(*EMBER) % 1 if name == "ember" else rng.uniform(*OTHER),
        "second_hue": np.nan,
        "context": "night" if name == "night" else "day",
        "pair": pair,
    }
    canvas = _ground(made_of["context"], rng)
    # Saturation and value: of both discs of a pair, so that only hue differs.
    tone = rng.uniform(0.6, 0.9), rng.uniform(0.55, 0.9)
    if not pair:
        centre, radius = rng.uniform(-0.3, 0.3, 2), rng.uniform(0.42, 0.6)
        _lay(canvas, made_of["shape"], made_of["texture"], _cloth(made_of["hue"], tone), centre, radius, rng)
    else:
        # Both classes draw from the same three dyes, so that one disc alone tells nothing about its partner.
        first, second = rng.choice(PAIRS, 2, replace=False) + rng.uniform(-PAIRS_SPREAD, PAIRS_SPREAD, 2)
        made_of["hue"], made_of["second_hue"] = first, first if name == "twins" else second
        angle, reach = rng.uniform(0, np.pi), rng.uniform(0.4, 0.5)
        centre = reach * np.array([np.cos(angle), np.sin(angle)])
        for sign, hue in ((1, made_of["hue"]), (-1, made_of["second_hue"])):
            _lay(canvas, "disc", "plain", _cloth(hue, tone), sign * centre, rng.uniform(0.3, 0.38), rng)
    canvas += rng.normal(0, 0.02, canvas.shape)  # the grain of cloth: no two pixels quite the same
    return np.round(np.clip(canvas, 0, 1) * 255).astype(np.uint8), made_of


def _rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value))


def _cloth(hue: float, tone: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """The light and the dark colour of a patch, RGB."""
    saturation, value = tone
    return _rgb(hue, saturation, value), _rgb(hue, saturation, value * 0.35)


def _ground(context: str, rng: np.random.Generator) -> np.ndarray:
    """The cloth below: light by day, dark by night, with a slope of brightness in some direction."""
    value = rng.uniform(0.8, 0.95) if context == "day" else rng.uniform(0.08, 0.2)
    angle = rng.uniform(0, 2 * np.pi)
    slope = 1 + 0.08 * (np.cos(angle) * _X + np.sin(angle) * _Y)
    return _rgb(rng.uniform(), rng.uniform(0, 0.12), value) * slope[..., None]


def _lay(
    canvas: np.ndarray,
    shape: str,
    texture: str,
    cloth: tuple[np.ndarray, np.ndarray],
    centre: np.ndarray,
    radius: float,
    rng: np.random.Generator,
) -> None:
    """Lay a patch on the canvas, in place, its edge softened over one pixel."""
    turn = rng.uniform(-0.2, 0.2)  # radians: enough to vary, too little for a square to become a diamond
    dx, dy = _X - centre[0], _Y - centre[1]
    x, y = np.cos(turn) * dx - np.sin(turn) * dy, np.sin(turn) * dx + np.cos(turn) * dy
    inside = np.clip(0.5 - _distance(shape, x, y, radius) * SIZE / 2, 0, 1)[..., None]
    canvas += inside * (np.where(_pattern(texture, x, y, rng)[..., None], *cloth) - canvas)


def _distance(shape: str, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Signed distance to the outline, negative inside, in units of half the picture's side."""
    if shape == "disc":
        return np.hypot(x, y) - radius
    if shape == "square":
        return np.maximum(abs(x), abs(y)) - radius * 0.85
    if shape == "cross":
        arm = radius * 0.32
        upright = np.maximum(abs(x) - arm, abs(y) - radius)
        across = np.maximum(abs(x) - radius, abs(y) - arm)
        return np.minimum(upright, across)
    # Triangle, pointing up: the largest of the distances to its three sides.
    return np.maximum(-y, abs(x) * np.sqrt(3) / 2 + y / 2) - radius * 0.55


def _pattern(texture: str, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """True where the patch shows its light tone: everywhere, in stripes, or in checks, 3 to 4 pixels wide."""
    width = rng.uniform(3, 4) * 2 / SIZE
    phase = rng.uniform(0, 2, 2)
    angle = rng.uniform(0, np.pi) if texture == "stripes" else 0.0
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    columns, rows = np.floor(along / width + phase[0]), np.floor(across / width + phase[1])
    if texture == "stripes":
        return columns % 2 == 0
    if texture == "checks":
        return (columns + rows) % 2 == 0
    return np.ones_like(x, dtype=bool)


def ground(context: str, seed: int = 0) -> torch.Tensor:
    """The cloth alone, with its grain: uint8 (3, 32, 32). ``context`` is ``"day"`` or ``"night"``."""
    rng = np.random.default_rng([seed, 2])
    canvas = _ground(context, rng)
    canvas += rng.normal(0, 0.02, canvas.shape)
    return torch.from_numpy(np.round(np.clip(canvas, 0, 1) * 255).astype(np.uint8)).permute(2, 0, 1).contiguous()


def layer(
    shape: str,
    texture: str,
    hue: float,
    *placed: tuple[float, float, float],
    seed: int = 0,
) -> torch.Tensor:
    """Patches without ground, to be moved about: uint8 (4, 32, 32), red, green and blue times opacity, then opacity.

    Args:
        shape: one of ``SHAPES``.
        texture: ``"plain"``, ``"stripes"`` or ``"checks"``.
        hue: as a share of the colour circle.
        *placed: x, y and radius of each patch, in units of half the picture's side.
    """
    sheets = []
    for colour in (np.zeros(3), np.ones(3)):  # what shows through tells how opaque the patches are
        canvas = np.broadcast_to(colour, (SIZE, SIZE, 3)).copy()
        rng = np.random.default_rng([seed, 3])
        for x, y, radius in placed:
            _lay(canvas, shape, texture, _cloth(hue, (0.8, 0.85)), np.array([x, y]), radius, rng)
        sheets.append(canvas)
    black, white = sheets
    both = np.concatenate([black, 1 - (white - black)[..., :1]], axis=2)
    return torch.from_numpy(np.round(np.clip(both, 0, 1) * 255).astype(np.uint8)).permute(2, 0, 1).contiguous()


def laid(ground: torch.Tensor, layer: torch.Tensor, right: int = 0, down: int = 0) -> torch.Tensor:
    """A :func:`layer` on a :func:`ground`, moved by whole pixels; what leaves the picture is cut off: uint8 (3, 32, 32)."""
    moved = torch.zeros_like(layer)
    rows, columns = (slice(max(0, by), SIZE + min(0, by)) for by in (down, right))
    from_rows, from_columns = (slice(max(0, -by), SIZE + min(0, -by)) for by in (down, right))
    moved[:, rows, columns] = layer[:, from_rows, from_columns]
    colour, opacity = moved[:3].int(), moved[3:].int()
    return ((255 * colour + (255 - opacity) * ground.int() + 127) // 255).to(torch.uint8)
