"""Figures by Matplotlib: the still views of widgets, and what the chapters draw of profiles, studies and courses."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from ..experiments.profiles import Profile
from ..experiments.study import Row, rows
from . import strips
from .page_svg import INK, STYLE, SYMBOLS, Drawing


def shallow_deep(
    picture: Tensor,
    prediction: Sequence[tuple[str, float]],
    sides: Mapping[str, tuple[Tensor, Tensor | None]],
    extent: tuple[float, float] = (0.0, 1.0),
    *,
    title: str = "",
) -> Figure:
    """The first view of the widget "Shallow and deep": a picture, what it is taken for, and two blocks' excitations.

    Args:
        picture: uint8 (3, H, W).
        prediction: the likeliest classes with their probabilities, likeliest first.
        sides: a title and, for each block, s (C,) and the mean that is drawn under it, (C,) or None.
        extent: least and largest excitation that the axes have to hold.
        title: the picture's.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        bottom = _halves(figure, picture, prediction, title)
        for axes, (name, (s, mean)) in zip(bottom.subplots(1, len(sides), sharey=True), sides.items(), strict=True):
            _excitations(axes, s.cpu().numpy(), None if mean is None else mean.cpu().numpy())
            axes.set_title(name, loc="left")
            axes.set_xlabel("channel")
            ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(*extent)
            axes.set_yticks(ticks)
            axes.set_ylim(ticks[0], ticks[-1])
        return figure


def _halves(figure: Figure, picture: Tensor, prediction: Sequence[tuple[str, float]], title: str) -> SubFigure:
    """A picture and what it is taken for in the upper half. Returns the lower one."""
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    shown, bars = top.subplots(1, 2, width_ratios=(1, 2.6))
    shown.imshow(picture.permute(1, 2, 0).cpu().numpy(), interpolation="none").set_clip_on(False)
    shown.set_axis_off()
    _prediction(bars, prediction, title)
    return bottom


def _prediction(axes: Axes, prediction: Sequence[tuple[str, float]], title: str) -> None:
    names, shares = [name for name, _ in prediction], [share for _, share in prediction]
    axes.barh(range(len(names)), shares, 0.5, color=INK, alpha=0.7)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 1.15)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for i, share in enumerate(shares):
        axes.text(share + 0.02, i, f"{share:.1%}", va="center")
    axes.set_title(title, loc="left")


def _excitations(axes: Axes, s: np.ndarray, mean: np.ndarray | None) -> None:
    channels = np.arange(len(s))
    if mean is not None:
        axes.step(np.arange(len(s) + 1) - 0.5, np.append(mean, mean[-1]), where="post", color=INK, alpha=0.75, linewidth=1)
        axes.vlines(channels, mean, s, colors=SYMBOLS["s"], alpha=0.6, linewidth=1)
    axes.plot(channels, s, "o", color=SYMBOLS["s"], markersize=3.5, markeredgewidth=0, clip_on=False)
    axes.set_xlim(-0.6, len(s) - 0.4)
    axes.set_xticks([0, len(s) - 1])
    axes.tick_params(length=2)


# Four lines told apart by colour and by dash: middle tones of Okabe and Ito's set, at 3:1 or more on white and on black.
_LINES = (("#0f7fc0", "-"), ("#d55e00", (0, (4, 1.5))), ("#0a8f6a", (0, (1.2, 1.2))), ("#b8579a", (0, (5, 1.5, 1, 1.5))))


def class_means(profile: Profile, classes: Sequence[str], shown: Sequence[str], blocks: Sequence[str]) -> Drawing:
    """Mean excitations of a few classes in a few blocks, channels in order of their mean over all pictures.

    The paper's figure on the role of excitation, for any network. The paper joins channels by lines; they have no order, so here
    each class has a strip.

    Args:
        profile: of :func:`sebook.experiments.profiles.profile`.
        classes: the network's.
        shown: up to four of them.
        blocks: names of SE blocks, shallow to deep.
    """
    unknown = [name for name in shown if name not in classes]
    if unknown or not 1 <= len(shown) <= len(_LINES):
        raise ValueError(f"shown={list(shown)} has to be one to {len(_LINES)} of {', '.join(classes)}")
    with mpl.rc_context(STYLE):
        # Blocks one above the other: beside each other their words would be too small for a phone.
        figure = Figure(figsize=(5.2, (1.5 + 0.2 * len(shown)) * len(blocks)), layout="constrained")
        spreads = []
        every = figure.subplots(2 * len(blocks), 1, squeeze=False, height_ratios=[6, len(shown)] * len(blocks))[:, 0]
        for curve, below, block in zip(every[::2], every[1::2], blocks, strict=True):
            overall = profile.overall(block)
            order = overall.argsort()
            means = profile.mean[block][[classes.index(name) for name in shown]][:, order].numpy()
            strips.bars(curve, means.min(0), means.max(0))
            curve.plot(overall[order].numpy(), color=INK, linewidth=1.2)
            curve.set_title(f"{block.removesuffix('.se')}: mean excitation s", loc="left")
            curve.set_ylim(0, 1)
            curve.set_xticks([])
            strips.rows(below, means, shown)
            for axes in (curve, below):
                axes.set_xlim(-0.5, len(order) - 0.5)
            spreads.append((means.max(0) - means.min(0)).mean())
        every[-1].set_xlabel("channels, from the smallest mean over all classes to the largest")
    apart = ", ".join(f"{spread:.2f} in {block.removesuffix('.se')}" for block, spread in zip(blocks, spreads, strict=True))
    return Drawing(
        figure,
        f"Mean excitation of each channel: a curve for the mean over all classes, bars from the lowest of {', '.join(shown)} to "
        f"the highest, and a strip for each of them, faint where gates are closed. They lie apart by {apart}, on average.",
    )


