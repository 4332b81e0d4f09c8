"""The explorer's figure where there is no script: a picture, what it is taken for, and every gate of the network."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ..pages.page_svg import INK, STYLE, SYMBOLS
from ..pages.plots import _halves


def ribbon(picture: Tensor, prediction: Sequence[tuple[str, float]], gates: Mapping[str, Tensor], *, title: str = "") -> Figure:
    """The first view of the explorer: a picture, what it is taken for, and all gates, a strip per block, from shallow to deep.

    Args:
        picture, prediction, title: as for :func:`shallow_deep`.
        gates: a title and s (C,) of each block; 0 is paper, 1 is ink.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.0), layout="constrained")
        axes = _halves(figure, picture, prediction, title).subplots()
        for place, s in enumerate(gates.values()):
            edges = np.linspace(1, 0, len(s) + 1)  # channel 0 on top
            for value, high, low in zip(s.clamp(0, 1).tolist(), edges[:-1], edges[1:], strict=True):
                axes.add_patch(Rectangle((place, low), 0.85, high - low, facecolor=SYMBOLS["s"], alpha=value, linewidth=0))
            axes.add_patch(Rectangle((place, 0), 0.85, 1, fill=False, edgecolor=INK, linewidth=0.4))
        names = [name.removeprefix("block ") for name in gates]
        axes.set_xticks([place + 0.425 for place in range(len(gates))], names)
        axes.set_xlim(-0.1, len(gates))
        axes.set_ylim(-0.02, 1.02)
        axes.set_yticks([])
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(length=0)
        axes.set_xlabel("SE blocks, from shallow to deep")
        return figure
