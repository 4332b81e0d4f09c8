"""Photographs under free licences that ship with the package, cut to one thing each: most show a class of a shipped network.

They are in ``data/photographs``, 320 x 320 pixels or less, with who made them and under which terms in ``photographs.json``.
"""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import senet
from senet.images import Pictures, from_pil
from senet.images.picture import open_picture


@functools.cache
def folder() -> Path:
    """Where the photographs are: in an installed package's ``senet/data``, or in the checkout's ``data``.

    Raises:
        FileNotFoundError: in neither.
    """
    package = Path(senet.__file__).parent
    for place in (package / "data", package.parent / "data"):
        if (place / "photographs" / "photographs.json").is_file():
            return place / "photographs"
    raise FileNotFoundError(f"{package / 'data' / 'photographs'} is missing: install senet again")


def described() -> list[dict[str, Any]]:
    """One entry a photograph: file, title, alt, names (what data sets call it), author, licence, page, package, cut."""
    return json.loads((folder() / "photographs.json").read_text("utf-8"))


def photographs(size: int, classes: Sequence[str]) -> Pictures:
    """The photographs that belong to one of ``classes``, in the order of ``classes``.

    Args:
        size: side of the pictures in pixels; from 320 on nothing is gained.
        classes: class names; labels are indices into them.

    Returns:
        uint8 (N, 3, size, size), N from 1 to 12, with labels, titles and credits.

    Raises:
        ValueError: no photograph belongs to any of them.
    """
    classes = tuple(classes)
    label = {entry["file"]: next((classes.index(name) for name in entry["names"] if name in classes), -1) for entry in described()}
    known = sorted((entry for entry in described() if label[entry["file"]] >= 0), key=lambda entry: label[entry["file"]])
    return from_pil(
        [open_picture(folder() / entry["file"]) for entry in known],
        size,
        labels=[label[entry["file"]] for entry in known],
        classes=classes,
        titles=[entry["title"] for entry in known],
        credits=[f"{entry['author']}, {entry['licence']}" for entry in known],
    )
