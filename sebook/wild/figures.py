"""What gates in others' networks do, drawn from ``data/results/wild-stories.json``."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..pages.page_svg import INK, STYLE, SYMBOLS, Drawing

Story = Mapping[str, Any]
MARKS = "osD^vP"
# Middle tones of Okabe and Ito's set, at 3:1 or more on white and on black; the marks tell the networks apart as well.
COLOURS = ("#d55e00", "#0f7fc0", "#0a8f6a", "#b8579a", "#8f7400", INK)


def moving(stories: Mapping[str, Story]) -> Drawing:
    """Every gate by how far its channels differ from each other, and how far they move from input to input.

    Args:
        stories: up to six, by what the legend calls the network.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.subplots()
        for (name, story), mark, colour in zip(stories.items(), MARKS, COLOURS, strict=False):
            x, y = ([gate[key] for gate in story["gates"]] for key in ("between_channels", "between_inputs"))
            axes.plot(x, y, mark, color=colour, markersize=5, markeredgewidth=0, alpha=0.85, label=name, clip_on=False)
        axes.set_xlabel("how far a gate’s channels differ (standard deviation of their means)")
        axes.set_ylabel("how far they move\n(mean standard deviation over inputs)")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.tick_params(length=2)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        said = []
        for name, story in stories.items():
            across, up = (_range(story, key) for key in ("between_channels", "between_inputs"))
            said.append(f"{name}: {across} across, {up} up")
    return Drawing(figure, f"One mark for each gate of each network. {'; '.join(said)}.")


def switches(story: Story) -> Drawing:
    """Of each gate of one network, what share of its values is exactly 0, exactly 1, and between."""
    gates = story["gates"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        axes = figure.subplots()
        for i, gate in enumerate(gates):
            zero, one = gate["zero"], gate["one"]
            axes.barh(i, zero, 0.66, color=INK, alpha=0.75, label="exactly 0" if i == 0 else None)
            axes.barh(i, 1 - zero - one, 0.66, left=zero, color=SYMBOLS["s"], alpha=0.35, label="between" if i == 0 else None)
            axes.barh(i, one, 0.66, left=1 - one, color=SYMBOLS["s"], label="exactly 1" if i == 0 else None)
        _by_gate(axes, len(gates))
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "half of its values", "all"])
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        said = [f"gate {i}: {gate['zero']:.0%} at 0, {gate['one']:.0%} at 1" for i, gate in enumerate(gates, start=1)]
    return Drawing(figure, f"Shares of each gate’s values. {'; '.join(said)}.")


def dead(story: Story) -> Drawing:
    """Of each gate of one network, what share of its hidden units fires for no input."""
    gates = story["gates"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.4), layout="constrained")
        axes = figure.subplots()
        for i, gate in enumerate(gates):
            share = gate["dead"] / gate["hidden"]
            axes.barh(i, 1, 0.66, color=SYMBOLS["s"], alpha=0.2)
            axes.barh(i, share, 0.66, color=INK, alpha=0.75)
            axes.text(1.01, i, f"{gate['dead']} of {gate['hidden']}", va="center")
        _by_gate(axes, len(gates))
        axes.set_xlim(0, 1.12)
        axes.set_xticks([0, 0.5, 1], ["0", "half of its hidden units", "all"])
        said = [f"gate {i}: {gate['dead']} of {gate['hidden']}" for i, gate in enumerate(gates, start=1)]
    return Drawing(figure, f"Hidden units that never fire. {'; '.join(said)}.")


def _by_gate(axes: Axes, count: int) -> None:
    axes.set_yticks(range(count), [str(i) for i in range(1, count + 1)])
    axes.set_ylim(count - 0.4, -0.6)
    axes.set_ylabel("gate")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _range(story: Story, key: str) -> str:
    values = [gate[key] for gate in story["gates"]]
    return f"{min(values):.3f} to {max(values):.3f}"
