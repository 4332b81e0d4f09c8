"""Gates of network files: found however they are written, read, overridden, proved, measured and folded; and what has none."""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sebook.cli import parser as commands
from sebook.network_files import anatomy, finding, folding, other_files
from sebook.network_files import pictures as pictures_of
from sebook.network_files.onnx_network import OnnxNetwork

from .onnx_networks import CHANNELS, HIDDEN, SIDE, Variant, write, write_grn, write_text_model, write_without_gate

SLOPES = {"HardSigmoid": 0.2, "Relu6": 1 / 6, "Clip": 0.25}
VARIANTS = st.builds(
    Variant,
    pool=st.sampled_from(("ReduceMean", "GlobalAveragePool", "AveragePool", "Strips", "Masked")),
    layer=st.sampled_from(("Conv", "Gemm", "MatMul")),
    bound=st.sampled_from(("Sigmoid", "HardSigmoid", "Relu6", "Clip", "Tanh")),
    residual=st.booleans(),
    apart=st.booleans(),
    between=st.sampled_from(("", "Identity", "Half")),
)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(1).random((3, 3, SIDE, SIDE), np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return OnnxNetwork(write(tmp_path_factory.mktemp("files") / "small.onnx", Variant()))


@given(VARIANTS, st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_a_gate_is_found_read_and_proved_however_it_is_written(tmp_path_factory, variant, seed):
    network = OnnxNetwork(write(tmp_path_factory.mktemp("variant") / "variant.onnx", variant, seed))
    pictures = np.random.default_rng(seed).random((2, 3, SIDE, SIDE), np.float32)
    assert len(network.found) == 2
    for gate in network.anatomy.gates:
        assert (gate.family, gate.channels, gate.hidden) == ("SE", CHANNELS, HIDDEN)
        assert gate.kind == {"Sigmoid": "sigmoid", "Tanh": "tanh"}.get(variant.bound, "hard sigmoid")
        assert gate.slope == pytest.approx(SLOPES[variant.bound]) if variant.bound in SLOPES else gate.slope is None
        assert gate.pool == "mean"
        assert (gate.residual, gate.same) == (variant.residual, not variant.apart)
    for mine, plain in zip(network.run(pictures).outputs, network.plain(pictures), strict=True):
        np.testing.assert_array_equal(mine, plain)
    alike = {name for name, s in network.run(pictures).excitation.items() if np.ptp(s, axis=1).max() == 0}
    for gate in network.prove(pictures).gates:
        assert gate.proof == "proved" or (gate.name in alike or variant.bound in SLOPES), gate


def test_a_gate_is_what_the_graph_says(network, pictures):
    reading = network.run(pictures)
    values = {each.name: onnx.numpy_helper.to_array(each) for each in network.model.graph.initializer}
    first = network.found[0]
    w1, w2 = (values[layer.inputs[1]].squeeze() for layer in first.layers)
    bias = next(node for node in network.graph.nodes if node.op == "Add").inputs[1]
    h = np.maximum(reading.squeeze[first.gate.name] @ w1.T, 0)
    np.testing.assert_allclose(reading.hidden[first.gate.name], h, atol=1e-5)
    s = 1 / (1 + np.exp(-(h @ w2.T + values[bias].reshape(-1))))
    np.testing.assert_allclose(reading.excitation[first.gate.name], s, atol=1e-5)


class Voice(nn.Module):
    """The squeeze of ECAPA-TDNN: sequences of several lengths, padded, and a mask made of their lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.Conv1d(5, CHANNELS, 3, padding=1), nn.Conv1d(CHANNELS, 2, 1)
        self.one, self.two = nn.Conv1d(CHANNELS, HIDDEN, 1), nn.Conv1d(HIDDEN, CHANNELS, 1)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        x = self.before(x).relu()
        mask = (torch.arange(x.shape[-1])[None] < lengths[:, None] * x.shape[-1]).to(x).unsqueeze(1)
        z = (x * mask).sum(2, keepdim=True) / mask.sum(2, keepdim=True)
        return self.after(x * torch.sigmoid(self.two(self.one(z).relu())))


def test_a_mean_over_what_a_mask_leaves_is_one_pool(tmp_path):
    torch.manual_seed(0)
    model, path = Voice().eval(), tmp_path / "voice.onnx"
    x, lengths = torch.randn(1, 5, 20), torch.tensor([0.6])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter's own, about itself
        torch.onnx.export(model, (x, lengths), str(path), input_names=["sound", "lengths"], dynamo=False)
    asked = r"takes 2 inputs: which one is the picture is not plain.* sound \(1, 5, 20\) float32, lengths \(1\) float32.*rest="
    with pytest.raises(ValueError, match=asked):
        OnnxNetwork(path, (1, 5, 20))
    network = OnnxNetwork(path, (1, 5, 20), {"lengths": lengths.numpy()})
    (gate,) = network.prove(x.numpy()).gates
    assert (gate.family, gate.pool, gate.kind, gate.channels, gate.hidden) == ("SE", "mean", "sigmoid", CHANNELS, HIDDEN)
    assert gate.same and gate.proof == "proved"
    shown = model.before(x).relu()[..., :12].mean(2).detach()
    np.testing.assert_allclose(network.run(x.numpy()).squeeze[gate.name], shown, atol=1e-6)


def test_overriding_one_channel_leaves_the_others(network, pictures):
    name = network.anatomy.gates[0].name
    plain = network.run(pictures)
    wanted = np.full(CHANNELS, np.nan)
    wanted[2] = 0.25
    pulled = network.run(pictures, {name: wanted})
    rest = [c for c in range(CHANNELS) if c != 2]
    np.testing.assert_array_equal(pulled.excitation[name][:, rest], plain.excitation[name][:, rest])
    np.testing.assert_array_equal(pulled.excitation[name][:, 2], np.float32(0.25))
    assert np.abs(pulled.outputs[0] - plain.outputs[0]).max() > 1e-4
    with pytest.raises(ValueError, match="'none' is not a gate of small.onnx"):
        network.run(pictures, {"none": wanted})
    with pytest.raises(ValueError, match="has 8 channels, not 3"):
        network.run(pictures, {name: np.zeros(3)})


@pytest.mark.parametrize("kind", ["norm", "linear unit", "scale", "attention", "swish", "coordinate", "plain"])
def test_what_is_not_a_gate_is_not_found(tmp_path, kind):
    with pytest.raises(ValueError, match="no gate"):
        OnnxNetwork(write_without_gate(tmp_path / "none.onnx", kind))


def test_global_response_normalisation_is_named_as_what_it_is(tmp_path, pictures):
    network = OnnxNetwork(write_grn(tmp_path / "grn.onnx"))
    (gate,) = network.prove(pictures).gates
    assert (gate.family, gate.kind, gate.channels, gate.hidden, gate.pool) == ("GRN", "linear", CHANNELS, None, "norm")
    assert gate.proof == "proved"
    s = network.run(pictures).excitation[gate.name]
    np.testing.assert_allclose(s.mean(1), 1, atol=1e-4)  # each norm over their mean


def test_a_network_in_8_bits_is_read_as_qdq_and_refused_as_qlinear(tmp_path, network, pictures):
    from onnxruntime import quantization as q

    class Pictures(q.CalibrationDataReader):
        def __init__(self) -> None:
            self.left = [{network.input: picture[None]} for picture in pictures]

        def get_next(self):
            return self.left.pop() if self.left else None

    for how in (q.QuantFormat.QDQ, q.QuantFormat.QOperator):
        q.quantize_static(str(network.path), str(tmp_path / f"{how}.onnx"), Pictures(), quant_format=how)
    int8 = OnnxNetwork(tmp_path / f"{q.QuantFormat.QDQ}.onnx")
    assert [gate.kind for gate in int8.prove(pictures).gates] == ["sigmoid", "sigmoid"]
    own, theirs = network.run(pictures).excitation, int8.run(pictures).excitation
    for mine, other in zip(own.values(), theirs.values(), strict=True):
        assert np.abs(mine - other).max() < 0.1  # what 8 bits leave
    with pytest.raises(ValueError, match=r"computes \d+ nodes in 8 bits \(QLinear\.\.\.\).*QuantFormat.QDQ"):
        OnnxNetwork(tmp_path / f"{q.QuantFormat.QOperator}.onnx")


def still(path: Path, source: Path) -> Path:
    """The network of ``source``, whose first gate has a hidden layer that never fires."""
    model = onnx.load(str(source))
    network = OnnxNetwork(source)
    first = network.found[0].layers[0].inputs[1]
    for tensor in model.graph.initializer:
        if tensor.name == first:
            tensor.CopyFrom(onnx.numpy_helper.from_array(-np.abs(onnx.numpy_helper.to_array(tensor)), first))
    onnx.save(model, str(path))
    return path


def test_dead_units_are_counted_and_constant_gates_folded(tmp_path, network, pictures):
    dead = OnnxNetwork(still(tmp_path / "still.onnx", network.path))
    measured = anatomy.measure(dead, pictures)
    assert (measured[0].dead, measured[0].hidden, measured[0].constant, measured[0].spread) == (HIDDEN, HIDDEN, 1, 0)
    assert measured[0].freezing == 0 and measured[1].spread > 1e-3 and measured[1].freezing > 0
    name = dead.found[0].gate.name
    folded = folding.write(dead, {name: dead.run(pictures).excitation[name].mean(0)}, pictures, tmp_path / "folded.onnx")
    assert folded.names == (name,) and folded.off < 1e-6 and folded.after < folded.before
    assert len(OnnxNetwork(tmp_path / "folded.onnx").found) == 1


def test_files_that_are_not_such_networks_say_so(tmp_path, network):
    whole = network.path.read_bytes()
    cases = {
        "cut.onnx": (whole[: len(whole) // 2], "is not an ONNX file, or is cut short after"),
        "words.onnx": (b"these are words", "is not an ONNX file|holds no network"),
        "empty.onnx": (b"", "holds no network that ONNX knows"),
    }
    for name, (data, words) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match=words):
            OnnxNetwork(tmp_path / name)
    with pytest.raises(ValueError, match="takes whole numbers \\(input_ids\\), as text models do"):
        OnnxNetwork(write_text_model(tmp_path / "text.onnx"))
    onnx.save(network.model, str(tmp_path / "outside.onnx"), save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert len(OnnxNetwork(tmp_path / "outside.onnx").found) == 2
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(FileNotFoundError, match="keeps its weights in weights.bin, which is missing"):
        OnnxNetwork(tmp_path / "outside.onnx")
    with pytest.raises(ValueError, match="does not run on a picture of shape .*: give the size it takes with --size"):
        OnnxNetwork(network.path, (1, 3, 2 * SIDE, SIDE))


def test_the_command_says_all_of_it(tmp_path, network, capsys, senet):
    dead = still(tmp_path / "still.onnx", network.path)
    asked = ["anatomy", str(dead), "--fold", str(tmp_path / "folded.onnx"), "--svg", str(tmp_path / "gates.svg")]
    assert commands.main([*asked, "--json", str(tmp_path / "gates.json")]) == 0
    said = capsys.readouterr()
    assert "still.onnx: 2 gates" in said.out and "4 of 4" in said.out and "1 gate became a constant" in said.out
    assert "none of its 4 hidden units ever fires" in said.out and len(OnnxNetwork(tmp_path / "folded.onnx").found) == 1
    told = json.loads((tmp_path / "gates.json").read_text())
    assert told["gates"][0]["dead"] == 4 and told["gates"][0]["kind"] == "sigmoid" and told["advice"]
    assert "doesn't say how it takes pictures: guessed" in said.err
    assert (tmp_path / "gates.svg").read_text().startswith("<svg")
    assert commands.main(["record", str(dead), "book/images/shallow-and-deep.png", "--mean", "0.5", "--std", "0.5"]) == 0
    said = capsys.readouterr()
    assert "2 gates" in said.out and "guessed" not in said.err
    folder, nothing = "data/photographs", tmp_path / "nothing.onnx"
    said = senet(["anatomy", str(network.path), folder, "--most", "5", "--fold", str(nothing)])
    assert "2 gates on 5 pictures" in said and "there is nothing to fold" in said and not nothing.exists()
    for asked, why in [
        (["README.md"], "ends in .md: files that end in .onnx and .tflite are read"),
        ([str(network.path), str(tmp_path)], "holds no picture of a kind that is read here (.jpg,"),
        ([str(network.path), "book/images/shallow-and-deep.png", "--fold", str(nothing)], "--fold with one picture"),
    ]:
        assert why in senet(["anatomy", *asked], status=1)


NCNN = """7767517
7 8
Input picture 0 1 in
Convolution conv 1 1 in x 0=8 1=3 6=216 9=1
Split split 1 2 x x0 x1
Pooling mean 1 1 x1 z 0=1 4=1
InnerProduct down 1 1 z h 0=4 1=1 2=32 9=1
InnerProduct up 1 1 h s 0=8 1=1 2=32 9=4
BinaryOp times 2 1 x0 s out 0=2
"""


HARD = "HardSigmoid hard 1 1 {} t 0=1.666667e-01 1=5.000000e-01\n"


@pytest.mark.parametrize(
    ("bound", "slope"),
    [
        ("HardSigmoid hard 1 1 g t\n", 0.2),
        (HARD.format("g"), 1 / 6),
        ("BinaryOp scaled 1 1 g g2 0=2 1=1 2=1.199999e+00\n" + HARD.format("g2"), 0.2),
    ],
)
def test_ncnn_says_the_slope_of_a_hard_sigmoid(tmp_path, bound, slope):
    text = NCNN.replace("up 1 1 h s 0=8 1=1 2=32 9=4\n", "up 1 1 h g 0=8 1=1 2=32\n" + bound)
    (tmp_path / "net.param").write_text(text.replace("x0 s out", "x0 t out"))
    (gate,) = [each.gate for each in finding.find(other_files.ncnn(tmp_path / "net.param"), {})]
    assert (gate.kind, gate.slope) == ("hard sigmoid", pytest.approx(slope, rel=1e-5))


def test_ncnn_and_tensorflow_js_are_read_as_graphs(tmp_path):
    (tmp_path / "net.param").write_text(NCNN)
    (gate,) = [each.gate for each in finding.find(other_files.ncnn(tmp_path / "net.param"), {})]
    assert (gate.kind, gate.hidden, gate.channels, gate.where, gate.same) == ("sigmoid", 4, 8, "times", True)
    (tmp_path / "net.param").write_text("words")
    with pytest.raises(ValueError, match="not a .param file of ncnn"):
        other_files.ncnn(tmp_path / "net.param")

    shapes = {"axes": [2], "w1": [1, 1, 8, 4], "w2": [1, 1, 4, 8], "three": [], "sixth": []}
    values = {"axes": np.int32([1, 2]), "three": np.float32(3), "sixth": np.float32(1 / 6)}
    kinds = {name: "int32" if name == "axes" else "float32" for name in shapes}
    data = b"".join(values.get(name, np.zeros(shape, np.float32)).tobytes() for name, shape in shapes.items())
    (tmp_path / "weights.bin").write_bytes(data)
    described = [{"name": name, "shape": shape, "dtype": kinds[name]} for name, shape in shapes.items()]
    ops = [("Placeholder", "x"), ("Mean", "z", "x", "axes"), ("Conv2D", "h", "z", "w1"), ("Relu", "r", "h")]
    ops += [
        ("Conv2D", "g", "r", "w2"),
        ("Add", "a", "g", "three"),
        ("Relu6", "b", "a"),
        ("Mul", "s", "b", "sixth"),
        ("Mul", "p", "x", "s"),
    ]
    nodes = [{"op": op, "name": name, "input": read} for op, name, *read in reversed(ops)]  # in any order
    said = {"format": "graph-model", "modelTopology": {"node": nodes}}
    said["weightsManifest"] = [{"paths": ["weights.bin"], "weights": described}]
    (tmp_path / "model.json").write_text(json.dumps(said))
    (gate,) = [each.gate for each in finding.find(other_files.tensorflow_js(tmp_path / "model.json"), {})]
    assert (gate.kind, gate.hidden, gate.channels, gate.name) == ("hard sigmoid", 4, 8, "p")
    assert gate.slope == pytest.approx(1 / 6)


def test_a_tflite_file_asks_for_what_reads_it(tmp_path, monkeypatch):
    (tmp_path / "net.tflite").write_bytes(b"\0\0\0\0TFL3")
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(ImportError, match="needs ai-edge-litert, which is not installed: pip install ai-edge-litert"):
        pictures_of.opened(tmp_path / "net.tflite")
