"""The book's widgets for notebooks. On a published page their figures come to life without Python (``frontend/src/page.ts``)."""

from .advice import Advice
from .attribution import Attribution
from .convolution import Convolution
from .cost import Cost
from .curves import Curves
from .eight_bits import EightBits
from .excitation import Excitation
from .explorer import Explorer
from .padding import Padding
from .pairs import Pairs
from .profiles import Profiles
from .relatives import Relatives
from .rescale import Rescale
from .seams import Seams
from .segmenter import Segmenter
from .shallow_deep import ShallowDeep
from .squeeze import Squeeze
from .train import Train

__all__ = [
    "Advice",
    "Attribution",
    "Convolution",
    "Cost",
    "Curves",
    "EightBits",
    "Excitation",
    "Explorer",
    "Padding",
    "Pairs",
    "Profiles",
    "Relatives",
    "Rescale",
    "Seams",
    "Segmenter",
    "ShallowDeep",
    "Squeeze",
    "Train",
]
