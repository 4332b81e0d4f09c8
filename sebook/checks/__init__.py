"""Self-checks for the book's exercises: a verdict on a learner's code, with a hint that names the misconception.

    checks.squeeze(my_squeeze)

A check is the right answer, inputs to try it on, and the slips that learners make, each with one or two sentences for those who
make it. :mod:`sebook.checks.verdict` compares. No check raises for what a learner writes. The files here follow the chapters;
users of the checks need only their names.
"""

from .became import grn, luck
from .blocks import block, last_stage, parameters, rescale
from .convolutions import blind_to_grey, convolution, receptive_field
from .eight_bits import fake_quant, row_squeeze
from .explorer import decisive_gate, occlusion
from .gates import excitation, open_gates, weights
from .inside import closing, gap, rank_correlation
from .maps import masked_squeeze, pixel_share, same_squeeze, squeeze
from .networks import called, channels, inception, insert
from .recorded import distances, freeze, share
from .relatives import eca, eca_size, select, spatial_squeeze
from .shipping import dead_units, fold_after, identity_start
from .studies import order, paired
from .training import decay_groups, gate_gradient
from .verdict import Verdict
from .wild import switches, tiled

__all__ = [
    "Verdict",
    "blind_to_grey",
    "block",
    "called",
    "channels",
    "closing",
    "convolution",
    "dead_units",
    "decay_groups",
    "decisive_gate",
    "distances",
    "eca",
    "eca_size",
    "excitation",
    "fake_quant",
    "fold_after",
    "freeze",
    "gap",
    "gate_gradient",
    "grn",
    "identity_start",
    "inception",
    "insert",
    "last_stage",
    "luck",
    "masked_squeeze",
    "occlusion",
    "open_gates",
    "order",
    "paired",
    "parameters",
    "pixel_share",
    "rank_correlation",
    "receptive_field",
    "rescale",
    "row_squeeze",
    "same_squeeze",
    "select",
    "share",
    "spatial_squeeze",
    "squeeze",
    "switches",
    "tiled",
    "weights",
]
