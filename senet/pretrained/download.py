"""Files that are whole and right, or not there at all.

What comes from the net is written beside its place, hashed, and only then moved there. So a cache never holds half a file, whatever
breaks off, and a file that was changed on its way is not opened.
"""

import hashlib
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm


class CheckpointError(RuntimeError):
    """A checkpoint is not available, or is not what it should be. The message says which, and what to do."""


def cache() -> Path:
    """The folder for fetched files: ``$SENET_CACHE``, or the one that ``torch.hub`` uses."""
    return Path(os.environ.get("SENET_CACHE") or Path(torch.hub.get_dir()) / "checkpoints")


def fetch(url: str, sha256: str, progress: bool = True) -> Path:
    """The file at ``url``, from the cache if it is there.

    Args:
        url: where it is.
        sha256: of the file, as hex; the first eight digits or more will do.
        progress: show a bar in bytes.

    Raises:
        CheckpointError: the host or the file cannot be reached, the transfer broke off, or the hash is another. Nothing is left
            in the cache then.
    """
    path = cache() / Path(urllib.parse.urlparse(url).path).name
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole(path) as part:
        _download(url, part, progress)
        check(part.read_bytes(), sha256, url, "it was changed, there or on its way: try another network")
    return path


def write(path: Path, data: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, never half of one."""
    with _whole(path) as part:
        part.write_bytes(data)


def file_name(name: str) -> str:
    """``name``, if a file can be called that.

    Raises:
        ValueError: it is empty, or a path with folders.
    """
    if not name or Path(name).name != name:
        raise ValueError(
            f"name={name!r} becomes a file's: leave out folders" if name else "name='' cannot name a file: give it a letter"
        )
    return name


def check(data: bytes, sha256: str, where: Any, remedy: str) -> None:
    """Raise :class:`CheckpointError` unless the hash of ``data`` begins with ``sha256``."""
    digest = hashlib.sha256(data).hexdigest()
    if len(sha256) < 8 or not digest.startswith(sha256.lower()):
        raise CheckpointError(f"{where}: {len(data):,} bytes of sha256 {digest[:16]}... instead of {sha256[:16]}...: {remedy}")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path`` if nothing is raised, and nothing otherwise."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _download(url: str, part: Path, progress: bool) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "senet"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response, part.open("xb") as file:
            length = response.headers["Content-Length"]
            total = int(length) if length else None
            name = Path(urllib.parse.urlparse(url).path).name
            with tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=not progress) as bar:
                while chunk := response.read(1 << 20):
                    file.write(chunk)
                    bar.update(len(chunk))
            if total is not None and file.tell() != total:
                raise CheckpointError(f"{url} broke off after {file.tell():,} of {total:,} bytes: try again")
    except urllib.error.HTTPError as error:
        raise CheckpointError(
            f"{url} answers {error.code} {error.reason}: it may have moved; the same file from elsewhere will do, in {cache()}"
        ) from error
    except (OSError, http.client.HTTPException) as error:  # no network, no such host, a timeout: all OSErrors
        reason = getattr(error, "reason", None) or error
        raise CheckpointError(
            f"{url} could not be fetched ({reason}): check the network, or put the file into {cache()} by hand"
        ) from error


def notes(path: Path) -> dict[str, Any]:
    """What a file of tensors says of itself, as an entry of :func:`save` has it."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    notes = json.loads(data[8 : 8 + length]).get("__metadata__", {}) if length < len(data) else {}
    if "senet" not in notes:
        raise ValueError("it has no notes of its network")
    sha256 = hashlib.sha256(data).hexdigest()
    return {**json.loads(notes["senet"]), "name": path.stem, "file": path.name, "sha256": sha256}
