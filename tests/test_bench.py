"""The benchmark's arithmetic on known times, and a small real run: it times what it says it times."""

import copy
import json
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sebook.measure import bench, contenders
from sebook.measure.bench import base_of, run, summary, table, time_in_turns
from sebook.measure.contenders import BLOCKS, DTYPES, FORMATS, STAGES, Case, networks, shifted_means, squeezes
from senet import record

NETWORK = Case("network", "eval", "float32", "nchw", 8)
BLOCK = Case("block", "train", "bfloat16", "channels_last", 2, stage=3)


@pytest.fixture(scope="module", autouse=True)
def keeps() -> Iterator[list[bool]]:
    """Instead of having the tests' own process keep all it frees: whether a run asked for that."""
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "keep_freed", lambda: asked.append(True) or True)
        yield asked


@pytest.fixture(scope="module")
def narrow() -> dict[str, nn.Module]:
    """The same networks, made by the same code, with an eighth of the width within a bottleneck; its U keeps its size.

    What a processor without fast bfloat16 takes minutes for is the full width's 3x3 convolutions.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ResNet", "resnet50", "se_resnet50"):
            patch.setattr(contenders, name, partial(getattr(contenders, name), width_per_group=8))
        patch.setattr(timm, "create_model", partial(timm.create_model, base_width=8))
        patch.setattr(contenders, "convert", linear)  # which knows the wide ones only
        return networks()


def linear(weights: dict[str, torch.Tensor], source: str) -> dict[str, torch.Tensor]:
    """SE's 1x1 convolutions as the linear layers that this package has."""
    return {key: value.flatten(1) if ".se.fc" in key and value.dim() == 4 else value for key, value in weights.items()}


@pytest.fixture(autouse=True)
def runs_are_narrow(narrow, monkeypatch) -> None:
    monkeypatch.setattr(bench, "networks", lambda: narrow)


@pytest.fixture(scope="module")
def small_run(keeps, narrow) -> dict:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "MOST_ROUNDS", bench.LEAST_ROUNDS)
        patch.setattr(bench, "networks", lambda: narrow)
        return run(only=("squeeze", "block"), dtypes=tuple(DTYPES), stages=(4,), block_batches=(1,), minutes=60, command="a test")


def test_stages_are_those_of_the_network():
    torch.manual_seed(0)
    maps = [block.maps.shape[1:3] for block in record(networks()["ours"], torch.randn(1, 3, 224, 224), maps=True).blocks.values()]
    assert maps == [STAGES[stage] for stage in STAGES for _ in range(BLOCKS[stage])]


def test_all_networks_have_the_same_weights():
    models = networks()
    assert {"plain", "torchvision", "ours", "timm"} == set(models)  # requirements.txt has timm
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        answers = {name: model.eval()(x) for name, model in models.items()}
    for name in ("torchvision", "timm"):
        torch.testing.assert_close(answers[name], answers["ours"], rtol=1e-4, atol=1e-4 * answers["ours"].abs().max().item())
    assert not torch.allclose(answers["plain"], answers["ours"], rtol=0.1)


def test_narrow_networks_have_the_wide_ones_u(narrow):
    """What a small run times is SE's full work: the same blocks, channels and sides."""
    x = torch.randn(1, 3, 224, 224)
    for name in ("torchvision", "timm", "ours"):
        block = narrow[name].eval().layer4[1]
        assert (block.conv2.out_channels, block.conv3.out_channels) == (64, STAGES[4][0])
    maps = record(narrow["ours"], x, maps=True).blocks["layer4.1.se"].maps
    assert maps.shape[1:3] == STAGES[4]


def test_contenders_that_disagree_are_refused(narrow):
    models = copy.deepcopy(narrow)
    with torch.no_grad():
        models["timm"].layer4[1].se.fc1.weight.mul_(-1)
    case = Case("block", "eval", "float32", "nchw", 1, stage=4)
    with pytest.raises(ValueError, match="'timm' and 'ours' differ by .*: there is nothing to compare"):
        contenders.contenders(models, case, "cpu", compiled=False)


@settings(max_examples=50)
@given(n=st.integers(1, 3), c=st.integers(1, 4), h=st.integers(1, 6), w=st.integers(1, 6), seed=st.integers(0, 2**31))
def test_the_mean_behind_a_3x3_convolution_follows_from_its_input(n, c, h, w, seed):
    torch.manual_seed(seed)
    x, weight = torch.randn(n, c, h, w, dtype=torch.float64), torch.randn(5, c, 3, 3, dtype=torch.float64)
    expected = F.conv2d(x, weight, padding=1).mean((2, 3))
    torch.testing.assert_close(F.linear(shifted_means(x).flatten(1), weight.flatten(1)), expected, rtol=0, atol=1e-12)


