"""What a step in the page could cost at best: `python -m tools.page_training speed` writes it beside what it costs.

ONNX Runtime Web is fastest at products of large matrices: at that rate, how long would a step's convolutions take alone, done
plainly, with every multiplication that their formula has? What a trainer is given to do here instead of a step is such products.
"""

import base64
import gzip
import json
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper
from torch.utils.flop_counter import FlopCounterMode

from tools.engine_bench import LIVE, provided
from tools.page_trial import net_of, network, recipe_of

SIDE, TIMES = 256, 20


def step_flops(arm: str, quick: bool) -> int:
    """Floating-point operations of a step's convolutions and Linear layers, and of their way back, as PyTorch counts them."""
    model, batch = network(arm, 0, quick), recipe_of({"seed": 0, "epochs": 1, "peak": 0.1}, quick).batch_size
    with FlopCounterMode(display=False) as counted:
        F.cross_entropy(model(torch.zeros(batch, 3, 32, 32)), torch.zeros(batch, dtype=torch.long)).backward()
    return counted.get_total_flops()


def product_flops() -> int:
    return TIMES * 2 * SIDE**3


def products_file() -> str:
    """A trainer's file whose step is ``TIMES`` products of matrices (SIDE, SIDE), and leaves the network as it is."""
    told = json.loads(gzip.decompress(base64.b64decode(provided(LIVE / f"train-{net_of('none', quick=False)}.js"))))
    step = onnx.load_from_string(base64.b64decode(told["step_onnx"]))
    luck = np.random.default_rng(0)
    turn = numpy_helper.from_array((luck.standard_normal((SIDE, SIDE)) / SIDE**0.5).astype(np.float32), "turn")
    length = numpy_helper.from_array(np.array([SIDE * SIDE]), "length")
    shape, zero, axes = (
        numpy_helper.from_array(np.array(v), n) for n, v in (("shape", [SIDE, SIDE]), ("zero", [0]), ("axes", [0]))
    )
    nodes = [
        helper.make_node("Slice", ["weights", "zero", "length", "axes"], ["some"]),
        helper.make_node("Reshape", ["some", "shape"], ["x0"]),
        *(helper.make_node("MatMul", [f"x{i}", "turn"], [f"x{i + 1}"]) for i in range(TIMES)),
        helper.make_node("ReduceMean", [f"x{TIMES}"], ["loss"], keepdims=0),
        helper.make_node("Mul", ["loss", "rate"], ["right"]),
        *(helper.make_node("Identity", [name], [f"{name}.next"]) for name in ("weights", "momenta", "statistics")),
    ]
    graph = helper.make_graph(nodes, "products", step.graph.input, step.graph.output, [turn, length, shape, zero, axes])
    model = helper.make_model(graph, opset_imports=step.opset_import, ir_version=step.ir_version)
    onnx.checker.check_model(model)
    told["step_onnx"] = base64.b64encode(model.SerializeToString()).decode()
    return base64.b64encode(gzip.compress(json.dumps(told).encode())).decode()


def floor(products_ms: float, torch_ms: float, arm: str, quick: bool) -> dict[str, Any]:
    """What was measured, as rates, and the least that plain convolutions would take in the page, of PyTorch's whole step."""
    flops, rate = step_flops(arm, quick), product_flops() / products_ms
    return {
        "step_mflop": round(flops / 1e6),
        "page_gflop_per_second_at_best": round(rate / 1e6, 1),
        "torch_gflop_per_second": round(flops / torch_ms / 1e6, 1),
        "plain_convolutions_alone": round(flops / rate / torch_ms, 2),
    }
