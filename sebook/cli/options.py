"""What the commands' options take, checked before any work begins: an hour later is too late to learn that a file can't be written.

Each function here is a ``type`` for :mod:`argparse`, which names the option and shows the message about a wrong value.
"""

import json
import tempfile
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

import torch

from senet.pretrained.download import file_name

from ..network_files import further_inputs


def folder(text: str) -> Path:
    """A folder that files can be written into, or that can be made."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise ArgumentTypeError(f"{text} is a file: name a folder")
    return _writable(path)


def file(text: str) -> Path:
    """A file that can be written; one that is there will be replaced. Its folder is made now, before the work."""
    path = Path(text)
    if path.is_dir():
        raise ArgumentTypeError(f"{text} is a folder: name a file in it")
    _writable(path.parent).mkdir(parents=True, exist_ok=True)
    return path


def _writable(path: Path) -> Path:
    place = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    try:  # the only sure way to know
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise ArgumentTypeError(f"nothing can be written to {path} ({error.strerror or error}): name another place") from error
    return path


def name(text: str) -> str:
    """What files are called, without a folder."""
    try:
        return file_name(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{error}; --out is for the folder") from error


def keywords(text: str) -> dict[str, Any]:
    """An object in JSON."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not JSON ({error}): write it as '{{\"reduction\": 8}}', quotes and all") from error
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"{text!r} names nothing: write keywords and values, as '{{\"reduction\": 8}}'")
    return value


SWITCHED = "compute in bfloat16: auto does so where the device is fast at it, and says so"


def switch(text: str) -> bool | None:
    """``on``, ``off``, or ``auto``, which is None: the machine decides."""
    choices = {"auto": None, "on": True, "off": False}
    if text not in choices:
        raise ArgumentTypeError(f"{text!r} is not a choice: write auto, on or off")
    return choices[text]


def device(text: str) -> str:
    """A device that torch finds here."""
    try:
        torch.empty(0, device=text)
    except (RuntimeError, AssertionError) as error:  # the latter where torch was built without CUDA
        words = str(error).splitlines()[0]
        raise ArgumentTypeError(f"torch can't compute on {text!r} here ({words}): choose cpu") from error
    return text


ANY_DEVICE = "cpu, cuda (cuda:1 for the second GPU), mps, or another that torch finds"


def taking_device(command: ArgumentParser, what: str, default: str, names: str = ANY_DEVICE) -> None:
    """Add ``--device``. Torch decides which there are, so the help tells ``names``, and torch checks what is given."""
    command.add_argument("--device", type=device, default=default, help=f"{what}: {names}")


def three(text: str) -> tuple[float, float, float]:
    """One number for all of R, G and B, or three with commas."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 3):
        raise ArgumentTypeError(f"{text!r} is not one number or three with commas: write 0.5 or 0.485,0.456,0.406")
    return values * 3 if len(values) == 1 else values


def sides(text: str) -> tuple[int, int]:
    """``224``, or height and width as ``48x320``."""
    parts = text.lower().split("x")
    if not 1 <= len(parts) <= 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ArgumentTypeError(f"{text!r} is not a size in pixels: write 224, or height and width as 48x320")
    return int(parts[0]), int(parts[-1])


def further_input(text: str) -> tuple[str, Any]:
    """``NAME=VALUE`` of what a network file takes besides its picture."""
    try:
        return further_inputs.parsed(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def taking_pictures(command: ArgumentParser) -> None:
    """Add how a network file takes pictures, which it doesn't say itself."""
    of = "of R, G and B on the scale 0 to 1, for a file: 0.5 or 0.485,0.456,0.406; by default guessed, with a warning"
    command.add_argument("--mean", type=three, help=f"mean {of}")
    command.add_argument("--std", type=three, help=f"standard deviation {of}")
    command.add_argument("--size", type=sides, help="224, or height and width as 48x320, where a file leaves them open")
    besides = f"what a file takes besides its picture, the same for each: {further_inputs.VALUES}; may be repeated"
    command.add_argument("--input", type=further_input, action="append", default=[], metavar="NAME=VALUE", help=besides)
