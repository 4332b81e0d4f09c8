"""What each command of ``python -m senet`` does, given its options. :mod:`senet.__main__` has the options."""

import csv
import json
import shlex
import sys
import time
import warnings
from argparse import Namespace
from dataclasses import asdict, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from . import (
    bench,
    controls,
    cost,
    cost_table,
    datasets,
    distributed,
    elsewhere,
    images,
    machine,
    pretrained,
    profiles,
    study,
    training,
)
from .arguments import at_least_one
from .picture import open_picture
from .recording import record, se_blocks


def train_network(args: Namespace) -> None:
    """Train a network and save it with its provenance."""
    with distributed.team(args.device) as together:
        _train_together(args, together)


def _train_together(args: Namespace, together: distributed.Team) -> None:
    name = args.name or f"{args.architecture}_{Path(args.data.removeprefix(datasets.FOLDER)).name}"
    recipe = training.Recipe(**{field.name: getattr(args, field.name) for field in fields(training.Recipe)})
    train, test = together.first(
        lambda: [datasets.pictures(args.data, split, args.size, args.store) for split in ("train", "test")]
    )
    if train.classes != test.classes:
        other = sorted(set(train.classes) ^ set(test.classes))
        raise ValueError(f"{args.data} has other classes to train on than to test on, such as {other[0]!r}: give both the same")
    torch.manual_seed(recipe.seed)  # the first weights
    model = _built(args, num_classes=len(train.classes))
    began = pretrained.begin(model, args.start) if args.start else None
    preprocess = pretrained.Preprocessing(train.images.shape[-1], *images.statistics(train))
    this = {"architecture": args.architecture, "arguments": json.dumps(args.arguments, sort_keys=True)}
    this["start"] = began.sha256 if began else "random"
    bf16 = machine.use_bfloat16(recipe.bf16, together.device)
    if together.rank == 0:
        print(f"{machine.name(together.device)}; {machine.bfloat16_in_words(bf16, together.device)}", file=sys.stderr)
    recipe = replace(recipe, bf16=bf16)
    shown = {"compiled": args.compile, "progress": sys.stderr.isatty(), "run": this}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the line above says that bfloat16 is slow
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
            "pictures": datasets.described(args.data),
            "test_accuracy": measured["accuracy"],
            "test_loss": measured["loss"],
            "test_pictures": len(test),
            "parameters": sum(p.numel() for p in model.parameters()),
            "command": _command(),
            "recipe": asdict(recipe),
            **({"start": began.provenance | {"weights": began.sha256}} if began else {}),
            **machine.circumstances(together.device),
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


def run_study(args: Namespace) -> None:
    """Train what a question needs, over several seeds: stop it, and the same command goes on."""
    if args.seeds is not None:
        at_least_one(seeds=args.seeds)
    asked = study.STUDIES[args.name]
    train, test = datasets.pictures(asked.data, "train", 0), datasets.pictures(asked.data, "test", 0)
    if asked.pictures is not None:
        train = train[: asked.pictures]
    bf16 = machine.use_bfloat16(asked.recipe.bf16, args.device)
    print(f"{machine.name(args.device)}; {machine.bfloat16_in_words(bf16, args.device)}", file=sys.stderr)
    result = study.run(
        asked,
        pretrained.ARCHITECTURES[asked.architecture],
        train,
        test,
        pretrained.Preprocessing(train.images.shape[-1], *images.statistics(train)),
        args.out / f"study-{args.name}.json",
        {
            "data": datasets.described(asked.data),
            "command": f"python -m senet study {args.name}",
            **machine.circumstances(args.device),
        },
        seeds=args.seeds,
        checkpoints=args.checkpoints,
        device=args.device,
        mix=args.mix,
        progress=sys.stderr.isatty(),
    )
    print(study.table(result))
    print(args.out / f"study-{args.name}.json")


def evaluate_checkpoint(args: Namespace) -> None:
    """Measure a checkpoint on the test pictures it was trained for."""
    checkpoint, test = datasets.with_test_pictures(args.name)
    measured = training.evaluate(pretrained.load(checkpoint), test, checkpoint.preprocessing)
    stored = checkpoint.provenance.get("test_accuracy")
    print(
        f"{args.name}: {measured['accuracy']:.2%} of {len(test):,} test pictures, loss {measured['loss']:.4f}; stored {stored:.2%}"
    )


def profile_network(args: Namespace) -> None:
    """Class-mean excitations of a network on test pictures, saved beside its checkpoint."""
    if args.data is None and ":" not in args.name and not args.random:
        checkpoint, test = datasets.with_test_pictures(args.name)
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


