"""Gates folded into the layers beside them: the same answers as with the gates held, in torch and in ONNX files."""

import copy
import re
from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import load_file
from torch import nn

from sebook.cli.parser import main
from sebook.network_files import folding as file_folding
from sebook.network_files.onnx_network import OnnxNetwork
from sebook.relatives import ECA
from sebook.shipping import price
from sebook.shipping.folding import NotExact, Way, fold, ways, without_se
from senet import pretrained, record, se_resnet20
from senet.images.patchwork import patchwork
from senet.inside.recording import se_blocks
from senet.models.cifar import SmallResNet
from senet.training import Recipe

from . import onnx_networks

NETWORKS = {
    "ours": lambda: se_resnet20(),
    "ours, SE first": lambda: se_resnet20(placement="pre"),
    "ours, SE within": lambda: se_resnet20(placement="3x3"),
    "ECA": lambda: SmallResNet((1, 1), (16, 32), se=ECA),
    "MobileNetV3": lambda: torchvision.models.mobilenet_v3_small(num_classes=10),
    "RegNetY of timm": lambda: timm.create_model("regnety_002", num_classes=10),
    "legacy SE-ResNet of timm": lambda: timm.create_model("legacy_seresnet18", num_classes=10),
    "GhostNet of timm": lambda: timm.create_model("ghostnet_050", num_classes=10),
}


