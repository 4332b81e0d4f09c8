"""The pictures that a command's ``--data`` names, and those that a checkpoint was trained and measured on."""

import sys
from pathlib import Path

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
    root = Path(data.removeprefix(FOLDER))
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
    checkpoint = pretrained.get(name)
    data = checkpoint.provenance.get("data")
    if str(data).startswith(FOLDER):
        return checkpoint, pictures(data, "test", checkpoint.preprocessing.size)
    if data not in DATA:
        raise ValueError(f"{name} was trained on {data!r}, not on {' or '.join(DATA)}: its test pictures are not known here")
    return checkpoint, DATA[data]("test")


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