def probe_blocks(args: Namespace) -> None:
    """How well a linear classifier reads the class from the gates of each block alone."""
    checkpoint, test = datasets.with_test_pictures(args.name)
    train = datasets.pictures(checkpoint.provenance["data"], "train", checkpoint.preprocessing.size)
    train = train[:: max(1, len(train) // 10000)]  # every so many, since they may lie class by class
    model, progress = pretrained.load(checkpoint), sys.stderr.isatty()
    right = profiles.linear_probe(model, train, test, checkpoint.preprocessing, progress=progress)
    result = _measured_on(checkpoint)
    result |= {"weights": checkpoint.sha256, "pictures": {"train": len(train), "test": len(test)}}
    result["blocks"] = {name: estimate._asdict() for name, estimate in right.items()}
    for name, (value, low, high) in right.items():
        print(f"{name:14} {value:6.1%} right from its gates alone ({low:.1%} to {high:.1%})")
    _keep(result, args.out / f"probe-{args.name}.json")


def measure_controls(args: Namespace) -> None:
    """Is it the gates' dependence on the picture that helps? Frozen, shuffled, at 1."""
    checkpoint, test = datasets.with_test_pictures(args.name)
    train = datasets.pictures(checkpoint.provenance["data"], "train", checkpoint.preprocessing.size)
    train = train[:: max(1, len(train) // 5000)]  # 5,000 tell a mean well enough; every so many, since they may lie class by class
    result = _measured_on(checkpoint)
    progress = sys.stderr.isatty()
    result |= controls.measure(pretrained.load(checkpoint), train, test, checkpoint.preprocessing, progress=progress)
    for name, said in [*result["controls"].items(), *((f"frozen in {block}", said) for block, said in result["frozen"].items())]:
        print(f"{name:9} {said['accuracy']:.2%}, {said['difference']:+.2%} ({said['low']:+.2%} to {said['high']:+.2%})")
    _keep(result, args.out / f"controls-{args.name}.json")


def attribute_gates(args: Namespace) -> None:
    """Is a gate that is wide open an important one? Attribution against excitation."""
    from . import importance  # the only command that needs captum

    checkpoint, test = datasets.with_test_pictures(args.name)
    asked = {"count": args.pictures, "steps": args.steps, "seed": args.seed, "progress": sys.stderr.isatty()}
    began = time.process_time()
    measured = importance.measure(pretrained.load(checkpoint), test, checkpoint.preprocessing, **asked)
    for block, said in measured["blocks"].items():
        value, low, high = said["agreement"]["excitation ~ ablation size"]
        off = said["completeness"]
        print(f"{block:14} excitation and ablation {value:+.2f} ({low:+.2f} to {high:+.2f}); off by {off['integrated']:.1%}")
    made = _measured_on(checkpoint) | {
        "weights": checkpoint.sha256[:16],
        "captum": version("captum"),
        "cpu_seconds": round(time.process_time() - began),
    }
    _keep(made | measured, args.out / f"attribution-{args.name}.json")


def record_pictures(args: Namespace) -> None:
    """Squeeze and excitation of every SE block for pictures of yours."""
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


def write_gallery(args: Namespace) -> None:
    """Write what the published pages answer from: galleries, class means, and networks if asked for."""
    from . import gallery, layers  # the only command that draws
    from .widgets.profiles import build as build_profiles

    shipped = [name for name in pretrained.names() if pretrained.get(name).file is not None]
    for name in args.networks or shipped:
        print(gallery.build(name, args.out))
        print(layers.build(name, args.out))
        if profiles.beside(pretrained.get(name)).is_file():
            print(build_profiles(name, args.out))
        if args.onnx:
            _export(pretrained.get(name), args.onnx / f"{name}.onnx")


def export_probe(args: Namespace) -> None:
    """Write a network as a probe to ONNX: picture and gates in, logits, z, s and maps out."""
    _export(pretrained.find(args.name), args.out, args.maps)


def _export(checkpoint: pretrained.Checkpoint, path: Path, maps: bool = True) -> None:
    from .export import export  # what alone needs onnx

    export(checkpoint, path, maps=maps)
    blocks = len(se_blocks(pretrained.load(checkpoint)))
    print(f"{path}: {checkpoint.title}, {blocks} SE blocks, {path.stat().st_size / 1e6:.1f} MB", flush=True)


def run_bench(args: Namespace) -> None:
    """Time SE networks beside others and beside no SE, in turns in one run."""
    chosen = {
        name: getattr(args, name)
        for name in ("only", "modes", "dtypes", "formats", "batches", "minutes", "compiled", "clock", "memory", "device")
    }
    result = bench.run(**chosen, command=_command(), say=lambda line: print(line, file=sys.stderr))
    print(bench.table(result))
    _keep(result, args.out)


def count_cost(args: Namespace) -> None:
    """What SE costs a network: parameters, multiply-adds, bytes moved and time, with and without it."""
    model = _built(args)
    row = cost.row(model, args.size, args.batch, seconds=args.seconds, device=args.device, clock=args.clock)
    print(json.dumps({"network": args.architecture, **row}, indent=1) if args.json else cost.table({args.architecture: row}))


def count_cost_table(args: Namespace) -> None:
    """Count what SE costs for each network, reduction ratio and placement that the book shows."""
    counted = cost_table.count(said=print)
    args.out.write_text(cost_table.compact({"command": _command(), **machine.circumstances(), **counted}), encoding="utf-8")


def list_weights(args: Namespace) -> None:
    """List the checkpoints, or say all that is known of one."""
    if args.name is None:
        for name in pretrained.names():
            checkpoint = pretrained.get(name)
            accuracy = checkpoint.provenance.get("test_accuracy")
            print(f"{name:26} {checkpoint.title}" + (f", {accuracy:.1%}" if accuracy else "; fetched when first used"))
        return
    checkpoint = pretrained.get(args.name)
    known = asdict(checkpoint) | {"file": checkpoint.file and str(checkpoint.file)}
    print(json.dumps(known, indent=2, ensure_ascii=False))


def _command() -> str:
    return "python -m senet " + shlex.join(sys.argv[1:])


def _built(args: Namespace, **more: Any) -> torch.nn.Module:
    try:
        return pretrained.ARCHITECTURES[args.architecture](**more, **args.arguments)
    except TypeError as error:  # Python's own words for a keyword that is unknown, or a value of another kind
        raise ValueError(f"--arguments {json.dumps(args.arguments)} does not fit {args.architecture}: {error}") from error


def _measured_on(checkpoint: pretrained.Checkpoint) -> dict[str, str]:
    data = datasets.described(checkpoint.provenance["data"])
    return {"network": checkpoint.name, "command": _command(), "data": data, **machine.circumstances()}


def _keep(result: dict, path: Path) -> None:
    """Write what was measured, and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(path)
