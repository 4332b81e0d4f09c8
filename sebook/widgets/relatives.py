""" "Relatives": a member of SE's family beside SE, step by step, with the shape of everything that it hands on."""

import html

from ..relatives import family
from .embedded import EmbeddedWidget
from .fields import One
from .sets import Set

SIGN = " × "


class Relatives(EmbeddedWidget):
    """Choose a relative and a stage of ResNet-50, and see its three steps under SE's own.

    >>> Relatives("cbam", stage=3)

    Shapes and weights are those of the modules in :mod:`sebook.relatives`, as they are; none of them is run on a picture.

    Attributes:
        relative: a key of ``sebook.relatives.family.RELATIVES``.
        stage: 1 to 4.

    Raises:
        ValueError: a trait is set to something else (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built.
    """

    relative = One(Set("relatives"), "eca", unlike="is none of the family")
    stage = One(Set("stages"), 2, unlike="is none of the family")

    def __init__(self, relative: str | None = None, stage: int | None = None) -> None:
        data = {name: {str(n): family.laid_out(name, n) for n in family.STAGES} for name in family.RELATIVES}
        whole = {"relatives": data, "stages": list(family.STAGES), "steps": list(family.STEPS)}
        super().__init__("relatives", whole)
        self.choose(relative=relative, stage=stage)

    def figure(self) -> tuple[str, str]:
        """A table as it is now, and a sentence that says what it shows."""
        rows = []
        for name in dict.fromkeys(("se", self.relative)):
            laid = self._data["relatives"][name][str(self.stage)]
            for lane in laid["lanes"]:
                title = laid["title"] + (f", {lane['title']}" if len(laid["lanes"]) > 1 else "")
                cells = [
                    f"{lane['words'][step]}: {SIGN.join(map(str, shape))}"
                    for step, shape in zip(family.STEPS, lane["shapes"][1:], strict=True)
                ]
                rows.append([title, *cells, f"{lane['weights']:,}"])
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("", *family.STEPS, "weights"))
        body = "".join(
            f'<tr><th scope="row">{html.escape(row[0])}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in rows
        )
        about = self._data["relatives"][self.relative][str(self.stage)]
        caption = (
            f"{about['title']} beside SE in stage {self.stage} of a ResNet-50, where maps are {about['side']} × {about['side']}: "
            "each step, and the shape of what it hands on."
        )
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>", caption
