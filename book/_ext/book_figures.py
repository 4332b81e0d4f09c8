"""Schematic figures of the steps, as inline SVG: tensors as stacks of sheets and columns of cells, each with its symbol's key.

No numbers are in them: what a step does to shapes, and nothing else. :mod:`book_linked` shows them.
"""

from collections.abc import Callable

CHANNELS = 5  # drawn of C
CELL = 14


def _group(key: str, *parts: str) -> str:
    return f'<g data-symbol="{key}">{"".join(parts)}</g>'


def _kind(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{_kind(kind)}>{text}</text>'


def _rect(x: float, y: float, width: float, height: float, kind: str = "") -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{_kind(kind)}/>'


def _sheets(key: str, x: float, y: float, name: str, count: int = CHANNELS, side: float = 56, kinds: tuple[str, ...] = ()) -> str:
    """Maps, stacked like cards, with the last in front."""
    sheets = (_rect(x + 9 * i, y + 7 * i, side, side, kinds[i] if kinds else "") for i in range(count))
    return _group(key, *sheets, _text(x + 9 * (count - 1) / 2 + side / 2, y + 7 * (count - 1) + side + 17, name))


def _column(key: str, x: float, y: float, name: str, count: int = CHANNELS) -> str:
    cells = (_rect(x, y + i * CELL, CELL, CELL) for i in range(count))
    return _group(key, *cells, _text(x + CELL / 2, y + count * CELL + 17, name))


def _arrow(x: float, y: float, length: float = 30) -> str:
    return f'<path class="arrow" d="M{x:g} {y:g}h{length:g}m-6 -5l6 5l-6 5"/>'


def _layer(key: str, x: float, y: float, left: float, right: float, name: str, width: float = 52) -> str:
    """A fully connected layer: a trapezoid from so many cells to so many."""
    (a, b), (c, d) = ((y - side / 2, y + side / 2) for side in (left, right))
    shape = f'<path d="M{x:g} {a:g}L{x + width:g} {c:g}V{d:g}L{x:g} {b:g}z"/>'
    return _group(key, shape, _text(x + width / 2, y + 5, name))


def _svg(label: str, width: float, height: float, *parts: str) -> str:
    box = f'viewBox="0 0 {width:g} {height:g}" style="max-width:{width / 13:.1f}rem"'
    return f'<svg role="img" aria-label="{label}" {box}>{"".join(parts)}</svg>'


def convolution() -> str:
    rows, colours = [], ("red", "green", "blue")
    for i, colour in enumerate(colours):
        y = 8 + 62 * i
        rows.append(_group("input", _rect(8, y, 48, 48, colour)) + _text(72, y + 29, "∗"))
        cells = "".join(_rect(86 + 14 * (k % 3), y + 3 + 14 * (k // 3), 14, 14) for k in range(9))
        rows.append(_group("kernel", cells) + _arrow(138, y + 24, 26))
        rows.append(_group("part", _rect(174, y, 48, 48)))
        rows.append(f'<path class="arrow" d="M228 {y + 24}L272 {94}"/>')
    total = _group("u", _rect(296, 66, 56, 56), _text(324, 140, "u"))
    names = (
        _group("input", _text(32, 208, "x")) + _group("kernel", _text(107, 208, "v")) + _group("part", _text(198, 208, "3 maps"))
    )
    label = "Three channels, each under its own 3 by 3 weights, give three maps; their sum is one output map, u."
    return _svg(label, 366, 216, *rows, _text(282, 101, "+", "sign"), total, names)


def squeeze() -> str:
    parts = (_sheets("u", 8, 8, "u"), _arrow(118, 50, 36), _group("mean", _text(136, 40, "mean")), _column("z", 172, 15, "z"))
    return _svg("A stack of C maps, u, becomes a column of C numbers, z: one mean per map.", 200, 112, *parts)


def excitation() -> str:
    tall, low = CHANNELS * CELL, 2 * CELL
    parts = (
        _column("z", 8, 15, "z"),
        _layer("w1", 30, 50, tall, low, "W₁"),
        _column("relu", 90, 50 - CELL, "δ", 2),
        _layer("w2", 112, 50, low, tall, "W₂"),
        _column("sigmoid", 172, 15, "σ"),
        _arrow(194, 50, 24),
        _column("s", 226, 15, "s"),
    )
    label = "A column of C numbers, z, narrows by W1 to C / r units, passes ReLU, widens by W2, and the sigmoid makes C gates, s."
    return _svg(label, 250, 112, *parts)


def rescale() -> str:
    parts = (
        _sheets("u", 8, 8, "u"),
        _group("product", _text(124, 56, "·", "sign")),
        _column("s", 142, 15, "s"),
        _arrow(170, 50, 30),
    )
    return _svg(
        "A stack of C maps, u, times a column of C gates, s, is a stack of C maps, x-tilde.",
        320,
        112,
        *parts,
        _sheets("x", 212, 8, "x̃"),
    )


FIGURES: dict[str, Callable[[], str]] = {
    "convolution": convolution,
    "squeeze": squeeze,
    "excitation": excitation,
    "rescale": rescale,
}
