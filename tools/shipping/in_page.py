"""Make the network in 8 bits that ships (:mod:`sebook.shipping.in_page`). Needs CIFAR-10.

python -m tools.shipping.in_page data/se_resnet20_cifar10.int8.onnx
"""

import argparse
from pathlib import Path

import onnx

from sebook.cli import datasets
from sebook.network_files import onnx_file
from sebook.shipping import int8, plain
from sebook.shipping.in_page import NETWORK
from senet import machine, pretrained

from .chosen import MANY, SEED, calibration


def write(path: Path) -> Path:
    """Make the file, with how it was made in its metadata."""
    checkpoint = pretrained.get(NETWORK)
    train = datasets.DATA[checkpoint.provenance["data"]]("train")
    whole = plain.write(pretrained.load(checkpoint, progress=False), path.with_suffix(".float.onnx"), checkpoint.preprocessing.size)
    int8.static(whole, path, calibration(checkpoint, train).numpy(), signed=False, seven=True)
    whole.unlink()
    made = onnx_file.read(path)
    about = {
        "command": f"python -m tools.shipping.in_page {path.as_posix()}",
        "weights": checkpoint.sha256,
        "calibration": f"{MANY} training pictures of {datasets.described(checkpoint.provenance['data'])}, seed {SEED}",
        "licence": checkpoint.licence,
        **machine.circumstances(),
    }
    onnx.helper.set_model_props(made, {name: str(value) for name, value in about.items()})
    onnx.save(made, str(path))
    return path


def main() -> None:
    """Write the file that ships."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    write(parser.parse_args().out)


if __name__ == "__main__":
    main()
