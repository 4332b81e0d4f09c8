"""What the files of tests of checkpoints share: the description of a small one."""

from senet.pretrained import Preprocessing

PREPROCESSING = Preprocessing(32, (0.5, 0.4, 0.3), (0.2, 0.3, 0.25))
CLASSES = ("cat", "dog", "hörnchen")


def describe(**changes) -> dict:
    described = {
        "title": "a small one",
        "architecture": "small_resnet",
        "arguments": {"layers": [1, 1], "widths": [4, 8], "reduction": 2},
        "classes": CLASSES,
        "preprocessing": PREPROCESSING,
        "licence": "BSD-3-Clause",
        "provenance": {"accuracy": 0.5, "data": "none"},
    }
    return described | changes
