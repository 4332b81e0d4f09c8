"""The workshop's plans: every link of theirs opens the state that is meant, in the built book."""

import json
import re
import zipfile
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect

from .built import HTML

PLANS = sorted(path.name for pattern in ("workshop*.html", "recap.html") for path in (HTML / "book").glob(pattern))
ROOT = Path(__file__).parents[2]
KEY = re.compile(r"^([a-z-]+?)(?:-(\d+))?$")


def links() -> list[str]:
    found = []
    for name in PLANS:
        found += re.findall(r'<a class="senet-view[^"]*" href="([^"]+)"', (HTML / "book" / name).read_text("utf8"))
    return sorted(set(map(unescape, found)))


LINKS = links()


def test_there_are_plans_for_three_lengths():
    assert [name for name in PLANS if "-" in name] == ["workshop-180.html", "workshop-60.html", "workshop-90.html"]
    for name, minutes in (("workshop-60", 60), ("workshop-90", 90), ("workshop-180", 180), ("recap", 20)):
        text = (HTML / "book" / f"{name}.html").read_text("utf8")
        steps = [tuple(map(int, step)) for step in re.findall(r"<h2>(\d+)–(\d+) minutes", text)]
        assert [begins for begins, _ in steps] == [0, *(ends for _, ends in steps[:-1])] and steps[-1][1] == minutes
        works = re.findall(r"<h2>\d+–\d+ minutes: .+ \((alone|in pairs|together)(?:, then (?:alone|in pairs|together))?\)", text)
        assert len(works) == len(steps)
        for says in ("Ask", "Open", "Skip"):
            assert text.count(f"<strong>{says}</strong>") >= len(steps) // 2
    assert len([link for link in LINKS if "." in urlsplit(link).query]) >= 10


@pytest.mark.parametrize("page_name", sorted({urlsplit(link).path for link in LINKS}))
def test_each_link_opens_what_is_meant(page_name: str, page: Page, book_url: str):
    """The widget is alive, shows the picture that is asked for, and its own link has each setting that this one has."""
    for link in [link for link in LINKS if urlsplit(link).path == page_name]:
        page.evaluate("try { sessionStorage.clear() } catch {}")
        page.goto("about:blank")
        page.goto(f"{book_url}book/{link}")
        state, place = dict(parse_qsl(urlsplit(link).query)), urlsplit(link).fragment
        if place:
            assert page.locator(f"[id='{place}']").count() == 1, link
        keys = {name.split(".")[0] for name in state if "." in name}
        if "picture" in state and not keys:
            keys = {page.locator("figure.senet-widget[data-senet]").first.get_attribute("data-senet")}
        for key in keys:
            kind, number = KEY.match(key).groups()
            figure = page.locator(f"figure.senet-widget[data-senet='{kind}']").nth(int(number or 1) - 1)
            figure.scroll_into_view_if_needed()
            expect(figure).to_have_attribute("data-live", "true")
            own = figure.get_by_role("link", name="Link to this view")
            shown = dict(parse_qsl(urlsplit(own.get_attribute("href")).query))
            author = page.evaluate("el => JSON.parse(el.dataset.state || '{}')", figure.element_handle())
            for name, value in state.items():
                if name.startswith(f"{key}."):
                    assert shown.get(name, author.get(name.split(".", 1)[1])) == value, (link, name, shown)
            if picture := state.get(f"{key}.picture", state.get("picture")):
                expect(figure.locator(f"input[type=radio][value='{picture}']")).to_be_checked()


@pytest.mark.parametrize("name", ["student", "instructor"])
def test_the_notebooks_are_downloads_of_the_page(name: str, page: Page, book_url: str):
    """What the link gives is a zip of every chapter; solutions are in one of the two only."""
    page.goto(f"{book_url}book/workshop.html")
    with page.expect_download() as download:
        page.get_by_role("link", name=f"The {name} notebooks").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        names = [entry for entry in packed.namelist() if entry.endswith(".ipynb")]
        tags = {
            tag for entry in names for cell in json.loads(packed.read(entry))["cells"] for tag in cell["metadata"].get("tags", ())
        }
    assert len(names) == len(list((HTML / "_sources" / "book").glob("*.ipynb")))
    assert ("solution" in tags) == (name == "instructor") and "exercise-start" in tags


def test_the_kit_and_the_pdf_are_where_the_workflow_puts_them(page: Page, book_url: str):
    page.goto(f"{book_url}book/workshop.html")
    release = "https://github.com/squeeze-excite/senet-book/releases/download/materials/"
    workflow = (ROOT / ".github" / "workflows" / "pages.yml").read_text("utf8")
    for file in ("squeeze-excite-kit.zip", "squeeze-excite.pdf"):
        assert page.locator(f"a[href='{release}{file}']").count() >= 1
        assert re.search(rf"gh release upload materials .*{re.escape(file)}", workflow)


def test_before_and_after_ask_five_questions_each():
    text = (HTML / "book" / "before-and-after.html").read_text("utf8")
    asked = re.findall(r'data-question="q-(before|after)-\w+"', text)
    assert asked == ["before"] * 5 + ["after"] * 5