def test_squeezes_agree():
    for dtype in DTYPES:
        for memory_format in FORMATS:
            ways = squeezes(Case("squeeze", "eval", dtype, memory_format, 2, stage=4), "cpu")
            expected = ways["mean"]()
            for name in ("adaptive pool", "average pool", "ours"):
                torch.testing.assert_close(ways[name](), expected, rtol=0.05, atol=0.1 if dtype == "bfloat16" else 1e-5)
            assert ways["before a 1x1"]().shape == ways["borders"]().shape == expected.shape


# --- the arithmetic ------------------------------------------------------------------------------------------------------------


def test_bytes_of_u():
    assert Case("block", "eval", "float32", "nchw", 8, stage=1).moved == 8 * 256 * 56 * 56 * 4
    assert BLOCK.moved == 2 * 1024 * 14 * 14 * 2
    assert NETWORK.moved == 8 * 4 * (3 * 256 * 56**2 + 4 * 512 * 28**2 + 6 * 1024 * 14**2 + 3 * 2048 * 7**2)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("plain", "plain"),
        ("timm", "plain"),
        ("ours", "plain"),
        ("timm, folded", "plain, folded"),
        ("ours, fused", "plain, folded"),
        ("ours, fused, compiled", "plain, folded, compiled"),
        ("torchvision, compiled", "plain, compiled"),
    ],
)
def test_each_is_compared_with_the_same_without_se(name, base):
    assert base_of(name, ["plain", "ours"]) == base


def test_ratios_are_of_one_round_and_floors_of_the_copy():
    """The machine halves its speed half way; ratios don't notice."""
    speed = np.repeat([1.0, 2.0], 10)
    seconds = {
        "plain": 0.100 * speed,
        "plain, folded": 0.080 * speed,
        "ours": 0.110 * speed,
        "ours, fused": 0.082 * speed,
        "timm": 0.1025 * speed,
        "timm, folded": 0.104 * speed,
        "copy": np.full(20, 0.004),
    }
    got = summary(NETWORK, seconds, np.random.default_rng(0))
    ours, fused = got["results"]["ours"], got["results"]["ours, fused"]
    assert got["rounds"] == 20
    assert got["best"] == {"ours": "ours, fused", "peer": "timm", "ratio": 0.8, "interval": [0.8, 0.8]}
    assert "copy" not in got["results"]
    assert (ours["base"], ours["ratio"], ours["ratio_interval"]) == ("plain", 1.1, [1.1, 1.1])
    assert (fused["base"], fused["ratio"]) == ("plain, folded", 1.025)
    assert (ours["ms"], ours["extra_ms"], fused["extra_ms"]) == (165.0, 15.0, 3.0)
    assert 110 <= ours["ms_interval"][0] < 165 < ours["ms_interval"][1] <= 220
    u = 8 * 256 * 56 * 56 * 4
    assert got["bandwidth_gb_s"] == pytest.approx(2 * u / 0.004 / 1e9, rel=1e-3)
    assert ours["floor_ms"] == pytest.approx(NETWORK.moved / (2 * u / 0.004) * 1e3, rel=1e-3)
    assert fused["floor_ms"] == pytest.approx(ours["floor_ms"] / 4, rel=1e-3)
    assert "floor_ms" not in got["results"]["plain"]


def test_training_moves_five_times_as_much():
    seconds = {name: np.ones(5) for name in ("plain", "ours", "timm", "copy")}
    got = summary(BLOCK, seconds, np.random.default_rng(0))["results"]["ours"]
    assert got["floor_ms"] == pytest.approx(5 / 2 * 1e3)  # a copy reads and writes: 2


def test_takes_turns_in_changing_order_and_keeps_to_the_budget():
    ran = []
    ways = {name: (lambda name=name: ran.append(name)) for name in "abc"}
    seconds = time_in_turns(ways, 0, lambda way: (way(), 1.0)[1], np.random.default_rng(0))
    assert {name: len(values) for name, values in seconds.items()} == dict.fromkeys("abc", bench.LEAST_ROUNDS)
    rounds = ["".join(ran[i : i + 3]) for i in range(0, len(ran), 3)]
    assert rounds[0] == "abc"  # warming up
    assert {"".join(sorted(one)) for one in rounds} == {"abc"}
    assert len(set(rounds[1:])) > 1
    assert len(time_in_turns(ways, 60, lambda way: (way(), 1.0)[1], np.random.default_rng(0))["a"]) == bench.MOST_ROUNDS


# --- a real run ----------------------------------------------------------------------------------------------------------------