def specificity(profile: Profile) -> Drawing:
    """How class-specific each block is: its channels as dots, their average as a line, from shallow to deep."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        axes = figure.subplots()
        shares = [profile.specificity(block).numpy() for block in profile.mean]
        for depth, share in enumerate(shares):
            # Spread sideways by order, so that dots of one block do not hide each other.
            sideways = (np.argsort(np.argsort(share)) / max(1, len(share) - 1) - 0.5) * 0.5
            axes.scatter(depth + sideways, share, s=5, color=SYMBOLS["s"], alpha=0.45, linewidths=0)
        averages = [float(share.mean()) for share in shares]
        axes.plot(averages, color=INK, linewidth=1.2, marker="o", markersize=4)
        axes.set_xticks(range(len(shares)), [block.removesuffix(".se") for block in profile.mean])
        axes.set_ylabel("share of variance\nbetween classes")
        axes.set_ylim(0, 1)
    said = ", ".join(f"{block.removesuffix('.se')} {average:.0%}" for block, average in zip(profile.mean, averages, strict=True))
    return Drawing(figure, f"Share of the gates' variance that lies between classes, averaged over channels: {said}.")


def study(result: Mapping[str, Any]) -> Drawing:
    """A study of :mod:`sebook.experiments.study`: what each change did to the accuracy, with 95 % intervals, and what it did in the
    paper.

    Zero is the standard block, on both sides; to the right is better.
    """
    standard, *changed = rows(result)
    groups = list(dict.fromkeys(row.group for row in changed))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.6 + 0.24 * (len(changed) + len(groups))), layout="constrained")
        published = any(row.paper_error is not None for row in changed)
        ours, *papers = figure.subplots(1, 1 + published, sharey=True, width_ratios=(1.6, 1)[: 1 + published], squeeze=False)[0]
        y, ticks = 0.0, []
        for group in groups:
            for row in (row for row in changed if row.group == group):
                half = 0 if math.isnan(row.difference_half) else row.difference_half
                ours.errorbar(100 * row.difference, y, xerr=100 * half, color=INK, marker="o", markersize=4, linewidth=1)
                if row.paper_error is not None:
                    papers[0].plot(standard.paper_error - row.paper_error, y, "D", color=INK, markersize=4)
                ticks.append((y, _arm(row)))
                y += 1
            y += 0.7
        here = f"{'here, ' if published else ''}accuracy in points against {100 * standard.accuracy:.1f} %"
        for axes, title in zip((ours, *papers), (here, "the paper, ImageNet"), strict=False):
            axes.axvline(0, color=INK, linewidth=0.5, alpha=0.6)
            axes.set_title(title, loc="left")
            axes.tick_params(length=2)
        ours.set_yticks(*zip(*ticks, strict=True))
        ours.set_ylim(y - 0.7, -0.7)
    said = "; ".join(
        f"{row.arm.removeprefix('relative ')} {100 * row.difference:+.1f}"
        + ("" if row.paper_error is None else f" (paper {standard.paper_error - row.paper_error:+.2f})")
        for row in changed
    )
    against = "the standard block" if published else standard.value
    return Drawing(figure, f"Change of accuracy in points against {against}, by what was changed: {said}.")


def _arm(row: Row) -> str:
    if row.group == "reduction":
        return f"r {row.value}".replace("r no SE", "no SE")
    return row.value if row.group == "relative" else f"{row.group} {row.value}"


def agreement(results: Mapping[str, Mapping[str, Any]], pairs: Mapping[str, str]) -> Drawing:
    """Rank correlations of :mod:`sebook.experiments.importance`, block by block from shallow to deep, with 95 % intervals over the
    pictures.

    Args:
        results: by the network's title, what ``python -m senet attribution`` wrote.
        pairs: up to four keys of its ``agreement``, each with what the legend calls it.
    """
    said = []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.9), layout="constrained")
        every = figure.subplots(
            1, len(results), sharey=True, squeeze=False, width_ratios=[2 + len(r["blocks"]) for r in results.values()]
        )
        for axes, (title, result) in zip(every[0], results.items(), strict=True):
            axes.axhline(0, color=INK, linewidth=0.5, alpha=0.6)
            for k, ((pair, name), (colour, _)) in enumerate(zip(pairs.items(), _LINES, strict=False)):
                found = np.array([block["agreement"][pair] for block in result["blocks"].values()])
                x = 1 + np.arange(len(found)) + 0.18 * (k - (len(pairs) - 1) / 2)
                bars = np.abs(found[:, 1:] - found[:, :1]).T
                axes.errorbar(x, found[:, 0], bars, fmt="osD^"[k], color=colour, markersize=4, linewidth=1, label=name)
                said.append(f"{title}, {name}: " + ", ".join(f"{value:+.2f}" for value in found[:, 0]))
            axes.set_title(title, loc="left")
            axes.set_xlabel("SE block")
            axes.set_xticks(range(1, len(found) + 1))
            axes.set_ylim(-1, 1.02)
            axes.tick_params(length=2)
        every[0, 0].set_ylabel("rank correlation")
        handles, names = every[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(pairs), frameon=False)
    return Drawing(figure, f"Rank correlations, block by block from shallow to deep. {'; '.join(said)}.")


def gate_errors(networks: Mapping[str, Mapping[str, Any]], shown: Mapping[str, str]) -> Drawing:
    """How far gates are off in 8 bits, block by block from shallow to deep, as a share of how far they vary over pictures.

    Args:
        networks: by title, each of what ``python -m tools.shipping int8`` wrote.
        shown: up to four of its rows by their ``how``, each with what the legend calls it.
    """
    said = []
    with mpl.rc_context(STYLE):
        # One above the other: beside each other their words would be too small for a phone.
        figure = Figure(figsize=(5.2, 1 + 2 * len(networks)), layout="constrained")
        every = figure.subplots(len(networks), 1, sharey=True, squeeze=False)[:, 0]
        for axes, (title, network) in zip(every, networks.items(), strict=True):
            errors = {row["how"]: row["gates"]["of its strays"] for row in network["rows"] if "gates" in row}
            for (how, name), marker, (colour, _) in zip(shown.items(), "osD^", _LINES, strict=False):
                x = range(1, len(errors[how]) + 1)
                axes.plot(x, errors[how], color=colour, marker=marker, markersize=4, linewidth=1, label=name)
                said.append(f"{title}, {name}: " + ", ".join(f"{error:.2f}" for error in errors[how]))
            axes.set_title(title, loc="left")
            axes.set_xticks(x)
            axes.set_ylim(bottom=0)
            axes.tick_params(length=2)
        every[-1].set_xlabel("SE block, from shallow to deep")
        figure.supylabel("error of the gates, as a share of their spread", fontsize=9)
        figure.legend(*every[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return Drawing(figure, f"Error of the gates as a share of their spread, from shallow to deep. {'; '.join(said)}.")


def curves(histories: Mapping[str, Sequence[Mapping[str, float]]], chance: float | None = None) -> Drawing:
    """Accuracy epoch by epoch: on pictures that were trained on (dashed) and on others (solid).

    Args:
        histories: by name, up to four, what :func:`senet.training.fit` returned, with test pictures.
        chance: accuracy of guessing, drawn as a line.
    """
    if not 1 <= len(histories) <= len(_LINES):
        raise ValueError(f"{len(histories)} histories cannot be told apart in one figure: give one to {len(_LINES)}")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        axes = figure.subplots()
        for (name, history), (colour, _) in zip(histories.items(), _LINES, strict=False):
            epochs = [epoch["epoch"] for epoch in history]
            axes.plot(epochs, [epoch["test_accuracy"] for epoch in history], color=colour, linewidth=1.5, label=name)
            axes.plot(epochs, [epoch["accuracy"] for epoch in history], color=colour, linewidth=1, linestyle=(0, (3, 2)))
        if chance is not None:
            axes.axhline(chance, color=INK, linewidth=0.5, alpha=0.6)
        axes.set_ylim(0, 1)
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=len(histories), frameon=False)
    said = "; ".join(
        f"{name} from {history[0]['test_accuracy']:.0%} after epoch 1 to {history[-1]['test_accuracy']:.0%} after {len(history)}"
        for name, history in histories.items()
    )
    return Drawing(
        figure, f"Accuracy by epoch on test pictures (solid) and, shifted and flipped, on those trained on (dashed): {said}."
    )
