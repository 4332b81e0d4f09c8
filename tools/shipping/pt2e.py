"""Quantised by torchao's pt2e for x86: exported, observed on pictures, converted. Run as it is, not compiled."""

from typing import Any

import numpy as np
import torch

from sebook.shipping import plain


def rows(setting: Any, model: torch.nn.Module, calibration: np.ndarray) -> list[dict[str, Any]]:
    """As torchao's own guide has it for CPUs with x86. Where it refuses the network, its words are the result."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    count = torch.export.Dim("N", min=1)
    example = torch.from_numpy(calibration[:2])
    exported = torch.export.export(model, (example,), dynamic_shapes=({0: count},)).module()
    quantizer = x86.X86InductorQuantizer().set_global(x86.get_default_x86_inductor_quantization_config())
    how = f"pt2e, {len(calibration)} pictures"
    try:
        prepared = prepare_pt2e(exported, quantizer)
    except ValueError as error:
        return [{"tool": "torchao", "how": how, "refused": f"{type(error).__name__}: {error}"}]
    with torch.no_grad():
        for batch in plain.batches(calibration):
            prepared(torch.from_numpy(batch))
        converted = convert_pt2e(prepared)
        gates = [node for node in converted.graph.nodes if "sigmoid" in str(node.target)]
        output = next(node for node in converted.graph.nodes if node.op == "output")
        (logits,) = output.args[0]
        output.args = ((logits, *gates),)
        converted.graph.set_codegen(torch.fx.graph.CodeGen())
        ran = torch.fx.Interpreter(converted)
        runs = [ran.run(torch.from_numpy(batch)) for batch in plain.batches(setting.pictures)]
    values = [torch.cat(each).numpy() for each in zip(*runs, strict=True)]
    return [setting.row("torchao", how, values[0], values[1:], bytes=None, time=None)]
