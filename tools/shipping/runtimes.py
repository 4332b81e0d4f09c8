"""What each runtime makes of squeeze, gate and rescale, and what SE costs there: its share of time beside its share of arithmetic.

Times are of one picture on one thread, by each runtime's own counters, over many runs. SE-ResNet-50 has random weights, which
change no time.
"""

import contextlib
import io
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sebook.measure import cost
from sebook.shipping import int8, plain
from senet import pretrained, se_resnet50

RUNS = 30
WARM = 15  # runs by OpenVINO before those that count
WEBGPU = Path(__file__).parents[2] / "frontend/engine/node_modules/onnxruntime-web/docs/webgpu-operators.md"
NEEDED = (
    *("ReduceMean", "GlobalAveragePool", "Gemm", "Conv", "Relu", "Sigmoid", "HardSigmoid", "Unsqueeze", "Mul"),
    *("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger"),
)


def measure() -> dict[str, Any]:
    """Operators by runtime, and shares by network."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    slim = pretrained.load("se_resnet18_slim_imagenet100", progress=False)
    networks = {"SE-ResNet-50, 224 pixels": (se_resnet50(), 224), "slim SE-ResNet-18, 64 pixels": (slim, 64)}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shares = {name: _shares(model.eval(), size, place) for name, (model, size) in networks.items()}
        return {"seed": 0, "runs": RUNS, "shares": shares, "operators": _operators(place), "WebGPU": _webgpu()}


# ---- what it costs
def _shares(model: nn.Module, size: int, place: Path) -> dict[str, Any]:
    file = plain.write(model, place / "float.onnx", size)
    parts = plain.parts(file)
    counted = cost.cost(model, size)
    picture = np.random.default_rng(0).normal(size=(1, 3, size, size)).astype(np.float32)
    small = int8.static(file, place / "int8.onnx", np.repeat(picture, 8, 0), signed=False)
    whole = counted.multiply_adds + counted.se_elementwise
    said = {
        "layers": counted.se_multiply_adds / counted.multiply_adds,
        "layers and both passes": (counted.se_multiply_adds + counted.se_elementwise) / whole,
        "bytes": counted.se_bytes / counted.bytes,
        "ONNX Runtime": _onnxruntime(file, parts, picture, place),
        "ONNX Runtime, 8 bits": _onnxruntime(small, parts, picture, place),
        "OpenVINO": _openvino(file, parts, picture),
    }
    print(said, flush=True)
    return said


def _onnxruntime(file: Path, parts: plain.Parts, picture: np.ndarray, place: Path) -> dict[str, float]:
    """Time by part of SE, as a share of all nodes' time, by ONNX Runtime's profile."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.enable_profiling, options.profile_file_prefix = True, str(place / "profile")
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    for _ in range(RUNS):
        session.run(None, {plain.INPUT: picture})
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    taken: dict[str, list[int]] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            taken.setdefault(event["name"].removesuffix("_kernel_time"), []).append(event["dur"])
    # Of each node the median run: a mean would count what else the machine had to do.
    return _by_part(Counter({name: float(np.median(times)) for name, times in taken.items()}), parts)


def _by_part(spent: Counter[str], parts: plain.Parts) -> dict[str, float]:
    """A runtime fuses nodes and adds some: each is of the part whose node's name it carries, or of none."""
    whole, said = sum(spent.values()), {}
    for part in ("squeeze", "gate", "product"):
        names = set(parts.of(part))
        said[part] = sum(time for name, time in spent.items() if _known_as(name) & names) / whole
    return {**said, "SE": sum(said.values())}


def _known_as(name: str) -> set[str]:
    return {name, name.removeprefix("fused ")}


