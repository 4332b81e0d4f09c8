"""The directive that links a step's formula, code and figure: what it writes, and what it refuses."""

import pytest

from tests.test_exercises import built

BOX = """:::{linked} Squeeze
:figure: squeeze
:u: u, U | (N, C) | the maps
:mean: mean | | over all pixels

Text.
:::

```python
z = u.mean((2, 3)) - u2
```
"""


def pages(tmp_path, **texts: str) -> tuple[dict[str, str], str]:
    return built(tmp_path, extensions=("book_linked",), **texts)


def test_names_in_code_are_marked_within_the_section_only(tmp_path):
    text = f"## One\n\n{BOX}\n## Two\n\n```python\nu.mean()\n```\n"
    found, warnings = pages(tmp_path, page=text)
    assert not warnings
    one, two = found["page"].split("<h2>Two")
    assert '<span class="n senet-u">u</span>' in one and '<span class="n senet-is-mean">mean</span>' in one
    assert 'senet-u">u2' not in one and '<span class="n">z</span>' in one
    assert "senet-u" not in two and "senet-step" in one and "senet-step" not in two
    assert one.count('data-symbol="u"') == 1 and "<svg" in one
    assert "<button" not in one and "linked.js" in found["page"]


def test_pages_without_a_step_load_nothing_of_it(tmp_path):
    found, _ = pages(tmp_path, page="```python\nu = 1\n```")
    assert "linked.js" not in found["page"] and "linked.css" not in found["page"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOX.replace(":figure: squeeze", ":figure: cube"), "cube is unknown"),
        (BOX.replace(" | the maps", ""), "has to be 'names in code"),
        (BOX.replace(":u: u, U | (N, C) | the maps\n", "").replace(":mean: mean | | over all pixels\n", ""), "no symbol is named"),
    ],
)
def test_what_it_refuses(tmp_path, text, says):
    _, warnings = pages(tmp_path, page=text)
    assert says in warnings
