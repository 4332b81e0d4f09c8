"""``python -m senet``: train, study, evaluate, profile, probe, controls, attribution, record, gallery, export, bench, cost,
cost-table, weights, preflight.

Each has a ``--help``.
"""

import argparse
import csv
import datetime
import json
import platform
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import preflight

if __name__ == "__main__" and sys.argv[1:2] == ["preflight"]:  # before the imports that it may find missing
    sys.exit(preflight.main(sys.argv[2:]))

import torch
import torchvision
from safetensors.torch import save_file

from . import bench, controls, cost, cost_table, distributed, elsewhere, images, options, pretrained, profiles, study, training
from .contenders import DTYPES, FORMATS, MODES, WHATS
from .patchwork import patchwork
from .picture import open_picture
from .recording import record, se_blocks
from .se import at_least_one, one_of

# Patchwork's sets, by seed. The test seed is used by nothing else.
PATCHWORK = {"train": (4000, 1), "test": (2000, 2)}
DATA = {
    "patchwork": lambda split: patchwork(*PATCHWORK[split]),
    "cifar10": images.cifar10,
    "imagenet100": images.imagenet100,
}
FOLDER = "imagefolder:"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ANY = "of a checkpoint (see `weights`), or of any network with SE blocks: timm:seresnet50.a1_in1k, torchvision:efficientnet_b0"

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
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def add(run: Callable, **more) -> argparse.ArgumentParser:
        name = run.__name__.removeprefix("_").replace("_", "-")
        command = commands.add_parser(
            name, help=more["description"], formatter_class=argparse.ArgumentDefaultsHelpFormatter, **more
        )
        command.set_defaults(run=run)
        return command

    train = add(_train, description="train a network and save it with its provenance", epilog=IMAGENET)
    train.formatter_class = _Help
    train.add_argument("architecture", choices=sorted(pretrained.ARCHITECTURES), metavar="architecture", help="such as se_resnet20")
    train.add_argument("--arguments", type=options.keywords, default={}, help="keywords for it, as JSON: '{\"reduction\": 8}'")
    train.add_argument(
        "--data",
        default="patchwork",
        help=f"what to learn: {', '.join(sorted(DATA))} (for cifar10 see the README), or {FOLDER}PATH with pictures as "
        "PATH/train/<class>/ and PATH/val/<class>/ (or test/)",
    )
    train.add_argument("--size", type=int, default=224, help="side in pixels to which an imagefolder's pictures are brought")
    train.add_argument("--store", type=options.folder, help="folder for an imagefolder's pixels, for sets larger than memory")
    train.add_argument(
        "--start", help="weights to begin with: the name of a checkpoint, or the .json of one that `train` saved; by default random"
    )
    train.add_argument("--name", type=options.name, help="of the checkpoint; by default architecture_data")
    train.add_argument("--title", help="one line for people; by default from architecture and data")
    train.add_argument("--out", type=options.folder, default="data", help="folder for name.safetensors and name.json")
    train.add_argument("--half", action="store_true", help="store 16-bit floats; the accuracy is measured on what is stored")
    train.add_argument("--checkpoint", type=options.file, help="file to keep the state in after each epoch, and to go on from")
    train.add_argument("--compile", action="store_true", help="run each step by torch.compile: minutes at first, faster after")
    train.add_argument("--device", type=options.device, default=DEVICE, help="where to compute")
    for field in fields(training.Recipe):
        flag = "--" + field.name.replace("_", "-")
        if field.type is bool:
            train.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default, help="see training.Recipe")
        else:
            train.add_argument(flag, type=field.type, default=field.default, help="see training.Recipe")

    studied = add(_study, description="train what a question needs, over several seeds: stop it, and the same command goes on")
    studied.add_argument("name", choices=sorted(study.STUDIES), help="; ".join(f"{n}: {s.title}" for n, s in study.STUDIES.items()))
    studied.add_argument("--seeds", type=int, help="how many, if not the study's own number")
    studied.add_argument("--checkpoints", type=options.folder, help="folder for the state of the run under way, to go on in it")
    studied.add_argument("--device", type=options.device, default=DEVICE, help="where to compute")
    studied.add_argument("--out", type=options.folder, default="data/results", help="folder for study-NAME.json")

    evaluate = add(_evaluate, description="measure a checkpoint on the test pictures it was trained for")
    evaluate.add_argument("name", help="of a checkpoint: see `weights`")

    profile = add(_profile, description="class-mean excitations of a network on test pictures, saved beside its checkpoint")
    profile.add_argument("name", help=ANY)
    profile.add_argument(
        "--data", type=Path, help="folder with a folder of pictures for each class; by default the checkpoint's own"
    )
    profile.add_argument("--out", type=options.file, help="the file, as safetensors; for a shipped checkpoint by default beside it")
    profile.add_argument("--random", action="store_true", help="random weights: to try the command without a network")

    probed = add(_probe, description="how well a linear classifier reads the class from the gates of each block alone")
    probed.add_argument("name", help="of a checkpoint: see `weights`")
    probed.add_argument("--out", type=options.folder, default="data/results", help="folder for probe-NAME.json")

    controlled = add(_controls, description="is it the gates' dependence on the picture that helps? Frozen, shuffled, at 1")
    controlled.add_argument("name", help="of a checkpoint: see `weights`")
    controlled.add_argument("--out", type=options.folder, default="data/results", help="folder for controls-NAME.json")

    attributed = add(_attribution, description="is a gate that is wide open an important one? Attribution against excitation")
    attributed.add_argument("name", help="of a checkpoint: see `weights`")
    attributed.add_argument("--pictures", type=int, default=64, help="how many test pictures")
    attributed.add_argument("--steps", type=int, default=32, help="of the integrals")
    attributed.add_argument("--seed", type=int, default=0, help="which pictures")
    attributed.add_argument("--out", type=options.folder, default="data/results", help="folder for attribution-NAME.json")

    recorder = add(_record, description="squeeze and excitation of every SE block for pictures of yours")
    recorder.add_argument("name", help=ANY)
    recorder.add_argument("picture", nargs="+", type=Path, help="JPEG, PNG, ...; its middle square is used")
    recorder.add_argument("--out", type=options.file, help="also save the tensors, as safetensors: <block>/z, <block>/s, logits")
    recorder.add_argument("--random", action="store_true", help="random weights: to try the command without a network")

    gallery = add(_gallery, description="write what the published pages answer from: galleries and class means")
    gallery.add_argument("--out", type=options.folder, required=True, help="folder for the files")
    gallery.add_argument("networks", nargs="*", help="names of checkpoints; by default all that ship")

    exporter = add(_export, description="write a network as a probe to ONNX: picture and gates in, logits, z, s and maps out")
    exporter.add_argument("name", help="of a checkpoint (see `weights`), or the .json of one that `train` saved")
    exporter.add_argument("--out", type=options.file, required=True, help="the file, such as probe.onnx")
    exporter.add_argument("--maps", action=argparse.BooleanOptionalAction, default=True, help="with U and the rescaled U")

    timed = add(_bench, description="time SE networks beside others and beside no SE, in turns in one run")
    timed.add_argument("--only", nargs="+", choices=WHATS, default=WHATS, help="the squeeze, a bottleneck, the whole network")
    timed.add_argument("--modes", nargs="+", choices=MODES, default=MODES, help="without gradients, or a training step")
    timed.add_argument("--dtypes", nargs="+", choices=tuple(DTYPES), default=tuple(DTYPES), help="of the arithmetic")
    timed.add_argument("--formats", nargs="+", choices=tuple(FORMATS), default=tuple(FORMATS), help="of maps in memory")
    timed.add_argument("--batches", nargs="+", type=int, default=(1, 8, 32), help="pictures, for whole networks")
    timed.add_argument("--minutes", type=float, default=20.0, help="in all; cases that come too late are named as left out")
    timed.add_argument("--compiled", action="store_true", help="also under torch.compile")
    timed.add_argument("--clock", choices=tuple(bench.CLOCKS), default="wall", help="cpu where others use the machine, too")
    timed.add_argument("--memory", choices=bench.MEMORIES, default="kept", help="freed memory: kept, or returned to the system")
    timed.add_argument("--device", type=options.device, help="cpu or cuda; by default cuda where there is one")
    timed.add_argument("--out", type=options.file, required=True, help="file for the result, as JSON")

    costs = add(_cost, description="what SE costs a network: parameters, multiply-adds, bytes moved and time, with and without it")
    costs.add_argument("architecture", choices=sorted(pretrained.ARCHITECTURES), metavar="architecture", help="such as se_resnet50")
    costs.add_argument("--arguments", type=options.keywords, default={}, help="keywords for it, as JSON: '{\"reduction\": 8}'")
    costs.add_argument("--size", type=int, default=224, help="side of the pictures in pixels")
    costs.add_argument("--batch", type=int, default=1, help="pictures at a time")
    costs.add_argument("--seconds", type=float, default=10.0, help="for measuring time, at least five rounds; 0 leaves it out")
    costs.add_argument("--clock", choices=tuple(bench.CLOCKS), default="wall", help="cpu where others use the machine, too")
    costs.add_argument("--device", type=options.device, default="cpu", help="where time is measured")
    costs.add_argument("--json", action="store_true", help="all numbers, as JSON")

    table = add(_cost_table, description="count what SE costs for each network, reduction ratio and placement that the book shows")
    table.add_argument("--out", type=options.file, default=cost_table.FILE, help="the JSON file")

    ready = add(_preflight, description=preflight.DESCRIPTION)
    preflight.arguments(ready)

    weights = add(_weights, description="list the checkpoints, or say all that is known of one")
    weights.add_argument("name", nargs="?", help="of a checkpoint")
    return parser


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults, and an epilog whose lines stay as they are."""


def _train(args: argparse.Namespace) -> None:
    with distributed.team(args.device) as together:
        _train_together(args, together)


def _train_together(args: argparse.Namespace, together: distributed.Team) -> None:
    name = args.name or f"{args.architecture}_{Path(args.data.removeprefix(FOLDER)).name}"
    recipe = training.Recipe(**{field.name: getattr(args, field.name) for field in fields(training.Recipe)})
    train, test = together.first(lambda: [_pictures(args.data, split, args.size, args.store) for split in ("train", "test")])
    if train.classes != test.classes:
        other = sorted(set(train.classes) ^ set(test.classes))
        raise ValueError(f"{args.data} has other classes to train on than to test on, such as {other[0]!r}: give both the same")
    torch.manual_seed(recipe.seed)  # the first weights
    model = _built(args, num_classes=len(train.classes))
    began = pretrained.begin(model, args.start) if args.start else None
    preprocess = pretrained.Preprocessing(train.images.shape[-1], *_statistics(train))
    shown = {"compiled": args.compile, "progress": sys.stderr.isatty()}
    history = training.fit(model, train, test, recipe, preprocess, device=together.device, checkpoint=args.checkpoint, **shown)
    if together.rank:
        return  # the first process measures and writes
    model.cpu()
    if args.half:
        model.half().float()
    measured = training.evaluate(model, test, preprocess)
    checkpoint = pretrained.save(
        model,
        name,
        args.out,
        title=args.title or f"{args.architecture} on {args.data}",
        architecture=args.architecture,
        arguments=args.arguments,
        classes=train.classes,
        preprocessing=preprocess,
        licence="BSD-3-Clause",
        provenance={
            "data": args.data,
            "pictures": _described(args.data),
            "test_accuracy": measured["accuracy"],
            "test_loss": measured["loss"],
            "test_pictures": len(test),
            "parameters": sum(p.numel() for p in model.parameters()),
            "command": _command(),
            "recipe": asdict(recipe),
            **({"start": began.provenance | {"weights": began.sha256}} if began else {}),
            **_made_with(),
        },
        dtype=torch.float16 if args.half else torch.float32,
    )
    results = _epochs_beside(checkpoint)
    results.parent.mkdir(parents=True, exist_ok=True)
    earlier = []  # epochs of the runs that led to the weights this one began with
    if began and began.file and (file := _epochs_beside(began)).is_file():  # a fetched one has no file of ours
        with file.open(newline="", encoding="utf-8") as lines:
            earlier = list(csv.DictReader(lines))
    with results.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, history[0])
        writer.writeheader()
        writer.writerows(earlier)
        writer.writerows(record | {"epoch": len(earlier) + record["epoch"]} for record in history)
    print(f"{checkpoint.file}: {measured['accuracy']:.2%} of {len(test):,} test pictures; each epoch in {results}")


def _epochs_beside(checkpoint: pretrained.Checkpoint) -> Path:
    return checkpoint.file.parent / "results" / f"{checkpoint.name}.training.csv"


def _study(args: argparse.Namespace) -> None:
    if args.seeds is not None:
        at_least_one(seeds=args.seeds)
    asked = study.STUDIES[args.name]
    train, test = _pictures(asked.data, "train", 0), _pictures(asked.data, "test", 0)
    if asked.pictures is not None:
        train = train[: asked.pictures]
    result = study.run(
        asked,
        pretrained.ARCHITECTURES[asked.architecture],
        train,
        test,
        pretrained.Preprocessing(train.images.shape[-1], *_statistics(train)),
        args.out / f"study-{args.name}.json",
        {"data": _described(asked.data), "command": f"python -m senet study {args.name}", **_made_with()},
        seeds=args.seeds,
        checkpoints=args.checkpoints,
        device=args.device,
        progress=sys.stderr.isatty(),
    )
    print(study.table(result))
    print(args.out / f"study-{args.name}.json")


def _evaluate(args: argparse.Namespace) -> None:
    checkpoint, test = _with_test_pictures(args.name)
    measured = training.evaluate(pretrained.load(checkpoint), test, checkpoint.preprocessing)
    stored = checkpoint.provenance.get("test_accuracy")
    print(
        f"{args.name}: {measured['accuracy']:.2%} of {len(test):,} test pictures, loss {measured['loss']:.4f}; stored {stored:.2%}"
    )


def _profile(args: argparse.Namespace) -> None:
    if args.data is None and ":" not in args.name and not args.random:
        checkpoint, test = _with_test_pictures(args.name)
        model, preprocess = pretrained.load(checkpoint), checkpoint.preprocessing
        path = args.out or profiles.beside(checkpoint)
    else:
        if args.data is None or args.out is None:
            raise ValueError(
                f"{args.name} has no test pictures here: give --data FOLDER, with a folder for each class, and --out FILE"
            )
        folder, network = elsewhere.folder_of(str(args.data)), elsewhere.opened(args.name, weights=not args.random)
        model, preprocess, path = network.model, network.preprocessing, args.out
        # As many pixels as the network's own resizing begins with, so that it crops what it would.
        side = int(preprocess.size / preprocess.crop)
        test = images.image_folder(folder, side, progress=sys.stderr.isatty())
    measured = profiles.profile(model, test, preprocess, batch_size=250 if preprocess.size <= 64 else 16)
    profiles.save(measured, path)
    for block in measured.mean:
        print(f"{block:14} {measured.specificity(block).mean():6.1%} of the gates' variance lies between classes")
    print(path)


def _probe(args: argparse.Namespace) -> None:
    checkpoint, test = _with_test_pictures(args.name)
    train = _pictures(checkpoint.provenance["data"], "train", checkpoint.preprocessing.size)
    train = train[:: max(1, len(train) // 10000)]  # every so many, since they may lie class by class
    model, progress = pretrained.load(checkpoint), sys.stderr.isatty()
    right = profiles.linear_probe(model, train, test, checkpoint.preprocessing, progress=progress)
    result = {"network": args.name, "command": _command(), "data": _described(checkpoint.provenance["data"]), **_made_with()}
    result |= {"weights": checkpoint.sha256, "pictures": {"train": len(train), "test": len(test)}}
    result["blocks"] = {name: estimate._asdict() for name, estimate in right.items()}
    for name, (value, low, high) in right.items():
        print(f"{name:14} {value:6.1%} right from its gates alone ({low:.1%} to {high:.1%})")
    _keep(result, args.out / f"probe-{args.name}.json")


def _controls(args: argparse.Namespace) -> None:
    checkpoint, test = _with_test_pictures(args.name)
    train = _pictures(checkpoint.provenance["data"], "train", checkpoint.preprocessing.size)
    train = train[:: max(1, len(train) // 5000)]  # 5,000 tell a mean well enough; every so many, since they may lie class by class
    result = {"network": args.name, "command": _command(), "data": _described(checkpoint.provenance["data"]), **_made_with()}
    progress = sys.stderr.isatty()
    result |= controls.measure(pretrained.load(checkpoint), train, test, checkpoint.preprocessing, progress=progress)
    for name, said in [*result["controls"].items(), *((f"frozen in {block}", said) for block, said in result["frozen"].items())]:
        print(f"{name:9} {said['accuracy']:.2%}, {said['difference']:+.2%} ({said['low']:+.2%} to {said['high']:+.2%})")
    _keep(result, args.out / f"controls-{args.name}.json")


def _attribution(args: argparse.Namespace) -> None:
    from . import importance  # the only command that needs captum

    checkpoint, test = _with_test_pictures(args.name)
    asked = {"count": args.pictures, "steps": args.steps, "seed": args.seed, "progress": sys.stderr.isatty()}
    began = time.process_time()
    measured = importance.measure(pretrained.load(checkpoint), test, checkpoint.preprocessing, **asked)
    for block, said in measured["blocks"].items():
        value, low, high = said["agreement"]["excitation ~ ablation size"]
        off = said["completeness"]
        print(f"{block:14} excitation and ablation {value:+.2f} ({low:+.2f} to {high:+.2f}); off by {off['integrated']:.1%}")
    made = {"network": args.name, "command": _command(), "data": _described(checkpoint.provenance["data"]), **_made_with()}
    made |= {"weights": checkpoint.sha256[:16], "captum": version("captum"), "cpu_seconds": round(time.process_time() - began)}
    _keep(made | measured, args.out / f"attribution-{args.name}.json")


def _record(args: argparse.Namespace) -> None:
    network = elsewhere.opened(args.name, weights=not args.random)
    if args.random:
        print(f"{args.name} has random weights: its gates and its answers mean nothing")
    pictures = [network.preprocessing(open_picture(path)) for path in args.picture]
    recording = record(network.model, torch.cat(pictures))
    for path, p in zip(args.picture, recording.logits.softmax(1), strict=True):
        print(f"{path}: " + ", ".join(f"{network.classes[i]} {p[i]:.1%}" for i in p.topk(min(3, len(p))).indices.tolist()))
    print("mean and range of the gates over all pictures and channels:")
    for block in recording.blocks.values():
        s = block.excitation
        print(f"  {block.depth:3} {block.name:16} C={s.shape[1]:<5} {s.mean():.3f}  {s.min():.3f} to {s.max():.3f}")
    if args.out:
        tensors = {"logits": recording.logits}
        for block in recording.blocks.values():
            tensors |= {f"{block.name}/z": block.squeeze, f"{block.name}/s": block.excitation}
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, str(args.out))
        print(args.out)


def _gallery(args: argparse.Namespace) -> None:
    from . import gallery, layers  # the only command that draws
    from .widgets.profiles import build as build_profiles

    shipped = [name for name in pretrained.names() if pretrained.get(name).file is not None]
    for name in args.networks or shipped:
        print(gallery.build(name, args.out))
        print(layers.build(name, args.out))
        if profiles.beside(pretrained.get(name)).is_file():
            print(build_profiles(name, args.out))


def _export(args: argparse.Namespace) -> None:
    from .export import export  # the only command that needs onnx

    checkpoint = pretrained.find(args.name)
    path = export(checkpoint, args.out, maps=args.maps)
    blocks = len(se_blocks(pretrained.load(checkpoint)))
    print(f"{path}: {checkpoint.title}, {blocks} SE blocks, {path.stat().st_size / 1e6:.1f} MB")


def _bench(args: argparse.Namespace) -> None:
    chosen = {
        name: getattr(args, name)
        for name in ("only", "modes", "dtypes", "formats", "batches", "minutes", "compiled", "clock", "memory", "device")
    }
    result = bench.run(**chosen, command=_command(), say=lambda line: print(line, file=sys.stderr))
    print(bench.table(result))
    _keep(result, args.out)


def _cost(args: argparse.Namespace) -> None:
    model = _built(args)
    row = cost.row(model, args.size, args.batch, seconds=args.seconds, device=args.device, clock=args.clock)
    print(json.dumps({"network": args.architecture, **row}, indent=1) if args.json else cost.table({args.architecture: row}))


def _cost_table(args: argparse.Namespace) -> None:
    counted = cost_table.count(said=print)
    args.out.write_text(cost_table.compact({"command": _command(), **_made_with(), **counted}), encoding="utf-8")


def _preflight(args: argparse.Namespace) -> None:
    sys.exit(preflight.run(args))


def _weights(args: argparse.Namespace) -> None:
    if args.name is None:
        for name in pretrained.names():
            checkpoint = pretrained.get(name)
            accuracy = checkpoint.provenance.get("test_accuracy")
            print(f"{name:26} {checkpoint.title}" + (f", {accuracy:.1%}" if accuracy else "; fetched when first used"))
        return
    checkpoint = pretrained.get(args.name)
    known = asdict(checkpoint) | {"file": checkpoint.file and str(checkpoint.file)}
    print(json.dumps(known, indent=2, ensure_ascii=False))


def _with_test_pictures(name: str) -> tuple[pretrained.Checkpoint, images.Pictures]:
    checkpoint = pretrained.get(name)
    data = checkpoint.provenance.get("data")
    if str(data).startswith(FOLDER):
        return checkpoint, _pictures(data, "test", checkpoint.preprocessing.size)
    if data not in DATA:
        raise ValueError(f"{name} was trained on {data!r}, not on {' or '.join(DATA)}: its test pictures are not known here")
    return checkpoint, DATA[data]("test")


def _pictures(data: str, split: str, size: int, store: Path | None = None) -> images.Pictures:
    """The pictures that ``--data`` names; those of a folder as squares of ``size`` pixels."""
    if data in DATA:
        return DATA[data](split)
    if not data.startswith(FOLDER):
        one_of([*sorted(DATA), f"{FOLDER}PATH"], data=data)
    root = Path(data.removeprefix(FOLDER))
    if split == "test" and not (root / "test").is_dir():
        split = "val"
    if not (root / split).is_dir():
        raise FileNotFoundError(
            f"{root / split} is no folder: {FOLDER}PATH needs PATH/train/<class>/ and PATH/val/<class>/ (or test/)"
        )
    at_least_one(size=size)
    return images.image_folder(root / split, size, store=store, progress=sys.stderr.isatty())


def _statistics(pictures: images.Pictures) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of R, G and B over all pixels, on the scale 0 to 1, to four digits."""
    # A histogram of the bytes is exact, and needs no float copy of 50,000 pictures. Of billions of bytes, a part tells enough.
    some = pictures.images[:: max(1, pictures.images.nbytes // 10**9)]
    counts = torch.stack([torch.bincount(some[:, c].flatten(), minlength=256) for c in range(3)]).double()
    share, values = counts / counts.sum(1, keepdim=True), torch.arange(256) / 255
    mean = share @ values.double()
    std = ((share @ values.double() ** 2) - mean**2).sqrt()
    return tuple(round(v, 4) for v in mean.tolist()), tuple(round(v, 4) for v in std.tolist())


def _described(data: str) -> str:
    if data == "patchwork":
        return " ".join(f"{split}: senet.patchwork.patchwork{PATCHWORK[split]}." for split in PATCHWORK)
    if data == "imagenet100":
        return "100 classes of Tiny-ImageNet (Stanford CS231n, from ImageNet) at 64x64; test: its validation pictures"
    if data.startswith(FOLDER):
        return f"a folder of pictures by class, {Path(data.removeprefix(FOLDER)).name}"
    folder = images.data_folder()
    copy = (folder / "train").is_dir() or (folder / "cifar10").is_dir()
    return "CIFAR-10 (Krizhevsky, 2009), " + ("a copy as JPEG files" if copy else "the original")


def _command() -> str:
    return "python -m senet " + shlex.join(sys.argv[1:])


def _built(args: argparse.Namespace, **more: Any) -> torch.nn.Module:
    try:
        return pretrained.ARCHITECTURES[args.architecture](**more, **args.arguments)
    except TypeError as error:  # Python's own words for a keyword that is unknown, or a value of another kind
        raise ValueError(f"--arguments {json.dumps(args.arguments)} does not fit {args.architecture}: {error}") from error


def _keep(result: dict, path: Path) -> None:
    """Write what was measured, and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(path)


def _made_with() -> dict[str, str]:
    return {
        "date": datetime.date.today().isoformat(),
        "machine": torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {platform.machine()}",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}, torchvision {torchvision.__version__}",
    }


if __name__ == "__main__":
    sys.exit(main())
