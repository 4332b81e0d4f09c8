"""What SE gained where others measured it: the paper's tables 2 and 3, and timm's pairs of networks, as tables for the book."""

import html
from collections.abc import Iterable, Sequence

from . import pairs, published


class Table:
    """A table as a notebook shows it.

    Args:
        heads: of the columns; the first column names the rows.
        rows: their cells, ready to be shown.
        label: what the table is about, for those who cannot see it.
    """

    def __init__(self, heads: Sequence[str], rows: Iterable[Sequence[str]], label: str) -> None:
        self.heads, self.rows, self.label = tuple(heads), [tuple(row) for row in rows], label

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{html.escape(head)}</th>' for head in self.heads)
        body = "".join(
            f'<tr><th scope="row">{html.escape(first)}</th>{"".join(f"<td>{html.escape(cell)}</td>" for cell in others)}</tr>'
            for first, *others in self.rows
        )
        inside = f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>"
        table = f'<table class="table senet-gains" aria-label="{html.escape(self.label)}">{inside}</table>'
        return f'<div class="pst-scrollable-table-container">{table}</div>'


def of_the_paper() -> Table:
    """Errors without and with SE, by how many points it lowers the top-1 error, and multiply-adds."""
    rows = []
    for name, (plain, se) in published.ERRORS.items():
        digits = 1 if name in published.MOBILE else 2  # as the paper gives them
        if name in published.MOBILE:
            products = "{:.3f} → {:.3f}".format(*(value / 1000 for value in published.MOBILE[name][:2]))
        else:
            products = "{:.2f} → {:.2f}".format(*published.GFLOPS[name])
        errors = (f"{without:.{digits}f} → {with_se:.{digits}f}" for without, with_se in zip(plain, se, strict=True))
        rows.append((name, *errors, f"{plain[0] - se[0]:.{digits}f}", products))
    heads = ("network", "top-1 error, %", "top-5 error, %", "top-1 gain", "multiply-adds, 10⁹")
    return Table(heads, rows, "The paper's errors on ImageNet without and with SE")


def of_timm() -> Table:
    """Top-1 accuracy of timm's pairs. A name's second part is the recipe and the data that it was trained with."""
    rows = []
    for pair in pairs.read()["pairs"]:
        (network, recipe), (with_se, _) = pairs.name(pair["without"]), pairs.name(pair["with"])
        before, after = pair["top1"]["imagenet"]
        difference = f"{pairs.gain(pair):+.2f}".replace("-", "−")
        rows.append((network, with_se, recipe, f"{pair['pixels']}", f"{before:.2f} → {after:.2f}", difference))
    heads = ("without SE", "with SE", "recipe", "pixels", "top-1 accuracy, %", "gain")
    return Table(heads, rows, "Pairs of timm's networks without and with SE")


def in_timm(test_set: str = "imagenet") -> dict[str, float]:
    """How many ``pairs`` there are, how many go ``up`` with SE, and the ``mean``, ``least`` and ``most`` difference in points."""
    differences = [pairs.gain(pair, test_set) for pair in pairs.read()["pairs"]]
    return {
        "pairs": len(differences),
        "up": sum(difference > 0 for difference in differences),
        "mean": sum(differences) / len(differences),
        "least": min(differences),
        "most": max(differences),
    }
