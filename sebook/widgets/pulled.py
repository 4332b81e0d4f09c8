"""Gates that are set by hand, as Python writes and reads them."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .fields import Field, ViewError
from .sets import Set, plain, quoted


class GateRows(Field):
    """Gates that are set by hand: by block, a value for each channel, None for the network's own. In addresses they are text."""

    kind = "gates"

    def checked(self, widget: Any, value: Mapping[str, Any]) -> dict[str, list[float | None]]:
        rows = {name: row(values, name, widget._blocks) for name, values in value.items()}
        return {name: rows[name] for name in widget._blocks if any(gate is not None for gate in rows.get(name, []))}

    def rule(self) -> dict[str, Any]:
        return {**super().rule(), "channels": plain(Set("channels")), "rows": True}


class Pulled(MutableMapping):
    """An explorer's gates that are set by hand, by block: each change moves the page, and each pull on the page is read here."""

    def __init__(self, explorer: Any) -> None:
        self._explorer = explorer

    def __getitem__(self, block: str) -> Tensor:
        row = self._explorer.pulled[block]
        return torch.tensor([float("nan") if value is None else value for value in row])

    def __setitem__(self, block: str, values: Mapping[int, float | None] | Sequence[float | None] | Tensor) -> None:
        """(C,) values; or {channel: value}, which leaves other channels as they are. None or NaN lets a gate go."""
        before = self._explorer.pulled.get(block)
        self._explorer.pulled = {**self._explorer.pulled, block: row(values, block, self._explorer._blocks, before)}

    def __delitem__(self, block: str) -> None:
        self[block]  # a KeyError if it isn't there
        self._explorer.pulled = {name: row for name, row in self._explorer.pulled.items() if name != block}

    def __iter__(self) -> Iterator[str]:
        return iter(self._explorer.pulled)

    def __len__(self) -> int:
        return len(self._explorer.pulled)

    def __repr__(self) -> str:
        return repr({name: {c: v for c, v in enumerate(row) if v is not None} for name, row in self._explorer.pulled.items()})


def row(values: Any, block: str, blocks: Mapping[str, int], before: Sequence[float | None] | None = None) -> list[float | None]:
    """(C,) values from 0 to 1, None for a gate of the network's own."""
    if block not in blocks:
        raise ViewError(f"gates[{block!r}] is not an SE block of this network: choose one of {quoted(list(blocks), 60)}")
    count = blocks[block]
    if isinstance(values, Mapping):
        if wrong := [channel for channel in values if isinstance(channel, bool) or channel not in range(count)]:
            raise ViewError(f"gates[{block!r}] has no channel {wrong[0]!r}: choose 0 to {count - 1}")
        given = list(before or [None] * count)
        for channel, value in values.items():
            given[channel] = value
    else:
        given = list(values.tolist() if hasattr(values, "tolist") else values)
    if len(given) != count:
        raise ViewError(
            f"gates[{block!r}] has {len(given)} values, and the block {count} channels: one each, or {{channel: value}}"
        )
    given = [None if value is None or value != value else float(value) for value in given]
    if wrong := [value for value in given if value is not None and not 0 <= value <= 1]:
        raise ViewError(f"gates[{block!r}] has {wrong[0]:g}: a gate goes from 0 (closed) to 1 (open)")
    return given
