#!/usr/bin/env bash
# Keras 3.15.1, tf_keras 2.21.0 (Keras 2) and TensorFlow 2.21.0, CPU.
#
# Guess: Keras 3 opens an .h5 file of Keras 2 and computes what Keras 2 computed, or refuses. Its loader knows such files: it turns
#        other old settings into new ones. And tf.keras has one hard sigmoid.
# Seen:  an SE block whose gate is Dense(..., activation="hard_sigmoid") opens without a message and gives other gates. The file holds the
#        name alone; Keras 2's function has slope 0.2 and Keras 3's 1/6. A gate that was 0.7 is 0.667, and one that was fully open at 2.5
#        is 0.917. In one TensorFlow, tf.keras.activations.hard_sigmoid has slope 1/6 and tf.keras.backend.hard_sigmoid 0.2.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "tensorflow-cpu==2.21.0" "tf_keras==2.21.0" "keras==3.15.1" numpy
cd "$place"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" "$place/venv/bin/python" -W ignore - <<'PY'
import warnings

import keras
import numpy as np
import tensorflow as tf
import tf_keras

layers = tf_keras.layers
u = layers.Input((5, 5, 3))
z = layers.GlobalAveragePooling2D()(u)
h = layers.Dense(2, activation="relu", name="fc1")(z)
s = layers.Dense(3, activation="hard_sigmoid", name="fc2")(h)
v = layers.Multiply()([u, layers.Reshape((1, 1, 3))(s)])
old = tf_keras.Model(u, v)
old.get_layer("fc2").set_weights([np.zeros((2, 3)), np.array([-2.5, 1, 2.5])])  # the gates' inputs, whatever the picture
old.save("old.h5")

ones = np.ones((1, 5, 5, 3), np.float32)  # so that the output is the gates
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    new = keras.models.load_model("old.h5", compile=False)
for before, after in zip(old.get_weights(), new.get_weights(), strict=True):
    assert np.array_equal(before, after)
was, became = (np.asarray(model(ones))[0, 0, 0] for model in (old, new))
print(f"Keras {tf_keras.__version__} gives gates {was}, Keras {keras.__version__} out of its file {became}; {len(caught)} warnings")
assert np.allclose(was, [0, 0.7, 1], atol=1e-6), was
assert np.allclose(became, [0.5 - 2.5 / 6, 0.5 + 1 / 6, 0.5 + 2.5 / 6], atol=1e-6), became
assert not caught, [str(each.message) for each in caught]

one = tf.constant(1.0)
slopes = {f.__module__: float(f(one)) - 0.5 for f in (tf.keras.activations.hard_sigmoid, tf.keras.backend.hard_sigmoid)}
print("tf.keras itself:", slopes)
assert np.allclose(list(slopes.values()), [1 / 6, 0.2]), slopes
PY
