""" "What it costs": parameters, arithmetic, memory traffic and time of a network with and without SE."""

import html
import json
from typing import Any

import anywidget
import traitlets

from .. import cost_table, published
from ..resnet import PLACEMENTS
from .base import STATIC, ViewError

ROWS = (("parameters", "Parameters"), ("multiply_adds", "Multiply-adds"), ("bytes", "Bytes moved"))


class Cost(anywidget.AnyWidget):
    """Choose a network, a reduction ratio and a placement, and see what SE adds to each kind of cost.

    >>> Cost("se_resnet50", reduction=4, placement="pre")

    No network is run: all numbers are counted (:mod:`senet.cost_table`), measured (``python -m senet bench``) or the paper's
    (:mod:`senet.published`). Traits work both ways, as those of :class:`~senet.widgets.ShallowDeep`.

    Attributes:
        network: a key of ``senet.cost_table.NETWORKS``.
        reduction: r, one of ``senet.cost_table.REDUCTIONS``.
        placement: one of ``senet.resnet.PLACEMENTS``.

    Raises:
        ValueError: a trait is set to something that the table doesn't have (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built, or the table is missing.
    """

    _esm = STATIC / "widget.js" if (STATIC / "widget.js").exists() else ""
    _css = STATIC / "widgets.css" if (STATIC / "widgets.css").exists() else ""
    _widget = traitlets.Unicode("cost").tag(sync=True)
    _data = traitlets.Dict().tag(sync=True)  # the table
    _names = traitlets.List(["network", "reduction", "placement"]).tag(sync=True)

    network = traitlets.Unicode("se_resnet50").tag(sync=True)
    reduction = traitlets.Int(16).tag(sync=True)
    placement = traitlets.Unicode("standard").tag(sync=True)

    def __init__(self, network: str = "se_resnet50", reduction: int = 16, placement: str = "standard") -> None:
        if not self._esm:
            raise FileNotFoundError(f"{STATIC / 'widget.js'} is missing: run `make book`, or `npm run build` in frontend/")
        counted = cost_table.read()
        errors = {
            "none": published.WITHOUT_SE[:2],
            "reduction": {str(r): figures[:2] for r, figures in published.BY_REDUCTION.items()},
            "placement": {where: figures[:2] for where, figures in published.BY_PLACEMENT.items()},
        }
        table = {key: counted[key] for key in ("reductions", "placements", "networks")}
        table |= {"measured": cost_table.measured(), "errors": errors}
        super().__init__(_data=table)
        self.network, self.reduction, self.placement = network, reduction, placement

    @traitlets.validate("network", "reduction", "placement")
    def _known(self, proposal: Any) -> Any:
        name, value = proposal.trait.name, proposal.value
        known = {"network": cost_table.NETWORKS, "reduction": cost_table.REDUCTIONS, "placement": PLACEMENTS}[name]
        if value not in known:
            raise ViewError(f"{name}={value!r} is not in the table: choose one of {', '.join(map(repr, known))}")
        return value

    def state(self) -> dict[str, str]:
        return {name: str(getattr(self, name)) for name in self._names}

    def counts(self) -> list[tuple[str, int, int]]:
        """Title, amount without SE, and what SE adds; for SE's arithmetic its two passes over the maps are counted, too."""
        entry = self._data["networks"][self.network]
        parameters, products, passes, moved = entry["se"][self.placement][str(self.reduction)]
        added = (parameters, products + passes, moved)
        return [(title, plain, more) for (_, title), plain, more in zip(ROWS, entry["plain"], added, strict=True)]

    def figure(self) -> tuple[str, str]:
        """A table as it is now, and a sentence that says what it shows."""
        title = self._data["networks"][self.network]["title"]
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("one picture", "without SE", "SE adds", "more"))
        rows = "".join(
            f'<tr><th scope="row">{name}</th><td>{plain:,}</td><td>{more:,}</td><td>{more / plain:.2%}</td></tr>'
            for name, plain, more in self.counts()
        )
        caption = (
            f"SE-{title} with r = {self.reduction}, placement {self.placement}, for one picture: what SE adds to the plain network."
        )
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>", caption

    def _repr_html_(self) -> str:
        table, caption = self.figure()
        data = {"senet": "cost", "state": self.state(), "data": self._data}
        written = "".join(
            f' data-{name}="{html.escape(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))}"'
            for name, value in data.items()
        )
        static = f'<div class="senet-static">{table}<figcaption>{html.escape(caption)}</figcaption></div>'
        return f'<figure class="senet-widget"{written}>{static}</figure>'

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/html": self._repr_html_()}, metadata
