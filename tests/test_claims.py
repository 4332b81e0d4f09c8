"""Words about a shipped network are as true as numbers.

Every claim of tests/claims.yml is in its page and holds of the data; every sentence of these pages
that compares without a number is such a claim.
"""

import re

import pytest
import yaml

from tests import prose, recorded

CLAIMS = yaml.safe_load((prose.ROOT / "tests" / "claims.yml").read_text("utf8"))
PAGES = (
    "index",
    "convolution",
    "squeeze",
    "explorer",
    "shallow-and-deep",
    "which-gates-matter",
    "what-if",
    "training",
    "wild",
    "frozen",
    "int8",
    "what-became",
)
TELLING = re.compile(
    r"\b(most|nearly|almost|hardly|flat|saturate[sd]?|always|furthest|least|climbs?|largest|"
    r"far ahead|close together|far apart|largely|twice|(?:all|none of the) three networks)\b",
    re.IGNORECASE,
)
ASKED = re.compile(
    r"^(`{3,}|:{3,})\{(?:question|exercise|hint|dropdown|admonition)\}.*?^\1$",
    re.MULTILINE | re.DOTALL,
)


def one_line(text: str) -> str:
    return " ".join(text.split())


def comparisons(text: str) -> list[str]:
    """Sentences with a telling word, less questions, citations and what is asked of the reader."""
    told = [s for s in prose.sentences(ASKED.sub("", text)) if "{cite}" not in s and "?" not in s]
    return [sentence for sentence in told if TELLING.search(prose.ROLE.sub("", sentence))]


@pytest.mark.parametrize("row", CLAIMS, ids=lambda row: f"{row['file']}: {row['says']}")
def test_a_claim_is_in_its_page_and_holds(row: dict):
    page = one_line(prose.markdown(f"book/{row['file']}"))
    assert one_line(row["says"]) in page, "the sentence is gone: remove its row"
    if "general" in row:
        assert row["general"]
    else:
        assert eval(row["holds"], dict(recorded.NAMES)), f"no longer true: {row['holds']}"


@pytest.mark.parametrize("page", PAGES)
def test_every_comparison_is_a_claim(page: str):
    """Add a new one to tests/claims.yml, with what makes it true of the network's files."""
    claims = [row["says"] for row in CLAIMS if row["file"] == page]
    listed = [sentence for words in claims for sentence in prose.sentences(words)]
    found = comparisons(prose.markdown(f"book/{page}"))
    assert [sentence for sentence in found if not any(words in sentence for words in listed)] == []


@pytest.mark.parametrize(
    "text",
    [
        "In the last block most gates are open.",
        "- Gates hardly move.\n",
        "| a | it is largest |\n|---|---|",
    ],
)
def test_the_finder_finds(text: str):
    assert comparisons(text)


@pytest.mark.parametrize(
    "text",
    [
        "Which moves most?",
        "The paper's saturate {cite}`hu2020`.",
        "```{hint}\nThe largest.\n```",
        "`most`",
    ],
)
def test_the_finder_leaves_alone(text: str):
    assert comparisons(text) == []
