"""Sets of a widget's, such as its pictures or channels: named in a rule, listed from what the widget knows, shown in a message."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Set:
    """A set of the widget's, such as its pictures, by name."""

    name: str


def listed(of: Sequence[Any], widget: Any, at: Callable[[Any, Any], Any]) -> list[Any]:
    """The values of ``of``, with each set's in its place."""
    found: list[Any] = []
    for item in of:
        found += members(at(widget, widget.known[item.name])) if isinstance(item, Set) else [item]
    return found


def members(known: Any) -> list[Any]:
    """What a set of the widget's holds: the keys of a mapping, or the ``id`` or ``name`` of each thing in a list."""
    return [each.get("id", each.get("name")) if isinstance(each, Mapping) else each for each in known]


def plain(value: Any) -> Any:
    """A declaration as JSON holds it: a set as ``{"set": name}``."""
    if isinstance(value, Set):
        return {"set": value.name}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def quoted(names: Sequence[Any], most: int = 12) -> str:
    """Names for a message: the first ``most``, and how many more there are."""
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