def test_a_run_covers_what_was_asked_for(small_run):
    assert json.loads(json.dumps(small_run)) == small_run
    assert small_run["command"] == "a test"
    assert small_run["left_out"] == []
    assert small_run["threads"] == torch.get_num_threads()
    assert f"torch {torch.__version__.partition('+')[0]}" in small_run["versions"]
    cases = [tuple(case[key] for key in ("what", "mode", "dtype", "format", "batch", "stage")) for case in small_run["cases"]]
    modes = (("squeeze", "eval"), ("block", "eval"), ("block", "train"))
    assert cases == [(*mode, dtype, memory_format, 1, 4) for mode in modes for dtype in DTYPES for memory_format in FORMATS]
    for case in small_run["cases"]:
        names = set(case["results"])
        if case["what"] == "block":
            raw = {"plain", "torchvision", "timm", "ours"}
            folded = {"plain, folded", "torchvision, folded", "timm, folded", "ours, fused"}
            assert names == (raw | folded if case["mode"] == "eval" else raw)
            peers = names - {"plain", "plain, folded", "ours", "ours, fused"}
            assert case["best"]["peer"] in peers
            assert case["best"]["interval"][0] <= case["best"]["ratio"] <= case["best"]["interval"][1]
        assert case["rounds"] == bench.LEAST_ROUNDS
        assert case["bandwidth_gb_s"] > 0
        for name, one in case["results"].items():
            assert one["ms"] > 0
            assert one["ms_interval"][0] <= one["ms"] <= one["ms_interval"][1]
            assert one["ratio_interval"][0] <= one["ratio"] <= one["ratio_interval"][1]
            assert one["base"] in names
            assert ("floor_ms" in one) == (not name.startswith("plain"))


def test_table_has_a_row_for_each_case(small_run):
    text = table(small_run)
    assert text.splitlines()[0].startswith(small_run["machine"])
    rows = [line for line in text.splitlines() if line.startswith(("| float32", "| bfloat16"))]
    assert len(rows) == len(small_run["cases"])
    headers = [line for line in text.splitlines() if line.startswith("| |")]
    assert len(headers) == 3
    assert all("ours" in header and "floor" in header for header in headers)
    for row, case in zip(rows, small_run["cases"], strict=True):
        assert f"{case['results']['ours']['ratio']:.3f}" in row
        assert f"stage {case['stage']}" in row


def test_freed_memory_is_kept_unless_it_is_to_be_returned(small_run, keeps, monkeypatch):
    little = {
        "only": ("squeeze",),
        "dtypes": ("float32",),
        "formats": ("nchw",),
        "stages": (4,),
        "block_batches": (1,),
        "minutes": 0,
    }
    assert small_run["memory"] == "kept"
    asked = len(keeps)
    assert asked
    assert run(**little, memory="returned")["memory"] == "returned"
    assert len(keeps) == asked
    monkeypatch.setattr(bench, "keep_freed", lambda: False)  # another C library
    assert run(**little)["memory"] == "returned"
    assert "freed memory kept, wall time" in table(small_run)


def test_cases_that_come_too_late_are_named():
    result = run(only=("squeeze",), dtypes=("float32",), stages=(4,), block_batches=(1,), minutes=0)
    assert len(result["cases"]) == 1
    assert result["left_out"] == ["squeeze 4, eval, float32, channels_last, batch 1"]


def test_a_compiled_contender_is_compared_with_its_like(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda model: model)
    result = run(only=("block",), modes=("eval",), dtypes=("float32",), formats=("nchw",), stages=(4,), block_batches=(1,),
                 minutes=0, compiled=True)  # fmt: skip
    (case,) = result["cases"]
    assert case["results"]["ours, fused, compiled"]["base"] == "plain, folded, compiled"
    assert len(case["results"]) == 16


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"only": ("networks",)}, "only='networks' is unknown: choose one of 'network', 'block', 'squeeze'"),
        ({"clock": "sun"}, "clock='sun' is unknown: choose one of 'wall', 'cpu'"),
        ({"memory": "lost"}, "memory='lost' is unknown: choose one of 'kept', 'returned'"),
        ({"modes": ("test",)}, "modes='test'"),
        ({"dtypes": ("float16",)}, "dtypes='float16'"),
        ({"formats": ("nhwc",)}, "formats='nhwc' is unknown: choose one of 'nchw', 'channels_last'"),
        ({"stages": (5,)}, "stages=5"),
        ({"batches": (0,)}, "batches=0 has to be a whole number of at least 1"),
    ],
)
def test_refuses(arguments, says):
    with pytest.raises(ValueError, match="(?s).*") as error:
        run(**arguments)
    assert says in str(error.value)
