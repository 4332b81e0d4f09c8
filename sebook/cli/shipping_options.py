"""The options of ``fold``, ``examine`` and ``measure``."""

import argparse
from collections.abc import Callable
from pathlib import Path

from . import measure_command, options, shipping_command

ANY = "a network's name, as `record` takes it, or an .onnx or .tflite file"


def add_to(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the three commands."""
    folded = add("fold", shipping_command.fold)
    _pictured(folded)
    folded.add_argument("--only", nargs="+", metavar="GATE", help="fold these alone: names or patterns such as 'layer4.*'")
    folded.add_argument("--each", action="store_true", help="first say what each gate alone would cost")
    folded.add_argument(
        "--reestimate",
        action="store_true",
        help="take batch norm's statistics again, and say what that does to the network as it was",
    )
    folded.add_argument("--out", type=options.file, help="the file to write: .safetensors, or .onnx from an .onnx file")
    folded.add_argument("--yes", action="store_true", help="write without asking")
    options.taking_pictures(folded)

    examined = add("examine", shipping_command.examine)
    _pictured(examined)
    examined.add_argument("--most", type=int, default=500, help="use no more pictures than so many")
    options.taking_pictures(examined)

    measured = add("measure", measure_command.measure)
    measured.add_argument("what", choices=sorted(measure_command.WHAT), help="what is measured, for the chapter Must it stay")
    measured.add_argument("name", help="of a checkpoint: see `weights`")
    measured.add_argument("--seeds", type=int, default=3, help="how many trainings, where there are any")
    measured.add_argument("--train", type=int, default=3000, help="training pictures, for means, statistics and training")
    measured.add_argument("--test", type=int, default=2000, help="test pictures")
    measured.add_argument("--out", type=options.folder, default="data/results", help="folder for WHAT-NAME.json")


def _pictured(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", help=ANY)
    command.add_argument(
        "picture",
        nargs="*",
        type=Path,
        help="files, or a folder with a folder for each class; by default a checkpoint's own pictures, or scikit-image's",
    )
    command.add_argument("--random", action="store_true", help="random weights: to try the command without a network")
