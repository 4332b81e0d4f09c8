""" "Pairs": what SE gained in timm's networks, by test set, and what it cost in time, by machine."""

from typing import Any

from matplotlib.figure import Figure

from ..measure import pairs
from ..pages import page_svg
from ..pages.page_svg import INK, SYMBOLS
from .fields import One, Whole
from .plot import PlotWidget
from .sets import Set

ORDERS = ("recipe", "difference")


class Pairs(PlotWidget):
    """Fourteen networks of timm with SE, each against its partner without: choose what is compared.

    >>> Pairs(measure="sketch")

    No network is run; all numbers are timm's (``data/results/timm-pairs.json``). Traits work both ways.

    Attributes:
        measure: a test set, such as ``"imagenet"`` or ``"sketch"``, or a machine on which timm measured times.
        order: of the pairs: ``"recipe"``, as timm names them, or ``"difference"``, largest first.
        at: the place of the pair that is held, from the top; None for none.

    Raises:
        ValueError: a trait is set to something that the tables don't have (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built, or the table is missing.
    """

    measure = One(Set("measures"), "imagenet", unlike="is not in timm's tables")
    order = One(ORDERS, unlike="is not an order of the pairs")
    at = Whole(None, below=Set("count"), none=True, unlike="is not a place in the chart")

    def __init__(self, measure: str | None = None, **choices: Any) -> None:
        found = pairs.read()
        measures = [{"id": name, "title": title, "what": "top1"} for name, title in found["sets"].items()]
        measures += [{"id": name, "title": title, "what": "time"} for name, title in found["machines"].items()]
        super().__init__("pairs", {"measures": measures, "pairs": found["pairs"]}, {"count": len(found["pairs"])})
        self.choose(measure=measure, **choices)

    def differences(self) -> list[tuple[str, float]]:
        """Name of each network with SE, and its difference: in points of accuracy, or in per cent of the time; as drawn."""
        rows = []
        for pair in self._data["pairs"]:
            name = " ".join(pairs.name(pair["with"])).removesuffix(" pycls")
            timed = self.measure in pair["time"]
            rows.append((name, 100 * (pair["time"][self.measure] - 1) if timed else pairs.gain(pair, self.measure)))
        return rows if self.order == ORDERS[0] else sorted(rows, key=lambda row: -row[1])

    def figure(self) -> tuple[str, str]:
        rows = self.differences()
        timed = self.measure in self._data["pairs"][0]["time"]
        title = next(one["title"] for one in self._data["measures"] if one["id"] == self.measure)
        figure = Figure(figsize=(7.2, 0.9 + 0.2 * len(rows)), layout="constrained")
        axes = figure.subplots()
        values = [value for _, value in rows]
        axes.axvline(0, color=INK, linewidth=0.5, alpha=0.6)
        axes.plot(values, range(len(rows)), "o", color=SYMBOLS["s"], markersize=4.5)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel("time more with SE, %" if timed else "points gained with SE")
        axes.set_title(title, loc="left")
        axes.tick_params(length=2)
        mean = sum(values) / len(values)
        said = f"{mean:.0f} % more time with SE on average" if timed else f"{mean:+.2f} points on average".replace("-", "−")
        above = sum(value > 0 for value in values)
        caption = f"{title}: {said}; {above} of {len(rows)} pairs {'take longer' if timed else 'gain'}."
        return page_svg.to_svg(figure, caption), caption
