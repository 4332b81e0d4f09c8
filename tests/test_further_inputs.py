"""What a network file takes besides its picture: asked for by name, checked, and given to every run."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from sebook.cli import parser as commands
from sebook.network_files import folding
from sebook.network_files.further_inputs import Input, told_apart
from sebook.network_files.onnx_network import OnnxNetwork

from .onnx_networks import CHANNELS, SIDE, write_asking

PICTURE = "book/images/shallow-and-deep.png"
NEEDS = "takes 3 inputs: besides its picture (picture) it needs size (1, 2) int64, strength () float32. Use --input NAME=VALUE"


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return write_asking(tmp_path_factory.mktemp("asking") / "asking.onnx")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(1).random((3, 3, SIDE, SIDE), np.float32)


def test_it_is_the_same_for_every_picture_and_in_the_folded_file(path, pictures, tmp_path):
    network = OnnxNetwork(path, rest={"size": [12, 34], "strength": 0.5})
    assert network.input == "picture" and network.prove(pictures).gates[0].proof == "proved"
    other = OnnxNetwork(path, rest={"size": "zeros", "strength": "ones"})
    name = network.anatomy.gates[0].name
    z, full = (each.run(pictures).squeeze[name] for each in (network, other))
    np.testing.assert_allclose(z, 0.5 * full, rtol=1e-5)
    sized = OnnxNetwork(path, rest={"size": np.array([[12, 34]]), "strength": 1})
    np.testing.assert_allclose(sized.plain(pictures)[0] - other.plain(pictures)[0], [[12, 34]] * 3, atol=1e-5)

    folded = folding.write(network, {name: np.full(CHANNELS, 0.5)}, pictures, tmp_path / "folded.onnx")
    assert folded.names == (name,)
    assert "strength" in [each.name for each in onnx.load(tmp_path / "folded.onnx").graph.input]


def test_the_picture_is_told_from_what_is_beside_it():
    picture, last = (Input("picture", shape, np.dtype("f4")) for shape in ((1, 3, 32, 32), (1, 256, None, 3)))
    mask, strength = (Input("other", shape, np.dtype("f4")) for shape in ((1, 1, 32, 32), (1, 1, 1, 1)))
    state = Input("state", (1, 8, 16, 16), np.dtype("f4"))
    for one in (picture, last):
        for other in (mask, strength, state):
            with pytest.raises(ValueError, match=rf"besides its picture \({one.name}\) it needs {other.name} "):
                told_apart([other, one], {}, "net.onnx")
            taken, rest = told_apart([other, one], {other.name: "zeros"}, "net.onnx")
            assert taken is one and rest[other.name].shape == other.shape and not rest[other.name].any()
    with pytest.raises(ValueError, match="which one is the picture is not plain"):
        told_apart([picture, Input("second", picture.shape, picture.kind)], {}, "net.onnx")
    with pytest.raises(ValueError, match=r"takes whole numbers \(words, mask\), as text models do"):
        told_apart([Input("words", (1, None), np.dtype("i8")), Input("mask", (1, None), np.dtype("i8"))], {}, "net.onnx")


@pytest.mark.parametrize("command", ["record", "anatomy"])
def test_the_commands_take_it(command, path, tmp_path, senet):
    np.save(tmp_path / "size.npy", np.array([[12, 34]]))
    given = ["--input", f"size={tmp_path / 'size.npy'}", "--input", "strength=0.5"]
    assert "asking.onnx: 1 gates" in senet([command, str(path), PICTURE, *given])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", NEEDS),
        ("--input size=[1,2]", "it needs strength () float32. Use"),
        ("--input size=[1,2,3] --input strength=1", "input size (1, 2) int64 can't be of shape (3,)"),
        ("--input size=[1.5,2] --input strength=1", "input size (1, 2) int64 takes whole numbers"),
        ("--input depth=1", "has no input 'depth': it takes size (1, 2) int64, strength () float32, picture"),
        ("--input size=1 --input strength=1 --input picture=0", "all inputs are given"),
    ],
)
def test_what_lacks_or_does_not_fit_is_named(given, why, path, senet):
    assert why in senet(["record", str(path), PICTURE, *given.split()], status=1)


def test_what_is_no_value_is_refused_before_any_work(path, capsys, senet):
    for wrong in ("size", "size=many", "size=none.npy"):
        with pytest.raises(SystemExit):
            commands.main(["record", str(path), PICTURE, "--input", wrong])
        assert "argument --input" in capsys.readouterr().err
    assert "--input: for .onnx and .tflite files alone" in senet(
        ["record", "se_resnet20_cifar10", PICTURE, "--input", "size=1"], status=1
    )
