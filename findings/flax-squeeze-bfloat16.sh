#!/usr/bin/env bash
# Flax 0.12.8 and JAX 0.10.2, Keras 3.15.1 with JAX, CPU.
#
# Guess: a squeeze by average pooling over the whole map is the map's mean in bfloat16 too, but for rounding of less than 1 %: the sum is
#        taken in float32, as in jnp.mean and in PyTorch.
# Seen:  flax.linen.avg_pool adds in bfloat16, where 256 + 1 is 256. Of a map of 28 x 28 or more it loses a third of z. flax.nnx.avg_pool
#        does the same, and Keras's AveragePooling2D on JAX loses 84 % at 56 x 56. jnp.mean and Keras's GlobalAveragePooling2D are right.
#        In float16, the mean of 300 x 300 numbers that are all 8 is nan. No warning.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "flax==0.12.8" "jax==0.10.2" "jaxlib==0.10.2" "keras==3.15.1" numpy
JAX_PLATFORMS=cpu KERAS_BACKEND=jax "$place/venv/bin/python" -W ignore - <<'PY'
import flax
import flax.linen
import jax
import jax.numpy as jnp
import keras
import numpy as np
from flax import nnx

random = np.random.default_rng(0)


def squeezes(u):
    window, dtype = u.shape[1:3], u.dtype.name
    return {
        "flax.linen.avg_pool": flax.linen.avg_pool(u, window),
        "flax.nnx.avg_pool": nnx.avg_pool(u, window),
        "keras AveragePooling2D": keras.layers.AveragePooling2D(window, dtype=dtype)(u),
        "jnp.mean": jnp.mean(u, (1, 2)),
        "keras GlobalAveragePooling2D": keras.layers.GlobalAveragePooling2D(dtype=dtype)(u),
    }


print(f"flax {flax.__version__}, jax {jax.__version__}, keras {keras.__version__}, {jax.devices()}: relative errors of z")
for size in (7, 14, 28, 56, 112):
    maps = (random.random((1, size, size, 4)) * 2).astype(np.float32)
    true, off = maps.mean((1, 2)), {}
    for name, z in squeezes(jnp.asarray(maps, jnp.bfloat16)).items():
        off[name] = float(np.abs(np.asarray(z, np.float32).reshape(1, 4) / true - 1).max())
    print(f"{size} x {size}:", {name: round(value, 3) for name, value in off.items()})
    assert off["jnp.mean"] < 0.01 and off["keras GlobalAveragePooling2D"] < 0.01
    if size >= 28:
        assert off["flax.linen.avg_pool"] > 0.25 and off["flax.nnx.avg_pool"] > 0.25, "z is no longer far off"
    if size >= 56:
        assert off["keras AveragePooling2D"] > 0.5, "z is no longer far off"
large = jnp.full((1, 300, 300, 1), 8, jnp.float16)
print("float16, all 8:", {name: float(z.ravel()[0]) for name, z in squeezes(large).items()})
assert bool(jnp.isnan(flax.linen.avg_pool(large, (300, 300))).all()) and float(jnp.mean(large)) == 8
PY
