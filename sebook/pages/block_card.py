"""The picture that goes with a link to the book: the figure of the SE block beside the book's title, 1200 x 630 pixels."""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from .block_figure import COLUMN, HEIGHT, PHOTO, ROW, SAYS, SIDE, WIDTH, Computed, column, computed, gauge, lines, unit, written

PAPER, INK = "#12202b", "#e8eef2"
COLOURS = {"u": "#6daafa", "z": "#3fe59b", "s": "#fa8240", "x": "#f7afd6"}  # as on dark pages (frontend/src/widgets.css)
SCALE = 1.62  # pixels for one of the figure's
SUMMARY = ("Networks that weigh their", "channels for every picture", "", "An interactive book")


def draw_card(path: str | Path, title: Sequence[str], summary: Sequence[str] = SUMMARY) -> None:
    """Write the card as PNG.

    Args:
        path: where to.
        title, summary: the lines of each.
    """
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.color": INK}):
        figure = Figure(figsize=(12, 6.3), dpi=100, facecolor=PAPER)
        width, height = WIDTH * SCALE / 1200, HEIGHT * SCALE / 630
        axes = figure.add_axes((0.97 - width, (1 - height) / 2, width, height), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        block = computed()
        _pictures(axes, block)
        _fans(axes, block)
        _numbers(axes, block)
        _words(axes)
        figure.text(0.045, 0.72, "\n".join(title), fontsize=52, fontweight="bold", linespacing=1.15, va="center")
        figure.text(0.045, 0.36, "\n".join(summary), fontsize=21, linespacing=1.5, va="center")
        drawn = io.BytesIO()
        figure.savefig(drawn)
    Image.open(drawn).convert("RGB").quantize(128).save(path, optimize=True)  # a third of the bytes


def _pictures(axes: Axes, block: Computed) -> None:
    """The photograph, the maps, and the maps as they leave: the ink grows from the paper to the symbol's colour."""
    axes.imshow(block.photo, extent=(0, PHOTO, PHOTO, 0), interpolation="bilinear", aspect="auto")
    for row, gates in (("u", [1] * len(block.s)), ("x", block.s)):
        ink = LinearSegmentedColormap.from_list(row, [PAPER, COLOURS[row]])
        for i, (values, gate) in enumerate(zip(block.maps, gates, strict=True)):
            left, top = column(i) - SIDE / 2, ROW[row]
            place = (left, left + SIDE, top + SIDE, top)
            axes.imshow(values * gate, ink, vmin=-0.05, vmax=1, extent=place, interpolation="bilinear", aspect="auto")
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))


def _fans(axes: Axes, block: Computed) -> None:
    for fan, (a, b, c, d), share in lines(block):
        colour = COLOURS["z" if fan == "w1" else "s"]
        axes.plot((a, c), (b, d), color=colour, linewidth=0.5 + 4 * share, alpha=0.18 + 0.7 * share)


def _numbers(axes: Axes, block: Computed) -> None:
    small = {"ha": "center", "va": "center", "fontsize": 13.5, "fontweight": "bold"}
    for i, (z, s) in enumerate(zip(block.z, block.s, strict=True)):
        axes.text(column(i), ROW["z"], written(z), color=COLOURS["z"], **small)
        for (left, top, wide, high), filled in zip(gauge(i, s), (False, True), strict=True):
            axes.add_patch(Rectangle((left, top), wide, high, fill=filled, color=COLOURS["s"], linewidth=1.8 * (not filled)))
        axes.text(column(i), ROW["s"] + 13, written(s), color=COLOURS["s"], **small)
    for j, value in enumerate(block.hidden):
        place = unit(j, len(block.hidden)), ROW["hidden"]
        axes.plot(*place, "o", color=PAPER, markeredgecolor=INK, markersize=0.86 * COLUMN * 0.8)
        axes.text(*place, f"{value:.1f}", **small)


def _words(axes: Axes) -> None:
    for _, x, y, text in SAYS:
        plain, *symbol = text.split("*")
        axes.text(x, y, plain + "".join(part for part in symbol if part), fontsize=13.5)
