"""The reader's choices in a widget, each declared once: what it may be, and what it is at the start.

A field is a trait, so Python refuses a value that makes no sense and names what does. Its declaration also travels to
the page, where ``settle()`` in ``frontend/src/state/fields.ts`` holds an address, a link or a menu to the same rule.

What a field may be often depends on the widget's data: the pictures at hand, the channels of a block. A
:class:`~sebook.widgets.sets.Set` stands for such a set by its name; both sides look it up in what the widget knows. Where it
depends on another field as well, ``by`` names that field: the channels *by block*, the blocks *by network*.
"""

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from .sets import Set, listed, plain, quoted


class ViewError(traitlets.TraitError, ValueError):
    """A field was given what this network or these pictures don't have. The message says what they have."""


class Field(traitlets.TraitType):
    """What all kinds of fields share.

    Args:
        default: the value at the start; without one it is the first that is possible.
        by: names of the fields on which the possible values depend.
        bound: whether the value means nothing once a field of ``by`` changes. Otherwise it stays where it is possible.
        none: whether None, for nothing, is possible.
        address: the field's name in a view and in addresses, if it isn't the trait's.
        unlike: the predicate of the message about a value that is not possible.
    """

    kind = ""
    default_value: Any = None

    def __init__(
        self,
        default: Any = None,
        *,
        by: str | Sequence[str] = (),
        bound: bool = False,
        none: bool = False,
        address: str | None = None,
        unlike: str = "is unknown",
    ) -> None:
        super().__init__(default, allow_none=none)
        self.first, self.none, self.bound = default, none, bound
        self.by = (by,) if isinstance(by, str) else tuple(by)
        self.address, self.unlike = address, unlike
        self.tag(sync=True)

    def _cross_validate(self, widget: Any, value: Any) -> Any:
        """Check a value once all those that come with it are there: what is possible may depend on them."""
        # traitlets lets None pass where it may, but not when several traits are set at once.
        return None if value is None and self.none else self.checked(widget, value)

    def checked(self, widget: Any, value: Any) -> Any:
        """``value`` as the trait holds it, or a :class:`ViewError`."""
        raise NotImplementedError

    def fits(self, widget: Any, value: Any) -> bool:
        """Whether the trait may hold ``value``."""
        try:
            return value is None if self.none and value is None else self.checked(widget, value) == value
        except ViewError:
            return False

    def start(self, widget: Any) -> Any:
        """The value at the start."""
        return self.first

    def rule(self) -> dict[str, Any]:
        """The declaration, as the page gets it."""
        shared = {"default": self.first, "by": list(self.by), "bound": self.bound, "none": self.none}
        return {"kind": self.kind, **{name: value for name, value in shared.items() if value}}

    def refusal(self, value: Any, choose: str) -> ViewError:
        shown = value if isinstance(value, int) else repr(value)
        return ViewError(f"{self.name}={shown} {self.unlike}: choose {choose}{', or None' if self.none else ''}")

    def _at(self, widget: Any, known: Any) -> Any:
        """The part of what is known that belongs to the values of the fields in ``by``."""
        for name in self.by:
            known = known[str(getattr(widget, name))]
        return known


