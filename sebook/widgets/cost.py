""" "What it costs": parameters, arithmetic, memory traffic and time of a network with and without SE."""

from ..measure import cost_table, published
from .embedded import EmbeddedWidget
from .fields import One
from .sets import Set

ROWS = (("parameters", "Parameters"), ("multiply_adds", "Multiply-adds"), ("bytes", "Bytes moved"))


class Cost(EmbeddedWidget):
    """Choose a network, a reduction ratio and a placement, and see what SE adds to each kind of cost.

    >>> Cost("se_resnet50", reduction=4, placement="pre")

    No network is run: all numbers are counted (:mod:`sebook.measure.cost_table`), measured (``python -m senet bench``) or the
    paper's (:mod:`sebook.measure.published`). Traits work both ways, as those of :class:`~sebook.widgets.ShallowDeep`.

    Attributes:
        network: a key of ``sebook.measure.cost_table.NETWORKS``.
        reduction: r, one of ``sebook.measure.cost_table.REDUCTIONS``.
        placement: one of ``senet.models.resnet.PLACEMENTS``.

    Raises:
        ValueError: a trait is set to something that the table doesn't have (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built, or the table is missing.
    """

    network = One(Set("networks"), "se_resnet50", unlike="is not in the table")
    reduction = One(Set("reductions"), 16, unlike="is not in the table")
    placement = One(Set("placements"), "standard", unlike="is not in the table")

    def __init__(self, network: str | None = None, reduction: int | None = None, placement: str | None = None) -> None:
        counted = cost_table.read()
        errors = {
            "none": published.WITHOUT_SE[:2],
            "reduction": {str(r): figures[:2] for r, figures in published.BY_REDUCTION.items()},
            "placement": {where: figures[:2] for where, figures in published.BY_PLACEMENT.items()},
        }
        table = {key: counted[key] for key in ("reductions", "placements", "networks")}
        table |= {"measured": cost_table.measured(), "errors": errors}
        super().__init__("cost", table)
        self.choose(network=network, reduction=reduction, placement=placement)

    def counts(self) -> list[tuple[str, int, int]]:
        """Title, amount without SE, and what SE adds; SE's arithmetic includes its two passes over the maps."""
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
