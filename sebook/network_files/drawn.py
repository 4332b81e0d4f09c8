"""The gates of a network file, drawn: a row for each, a column of channels from least to most open."""

import numpy as np
from matplotlib.figure import Figure

from ..pages import page_svg
from .tapped import Reading, Tapped


def svg(network: Tapped, reading: Reading) -> str:
    """An SVG drawing: for each gate the mean of every channel over the pictures as a dot, and its range as a line."""
    count = len(network.found)
    drawn = Figure(figsize=(8, 1.2 + 0.45 * count), layout="constrained")
    axes = drawn.subplots()
    for row, each in enumerate(network.found):
        s = reading.excitation[each.gate.name].astype(np.float64)
        order = s.mean(0).argsort()
        at = row + np.linspace(-0.4, 0.4, s.shape[1])
        axes.hlines(at, s.min(0)[order], s.max(0)[order], color=page_svg.SYMBOLS["s"], lw=0.6, alpha=0.4)
        axes.plot(s.mean(0)[order], at, ".", ms=2, color=page_svg.SYMBOLS["s"])
    axes.set_yticks(range(count), [f"{f.gate.depth}: {f.gate.kind}, C = {f.gate.channels}" for f in network.found])
    axes.invert_yaxis()
    axes.set_xlabel("gate: mean over the pictures, and its range")
    said = f"The {count} gates of {network.path.name}, from the first to the last; each dot is a channel."
    return page_svg.to_svg(drawn, said)
