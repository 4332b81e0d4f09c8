"""What a TFLite file says, read with nothing but ``flatbuffers``, which ONNX Runtime brings along: tensors, weights, operations.

Tables and their fields by number, as TensorFlow's ``schema.fbs`` (version 3) lists them.
"""

from dataclasses import dataclass
from typing import Any

import flatbuffers.table
import numpy as np
from flatbuffers import encode, number_types

TYPES = {0: np.float32, 1: np.float16, 2: np.int32}
# Operations by number; 32 is a custom one, which has a name instead.
NAMES = {
    0: "ADD",
    1: "AVERAGE_POOL_2D",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE",
    14: "LOGISTIC",
    18: "MUL",
    19: "RELU",
    23: "RESIZE_BILINEAR",
    117: "HARD_SWISH",
}
CUSTOM = 32


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor: its shape, and its numbers where the file holds them."""

    name: str
    shape: tuple[int, ...]
    values: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation. ``options`` is its table of options, or the bytes of a custom one's."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: "Table | bytes"


@dataclass(frozen=True, eq=False)
class Model:
    """The file's first graph; inputs and outputs are numbers of tensors."""

    tensors: list[Tensor]
    operations: list[Operation]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Table:
    """A table of the file, whose fields are read by number."""

    def __init__(self, data: bytes, at: int) -> None:
        self._table = flatbuffers.table.Table(data, at)

    def number(self, field: int, flags: Any = number_types.Int32Flags, default: int = 0) -> int:
        place = self._place(field)
        return default if place is None else int(self._table.Get(flags, place))

    def byte(self, field: int) -> int:
        return self.number(field, number_types.Int8Flags)

    def text(self, field: int) -> str:
        place = self._place(field)
        return "" if place is None else self._table.String(place).decode("utf8")

    def array(self, field: int, kind: type = np.int32) -> np.ndarray:
        place = self._place(field)
        if place is None:
            return np.zeros(0, kind)
        start, count = self._vector(place)
        return np.frombuffer(self._table.Bytes, kind, count, start)

    def table(self, field: int) -> "Table | None":
        place = self._place(field)
        return None if place is None else Table(self._table.Bytes, self._table.Indirect(place))

    def tables(self, field: int) -> list["Table"]:
        place = self._place(field)
        if place is None:
            return []
        start, count = self._vector(place)
        return [Table(self._table.Bytes, self._table.Indirect(start + 4 * i)) for i in range(count)]

    def _place(self, field: int) -> int | None:
        offset = self._table.Offset(4 + 2 * field)
        return self._table.Pos + offset if offset else None

    def _vector(self, place: int) -> tuple[int, int]:
        start = self._table.Indirect(place)
        return start + 4, int(encode.Get(number_types.UOffsetTFlags.packer_type, self._table.Bytes, start))


def read(data: bytes) -> Model:
    """A TFLite file's first graph.

    Raises:
        ValueError: it is not TFLite, or has an operation or a kind of number that is not read here.
    """
    if data[4:8] != b"TFL3":
        raise ValueError("not a TFLite file: those have TFL3 as their fifth to eighth byte")
    root = Table(data, int.from_bytes(data[:4], "little"))
    codes = [_operation(each) for each in root.tables(1)]
    buffers = root.tables(4)
    graph = root.tables(2)[0]
    tensors = []
    for each in graph.tables(0):
        shape, kind = tuple(map(int, each.array(0))), each.byte(1)
        stored = buffers[each.number(2, number_types.Uint32Flags)].array(0, np.uint8)
        if stored.size and kind not in TYPES:
            raise ValueError(f"the tensor {each.text(3)} has numbers of kind {kind}: float32, float16 and int32 are read here")
        values = np.frombuffer(stored.tobytes(), TYPES[kind]).reshape(shape) if stored.size else None
        tensors.append(Tensor(each.text(3), shape, values))
    operations = [
        Operation(
            codes[each.number(0, number_types.Uint32Flags)],
            tuple(map(int, each.array(1))),
            tuple(map(int, each.array(2))),
            each.table(4) or each.array(5, np.uint8).tobytes(),
        )
        for each in graph.tables(3)
    ]
    return Model(tensors, operations, *(tuple(map(int, graph.array(field))) for field in (1, 2)))


def _operation(code: Table) -> str:
    number = max(code.byte(0), code.number(3))
    if number == CUSTOM:
        return code.text(1)
    if number not in NAMES:
        raise ValueError(f"operation {number} of TFLite is not read here")
    return NAMES[number]
