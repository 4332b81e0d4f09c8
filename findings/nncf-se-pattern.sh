#!/usr/bin/env bash
# NNCF 3.4.0 with OpenVINO 2026.4.1.
#
# Guess: nncf.quantize keeps an SE block's two layers in float, by its pattern for SE, however the block is written: it knows an SE
#        block by pool, layer, ReLU, layer, sigmoid and product.
# Seen:  only with 1x1 convolutions that have biases. With convolutions without bias, and with fully connected layers with or without,
#        both layers get whole numbers as any other layer does, without a message. In all four, U is rounded before the product.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "nncf==3.4.0" "openvino==2026.4.1" numpy
"$place/venv/bin/python" - <<'PY'
import logging

import nncf
import numpy as np
import openvino
from openvino import opset13 as op

nncf.set_log_level(logging.ERROR)
random = np.random.default_rng(0)


def constant(*shape):
    return op.constant(random.normal(size=shape).astype(np.float32))


def conv(x, out, into, kernel):
    return op.convolution(x, constant(out, into, kernel, kernel), [1, 1], [0, 0], [0, 0], [1, 1])


def network(layer, bias):
    """A convolution, an SE block of 32 channels with 8 hidden, a convolution."""
    x = op.parameter([1, 3, 16, 16], np.float32)
    u = op.relu(conv(x, 32, 3, 3))
    convolutional = layer == "convolution"
    value = op.reduce_mean(u, op.constant(np.array([2, 3])), convolutional)
    for out, into, activation in ((8, 32, op.relu), (32, 8, op.sigmoid)):
        if convolutional:
            value = conv(value, out, into, 1)
        else:
            value = op.matmul(value, constant(out, into), False, True)
        if bias:
            value = op.add(value, constant(1, out, 1, 1) if convolutional else constant(1, out))
        value = activation(value)
    gate = value if convolutional else op.unsqueeze(value, op.constant(np.array([2, 3])))
    return openvino.Model([conv(op.multiply(u, gate), 16, 32, 3)], [x])


def rounded(layer, bias):
    """Of the block's two layers, how many read a rounded tensor."""
    seen = [random.normal(size=(1, 3, 16, 16)).astype(np.float32) for _ in range(8)]
    model = nncf.quantize(network(layer, bias), nncf.Dataset(seen), subset_size=8)
    kind = {"convolution": "Convolution", "fully connected": "MatMul"}[layer]
    layers = [node for node in model.get_ordered_ops() if node.get_type_name() == kind]
    small = [node for node in layers if node.get_output_shape(0)[1] in (8, 32) and list(node.get_output_shape(0)[2:]) in ([], [1, 1])]
    assert len(small) == 2, len(small)
    return sum(node.input(0).get_source_output().get_node().get_type_name() == "FakeQuantize" for node in small)


said = {(layer, bias): rounded(layer, bias) for layer in ("convolution", "fully connected") for bias in (True, False)}
print(f"nncf {nncf.__version__}, layers of the block in whole numbers: {said}")
assert said[("convolution", True)] == 0, "the one that was matched no longer is"
assert {said[key] for key in said if key != ("convolution", True)} == {2}, "another form is matched now"
PY
