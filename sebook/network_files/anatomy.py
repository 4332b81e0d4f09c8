"""What the gates of a network do on pictures: dead, closed, open or constant; and what freezing each would cost.

:func:`measure` is for files; :mod:`sebook.shipping.examining` runs :func:`measured` on torch models, and says what to do.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from .tapped import Reading, Tapped

SHUT, WIDE = 0.01, 0.99  # a gate below is closed, one above is open
STEADY = 1e-3  # a channel's gate that moves less than this from picture to picture is constant


@dataclass(frozen=True)
class Measured:
    """One gate on all pictures; shares are of its channels, or of all their values.

    Attributes:
        name: of the gate.
        low: the least of all its values.
        mean: their mean.
        high: the greatest.
        closed: share of values below 0.01.
        open: share of values above 0.99.
        constant: share of channels that move less than 0.001 over the pictures.
        shut: share of channels that are below 0.01 on every picture.
        stuck: share of channels that are above 0.99 on every picture.
        spread: the most that any channel moves.
        hidden: how many units the hidden layer has; None without one that is cut off at 0.
        dead: how many of these never fire.
        freezing: the largest change of any output when each channel is set to its mean over the pictures.
        changed: in how many pictures that changes the largest output; None for a single output, or for a map.
        idle: whether all channels are shut, and closing them altogether changes no output by more than a millionth of the largest.
    """

    name: str
    low: float
    mean: float
    high: float
    closed: float
    open: float
    constant: float
    spread: float
    hidden: int | None
    dead: int | None
    freezing: float
    changed: int | None
    shut: float = 0.0
    stuck: float = 0.0
    idle: bool = False


def measure(network: Tapped, pictures: np.ndarray, progress: bool = False) -> list[Measured]:
    """All gates of ``network`` on ``pictures``, which are in the network's own shape."""
    plain = network.run(pictures)
    gates = tqdm(network.found, desc="gates", unit="gate", disable=not progress)
    return [_gate(network, each.gate.name, hidden_units(network, plain), plain, pictures) for each in gates]


def _gate(network: Tapped, name: str, hidden: dict[str, np.ndarray], plain: Reading, pictures: np.ndarray) -> Measured:
    units, outputs = hidden.get(name), plain.outputs
    return measured(name, plain.excitation[name], units, outputs, lambda s: network.run(pictures, {name: s}).outputs)


def hidden_units(network: Tapped, plain: Reading) -> dict[str, np.ndarray]:
    """By gate, what its last layer takes, (N, hidden), where that is cut off at 0."""
    cut = [each.gate.name for each in network.found if each.hidden and _cut_at_zero(network, each.hidden)]
    return {name: plain.hidden[name] for name in cut}


def measured(
    name: str,
    s: np.ndarray,
    units: np.ndarray | None,
    outputs: Sequence[np.ndarray],
    run: Callable[[np.ndarray], Sequence[np.ndarray]],
) -> Measured:
    """One gate.

    Args:
        name: of the gate.
        s: its values, (N, C).
        units: its hidden layer, (N, hidden), where that is cut off at 0.
        outputs: the network's.
        run: the same with this gate at values (C,) in all pictures.
    """
    s = s.astype(np.float64)
    moves, first = np.ptp(s, axis=0), outputs[0]
    frozen = run(s.mean(0))
    classes = first.ndim == 2 and first.shape[1] > 1
    largest = max(float(np.abs(out).max(initial=0)) for out in outputs)
    shut = s.max(0) < SHUT
    idle = bool(shut.all()) and _change(outputs, run(np.zeros(s.shape[1]))) <= 1e-6 * largest
    return Measured(
        name,
        float(s.min()),
        float(s.mean()),
        float(s.max()),
        float((s < SHUT).mean()),
        float((s > WIDE).mean()),
        float((moves < STEADY).mean()),
        float(moves.max()),
        None if units is None else units.shape[1],
        None if units is None else int((units.max(0) <= 0).sum()),
        _change(outputs, frozen),
        int((first.argmax(1) != frozen[0].argmax(1)).sum()) if classes else None,
        float(shut.mean()),
        float((s.min(0) > WIDE).mean()),
        idle,
    )


def _change(plain: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    pairs = zip(plain, other, strict=True)
    return max(float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0)) for a, b in pairs)


def _cut_at_zero(network: Tapped, hidden: str) -> bool:
    maker = network.graph.makers.get(network.graph.root(hidden))
    return maker is not None and maker.op in ("Relu", "Relu6", "Clip")


def table(measured: list[Measured]) -> str:
    """For people: a line for each gate."""
    lines = [
        f"{'gate':>4} {'low':>6} {'mean':>6} {'high':>6} {'closed':>7} {'open':>7} {'constant':>8} {'dead units':>11}  freezing"
    ]
    for i, each in enumerate(measured, start=1):
        dead = "-" if each.dead is None else f"{each.dead} of {each.hidden}"
        some = {None: "", 0: ", no picture changes class", 1: ", 1 picture changes class"}
        classes = some.get(each.changed, f", {each.changed} pictures change class")
        lines.append(
            f"{i:4} {each.low:6.3f} {each.mean:6.3f} {each.high:6.3f} {each.closed:7.1%} {each.open:7.1%} {each.constant:8.1%} "
            f"{dead:>11}  {each.freezing:.3g}{classes}"
        )
    return "\n".join(lines)


def as_json(measured: list[Measured]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [asdict(each) for each in measured]
