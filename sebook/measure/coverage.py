"""Which gates are found in the networks of timm and torchvision, against an independent count.

``python -m senet coverage`` opens one small network of each family that has SE or a relative of it,
with random weights. It counts the calls of the classes that are known to be such blocks, by hooks,
and compares that with what :func:`senet.anatomy` finds without any name.
"""

import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from senet.inside.finding import find, prove_all

# By class: the family of its gate. The count knows these names and nothing of what they compute.
CLASSES = {
    "SEModule": "SE",
    "SqueezeExcite": "SE",
    "SqueezeExcitation": "SE",
    "EffectiveSEModule": "effective SE",
    "EseModule": "effective SE",
    "LRASPPHead": "effective SE",
    "EcaModule": "ECA",
    "CecaModule": "ECA",
    "SelectiveKernel": "selective kernel",
    "SplitAttn": "selective kernel",
    "GlobalResponseNorm": "GRN",
    "GlobalContext": "global context",
}
# The smallest network with each set of these classes in each file of timm and torchvision; `--scan` looks whether that is still so.
TIMM = (
    "convnextv2_atto csatv2 cspnext_tiny eca_botnext26ts_256 eca_resnext26ts eca_vovnet39b ecaresnext26t_32x4d "
    "efficientvim_m1 efficientvit_m0 ese_vovnet19b_slim_dw fastvit_t8 gc_efficientnetv2_rw_t "
    "gcresnext26ts gcvit_xxtiny ghostnet_050 haloregnetz_b hardcorenas_b hgnet_tiny lcnetv2_small legacy_seresnet18 "
    "mobilenetv3_small_050 nf_ecaresnet26 rdnet_tiny regnety_002 repghostnet_050 repvit_m1 "
    "resnest14d rexnet_100 sedarknet21 seresnet18 shvit_s1 skresnet18 test_byobnet test_coatnet "
    "test_efficientnet test_nfnet tresnet_m"
)
TORCHVISION = (
    "deeplabv3_mobilenet_v3_large efficientnet_b0 fasterrcnn_mobilenet_v3_large_320_fpn "
    "lraspp_mobilenet_v3_large maxvit_t mobilenet_v3_small regnet_y_400mf "
    "ssdlite320_mobilenet_v3_large"
)
NETWORKS = (*(f"timm:{name}" for name in TIMM.split()), *(f"torchvision:{name}" for name in TORCHVISION.split()))
# Sources that mention none of these have no such block, and need not be opened.
MENTIONS = (
    "attn_layer",
    "se_layer",
    "se_ratio",
    "SqueezeExc",
    "SEModule",
    "EffectiveSE",
    "Ese",
    "GlobalResponse",
    "SplitAttn",
    "_se",
)
LARGEST = 60e6  # parameters
SIDE = 128  # of the example, in pixels, unless a network takes one size only, or larger ones


def timm_families(said: Callable[[str], None] = lambda line: None) -> Iterator[str]:
    """timm's smallest network for each of its files and each set of classes, opened without memory for weights."""
    import timm

    smallest: dict[tuple[str, tuple[str, ...]], tuple[int, str]] = {}
    for file in timm.list_modules():
        names = timm.list_models(module=file)
        entry = timm.model_entrypoint(names[0]) if names else None
        source = inspect.getsource(inspect.getmodule(entry)) if entry else ""
        if not any(mention in source for mention in MENTIONS):
            continue
        for name in names:
            with torch.device("meta"):
                model = timm.create_model(name)
            kinds = tuple(sorted({type(module).__name__ for module in model.modules()} & CLASSES.keys()))
            size = sum(parameter.numel() for parameter in model.parameters())
            if kinds and size <= LARGEST:
                smallest[file, kinds] = min(smallest.get((file, kinds), (size, name)), (size, name))
        said(f"{file}: {len(names)} networks")
    yield from dict.fromkeys(f"timm:{name}" for _, name in smallest.values())


def torchvision_families() -> Iterator[str]:
    """torchvision's smallest network for each of its files that has one of the classes."""
    from torchvision import models

    by_file: dict[str, list[tuple[int, str]]] = {}
    for name in models.list_models():
        size = models.get_model_weights(name)["DEFAULT"].meta["num_params"]
        by_file.setdefault(models.get_model_builder(name).__module__, []).append((size, name))
    for several in by_file.values():
        name = min(several)[1]
        model = models.get_model(name, **_plain(name))
        if {type(module).__name__ for module in model.modules()} & CLASSES.keys():
            yield f"torchvision:{name}"


