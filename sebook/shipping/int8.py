"""Post-training quantisation of an ONNX file by ONNX Runtime, all of it or all but a part of the SE blocks.

A quantised file says what it computes in the QDQ form: each tensor is rounded to a whole number of 8 bits (QuantizeLinear) and
scaled back (DequantizeLinear), and a runtime that has whole-number kernels uses them instead. :func:`sebook.shipping.plain.gates`
reads the gates of such a file as those of any other.
"""

import contextlib
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import extra
from . import plain


def static(
    source: str | Path,
    to: str | Path,
    calibration: np.ndarray,
    *,
    per_channel: bool = True,
    leave: str = "nothing",
    signed: bool = True,
    seven: bool = False,
) -> Path:
    """Quantise weights and activations, with ranges seen on some pictures.

    Args:
        source: a float file by :func:`sebook.shipping.plain.write`.
        to: where the quantised file goes.
        calibration: (N, 3, H, W), preprocessed. Take them from the training pictures.
        per_channel: a scale for each output channel of a convolution's weights, or one for all of them.
        leave: what stays in float: ``"nothing"``, ``"SE"``, ``"product"``, ``"gate"`` or ``"squeeze"``.
        signed: activations from -128 to 127, which is ONNX Runtime's default, or from 0 to 255. On a processor with x86
            instructions, it has whole-number convolutions for the latter alone.
        seven: weights of 7 bits. Processors with AVX2 and without VNNI add two products in 16 bits, which 8 bits overflow.

    Raises:
        ValueError: ``leave`` is something else, or there are no calibration pictures.
        ImportError: onnxruntime is not installed.
    """
    if not len(calibration):
        raise ValueError("calibration has no pictures: take some from the training set, 100 are plenty")
    excluded = plain.parts(source).of(leave)
    with _quietly() as quantization:
        quantization.quantize_static(
            str(source),
            str(to),
            _reader(quantization, calibration),
            per_channel=per_channel,
            reduce_range=seven,
            activation_type=getattr(quantization.QuantType, "QInt8" if signed else "QUInt8"),
            nodes_to_exclude=excluded,
        )
    return Path(to)


def dynamic(source: str | Path, to: str | Path) -> Path:
    """Quantise weights, and activations in each run, by the range that they have in it. Needs no pictures."""
    with _quietly() as quantization:
        quantization.quantize_dynamic(str(source), str(to))
    return Path(to)


@dataclass(frozen=True)
class Compared:
    """How a network's answers differ from another's, on the same pictures.

    Attributes:
        accuracy: share of right answers, 0 to 1.
        difference: the accuracy minus the other network's, paired picture by picture.
        half: half the width of the difference's 95 % interval.
        same: share of pictures that both give the same class.
    """

    accuracy: float
    difference: float
    half: float
    same: float


def compared(logits: np.ndarray, others: np.ndarray, labels: np.ndarray) -> Compared:
    """Compare two networks' logits (N, K) on pictures with these labels (N,)."""
    right, before = (values.argmax(1) == labels for values in (logits, others))
    change = right.astype(float) - before.astype(float)
    half = 1.96 * change.std(ddof=1) / math.sqrt(len(change)) if len(change) > 1 else math.inf
    same = (logits.argmax(1) == others.argmax(1)).mean()
    return Compared(float(right.mean()), float(change.mean()), float(half), float(same))


def error(gates: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """How far gates (N, C) are from the exact ones: on average, and as a share of how far a gate strays from picture to picture."""
    far = float(np.abs(gates - exact).mean())
    strays = float(exact.std(0).mean())
    return far, far / strays if strays > 0 else math.inf


def rounded(gates: np.ndarray, bits: int) -> np.ndarray:
    """Gates between 0 and 1, each at the nearest of 2**bits levels, the ends included."""
    if bits < 1:
        raise ValueError(f"bits={bits}: a number that has levels needs at least 1 bit")
    steps = 2**bits - 1
    return np.round(np.clip(gates, 0, 1) * steps) / steps


@contextlib.contextmanager
def _quietly() -> Iterator:
    """ONNX Runtime's quantiser, without its advice to run a step that torch's exporter makes needless."""
    with extra.needed():
        from onnxruntime import quantization
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield quantization
    finally:
        root.setLevel(before)


def _reader(quantization, calibration: np.ndarray):
    """One picture at a time, as the quantiser asks for them."""

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(plain.batches(np.ascontiguousarray(calibration, np.float32), 16))

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.left, None)
            return None if batch is None else {plain.INPUT: batch}

    return Reader()
