"""What the widgets with plotted charts share: choices as traits, data of their own, and a figure for where there is no kernel.

Their script brings a plotting library along. It is a file of its own, so that the other widgets don't carry it.
"""

from .embedded import EmbeddedWidget
from .view import script


class PlotWidget(EmbeddedWidget):
    """A few choices, each a trait, over data that was measured before. Its ``widget`` is a name in frontend/src/plots.ts.

    Raises:
        ValueError: a trait is set to something that the data don't have (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built.
    """

    _esm = script("widget-plots.js")
