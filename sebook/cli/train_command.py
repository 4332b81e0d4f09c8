"""What ``python -m senet train`` does: a network, trained and saved with its provenance."""

import csv
import json
import sys
import warnings
from argparse import Namespace
from dataclasses import asdict, fields, replace
from pathlib import Path

import torch

from senet import images, machine, pretrained, training
from senet.training import distributed

from . import datasets
from .commands import built
from .provenance import command


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
    model = built(args, num_classes=len(train.classes))
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
            "command": command(),
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
