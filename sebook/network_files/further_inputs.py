"""What a network file takes besides its picture, such as a size, a scale, a mask or a state: the same for every picture."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FILLED = {"zeros": 0, "ones": 1}
FLAG = "--input NAME=VALUE"
VALUES = "a number, a list such as [1,2], a .npy file, zeros or ones"
HOW = f"{FLAG}: {VALUES}"


@dataclass(frozen=True)
class Input:
    """An input as its file declares it. ``shape`` has None where a length is open."""

    name: str
    shape: tuple[int | None, ...]
    kind: np.dtype

    def __str__(self) -> str:
        sizes = ", ".join("any" if length is None else str(length) for length in self.shape)
        return f"{self.name} ({sizes}) {self.kind}"

    @property
    def channels(self) -> int | None:
        """How many channels an input (1, 3 or 4 on one of four axes) has as a picture; None if it doesn't look like one."""
        if len(self.shape) != 4 or not (self.kind.kind == "f" or self.kind == np.uint8):
            return None
        for axis, sides in ((1, self.shape[2:]), (3, self.shape[1:3])):
            if self.shape[axis] in (1, 3, 4, None) and any(side != 1 for side in sides):
                return self.shape[axis] or 3
        return None

    def array(self, value: Any) -> np.ndarray:
        """``value`` in its shape and numbers. Raises ``ValueError`` where it does not fit."""
        given = np.asarray(FILLED[value] if isinstance(value, str) and value in FILLED else value)
        if given.dtype.kind not in "biuf":
            raise ValueError(f"input {self} can't be {value!r}: give it with {HOW}")
        cast = given.astype(self.kind)
        if self.kind.kind in "iub" and not np.array_equal(cast, given):
            raise ValueError(f"input {self} takes whole numbers that {self.kind} holds, not {value!r}")
        if cast.ndim == 0:
            return np.full([1 if length is None else length for length in self.shape], cast)
        if len(cast.shape) == len(self.shape) and _fits(cast.shape, self.shape):
            return np.ascontiguousarray(cast)
        if None not in self.shape and cast.size == np.prod(self.shape, dtype=int):
            return cast.reshape(self.shape)  # a plain list, for (1, 2)
        raise ValueError(f"input {self} can't be of shape {given.shape}: give it with {HOW}")


def _fits(shape: tuple[int, ...], declared: tuple[int | None, ...]) -> bool:
    return all(length in (None, got) for got, length in zip(shape, declared, strict=True))


def told_apart(inputs: list[Input], given: Mapping[str, Any], path: str) -> tuple[Input, dict[str, np.ndarray]]:
    """Which of ``inputs`` takes the picture, and what the others take.

    Args:
        inputs: all of the file's.
        given: what some of them take, by name: arrays, numbers, lists, "zeros" or "ones".
        path: of the file.

    Raises:
        ValueError: an unknown name, a value that does not fit, an input that is not given, or no picture, as in text models.
    """
    names = [each.name for each in inputs]
    if unknown := [name for name in given if name not in names]:
        raise ValueError(f"{path} has no input {unknown[0]!r}: it takes {', '.join(map(str, inputs))}")
    rest = {each.name: each.array(given[each.name]) for each in inputs if each.name in given}
    open_ones = [each for each in inputs if each.name not in given]
    pictured = [each for each in open_ones if each.channels]
    coloured = [each for each in pictured if each.channels == 3]
    pictured = coloured if len(coloured) == 1 else pictured  # a mask may look like a picture, too
    numbers = [each.name for each in open_ones if each.kind.kind == "i"]
    if numbers and not pictured:
        raise ValueError(
            f"{path} takes whole numbers ({', '.join(numbers)}), as text models do: a network of pictures takes (N, 3, H, W)"
        )
    if not open_ones:
        raise ValueError(f"{path}: all inputs are given ({', '.join(names)}), and none is left for the picture")
    if len(open_ones) > 1:
        missing = [str(each) for each in open_ones if len(pictured) != 1 or each is not pictured[0]]
        if len(pictured) == 1:
            lacks = f"besides its picture ({pictured[0].name}) it needs {', '.join(missing)}"
        else:
            lacks = f"which one is the picture is not plain, so give all the others: {', '.join(missing)}"
        raise ValueError(f"{path} takes {len(inputs)} inputs: {lacks}. Use {HOW}; in Python, rest={{...}}")
    return open_ones[0], rest


def parsed(text: str) -> tuple[str, Any]:
    """``NAME=VALUE`` as typed. Raises ``ValueError`` for any other form."""
    name, equals, value = text.rpartition("=")
    if not equals or not name:
        raise ValueError(f"{text!r} has to be {HOW}")
    if value in FILLED:
        return name, value
    if value.endswith(".npy"):
        if not Path(value).is_file():
            raise ValueError(f"{value} is not a file, which input {name!r} should come from")
        return name, np.load(value, allow_pickle=False)
    try:
        return name, np.asarray(json.loads(value))
    except ValueError:
        raise ValueError(f"{value!r} for input {name!r} has to be {VALUES}") from None
