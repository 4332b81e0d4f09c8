"""The book shows the code that runs: the source of functions and classes, in a notebook's colours."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any


class Source(str):
    """Python source. A notebook asks for Markdown and shows it in colours; everything else sees a string."""

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}\n```"


def source(*things: Callable[..., Any]) -> Source:
    """The source of functions, methods and classes, below each other, each from the left margin.

    Raises:
        TypeError: a thing is built into Python, or is neither a function nor a class.
        OSError: its source can't be found, as for code typed into a plain interpreter.
    """
    return Source("\n\n".join(textwrap.dedent(inspect.getsource(thing)).strip() for thing in things))
