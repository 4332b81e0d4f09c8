"""A training run's state on disk: written all or nothing, and read back only into the run that it belongs to."""

import hashlib
import io
import os
import pickle
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..images import Pictures


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write ``state`` to ``path``, or leave there what was. Raises ``OSError`` as :func:`write` does."""
    # First into memory: into a file, PyTorch's writer makes of a full disk a RuntimeError that no longer says so.
    whole = io.BytesIO()
    torch.save(state, whole)
    write(path, whole.getbuffer())


def write(path: Path, content: bytes | memoryview) -> None:
    """Write ``content`` to ``path``, all or nothing.

    Raises:
        OSError: it could not be written (a full disk, no permission); the message names the file. What was there is whole, and
            no partial file remains.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:  # Ctrl-C, too
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            kept = "; the state before is kept there" if path.exists() else ""
            raise OSError(error.errno, f"{error.strerror}: the training's state could not be written{kept}", str(path)) from error
        raise


def probe(path: Path) -> None:
    """See that a file can be made at ``path``, before it is needed. Raises ``OSError`` as :func:`save` does."""
    save(path, {})
    path.unlink()


def identity(model: nn.Module, pictures: Pictures, more: Mapping[str, str]) -> dict[str, str]:
    """What tells one run from another beside its recipe: the network's structure, the pictures, and what the caller adds.

    Of the pictures it takes all labels and names of classes and up to 1,000 pictures, spread evenly, as digests.
    """
    some = pictures.images[:: max(1, len(pictures) // 1000)]
    digest = hashlib.sha256("\n".join(pictures.classes).encode())
    digest.update(pictures.labels.numpy().tobytes())
    digest.update(some.contiguous().numpy().tobytes())
    return {"network": hashlib.sha256(str(model).encode()).hexdigest(), "pictures": digest.hexdigest(), **more}


def load(
    path: Path, recipe: Any, run: Mapping[str, str], model: nn.Module, optimizer: Any, schedule: Any
) -> list[dict[str, float]]:
    """Put the state in ``path`` into ``model``, ``optimizer`` and ``schedule``. Returns the history so far.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file holds something else, or the state of another run: another recipe, network, start or pictures, by
            :func:`identity` (which files before version 0.2 lack). Nothing was changed.
    """
    remedy = "give the same, or another checkpoint file"
    content = path.read_bytes()  # what fails below is then the content, not the disk
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        # What a recipe gained since the file was written had its default's effect then.
        written = asdict(type(recipe)()) | state["recipe"]
        weights, steps = state["model"], state["schedule"]["total_steps"]
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, OSError) as error:
        raise ValueError(
            f"{path} is not a training run's state, or is damaged: name another checkpoint file, or remove it"
        ) from error
    if written != asdict(recipe):
        other = {name: value for name, value in written.items() if asdict(recipe).get(name) != value}
        slow = " (bf16 follows the machine unless you set it)" if list(other) == ["bf16"] else ""
        raise ValueError(f"{path} was written by a run with {other}{slow}: {remedy}")
    if {k: v.shape for k, v in weights.items()} != {k: v.shape for k, v in model.state_dict().items()}:
        raise ValueError(f"{path} holds the weights of another network: {remedy}")
    if steps != schedule.total_steps:
        raise ValueError(
            f"{path} was written by a run of {steps} steps, not {schedule.total_steps}, so of other pictures: {remedy}"
        )
    before = state.get("run", run)
    if other := sorted(name for name in {*before, *run} if before.get(name) != run.get(name)):
        raise ValueError(f"{path} was written by a run with another {' and another '.join(other)}: {remedy}")
    model.load_state_dict(weights)
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return state["history"]
