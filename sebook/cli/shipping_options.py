"""The options of ``anatomy``, ``examine``, ``fold`` and ``measure``."""

import argparse
from collections.abc import Callable
from pathlib import Path

from ..network_files.anatomy import STEADY
from . import anatomy_command, measure_command, options, shipping_command

ANY = "a network's name, as `record` takes it, or an .onnx or .tflite file"


def add_to(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the four commands."""
    looked = add("anatomy", anatomy_command.show_anatomy)
    _looking(looked, "scikit-image's photographs")
    looked.add_argument("--svg", type=options.file, help="also draw the gates")
    looked.add_argument("--json", type=options.file, help="also write the numbers, for programs")
    looked.add_argument(
        "--fold",
        type=options.file,
        help="write the network with its constant gates folded away: .onnx from an .onnx file, else .safetensors",
    )
    looked.add_argument("--steady", type=float, default=STEADY, help="a gate that moves less than this over pictures is constant")

    examined = add("examine", anatomy_command.examine)
    _looking(examined, "a checkpoint's own test pictures, or scikit-image's photographs")

    folded = add("fold", shipping_command.fold)
    _pictured(folded, "files, or a folder with a folder for each class; by default a checkpoint's own pictures, or scikit-image's")
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

    measured = add("measure", measure_command.measure)
    measured.add_argument("what", choices=sorted(measure_command.WHAT), help="what is measured")
    measured.add_argument("name", help="a checkpoint that `weights` lists")
    measured.add_argument("--seeds", type=int, default=3, help="number of training runs, where there are any")
    measured.add_argument("--train", type=int, default=3000, help="number of training pictures, for means, statistics and training")
    measured.add_argument("--test", type=int, default=2000, help="number of test pictures")
    measured.add_argument("--out", type=options.folder, default="data/results", help="folder for WHAT-NAME.json")


def _looking(command: argparse.ArgumentParser, default: str) -> None:
    _pictured(command, f"files, or folders with pictures; by default {default}")
    command.add_argument("--most", type=int, default=500, help="use at most this many pictures")
    options.taking_pictures(command)


def _pictured(command: argparse.ArgumentParser, pictures: str) -> None:
    command.add_argument("name", help=ANY)
    command.add_argument("picture", nargs="*", type=Path, help=pictures)
    command.add_argument("--random", action="store_true", help="random weights: to try the command without a network")
