"""Code that chapters show is the code that runs."""

import inspect

import pytest

from sebook.pages.source import source
from senet.arguments import one_of
from senet.models.se import SEBlock


def test_shows_what_runs_from_the_left_margin():
    text = source(SEBlock.squeeze, one_of)
    assert text._repr_markdown_() == f"```python\n{text}\n```"
    assert text.startswith("def squeeze(self")
    names = {"Tensor": int, "Any": None, "Collection": list}
    namespace = names | {"mean_of_maps": lambda u: u}
    exec(text, namespace)  # it runs as it is printed
    assert namespace["squeeze"](type("Block", (), {"pool": "avg"}), 3) == 3
    assert text.endswith(inspect.getsource(one_of).strip())


@pytest.mark.parametrize("thing", [len, 3, "SEBlock"])
def test_what_has_no_source(thing):
    with pytest.raises(TypeError):
        source(thing)
