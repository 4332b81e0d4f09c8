"""How far Captum's DeepLift is from its sum on the book's networks: as they are, with frozen gates, and with an exact product.

The baseline is the picture of mean colour, and the class is the predicted one.
"""

from typing import Any

import torch
from torch import nn

from sebook.cli import datasets
from sebook.experiments import deep_lift
from senet import pretrained
from senet.models.se import SEBlock

from .chosen import SEED, tested
from .medians import INTERVAL, median

NETWORKS = ("se_resnet_patchwork", "se_resnet20_cifar10", "se_resnet18_slim_imagenet100")
TESTED = 400


def measure() -> dict[str, Any]:
    """All networks."""
    torch.set_num_threads(1)
    return {
        "seed": SEED,  # of the interval's draws: the pictures are not drawn
        "tested": f"{TESTED} pictures, every nth of the test set",
        "interval": INTERVAL,
        "error": "median and 90th percentile of |sum - change| / |change| of the predicted class's logit",
        "networks": {name: _network(name) for name in NETWORKS},
    }


def _network(name: str) -> dict[str, Any]:
    checkpoint, test = datasets.with_test_pictures(name)
    model = pretrained.load(checkpoint, progress=False).eval()
    pictures = checkpoint.preprocessing(tested(test, TESTED).images)
    with torch.no_grad():
        target = model(pictures).argmax(1)
    tried = {
        "as Captum takes it": deep_lift.prepared(model, exact=False),
        "gates frozen": _frozen(deep_lift.prepared(model, exact=False), model, pictures),
        "with a product that keeps the sum": deep_lift.prepared(model),
    }
    said = {how: _error(network, pictures, target) for how, network in tried.items()}
    print(name, said, flush=True)
    return {
        "data": datasets.described(checkpoint.provenance["data"]),
        "errors": said,
        "integrated gradients": _integrated(model, pictures, target),
    }


def _frozen(network: nn.Module, model: nn.Module, pictures: torch.Tensor) -> nn.Module:
    """With every gate at its mean over the pictures: a constant, so that no product has two changing sides."""
    from senet import record

    with torch.no_grad():
        blocks = record(model, pictures).blocks
    for name, module in network.named_modules():
        if isinstance(module, SEBlock):
            mean = blocks[name].excitation.mean(0)
            module.excite = lambda z, mean=mean: mean.expand(len(z), -1)
    return network


def _error(network: nn.Module, pictures: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
    parts = []
    for some, classes in zip(pictures.split(20), target.split(20), strict=True):
        off, change = deep_lift.shortfall(network, some, torch.zeros_like(some), classes)
        parts.append(off.abs() / change.abs())
    return _quantiles(torch.cat(parts))


def _quantiles(error: torch.Tensor) -> dict[str, float]:
    return {**median(error.numpy()), "ninety": float(error.quantile(0.9))}


def _integrated(model: nn.Module, pictures: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
    """The same error of integrated gradients with 50 steps."""
    from captum.attr import IntegratedGradients

    baseline = torch.zeros_like(pictures)
    attributed = IntegratedGradients(model).attribute(pictures, baseline, target=target, n_steps=50, internal_batch_size=100)
    with torch.no_grad():
        change = (model(pictures) - model(baseline)).gather(1, target[:, None])[:, 0]
    return {**_quantiles(((attributed.sum((1, 2, 3)) - change).abs() / change.abs()).detach()), "steps": 50}
