#!/usr/bin/env bash
# onnx 1.23.2 (its version converter), PyTorch 2.14.1, torchvision 0.29.1, ONNX Runtime 1.32.0, CPU.
#
# Guess: an SE block that torch.onnx.export wrote can be lowered to ONNX's operators of version 17 for an older runtime:
#        onnx.version_converter.convert_version(model, 17) gives a valid file or an error, and torch.onnx.export(..., opset_version=17) gives 17.
# Seen:  the converter says nothing, and onnx.checker and ONNX Runtime refuse its file. PyTorch writes the squeeze as a mean (ReduceMean) with
#        the attribute noop_with_empty_axes at its default, 0. Version 17 doesn't know that attribute, and the converter leaves it in.
#        Once it is deleted, the same file converts correctly. Asked for 17, PyTorch writes 18, although it does write a convolution
#        alone in 17. Its older exporter (dynamo=False) writes GlobalAveragePool, in 17.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "onnx==1.23.2" "onnxscript==0.7.2" "onnxruntime==1.32.0" numpy
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import version_converter
from torchvision.ops import SqueezeExcitation

torch.manual_seed(0)
block, u = SqueezeExcitation(8, 4).eval(), torch.randn(2, 8, 6, 6)


def exported(model, **options):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(model, (u,), "seen.onnx", **options)
    return onnx.load("seen.onnx")


def verdict(model):
    try:
        onnx.checker.check_model(model, full_check=True)
        run = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error)
    answer = run.run(None, {model.graph.input[0].name: u.numpy()})[0]
    return "right" if np.allclose(answer, block(u).detach().numpy(), atol=1e-5) else "wrong"


def version(model):
    return model.opset_import[0].version


one = exported(block, external_data=False)
lowered = version_converter.convert_version(one, 17)
means = [node for node in one.graph.node if node.op_type == "ReduceMean"]
assert verdict(one) == "right" and version(lowered) == 17
print(f"onnx {onnx.__version__}, torch {torch.__version__}: from {version(one)} to 17:", verdict(lowered).strip())
assert "noop_with_empty_axes" in verdict(lowered), "the lowered file is no longer refused for its attribute"
for node in means:
    attributes = [each for each in node.attribute if each.name != "noop_with_empty_axes"]
    assert len(attributes) < len(node.attribute), "PyTorch no longer writes the attribute"
    del node.attribute[:]
    node.attribute.extend(attributes)
print("without the attribute:", verdict(version_converter.convert_version(one, 17)))
assert verdict(version_converter.convert_version(one, 17)) == "right"

asked = {"the block": block, "a convolution": torch.nn.Conv2d(8, 8, 3)}
got = {name: version(exported(model, external_data=False, opset_version=17)) for name, model in asked.items()}
older = exported(block, dynamo=False, opset_version=17)
print("asked for 17:", got, "and by the older exporter", version(older), [node.op_type for node in older.graph.node])
assert got == {"the block": 18, "a convolution": 17}, got
assert version(older) == 17 and "GlobalAveragePool" in [node.op_type for node in older.graph.node]
PY
