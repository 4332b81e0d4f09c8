"""The probe: torch, onnxruntime and `record` say the same, with gates overridden and without."""

import json
from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from torch import nn

from sebook.pages.export import export
from sebook.pages.probes import KEY, OnnxProbe, TorchProbe
from senet import pretrained, se_resnet18
from senet.fusion import fuse
from senet.images import photographs
from senet.images.patchwork import patchwork
from senet.images.picture import Preprocessing
from senet.inside.recording import record
from senet.models.cifar import small_resnet

from .common import scramble

NETWORKS = ("se_resnet_patchwork", "se_resnet20_cifar10", "se_resnet18")
PREPROCESSING = Preprocessing(32, (0.5, 0.4, 0.3), (0.2, 0.25, 0.3))


@pytest.fixture(scope="module")
def pictures():
    """12 photographs and 12 of Patchwork."""
    return torch.cat([photographs().images, patchwork(12, seed=5).images])


@pytest.fixture(scope="module", params=NETWORKS)
def pair(request, tmp_path_factory):
    """The same network as torch's probe and as onnxruntime's."""
    path = tmp_path_factory.mktemp("onnx") / f"{request.param}.onnx"
    if request.param == "se_resnet18":  # a learner's own: it has no checkpoint
        torch.manual_seed(0)
        model = scramble(se_resnet18(num_classes=7), torch.randn(8, 3, 32, 32)).train()
        about = {"preprocessing": PREPROCESSING, "classes": list("abcdefg"), "title": "of my own"}
        probe = TorchProbe(model, **about)
        assert export(model, path, **about) == path
        assert model.training  # as it was
    else:
        probe = TorchProbe(request.param)
        export(request.param, path)
    return probe, OnnxProbe(path), path


def agree(one, other, maps):
    torch.testing.assert_close(one.logits, other.logits, atol=1e-4, rtol=0)
    assert list(one.blocks) == list(other.blocks)
    for a, b in zip(one.blocks.values(), other.blocks.values(), strict=True):
        assert a.depth == b.depth
        torch.testing.assert_close(a.squeeze, b.squeeze, atol=1e-4, rtol=0)
        torch.testing.assert_close(a.excitation, b.excitation, atol=1e-4, rtol=0)
        assert (a.maps is not None) == maps
        if maps:
            torch.testing.assert_close(a.maps, b.maps, atol=1e-4, rtol=0)


def overrides(probe, count, seed=0):
    """Some channels of every block pulled somewhere, by picture; the others left."""
    generator = torch.Generator().manual_seed(seed)
    gates = {}
    for block in probe.about["blocks"]:
        values = torch.rand(count, block["channels"], generator=generator)
        values[torch.rand(values.shape, generator=generator) < 0.5] = float("nan")
        gates[block["name"]] = values
    return gates


def test_both_engines_agree_on_every_picture(pair, pictures):
    torch_probe, onnx_probe, _ = pair
    assert len(pictures) >= 20
    agree(torch_probe(pictures, maps=True), onnx_probe(pictures, maps=True), maps=True)
    agree(torch_probe(pictures[:1]), onnx_probe(pictures[:1]), maps=False)


def test_both_engines_agree_with_gates_overridden(pair, pictures):
    torch_probe, onnx_probe, _ = pair
    gates = overrides(torch_probe, len(pictures))
    one, other = torch_probe(pictures, gates, maps=True), onnx_probe(pictures, gates, maps=True)
    agree(one, other, maps=True)
    for name, wanted in gates.items():
        set_here = ~wanted.isnan()
        for answer in (one, other):
            torch.testing.assert_close(answer.blocks[name].excitation[set_here], wanted[set_here], atol=1e-6, rtol=0)
    assert (one.logits - torch_probe(pictures).logits).abs().max() > 1e-3  # the prediction answers
    # One block, the same for all pictures; the others left.
    last = torch_probe.about["blocks"][-1]
    off = {last["name"]: torch.zeros(last["channels"])}
    agree(torch_probe(pictures, off), onnx_probe(pictures, off), maps=False)
    assert (onnx_probe(pictures, off).blocks[last["name"]].excitation == 0).all()


def test_torch_probe_is_what_record_says(pictures):
    model, preprocessing = pretrained.load("se_resnet_patchwork"), pretrained.get("se_resnet_patchwork").preprocessing
    probe = TorchProbe("se_resnet_patchwork")
    gates = dict(list(overrides(probe, len(pictures)).items())[1:])  # the first block left alone
    for given in (None, gates):
        agree(probe(pictures, given, maps=True), record(model, preprocessing(pictures), maps=True, gates=given), maps=True)


def test_the_graph_is_the_fused_one(pair, tmp_path):
    """No batch norm is computed in the browser, and a network that was fused before gives the same graph: what widens the 16-bit
    weights aside, which is done once."""

    def computed(path):
        kinds = Counter(node.op_type for node in onnx.load(path).graph.node)
        return kinds - Counter(Cast=kinds["Cast"], Mul=sum(node.input[0].endswith(".wide") for node in onnx.load(path).graph.node))

    torch_probe, _, path = pair
    assert not any(node.op_type == "BatchNormalization" for node in onnx.load(path).graph.node)
    about = {"preprocessing": Preprocessing(**torch_probe.about["preprocessing"]), "classes": torch_probe.about["classes"]}
    fused = export(fuse(torch_probe.network.model), tmp_path / "fused.onnx", **about)
    assert computed(fused) == computed(path)


