""" "Relatives": a member of SE's family beside SE, step by step, with the shape of everything that it hands on."""

import html
import json
from typing import Any

import anywidget
import traitlets

from .. import family
from .base import STATIC, ViewError

SIGN = " × "


class Relatives(anywidget.AnyWidget):
    """Choose a relative and a stage of ResNet-50, and see its three steps under SE's own.

    >>> Relatives("cbam", stage=3)

    Shapes and weights are those of the modules in :mod:`senet.relatives`, as they are; none of them is run on a picture.

    Attributes:
        relative: a key of ``senet.family.RELATIVES``.
        stage: 1 to 4.

    Raises:
        ValueError: a trait is set to something else (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built.
    """

    _esm = STATIC / "widget.js" if (STATIC / "widget.js").exists() else ""
    _css = STATIC / "widgets.css" if (STATIC / "widgets.css").exists() else ""
    _widget = traitlets.Unicode("relatives").tag(sync=True)
    _data = traitlets.Dict().tag(sync=True)
    _names = traitlets.List(["relative", "stage"]).tag(sync=True)
    relative = traitlets.Unicode("eca").tag(sync=True)
    stage = traitlets.Int(2).tag(sync=True)

    def __init__(self, relative: str = "eca", stage: int = 2) -> None:
        if not self._esm:
            raise FileNotFoundError(f"{STATIC / 'widget.js'} is missing: run `make book`, or `npm run build` in frontend/")
        data = {name: {str(n): family.laid_out(name, n) for n in family.STAGES} for name in family.RELATIVES}
        super().__init__(_data={"relatives": data, "stages": list(family.STAGES), "steps": list(family.STEPS)})
        self.relative, self.stage = relative, stage

    @traitlets.validate("relative", "stage")
    def _known(self, proposal: Any) -> Any:
        name, value = proposal.trait.name, proposal.value
        known = list({"relative": family.RELATIVES, "stage": family.STAGES}[name])
        if value not in known:
            raise ViewError(f"{name}={value!r} is none of the family: choose one of {', '.join(map(repr, known))}")
        return value

    def state(self) -> dict[str, str]:
        return {name: str(getattr(self, name)) for name in self._names}

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

    def _repr_html_(self) -> str:
        table, caption = self.figure()
        known = {"senet": "relatives", "state": json.dumps(self.state()), "data": json.dumps(self._data, separators=(",", ":"))}
        written = "".join(f' data-{name}="{html.escape(value)}"' for name, value in known.items())
        static = f'<div class="senet-static">{table}<figcaption>{html.escape(caption)}</figcaption></div>'
        return f'<figure class="senet-widget"{written}>{static}</figure>'

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/html": self._repr_html_()}, metadata
