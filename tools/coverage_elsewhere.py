"""Gates in networks of segmentation_models_pytorch and transformers, found by what they compute, beside a count by class.

    .venv/bin/python -m tools.coverage_elsewhere     # writes data/results/coverage-elsewhere.json

The two aren't dependencies of the book. They are installed without their own ones into _build/elsewhere, for this process alone.
All weights are random, and nothing is fetched but the packages.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sebook.cli.provenance import keep
from sebook.measure import coverage
from senet import machine

ROOT = Path(__file__).parents[1]
PINNED = ("segmentation-models-pytorch==0.5.0", "transformers==5.24.0", "tokenizers==0.23.3", "regex==2025.11.3")
# By class: the family of its gate. smp's own EfficientNet writes SE into its block, and no class is called so.
CLASSES = coverage.CLASSES | {
    "MBConvBlock": "SE",
    "SCSEModule": "SE",
    "EfficientNetSqueezeExciteLayer": "SE",
    "AlignVisionSqueezeExciteLayer": "SE",
    "RegNetSELayer": "SE",
    "PPLCNetSqueezeExcitationModule": "SE",
    "ConvNextV2GRN": "GRN",
    "SqueezeExcitationBlock": "SE",
}


def segmenters() -> dict[str, Callable[[], nn.Module]]:
    """Encoders with SE under each of the decoders that have a gate, or none."""
    import segmentation_models_pytorch as smp

    made: dict[str, Callable[[], nn.Module]] = {
        f"smp:Unet, {encoder}": lambda encoder=encoder: smp.Unet(encoder, encoder_weights=None)
        for encoder in ("se_resnet50", "efficientnet-b0", "timm-regnety_002", "tu-mobilenetv3_small_100", "tu-ecaresnet26t")
    }
    made["smp:Unet with scse, resnet18"] = lambda: smp.Unet("resnet18", encoder_weights=None, decoder_attention_type="scse")
    made["smp:FPN, timm-skresnet18"] = lambda: smp.FPN("timm-skresnet18", encoder_weights=None)
    return made


def transformers() -> dict[str, Callable[[], nn.Module]]:
    """The smallest configuration of each vision model with SE or a relative that its library has by default."""
    import transformers as hf

    def of(kind: str, **config: Any) -> Callable[[], nn.Module]:
        return lambda: getattr(hf, f"{kind}Model")(getattr(hf, f"{kind}Config")(**config))

    # its own weights, of a deviation of 0.02, leave every gate at a half: a permutation would be lost in the last digits
    wide = {"image_size": 128, "hidden_dim": 1280, "initializer_range": 0.1}
    return {
        "transformers:EfficientNet": of("EfficientNet", **wide, width_coefficient=1.0, depth_coefficient=1.0),
        "transformers:RegNet (y)": of("RegNet", hidden_sizes=[24, 56, 152, 368], depths=[1, 1, 4, 7], groups_width=8),
        "transformers:ConvNextV2": of("ConvNextV2", hidden_sizes=[40, 80, 160, 320], depths=[2, 2, 6, 2]),
        "transformers:AlignVision": of(
            "AlignVision", width_coefficient=1.0, depth_coefficient=1.0, image_size=128, hidden_dim=1280
        ),
    }


def main() -> None:
    """Install, open, compare, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "_build/elsewhere", help="for the two packages")
    parser.add_argument("--out", type=Path, default=ROOT / "data/results/coverage-elsewhere.json")
    options = parser.parse_args()
    if not (options.folder / "transformers").is_dir():
        run = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(options.folder), *PINNED]
        if subprocess.run(run, check=False).returncode:
            raise SystemExit(f"{', '.join(PINNED)} were not installed: check the network, and run this command again")
    sys.path.insert(0, str(options.folder))
    rows = []
    for name, make in {**segmenters(), **transformers()}.items():
        torch.manual_seed(0)
        model = make().eval()
        one, several = torch.randn(1, 3, coverage.SIDE, coverage.SIDE), torch.randn(4, 3, coverage.SIDE, coverage.SIDE)
        rows.append(coverage.row_of(name, model, one, several, CLASSES))
        print(coverage.table(rows[-1:]).splitlines()[-1], flush=True)
    about = {"command": "python -m tools.coverage_elsewhere", **machine.circumstances()}
    versions = {each.partition("==")[0]: version(each.partition("==")[0]) for each in PINNED[:2]}
    keep({**about, "packages": versions, "side": coverage.SIDE, "networks": rows}, options.out)


if __name__ == "__main__":
    main()
