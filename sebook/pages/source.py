"""The book shows the code that runs: the source of functions and classes, in a notebook's colours."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any


class Source(str):
    """Python source. A notebook shows it in colours, since it asks for Markdown; it is a string to everyone else."""

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}\n```"


def source(*things: Callable[..., Any]) -> Source:
    """The source of functions, methods and classes, below each other, each from the left margin.

    Raises:
        TypeError: a thing is built into Python, or no function or class at all.
        OSError: its source is not to be found, as of what was typed into a plain interpreter.
    """
    return Source("\n\n".join(textwrap.dedent(inspect.getsource(thing)).strip() for thing in things))
