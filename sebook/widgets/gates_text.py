"""Gates set by hand as one line of text, for a trait and an address: ``"layer1.0.se:12=0"``.

``frontend/src/state/gates-text.ts`` reads and writes the same form.
"""

import math
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .fields import ViewError
from .sets import quoted

STEPS, EMPTY = 10_000, "zzz"
PACKED = re.compile(r"\*((?:[0-9a-z]{3})+)", re.ASCII)
RUN = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?=(\d+(?:\.\d+)?)", re.ASCII)


def gates_from(text: str, blocks: Mapping[str, int]) -> dict[str, Tensor]:
    """``"layer1.0.se:12=0,14-20=1;layer3.0.se:5=0.25"`` as overrides: (C,) by block; NaN leaves a gate alone.

    Args:
        text: blocks between semicolons; for each its name, a colon, and channels with their values from 0 to 1.
            A page packs a block with many values: a star, and three digits of base 36 for each channel.
        blocks: channels by name of an SE block.

    Raises:
        ViewError: another form, or a block, channel or value that is not there.
    """
    gates: dict[str, Tensor] = {}
    for part in text.split(";") if text else ():
        name, _, runs = part.rpartition(":")
        if name not in blocks:
            raise ViewError(
                f"gates={text!r}: {name!r} is not an SE block of this network: choose one of {quoted(list(blocks), 60)}"
            )
        if found := PACKED.fullmatch(runs):
            gates[name] = _unpacked(text, name, found[1], blocks[name])
            continue
        gates[name] = torch.full((blocks[name],), math.nan)
        for run in runs.split(","):
            if (found := RUN.fullmatch(run)) is None:
                raise ViewError(f"gates={text!r}: {run!r} has to look like '12=0' or '0-15=1', after the block's name and a colon")
            first, last, value = int(found[1]), int(found[2] or found[1]), float(found[3])
            if not first <= last < blocks[name] or value > 1:
                raise ViewError(f"gates={text!r}: channels of {name} go from 0 to {blocks[name] - 1}, values from 0 to 1")
            gates[name][first : last + 1] = value
    return gates


def gates_to(rows: Mapping[str, Sequence[float | None]]) -> str:
    """Overrides as such a text: by block a value for each channel, None for a gate that is left alone. Four digits are kept."""
    parts = []
    for block, row in rows.items():
        set_by_hand = (f"{channel}={value:.4f}" for channel, value in enumerate(row) if value is not None)
        parts.append(f"{block}:{','.join(set_by_hand)}")
    return ";".join(parts)


def _unpacked(text: str, name: str, digits: str, channels: int) -> Tensor:
    codes = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    values = [math.nan if code == EMPTY else int(code, 36) / STEPS for code in codes]
    if len(values) != channels or any(value > 1 for value in values):
        raise ViewError(f"gates={text!r}: {name} has {channels} channels, and needs as many values from 0 to 1")
    return torch.tensor(values)
