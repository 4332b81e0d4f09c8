"""What the widgets with plotted charts share: choices as traits, data of their own, and a figure for where there is no kernel.

Their script brings a plotting library along. It is a file of its own, so that the other widgets don't carry it.
"""

import html
import json
from typing import Any

import anywidget
import traitlets

from .base import STATIC, ViewError, _listed


class ChartWidget(anywidget.AnyWidget):
    """A few choices, each a trait, over data that was measured before.

    Raises:
        ValueError: a trait is set to something that the data don't have (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built.
    """

    _esm = STATIC / "widget-charts.js" if (STATIC / "widget-charts.js").exists() else ""
    _css = STATIC / "widgets.css" if (STATIC / "widgets.css").exists() else ""
    _widget = traitlets.Unicode("").tag(sync=True)  # its name in frontend/src/charts.ts
    _data = traitlets.Dict().tag(sync=True)
    _names = traitlets.List().tag(sync=True)  # of the traits that are the reader's choices

    def __init__(self, **traits: Any) -> None:
        if not self._esm:
            raise FileNotFoundError(f"{STATIC / 'widget-charts.js'} is missing: run `make book`, or `npm run build` in frontend/")
        super().__init__(**traits)

    def figure(self) -> tuple[str, str]:
        """The view as it is now: an inline SVG, and a sentence that says what it shows. Each widget draws its own."""
        raise NotImplementedError

    def state(self) -> dict[str, str]:
        """The choices as an address holds them."""
        return {name: _written(getattr(self, name)) for name in self._names}

    def _page_data(self) -> dict[str, Any]:
        """What a published page needs in its HTML."""
        return self._data

    def _repr_html_(self) -> str:
        svg, caption = self.figure()
        known = {
            "senet": self._widget,
            "state": json.dumps(self.state()),
            "data": json.dumps(self._page_data(), separators=(",", ":")),
        }
        written = "".join(f' data-{name}="{html.escape(value)}"' for name, value in known.items())
        static = f'<div class="senet-static">{svg}<figcaption>{html.escape(caption)}</figcaption></div>'
        return f'<figure class="senet-widget"{written}>{static}</figure>'

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/html": self._repr_html_()}, metadata


def known(name: str, value: Any, choices: Any) -> Any:
    """``value``, if it is one of ``choices``; else an error that names them."""
    if value not in choices:
        raise ViewError(f"{name}={value!r} is not there: choose one of {_listed(list(choices), 60)}")
    return value


def _written(value: Any) -> str:
    return "|".join(value) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
