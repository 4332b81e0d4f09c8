"""Measure what becomes of SE when it is shipped, and write the results that the chapter reads.

    python -m tools.shipping int8        # two networks and a shipped one in 8 bits: accuracy, gates, size, time
    python -m tools.shipping pt2e        # the two networks in 8 bits by torchao, which refuses them as they are
    python -m tools.shipping runtimes    # what each runtime makes of a block, and what that costs
    python -m tools.shipping converted   # what converters to TFLite and Core ML make of a block
    python -m tools.shipping flops       # what six counters say of one SE-ResNet-50
    python -m tools.shipping tiles       # gates over tiles, over other sizes, over a few rows
    python -m tools.shipping deeplift    # DeepLift's sum on networks with SE
    python -m tools.shipping gradcam     # Grad-CAM's maps by the layer that is named

The first five need more than the book does: their first run makes an environment of its own, in _build/peers of 1.5 GB with what
peers.txt pins, or in _build/converters of 1 GB with what converters.txt pins. Each writes data/results/shipping-NAME.json.
"""

import argparse
import importlib
import os
from pathlib import Path

from sebook.cli.provenance import keep

from . import environment

# Those that need other tools, and the environment that has them.
ELSEWHERE = dict.fromkeys(("int8", "pt2e", "runtimes", "flops"), environment.PEERS) | {"converted": "converters"}
NAMES = (*ELSEWHERE, "tiles", "deeplift", "gradcam")


def main() -> None:
    """Enter the environment, measure one thing, and keep the result."""
    parser = argparse.ArgumentParser(prog="python -m tools.shipping", description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=NAMES, help="what to measure")
    parser.add_argument("--place", type=Path, help="the tools' environment: a folder")
    parser.add_argument("--out", type=Path, default=environment.ROOT / "data/results", help="folder for the result")
    options = parser.parse_args()
    if name := ELSEWHERE.get(options.name):
        environment.entered(options.place or environment.ROOT / "_build" / name, name)
    from senet import machine

    load = {"before": os.getloadavg()[0], "cores": len(os.sched_getaffinity(0))}  # a page says so beside times
    measured = importlib.import_module(f".{options.name}", __package__).measure()
    about = {"command": f"python -m tools.shipping {options.name}", **machine.circumstances(), "load": load}
    keep({**about, "tools": environment.versions(name), **measured}, options.out / f"shipping-{options.name}.json")


if __name__ == "__main__":
    main()
