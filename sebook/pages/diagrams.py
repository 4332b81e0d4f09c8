"""Diagrams of blocks as inline SVG in the page's own colours: where SE is in a residual block, and in an Inception module.

A diagram is boxes and arrows on a small grid. It is drawn from a list of steps, so that a placement is one line of data.
"""

import html
from collections.abc import Sequence

from senet.arguments import one_of, some_of
from senet.models.resnet import PLACEMENTS

from .page_svg import COLOURS as ON_THE_PAGE

WIDTH, STEP, BOX = 150, 34, 22  # pixels: a column, from one step to the next, a box's height
MIDDLE, SHORTCUT = 95, 28  # x of the branch, and of the shortcut left of it

F = ("1×1", "3×3", "1×1")
# The residual branch from top to bottom, what is on the shortcut, and what follows the sum.
STEPS: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "standard": ((*F, "SE"), (), ("ReLU",)),
    "pre": (("SE", *F), (), ("ReLU",)),
    "post": (F, (), ("ReLU", "SE")),
    "identity": (F, ("SE",), ("ReLU",)),
    "3x3": (("1×1", "3×3", "SE", "1×1"), (), ("ReLU",)),
}
SAID = {
    "standard": "after the last convolution of the branch, before the sum",
    "pre": "before the first convolution of the branch, after the shortcut has left",
    "post": "after the sum and its ReLU",
    "identity": "on the shortcut",
    "3x3": "inside the branch, after the 3×3 convolution",
}
# The steps of an SE block, each in the colour of what it makes.
IN_SE = (("squeeze: mean", "z"), ("layer W₁", "s"), ("ReLU", "s"), ("layer W₂", "s"), ("sigmoid", "s"))
COLOURS = ON_THE_PAGE | {"s": "var(--senet-s,#b34a0a)"}  # darker without the pages' style: words are written in it


class Diagram:
    """Figures side by side, as many in a line as fit the page. Each is an SVG with a text for those who can't see it."""

    def __init__(self, figures: Sequence[tuple[str, str]]) -> None:
        self.figures = figures  # caption, SVG

    def _repr_html_(self) -> str:
        each = "".join(
            f'<div style="flex:0 1 auto;text-align:center"><div>{html.escape(caption)}</div>{svg}</div>'
            for caption, svg in self.figures
        )
        row = "display:flex;flex-wrap:wrap;gap:1rem 0.5rem;justify-content:space-around"
        return f'<figure class="senet-drawing" style="{row}">{each}</figure>'


def placements(*shown: str) -> Diagram:
    """The paper's five placements in a bottleneck, or those that are named (``senet.models.resnet.PLACEMENTS``).

    Raises:
        ValueError: an unknown placement.
    """
    some_of(PLACEMENTS, placements=shown)
    return Diagram([(name, residual_block(name)) for name in shown or PLACEMENTS])


def residual_block(placement: str) -> str:
    """A bottleneck with SE as inline ``<svg>``."""
    one_of(PLACEMENTS, placement=placement)
    branch, shortcut, after = STEPS[placement]
    rows = max(len(steps[0]) for steps in STEPS.values())  # the sum is at one height in all, to be compared
    total = (rows + 1 + max(len(steps[2]) for steps in STEPS.values())) * STEP + 44
    fork, join = 20, rows * STEP + 46
    parts = [_line(MIDDLE, 6, MIDDLE, join - 9), _text(MIDDLE + 10, 12, "x", "start")]
    parts += [_path(f"M{MIDDLE} {fork}H{SHORTCUT}V{join}H{MIDDLE - 9}")]
    parts += [_box(MIDDLE, fork + STEP * (i + 0.75), step) for i, step in enumerate(branch)]
    parts += [_box(SHORTCUT, fork + STEP * (rows / 2 + 0.25), step) for step in shortcut]
    end = join + STEP * (len(after) + 0.7)
    parts += [_line(MIDDLE, join + 9, MIDDLE, end, arrow=True)]
    parts += [f'<circle cx="{MIDDLE}" cy="{join}" r="9" fill="none" stroke="currentColor"/>', _text(MIDDLE, join + 4.5, "+")]
    parts += [_box(MIDDLE, join + STEP * (i + 0.9), step) for i, step in enumerate(after)]
    said = f"A bottleneck with the SE block {SAID[placement]}."
    return _svg(WIDTH, total, said, parts)


def opened() -> Diagram:
    """An SE-ResNet's bottleneck twice: its SE block as a box, and what is in the box."""
    return Diagram([("the SE block as a box", residual_block("standard")), ("what is in the box", opened_block())])


