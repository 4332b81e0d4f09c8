"""Figures by Matplotlib, for pages that are light or dark: SVG whose ink is the page's own.

Matplotlib knows colours by value only. So a figure is drawn in placeholders, and :func:`to_svg` replaces them by the page's CSS:
the text's colour, and the book's colours for u, z, s and x-tilde (``frontend/src/widgets.css``).
"""

import html
import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

# Colours that nobody would choose, each for something that only the page knows. The second value is for readers without our CSS.
INK = "#010203"
SYMBOLS = {"u": "#010204", "z": "#010205", "s": "#010206", "x": "#010207"}
# As the pages colour them, with a value for readers without their style.
COLOURS = {
    "u": "var(--senet-u,#2f86d1)",
    "z": "var(--senet-z,#23845b)",
    "s": "var(--senet-s,#cc5c1a)",
    "x": "var(--senet-x,#a04aa8)",
}
_ON_THE_PAGE = {INK: "currentColor"} | {SYMBOLS[key]: colour for key, colour in COLOURS.items()}
_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
STYLE = {
    "svg.fonttype": "none",  # text stays text: small, readable, in the page's font
    "svg.hashsalt": "senet",  # the same figure is the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}


def to_svg(figure: Figure, label: str) -> str:
    """A figure as an inline ``<svg>`` that follows the page's colours and width.

    Args:
        figure: drawn in :data:`INK` and :data:`SYMBOLS`.
        label: what it shows, for those who cannot see it.
    """
    file = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]  # no XML declaration and no DOCTYPE inside a page
    # What would act on the whole page, or be on it twice. Ids of clips and markers stay: they are used, and made from the content.
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>|(?<=<g) id=\"[^\"]*\"", "", text, flags=re.DOTALL)
    text = re.sub(r"font-family:[^;\"]*;?", "", text)  # the page's font
    text = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", text)  # hundredths of a point do
    text = re.sub(r"\s*\n\s*", "\n", text)
    for stand_in, colour in _ON_THE_PAGE.items():
        text = text.replace(stand_in, colour)
    # The width is the page's to choose; the viewBox keeps the proportions, also while a browser puts off what is out of sight.
    view_box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', text)
    shape = f'{view_box[0]} style="aspect-ratio:{view_box[1]}/{view_box[2]}"'
    return f'<svg role="img" aria-label="{html.escape(label)}" {shape} {_NAMESPACES}{text[text.index(">") :]}'


class Drawing:
    """A figure that a notebook shows as :func:`to_svg` draws it, with a description for those who cannot see it."""

    def __init__(self, figure: Figure, label: str) -> None:
        self.figure = figure
        self.label = label

    def _repr_html_(self) -> str:
        return f'<figure class="senet-drawing">{to_svg(self.figure, self.label)}</figure>'
