"""Prose that drives a widget: every link of the book, followed; the way back; without a script; and what the build refuses."""

import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from sphinx.application import Sphinx
from sphinx.util.console import strip_escape_sequences

from .built import HTML
from .conftest import DESKTOP, PHONE, arrive, without_scripts
from .live import READY
from .shallow_deep import dots
from .visits import axe, settle

EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"
CHAPTER = "book/shallow-and-deep.html"
LINK = re.compile(r'<a class="[^"]*\bsenet-try\b[^>]* data-try=')


def pages() -> list[str]:
    found = [path for path in sorted(HTML.rglob("*.html")) if LINK.search(path.read_text("utf8"))]
    return [path.relative_to(HTML).as_posix() for path in found]


def bar(page: Page) -> Locator:
    return page.get_by_role("group", name="The way back")


def state(figure: Locator) -> dict[str, list[str]]:
    return parse_qs(urlsplit(figure.get_by_role("link", name="Link to this view").get_attribute("href")).query)


@pytest.mark.parametrize("path", pages())
def test_every_try_is_taken_as_it_is_written(page: Page, book_url: str, path: str):
    """The widget's own address afterwards holds what the link asked for, or leaves it out where it is as at the start."""
    page.emulate_media(reduced_motion="reduce")
    arrive(page, book_url + path)
    links = page.locator("a.senet-try[data-try]")
    assert links.count() > 0
    for link in links.all():
        figure = page.locator(f"figure#{link.get_attribute('data-try')}")
        wanted = parse_qs(urlsplit(link.get_attribute("href")).query)
        link.click()
        expect(figure).to_have_attribute("data-live", "true")
        page.wait_for_function("(e) => !e.querySelector('[aria-busy=true]')", arg=figure.element_handle())
        initial = figure.evaluate("(e) => JSON.parse(e.dataset.state)")
        usual = {re.sub(r"[A-Z]", lambda c: f"-{c[0].lower()}", name): str(value) for name, value in initial.items()}
        try:
            page.wait_for_function(
                """([e, wanted, usual]) => {
                    const now = new URL([...e.querySelectorAll("a")].find((a) => /Link/.test(a.textContent)).href).searchParams;
                    const shown = (name) => now.get(name) ?? usual[name.split(".").at(-1)];
                    return Object.entries(wanted).every(([name, [value]]) => shown(name) === value);
                }""",
                arg=[figure.element_handle(), wanted, usual],
            )
        except Exception as error:
            raise AssertionError(f"{path}: {link.inner_text()!r} wants {wanted}, and the widget shows {state(figure)}") from error
        expect(figure).to_be_in_viewport()
        assert page.evaluate("document.activeElement.id") == link.get_attribute("data-try")


def test_there_and_back(page: Page, book_url: str):
    """By keys alone: the state, the place and the focus are as they were."""
    page.emulate_media(reduced_motion="reduce")
    arrive(page, book_url + CHAPTER)
    figure = page.locator("figure#shallow-deep")
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-live", "true")
    figure.get_by_label("Order channels by").select_option("excitation")
    before = state(figure)
    link = page.get_by_role("link", name="choose a night")
    link.scroll_into_view_if_needed()
    link.focus()
    top = link.bounding_box()["y"]
    link.press("Enter")
    expect(figure.get_by_role("radio", name="night 1", exact=True)).to_be_checked()
    expect(page.get_by_role("status").filter(has_text="Shown in the figure: choose a night")).to_have_count(1)
    expect(figure).to_be_focused()
    assert "picture=night-1" in page.url or page.wait_for_url("**picture=night-1**") is None
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Back to the text")).to_be_focused()
    page.keyboard.press("Enter")
    expect(link).to_be_focused()
    expect(bar(page)).to_have_count(0)
    assert link.bounding_box()["y"] == pytest.approx(top, abs=2)
    expect(figure.get_by_role("radio", name="disc 1", exact=True)).to_be_checked()
    assert state(figure) == before


def test_a_second_try_comes_back_to_what_was_before_the_first(page: Page, book_url: str):
    page.emulate_media(reduced_motion="reduce")
    arrive(page, book_url + CHAPTER)
    figure = page.locator("figure#profiles")
    page.get_by_role("link", name="the middle one").click()  # the widget may still be asleep
    expect(figure.get_by_label("Block", exact=True)).to_have_value("layer2.0.se")
    page.get_by_role("link", name="the last", exact=True).click()
    expect(figure.get_by_label("Block", exact=True)).to_have_value("layer3.0.se")
    expect(bar(page)).to_have_count(1)
    page.get_by_role("button", name="Back to the text").click()
    expect(figure.get_by_label("Block", exact=True)).to_have_value("layer1.0.se")
    page.get_by_role("link", name="the last", exact=True).click()
    page.get_by_role("button", name="Stay here").click()
    expect(bar(page)).to_have_count(0)
    expect(figure.get_by_label("Block", exact=True)).to_have_value("layer3.0.se")


