"""Self-checks: right answers in many styles pass, each misconception is named, and nothing that a learner writes breaks a check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sebook import checks

from .answers import block, explorer, inside, recorded, shipping, slips, wild

TABLES = (block, explorer, inside, recorded, shipping, slips, wild)
RIGHT = [row for table in TABLES for row in table.RIGHT]
WRONG = [row for table in TABLES for row in table.WRONG]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_right_in_any_style(check, answer):
    verdict = check(answer)
    assert verdict, verdict.hint
    assert repr(verdict).startswith("Right. ")


@pytest.mark.parametrize(("check", "answer", "words"), WRONG)
def test_misconceptions_are_named(check, answer, words):
    """The check does not find the answer right, and its hint has these words."""
    verdict = check(answer)
    assert not verdict
    assert words in verdict.hint, verdict.hint


def test_every_check_names_three_misconceptions():
    """By hints that differ."""
    told: dict[str, set[str]] = {name: set() for name in checks.__all__ if name != "Verdict"}
    for check, _, hint in WRONG:
        told[check.__name__].add(hint)
    assert {name: len(hints) for name, hints in told.items() if len(hints) < 3} == {}


@given(st.sampled_from(checks.__all__[1:]), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.floats())))
def test_nothing_that_is_no_answer_breaks_a_check(name, answer):
    verdict = getattr(checks, name)(answer)
    if not (name == "open_gates" and verdict):
        assert not verdict and verdict.hint


@given(
    st.sampled_from([n for n in checks.__all__[1:] if n not in ("open_gates", "blind_to_grey", "last_stage")]),
    st.sampled_from([ValueError, KeyError, ZeroDivisionError]),
)
def test_what_a_learners_code_raises_is_told_and_not_raised(name, error):
    def fails(*arguments):
        raise error("this line")

    verdict = getattr(checks, name)(fails)
    assert not verdict
    assert "this line" in verdict.hint or name == "insert"
