"""``python -m senet``: hands over to the command line, which the wheel's metadata names."""

import sys
from importlib.metadata import entry_points

if __name__ == "__main__":
    found = tuple(entry_points(group="console_scripts", name="senet"))
    if not found:
        sys.exit("senet is not installed here, so its commands are unknown: run `python -m pip install --editable .` first")
    sys.exit(found[0].load()())