def test_a_gate_switched_off_by_prose_is_switched_off_in_the_network(page: Page, book_url: str):
    arrive(page, book_url + CHAPTER)
    page.get_by_role("link", name="Switch channel 35 of the last block off").click()
    figure = page.locator("figure#shallow-deep-2")
    expect(figure.locator(".senet-hand-line")).to_contain_text("1 gate is set by hand: cat goes from")
    assert dots(figure.locator("[data-side=deep]"))[35]["value"] == 0
    page.get_by_role("button", name="Back to the text").click()
    expect(figure.locator(".senet-hand-line")).to_have_text("All gates are the network’s own.")


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", PHONE)])
def test_the_way_back_is_for_everybody(page: Page, book_url: str, viewport: dict[str, int]):
    arrive(page, book_url + "book/rescale.html")
    page.locator("a.senet-try").first.click()
    expect(bar(page)).to_be_visible()
    box = bar(page).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= viewport["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    axe(page)


@pytest.mark.parametrize(
    ("viewport", "path", "name", "seen"),
    [
        ({"width": 1280, "height": 720}, CHAPTER, "another disc", ".senet-plot"),
        (PHONE, CHAPTER, "another disc", ".senet-plot"),
        (PHONE, "book/index.html", "close one gate for the kingfisher", ".senet-handle"),
        (PHONE, "book/index.html", "show a trained network a dog", ".senet-handle"),
        ({"width": 1280, "height": 720}, "book/index.html", "show a trained network a dog", ".senet-handle"),
    ],
)
def test_the_chart_that_a_link_is_about_is_in_view(page: Page, book_url: str, path: str, name: str, seen: str):
    """Whole, and above the card with the way back."""
    arrive(page, book_url + path)
    page.get_by_role("link", name=name, exact=True).first.click()
    chart = page.locator("figure[data-senet]").first.locator(seen).first
    expect(chart).to_be_visible()
    card = bar(page).bounding_box()
    lowest = card["y"] if page.viewport_size["width"] < 500 else page.viewport_size["height"]
    page.wait_for_function("([e, lowest]) => e.getBoundingClientRect().bottom <= lowest", arg=[chart.element_handle(), lowest])
    assert chart.bounding_box()["y"] > 0


@pytest.mark.parametrize("viewport", [{"width": 360, "height": 800}, PHONE])
def test_on_a_phone_the_chart_stays_while_its_gate_moves(page: Page, book_url: str):
    """What the closed gate did takes three lines there; with none closed there is one."""
    arrive(page, book_url + "book/index.html")
    page.get_by_role("link", name="close one gate for the kingfisher", exact=True).click()
    explorer = page.locator("figure#explorer")
    said, plot = explorer.locator(".senet-under-way span"), explorer.locator(".senet-plot")
    expect(said).to_contain_text("now taken for airplane")
    down = "e => e.getBoundingClientRect().top - e.closest('.senet-stage').getBoundingClientRect().top"
    before = plot.evaluate(down)
    plot.press("Control+z")
    expect(said).to_have_text("Drag a dot: the answer follows.")
    assert plot.evaluate(down) == pytest.approx(before, abs=0.5)


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 720}, PHONE])
def test_the_first_dot_that_a_reader_drags_changes_the_answer(page: Page, book_url: str):
    """As the card says: down to 0, in one motion."""
    arrive(page, book_url + "book/index.html")
    page.get_by_role("link", name="show a trained network a dog").click()
    explorer = page.locator("figure#explorer")
    handle = explorer.locator(".senet-handle")
    expect(explorer.locator(".senet-title")).to_have_text("a German shepherd")
    expect(bar(page)).to_contain_text("ringed dot")
    settle(page)
    dot = handle.bounding_box()
    x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 400, steps=5)
    page.mouse.up()
    expect(explorer.locator(".senet-product")).to_contain_text("× 0.00 =", timeout=READY)
    expect(explorer.locator(".senet-under-way")).to_contain_text("now taken for horse", timeout=READY)


@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}, PHONE])
def test_on_a_phone_the_bars_that_the_tour_speaks_of_are_in_view(page: Page, book_url: str):
    arrive(page, book_url + "book/index.html")
    page.get_by_role("link", name="close one gate for the kingfisher", exact=True).click()
    explorer = page.locator("figure#explorer")
    expect(explorer.locator(".senet-under-way span")).to_contain_text("airplane")
    above, strips, bars = (explorer.locator(f".senet-{part}").first.bounding_box() for part in ("prediction", "ink-columns", "bar"))
    assert above["y"] + above["height"] <= strips["y"]  # all of the ribbon, not its lower half alone
    assert bars["y"] + bars["height"] < bar(page).bounding_box()["y"]


