"""Excitations channel by channel without lines that join them: strips of ink, one per class, and bars between two values.

Each is a few paths of many pieces: with a path for every channel a figure of three blocks was 200 kB of a page.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from .page_svg import SYMBOLS

STRENGTHS = 12  # an eye tells hardly more apart in a strip this thin


def rows(axes: Axes, values: np.ndarray, names: Sequence[str]) -> None:
    """A row of cells for each row of ``values``, from 0 to 1: no ink at 0, all of it at 1."""
    levels = np.rint(STRENGTHS * values.clip(0, 1)).astype(int)
    runs: dict[int, list[tuple[float, float, float, float]]] = {}
    for y, row in enumerate(levels):
        start = 0
        for level, run in groupby(row):
            end = start + len(list(run))
            runs.setdefault(int(level), []).append((start - 0.5, y - 0.4, end - 0.5, y + 0.4))
            start = end
    for level in sorted(runs.keys() - {0}):
        _fill(axes, runs[level], level / STRENGTHS)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks([])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def bars(axes: Axes, low: np.ndarray, high: np.ndarray) -> None:
    """A bar at each channel, from ``low`` to ``high``."""
    _fill(axes, [(c - 0.35, a, c + 0.35, b) for c, (a, b) in enumerate(zip(low, high, strict=True))], 0.55)


def _fill(axes: Axes, boxes: Sequence[tuple[float, float, float, float]], strength: float) -> None:
    corners = [corner for x, y, u, v in boxes for corner in ((x, y), (u, y), (u, v), (x, v), (x, y))]
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(boxes)
    axes.add_patch(PathPatch(Path(corners, codes), facecolor=SYMBOLS["s"], alpha=strength, linewidth=0))
