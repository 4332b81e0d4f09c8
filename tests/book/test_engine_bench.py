"""The measurement of networks in the browser, run small: graphs are what they are called, answer alike, and are timed in turns."""

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from playwright.sync_api import Browser

from sebook.measure import bench, cost_table
from sebook.pages import probes
from senet import pretrained
from tools import engine_bench, engine_graphs
from tools.engine_bench import LEVELS, LIVE, OUT, STEPS, TOLERANCE, differences, opened, provided, run, summary, table
from tools.engine_graphs import GRAPHS, SHIPPED, describe, write

NETWORK = "se_resnet_patchwork"
MODELS = Path(__file__).parents[2] / "_build" / "models"


@pytest.fixture(scope="module")
def small(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict[str, Path], list[str]]:
    """A run of five rounds, the graphs that it wrote, and what it said meanwhile."""
    said: list[str] = []
    files = write(NETWORK, tmp_path_factory.mktemp("graphs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "MOST_ROUNDS", bench.LEAST_ROUNDS)
        patch.setattr(engine_bench, "write", lambda *_: files)
        result = run(browser, [NETWORK], minutes=0.1, command="a test", say=said.append)
    return result, files, said


def test_the_graphs_are_what_they_are_called(small):
    """Batch norms there before and gone after; otherwise the same nodes, widening of 16 bits aside."""
    result, files, _ = small
    computed = {}
    for graph, (fold, bits) in GRAPHS.items():
        file = onnx.load(files[graph])
        kinds = Counter(node.op_type for node in file.graph.node)
        assert kinds["BatchNormalization"] == (7 if fold == "apart" else 0)
        halves = {tensor.name for tensor in file.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16}
        assert bool(halves) == (bits == 16)
        once = Counter(n.op_type for n in file.graph.node if halves & set(n.input) or any(i.endswith(".wide") for i in n.input))
        computed[graph] = kinds - once - Counter(BatchNormalization=kinds["BatchNormalization"])
        assert result["networks"][NETWORK]["graphs"][graph]["nodes"]["file"] == len(file.graph.node)
    assert len({tuple(sorted(kinds.items())) for kinds in computed.values()}) == 1


def test_the_runtime_brings_all_to_one_graph(small):
    graphs = small[0]["networks"][NETWORK]["graphs"]
    assert {about["batch_norms"]["basic"] for about in graphs.values()} == {0}
    assert {about["nodes"]["basic"] for about in graphs.values()} == {graphs["folded, 32 bits"]["nodes"]["file"]}


def test_what_ships_is_among_them_and_folding_costs_no_bytes(small):
    result, files, _ = small
    assert result["shipped"] == SHIPPED
    assert files[SHIPPED].read_bytes() == (MODELS / f"{NETWORK}.onnx").read_bytes()  # what this book's page fetches
    graphs = result["networks"][NETWORK]["graphs"]
    packed = {graph: about["gzipped"] for graph, about in graphs.items()}
    assert packed["folded, 16 bits"] <= packed["apart, 16 bits"] < packed["apart, 32 bits"] < packed["folded, 32 bits"]
    for graph, path in files.items():
        assert graphs[graph]["bytes"] == path.stat().st_size


def test_all_answer_alike(small):
    for about in small[0]["networks"][NETWORK]["graphs"].values():
        assert set(about["differences"]) == {"logits", "z", "s"}
        assert 0 < max(about["differences"].values()) <= TOLERANCE  # 0 would mean that torch was compared with itself


def test_every_way_is_timed(small):
    result, _, said = small
    names = {f"{graph}, {level}" for graph in GRAPHS for level in LEVELS}
    times = result["networks"][NETWORK]["times"]
    assert set(times) == set(STEPS)
    for step in times.values():
        assert step["rounds"] == bench.LEAST_ROUNDS
        assert set(step["results"]) == names
        for one in step["results"].values():
            low, high = one["ms_interval"]
            assert 0 < low <= one["ms"] <= high
    assert [line for line in said if "in turns" in line] == [
        f"{NETWORK}: {step}, 12 ways in turns, about {seconds} s" for step, seconds in (("open", 2), ("ask", 4))
    ]
    assert NETWORK in table(result)


def test_ratios_are_of_one_round():
    """Known times, in which the machine grows slower: a ratio of medians would be another."""
    drift = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    seconds = {"apart, 16 bits, disabled": drift, "folded, 16 bits, disabled": drift / 2, "folded, 16 bits, all": drift[::-1] / 4}
    seconds["apart, 16 bits, all"] = drift[::-1]
    got = summary(seconds, np.random.default_rng(0))["results"]
    assert got["apart, 16 bits, disabled"]["over"] == {}
    assert got["folded, 16 bits, disabled"]["over"] == {"apart, 16 bits, disabled": {"ratio": 0.5, "interval": [0.5, 0.5]}}
    assert got["folded, 16 bits, all"]["over"]["apart, 16 bits, all"] == {"ratio": 0.25, "interval": [0.25, 0.25]}
    assert got["folded, 16 bits, all"]["over"]["folded, 16 bits, disabled"]["ratio"] == 0.5
    assert got["apart, 16 bits, all"]["ms"] == 4000


# --- what it refuses -----------------------------------------------------------------------------------------------------------


def test_a_graph_that_answers_otherwise_is_not_timed(browser: Browser, small, tmp_path: Path):
    file = onnx.load(small[1][SHIPPED])
    [bias] = [tensor for tensor in file.graph.initializer if tensor.name == "model.fc.bias"]
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(0.01), bias.name))
    onnx.save(file, tmp_path / "slipped.onnx")
    with opened(browser, provided(LIVE / "worker.js"), provided(LIVE / "runtime.js")) as page:
        with pytest.raises(ValueError, match=r"folded, 16 bits is 0\.01 from PyTorch's answer"):
            differences(page, probes.TorchProbe(NETWORK), {SHIPPED: tmp_path / "slipped.onnx"})


