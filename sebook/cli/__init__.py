"""The command line, ``python -m senet``: its options, what each command does, and what the commands work on."""

import gc
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["preflight"]:  # reports what is missing, so it must not import what may be missing
        from .preflight import main as run

        return run(argv[1:])
    gc.disable()  # a fifth of the time that imports take would go into looking through them for garbage, though they stay
    from .parser import main as run

    gc.freeze()
    gc.enable()
    return run(argv)
