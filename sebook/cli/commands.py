"""What each command of ``python -m senet`` does, given its options. :mod:`sebook.cli.parser` has the options."""

import json
import sys
import time
from argparse import Namespace
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from senet import images, machine, pretrained, training
from senet.arguments import at_least_one
from senet.images.picture import open_picture
from senet.inside.recording import record, se_blocks

from .. import open_network
from ..experiments import controls, linear_probe, plan, profiles, shift, studies, study, unfamiliar
from ..measure import bench, cost, cost_table, coverage
from . import datasets, files_command
from .provenance import command, keep, measured_on


def run_study(args: Namespace) -> None:
    """Train what a question needs, over several seeds: stop it, and the same command goes on."""
    if args.seeds is not None:
        at_least_one(seeds=args.seeds)
    asked = studies.STUDIES[args.name]
    train, test = datasets.pictures(asked.data, "train", 0), datasets.pictures(asked.data, "test", 0)
    if asked.pictures is not None:
        train = train[: asked.pictures]
    bf16 = machine.use_bfloat16(asked.recipe.bf16, args.device)
    print(f"{machine.name(args.device)}; {machine.bfloat16_in_words(bf16, args.device)}", file=sys.stderr)
    result = study.run(
        asked,
        studies.ARCHITECTURES[asked.architecture],
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
        measure={"accuracy": training.evaluate, "shift": shift.measure}[asked.measures],
    )
    print(plan.in_words(result) + study.table(result))
    for arm in asked.arms[1:] if asked.measures == "shift" else ():
        print(f"\n{asked.arms[0].name} ahead of {arm.name}, in points:\n\n{shift.table(result, arm.name)}")
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
        folder, network = open_network.folder_of(str(args.data)), open_network.opened(args.name, weights=not args.random)
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
    right = linear_probe.linear_probe(model, train, test, checkpoint.preprocessing, progress=progress)
    result = measured_on(checkpoint)
    result |= {"weights": checkpoint.sha256, "pictures": {"train": len(train), "test": len(test)}}
    result["blocks"] = {name: estimate._asdict() for name, estimate in right.items()}
    for name, (value, low, high) in right.items():
        print(f"{name:14} {value:6.1%} right from its gates alone ({low:.1%} to {high:.1%})")
    keep(result, args.out / f"probe-{args.name}.json")


