"""What torchvision's tests ask of its classifiers, feature extractors and backbones, asked of ours.

Every builder and placement: shapes, scripting, fx, hooks against extractors, both modes, gradients,
and ResNets as the backbone of a feature pyramid.
"""

import copy
import functools
import random

import pytest
import torch
from torch import Tensor, nn
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from senet import se_inception_v3, se_resnet20
from senet.models import legacy
from senet.models.resnet import PLACEMENTS, SEBasicBlock, SEBottleneck, se_resnet
from tests.common import scramble, scripts, traces_by_fx

RESNETS = {
    f"{block.__name__}, {placement}": functools.partial(se_resnet, block, [1, 1, 1, 1], num_classes=5, placement=placement)
    for block in (SEBasicBlock, SEBottleneck)
    for placement in PLACEMENTS
}
RESNETS["grouped"] = functools.partial(se_resnet, SEBottleneck, [1, 1, 1, 1], num_classes=5, groups=4, width_per_group=8)
BUILDERS = {
    **RESNETS,
    **{f"se_resnet20, {placement}": functools.partial(se_resnet20, num_classes=5, placement=placement) for placement in PLACEMENTS},
    "legacy": lambda: legacy.as_legacy(se_resnet(SEBottleneck, [1, 1, 1, 1], num_classes=5)),
}


@functools.cache
def _made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return scramble(BUILDERS[name](), pictures(4))


def made(name: str) -> nn.Module:
    return copy.deepcopy(_made(name))


def pictures(n: int = 2) -> Tensor:
    return torch.randn(n, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", BUILDERS)
def test_classifies(name):
    model, x = made(name), pictures()
    out = model(x)
    assert out.shape == (2, 5)
    torch.testing.assert_close(model(x[:1]), out[:1], rtol=1e-4, atol=1e-5)
    scripts(model, x)
    traces_by_fx(model, x)


def some_nodes(model: nn.Module, seed: int) -> tuple[list[str], list[str]]:
    """Of both modes, and always the last."""
    draw = random.Random(seed)
    training, evaluating = get_graph_node_names(copy.deepcopy(model))
    return tuple([*sorted(draw.sample(nodes[1:-1], 6)), nodes[-1]] for nodes in (training, evaluating))


@pytest.mark.parametrize("name", BUILDERS)
def test_both_modes_have_the_same_nodes(name):
    training, evaluating = get_graph_node_names(made(name))
    assert training == evaluating


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", BUILDERS)
def test_extracts_features_in_both_modes_and_learns_through_them(name, seed):
    model, x = made(name), pictures()
    training, evaluating = some_nodes(model, seed)
    extractor = create_feature_extractor(model, train_return_nodes=training, eval_return_nodes=evaluating)
    answer = extractor.eval()(x)[evaluating[-1]]
    torch.testing.assert_close(answer, made(name)(x), rtol=1e-5, atol=1e-6)
    for mode, nodes in ((False, evaluating), (True, training)):
        out = extractor.train(mode)(x)
        assert set(out) == set(nodes)
        sum(value.float().mean() for value in out.values() if value.dtype.is_floating_point).backward()


@pytest.mark.parametrize("name", BUILDERS)
def test_extracts_what_forward_hooks_see(name):
    model, x, seen = made(name), pictures(), {}
    layers = [path for path, module in model.named_modules() if path and not list(module.children())]
    once = [path for path in layers if not path.endswith("relu")]  # one module, run three times
    for path in once:
        model.get_submodule(path).register_forward_hook(lambda module, args, out, path=path: seen.__setitem__(path, out))
    model(x)
    got = create_feature_extractor(made(name), once)(x)
    assert seen.keys() == got.keys()
    assert all(torch.equal(got[path], seen[path]) for path in once)


@pytest.mark.parametrize("name", BUILDERS)
def test_names_of_nodes_shorten_and_unknown_ones_are_refused(name):
    model, x = made(name), pictures()
    out = create_feature_extractor(model, {"layer1": "early", "layer3": "late"})(x)
    assert list(out) == ["early", "late"]
    with pytest.raises(ValueError, match="node: 'layer9' is not present in model"):
        create_feature_extractor(model, ["layer9"])


@pytest.mark.parametrize("name", BUILDERS)
def test_features_script(name):
    extractor, x = create_feature_extractor(made(name), ["layer1", "layer2"]), pictures()
    expected, got = extractor(x), torch.jit.script(extractor)(x)
    assert all(torch.allclose(got[key], expected[key], atol=1e-5) for key in expected)


@pytest.mark.parametrize("name", RESNETS)
def test_is_a_backbone(name):
    """Of torchvision's detectors, which take a ResNet's layers by name."""
    model, x = made(name), torch.randn(1, 3, 64, 64)
    body = IntermediateLayerGetter(copy.deepcopy(model), {"layer2": "0", "layer4": "1"})
    assert [features.shape[2] for features in body(x).values()] == [8, 2]
    pyramid = _resnet_fpn_extractor(model, trainable_layers=2)(x)
    assert {features.shape[1] for features in pyramid.values()} == {256}
    assert len(pyramid) == 5


def test_inception_gives_features_too():
    torch.manual_seed(0)
    model = se_inception_v3(num_classes=3, aux_logits=False, init_weights=False).eval()
    nodes = ["Mixed_5b.se", "Mixed_6e", "Mixed_7c"]
    out = create_feature_extractor(model, nodes)(torch.randn(1, 3, 75, 75))
    assert [value.shape[1] for value in out.values()] == [256, 768, 2048]
