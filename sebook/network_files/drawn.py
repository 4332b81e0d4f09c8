"""The gates of a network, drawn: a row for each, a column of channels from least to most open."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from senet.inside.gates import Gate

from ..pages import page_svg


def svg(name: str, gates: Sequence[Gate], excitation: Mapping[str, np.ndarray]) -> str:
    """An SVG drawing: for each gate the mean of every channel over the pictures as a dot, and its range as a line.

    Args:
        name: of the network.
        gates: what is drawn.
        excitation: by gate's name its values, (N, C).
    """
    count = len(gates)
    drawn = Figure(figsize=(8, 1.2 + 0.45 * count), layout="constrained")
    axes = drawn.subplots()
    for row, gate in enumerate(gates):
        s = excitation[gate.name].astype(np.float64)
        order = s.mean(0).argsort()
        at = row + np.linspace(-0.4, 0.4, s.shape[1])
        axes.hlines(at, s.min(0)[order], s.max(0)[order], color=page_svg.SYMBOLS["s"], lw=0.6, alpha=0.4)
        axes.plot(s.mean(0)[order], at, ".", ms=2, color=page_svg.SYMBOLS["s"])
    axes.set_yticks(range(count), [f"{gate.depth}: {gate.kind}, C = {gate.channels}" for gate in gates])
    axes.invert_yaxis()
    axes.set_xlabel("gate: mean over the pictures, and its range")
    said = f"The {count} gates of {name}, from the first to the last; each dot is a channel."
    return page_svg.to_svg(drawn, said)
