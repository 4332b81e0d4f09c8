"""What ``anatomy`` and ``examine`` look at: a network by its name, or in a file, with pictures as it takes them.

Both kinds answer the same questions: where the gates are, what they do on the pictures, and what is left when some are folded.
"""

import sys
from argparse import Namespace
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from senet import images
from senet.images.picture import open_picture
from senet.inside.finding import anatomy
from senet.inside.gates import Anatomy
from senet.inside.recording import se_blocks

from .. import open_network
from ..network_files import folding as file_folding
from ..network_files.anatomy import Measured, measure
from ..network_files.onnx_network import OnnxNetwork
from ..shipping import examining
from ..shipping import folding as torch_folding
from . import datasets, files_command
from .written import write_folded

PROVED_ON = 2  # pictures


class InFile:
    """A network in an .onnx or .tflite file."""

    def __init__(self, args: Namespace) -> None:
        self.network, self.pictures, _ = files_command.asked(args, args.name, args.most)
        self.name = self.network.path.name

    def anatomy(self) -> Anatomy:
        """Its gates, proved."""
        return self.network.prove(self.pictures[:PROVED_ON])

    def measured(self) -> list[Measured]:
        """What its gates do on the pictures."""
        return measure(self.network, self.pictures, progress=sys.stderr.isatty())

    @cached_property
    def excitation(self) -> dict[str, np.ndarray]:
        """Gates on the pictures by name, (N, C) each."""
        return self.network.run(self.pictures).excitation

    def refuse_fold(self, path: Path) -> None:
        """Raise ``ValueError`` where this network can't be written to ``path``: before the work, not after."""
        if not isinstance(self.network, OnnxNetwork):
            raise ValueError(f"--fold writes .onnx files, and {self.name} is not one")

    def fold(self, gates: Mapping[str, np.ndarray], path: Path) -> list[str]:
        """Write the network with these gates as constants. Returns what to say of it."""
        folded = file_folding.write(self.network, gates, self.pictures, path)
        left = len(gates) - len(folded.layers)
        kept = f", {left} of them left as products with a constant" if left else ""
        return [
            f"{path}: {became_constant(gates)}{kept}; {folded.before:,} bytes became {folded.after:,}, and no output on these "
            f"pictures changes by more than {folded.off:.3g}"
        ]


class Named:
    """A network by its name, in torch."""

    def __init__(self, args: Namespace, own_pictures: bool) -> None:
        files_command.refuse_options(args)
        network = open_network.opened(args.name, weights=not args.random)
        if args.random:
            print(f"{args.name} has random weights: what its gates do means nothing", file=sys.stderr)
        self.name, self.model = args.name, network.model
        preprocess = network.preprocessing
        if args.picture:
            files = files_command.picture_files(args.picture, args.most)
            self.pictures = torch.cat([preprocess(open_picture(path)) for path in files])
        elif own_pictures and ":" not in args.name:
            _, test = datasets.with_test_pictures(args.name)
            self.pictures = preprocess(test.images[files_command.spread(len(test), args.most)])
        else:
            self.pictures = preprocess(images.photographs(int(preprocess.size / preprocess.crop)).images)
            print(f"no picture given: {len(self.pictures)} photographs of scikit-image are used", file=sys.stderr)

    def anatomy(self) -> Anatomy:
        """Its gates, proved."""
        return anatomy(self.model, self.pictures[:PROVED_ON])

    def measured(self) -> list[Measured]:
        """What its gates do on the pictures."""
        return examining.examine(self.model, self.pictures, progress=sys.stderr.isatty())

    @cached_property
    def excitation(self) -> dict[str, np.ndarray]:
        """Gates on the pictures by name, (N, C) each."""
        return examining.gates_of(self.model, self.pictures)

    def refuse_fold(self, path: Path) -> None:
        """Raise ``ValueError`` where this network can't be written to ``path``: before the work, not after."""
        if path.suffix != ".safetensors":
            raise ValueError(f"--fold {path} has to end in .safetensors for {self.name}, which is not an .onnx file")

    def fold(self, gates: Mapping[str, np.ndarray], path: Path) -> list[str]:
        """Write the network's weights with these gates as constants. Returns what to say of it."""
        tensors = {name: torch.from_numpy(s) for name, s in gates.items()}
        try:
            known = se_blocks(self.model)
        except ValueError:
            known = {}
        reasons = {name: "its block is not of a class that `fold` knows" for name in tensors if name not in known}
        ways = torch_folding.ways(self.model, {name: s for name, s in tensors.items() if name in known}) if known else {}
        reasons |= {name: why for name, why in ways.items() if isinstance(why, str)}
        lines = [f"{name} stays as it was: {why}" for name, why in reasons.items()]
        taken = {name: s for name, s in tensors.items() if name not in reasons}
        if not taken:
            return [*lines, "nothing was written"]
        folded = torch_folding.fold(self.model, taken, self.pictures[:PROVED_ON])
        said = write_folded(path, self.name, self.model, folded, taken, len(self.pictures))
        return [*lines, f"{became_constant(taken)}", said]


Subject = InFile | Named


def opened(args: Namespace, own_pictures: bool) -> Subject:
    """The network that ``args`` names, with its pictures; a checkpoint's own test pictures by default if ``own_pictures``.

    Raises:
        ValueError: options that don't belong together, a file that holds no such network, or a file that is not a picture.
        FileNotFoundError: no such file, or a folder without a picture.
    """
    return InFile(args) if files_command.is_file(args.name) else Named(args, own_pictures)


def became_constant(gates: Mapping[str, object]) -> str:
    """Which gates did, in words."""
    count = len(gates)
    return f"{'1 gate became a constant' if count == 1 else f'{count} gates became constants'} ({', '.join(gates)})"