def row(name: str, seed: int = 0) -> dict[str, Any]:
    """What is found in one network, what is counted, and how long the search took, in plain forwards."""
    torch.manual_seed(seed)
    library, _, short = name.partition(":")
    model, side = _opened(library, short)
    return row_of(name, model, torch.randn(1, 3, side, side), torch.randn(4, 3, side, side))


def row_of(name: str, model: nn.Module, images: Tensor, several: Tensor, classes: Mapping[str, str] = CLASSES) -> dict[str, Any]:
    """The same of a model that is open already.

    Args:
        name: for the row.
        model: in evaluation mode, with random weights; they are changed.
        images: (1, ...), which the gates are found on.
        several: (N, ...), which batch norms take their statistics from.
        classes: the family of the gate in each class that is counted.
    """
    modules = dict(model.named_modules())
    with torch.no_grad():
        enliven(model, several)
        counted = count(model, images, classes)
        plain = _seconds(lambda: model(images))
        searched = _seconds(lambda: find(model, images, modules))
        found = prove_all(model, images, find(model, images, modules))
    families = Counter(gate.family for gate in found.gates)
    return {
        "network": name,
        "counted": dict(sorted(counted.items())),
        "found": dict(sorted(families.items())),
        "by_pixel": dict(Counter(gate.family for gate in found.others)),
        "kinds": sorted({_kind(gate) for gate in found.gates}),
        "apart": sum(not gate.same for gate in found.gates),
        "residual": sum(gate.residual for gate in found.gates),
        "proved": sum(gate.proof == "proved" for gate in found.gates),
        "not_proved": sorted({gate.proof for gate in found.gates} - {"proved"}),
        "search": round(searched / plain, 2),
    }


def count(model: nn.Module, images: Tensor, classes: Mapping[str, str] = CLASSES) -> Counter:
    """Calls of the known classes in one forward, by family."""
    calls: Counter = Counter()

    def see(module: nn.Module, *_: Any) -> None:
        if getattr(module, "mlp_scale", True) is not None:  # timm's global context may add what it has, and multiply by nothing
            calls[classes[type(module).__name__]] += 1

    hooks = [module.register_forward_hook(see) for module in model.modules() if type(module).__name__ in classes]
    try:
        model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def enliven(model: nn.Module, images: Tensor) -> None:
    """Weights that random initialisation leaves at one value, and statistics of batch norms, as training would spread them.

    Many networks start with some of their blocks switched off by a weight of zero: no gate in such a block could be proved.
    """
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim and parameter.numel() > 1 and (parameter == parameter.flatten()[0]).all():
            parameter.add_(torch.empty_like(parameter).uniform_(-0.4, 0.4, generator=generator))
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum, norm.training = 1.0, True
    model(images)
    for norm in norms:
        norm.training = False


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""

    def several(counts: dict[str, int]) -> str:
        return ", ".join(f"{number} {family}" for family, number in counts.items()) or "0"

    lines = ["| network | counted by class | found by what they compute | gate | proved |", "|---|---|---|---|---|"]
    for one in rows:
        total = sum(one["found"].values())
        cells = (f"`{one['network']}`", several(one["counted"]), several(one["found"]), ", ".join(one["kinds"]))
        lines.append(f"| {' | '.join(cells)} | {one['proved']} of {total} |")
    return "\n".join(lines)


def _kind(gate: Any) -> str:
    return gate.kind if gate.slope is None else f"{gate.kind} {gate.slope:.3g}"


def _opened(library: str, name: str) -> tuple[nn.Module, int]:
    if library == "timm":
        import timm

        model = timm.create_model(name)
        config = model.default_cfg
        least = config.get("min_input_size", (SIDE,))[-1]
        return model.eval(), config["input_size"][-1] if config.get("fixed_input_size") else max(SIDE, least)
    from torchvision import models

    return models.get_model(name, **_plain(name)).eval(), 224 if "maxvit" in name else SIDE


def _plain(name: str) -> dict[str, Any]:
    """Detectors and segmenters of torchvision fetch a backbone's weights unless told otherwise.

    With random weights no box is sure enough to be reported, and no gate would change anything: these report every box.
    """
    from torchvision import models

    parameters = inspect.signature(models.get_model_builder(name)).parameters
    boxes = {"box_score_thresh": 0.0} if "rcnn" in name else {}
    return boxes | ({"weights_backbone": None} if "weights_backbone" in parameters else {})


def _seconds(run: Callable[[], Any], times: int = 3) -> float:
    """Of the processor; the best of a few runs."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best
