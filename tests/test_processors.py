"""Training on the processors that readers have: as this one is, and as one that has AVX2 and no more."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}

TRAIN = """
import json, torch
from senet import training
from senet.models.cifar import small_resnet
from senet.images.patchwork import patchwork
from senet.images.picture import Preprocessing

torch.set_num_threads(1)
torch.manual_seed(0)
pictures, half = patchwork(120, 3), Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
recipe = training.Recipe(epochs=3, batch_size=20, peak_rate=0.1)
history = training.fit(small_resnet((1,), (8,), num_classes=10), pictures, None, recipe, half, progress=False)
print(json.dumps([torch.backends.cpu.get_cpu_capability(), [epoch["loss"] for epoch in history]]))
"""


def trained(environment: dict[str, str]) -> tuple[str, list[float]]:
    """What PyTorch found the processor able to do, and each epoch's loss, by the recipe as it is by default."""
    inherited = {name: value for name, value in os.environ.items() if name not in AVX2}
    done = subprocess.run(
        [sys.executable, "-c", TRAIN],
        cwd=Path(__file__).parents[1],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def test_training_takes_the_same_course_with_avx2_alone():
    """A newer processor may train in bfloat16 and add in another order: the losses are near each other, and fall on both."""
    able, losses = trained({})
    least, with_avx2 = trained(AVX2)
    assert able == torch.backends.cpu.get_cpu_capability() or any(name in os.environ for name in AVX2)
    if able.startswith("AVX"):  # on other architectures the setting means nothing
        assert least == "AVX2"
    for each in (losses, with_avx2):
        assert each[-1] < each[0]
    assert with_avx2 == pytest.approx(losses, rel=0.05)
