"""What ``fold`` does: with a network by its name, and with an .onnx or .tflite file."""

import copy
import sys
from argparse import Namespace
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from senet import images, pretrained
from senet.images import Pictures
from senet.images.picture import open_picture
from senet.pretrained import Preprocessing
from senet.training import Recipe

from .. import open_network
from ..experiments.controls import mean_gates
from ..network_files import folding
from ..network_files.onnx_network import OnnxNetwork
from ..network_files.tapped import Tapped
from ..shipping import folding as torch_folding
from ..shipping import measure_frozen, price
from . import datasets, files_command
from .written import write_folded

ENOUGH = 200  # pictures, for means
MOST = 5000  # which tell a mean well enough


def fold(args: Namespace) -> None:
    """Freeze gates at their mean over pictures and fold them into the layers beside them, after saying what that costs."""
    if files_command.is_file(args.name):
        return _fold_file(args)
    network = open_network.opened(args.name, weights=not args.random)
    means, test = _pictures(args, network.preprocessing, network.classes)
    model, preprocess = network.model, network.preprocessing
    gates = mean_gates(model, means, preprocess, batch_size=50)
    gates = {name: gates[name] for name in _chosen(gates, args.only)}
    _warn(len(means))
    plain = price.answers(model, test, preprocess)
    if args.each:
        _each(model, gates, plain, test, preprocess)
    folded = torch_folding.fold(model, gates, preprocess(test.images[:2]))
    for name, way in torch_folding.ways(model, gates).items():
        print(f"  {name} goes {way}")
    print(f"{len(gates)} gates at their means over {len(means):,} pictures:")
    print(f"  {price.in_words(price.price(plain, price.answers(folded, test, preprocess), test.labels))}")
    if args.reestimate:
        recipe = _recipe(args.name)
        for words, changed in (("as it was", copy.deepcopy(model)), ("folded", folded)):
            price.reestimate(changed, means, preprocess, recipe)
            said = price.in_words(price.price(plain, price.answers(changed, test, preprocess), test.labels))
            print(f"  with batch norm's statistics taken again, the network {words}: {said}")
    if _wanted(args, ".safetensors"):
        print(write_folded(args.out, args.name, model, folded, gates, len(means)))


def _recipe(name: str) -> Recipe | None:
    """How a checkpoint of ours changed its pictures in training; None for others' networks, of which we don't know it."""
    if ":" in name:
        return None
    said = pretrained.find(name).provenance.get("recipe", {})
    return Recipe(**{key: said[key] for key in measure_frozen.KEPT if key in said})


# --- with a file -------------------------------------------------------------------------------------------------------------


def _fold_file(args: Namespace) -> None:
    if args.reestimate:
        raise ValueError(f"--reestimate: for a network's name alone, and {args.name} is a file: batch norms may be folded in it")
    network, taken, _ = files_command.asked(args, args.name)
    if not isinstance(network, OnnxNetwork):
        raise ValueError(f"fold writes .onnx files, and {network.path.name} is not one")
    means, test = _halves(torch.from_numpy(taken))
    _warn(len(means))
    read = network.run(means.numpy())
    gates = {name: s.mean(0) for name, s in read.excitation.items()}
    gates = {name: gates[name] for name in _chosen(gates, args.only)}
    pictures = test.numpy()
    plain = network.run(pictures).outputs[0]
    if args.each:
        print("each gate alone:")
        for name, s in gates.items():
            print(f"  {name}: {_price_of_file(network, plain, {name: s}, pictures)}")
    print(f"{len(gates)} gates at their means over {len(means):,} pictures:")
    print(f"  {_price_of_file(network, plain, gates, pictures)}")
    if _wanted(args, ".onnx"):
        folded = folding.write(network, gates, pictures, args.out)
        left = len(gates) - len(folded.layers)
        kept = f", {left} are left as products with a constant" if left else ""
        print(
            f"{args.out}: {len(folded.layers)} gates went into the layers beside them{kept}; {folded.before:,} bytes became "
            f"{folded.after:,}"
        )


def _price_of_file(network: Tapped, first: np.ndarray, gates: dict[str, np.ndarray], pictures: np.ndarray) -> str:
    then = network.run(pictures, gates).outputs[0]
    if first.ndim == 2 and first.shape[1] > 1:
        changed = (first.argmax(1) != then.argmax(1)).mean()
        return f"{changed:.1%} of {len(pictures):,} largest outputs change their place"
    off = np.abs(first.astype(np.float64) - then).mean() / (np.abs(first).mean() or 1.0)
    return f"on {len(pictures):,} pictures the first output moves by {off:.1%} of its mean size"


# --- pictures ----------------------------------------------------------------------------------------------------------------


def _pictures(args: Namespace, preprocess: Preprocessing, classes: tuple[str, ...]) -> tuple[Pictures, Pictures]:
    """For means, and to measure on: halves of what is given, or a checkpoint's own training and test pictures."""
    side = int(preprocess.size / preprocess.crop)
    if len(args.picture) == 1 and args.picture[0].is_dir():
        found = images.image_folder(args.picture[0], side, progress=sys.stderr.isatty())
        at = [classes.index(name) if name in classes else -1 for name in found.classes]
        found = Pictures(found.images, torch.tensor(at)[found.labels], classes)
    elif args.picture:
        found = images.from_pil([open_picture(path) for path in args.picture], side)
    elif ":" not in args.name:
        checkpoint, test = datasets.with_test_pictures(args.name)
        train = datasets.pictures(checkpoint.provenance["data"], "train", preprocess.size)
        return train[:: max(1, len(train) // MOST)], test
    else:
        found = images.photographs(side)
        found = Pictures(found.images, torch.full((len(found),), -1))
        print(f"no picture given: {len(found)} photographs of scikit-image are used", file=sys.stderr)
    if len(found) < 4:
        return found, found
    mixed = torch.randperm(len(found), generator=torch.Generator().manual_seed(0))  # they may lie class by class
    return found[mixed[::2]], found[mixed[1::2]]


def _halves(pictures: Tensor) -> tuple[Tensor, Tensor]:
    return (pictures, pictures) if len(pictures) < 4 else (pictures[::2], pictures[1::2])


def _warn(count: int) -> None:
    if count < ENOUGH:
        print(f"warning: means over {count} pictures are rough; {ENOUGH} or more, like those to come, are better", file=sys.stderr)


def _chosen(names: Iterable[str], patterns: list[str] | None) -> list[str]:
    names = list(names)
    for pattern in patterns or ():
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"--only {pattern} fits no gate: choose among {', '.join(names)}")
    return [name for name in names if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]


def _each(model: torch.nn.Module, gates: dict[str, Tensor], plain: Tensor, test: Pictures, preprocess: Preprocessing) -> None:
    print("each gate alone:")
    for name, s in gates.items():
        try:
            folded = torch_folding.fold(model, {name: s}, preprocess(test.images[:2]))
        except torch_folding.NotExact as error:
            print(f"  {name}: {error}")
            continue
        print(f"  {name}: {price.in_words(price.price(plain, price.answers(folded, test, preprocess), test.labels))}")


def _wanted(args: Namespace, suffix: str) -> bool:
    """Whether to write; asked on a terminal, unless --yes says so."""
    if args.out is None:
        print(f"nothing was written: give --out FILE{suffix}")
        return False
    if Path(args.out).suffix != suffix:
        raise ValueError(f"--out {args.out} has to end in {suffix} here")
    if args.yes or not sys.stdin.isatty():
        return True
    return input(f"write {args.out}? [y/N] ").strip().lower() in ("y", "yes")
