"""Widgets whose data travels with them: in the page, or in a trait. They ask no probe, so nothing has to be fetched or awaited."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import traitlets
from PIL import Image
from torch import Tensor

from ..pages import exhibits
from .fields import One
from .sets import Set, quoted
from .view import View, compact, written


class EmbeddedWidget(View):
    """What such widgets share: the scripts, the data, and the page's figure that holds it.

    Args:
        widget: its name in frontend/src/widgets/embedded.ts.
        data: what the front end works on, as plain values.
        known: sets that the fields speak of, beside those that ``data`` has under their names.

    Raises:
        FileNotFoundError: the widgets' scripts have not been built.
    """

    _data = traitlets.Dict().tag(sync=True)

    def __init__(self, widget: str, data: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> None:
        super().__init__(_data={**data, "known": dict(known or {})}, _widget=widget)

    @property
    def known(self) -> Mapping[str, Any]:
        return {**self._data, **self._data["known"]}

    def state(self) -> dict[str, str]:
        """The choices as an address holds them."""
        return {name: written(getattr(self, name)) for name in self.fields()}

    def _page_data(self) -> dict[str, Any]:
        """What a published page needs of the data in its HTML."""
        return self._data

    def _on_page(self) -> dict[str, str]:
        written = {"state": json.dumps(self.state()), "fields": compact(self._fields), "data": compact(self._page_data())}
        return {"senet": self._widget, **written}


class PictureWidget(EmbeddedWidget):
    """A widget that shows a few pictures, as ``data["pictures"]``, and looks at one of them.

    Attributes:
        picture: the id of that one.
    """

    picture = One(Set("pictures"), unlike="is not shown here")

    @property
    def _index(self) -> int:
        return [picture["id"] for picture in self._data["pictures"]].index(self.picture)


def chosen(shown: exhibits.Exhibits, ids: Sequence[str]) -> exhibits.Exhibits:
    """A gallery's pictures with these ids. Raises ``ValueError`` if there are none, or one is not in the gallery."""
    if not ids or not set(ids) <= set(shown.ids):
        raise ValueError(f"pictures={list(ids)!r}: choose one or more of {quoted(shown.ids, 60)}")
    return exhibits.some(shown, [shown.ids.index(one) for one in ids])


def row(shown: exhibits.Exhibits) -> list[dict[str, str]]:
    """What the front end's row of pictures shows of each."""
    return [described(*each) for each in zip(shown.ids, shown.pictures.titles, shown.alts, shown.pictures.images, strict=True)]


def described(id: str, title: str, alt: str, picture: Tensor) -> dict[str, str]:
    """What the front end's row of pictures shows of one, uint8 (3, H, W)."""
    file = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).cpu().numpy()).save(file, "PNG", optimize=True)
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    return {"id": id, "title": title, "alt": alt, "url": url}


def pixels(picture: Tensor) -> str:
    """uint8 (C, H, W) as base64: exact wherever it is read. What a browser makes of a PNG need not be."""
    return base64.b64encode(picture.contiguous().cpu().numpy().tobytes()).decode("ascii")
