"""The SE block in one figure: a picture's own maps shrink to numbers, pass the bottleneck, open gates, and dim.

Everything in it is what the first block of the shipped SE-ResNet-20 computes for the cat. :class:`BlockFigure` is the SVG of the
pages, in the colours of u, z, s and x-tilde (``frontend/src/styles/block.css``, which also moves it).
:mod:`sebook.pages.block_card` draws the same layout as the picture that goes with a link.
"""

import base64
import functools
import html
import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from senet import pretrained
from senet.images import photographs
from senet.inside.recording import record

NETWORK, BLOCK, PICTURE = "se_resnet20_cifar10", "layer1.0.se", "Chelsea the cat"
CHANNELS = (1, 2, 3, 6, 10, 12, 14, 15)  # shown of the block's 16: gates from nearly closed to nearly open
LEVELS = 16  # of a map's grey: a map is 400 bytes

# Places in the drawing: a column for each channel, rows from top to bottom.
COLUMN, SIDE = 46, 42  # from one column to the next, a map's side
WIDTH = COLUMN * len(CHANNELS)
PHOTO = 48
ROW = {"u": 56, "z": 137, "hidden": 208, "s": 281, "x": 325}  # maps: their upper edge; numbers: their middle
GAUGE = (12, 20)  # a gate's width and height
Box = tuple[float, float, float, float]  # left, top, width, height
HEIGHT = ROW["x"] + SIDE + 2
FANS = (("w1", ROW["z"] + 11, ROW["hidden"] - 15), ("w2", ROW["hidden"] + 15, ROW["s"] - 22))
SAYS = (  # a row's or a fan's words: step, x, y, text with its symbol between stars
    ("u", PHOTO + 10, 20, "A picture inside a network:"),
    ("u", PHOTO + 10, 38, "one map per channel, *u*"),
    ("z", 2, 118, "Squeeze: each map’s mean, *z*"),
    ("s", 2, 198, "Excite: two"),
    ("s", 2, 214, "learned layers"),
    ("s", 2, 230, "open gates, *s*"),
    ("s", 274, 204, "hidden"),
    ("s", 274, 220, "units"),
    ("x", 2, 319, "Rescale: each map times its gate, passed on as *x̃*"),
)


@dataclass(frozen=True, eq=False)
class Computed:
    """What the block computed, for the channels that are shown (K of them) and all hidden units (J).

    Attributes:
        photo: the picture, (H, W, 3) uint8.
        maps: U, each map stretched from 0 to 1, its least and greatest fiftieths cut off: (K, H, W).
        z: the squeeze (K,).
        hidden: the hidden layer (J,).
        s: the gates (K,).
        w1: each weight times its z, (J, K).
        w2: each weight times its hidden unit, (K, J).
        channels: C, of which K are shown.
    """

    photo: np.ndarray
    maps: np.ndarray
    z: np.ndarray
    hidden: np.ndarray
    s: np.ndarray
    w1: np.ndarray
    w2: np.ndarray
    channels: int


@functools.cache
def computed() -> Computed:
    """One picture through the network."""
    model = pretrained.load(NETWORK, progress=False)
    pictures = photographs(32)
    i = pictures.titles.index(PICTURE)
    recorded = record(model, pretrained.get(NETWORK).preprocessing(pictures[i : i + 1].images), maps=True).blocks[BLOCK]
    se, shown = model.get_submodule(BLOCK), list(CHANNELS)
    z, s = recorded.squeeze[0], recorded.excitation[0]
    with torch.no_grad():
        hidden = se.relu(se.fc1(z))
        w1, w2 = se.fc1.weight * z, se.fc2.weight * hidden
    maps = recorded.maps[0, shown]
    low, high = (maps.flatten(1).quantile(part, 1)[:, None, None] for part in (0.02, 0.98))
    large = photographs(2 * PHOTO).images[i].permute(1, 2, 0).numpy()
    arrays = (((maps - low) / (high - low)).clamp(0, 1), z[shown], hidden, s[shown], w1[:, shown], w2[shown])
    return Computed(large, *(array.numpy() for array in arrays), channels=len(s))


def column(i: int) -> float:
    """The middle of a channel's column."""
    return (i + 0.5) * COLUMN


def unit(j: int, units: int) -> float:
    """The middle of a hidden unit: they lie close together, as a bottleneck is narrow."""
    return WIDTH / 2 + (j - (units - 1) / 2) * COLUMN


def lines(block: Computed):
    """The fans' lines: which fan, the ends (x, y, x, y), and how much a line carries, from 0 to 1."""
    units = len(block.hidden)
    for (fan, top, bottom), carried in zip(FANS, (block.w1, block.w2.T), strict=True):
        share = np.abs(carried) / np.abs(carried).max()
        for j in range(units):
            for i in range(len(CHANNELS)):
                above, below = (column(i), unit(j, units)) if fan == "w1" else (unit(j, units), column(i))
                yield fan, (above, top, below, bottom), float(share[j, i])


def written(value: float) -> str:
    """Two decimals, with a minus as wide as a plus."""
    return f"{value:.2f}".replace("-", "−")


def said(block: Computed) -> str:
    """The figure in words."""

    def listed(values: np.ndarray) -> str:
        return ", ".join(map(written, values))

    return (
        f"The squeeze-and-excitation block at work on a photograph of a cat. {len(CHANNELS)} of the block's {block.channels} maps "
        f"U show the cat's edges and areas. Each shrinks to one number, its mean z: {listed(block.z)}. Two layers with "
        f"{len(block.hidden)} hidden units between them ({listed(block.hidden)}) turn all z into gates s, one per channel: "
        f"{listed(block.s)}. Each map is multiplied by its gate, so maps with low gates fade."
    )


