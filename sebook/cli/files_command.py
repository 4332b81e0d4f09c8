"""What ``record`` and ``anatomy`` do with a network file: open it, prove its gates, and say what they do on pictures."""

import json
import sys
import warnings
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from senet.images import photographs

from ..network_files import anatomy, drawn, folding, pictures
from ..network_files.onnx_network import OnnxNetwork
from ..network_files.tapped import Tapped

SUFFIXES = (".onnx", ".tflite")
OURS = (".safetensors", ".json")


def is_file(name: str) -> bool:
    """Whether ``name`` is a network file's, or a file that is not one of our checkpoints: reading it says why not."""
    path = Path(name)
    end = path.suffix.lower()
    return end in SUFFIXES or (path.is_file() and end not in OURS)


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


def show_anatomy(args: Namespace) -> None:
    """Where a network file's gates are, which are dead, closed, open or constant, and what freezing them costs."""
    network, taken, names = asked(args, args.file)
    found = network.prove(taken[: min(2, len(taken))])
    print(found)
    measured = anatomy.measure(network, taken)
    print(f"\non {len(names)} pictures; freezing is the largest change of an output when a gate is set to its mean:")
    print(anatomy.table(measured))
    if args.json:
        about = {"file": network.path.name, "pictures": len(names), "gates": anatomy.as_json(measured)}
        args.json.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        print(args.json)
    if args.svg:
        args.svg.write_text(drawn.svg(network, network.run(taken)), encoding="utf-8")
        print(args.svg)
    _fold(args, network, taken)


def _fold(args: Namespace, network: Tapped, taken: np.ndarray) -> None:
    if not args.fold:
        return
    if not isinstance(network, OnnxNetwork):
        raise ValueError(f"--fold writes .onnx files, and {network.path.name} is not one")
    folded = folding.fold(network, taken, args.fold, args.steady)
    if folded is None:
        print(f"every gate moves by {args.steady:g} or more on these pictures: there is nothing to fold, and nothing was written")
        return
    count = len(folded.names)
    became = "1 gate became a constant" if count == 1 else f"{count} gates became constants"
    print(
        f"{args.fold}: {became} ({', '.join(folded.names)}); {folded.before:,} bytes became "
        f"{folded.after:,}, and no output on these pictures changes by more than {folded.off:.3g}"
    )


def asked(args: Namespace, file: str) -> tuple[Tapped, np.ndarray, list[str]]:
    """The network of a file, the pictures that were named as it takes them, and their names."""
    network = pictures.opened(file, args.size)
    sources, names = list(args.picture), [str(path) for path in args.picture]
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
