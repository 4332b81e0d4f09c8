"""Whether the package predicts as fast as an earlier version of it: two checkouts, in turns, in one process.

    python -m tools.block_speed OLD_CHECKOUT [--memory kept|returned]

Each line is the time of the checkout that this is run in over that of OLD_CHECKOUT: the median of the
pairs, and an interval of it (95 %, by ranks). Times are processor seconds of one thread, which a busy
machine hardly changes. The answers of both have to be the same.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from scipy.stats import binom
from torch import nn

from sebook.measure.malloc import keep_freed

# network, pixels of a side, pictures, pairs of measurements
CASES = (
    ("se_resnet50", 224, 1, 60),
    ("se_resnet50", 224, 8, 16),
    ("se_resnet18", 224, 1, 80),
    ("se_resnet20", 32, 1, 400),
    ("se_resnet20", 32, 32, 100),
)
FORMATS = {"NCHW": torch.contiguous_format, "channels-last": torch.channels_last}


def package(checkout: Path) -> ModuleType:
    """``senet`` of that checkout, beside any other."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "senet"]:
        del sys.modules[name]
    sys.path.insert(0, str(checkout))
    try:
        senet = importlib.import_module("senet")
    finally:
        sys.path.pop(0)
    if checkout.resolve() not in Path(senet.__file__).parents:
        raise SystemExit(f"{checkout} holds no package senet: give the folder of a checkout")
    return senet


def ratio(old: Callable[[], object], new: Callable[[], object], pairs: int) -> tuple[float, float, float]:
    """Median of new over old, and the interval of that median."""
    took: dict[Callable, list[float]] = {old: [], new: []}
    for k in range(pairs):
        for run in (old, new) if k % 2 else (new, old):
            start = time.process_time()
            run()
            took[run].append(time.process_time() - start)
    ratios = np.sort(np.array(took[new]) / np.array(took[old]))
    rank = int(binom.ppf(0.025, pairs, 0.5))
    return float(np.median(ratios)), ratios[rank], ratios[pairs - 1 - rank]


def made(senet: ModuleType, name: str, layout: torch.memory_format) -> dict[str, nn.Module]:
    torch.manual_seed(0)
    plain = getattr(senet, name)(num_classes=10).eval()
    return {"as it is": plain.to(memory_format=layout), "fused": senet.fuse(plain).to(memory_format=layout)}


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, metavar="OLD_CHECKOUT", help="the folder of the earlier version")
    parser.add_argument("--memory", choices=("kept", "returned"), default="kept", help="what the process does with freed memory")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.memory == "kept" and not keep_freed():
        parser.error("this C library can't keep freed memory: pass --memory returned")
    versions = package(given.old), package(Path.cwd())
    for name, side, pictures, pairs in CASES:
        for words, layout in FORMATS.items():
            x = torch.randn(pictures, 3, side, side).to(memory_format=layout)
            old, new = (made(senet, name, layout) for senet in versions)
            for kind in old:
                first, second = old[kind], new[kind]
                if not torch.equal(first(x), second(x)):
                    raise SystemExit(f"{name}, {kind}: the two versions answer differently")
                median, low, high = ratio(lambda: first(x), lambda: second(x), pairs)  # noqa: B023 - called at once
                print(f"{name:12} {pictures:3} {words:14} {kind:9} {median:.3f} [{low:.3f}, {high:.3f}]", flush=True)


if __name__ == "__main__":
    main()
