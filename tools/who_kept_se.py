"""Which networks after the paper have gates, of which kind, and on maps of which size: timm's, by what they compute.

    python -m tools.who_kept_se --out data/results/who-kept-se.json

Random weights: only where gates are is asked, not what they do.
"""

import argparse
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import timm
import torch
from torch import Tensor, nn
from tqdm import tqdm

from sebook.cli.provenance import keep
from senet import machine
from senet.inside.finding import anatomy

SIDE = 224
# Name in timm, what its authors call it, the year of its paper, and that paper on arXiv.
NETWORKS = (
    ("mnasnet_small", "MnasNet, small", 2018, "1807.11626"),
    ("mobilenetv3_large_100", "MobileNetV3-Large", 2019, "1905.02244"),
    ("efficientnet_b0", "EfficientNet-B0", 2019, "1905.11946"),
    ("ghostnet_100", "GhostNet", 2019, "1911.11907"),
    ("efficientnet_lite0", "EfficientNet-Lite0", 2020, None),
    ("tresnet_m", "TResNet-M", 2020, "2003.13630"),
    ("regnety_004", "RegNetY-400MF", 2020, "2003.13678"),
    ("rexnet_100", "ReXNet", 2020, "2007.00992"),
    ("nfnet_f0", "NFNet-F0", 2021, "2102.06171"),
    ("efficientnetv2_s", "EfficientNetV2-S", 2021, "2104.00298"),
    ("lcnet_100", "PP-LCNet", 2021, "2109.15099"),
    ("convnext_tiny", "ConvNeXt-T", 2022, "2201.03545"),
    ("mobileone_s0", "MobileOne-S0", 2022, "2206.04040"),
    ("mobileone_s4", "MobileOne-S4", 2022, "2206.04040"),
    ("repghostnet_100", "RepGhostNet", 2022, "2211.06088"),
    ("convnextv2_atto", "ConvNeXt V2, atto", 2023, "2301.00808"),
    ("fastvit_sa12", "FastViT-SA12", 2023, "2303.14189"),
    ("efficientvit_m0", "EfficientViT-M0", 2023, "2305.07027"),
    ("repvit_m1_0", "RepViT-M1.0", 2023, "2307.09283"),
    ("shvit_s1", "SHViT-S1", 2024, "2401.16456"),
    ("rdnet_tiny", "RDNet-T", 2024, "2403.19588"),
    ("mobilenetv4_conv_small", "MobileNetV4-Conv-S", 2024, "2404.10518"),
)


@torch.no_grad()
def gated(model: nn.Module) -> dict:
    """Gates by family, and by the stride of the maps that come into the module that they are in: 4 for a quarter of the side."""
    image = torch.randn(1, 3, SIDE, SIDE)
    found = anatomy(model, image, prove=False)
    sides: dict[str, int] = {}

    def entered(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
            *_, height, width = given[0].shape
            sides[name] = width if height == width else given[0].shape[1]  # channels may come last

        return hook

    names = [gate.name.split("#")[0] for gate in found.gates]
    hooks = [model.get_submodule(name).register_forward_pre_hook(entered(name)) for name in set(names)]
    try:
        model.eval()(image)
    finally:
        for hook in hooks:
            hook.remove()
    # Odd sides halve to the next whole number: 64 where 4 are left of 224.
    strides = Counter(str(2 ** round(math.log2(SIDE / sides[name]))) for name in names)
    families = Counter(gate.family for gate in found.gates)
    return {"gates": len(found.gates), "families": dict(families), "strides": dict(strides), "by_pixel": len(found.others)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/results/who-kept-se.json"))
    given = parser.parse_args()
    rows = []
    for name, title, year, arxiv in tqdm(NETWORKS, unit="network"):
        torch.manual_seed(0)
        rows.append({"network": name, "title": title, "year": year, "arxiv": arxiv, **gated(timm.create_model(name))})
    said = {"command": f"python -m tools.who_kept_se --out {given.out.as_posix()}", **machine.circumstances("cpu")}
    said |= {"timm": timm.__version__, "side": SIDE, "networks": rows}
    keep(said, given.out)


if __name__ == "__main__":
    main()
