"""What ``record`` does with a network file; and a file's network with the pictures that were named, for other commands."""

import sys
import warnings
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from torchvision.datasets.folder import IMG_EXTENSIONS

from senet.arguments import at_least_one
from senet.images import photographs

from ..network_files import pictures
from ..network_files.tapped import Tapped

SUFFIXES = (".onnx", ".tflite")
OURS = (".safetensors", ".json")


def is_file(name: str) -> bool:
    """Whether ``name`` is a network file's, or a file that is not one of our checkpoints: reading it says why not."""
    path = Path(name)
    end = path.suffix.lower()
    return end in SUFFIXES or (path.is_file() and end not in OURS)


def refuse_options(args: Namespace) -> None:
    """Raise ``ValueError`` where options for a file are given with the name of a network."""
    if refused := [f"--{name}" for name in ("mean", "std", "size", "input") if getattr(args, name)]:
        raise ValueError(f"{', '.join(refused)}: for .onnx and .tflite files alone; {args.name} says how it takes pictures")


def record_file(args: Namespace) -> None:
    """Squeeze and excitation of every gate of a file for pictures."""
    network, taken, names = asked(args, args.name)
    reading = network.run(taken)
    outputs = ", ".join(f"{name} {tuple(out.shape)}" for name, out in zip(network.graph.outputs, reading.outputs, strict=True))
    print(f"{network.path.name}: {len(network.found)} gates; outputs: {outputs}")
    first = reading.outputs[0]
    if first.ndim == 2 and first.shape[1] > 1:
        for name, row in zip(names, first, strict=True):
            print(f"{name}: largest output {row.argmax()}, {row.max():.3f}")
    print("mean and range of the gates over all pictures and channels:")
    for each in network.found:
        s = reading.excitation[each.gate.name]
        print(f"  {each.gate.depth:3} {each.gate.name:40} C={s.shape[1]:<5} {s.mean():.3f}  {s.min():.3f} to {s.max():.3f}")
    if args.out:
        tensors = dict(zip((f"outputs/{name}" for name in network.graph.outputs), reading.outputs, strict=True))
        for name, s in reading.excitation.items():
            tensors |= {f"{name}/z": reading.squeeze[name], f"{name}/s": s}
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, str(args.out))
        print(args.out)


def picture_files(paths: Sequence[Path], most: int | None = None) -> list[Path]:
    """These files, and in place of a folder every picture in it, however deep, by name; of more than ``most``, :func:`spread`.

    Hidden ones are left out.

    Raises:
        FileNotFoundError: a folder holds no picture.
    """
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = [each for each in sorted(path.rglob("*")) if each.suffix.lower() in IMG_EXTENSIONS]
        inside = [each for each in inside if not any(part.startswith(".") for part in each.relative_to(path).parts)]
        if not inside:
            raise FileNotFoundError(f"{path} holds no picture of a kind that is read here ({', '.join(IMG_EXTENSIONS)})")
        found += inside
    return found if most is None else [found[i] for i in spread(len(found), most)]


def spread(count: int, most: int) -> list[int]:
    """Which of ``count`` pictures to take, at most so many: evenly over all, since they may lie class by class."""
    at_least_one(most=most)
    return [i * count // most for i in range(most)] if count > most else list(range(count))


def asked(args: Namespace, file: str, most: int | None = None) -> tuple[Tapped, np.ndarray, list[str]]:
    """The network of a file, the pictures that were named as it takes them (no more than ``most``), and their names."""
    network = pictures.opened(file, args.size, dict(args.input))
    sources: list = picture_files(args.picture, most)
    names = [str(path) for path in sources]
    if not sources:
        shown = photographs(max(network.shape))
        sources = [each.permute(1, 2, 0).numpy() for each in shown.images]
        names = [f"photograph {i}" for i in range(len(sources))]
        print(f"no picture given: {len(sources)} photographs of scikit-image are used", file=sys.stderr)
    with _in_words():
        return network, pictures.taken(network, sources, pictures.Way(args.mean, args.std, args.size)), names


@contextmanager
def _in_words() -> Iterator[None]:
    """Warnings as a line, without the code they come from."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield
    for each in said:
        print(f"warning: {each.message}", file=sys.stderr)
