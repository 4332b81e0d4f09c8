"""How long it takes to find the gates of an unknown network, and to read those that are known: beside plain forwards, in turns.

    .venv/bin/python -m tools.finding_speed     # writes data/results/finding-speed.json

Times are processor seconds of one thread, which a busy machine hardly changes; a ratio is that of two
medians. ``hooks`` is the least that reading by PyTorch's hooks can take: two on each gate that do
nothing, put there beforehand. ``hand`` is what people write instead of ``record``: set evaluation mode,
register those hooks, keep what they see, remove them, set each module's mode again.
"""

import argparse
import os
import random
import time
from pathlib import Path
from statistics import median

import timm
import torch
import torchvision
from torch import nn

from sebook.cli.provenance import keep
from senet import machine, record, se_resnet20, se_resnet50
from senet.inside import finding, recording
from senet.inside.recording import se_blocks

# name, network, pixels of a side, turns with one picture; with eight pictures there are a quarter as many
NETWORKS = (
    ("SE-ResNet-20", se_resnet20, 32, 200),
    ("torchvision's MobileNetV3-Small", torchvision.models.mobilenet_v3_small, 224, 80),
    ("timm's MobileNetV3-Small", lambda: timm.create_model("mobilenetv3_small_100"), 224, 80),
    ("SE-ResNet-50", se_resnet50, 224, 24),
)


def by_hand(model: nn.Module, images: torch.Tensor, blocks: dict) -> None:
    """Squeeze and excitation of each block, read as PyTorch's documentation has it."""
    modes, seen = [(module, module.training) for module in model.modules()], {}
    model.eval()
    handles = []
    for name, at in blocks.items():

        def see_z(_: nn.Module, args: tuple, name: str = name) -> None:
            seen[name] = [args[0].detach()]

        def see_s(_: nn.Module, args: tuple, s: torch.Tensor, name: str = name) -> None:
            seen[name].append(s.detach())

        handles += [at.first.register_forward_pre_hook(see_z), at.gate.register_forward_hook(see_s)]
    model(images)
    for handle in handles:
        handle.remove()
    for module, mode in modes:
        module.training = mode


@torch.no_grad()
def row(name: str, model: nn.Module, side: int, pictures: int, turns: int) -> dict:
    """Ratios to a plain forward, its milliseconds, and the microseconds of an empty hook."""
    images, blocks = torch.randn(pictures, 3, side, side), se_blocks(model)
    tables = [table for at in blocks.values() for table in (at.first._forward_pre_hooks, at.gate._forward_hooks)]
    unknown = nn.Sequential(model)  # of this no class is known: all its gates are found by what they compute
    named, took = recording.HOOK_POINTS, {what: [] for what in ("plain", "hooks", "hand", "known", "read", "find")}
    for turn in range(turns + 2):
        for what in random.sample([*took], len(took)):  # a run finds in the caches what the one before it left
            recording.HOOK_POINTS = () if what in ("read", "find") else named
            for table in tables if what == "hooks" else ():
                table["empty"] = lambda *_: None
            began = time.process_time()
            if what in ("plain", "hooks"):
                model(images)
            elif what == "hand":
                by_hand(model, images, blocks)
            elif what == "known":
                record(model, images)
            else:
                if what == "find":
                    finding.forget(unknown)
                record(unknown, images)
            if turn > 1:  # the first turns warm up, and find what is read
                took[what].append(time.process_time() - began)
            for table in tables if what == "hooks" else ():
                del table["empty"]
    recording.HOOK_POINTS = named
    middle = {what: median(seconds) for what, seconds in took.items()}
    ratios = {what: round(seconds / middle["plain"], 3) for what, seconds in middle.items() if what != "plain"}
    empty = 1e6 * (middle["hooks"] - middle["plain"]) / len(tables)
    return {"network": name, "pictures": pictures, "side": side, "gates": len(blocks)} | {
        "plain_ms": round(1e3 * middle["plain"], 2),
        "empty_hook_us": round(empty, 2),
        **ratios,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/results/finding-speed.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows, before = [], os.getloadavg()
    for name, make, side, turns in NETWORKS:
        torch.manual_seed(0)
        model = make().eval()
        for pictures, times in ((1, turns), (8, max(5, turns // 4))):
            rows.append(row(name, model, side, pictures, times))
            print(rows[-1], flush=True)
    said = {"command": "python -m tools.finding_speed", **machine.circumstances("cpu"), "threads": 1}
    said |= {"load_before": before, "load_after": os.getloadavg()}
    said |= {"timm": timm.__version__, "torchvision": torchvision.__version__, "networks": rows}
    keep(said, given.out)


if __name__ == "__main__":
    main()