def _openvino(file: Path, parts: plain.Parts, picture: np.ndarray) -> dict[str, Any]:
    """The same by OpenVINO's counters, and which node types it runs SE's as."""
    import openvino

    core = openvino.Core()
    ready = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_NUM_THREADS": 1, "PERF_COUNT": True})
    request = ready.create_infer_request()
    types: dict[str, str] = {}
    sums: list[dict[str, float]] = []
    for run in range(1, 3 * WARM + 1):
        request.infer(picture)
        said = request.get_profiling_info()
        types |= {each.node_name: each.node_type for each in said}
        # Its times are means over all runs of this request, the first among them, which makes the kernels.
        sums.append({each.node_name: run * each.real_time.total_seconds() for each in said})
    spent = Counter({name: sums[-1][name] - sums[WARM - 1][name] for name in sums[-1]})
    named = {part: _openvino_names(ready, set(parts.of(part))) for part in ("squeeze", "gate", "product")}
    whole = sum(spent.values())
    shares: dict[str, Any] = {part: sum(spent[name] for name in names) / whole for part, names in named.items()}
    shares["SE"] = sum(shares.values())
    shares["run as"] = {part: sorted({types[name] for name in names if name in types}) for part, names in named.items()}
    return shares


def _openvino_names(ready: Any, nodes: set[str]) -> list[str]:
    """Names of executed nodes that stem from one of these of the file."""
    names = []
    for node in ready.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        layers = str(
            info["originalLayersNames"].value if hasattr(info["originalLayersNames"], "value") else info["originalLayersNames"]
        )
        if any(layer.partition("/")[0] in nodes for layer in layers.split(",")):
            names.append(node.get_friendly_name())
    return names


# ---- what it becomes
def _operators(place: Path) -> dict[str, Any]:
    """One block's operators, by network and format."""
    import timm
    from torchvision.models import mobilenet_v3_small

    networks = {
        "SE-ResNet-50, ours": se_resnet50(),
        "SE-ResNet-50, timm": timm.create_model("seresnet50"),
        "MobileNetV3, torchvision": mobilenet_v3_small(),
    }
    said = {}
    for name, model in networks.items():
        file = plain.write(model.eval(), place / "network.onnx", 64)
        said[name] = {"ONNX": plain.parts(file).operators, "OpenVINO": _openvino_types(file), "NCNN": _ncnn(model, place)}
        print(name, said[name], flush=True)
    return said


def _openvino_types(file: Path) -> dict[str, list[str]]:
    """Node types of OpenVINO's graph before it is compiled."""
    import openvino

    model = openvino.Core().read_model(file)
    parts = plain.parts(file)
    said = {}
    for part in ("squeeze", "gate", "product"):
        names = set(parts.of(part))
        nodes = [node for node in model.get_ordered_ops() if node.get_friendly_name().partition("/")[0] in names]
        types = [node.get_type_name() for node in nodes if node.get_type_name() != "Constant"]
        said[part] = sorted(set(types))
    return said


def _webgpu() -> dict[str, bool]:
    """Whether ONNX Runtime Web's list of operators for WebGPU, which its package ships, names those that SE needs."""
    listed = WEBGPU.read_text(encoding="utf-8")
    return {operator: f"| {operator} |" in listed for operator in NEEDED}


def _ncnn(model: nn.Module, place: Path) -> list[str]:
    """Layers of the first SE block in NCNN's text file, as pnnx converts it: from its pool to the product that uses it."""
    import pnnx

    model = plain.apart(model)  # pnnx knows no addcmul
    with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(place):
        pnnx.export(model, str(place / "network.pt"), (torch.zeros(1, 3, 64, 64),))
    layers = (place / "network.ncnn.param").read_text(encoding="utf-8").splitlines()[2:]
    split = [line.split() for line in layers]
    start = next(i for i, line in enumerate(split) if line[0] in ("Pooling", "Reduction") and i > 3)
    names, at = [], set(split[start][4 + int(split[start][2]) :][: int(split[start][3])])
    names.append(split[start][0])
    for line in split[start + 1 :]:
        takes, gives = int(line[2]), int(line[3])
        if at & set(line[4 : 4 + takes]):
            names.append(line[0])
            at = set(line[4 + takes : 4 + takes + gives])
            if line[0] in ("BinaryOp", "Scale"):
                break
    return names
