"""What six counters say of a ResNet-50 without and with SE, at 224 pixels.

A count is of the same arithmetic; what differs is whether a multiplication with its addition counts once or twice, and which small
operations count at all. Some count what modules do, and others what a run calls.
"""

import copy
import logging
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from sebook.measure import cost
from senet import se_resnet50

SIZE = 224


def measure() -> dict[str, Any]:
    """Every counter on every network, in its own unit."""
    import timm

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    networks = {
        "ResNet-50, torchvision": resnet50(),
        "SE-ResNet-50, ours": se_resnet50(),
        "SE-ResNet-50, timm": timm.create_model("seresnet50"),
    }
    picture = torch.zeros(1, 3, SIZE, SIZE)
    said = {}
    for name, model in networks.items():
        said[name] = {counter: count(copy.deepcopy(model).eval(), picture) for counter, count in COUNTERS.items()}
        print(name, said[name], flush=True)
    return {"seed": None, "size": SIZE, "units": UNITS, "counts": said, "ours": _by_hand(networks["SE-ResNet-50, ours"])}


def _by_hand(model: nn.Module) -> dict[str, int]:
    """The book's own count, for comparison."""
    return asdict(cost.cost(model.eval(), SIZE))


def _torch(model: nn.Module, picture: Tensor) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        model(picture)
    return counter.get_total_flops()


def _fvcore(model: nn.Module, picture: Tensor) -> float:
    from fvcore.nn import FlopCountAnalysis

    counted = FlopCountAnalysis(model, picture)
    counted.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return counted.total()


def _thop(model: nn.Module, picture: Tensor) -> float:
    from thop import profile

    return profile(model, (picture,), verbose=False)[0]


def _ptflops(model: nn.Module, picture: Tensor) -> float:
    from ptflops import get_model_complexity_info

    shape = tuple(picture.shape[1:])
    options = {"as_strings": False, "print_per_layer_stat": False, "backend": "pytorch"}
    return get_model_complexity_info(model, shape, **options)[0]


def _torchinfo(model: nn.Module, picture: Tensor) -> float:
    import torchinfo

    return torchinfo.summary(model, input_data=picture, verbose=0).total_mult_adds


def _deepspeed(model: nn.Module, picture: Tensor) -> float:
    from deepspeed.profiling.flops_profiler import get_model_profile

    options = {"print_profile": False, "as_string": False, "warm_up": 0}
    return get_model_profile(model, input_shape=tuple(picture.shape), **options)[0]


COUNTERS: dict[str, Callable[[nn.Module, Tensor], float]] = {
    "torch.utils.flop_counter": _torch,
    "fvcore": _fvcore,
    "thop": _thop,
    "ptflops": _ptflops,
    "torchinfo": _torchinfo,
    "deepspeed": _deepspeed,
}
# What each counts one multiplication with its addition as.
UNITS = {name: 2 if name in ("torch.utils.flop_counter", "deepspeed") else 1 for name in COUNTERS}