def measure_controls(args: Namespace) -> None:
    """Is it the gates' dependence on the picture that helps? Frozen, shuffled, at 1."""
    checkpoint, test = datasets.with_test_pictures(args.name)
    train = datasets.pictures(checkpoint.provenance["data"], "train", checkpoint.preprocessing.size)
    train = train[:: max(1, len(train) // 5000)]  # 5,000 tell a mean well enough; every so many, since they may lie class by class
    result = measured_on(checkpoint)
    progress = sys.stderr.isatty()
    result |= controls.measure(pretrained.load(checkpoint), train, test, checkpoint.preprocessing, progress=progress)
    for name, said in [*result["controls"].items(), *((f"frozen in {block}", said) for block, said in result["frozen"].items())]:
        print(f"{name:9} {said['accuracy']:.2%}, {said['difference']:+.2%} ({said['low']:+.2%} to {said['high']:+.2%})")
    keep(result, args.out / f"controls-{args.name}.json")


def measure_unfamiliar(args: Namespace) -> None:
    """Does the network notice pictures of things that it does not know? The rule, and how often it errs."""
    checkpoint, test = datasets.with_test_pictures(args.name)
    foreign = datasets.foreign(checkpoint.provenance["data"], checkpoint.preprocessing.size)
    for name, folder in (each.split("=", 1) for each in args.outside):
        files = sorted(path for path in Path(folder).iterdir() if path.is_file())
        foreign[name] = images.from_pil([open_picture(path) for path in files], checkpoint.preprocessing.size).images
    means = profiles.load(profiles.beside(checkpoint)).mean
    result = measured_on(checkpoint) | {"weights": checkpoint.sha256}
    result |= unfamiliar.measure(pretrained.load(checkpoint), test, checkpoint.preprocessing, means, foreign)
    for name, said in [("of its own classes", result["inside"]), *result["outside"].items()]:
        print(f"{said['share']:6.1%} unfamiliar of {said['of']:,} pictures: {name}")
    keep(result, args.out / f"unfamiliar-{args.name}.json")


def attribute_gates(args: Namespace) -> None:
    """Is a gate that is wide open an important one? Attribution against excitation."""
    from ..experiments import importance  # the only command that needs captum

    checkpoint, test = datasets.with_test_pictures(args.name)
    asked = {"count": args.pictures, "steps": args.steps, "seed": args.seed, "progress": sys.stderr.isatty()}
    began = time.process_time()
    measured = importance.measure(pretrained.load(checkpoint), test, checkpoint.preprocessing, **asked)
    for block, said in measured["blocks"].items():
        value, low, high = said["agreement"]["excitation ~ ablation size"]
        off = said["completeness"]
        print(f"{block:14} excitation and ablation {value:+.2f} ({low:+.2f} to {high:+.2f}); off by {off['integrated']:.1%}")
    made = measured_on(checkpoint) | {
        "weights": checkpoint.sha256[:16],
        "captum": version("captum"),
        "cpu_seconds": round(time.process_time() - began),
    }
    keep(made | measured, args.out / f"attribution-{args.name}.json")


def record_pictures(args: Namespace) -> None:
    """Squeeze and excitation of every SE block for pictures of yours."""
    if files_command.is_file(args.name):
        return files_command.record_file(args)
    files_command.refuse_options(args)
    network = open_network.opened(args.name, weights=not args.random)
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


def compare_coverage(args: Namespace) -> None:
    """The gates that are found in networks of timm and torchvision without names, and an independent count of them."""
    if args.scan:
        print(
            "\n".join(sorted({*coverage.timm_families(print), *coverage.torchvision_families()} ^ {*coverage.NETWORKS}))
            or "complete"
        )
        return
    asked = args.networks or coverage.NETWORKS
    rows = []
    for name in asked:
        rows.append(coverage.row(name))
        print(coverage.table(rows[-1:]).splitlines()[-1], flush=True)
    if args.out:
        about = {"command": command(), **machine.circumstances(), "timm": version("timm")}
        keep(about | {"side": coverage.SIDE, "largest": coverage.LARGEST, "networks": rows}, args.out)


def write_gallery(args: Namespace) -> None:
    """Write what the published pages answer from: galleries, class means, and networks if asked for."""
    from ..pages import class_names, excitation_weights, gallery  # the only command that draws
    from ..widgets.profiles import build as build_profiles

    shipped = [name for name in pretrained.names() if pretrained.get(name).file is not None]
    for name in args.networks or shipped:
        print(gallery.build(name, args.out))
        print(excitation_weights.build(name, args.out))
        if profiles.beside(pretrained.get(name)).is_file():
            print(build_profiles(name, args.out))
        if args.onnx:
            _export(pretrained.get(name), args.onnx / f"{name}.onnx")
    if not args.networks:
        print(class_names.build(args.out))
    if args.onnx and not args.networks:
        from ..pages import trainer  # what alone needs onnx

        for path in trainer.build(args.onnx):
            print(path)


def export_probe(args: Namespace) -> None:
    """Write a network as a probe to ONNX: picture and gates in, logits, z, s and maps out."""
    _export(pretrained.find(args.name), args.out, args.maps)


def _export(checkpoint: pretrained.Checkpoint, path: Path, maps: bool = True) -> None:
    from ..pages.export import export  # what alone needs onnx

    export(checkpoint, path, maps=maps)
    blocks = len(se_blocks(pretrained.load(checkpoint)))
    print(f"{path}: {checkpoint.title}, {blocks} SE blocks, {path.stat().st_size / 1e6:.1f} MB", flush=True)


def run_bench(args: Namespace) -> None:
    """Time SE networks beside others and beside no SE, in turns in one run."""
    chosen = {
        name: getattr(args, name)
        for name in ("only", "modes", "dtypes", "formats", "batches", "minutes", "compiled", "clock", "memory", "device")
    }
    result = bench.run(**chosen, command=command(), say=lambda line: print(line, file=sys.stderr))
    print(bench.table(result))
    keep(result, args.out)


def count_cost(args: Namespace) -> None:
    """What SE costs a network: parameters, multiply-adds, bytes moved and time, with and without it."""
    model = built(args)
    row = cost.row(model, args.size, args.batch, seconds=args.seconds, device=args.device, clock=args.clock)
    print(json.dumps({"network": args.architecture, **row}, indent=1) if args.json else cost.table({args.architecture: row}))


def count_cost_table(args: Namespace) -> None:
    """Count what SE costs for each network, reduction ratio and placement that the book shows."""
    counted = cost_table.count(said=print)
    args.out.write_text(cost_table.compact({"command": command(), **machine.circumstances(), **counted}), encoding="utf-8")


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


def built(args: Namespace, **more: Any) -> torch.nn.Module:
    """The network that ``architecture`` and ``--arguments`` ask for."""
    try:
        return pretrained.ARCHITECTURES[args.architecture](**more, **args.arguments)
    except TypeError as error:  # Python's own words for a keyword that is unknown, or a value of another kind
        raise ValueError(f"--arguments {json.dumps(args.arguments)} does not fit {args.architecture}: {error}") from error
