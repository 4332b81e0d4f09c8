"""What is asked of the machine, on machines of every kind, and what each kind is then given to compute."""

import platform
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from sebook.measure import bench
from senet import machine, training
from senet.images.patchwork import patchwork
from senet.images.picture import Preprocessing
from senet.models.cifar import small_resnet
from senet.training import Recipe

ROOT = Path(__file__).parents[1]
PREPROCESS = Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
QUICK = Recipe(epochs=1, batch_size=10, peak_rate=0.05)


def have(monkeypatch, *, capability="AVX512", bf16=False, amx=False, onednn=True, arch="x86_64", arm_bf16=False, **variables):
    """A processor that has these instructions, in an environment with these variables."""
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(platform, "machine", lambda: arch)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: onednn)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    if arch != "x86_64":
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: arm_bf16, raising=False)


@pytest.mark.parametrize(
    ("has", "fast", "words"),
    [
        ({"capability": "AVX2"}, False, "AVX2"),  # nearly all laptops
        ({"capability": "DEFAULT"}, False, "x86_64"),
        ({}, False, "AVX-512"),  # before Cooper Lake: oneDNN emulates
        ({"bf16": True}, True, "AVX-512 with bfloat16"),
        ({"amx": True}, True, "AVX-512 with bfloat16"),
        ({"bf16": True, "capability": "AVX2"}, False, "AVX2"),  # ATEN_CPU_CAPABILITY=avx2
        ({"bf16": True, "ONEDNN_MAX_CPU_ISA": "AVX2"}, False, "AVX-512"),
        ({"bf16": True, "DNNL_MAX_CPU_ISA": "avx512_core"}, False, "AVX-512"),
        ({"bf16": True, "ONEDNN_MAX_CPU_ISA": "avx512_core_bf16"}, True, "AVX-512 with bfloat16"),
        ({"bf16": True, "onednn": False}, False, "AVX-512"),
        ({"arch": "arm64", "capability": "DEFAULT"}, False, "arm64"),
        ({"arch": "aarch64", "capability": "SVE256", "arm_bf16": True}, True, "SVE256 with bfloat16"),
        ({"arch": "arm64", "capability": "DEFAULT", "onednn": False}, False, "arm64"),  # a Mac
    ],
)
def test_bfloat16_is_for_processors_that_have_it(has, fast, words, monkeypatch):
    have(monkeypatch, **has)
    assert machine.bfloat16_is_fast("cpu") == fast
    assert machine.instructions() == words
    assert machine.use_bfloat16(None, "cpu") == fast
    assert machine.use_bfloat16(True, "cpu") and not machine.use_bfloat16(False, "cpu")
    assert machine.bfloat16_in_words(fast, "cpu") == f"bfloat16: {'fast' if fast else 'slow'} here, {'' if fast else 'not '}used"


def test_other_devices_are_asked_in_their_own_way(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation)
    assert machine.bfloat16_is_fast("cuda")
    assert not machine.bfloat16_is_fast("meta")


def test_what_a_result_notes_names_what_computed():
    noted = machine.circumstances()
    assert set(noted) == {"date", "machine", "versions"}
    assert machine.processor() in noted["machine"] and noted["machine"].endswith(" thread")  # conftest.py sets one
    assert torch.__version__ in noted["versions"]


@pytest.mark.parametrize("fast", [True, False])
def test_a_recipe_follows_the_machine_and_its_checkpoint_says_how(fast, monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "bfloat16_is_fast", lambda device: fast)
    seen, autocast = set(), torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda *args, enabled: (seen.add(enabled), autocast(*args, enabled=enabled))[1])
    model, file = small_resnet((1,), (8,), num_classes=10), tmp_path / "run.pt"
    pictures = patchwork(60, 3)
    training.fit(model, pictures, pictures, QUICK, PREPROCESS, checkpoint=file, progress=False)
    assert seen == {fast}
    assert torch.load(file, weights_only=True)["recipe"] == asdict(replace(QUICK, bf16=fast))
    monkeypatch.setattr(machine, "bfloat16_is_fast", lambda device: not fast)
    with pytest.raises(ValueError, match=rf"'bf16': {fast}}} \(bf16 follows the machine unless you set it\)"):
        training.fit(model, pictures, None, QUICK, PREPROCESS, checkpoint=file, progress=False)


def test_bfloat16_that_is_asked_for_works_where_it_is_slow_and_says_so(monkeypatch):
    monkeypatch.setattr(machine, "bfloat16_is_fast", lambda device: False)
    model, pictures = small_resnet((1,), (8,), num_classes=10), patchwork(60, 3)
    with pytest.warns(RuntimeWarning, match="bfloat16 is slow on this device"):
        (epoch,) = training.fit(model, pictures, None, replace(QUICK, bf16=True), PREPROCESS, progress=False)
    assert 0 < epoch["loss"] < 10


@pytest.mark.parametrize("fast", [True, False])
def test_the_benchmark_leaves_out_what_the_machine_is_slow_at(fast, monkeypatch):
    monkeypatch.setattr(machine, "bfloat16_is_fast", lambda device: fast)
    said = []
    result = bench.run(only=["squeeze"], formats=["nchw"], stages=[4], block_batches=[1], minutes=0, say=said.append)
    formats = {case["dtype"] for case in result["cases"]} | {name for name in bench.DTYPES if name in str(result["left_out"])}
    assert formats == ({"float32", "bfloat16"} if fast else {"float32"})
    assert said[0].endswith("used" if fast else "not used")


@pytest.mark.budget
def test_what_is_said_to_be_fast_is_fast():
    """A convolution's step in bfloat16 over the same in float32, the best of several turns."""
    assert (bench_ratio() < 1) == machine.bfloat16_is_fast("cpu")


def bench_ratio() -> float:
    import time

    layer, best = torch.nn.Conv2d(32, 32, 3, padding=1).to(memory_format=torch.channels_last), {}
    x = torch.randn(32, 32, 32, 32).to(memory_format=torch.channels_last)
    for _ in range(10):
        for enabled in (True, False):
            began = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                layer(x).float().sum().backward()
            best[enabled] = min(best.get(enabled, 9e9), time.perf_counter() - began)
    return best[True] / best[False]
