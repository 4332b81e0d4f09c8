"""The same in Debian's Firefox: the landing page and two chapters as pages, and a network that runs in one.

What is on these two chapters is tested there by their own tests: see IN_FIREFOX in conftest.py.
"""

import pytest
from playwright.sync_api import Page

from . import test_pages
from .conftest import Guard
from .live import runs
from .shallow_deep import CHAPTER, Widget

pytestmark = pytest.mark.parametrize("browser", ["firefox"], indirect=True, scope="session")


@pytest.mark.parametrize("path", ["book/index.html", "book/excitation.html", "book/rescale.html"])
def test_the_same_pages(path: str, page: Page, book_prefix_url: str):
    """Whole, light, within their policy, axe at rest and in use, and by keyboard alone."""
    test_pages.test_on_a_desk(path, page, book_prefix_url)


def test_a_network_runs(page: Page, book_url: str):
    """Worker and WebAssembly under the page's policy, and a picture of the reader's own."""
    widget = Widget(page, book_url + CHAPTER)
    runs(widget)


def test_the_guard_sees(page: Page, guard: Guard, book_url: str):
    guard.allow("Same Origin Policy")  # Firefox tells of the request to elsewhere a second time, in words of its own
    test_pages.test_the_guard_sees(page, guard, book_url)