@pytest.mark.parametrize("address", ["book/shallow-and-deep.html?picture=disc-1", "book/explorer.html?picture=a-kingfisher"])
def test_a_picture_in_the_address_leads_to_the_widget_that_shows_it(page: Page, book_url: str, address: str):
    """As the workshop's plans have it."""
    arrive(page, book_url + address)
    expect(page.locator("figure[data-network] .senet-answer").first).to_be_in_viewport()


@pytest.mark.parametrize(
    ("address", "key", "first"),
    [
        ("training.html?train.recipe=quick#train-it-in-this-page", "train", "button"),
        ("shallow-and-deep.html?picture=a-cup-of-coffee#a-hundred-classes", "shallow-deep-3", ".senet-title"),
    ],
)
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_a_section_and_a_view_in_the_address_lead_to_the_widget_in_it(
    page: Page, book_url: str, address: str, key: str, first: str
):
    """As the workshop's plans have them: the section's heading is a screen above its widget."""
    arrive(page, f"{book_url}book/{address}")
    expect(page.locator(f"figure#{key}").locator(first).first).to_be_in_viewport()


def test_a_section_whose_widgets_the_address_does_not_set_is_where_it_leads(page: Page, book_url: str):
    arrive(page, book_url + "book/shallow-and-deep.html?profiles.measure=probe#a-hundred-classes")
    expect(page.get_by_role("heading", name="A hundred classes")).to_be_in_viewport()


@without_scripts
def test_without_a_script_it_is_a_link(page: Page, book_url: str):
    page.goto(book_url + "book/rescale.html")
    page.locator("a.senet-try").first.click()
    assert page.url == book_url + "book/rescale.html?rescale.channel=11&rescale.gates=11%3A0#rescale"
    expect(page.locator("figure#rescale")).to_be_in_viewport()


def figure(kind: str, state: dict, more: str = "") -> str:
    return f'<figure class="senet-widget" data-senet="{kind}"{more} data-state="{html.escape(json.dumps(state))}"></figure>'


FIGURES = "\n\n".join(
    [
        "# A page",
        figure("shallow-deep", {"picture": 0, "deepChannel": None}, ' data-network="n"'),
        figure("cost", {"network": "a"}),
        figure("cost", {"network": "a"}),
        "",
    ]
)


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, **pages: str) -> tuple[str, str]:
    """A book of these pages; the HTML of ``index``, and the warnings."""
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    source, out, log = folder / "source", folder / "out", folder / "log"
    source.mkdir()
    for name, text in pages.items():
        (source / f"{name}.md").write_text(text)
    (source / "conf.py").write_text('extensions = ["myst_parser", "book_try"]\nsuppress_warnings = ["toc"]\n')
    with log.open("w") as warnings:
        Sphinx(source, source, out, folder / "trees", "html", status=None, warning=warnings).build()
    return (out / "index.html").read_text("utf8"), strip_escape_sequences(log.read_text())


def test_the_role_writes_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text, warnings = built(
        tmp_path,
        monkeypatch,
        index=FIGURES + '{try}`one <shallow-deep: picture=cat-1 deep-channel=3>` {try}`two <cost-2: network="a b">` '
        "{try}`three <other#cost: network=x>`",
        other=FIGURES,
    )
    assert [line for line in warnings.splitlines() if "try" in line] == []
    assert 'data-try="shallow-deep" href="index.html?picture=cat-1&amp;shallow-deep.deep-channel=3#shallow-deep">one</a>' in text
    assert 'data-try="cost-2" href="index.html?cost-2.network=a+b#cost-2">two</a>' in text
    assert 'href="other.html?cost.network=x#cost">three</a>' in text
    assert re.findall(r'<figure id="([\w-]+)"', text) == ["shallow-deep", "cost", "cost-2"]


@pytest.mark.parametrize(
    ("written", "warned"),
    [
        ("<squeeze: picture=cat-1>", "there is no widget 'squeeze' in index, which has shallow-deep, cost, cost-2"),
        ("<cost-3: network=a>", "there is no widget 'cost-3'"),
        ("<elsewhere#cost: network=a>", "there is no widget 'cost' in elsewhere, which has none"),
        ("<cost: netwrok=a>", "cost cannot set netwrok: it sets network"),
        ("<cost network=a>", "has to look like"),
        ("<cost: network>", "has to look like"),
        ('<cost: network="a>', "has to look like"),
    ],
)
def test_what_the_build_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, warned: str):
    _, warnings = built(tmp_path, monkeypatch, index=f"{FIGURES}{{try}}`a text {written}`")
    assert warned in warnings
