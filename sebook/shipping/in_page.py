"""SE-ResNet-20 in 8 bits, as a page runs it: everything rounded, unsigned maps, weights of 7 bits.

The file ships, since to calibrate it takes CIFAR-10's training pictures: ``tools/shipping/in_page.py`` makes it, and its metadata
says how.
"""

from pathlib import Path

from senet import pretrained

from ..network_files import onnx_file
from . import plain

NETWORK = "se_resnet20_cifar10"
NAME = f"{NETWORK}.int8"


def file() -> Path:
    """Where the shipped file is."""
    return pretrained.get(NETWORK).file.with_name(f"{NAME}.onnx")


def steps(path: Path) -> list[float]:
    """By SE block, in forward order, how far one level of a gate's 8 bits is from the next."""
    graph = onnx_file.graph_of(onnx_file.read(path), path.name)
    return [float(graph.constant(graph.makers[name].inputs[1])) for name in plain.parts(path).excitations]
