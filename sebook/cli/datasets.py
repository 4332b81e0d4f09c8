"""The pictures that a command's ``--data`` names, and those that a checkpoint was trained and measured on."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from senet import images, pretrained
from senet.arguments import at_least_one, one_of
from senet.images.patchwork import patchwork

# Patchwork's sets, by seed. The test seed is used by nothing else.
PATCHWORK = {"train": (4000, 1), "test": (2000, 2)}
DATA = {
    "patchwork": lambda split: patchwork(*PATCHWORK[split]),
    "cifar10": images.cifar10,
    "imagenet100": images.imagenet100,
}
FOLDER = "imagefolder:"


def pictures(data: str, split: str, size: int, store: Path | None = None) -> images.Pictures:
    """Read the pictures that ``data`` names.

    Args:
        data: a name in ``DATA``, or ``imagefolder:PATH``.
        split: ``"train"`` or ``"test"``; a folder may call the latter ``val``.
        size: side in pixels of the squares that a folder's pictures become.
        store: a folder for their pixels, for sets larger than memory.

    Raises:
        ValueError: ``data`` is not one of these names.
        FileNotFoundError: the pictures are not there; the message says where they were looked for.
    """
    if data in DATA:
        return DATA[data](split)
    if not data.startswith(FOLDER):
        one_of([*sorted(DATA), f"{FOLDER}PATH"], data=data)
    root = Path(data.removeprefix(FOLDER)).expanduser()
    if split == "test" and not (root / "test").is_dir():
        split = "val"
    if not (root / split).is_dir():
        raise FileNotFoundError(
            f"{root / split} is not a folder: {FOLDER}PATH needs PATH/train/<class>/ and PATH/val/<class>/ (or test/)"
        )
    at_least_one(size=size)
    return images.image_folder(root / split, size, store=store, progress=sys.stderr.isatty())


def with_test_pictures(name: str) -> tuple[pretrained.Checkpoint, images.Pictures]:
    """The checkpoint of this name, and the pictures that it was measured on. Raises ``ValueError`` where those are not known."""
    checkpoint = pretrained.find(name)
    data = checkpoint.provenance.get("data")
    if str(data).startswith(FOLDER):
        return checkpoint, pictures(data, "test", checkpoint.preprocessing.size)
    if data not in DATA:
        raise ValueError(f"{name} was trained on {data!r}, not on {' or '.join(DATA)}: its test pictures are not known here")
    return checkpoint, DATA[data]("test")


# Of ImageNet-100's classes, those that one of CIFAR-10's names as well, or nearly.
NEAR_CIFAR10 = (
    *("Chihuahua", "Yorkshire terrier", "golden retriever", "German shepherd", "tabby", "Persian cat", "lion", "bullfrog"),
    *("goose", "king penguin", "albatross", "moving van", "school bus", "sports car", "go-kart", "tractor", "bullet train"),
    *("lifeboat", "gondola"),
)
MOST = 2000  # pictures of a set that only says how often something happens


def foreign(data: str, size: int) -> dict[str, Tensor]:
    """Pictures for a network trained on ``data`` that show none of its classes: uint8 (N, 3, size, size), N up to 2,000, by what
    they are. One set is a control: ``data``'s own classes, but scaled as the foreign ones are.

    Raises:
        FileNotFoundError: the other sets' pictures are not there.
    """
    cifar = images.cifar10("test", download=False, progress=False)
    hundred = images.imagenet100("test", progress=False)

    def of(pictures: images.Pictures, wanted: Callable[[str], bool]) -> Tensor:
        chosen = torch.tensor([wanted(pictures.classes[label]) for label in pictures.labels.tolist()])
        found = pictures.images[chosen]
        few = found[torch.linspace(0, len(found) - 1, min(MOST, len(found))).long()]
        return images.from_pil([Image.fromarray(p.permute(1, 2, 0).numpy()) for p in few], size).images

    made = {} if data == "patchwork" else {"Patchwork, made by code": of(patchwork(*PATCHWORK["test"]), lambda _: True)}
    if data == "cifar10":
        return {"81 other classes of ImageNet-100": of(hundred, lambda name: name not in NEAR_CIFAR10), **made}
    if data == "imagenet100":
        return {
            "CIFAR-10's airplane, deer, horse, ship and truck": of(
                cifar, lambda name: name in ("airplane", "deer", "horse", "ship", "truck")
            ),
            "control: CIFAR-10's cat and dog, which it knows": of(cifar, lambda name: name in ("cat", "dog")),
            **made,
        }
    return {"CIFAR-10": of(cifar, lambda _: True), "ImageNet-100": of(hundred, lambda _: True)}


def described(data: str) -> str:
    """What ``data`` is, in words, for a provenance."""
    if data == "patchwork":
        return " ".join(f"{split}: senet.images.patchwork.patchwork{PATCHWORK[split]}." for split in PATCHWORK)
    if data == "imagenet100":
        return "100 classes of Tiny-ImageNet (Stanford CS231n, from ImageNet) at 64x64; test: its validation pictures"
    if data.startswith(FOLDER):
        return f"a folder of pictures by class, {Path(data.removeprefix(FOLDER)).name}"
    folder = images.data_folder()
    copy = (folder / "train").is_dir() or (folder / "cifar10").is_dir()
    return "CIFAR-10 (Krizhevsky, 2009), " + ("a copy as JPEG files" if copy else "the original")
