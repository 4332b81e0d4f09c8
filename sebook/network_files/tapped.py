"""A network file whose gates can be read and set from outside, whatever runs it; and the replay proof.

With no gate given the network computes what it always did; that this is so, and that the gates matter, :meth:`Tapped.prove` shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from senet.inside.gates import Anatomy

from .finding import Found, anatomy_of
from .graph import Graph

ANY_SIDE = 224  # pixels, where a file leaves its pictures' size open


@dataclass(frozen=True, eq=False)
class Reading:
    """What one run gave.

    Attributes:
        outputs: the network's own, in its order.
        squeeze: by gate's name, z (N, C).
        excitation: by gate's name, s (N, C), as used: an overridden gate shows the override.
        hidden: by gate's name, what the last layer takes, (N, hidden); gates with one layer have none.
    """

    outputs: list[np.ndarray]
    squeeze: dict[str, np.ndarray]
    excitation: dict[str, np.ndarray]
    hidden: dict[str, np.ndarray]


class Tapped:
    """What ``OnnxNetwork`` and ``TfliteNetwork`` share.

    Attributes:
        path: the file.
        graph: what it computes.
        shape: of its input, for one picture, with no length left open.
        channels_last: whether pictures are (N, H, W, 3).
        found: the gates with their tensors.
        anatomy: the gates for people, with their proofs once :meth:`prove` has run.
    """

    path: Path
    graph: Graph
    shape: tuple[int, ...]
    found: list[Found]
    anatomy: Anatomy

    def keep(self, found: list[Found]) -> None:
        """Keep the gates that were found. Raises ``ValueError`` where there are none."""
        if not found:
            raise ValueError(
                f"{self.path} has {len(self.graph.nodes)} nodes and no gate: nothing in it pools all pixels, "
                f"goes through a layer and multiplies maps{_quantised(self.graph)}"
            )
        self.found = found
        self.anatomy = anatomy_of(self.graph, found)

    @property
    def channels_last(self) -> bool:
        return self.shape[-1] in (1, 3) and self.shape[1] not in (1, 3)

    def run(self, pictures: np.ndarray, gates: Mapping[str, np.ndarray] | None = None) -> Reading:
        """Run the network. NaN in ``gates`` leaves a channel's own.

        Args:
            pictures: as the network takes them, in its own shape but for the first length.
            gates: excitations to use, by gate's name: (C,) or (N, C).
        """
        unknown = sorted(set(gates or {}) - {each.gate.name for each in self.found})
        if unknown:
            raise ValueError(f"gates: {unknown[0]!r} is not a gate of {self.path.name}: see its anatomy for the names")
        readings = [self._one(picture[None], _rows(gates or {}, i)) for i, picture in enumerate(pictures)]
        outputs = [stacked(parts) for parts in zip(*(reading.outputs for reading in readings), strict=True)]
        parts = {
            part: {name: np.concatenate([getattr(each, part)[name] for each in readings]) for name in getattr(readings[0], part)}
            for part in ("squeeze", "excitation", "hidden")
        }
        return Reading(outputs, **parts)

    def prove(self, pictures: np.ndarray) -> Anatomy:
        """The replay proof: the recorded gates put back give the same outputs bit for bit, and a permutation doesn't.

        Returns:
            The anatomy with a verdict for each gate; also kept as :attr:`anatomy`.
        """
        plain = self.run(pictures)
        again = self.run(pictures, plain.excitation)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(plain.outputs, again.outputs, strict=True))
        shuffle = np.random.default_rng(0)
        verdicts = []
        for each in self.found:
            name, s = each.gate.name, plain.excitation[each.gate.name]
            mixed = s[:, shuffle.permutation(s.shape[1])]
            if not same:
                verdicts.append("not proved: the recorded gates give another output")
            elif np.array_equal(mixed, s):
                verdicts.append("not proved: all its channels have one gate, so an exchange shows nothing")
            elif all(np.array_equal(a, b) for a, b in zip(plain.outputs, self.run(pictures, {name: mixed}).outputs, strict=True)):
                verdicts.append("not proved: its gates exchanged give the same output")
            else:
                verdicts.append("proved")
        self.anatomy = self.anatomy.proved(verdicts)
        self.found = [replace(f, gate=gate) for f, gate in zip(self.found, self.anatomy.gates, strict=True)]
        return self.anatomy

    def typed(self, picture: np.ndarray) -> np.ndarray:
        """In the numbers that the input takes."""
        raise NotImplementedError

    def _one(self, picture: np.ndarray, gates: Mapping[str, np.ndarray]) -> Reading:
        """One picture, (1, ...), with a row of gates for each name in ``gates``; each engine has its own."""
        raise NotImplementedError

    def row(self, each: Found, gates: Mapping[str, np.ndarray], shape: Sequence[int], kind: type) -> np.ndarray:
        """The gates that are given for one gate, in its own shape; NaN where none is."""
        values = np.full(shape, np.nan, kind)
        if (given := gates.get(each.gate.name)) is not None:
            if given.size != values.size:
                raise ValueError(f"gates: {each.gate.name!r} has {values.size} channels, not {given.size}")
            values[...] = given.reshape(shape)
        return values


def _quantised(graph: Graph) -> str:
    """What to do about operations that compute in 8 bits, in which no gate is looked for; "" where there are none."""
    count = sum(node.op.startswith("QLinear") for node in graph.nodes)
    if not count:
        return ""
    return (
        f". It computes {count} nodes in 8 bits (QLinear...), in which no gate is looked for: "
        "open the float network that it was made from, or quantise that again with quant_format=QuantFormat.QDQ"
    )


def _rows(gates: Mapping[str, np.ndarray], at: int) -> dict[str, np.ndarray]:
    """Those of one picture."""
    rows = {name: np.asarray(given) for name, given in gates.items()}
    return {name: row if row.ndim < 2 else row[at if len(row) > 1 else 0] for name, row in rows.items()}


def stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Outputs of several pictures; a detector's lists, which differ in length, one after the other."""
    return np.concatenate([np.atleast_1d(part) for part in parts])


def closed(declared: Sequence[int | None], asked: Sequence[int] | None, path: str) -> tuple[int, ...]:
    """A shape without open lengths: one picture, and the sides that were asked for or that a file says."""
    if asked is not None:
        return tuple(asked)
    if len(declared) != 4:
        said = f"{len(declared)} axes" if declared else "no shape"
        raise ValueError(f"{path} takes an input of {said}: a network of pictures takes four, (N, 3, H, W) or (N, H, W, 3)")
    channels = [length if i != 3 or length in (1, 3) else None for i, length in enumerate(declared)]
    last = channels[3] in (1, 3) and declared[1] not in (1, 3)
    sides = (1, declared[1] or ANY_SIDE, declared[2] or ANY_SIDE, declared[3])
    return sides if last else (1, declared[1] or 3, declared[2] or ANY_SIDE, declared[3] or ANY_SIDE)
