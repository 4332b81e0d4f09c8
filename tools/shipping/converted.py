"""What converters make of squeeze, gate and rescale: TFLite by LiteRT's converter, Core ML by coremltools.

Nothing is run here: the files are read. A Core ML program runs on Apple's systems alone.
"""

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sebook.network_files import finding, tflite_file
from sebook.shipping import plain
from senet import se_resnet50

SIDE = 64  # pixels: operators don't depend on it


def measure() -> dict[str, Any]:
    """One block's operators, by network and format."""
    import timm
    from torchvision.models import mobilenet_v3_small

    networks = {
        "SE-ResNet-50, ours": se_resnet50(),
        # Without zeros in each block's last batch norm: a converter folds these, and with them every gate.
        "SE-ResNet-50, timm": timm.create_model("seresnet50", zero_init_last=False),
        "MobileNetV3, torchvision": mobilenet_v3_small(),
    }
    said = {}
    for name, model in networks.items():
        model.eval().requires_grad_(False)
        said[name] = {"TFLite": _tflite(model), "Core ML": _coreml(model)}
        print(name, said[name], flush=True)
    return {"seed": None, "operators": said}


def _tflite(model: nn.Module) -> dict[str, list[str]]:
    """TFLite's names of what the first block becomes; an activation that is part of a layer's operator comes after it."""
    import litert_torch

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.tflite"
        litert_torch.convert(model, (torch.zeros(1, 3, SIDE, SIDE),)).export(str(file))
        graph, shapes = tflite_file.graph_of(tflite_file.read(file), file.name)
    first = finding.find(graph, shapes)[0]
    return {
        part: [node.name.split()[0] if "," not in node.name else node.op for node in nodes]
        for part, nodes in plain.chain(graph, first).items()
    }


def _coreml(model: nn.Module) -> dict[str, list[str]]:
    """Operators of Core ML's ML program, from the first pool over all pixels to the product."""
    import coremltools

    traced = torch.jit.trace(plain.apart(model), torch.zeros(1, 3, SIDE, SIDE))
    given = [coremltools.TensorType(shape=(1, 3, SIDE, SIDE))]
    made = coremltools.convert(traced, inputs=given, convert_to="milinternal")
    every = [each for each in made.functions["main"].operations if each.op_type != "const"]
    at = next(each for each in every if each.op_type == "reduce_mean")
    path = [at.op_type]
    while at.op_type != "mul":
        at = at.outputs[0].child_ops[0]
        path.append(at.op_type)
    return {"squeeze": path[:1], "gate": path[1:-1], "product": path[-1:]}