def alive(model: nn.Module) -> nn.Module:
    """Batch norms that shift, so that a factor at the wrong side of a bias shows."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, std=0.3)
            nn.init.normal_(module.running_mean, std=0.1)
    return model.eval()


def means(model: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    blocks = se_blocks(model)
    return {name: block.excitation.mean(0) for name, block in record(model, x).blocks.items() if name in blocks}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_folded_network_is_the_one_with_its_gates_held(name):
    torch.manual_seed(0)
    model, x = alive(NETWORKS[name]()), torch.randn(3, 3, 64, 64)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    gates = means(model, x)
    folded = fold(model, gates, x)
    with torch.no_grad():
        expected = record(model.double(), x.double(), gates={key: s.double() for key, s in gates.items()}).logits
        torch.testing.assert_close(folded(x).double(), expected, rtol=1e-3, atol=1e-5 * expected.abs().max().item())
    assert type(folded) is type(model)
    with pytest.raises(ValueError, match="no SE block"):
        se_blocks(folded)
    assert all(torch.equal(value.to(before[key]), before[key]) for key, value in model.state_dict().items())


def test_one_gate_alone_leaves_the_others_as_they_were():
    torch.manual_seed(0)
    model, x = alive(se_resnet20()), torch.randn(3, 3, 32, 32)
    gates = {"layer2.1.se": means(model, x)["layer2.1.se"]}
    assert ways(model, gates) == {"layer2.1.se": Way("before", ("layer2.1.bn2",))}
    folded = fold(model, gates, x)
    assert len(se_blocks(folded)) == len(se_blocks(model)) - 1
    torch.testing.assert_close(folded(x), record(model, x, gates=gates).logits)


def test_a_network_without_se_takes_the_weights_of_ours():
    torch.manual_seed(0)
    model, x = alive(SmallResNet((1, 1, 1))), torch.randn(2, 3, 32, 32)
    gates = means(model, x)
    folded = fold(model, gates)
    plain = SmallResNet((1, 1, 1), se=None).eval()
    plain.load_state_dict(folded.state_dict())
    assert torch.equal(plain(x), folded(x))
    assert without_se(model, gates).state_dict().keys() == folded.state_dict().keys()


def test_a_factor_below_zero_does_not_pass_a_relu():
    class AfterReLU(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.se, self.last = nn.Conv2d(3, 8, 3), torchvision.ops.SqueezeExcitation(8, 4), nn.Conv2d(8, 2, 1)

        def forward(self, x):
            return self.last(self.se(self.conv(x).relu()))

    model, negative = AfterReLU().eval(), {"se": torch.linspace(-1, 1, 8)}
    assert ways(model, negative) == {"se": Way("after", ("last",))}
    x = torch.randn(2, 3, 9, 9)
    torch.testing.assert_close(fold(model, negative, x)(x), model.last(model.conv(x).relu() * negative["se"].view(1, -1, 1, 1)))


def test_what_is_not_exact_is_refused_in_words():
    model = se_resnet20(placement="identity").eval()
    gates = means(model, torch.randn(2, 3, 32, 32))
    with pytest.raises(NotExact, match="layer1.0.se: its maps come from ReLU, and what follows it is not a convolution alone"):
        fold(model, gates)
    with pytest.raises(ValueError, match="'layer9.se' is not an SE block of this model"):
        fold(model, {"layer9.se": torch.ones(3)})

    class Branching(SmallResNet):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else x

    with pytest.raises(ValueError, match="can't be traced by torch.fx .* export it to ONNX"):
        ways(Branching((1,), (16,)), {"layer1.0.se": torch.ones(16)})


def test_the_price_is_that_of_the_answers():
    plain, changed = torch.tensor([[2.0, 0], [0, 1], [3, 0]]), torch.tensor([[2.0, 0], [4, 1], [3, 0]])
    said = price.price(plain, changed, torch.tensor([0, 1, -1]))
    assert said["changed"] == pytest.approx(1 / 3) and said["labelled"] == 2
    assert (said["before"], said["after"]["accuracy"]) == (1.0, 0.5)
    assert "33.3% of 3 answers change" in price.in_words(said)
    assert "after" not in price.price(plain, changed, torch.full((3,), -1))


def test_statistics_are_taken_again_and_nothing_else():
    torch.manual_seed(0)
    model, pictures = SmallResNet((1,), (16,), se=None).eval(), patchwork(50, 3)
    weight = model.conv1.weight.clone()
    price.reestimate(model, pictures, lambda images: images.float() / 255)
    with torch.no_grad():
        seen = model.conv1(pictures.images.float() / 255)
    torch.testing.assert_close(model.bn1.running_mean, seen.mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
    assert torch.equal(model.conv1.weight, weight) and not model.training


def test_statistics_of_pictures_as_training_had_them_leave_a_network_as_it_was():
    """The control: shifted in training, it has black borders in its statistics, which whole pictures lack."""
    checkpoint, pictures = pretrained.get("se_resnet_patchwork"), patchwork(300, 5)
    model = pretrained.load(checkpoint)
    plain = price.answers(model, pictures, checkpoint.preprocessing)
    changed = {}
    for name, recipe in (("whole", None), ("as in training", Recipe(shift=4))):
        again = price.reestimate(copy.deepcopy(model), pictures, checkpoint.preprocessing, recipe)
        changed[name] = price.price(plain, price.answers(again, pictures, checkpoint.preprocessing), pictures.labels)["changed"]
    assert changed["as in training"] < 0.01 < 0.05 < changed["whole"]


@pytest.mark.parametrize(
    ("variant", "layers"),
    [
        (onnx_networks.Variant(), 2),
        (onnx_networks.Variant(bound="Tanh"), 1),  # its last gate has negative values, and a ReLU before it
        (onnx_networks.Variant(residual=True), 0),
        (onnx_networks.Variant(between="Half"), 2),
    ],
    ids=["conv, ReLU, gate", "negative gates", "residual", "16 bits"],
)
def test_a_file_is_folded_into_its_convolutions(tmp_path, variant, layers):
    network = OnnxNetwork(onnx_networks.write(tmp_path / "net.onnx", variant))
    x = np.random.default_rng(0).normal(size=(4, *network.shape[1:])).astype(np.float32)
    gates = {name: s.mean(0) for name, s in network.run(x).excitation.items()}
    done = file_folding.write(network, gates, x, tmp_path / "folded.onnx")
    assert len(done.layers) == layers and done.after < done.before
    import onnxruntime

    session = onnxruntime.InferenceSession((tmp_path / "folded.onnx").read_bytes())
    got = np.concatenate([session.run(None, {network.input: row[None]})[0] for row in x])
    np.testing.assert_allclose(got, network.run(x, gates).outputs[0], rtol=1e-3, atol=1e-4)


def test_a_file_that_came_out_wrong_is_not_written(tmp_path, monkeypatch):
    network = OnnxNetwork(onnx_networks.write(tmp_path / "net.onnx", onnx_networks.Variant()))
    x = np.random.default_rng(0).normal(size=(2, *network.shape[1:])).astype(np.float32)
    gates = {name: s.mean(0) for name, s in network.run(x).excitation.items()}
    broken = [replace(each, maps=network.found[0].maps) for each in network.found]
    monkeypatch.setattr(network, "found", broken)
    with pytest.raises(ValueError, match=r"answers otherwise when folded|can't open"):
        file_folding.write(network, gates, x, tmp_path / "folded.onnx")
    assert not (tmp_path / "folded.onnx").exists()


def test_the_command_says_what_it_costs_and_writes_what_it_is_asked_for(tmp_path, capsys, monkeypatch):
    import sebook.cli.datasets as datasets

    monkeypatch.setitem(datasets.PATCHWORK, "train", (60, 3))
    monkeypatch.setitem(datasets.PATCHWORK, "test", (60, 4))
    out = tmp_path / "folded.safetensors"
    asked = ["fold", "se_resnet_patchwork", "--only", "layer3*"]
    assert main(asked) == 0 and "nothing was written: give --out" in capsys.readouterr().out
    assert main([*asked, "--each", "--reestimate", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "taken again, the network as it was: " in said.out and "taken again, the network folded: " in said.out
    assert "layer3.0.se goes into layer3.0.bn2, before it" in said.out and "of 60 answers change" in said.out
    assert "means over 60 pictures are rough" in said.err
    assert "layer3.0.se.fc1.weight" not in load_file(out) and "layer2.0.se.fc1.weight" in load_file(out)
    assert main(["fold", "se_resnet_patchwork", "--only", "layer9*"]) == 1 and "fits no gate" in capsys.readouterr().err
    assert main([*asked, "--out", str(tmp_path / "x.onnx")]) == 1 and "has to end in .safetensors" in capsys.readouterr().err
    file = onnx_networks.write(tmp_path / "net.onnx", onnx_networks.Variant())
    assert main(["fold", str(file), "--mean", "0.5", "--std", "0.5", "--out", str(tmp_path / "folded.onnx")]) == 0
    assert "2 gates went into the layers beside them" in capsys.readouterr().out
    assert main(["fold", str(file), "--each", "--mean", "0.5", "--std", "0.5"]) == 0
    alone = capsys.readouterr().out.partition("each gate alone:")[2].partition("2 gates at")[0]
    assert len(re.findall(r"^  \S+: \d.*% of \d+ largest outputs", alone, re.M)) == 2
    assert main(["fold", str(file), "--reestimate", "--mean", "0.5", "--std", "0.5"]) == 1
    assert "--reestimate: for a network's name alone" in capsys.readouterr().err
