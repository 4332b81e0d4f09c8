"""The command line, ``python -m senet``: its options, what each command does, and what the commands work on."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["preflight"]:  # reports what is missing, so it must not import what may be missing
        from .preflight import main as run

        return run(argv[1:])
    from .parser import main as run

    return run(argv)
