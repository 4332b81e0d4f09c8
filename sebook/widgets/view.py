"""What widgets with fields share: all of a reader's choices as one view, held to their rules and kept in an address."""

import html
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import matplotlib as mpl
import traitlets

from ..pages.page_svg import STYLE
from .fields import Field

STATIC = Path(__file__).parent / "static"


def script(name: str) -> Path | str:
    """One of the widgets' scripts or styles; "" where they have not been built."""
    return STATIC / name if (STATIC / name).exists() else ""


class View(anywidget.AnyWidget):
    """A widget's fields: the table of their rules, what they know, and how fields follow each other.

    Raises:
        FileNotFoundError: the widgets' scripts have not been built.
    """

    _esm = script("widget.js")
    _css = script("widgets.css")
    _widget = traitlets.Unicode("").tag(sync=True)  # its name in frontend/src/widget.ts, or widgets/embedded.ts
    _fields = traitlets.Dict().tag(sync=True)  # the rules, by the field's name in a view
    _together: frozenset[str] = frozenset()  # what the page is setting at once

    def __init_subclass__(cls, **options: Any) -> None:
        """Where an ``__init__`` takes ``**choices``, ``help`` and the page of the API name each."""
        super().__init_subclass__(**options)
        _, *given = inspect.signature(cls.__init__).parameters.values()
        if given and given[-1].kind is given[-1].VAR_KEYWORD:
            names = [name for name in cls.fields() if name not in {each.name for each in given}]
            choices = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in names]
            cls.__signature__ = inspect.Signature([*given[:-1], *choices])

    def __init__(self, **traits: Any) -> None:
        if not self._esm:
            raise FileNotFoundError(
                f"{STATIC} lacks the widgets' scripts: run `make book`, or `npm ci && npm run build` in frontend/, and start again"
            )
        super().__init__(_fields=self.rules(), **traits)

    @property
    def known(self) -> Mapping[str, Any]:
        """The sets that the fields speak of, by name."""
        raise NotImplementedError

    def figure(self) -> tuple[str, str]:
        """The view as it is now: an inline SVG, and a sentence that says what it shows. Each widget draws its own."""
        raise NotImplementedError

    def drawn(self) -> tuple[str, str]:
        """:meth:`figure` in the page's style, whose ink a dark page can change."""
        with mpl.rc_context(STYLE):
            return self.figure()

    @classmethod
    def fields(cls) -> dict[str, Field]:
        """The fields by trait, in the order in which they are declared."""
        own = [(name, trait) for base in reversed(cls.__mro__) for name, trait in vars(base).items()]
        return {name: trait for name, trait in own if isinstance(trait, Field)}

    @classmethod
    def rules(cls) -> dict[str, dict[str, Any]]:
        """The table as the page gets it."""
        table = {}
        for name, field in cls.fields().items():
            seen = field.address or camel(name)
            table[seen] = {**field.rule(), **({} if seen == name else {"trait": name})}
        return table

    def choose(self, **wanted: Any) -> None:
        """Set every field, in order: to the given value, or else to the one at the start."""
        if unknown := [name for name in wanted if name not in self.fields()]:
            raise TypeError(f"{type(self).__name__} has no {unknown[0]!r}: its choices are {', '.join(self.fields())}")
        for name, field in self.fields().items():
            value = wanted.get(name)
            setattr(self, name, field.start(self) if value is None else value)
        self.observe(self._follow, names=list(self.fields()))

    def _on_page(self) -> dict[str, str | None]:
        """What a published page's script gets of it: by the name of a ``data-`` attribute; None for those to leave out."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        svg, caption = self.drawn()
        data = "".join(f' data-{name}="{html.escape(value)}"' for name, value in self._on_page().items() if value is not None)
        static = f'<div class="senet-static">{svg}<figcaption>{html.escape(caption)}</figcaption></div>'
        return f'<figure class="senet-widget"{data}>{static}</figure>'

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/html": self._repr_html_()}, metadata

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        self._together = frozenset(sync_data)
        try:
            super().set_state(sync_data)
        finally:
            self._together = frozenset()

    def _follow(self, change: Any) -> None:
        """A value that the change of another field makes impossible gives way to the one at the start."""
        for name, field in self.fields().items():
            if change.name not in field.by:
                continue
            new = name in self._together  # and so belongs to what came with it
            if (field.bound and not new) or not field.fits(self, getattr(self, name)):
                setattr(self, name, field.start(self))


def compact(value: Any) -> str:
    """As JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def camel(name: str) -> str:
    """``deep_channel`` as ``deepChannel``."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def written(value: Any) -> str:
    """A value as an address holds it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "|".join(value) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