def test_the_rescaled_maps_are_the_blocks_output(pair, pictures):
    """U times s, computed by the graph itself."""
    _, onnx_probe, _ = pair
    name = onnx_probe.about["blocks"][0]["name"]
    answer = onnx_probe(pictures[:3], maps=True).blocks[name]
    row = onnx_probe._row({}, 3)
    feed = {"picture": pictures[:3].float().numpy(), "gates": row.numpy()}
    (rescaled,) = onnx_probe.session.run([f"{name}/x"], feed)
    torch.testing.assert_close(torch.from_numpy(rescaled), answer.rescaled, atol=1e-5, rtol=0)


def test_the_file_says_what_it_is(pair):
    torch_probe, onnx_probe, path = pair
    assert onnx_probe.about == json.loads(json.dumps(torch_probe.about))
    about, file = onnx_probe.about, onnx.load(path)
    assert {value.name for value in file.graph.input} == {"picture", "gates"}
    assert file.graph.output[0].name == "logits"
    assert [prop.key for prop in file.metadata_props] == [KEY]
    assert about["versions"]["torch"] == torch.__version__
    if about["name"]:
        checkpoint = pretrained.get(about["name"])
        assert about["sha256"] == checkpoint.sha256
        assert tuple(about["classes"]) == checkpoint.classes
        assert about["provenance"] == json.loads(json.dumps(dict(checkpoint.provenance)))
    # 16 bits a weight where the checkpoint has no more, 32 for random weights.
    weights = sum(p.numel() for p in torch_probe.network.model.parameters())
    assert path.stat().st_size < (2.1 if about["name"] else 4) * weights + 60_000
    # Nothing of the machine that wrote it, nor of the exporter's notes.
    for tensor in file.graph.initializer:
        tensor.ClearField("raw_data")  # among millions of random bytes any three letters occur
    assert b".py" not in file.SerializeToString()


def test_pictures_of_any_kind(pair, pictures):
    torch_probe, onnx_probe, _ = pair
    wide = Image.fromarray(np.tile(pictures[0].permute(1, 2, 0).numpy(), (1, 2, 1)))
    for probe in (torch_probe, onnx_probe):
        torch.testing.assert_close(probe(pictures[:2]).logits, probe(pictures[:2].float()).logits)
        assert probe(wide).logits.shape == (1, len(probe.about["classes"]))


def test_without_maps_the_file_has_none(tmp_path, pictures, senet):
    path = tmp_path / "deep" / "probe.onnx"
    assert "3 SE blocks" in senet(["export", "se_resnet_patchwork", "--out", str(path), "--no-maps"])
    probe = OnnxProbe(path)
    assert [value.name for value in probe.session.get_outputs()][-2:] == ["layer3.0.se/z", "layer3.0.se/s"]
    agree(probe(pictures), TorchProbe("se_resnet_patchwork")(pictures), maps=False)
    with pytest.raises(ValueError, match="written without feature maps"):
        probe(pictures, maps=True)


def test_maps_are_as_the_block_read_them(tmp_path, pictures):
    """A network that writes into U after its SE block has read it."""

    class Overwriting(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = scramble(small_resnet((1, 1), (8, 16), num_classes=2, reduction=4), torch.randn(8, 3, 32, 32))
            block = self.inner.layer1[0].se
            block.register_forward_hook(lambda module, args, out: (out + 0, args[0].zero_())[0])

        def forward(self, x):
            return self.inner(x)

    model = Overwriting().eval()
    about = {"preprocessing": PREPROCESSING, "classes": ["no", "yes"]}
    path = export(model, tmp_path / "probe.onnx", **about)
    one, other = TorchProbe(model, **about)(pictures, maps=True), OnnxProbe(path)(pictures, maps=True)
    agree(one, other, maps=True)
    assert one.blocks["inner.layer1.0.se"].maps.abs().max() > 0.1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"classes": ["a"] * 10}, "preprocessing is missing"),
        ({"preprocessing": PREPROCESSING}, "classes is missing"),
        ({"preprocessing": PREPROCESSING, "classes": ["a"] * 9}, r"classes has 9 names, and the network gives \(10,\)"),
    ],
)
def test_what_a_network_of_ones_own_needs(tmp_path, arguments, words):
    with pytest.raises(ValueError, match=words):
        export(small_resnet((1,), (8,)), tmp_path / "probe.onnx", **arguments)


def test_a_network_without_se_has_no_probe():
    with pytest.raises(ValueError, match="no SE block"):
        TorchProbe(small_resnet((1,), (8,), reduction=None), preprocessing=PREPROCESSING, classes=["a"] * 10)


def test_calls_that_do_not_fit(pair, pictures):
    for probe in pair[:2]:
        with pytest.raises(ValueError, match=r"pictures=\(1, 3, 31, 32\) have to be a tensor \(N, 3, 32, 32\)"):
            probe(torch.zeros(1, 3, 31, 32))
        with pytest.raises(ValueError, match="not an SE block of this model"):
            probe(pictures, {"nowhere": torch.ones(3)})
        name = probe.about["blocks"][0]["name"]
        with pytest.raises(ValueError, match="has to be"):
            probe(pictures, {name: torch.ones(3)})


def test_files_that_are_no_probe(tmp_path, pair):
    with pytest.raises(FileNotFoundError, match="python -m senet export"):
        OnnxProbe(tmp_path / "missing.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(pair[2].read_bytes()[:1000])
    with pytest.raises(ValueError, match="not an ONNX model that onnxruntime can read"):
        OnnxProbe(broken)
    for metadata, words in (({}, "holds no probe"), ({KEY: '{"format": 99}'}, "a probe of format 99")):
        file = onnx.load(pair[2])
        onnx.helper.set_model_props(file, metadata)
        onnx.save(file, tmp_path / "other.onnx")
        with pytest.raises(ValueError, match=words):
            OnnxProbe(tmp_path / "other.onnx")
