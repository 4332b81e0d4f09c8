"""The rules of the widgets' fields: the front end's tests hold to the same ones, and each refuses in words."""

import inspect
import json
from pathlib import Path

import pytest
import traitlets

from sebook import widgets
from sebook.widgets.fields import Flag, Number, One, Several, ViewError, Whole
from sebook.widgets.sets import Set
from sebook.widgets.view import View

RULES = Path(__file__).parents[1] / "frontend" / "test" / "rules.json"
KEYS = {"ShallowDeep": "shallow-deep"}


def test_the_front_end_is_tested_with_these_rules():
    """Where this fails: ``python -m tests.test_fields`` writes the file again."""
    assert RULES.read_text("utf8") == written()


def test_every_choice_of_a_reader_is_a_field():
    for name in widgets.__all__:
        kind = getattr(widgets, name)
        synced = {trait for trait in kind.class_own_traits(sync=True) if not trait.startswith("_")}
        assert synced - set(kind.fields()) <= {"small"}, name


def test_a_default_is_the_fields_alone():
    """A widget's call leaves a choice at None, and the field says what it is then."""
    for name in widgets.__all__:
        kind = getattr(widgets, name)
        given = inspect.signature(kind.__init__).parameters
        twice = [each for each in kind.fields() if each in given and given[each].default not in (None, inspect.Parameter.empty)]
        assert twice == [], name


class Shelf(View):
    """Boxes on two floors, and how many things are in each."""

    floor = One(Set("floors"), unlike="is not in this house")
    box = One(Set("boxes"), by="floor", last=True)
    thing = Whole(None, below=Set("things"), by=("floor", "box"), none=True)
    held = Whole(None, below=Set("things"), by=("floor", "box"), none=True, bound=True)
    some = Several(Set("names"), most=2)
    light = Flag(False)
    warmth = Number(0.5, low=0, high=1)

    known = {
        "floors": ["low", "high"],
        "boxes": {"low": [{"name": "a"}, {"name": "b"}], "high": ["c"]},
        "things": {"low": {"a": 3, "b": 5}, "high": {"c": 4}},
        "names": {"x": 1, "y": 2, "z": 3},
    }

    def __init__(self, **wanted) -> None:
        super().__init__()
        self.choose(**wanted)


def test_what_is_not_given_is_at_its_start():
    shelf = Shelf()
    assert (shelf.floor, shelf.box, shelf.thing, shelf.some) == ("low", "b", None, ["x", "y"])
    assert (shelf.light, shelf.warmth) == (False, 0.5)


def test_a_value_stays_where_it_is_possible_and_one_that_is_bound_does_not():
    shelf = Shelf(box="a", thing=2, held=2)
    shelf.box = "b"
    assert (shelf.thing, shelf.held) == (2, None)
    shelf.thing = 4
    shelf.floor = "high"
    assert (shelf.box, shelf.thing) == ("c", None)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("floor", "attic", "floor='attic' is not in this house: choose one of 'low', 'high'"),
        ("box", "c", "box='c' is unknown: choose one of 'a', 'b'"),
        ("thing", 5, "thing=5 is not in b: choose 0 to 4, or None"),
        ("thing", True, "thing=True"),
        ("some", ["x", "x"], "choose at most 2, each once"),
        ("some", ["w"], "some='w' is not there: choose one of 'x', 'y', 'z'"),
        ("light", "on", "choose True or False"),
        ("warmth", 2.0, "warmth=2.0 is too far: choose 0 to 1"),
        ("box", None, "box=None"),
    ],
)
def test_what_is_not_possible_is_refused_in_words(name, value, says):
    shelf = Shelf()
    with pytest.raises(ViewError) as refused:
        setattr(shelf, name, value)
    assert says in str(refused.value)
    assert getattr(shelf, name) == getattr(Shelf(), name)


def test_values_that_come_together_are_checked_together():
    shelf = Shelf()
    with shelf.hold_trait_notifications():
        shelf.box, shelf.floor = "c", "high"
    assert (shelf.floor, shelf.box) == ("high", "c")
    with pytest.raises(traitlets.TraitError), shelf.hold_trait_notifications():
        shelf.box, shelf.floor = "a", "high"


def test_a_name_that_is_no_field_is_refused():
    with pytest.raises(TypeError, match="Shelf has no 'flor': its choices are floor, box"):
        Shelf(flor="low")


def rules() -> dict[str, dict]:
    return {KEYS.get(name, name.lower()): getattr(widgets, name).rules() for name in sorted(widgets.__all__)}


def written() -> str:
    """A field a line."""
    tables = []
    for widget, table in rules().items():
        lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(rule)}" for name, rule in table.items())
        tables.append(f"  {json.dumps(widget)}: {{\n{lines}\n  }}")
    return "{\n" + ",\n".join(tables) + "\n}\n"


def test_none_comes_with_other_traits_as_well():
    """As a notebook's page sends them: a channel that is let go, together with the block that is now in view."""
    widget = widgets.ShallowDeep("se_resnet_patchwork", deep="layer2.0.se")
    widget.deep_channel = 3
    widget.set_state({"picture": 7, "deep": "layer3.0.se", "deep_channel": None, "compare": "all"})
    assert (widget.picture, widget.deep, widget.deep_channel, widget.compare) == (7, "layer3.0.se", None, "all")


if __name__ == "__main__":
    RULES.write_text(written(), encoding="utf8")