def opened_block() -> str:
    """A bottleneck whose SE block is drawn step by step, in the colours of the block's figure, as inline ``<svg>``."""
    side = MIDDLE + 124  # x of the steps that make the gates
    fork, leaves = 20, 20 + STEP * len(F) + 24  # where the shortcut leaves the branch, and where the gates' steps do
    product = leaves + STEP * (len(IN_SE) + 0.9)
    join = product + STEP * 1.3
    end = join + STEP * 1.7
    parts = [_path(f"M{MIDDLE} {fork}H{SHORTCUT}V{join:g}H{MIDDLE - 9}"), _text(MIDDLE + 10, 12, "x", "start")]
    parts += [_path(f"M{MIDDLE} {leaves}H{side}V{product:g}H{MIDDLE + 9}", COLOURS["s"])]
    parts += [_line(MIDDLE, 6, MIDDLE, product - 9), _line(MIDDLE, product + 9, MIDDLE, join - 9)]
    parts += [_line(MIDDLE, join + 9, MIDDLE, end, arrow=True)]
    parts += [_box(MIDDLE, fork + STEP * (i + 0.75), step) for i, step in enumerate(F)]
    parts += [_box(side, leaves + STEP * (i + 0.75), step, 112, COLOURS[key]) for i, (step, key) in enumerate(IN_SE)]
    for y, sign in ((product, "×"), (join, "+")):
        parts += [f'<circle cx="{MIDDLE}" cy="{y:g}" r="9" fill="none" stroke="currentColor"/>', _text(MIDDLE, y + 4.5, sign)]
    parts += [_symbol(MIDDLE - 10, leaves + 26, "u", "u"), _symbol(MIDDLE - 10, product + 26, "x", "x̃")]
    parts += [_symbol(side - 8, leaves + STEP * 1.25 + 4, "z", "z")]
    parts += [_symbol((MIDDLE + side) / 2, product - 6, "s", "s"), _box(MIDDLE, join + STEP * 0.9, "ReLU")]
    said = (
        "A bottleneck with its SE block drawn open: the mean of each map u makes z; a layer, ReLU, a second layer and "
        "the sigmoid make the gates s; u times s is x-tilde, and the shortcut is added to it."
    )
    return _svg(side + 60, end + 4, said, parts)


def inception_module(with_se: bool = True) -> str:
    """Inception's first kind of module, with SE over all its branches together, as inline ``<svg>``."""
    branches = (("1×1",), ("1×1", "5×5"), ("1×1", "3×3", "3×3"), ("pool", "1×1"))
    width, gap, top = 330, 76, 30
    middle, cat = width / 2, top + 4 * STEP
    parts = [_line(middle, 4, middle, top - 8)]
    for i, steps in enumerate(branches):
        x = middle + (i - 1.5) * gap
        parts.append(_path(f"M{middle} {top - 8}H{x}V{cat - 14}H{middle}"))
        parts += [_box(x, top + STEP * (j + 0.45), step) for j, step in enumerate(steps)]
    last = "SE" if with_se else None
    parts.append(_line(middle, cat - 14, middle, cat + STEP * (1.9 if last else 1), arrow=True))
    parts.append(_box(middle, cat + 4, "side by side", 96))
    if last:
        parts.append(_box(middle, cat + 4 + STEP, last))
    said = "An Inception module: four branches lie side by side, their maps are joined along the channels"
    return _svg(width, cat + 3 * STEP, f"{said}{', and one SE block follows' if with_se else ''}.", parts)


def inception() -> Diagram:
    """An Inception module without and with SE."""
    return Diagram([("Inception module", inception_module(False)), ("SE-Inception module", inception_module())])


def _svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{html.escape(label)}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'style="max-width:100%;height:auto" font-size="12" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, arrow: bool = False) -> str:
    head = f'<path d="M{x2 - 4:g} {y2 - 8:g}h8l-4 8z" fill="currentColor"/>' if arrow else ""
    return _path(f"M{x1:g} {y1:g}L{x2:g} {y2:g}") + head


def _path(d: str, colour: str = "currentColor") -> str:
    return f'<path d="{d}" fill="none" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle", colour: str = "currentColor") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}">{html.escape(text)}</text>'


def _symbol(x: float, y: float, key: str, text: str) -> str:
    """The name of what passes here, in its colour."""
    return _text(x, y, text, "end", COLOURS[key]).replace("<text", '<text font-style="italic" font-weight="700" font-size="14"')


def _box(x: float, y: float, text: str, width: float = 50, colour: str = "currentColor") -> str:
    """A step. SE stands out by colour and by a thicker edge."""
    se = text == "SE"
    colour, edge = (COLOURS["s"] if se else colour), 2.5 if se else 1
    paper = "var(--pst-color-background,var(--jp-layout-color0,Canvas))"  # hides the line under it
    shape = f'<rect x="{x - width / 2:g}" y="{y - BOX / 2:g}" width="{width:g}" height="{BOX}" rx="4"'
    return f'{shape} fill="{paper}" stroke="{colour}" stroke-width="{edge}"/>{_text(x, y + 4, text, colour=colour)}'
