"""The book's prose is honest: numbers come from code or are cited, chapters are built alike, and figures have words."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests import prose

UNITS = (
    r"%|percent|per cent|times|-?fold|points?|ms|milliseconds?|s|seconds?|minutes?|hours?|days?|[kMGT]i?B|bytes|M|million|"
    r"billion|[KMGT]?FLOPs|multiply-adds|parameters|pixels?|px|pictures|epochs|seeds"
)
VALUE = r"\d+(?:[,.]\d+)*"
QUANTITY = rf"{VALUE}(?:\s(?:and|to|or|by)\s{VALUE})?[\s-]?(?:{UNITS})(?![\w-])"
NUMBER = re.compile(rf"(?<![\w.,-])[±+−-]?(?:{QUANTITY}|\d+\.\d+(?!\w))", re.IGNORECASE)
MINUTES = re.compile(r"About \d+ minutes\b")  # how long a chapter takes, in its box
PLANNED = re.compile(r"(?:\d+–)?\d+\sminutes\b")  # of a workshop's plan
OPEN = {"ex-baseline-solution"}  # an investigation: what is found has no one right value to check
EXCEPTIONS = yaml.safe_load((prose.ROOT / "tests" / "typed_numbers.yml").read_text("utf8"))


def typed(text: str, allowed: list[str] = ()) -> list[str]:
    """Numbers of no substitution, in sentences that cite nothing; each with what is around it."""
    found = []
    for sentence in prose.sentences(text):
        if "{cite}" in sentence:
            continue
        plain = MINUTES.sub("", prose.ROLE.sub(" … ", sentence))
        for phrase in allowed:
            plain = plain.replace(phrase, " ")
        found += [plain[max(0, m.start() - 40) : m.end() + 40] for m in NUMBER.finditer(plain)]
    return found


@pytest.mark.parametrize("file", prose.PAGES)
def test_no_measurement_is_typed_in(file: str):
    """Write a number by ``glue``, let code print it, or cite it. What isn't a measurement goes to tests/typed_numbers.yml."""
    allowed = [row["phrase"] for row in EXCEPTIONS if f"book/{row['file']}" == file]
    text = prose.markdown(file)
    assert typed(PLANNED.sub("", text) if file.startswith(("book/workshop", "book/recap")) else text, allowed) == []


@pytest.mark.parametrize("row", EXCEPTIONS, ids=lambda row: row["phrase"])
def test_exceptions_are_needed_and_have_a_reason(row: dict):
    assert row["reason"]
    text = " ".join(prose.paragraphs(prose.markdown(f"book/{row['file']}")))
    assert row["phrase"] in text, "it is gone: take the exception out"
    assert NUMBER.search(row["phrase"]), "it would pass without an exception"


@pytest.mark.parametrize(
    "text",
    [
        "It reached 88.1 % in the end.",
        "It took 3 times as long.",
        "- a list: 12 ms\n- another",
        "| a | 2.54 M |\n|---|---|",
        "```{question} Is it 7 points?\n- [x] Yes :: so.\n```",
        "between 3 and 4 seconds",
        "a share of 0.87",
        "64-pixel pictures, 5-fold",
        "Errors fall to 22.28 % {cite}`hu2020` (table 10). Ours fall by 7 %.",  # a citation answers for its own sentence
        "Ours fall by 7 %! The paper's {cite}`hu2020` also fall.",
    ],
)
def test_the_finder_finds(text: str):
    assert typed(text)
    assert typed(f"Before.\n\n{text}\n\nBehind.")


@pytest.mark.parametrize(
    "text",
    [
        "It reached {glue:text}`accuracy` of the time.",
        "Errors of 22.28 % {cite}`hu2020` (table 10).",
        "An error of 6.37 % (see e.g. table 4, i.e. that of {cite}`hu2020`). So be it.",
        "```python\nx = 0.5  # 88.1 %\n```",
        "$r = 0.5$ and `0.5 s`, [a link](x-2.5.html)",
        "Three of four. A 3x3 kernel, 1x1 convolutions, ResNet-50, CIFAR-10, chapter 3.",
        "About 20 minutes. You should know a lot.",
    ],
)
def test_the_finder_leaves_alone(text: str):
    assert typed(text) == []


@given(st.floats(0, 1e6, allow_nan=False), st.sampled_from(["%", "ms", "points", "times", "MB", "seconds"]))
def test_any_number_with_a_unit_is_found(number: float, unit: str):
    assert typed(f"It came to {number:,.2f} {unit}, all in all.")


@pytest.mark.parametrize("file", prose.CHAPTERS)
def test_a_chapter_opens_with_what_it_gives(file: str):
    """A box: what a reader can do afterwards (at least two things), how long it takes, what to know before."""
    text = prose.markdown(file)
    box = re.search(r"^(:{3,}|`{3,})\{admonition\} After this chapter you can\n(.*?)^\1", text, re.MULTILINE | re.DOTALL)
    assert box, "no box 'After this chapter you can'"
    assert len(re.findall(r"^- ", box[2], re.MULTILINE)) >= 2
    assert MINUTES.search(box[2]) and re.search(r"\bYou should (know|have read)\b", box[2])
    assert text.index(box[0]) < text.index("\n## "), "it comes before the first section"


@pytest.mark.parametrize("file", prose.CHAPTERS)
def test_a_chapter_ends_with_exercises(file: str):
    """Below its heading Exercises: four to seven things to do, of which two to four are coded, and one to three are questions.

    Questions ask for recall and answer in the page; what is coded is checked in the kernel.
    """
    before, found, below = prose.markdown(file).partition("\n## Exercises")
    assert found, "no heading '## Exercises'"
    asked = re.findall(r"^```\{(question|exercise)\}", below, re.MULTILINE)
    assert 4 <= len(asked) <= 7
    assert 2 <= asked.count("exercise") <= 4
    assert 1 <= asked.count("question") <= 3
    assert "```{exercise}" not in before and "{dropdown} Solution" not in before, "exercises come at the end"


@pytest.mark.parametrize("file", prose.CHAPTERS)
def test_every_exercise_has_a_start_a_hint_and_a_checked_solution(file: str):
    cells = prose.cells(file)
    tags = [set(cell.metadata.get("tags", ())) for cell in cells]
    asked = sum(cell.source.count("```{exercise}") for cell in cells if cell.cell_type == "markdown")
    hints = sum(cell.source.count("```{hint}") for cell in cells if cell.cell_type == "markdown")
    starts = [i for i, each in enumerate(tags) if "exercise-start" in each]
    solutions = [i for i, each in enumerate(tags) if "solution" in each]
    assert asked == len(starts) == len(solutions) <= hints
    for start, solution in zip(starts, solutions, strict=True):
        assert start < solution
        checked = re.search(r"^checks\.\w+\(", cells[solution].source, re.MULTILINE)
        assert checked or cells[solution].id in OPEN, cells[solution].source


@pytest.mark.parametrize("file", prose.PAGES)
def test_a_picture_in_the_text_has_words(file: str):
    text = prose.markdown(file)
    assert re.findall(r"!\[\s*\]\([^)]*\)", text) == []
    for directive in re.findall(r"^`{3,}\{(?:image|figure)\}.*?^`{3,}", text, re.MULTILINE | re.DOTALL):
        assert re.search(r"^:alt: \S", directive, re.MULTILINE), directive
    assert not re.search(r"<img(?![^>]*\balt=\"[^\"]+\")[^>]*>", text)
