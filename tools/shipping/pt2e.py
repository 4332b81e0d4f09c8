"""SE networks in 8 bits by torchao's pt2e for x86: exported, observed on pictures, converted.

It refuses a block that calls one ReLU module twice, as ours and torchvision's do. So the networks are also given a module for each
call, which changes none of their answers. The converted network rounds, and computes in float with the rounded numbers. Compiled by
PyTorch's inductor, it computes in whole numbers: that takes a C++ compiler, and minutes.
"""

import copy
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from sebook.shipping import int8, plain
from senet.models.se import SEBlock

from .chosen import MANY
from .setting import Setting, measured

ROUNDED = "quantized_decomposed.dequantize_per_tensor"  # what makes a tensor of rounded numbers
COUNTED = ("conv2d", "linear", "mean", "addcmul")  # convolutions; both layers of a gate, and the head; the squeeze; the product


def measure() -> dict[str, Any]:
    """All networks: what torchao says of them as they are, and what becomes of them with a ReLU module for each call."""
    return measured(str(MANY), _network)


def _network(setting: Setting, _: Path) -> dict[str, Any]:
    apart = relus_apart(setting.model)
    with torch.no_grad():
        for batch in plain.batches(setting.pictures):
            if not torch.equal(apart(torch.from_numpy(batch)), setting.model(torch.from_numpy(batch))):
                raise RuntimeError(f"{setting.data}: other answers with a ReLU module for each call, so nothing was measured")
    blocks = [name for name, module in apart.named_modules() if isinstance(module, SEBlock)]
    layers = [f"{block}.{part}" for block in blocks for part in ("fc1", "fc2")]
    return {
        "as it is": row(setting, setting.model),
        "rows": [
            row(setting, apart),
            row(setting, apart, "all but SE", leave=blocks),
            _but_product(setting),
            row(setting, apart, "all but gate", leave=layers),
            row(setting, apart, "maps of 7 bits", reduce_range=True),
        ],
        "compiled": _compiled(setting, apart),
    }


def relus_apart(model: nn.Module) -> nn.Module:
    """A copy of a network in which every call of a ReLU has a module of its own. SE blocks, which call theirs once, stay whole."""
    model = copy.deepcopy(model)
    graph = _Blocks().trace(model)
    calls: Counter[str] = Counter()
    for node in graph.nodes:
        node.meta.clear()  # or the exporter would still name the second call by the first one's module
        if node.op == "call_module" and isinstance(model.get_submodule(node.target), nn.ReLU):
            calls[node.target] += 1
            if calls[node.target] > 1:
                node.target = f"{node.target}_{calls[node.target]}"
                model.set_submodule(node.target, nn.ReLU())
    return fx.GraphModule(model, graph)


class _Blocks(fx.Tracer):
    """SE blocks as a whole, so that their parts keep their names."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, SEBlock) or super().is_leaf_module(module, name)


def row(setting: Setting, model: nn.Module, words: str = "", **options: Any) -> dict[str, Any]:
    """One setting. Where torchao refuses the network, its words are the result."""
    try:
        converted = _converted(setting, model, **options)
    except ValueError as error:
        return _refused(setting, words, f"{type(error).__name__}: {error}")
    logits, *gates = _answers(_tapped(converted), setting)
    return setting.row("torchao", _how(setting, words), logits, gates, bytes=None, time=None, layers=layers(converted))


def _how(setting: Setting, words: str) -> str:
    return ", ".join(["pt2e", f"{len(setting.calibration)} pictures", *filter(None, [words])])


def _refused(setting: Setting, words: str, why: str) -> dict[str, Any]:
    return {"tool": "torchao", "how": _how(setting, words), "refused": why}


def _converted(setting: Setting, model: nn.Module, leave: Sequence[str] = (), reduce_range: bool = False) -> fx.GraphModule:
    """Quantised as torchao's own guide has it for CPUs with x86, but for the modules named in ``leave``."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    example = torch.from_numpy(setting.calibration[:2])
    exported = torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("N", min=1)},)).module()
    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config(reduce_range=reduce_range))
    for name in leave:
        quantizer.set_module_name_qconfig(name, None)
    prepared = prepare_pt2e(exported, quantizer)
    with torch.no_grad():
        for batch in plain.batches(setting.calibration):
            prepared(torch.from_numpy(batch))
        return convert_pt2e(prepared)


def layers(converted: fx.GraphModule) -> dict[str, int]:
    """How many operators of each kind there are, and how many of them read a tensor of rounded numbers."""
    counts: dict[str, int] = {}
    for node in converted.graph.nodes:
        kind = str(node.target).removeprefix("aten.").partition(".")[0]
        if node.op == "call_function" and kind in COUNTED:
            reads = any(str(before.target).startswith(ROUNDED) for before in node.all_input_nodes)
            counts[kind] = counts.get(kind, 0) + 1
            counts[f"{kind}, rounded"] = counts.get(f"{kind}, rounded", 0) + reads
    return counts


def _but_product(setting: Setting) -> dict[str, Any]:
    """What torchao says where the product is to stay in float. It has no setting for the operator, and never rounds it."""
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        x86.X86InductorQuantizer().set_function_type_qconfig(torch.addcmul, None)
    (words,) = {re.sub(r" at 0x\w+", "", str(each.message)) for each in said}  # but where the function is in memory
    return _refused(setting, "all but product", words)


def _tapped(converted: fx.GraphModule) -> fx.Interpreter:
    """Gives the gates besides the logits."""
    tapped = copy.deepcopy(converted)
    gates = [node for node in tapped.graph.nodes if str(node.target).startswith("aten.sigmoid")]
    output = next(node for node in tapped.graph.nodes if node.op == "output")
    (logits,) = output.args[0]
    output.args = ((logits, *gates),)
    tapped.graph.set_codegen(fx.graph.CodeGen())
    return fx.Interpreter(tapped)


def _answers(ran: fx.Interpreter, setting: Setting) -> list[Any]:
    with torch.no_grad():
        runs = [ran.run(torch.from_numpy(batch)) for batch in plain.batches(setting.pictures)]
    return [torch.cat(each).numpy() for each in zip(*runs, strict=True)]


def _compiled(setting: Setting, model: nn.Module) -> dict[str, Any]:
    """The row without more words again, in whole numbers: how many answers differ from those of the rounded numbers in float."""
    from torch._inductor import config

    converted = _converted(setting, model)
    batches = [torch.from_numpy(batch) for batch in plain.batches(setting.pictures)]
    with torch.no_grad(), config.patch(freezing=True):
        whole = torch.compile(converted)
        found, rounded = (torch.cat([run(batch) for batch in batches]).numpy() for run in (whole, converted))
    return {**vars(int8.compared(found, rounded, setting.labels)), "furthest": float(np.abs(found - rounded).max())}
