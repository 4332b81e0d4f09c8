"""Squeeze-and-excitation networks, and tools to look inside them. The package of the book *Squeeze & Excite*.

Models first (``se``, ``resnet``, ``cifar``, ``inception``), then weights and pictures (``pretrained``, ``picture``, ``images``,
``patchwork``), then what looks inside (``recording``, ``profiles``) or makes quick (``fuse``, ``bench``), then what trains and
draws (``training``, ``plots``, ``widgets``).
"""

import sys

try:
    from .cifar import resnet20, resnet32, resnet56, resnet110, se_resnet20, se_resnet32, se_resnet56, se_resnet110
    from .fuse import fuse
    from .inception import se_inception_v3
    from .recording import record
    from .resnet import se_resnet18, se_resnet34, se_resnet50, se_resnet101, se_resnet152, se_resnext50_32x4d
    from .se import SEBlock
except Exception:
    # `python -m senet preflight` goes on, to say in plain words what is missing here. (A torchvision that doesn't fit torch raises
    # a RuntimeError.)
    if "preflight" not in sys.orig_argv:
        raise

__version__ = "0.1.0"
__all__ = [
    "SEBlock",
    "fuse",
    "record",
    "resnet20",
    "resnet32",
    "resnet56",
    "resnet110",
    "se_inception_v3",
    "se_resnet18",
    "se_resnet20",
    "se_resnet32",
    "se_resnet34",
    "se_resnet50",
    "se_resnet56",
    "se_resnet101",
    "se_resnet110",
    "se_resnet152",
    "se_resnext50_32x4d",
]
