"""``python -m senet``: train, study, evaluate, profile, probe, controls, unfamiliar, attribution, record, anatomy, coverage,
fold, examine, measure, gallery, export, bench, cost, cost-table, weights, preflight.

Each has a ``--help``.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import torch

from senet import pretrained, training

from ..experiments import studies
from ..measure import bench, cost_table
from ..measure.contenders import DTYPES, FORMATS, MODES, WHATS
from . import commands, datasets, options, preflight, shipping_options, train_command

Add = Callable[..., argparse.ArgumentParser]  # adds a command: its name, and the function that runs it
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ANY = "a checkpoint that `weights` lists, or any network with SE blocks: timm:seresnet50.a1_in1k, torchvision:efficientnet_b0"

IMAGENET = """
ImageNet, by the paper's batch, epochs and decay under this loop's schedule, on one machine of eight GPUs:

  torchrun --standalone --nproc-per-node 8 -m senet train se_resnet50 --arguments '{"zero_init_residual": true}' \\
    --data imagefolder:/data/imagenet --size 224 --store /data/pixels --epochs 100 --batch-size 1024 --peak-rate 0.6 \\
    --weight-decay 1e-4 --se-decay 1e-4 --zoom 0.35 --shift 0 --label-smoothing 0.1 --grow-from 128 --compile \\
    --checkpoint runs/se_resnet50.pt

