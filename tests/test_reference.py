"""What the reference pages are made of: symbols are found in formulas, words in prose, and each file says how it was made."""

import importlib
import inspect
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from sphinx.errors import ExtensionError

import book_api
import book_notation
import book_numbers
import book_try
from tests import prose

ROOT = Path(__file__).parents[1]
ENTRIES = book_notation.read(ROOT / book_notation.LIST)

U = "<mi>u</mi>"
X = '<mover class="senet-x"><mi>x</mi><mo stretchy="false">~</mo></mover>'
KNOWN = {
    "mi(u)": book_notation.Entry("u", "Maps.", symbol="u", colour="u"),
    "mi(C)": book_notation.Entry("c-upper", "Channels.", symbol="C"),
    "mover(mi(x),mo(~))": book_notation.Entry("x", "Out.", symbol=r"\tilde x", colour="x"),
    "msub(mi(N),mi(k))": book_notation.Entry("n-k", "Blocks.", symbol="N_k"),
}


def marks(mathml: str) -> list[str]:
    return book_notation.USED.findall(book_notation.annotate(f"<math><mrow>{mathml}</mrow></math>", KNOWN))


@pytest.mark.parametrize(
    ("mathml", "found"),
    [
        (f"<msub>{U}<mi>c</mi></msub>", ["u"]),  # an index isn't part of u
        (X, ["x"]),
        (f"<msub>{X}<mi>c</mi></msub>", ["x"]),
        ("<mover><mi>x</mi><mo>ˆ</mo></mover>", []),  # x with a hat is not x with a tilde
        ("<msub><mi>N</mi><mi>k</mi></msub>", ["n-k"]),
        ("<msubsup><mi>N</mi><mi>k</mi><mn>2</mn></msubsup>", ["n-k"]),
        ("<msup><mi>C</mi><mn>2</mn></msup><mo>+</mo><mi>C</mi>", ["c-upper", "c-upper"]),
        ("<mrow><mi>u</mi></mrow>", ["u"]),
        ("<mtext>u</mtext>", []),
    ],
)
def test_symbols_are_found_in_formulas(mathml: str, found: list[str]):
    assert marks(mathml) == found


def test_a_formula_stays_what_it_was_but_for_marks_and_colours():
    inside = f'<mrow>{U}<mspace width="0.1em"></mspace><mo>&lt;</mo></mrow><annotation>u</annotation>'
    formula = f"<math><semantics>{inside}</semantics></math>"
    marked = book_notation.annotate(formula, KNOWN)
    assert marked.replace(' data-entry="u" class="senet-u"', "") == formula


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{word: gate, says: It., colur: u}", "colur is unknown"),
        ("{word: gate}", "say something"),
        ("{symbol: g, says: It.}", "below its heading"),
        ("{word: gate, says: It., colour: q}", "'q' has to be one of"),
        ("{word: gate, says: It.}\n  - {word: door, also: [gate], says: It.}", "gate is there twice"),
    ],
)
def test_a_wrong_entry_is_refused_in_words(tmp_path: Path, row: str, says: str):
    path = tmp_path / "notation.yml"
    path.write_text(f"words:\n  - {row}\n")
    with pytest.raises(ExtensionError, match=says):
        book_notation.read(path)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.id)
def test_an_entry_is_a_plain_sentence_with_a_chapter(entry: book_notation.Entry):
    assert entry.says[0].isupper() or entry.says[0] in "$0123456789"
    assert entry.says.rstrip().endswith((".", ")"))
    assert not entry.introduced or f"book/{entry.introduced}" in prose.CHAPTERS


def linked(*children: nodes.Node, also: tuple = ()) -> list[str]:
    """Ids of the entries that a chapter with this paragraph links to."""
    words = {
        "gate": book_notation.Entry("gate", "A weight.", word="gate", also=("gates",)),
        "map": book_notation.Entry("map", "A map.", word="map"),
        "feature map": book_notation.Entry("feature-map", "A map of features.", word="feature map"),
        "ReLU": book_notation.Entry("relu", "It cuts.", word="ReLU"),
    }
    doctree = nodes.section("", nodes.paragraph("", "", *children), *also)
    builder = SimpleNamespace(get_relative_uri=lambda a, b: f"{b}.html")
    env = SimpleNamespace(doc2path=lambda name: f"{name}.ipynb")
    app = SimpleNamespace(entries=words, builder=builder, env=env, translate_math=lambda latex, display: "<math/>", symbols={})
    book_notation.link_first_uses(app, doctree, "book/chapter")
    return [link["entry"] for link in doctree.findall(book_notation.entry_link)]