class One(Field):
    """One of several values, such as a name or a number.

    Args:
        of: the values, or sets of them.
        last: whether the last one is the default, not the first.
        without: those that are possible where the network has no class means; None if all are.
    """

    kind = "one"

    def __init__(
        self,
        of: Sequence[Any] | Set,
        default: Any = None,
        *,
        last: bool = False,
        without: Sequence[Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(default, **options)
        self.of, self.last, self.without = [of] if isinstance(of, Set) else list(of), last, without

    def choices(self, widget: Any) -> list[Any]:
        return listed(self.of, widget, self._at)

    def possible(self, widget: Any) -> list[Any]:
        bare = self.without is not None and not widget.known.get("means", True)
        return list(self.without) if bare else self.choices(widget)

    def checked(self, widget: Any, value: Any) -> Any:
        choices = self.choices(widget)
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            raise self.refusal(value, f"one of {quoted(choices, 60)}")
        if value not in self.possible(widget):
            raise ViewError(f"{self.name}={value!r} needs class means: pass means=sebook.experiments.profiles.profile(...).mean")
        return value

    def start(self, widget: Any) -> Any:
        possible = self.possible(widget)
        if self.none or self.first in possible:
            return self.first
        return possible[-1 if self.last else 0]

    def rule(self) -> dict[str, Any]:
        more = {"last": self.last, "without": self.without}
        return {**super().rule(), "of": plain(self.of), **{name: value for name, value in more.items() if value}}


class Picture(One):
    """One of the widget's pictures, by its position; it may also be set by its id. Pages know it by its id."""

    kind = "one"

    def __init__(self, default: int | None = 0, **options: Any) -> None:
        super().__init__(Set("pictures"), default, unlike="is not among the pictures", **options)

    def checked(self, widget: Any, value: Any) -> int:
        ids = widget.known["pictures"]
        if isinstance(value, str) and value in ids:
            return ids.index(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(ids):
            return value
        raise self.refusal(value, f"0 to {len(ids) - 1}, or one of {quoted(ids)}")

    def start(self, widget: Any) -> int | None:
        return self.first

    def rule(self) -> dict[str, Any]:
        shared = {} if self.none else {"shared": True}
        rule = {name: value for name, value in super().rule().items() if name != "default"}
        return {**rule, **shared, "position": True}


class Whole(Field):
    """A whole number.

    Args:
        low, high: the least and the greatest that is possible; None for no bound.
        below: a set whose size bounds it, in the place of ``high``: the channels of a block, for instance.
    """

    kind = "whole"

    def __init__(
        self,
        default: int | None = 0,
        *,
        low: int = 0,
        high: int | None = None,
        below: Set | None = None,
        unlike: str = "is not in {where}",
        **options: Any,
    ) -> None:
        super().__init__(default, unlike=unlike, **options)
        self.low, self.high, self.below = low, high, below

    def most(self, widget: Any) -> int | None:
        return self.high if self.below is None else self._at(widget, widget.known[self.below.name]) - 1

    def checked(self, widget: Any, value: Any) -> int:
        most = self.most(widget)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < self.low or (most is not None and value > most):
            where = getattr(widget, self.by[-1]) if self.by else "this block"
            error = self.refusal(value, f"{self.low} or more" if most is None else f"{self.low} to {most}")
            raise ViewError(str(error).replace("{where}", where))
        return value

    def rule(self) -> dict[str, Any]:
        high = {"high": self.high} if self.below is None else {"below": plain(self.below)}
        return {**super().rule(), "low": self.low, **high}


class Number(Field):
    """A number from ``low`` to ``high``."""

    kind = "number"

    def __init__(self, default: float = 0.0, *, low: float, high: float, **options: Any) -> None:
        super().__init__(default, unlike="is too far", **options)
        self.low, self.high = low, high

    def checked(self, widget: Any, value: Any) -> float:
        if not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            raise self.refusal(value, f"{self.low:g} to {self.high:g}")
        return float(value)

    def rule(self) -> dict[str, Any]:
        return {**super().rule(), "low": self.low, "high": self.high}


class Flag(Field):
    """Yes or no."""

    kind = "flag"

    def checked(self, widget: Any, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.refusal(value, "True or False")
        return value


class Several(Field):
    """Some of a set's names, each once, and at most ``most``.

    Args:
        of: the set.
        first: the set of those that are chosen at the start; by default the first ``most``.
    """

    kind = "several"

    def __init__(self, of: Set, *, most: int, first: Set | None = None, **options: Any) -> None:
        super().__init__([], unlike="is not there", **options)
        self.of, self.most, self.start_set = of, most, first

    def checked(self, widget: Any, value: Any) -> list[str]:
        choices = listed([self.of], widget, self._at)
        for name in value:
            if name not in choices:
                raise self.refusal(name, f"one of {quoted(choices, 60)}")
        if len(value) > self.most or len(set(value)) < len(value):
            raise ViewError(f"{self.name}={list(value)!r}: choose at most {self.most}, each once")
        return list(value)

    def start(self, widget: Any) -> list[str]:
        found = listed([self.start_set or self.of], widget, self._at)
        return found if self.start_set else found[: self.most]

    def rule(self) -> dict[str, Any]:
        first = {"first": plain(self.start_set)} if self.start_set else {}
        return {**super().rule(), "of": plain([self.of]), "most": self.most, **first}


class Text(Field):
    """A value written as one line of text in a form of its own.

    Args:
        kind: the form's name, by which the page knows how to read it.
        check: raises if the widget can't read the text; its arguments are widget, text and the field's name.
        **bounds: what the page needs to read it.
    """

    def __init__(self, kind: str, check: Callable[[Any, str, str], Any], default: str = "", **bounds: Any) -> None:
        options = {name: bounds.pop(name) for name in ("address",) if name in bounds}
        super().__init__(default, **options)
        self.kind, self.check, self.bounds = kind, check, bounds

    def checked(self, widget: Any, value: Any) -> str:
        if not isinstance(value, str):
            raise self.refusal(value, "a text")
        self.check(widget, value, self.name)
        return value

    def rule(self) -> dict[str, Any]:
        return {**super().rule(), **{name: plain(value) for name, value in self.bounds.items()}}