Without --store each process holds all pictures in memory, which is for small sets. With it they are decoded once, by one process,
into a file that all map: 0.15 MB a picture at 224 pixels, 193 GB for ImageNet, hours. This package's own networks were not trained
so, and no accuracy is promised for it.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0, or 1 after an error that was put into words."""
    args = _parser().parse_args(argv)
    try:
        args.run(args)
    except (ValueError, OSError, FloatingPointError, ImportError, pretrained.CheckpointError) as error:
        print(f"senet {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        file = getattr(args, "checkpoint", None)
        again = f"the same command, with {file}," if file else "a run with --checkpoint"
        print(f"\nstopped; {again} goes on from its last whole epoch", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m senet", description="SE networks: train, measure, look inside.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, run: Callable, **more) -> argparse.ArgumentParser:
        more.setdefault("description", inspect.getdoc(run))
        says = more["description"].rstrip(".")
        command = subparsers.add_parser(name, help=says[0].lower() + says[1:], formatter_class=_Defaults, **more)
        command.set_defaults(run=run)
        return command

    for part in (_training, _inside, _covering, shipping_options.add_to, _pages, _measuring, _rest):
        part(add)
    return parser


def _training(add: Add) -> None:
    train = add("train", train_command.train_network, epilog=IMAGENET)
    train.formatter_class = _Help
    train.add_argument("architecture", choices=sorted(pretrained.ARCHITECTURES), metavar="architecture", help="such as se_resnet20")
    train.add_argument("--arguments", type=options.keywords, default={}, help="the network's, as JSON: '{\"reduction\": 8}'")
    train.add_argument(
        "--data",
        default="patchwork",
        help=f"what to learn: {', '.join(sorted(datasets.DATA))} (for cifar10 see the README), or {datasets.FOLDER}PATH with "
        "pictures as PATH/train/<class>/ and PATH/val/<class>/ (or test/)",
    )
    train.add_argument("--size", type=int, default=224, help="side in pixels to which an imagefolder's pictures are brought")
    train.add_argument("--store", type=options.folder, help="folder for an imagefolder's pixels, for sets larger than memory")
    train.add_argument(
        "--start", help="weights to begin with: the name of a checkpoint, or the .json of one that `train` saved; by default random"
    )
    train.add_argument("--name", type=options.name, help="name of the checkpoint; by default architecture_data")
    train.add_argument("--title", help="one line for people; by default from architecture and data")
    train.add_argument("--out", type=options.folder, default="data", help="folder for name.safetensors and name.json")
    train.add_argument("--half", action="store_true", help="store 16-bit floats; the accuracy is measured on what is stored")
    train.add_argument("--checkpoint", type=options.file, help="file for the state after each epoch, and to continue from")
    train.add_argument("--compile", action="store_true", help="run each step by torch.compile: minutes at the start, then faster")
    options.taking_device(train, "where to compute", DEVICE)
    says = _attributes(training.Recipe)
    for field in fields(training.Recipe):
        flag = "--" + field.name.replace("_", "-")
        if field.name == "bf16":
            train.add_argument(flag, type=options.switch, default="auto", metavar="{auto,on,off}", help=options.SWITCHED)
        elif field.type is bool:
            train.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default, help=says[field.name])
        else:
            train.add_argument(flag, type=field.type, default=field.default, help=says[field.name])

    studied = add("study", commands.run_study)
    studied.add_argument(
        "name", choices=sorted(studies.STUDIES), help="; ".join(f"{n}: {s.title}" for n, s in studies.STUDIES.items())
    )
    studied.add_argument("--seeds", type=int, help="number of seeds, if not the study's own")
    studied.add_argument("--checkpoints", type=options.folder, help="folder for the state of the run under way, to continue from")
    options.taking_device(studied, "where to compute", DEVICE)
    studied.add_argument("--out", type=options.folder, default="data/results", help="folder for study-NAME.json")
    studied.add_argument("--mix", action="store_true", help="add to runs that another processor or dtype computed")

    evaluate = add("evaluate", commands.evaluate_checkpoint)
    evaluate.add_argument("name", help="a checkpoint that `weights` lists, or the .json of one that `train` saved")


def _inside(add: Add) -> None:
    profile = add("profile", commands.profile_network)
    profile.add_argument("name", help=ANY)
    profile.add_argument(
        "--data", type=Path, help="folder with a folder of pictures for each class; by default the checkpoint's own"
    )
    profile.add_argument("--out", type=options.file, help="the file, as safetensors; for a shipped checkpoint by default beside it")
    profile.add_argument("--random", action="store_true", help="random weights: to try the command without a network")

    probed = add("probe", commands.probe_blocks)
    probed.add_argument("name", help="a checkpoint that `weights` lists")
    probed.add_argument("--out", type=options.folder, default="data/results", help="folder for probe-NAME.json")

    controlled = add("controls", commands.measure_controls)
    controlled.add_argument("name", help="a checkpoint that `weights` lists")
    controlled.add_argument("--out", type=options.folder, default="data/results", help="folder for controls-NAME.json")

    noticed = add("unfamiliar", commands.measure_unfamiliar)
    noticed.add_argument("name", help="a checkpoint that `weights` lists")
    noticed.add_argument(
        "--outside",
        action="append",
        default=[],
        metavar="WHAT=FOLDER",
        help="also a folder of pictures of things that the network does not know, and what to call them; may be repeated",
    )
    noticed.add_argument("--out", type=options.folder, default="data/results", help="folder for unfamiliar-NAME.json")

    attributed = add("attribution", commands.attribute_gates)
    attributed.add_argument("name", help="a checkpoint that `weights` lists")
    attributed.add_argument("--pictures", type=int, default=64, help="how many test pictures")
    attributed.add_argument("--steps", type=int, default=32, help="steps of each integral")
    attributed.add_argument("--seed", type=int, default=0, help="seed that draws the pictures")
    attributed.add_argument("--out", type=options.folder, default="data/results", help="folder for attribution-NAME.json")

    recorder = add("record", commands.record_pictures)
    recorder.add_argument("name", help=f"{ANY}, or an .onnx or .tflite file")
    recorder.add_argument("picture", nargs="+", type=Path, help="JPEG, PNG, ...; its middle square is used")
    recorder.add_argument("--out", type=options.file, help="also save the tensors, as safetensors: <block>/z, <block>/s, logits")
    recorder.add_argument("--random", action="store_true", help="random weights: to try the command without a network")
    options.taking_pictures(recorder)


def _covering(add: Add) -> None:
    covered = add("coverage", commands.compare_coverage)
    covered.add_argument("networks", nargs="*", help="as timm:NAME or torchvision:NAME; by default one of each family with SE")
    covered.add_argument("--scan", action="store_true", help="only say which families the list lacks, or has too many; minutes")
    covered.add_argument("--out", type=options.file, help="file for the result, as JSON")


def _pages(add: Add) -> None:
    gallery = add("gallery", commands.write_gallery)
    gallery.add_argument("--out", type=options.folder, required=True, help="folder for the files")
    gallery.add_argument(
        "--onnx",
        type=options.folder,
        help="folder for the networks themselves, as `export` writes them, and for what a page trains",
    )
    gallery.add_argument("networks", nargs="*", help="names of checkpoints; by default all that ship")

    exporter = add("export", commands.export_probe)
    exporter.add_argument("name", help="a checkpoint that `weights` lists, or the .json of one that `train` saved")
    exporter.add_argument("--out", type=options.file, required=True, help="the file, such as probe.onnx")
    exporter.add_argument("--maps", action=argparse.BooleanOptionalAction, default=True, help="also give U and the rescaled U")


def _measuring(add: Add) -> None:
    timed = add("bench", commands.run_bench)
    timed.add_argument("--only", nargs="+", choices=WHATS, default=WHATS, help="the squeeze, a bottleneck, the whole network")
    timed.add_argument("--modes", nargs="+", choices=MODES, default=MODES, help="without gradients, or a training step")
    timed.add_argument("--dtypes", nargs="+", choices=tuple(DTYPES), help="number formats; by default those the device is fast at")
    timed.add_argument("--formats", nargs="+", choices=tuple(FORMATS), default=tuple(FORMATS), help="memory formats of the maps")
    timed.add_argument("--batches", nargs="+", type=int, default=(1, 8, 32), help="batch sizes, for whole networks")
    timed.add_argument("--minutes", type=float, default=20.0, help="in all; cases whose turn comes too late are listed as left out")
    timed.add_argument("--compiled", action="store_true", help="also under torch.compile")
    timed.add_argument("--clock", choices=tuple(bench.CLOCKS), default="wall", help="cpu where other processes use the machine")
    timed.add_argument("--memory", choices=bench.MEMORIES, default="kept", help="freed memory: kept, or returned to the system")
    options.taking_device(timed, "where to compute", DEVICE, "cpu or cuda")
    timed.add_argument("--out", type=options.file, required=True, help="file for the result, as JSON")

    costs = add("cost", commands.count_cost)
    costs.add_argument("architecture", choices=sorted(pretrained.ARCHITECTURES), metavar="architecture", help="such as se_resnet50")
    costs.add_argument("--arguments", type=options.keywords, default={}, help="the network's, as JSON: '{\"reduction\": 8}'")
    costs.add_argument("--size", type=int, default=224, help="side of the pictures in pixels")
    costs.add_argument("--batch", type=int, default=1, help="pictures at a time")
    costs.add_argument("--seconds", type=float, default=10.0, help="for timing, at least five rounds; 0 leaves it out")
    costs.add_argument("--clock", choices=tuple(bench.CLOCKS), default="wall", help="cpu where other processes use the machine")
    options.taking_device(costs, "where time is measured", "cpu", "cpu or cuda")
    costs.add_argument("--json", action="store_true", help="all numbers, as JSON")

    table = add("cost-table", commands.count_cost_table)
    table.add_argument("--out", type=options.file, default=cost_table.FILE, help="the JSON file; by default the book's own")


def _rest(add: Add) -> None:
    ready = add("preflight", _preflight, description=preflight.DESCRIPTION)
    preflight.arguments(ready)

    weights = add("weights", commands.list_weights)
    weights.add_argument("name", nargs="?", help="a checkpoint; without it, all are listed")


def _attributes(kind: type) -> dict[str, str]:
    """What each attribute is, by the docstring: its first sentence."""
    said = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", inspect.getdoc(kind).partition("Attributes:\n")[2], re.MULTILINE)
    return {name: re.split(r"\.(?:\s|$)", " ".join(text.split()))[0].replace("%", "%%") for name, text in said}


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Defaults, where they say something. A path of this machine doesn't: its option's help says in words what it is."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        nothing = action.default is None or action.default is False or action.default in ([], {}, ())
        nothing = nothing or isinstance(action.default, Path)
        return action.help if nothing else super()._get_help_string(action)


class _Help(_Defaults, argparse.RawDescriptionHelpFormatter):
    """And an epilog whose lines stay as they are."""


def _preflight(args: argparse.Namespace) -> None:
    sys.exit(preflight.run(args))
