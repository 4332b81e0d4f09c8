"""What a result says of its making: the command, the machine, the versions; and where it is kept."""

import json
import shlex
import sys
from pathlib import Path

from senet import machine, pretrained

from . import datasets


def command() -> str:
    """The command line that is running, as a reader would type it."""
    return "python -m senet " + shlex.join(sys.argv[1:])


def measured_on(checkpoint: pretrained.Checkpoint) -> dict[str, str]:
    """What a measurement on a checkpoint's test pictures says of its making."""
    data = datasets.described(checkpoint.provenance["data"])
    return {"network": checkpoint.name, "command": command(), "data": data, **machine.circumstances()}


def keep(result: dict, path: Path) -> None:
    """Write what was measured, and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(path)