def test_the_first_use_of_a_word_is_a_link():
    assert linked(nodes.Text("Gates open. A gate is one of many gates, and no gateway.")) == ["gate"]
    assert linked(nodes.Text("A feature map, and another map: a relu of the ReLU.")) == ["feature-map", "map", "relu"]
    assert linked(nodes.Text("a multi-gate thing")) == []


def test_words_stay_words_where_a_link_would_be_in_the_way():
    aside = (nodes.literal("", "gate"), nodes.reference("", "gate"), nodes.emphasis("", "", nodes.reference("", "a gate")))
    for child in (*aside, book_try.try_link("", "the gate")):
        assert linked(child) == []
    assert linked(nodes.Text("none"), also=(nodes.title("", "The gate"), nodes.literal_block("", "gate"))) == []
    assert linked(nodes.emphasis("", "The gate")) == ["gate"]


# ---- how each number was made


def described(tmp_path: Path, files: dict[str, str]) -> dict[str, list[book_numbers.Origin]]:
    (tmp_path / "data" / "results").mkdir(parents=True)
    (tmp_path / "data" / "README.md").write_text("| `results/NAME.csv` | the course | by |\n| `NAME.json` | a network | by |\n")
    for name, text in files.items():
        (tmp_path / "data" / name).write_text(text)
    return book_numbers.origins(tmp_path)


def test_a_new_file_appears_by_itself(tmp_path: Path):
    network = {
        "title": "A network",
        "sha256": "f00",
        "provenance": {"command": "make it", "recipe": {"seed": 7}, "date": "2026-01-01"},
    }
    study = {"runs": [{"command": "study", "seed": seed, "machine": "m"} for seed in range(5)]}
    found = described(tmp_path, {"a.json": json.dumps(network), "results/a.csv": "x,y\n", "results/study.json": json.dumps(study)})
    (course,), (made,), (studied,) = found["Courses of training"], found["Trained networks"], found["Measurements"]
    assert (made.title, made.commands, made.seeds, made.about) == ("A network", ("make it",), "7", "a network")
    assert made.facts == {"Date": "2026-01-01", "SHA-256 of the weights": "f00"}
    assert (course.commands, course.about) == (("make it",), "the course")
    assert (studied.commands, studied.seeds, studied.facts["Machine"]) == (("study",), "0 to 4", "m")


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", "{}"), ("results/b.json", '{"command": ""}'), ("results/c.csv", "x\n1\n"), ("results/d.json", "[1, 2]")],
)
def test_a_file_without_a_command_stops_the_build(tmp_path: Path, name: str, text: str):
    with pytest.raises(ExtensionError, match=f"{name} does not say how it was made"):
        described(tmp_path, {name: text})


def test_every_recorded_file_tells_its_origin():
    for origin in (each for group in book_numbers.origins(ROOT).values() for each in group):
        assert origin.about, f"data/README.md has no row for {origin.path}"
        assert {"Date", "Versions", "Machine"} <= set(origin.facts), origin.path
        assert all(command.startswith(("python ", "make ")) for command in origin.commands), origin.commands


# ---- the package's reference


def test_every_public_name_has_a_sentence():
    """Also of what is not listed because it is imported: each module of the package is on a page by :func:`book_api.modules`."""
    bare = []
    for module in book_api.modules(ROOT):
        loaded = importlib.import_module(module)
        assert inspect.getdoc(loaded), f"{module} has no docstring"
        bare += [f"{module}.{name}" for name in book_api.own_names(module) if not inspect.getdoc(getattr(loaded, name))]
    assert bare == []


def test_the_reference_names_modules_that_exist():
    named, known = book_api.named(ROOT), book_api.modules(ROOT)
    assert set(book_api.unfold(sorted(named), named, known)) <= set(known)
    assert book_api.unfold(["sebook.none.*"], named, known) == ["sebook.none.*"]  # which the page's build refuses


def test_a_package_on_a_page_is_its_modules_that_no_page_names():
    known = ["a", "a.b", "a.c", "ab"]
    assert book_api.unfold(["ab", "a.*"], {"ab", "a.*", "a.c"}, known) == ["ab", "a", "a.b"]
