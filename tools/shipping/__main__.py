"""Measure what becomes of SE when it is shipped, and write the results that the chapter reads.

    python -m tools.shipping int8        # two networks and a shipped one in 8 bits: accuracy, gates, size, time
    python -m tools.shipping runtimes    # what each runtime makes of a block, and what that costs
    python -m tools.shipping flops       # what six counters say of one SE-ResNet-50
    python -m tools.shipping tiles       # gates over tiles, over other sizes, over a few rows
    python -m tools.shipping deeplift    # DeepLift's sum on networks with SE

The first run makes an environment of its own in _build/peers, of 1.5 GB, with what peers.txt pins. Each writes
data/results/shipping-NAME.json.
"""

import argparse
import importlib
from pathlib import Path

from sebook.cli.provenance import keep

from . import environment

NAMES = ("int8", "runtimes", "flops", "tiles", "deeplift")


def main() -> None:
    """Enter the environment, measure one thing, and keep the result."""
    parser = argparse.ArgumentParser(prog="python -m tools.shipping", description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=NAMES, help="what to measure")
    parser.add_argument("--place", type=Path, default=environment.PLACE, help="the tools' environment")
    parser.add_argument("--out", type=Path, default=environment.ROOT / "data/results", help="folder for the result")
    options = parser.parse_args()
    environment.entered(options.place)
    from senet import machine

    measured = importlib.import_module(f".{options.name}", __package__).measure()
    about = {"command": f"python -m tools.shipping {options.name}", **machine.circumstances()}
    keep({**about, "tools": environment.versions(), **measured}, options.out / f"shipping-{options.name}.json")


if __name__ == "__main__":
    main()