def test_a_page_that_asks_elsewhere_is_no_measurement(browser: Browser):
    with pytest.raises(RuntimeError, match=r"asked for \['https://example\.org/"):
        with opened(browser, provided(LIVE / "worker.js"), provided(LIVE / "runtime.js")) as page:
            page.evaluate("fetch('https://example.org/').catch(() => {})")


def test_a_worker_that_does_not_start_says_so(browser: Browser):
    with pytest.raises(RuntimeError, match="the page did not run: .*nonsense"):
        with opened(browser, "nonsense()", provided(LIVE / "runtime.js")):
            pass


def test_calls_that_cannot_be_measured(browser: Browser, tmp_path: Path):
    with pytest.raises(ValueError, match="networks='se_resnet50' is unknown: choose one of 'se_resnet18_slim_imagenet100'"):
        run(browser, ["se_resnet50"])
    with pytest.raises(FileNotFoundError, match=r"worker\.js: run `make engine-bench`"):
        run(browser, [NETWORK], live=tmp_path)


def test_batch_norms_that_are_folded_in_spite_of_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """An onnxscript whose rules have other names: rather no result than one that compares a graph with itself."""
    monkeypatch.setattr(engine_graphs, "unfolded", nullcontext)
    with pytest.raises(ValueError, match=r"has 0 batch norms: onnxscript .* names its rules otherwise"):
        write(NETWORK, tmp_path)


# --- what is committed ---------------------------------------------------------------------------------------------------------


def test_the_results_are_of_the_networks_that_ship():
    result = json.loads(OUT.read_text("utf8"))
    assert result["command"].startswith("python -m tools.engine_bench")
    assert set(result) >= {"date", "machine", "versions", "seed", "threads", "load_before", "load_after"}
    assert set(result["networks"]) == set(pretrained.names()) - set(pretrained.ELSEWHERE)
    for name, one in result["networks"].items():
        now, then = describe(MODELS / f"{name}.onnx"), one["graphs"][SHIPPED]
        assert {key: now[key] for key in ("nodes", "batch_norms")} == {key: then[key] for key in ("nodes", "batch_norms")}
        for key in ("bytes", "gzipped"):
            assert now[key] == pytest.approx(then[key], rel=0.01)
        assert one["size"] == pretrained.get(name).preprocessing.size


def test_the_chapter_reads_the_measurements_own(tmp_path: Path):
    result, rows = json.loads(OUT.read_text("utf8")), cost_table.in_browser()["rows"]
    assert set(rows) == set(result["networks"])
    for name, row in rows.items():
        one = result["networks"][name]
        assert row["ships"] == one["graphs"][SHIPPED]["gzipped"]
        assert row["batch_norms"] > row["left"] == 0
        assert row["ratio"] == one["times"]["ask"]["results"]["folded, 16 bits, all"]["over"]["apart, 16 bits, all"]["ratio"]
        assert row["interval"][0] <= row["ratio"] <= row["interval"][1]
    with pytest.raises(FileNotFoundError, match="make engine-bench"):
        cost_table.in_browser(tmp_path / "engine.json")
