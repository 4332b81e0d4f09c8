"""Arguments of the SE-ResNets' constructors: weights that fill the network, and what is refused."""

import re

import numpy as np
import pytest
import torch

from senet.models.resnet import SEBasicBlock, se_resnet18, se_resnet50, se_resnext50_32x4d
from senet.models.se import SEBlock
from tests.common import on_meta


class TwoClasses:
    """Weights as torchvision's, in all that a constructor asks of them."""

    meta = {"categories": ["no", "yes"]}

    def get_state_dict(self, progress):
        torch.manual_seed(0)
        return se_resnet18(num_classes=2).state_dict()


def test_weights_fill_the_network_and_set_its_classes():
    model, expected = se_resnet18(weights=TwoClasses(), progress=False), TwoClasses().get_state_dict(False)
    assert all(torch.equal(value, expected[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("make", "arguments", "says"),
    [
        (se_resnet18, {"placement": "after"}, "placement='after' is unknown: choose one of 'standard', 'pre', 'post'"),
        (se_resnet18, {"stages": (0,)}, "stage=0 is unknown: choose one of 1, 2, 3, 4"),
        (se_resnet18, {"stages": (1, 5)}, "stage=5"),
        (se_resnet18, {"stages": 3}, "stages=3 has to be a collection: write (3,)"),
        (se_resnet18, {"reduction": 0}, "reduction=0 has to be a whole number of at least 1"),
        (se_resnet18, {"gate": "step"}, "gate='step'"),
        (se_resnet18, {"squeeze": "sum"}, "squeeze='sum'"),
        (se_resnet18, {"min_hidden": 0}, "min_hidden=0"),
        (se_resnet18, {"weights": "IMAGENET1K_V1"}, "weights='IMAGENET1K_V1' is not a checkpoint: pass senet.pretrained.get(name)"),
        (se_resnet18, {"weights": TwoClasses(), "num_classes": 5}, "num_classes=5 does not fit weights for 2 classes"),
        (se_resnext50_32x4d, {"groups": 16}, "groups=16 is not this network's 32"),
        (se_resnet18, {"groups": 2}, "groups"),
        (se_resnet50, {"replace_stride_with_dilation": [True]}, "replace_stride_with_dilation"),
    ],
)
def test_refuses(make, arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        on_meta(make, **arguments)


def test_any_collection_and_any_whole_number_will_do():
    model = on_meta(se_resnet18, stages=(stage for stage in (1, 2)), reduction=np.int64(8))
    blocks = {name: module for name, module in model.named_modules() if isinstance(module, SEBlock)}
    assert list(blocks) == ["layer1.0.se", "layer1.1.se", "layer2.0.se", "layer2.1.se"]
    assert {block.fc1.out_features for block in blocks.values()} == {8, 16}


def test_an_unknown_keyword_is_not_swallowed():
    with pytest.raises(TypeError, match="zero_init"):
        on_meta(se_resnet18, zero_init=True)


def test_a_block_refuses_an_unknown_placement():
    with pytest.raises(ValueError, match="placement='between'"):
        SEBasicBlock(8, 8, placement="between")