def _data_uri(picture: Image.Image, kind: str, **options) -> str:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def _mask(i: int, values: np.ndarray) -> str:
    """A map as a mask: what is strong lets the ink through. So one picture serves every theme."""
    grey = np.uint8(np.round(values * (LEVELS - 1)))
    picture = Image.fromarray(grey).convert("P")
    picture.putpalette([round(level * 255 / (LEVELS - 1)) for level in range(LEVELS) for _ in "rgb"])
    uri = _data_uri(picture, "PNG", optimize=True, bits=4)
    return f'<mask id="senet-map-{i}"><image href="{uri}" width="{SIDE}" height="{SIDE}"/></mask>'


def _tile(i: int, row: str, more: str = "") -> str:
    """A map in its row. The ink lies in a frame of its own, which can be moved, shrunk and dimmed."""
    x, ink = column(i) - SIDE / 2, f'<rect width="{SIDE}" height="{SIDE}" mask="url(#senet-map-{i})"/>'
    frame = f'<rect class="frame" width="{SIDE}" height="{SIDE}" rx="3"/>' if not more else ""
    return f'<g transform="translate({x:g} {ROW[row]})">{frame}<g class="ink {more}" style="--i:{i}">{ink}</g></g>'


def gauge(i: int, s: float) -> tuple[Box, Box]:
    """A gate as a column, and what of it is filled: as far as the gate is open. Round ones looked like buttons to press."""
    wide, high = GAUGE
    left, top, level = column(i) - wide / 2, ROW["s"] - 18, round(high * float(s), 1)
    return (left, top, wide, high), (left, top + high - level, wide, level)


def _gauge(i: int, s: float) -> str:
    whole, level = ('x="{:g}" y="{:g}" width="{:g}" height="{:g}"'.format(*box) for box in gauge(i, s))
    return f'<rect {whole}/><rect class="level" {level}/>'


def _words(text: str) -> str:
    before, *rest = text.split("*")
    return html.escape(before) + (f'<tspan class="symbol">{rest[0]}</tspan>' if rest else "")


def _rows(block: Computed) -> list[str]:
    """The five rows, each a group of its step, and the fans between them."""
    count, units = range(len(CHANNELS)), len(block.hidden)
    size = block.hidden.max()
    fans = "".join(
        f'<path class="{fan}" d="M{a:g} {b:g}L{c:g} {d:g}" pathLength="1" style="--w:{share:.2f}"/>'
        for fan, (a, b, c, d), share in lines(block)
    )
    flying = "".join(_tile(i, "u", "flying") for i in count)
    numbers = "".join(
        f'<text class="number" x="{column(i):g}" y="{ROW["z"] + 4}" style="--i:{i}">{written(block.z[i])}</text>' for i in count
    )
    hidden = "".join(
        f'<circle cx="{unit(j, units):g}" cy="{ROW["hidden"]}" r="14" style="--v:{value / size:.2f}"/>'
        f'<text class="number" x="{unit(j, units):g}" y="{ROW["hidden"] + 4}">{value:.1f}</text>'
        for j, value in enumerate(block.hidden)
    )
    gauges = "".join(
        f'<g class="gauge" style="--i:{i};--s:{block.s[i]:.2f}">{_gauge(i, block.s[i])}'
        f'<text class="number" x="{column(i):g}" y="{ROW["s"] + 17}">{block.s[i]:.2f}</text></g>'
        for i in count
    )
    dimmed = "".join(
        _tile(i, "x").replace('class="ink "', 'class="ink dimmed"').replace("--i:", f"--s:{block.s[i]:.2f};--i:") for i in count
    )
    words = {
        step: "".join(f'<text x="{x}" y="{y}">{_words(text)}</text>' for at, x, y, text in SAYS if at == step) for step in "uzsx"
    }
    return [
        f'<g class="u">{words["u"]}{"".join(_tile(i, "u") for i in count)}{flying}</g>',
        f'<g class="z">{words["z"]}{numbers}</g>',
        f'<g class="fans">{fans}</g><g class="hidden">{hidden}</g>',
        f'<g class="s">{words["s"]}{gauges}</g>',
        f'<g class="x">{words["x"]}{dimmed}</g>',
    ]


def svg() -> str:
    """The figure as inline ``<svg>``, under 30 KB with its picture and maps."""
    block = computed()
    photo = _data_uri(Image.fromarray(block.photo), "WEBP", quality=70)
    masks = "".join(_mask(i, values) for i, values in enumerate(block.maps))
    shape = f'viewBox="0 0 {WIDTH} {HEIGHT}" xmlns="http://www.w3.org/2000/svg"'
    picture = f'<image href="{photo}" width="{PHOTO}" height="{PHOTO}"/>'
    inside = f"<defs>{masks}</defs>{picture}{''.join(_rows(block))}"
    return f'<svg role="img" aria-label="{html.escape(said(block))}" {shape}>{inside}</svg>'


class BlockFigure:
    """The figure as a notebook or a page shows it.

    Args:
        plays: begin to move once the page is open, where the reader has not asked for less motion. Otherwise a button does it.
    """

    def __init__(self, plays: bool = False) -> None:
        self.plays = plays

    def _repr_html_(self) -> str:
        return f'<figure class="senet-drawing senet-block"{" data-plays" if self.plays else ""}>{svg()}</figure>'
