"""Imports of what only the extra `export` installs: ONNX, and what reads and runs its files."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed() -> Iterator[None]:
    """Around such imports: an ``ImportError`` says how to install what is missing."""
    try:
        yield
    except ImportError as error:
        raise ImportError(f"{error.name} is not installed: pip install 'senet[export]'") from error
