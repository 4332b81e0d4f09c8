#!/usr/bin/env bash
# coremltools 9.0, Linux (conversion only).
#
# Guess: coremltools.optimize.coreml.linear_quantize_weights with one setting for all layers puts the weights of every convolution into 8 bits,
#        those of SE's two layers included.
# Seen:  a layer with no more than 2,048 weights stays in float16. With 16 times fewer hidden units, that is both layers of every SE block
#        of up to 180 channels. palettize_weights and prune_weights leave them out as well, each by its setting weight_threshold, which
#        is 2048 by default; with 0, no layer is left out. There is no message. So a test of what 8 bits do to gates tests
#        those of the wide blocks alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "coremltools==9.0" numpy
TQDM_DISABLE=1 "$place/venv/bin/python" -W ignore - <<'PY'
import logging
import warnings

import coremltools
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.optimize import coreml as optimise

logging.disable(logging.WARNING)
random = np.random.default_rng(0)


def conv(x, out, into, kernel, name):
    weight = random.normal(size=(out, into, kernel, kernel)).astype(np.float32)
    return mb.conv(x=x, weight=weight, pad_type="same", name=name)


def network(channels):
    """A convolution with SE, whose hidden layer has 16 times fewer units."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, channels, 8, 8))])
    def program(x):
        u = conv(x, channels, channels, 3, "u")
        z = mb.reduce_mean(x=u, axes=[2, 3], keep_dims=True)
        h = mb.relu(x=conv(z, channels // 16, channels, 1, "fc1"))
        return mb.mul(x=u, y=mb.sigmoid(x=conv(h, channels, channels // 16, 1, "fc2")))

    return coremltools.convert(program, convert_to="mlprogram", minimum_deployment_target=coremltools.target.iOS17)


def whole(change, model, **options):
    """The convolutions whose weights are no longer plain constants."""
    kinds = {
        "8 bits": (optimise.linear_quantize_weights, optimise.OpLinearQuantizerConfig, {"mode": "linear_symmetric"}),
        "palette": (optimise.palettize_weights, optimise.OpPalettizerConfig, {"mode": "uniform", "nbits": 4}),
        "pruned": (optimise.prune_weights, optimise.OpMagnitudePrunerConfig, {"target_sparsity": 0.8}),
    }
    run, setting, given = kinds[change]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        done = run(model, optimise.OptimizationConfig(global_config=setting(**given, **options)))
    said.extend(str(each.message) for each in caught if "weight_threshold" in str(each.message))
    operations = done._mil_program.functions["main"].operations
    return [each.name for each in operations if each.op_type == "conv" and each.weight.op.op_type.startswith("constexpr")]


said, seen = [], {}
for channels in (64, 128, 256):
    model = network(channels)
    for change in ("8 bits", "palette", "pruned"):
        seen[channels, change] = whole(change, model)
        every = whole(change, model, weight_threshold=0)
        print(f"{channels} channels, {change}: {seen[channels, change]}; with weight_threshold=0 {every}")
        assert len(every) == 3, every
print(f"coremltools {coremltools.__version__}; messages about it: {said}")
assert not said, said
for (channels, change), changed in seen.items():
    assert len(changed) == (3 if channels == 256 else 1), (channels, change, changed)
PY
