"""Checks of arguments. An error names the argument, its value and what to pass instead."""

from collections.abc import Collection, Iterable
from numbers import Integral
from typing import Any


def at_least_one(**numbers: Any) -> None:
    """Raise ``ValueError`` for the first of ``numbers`` that is not a whole number from 1 up."""
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name}={value!r} has to be a whole number of at least 1")


def one_of(choices: Collection[Any], **named: Any) -> None:
    """Raise ``ValueError`` for the first of ``named`` that is not among ``choices``."""
    for name, value in named.items():
        if value not in choices:
            raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(map(repr, choices))}")


def some_of(choices: Collection[Any], **named: Iterable[Any]) -> tuple[Any, ...]:
    """The values of the one argument in ``named``, so that a generator is read only once.

    Raises:
        ValueError: it isn't a collection, or a value in it is not among ``choices``.
    """
    ((name, values),) = named.items()
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"{name}={values!r} has to be a collection: write ({values!r},)")
    values = tuple(values)
    for value in values:
        one_of(choices, **{name.removesuffix("s"): value})
    return values
