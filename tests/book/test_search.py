"""The book's search: a chapter, and a section by the words of its title."""

import pytest
from playwright.sync_api import Page, expect


def test_the_search_finds_a_chapter(page: Page, book_url: str):
    page.goto(book_url + "search.html?q=shallow")
    page.locator("#search-results li a").first.wait_for()
    assert page.locator("#search-results li a[href*='shallow-and-deep']").count() >= 1


@pytest.mark.parametrize(
    ("query", "section"),
    [
        ("photographs same", "The same on photographs"),
        ("three questions", "Three questions"),
        ("python same", "The same in Python"),
    ],
)
def test_the_search_leads_to_a_section(page: Page, book_url: str, query: str, section: str):
    """By the words of its title, in any order, and the link leads to it."""
    page.goto(f"{book_url}search.html?q={query}")
    link = page.locator("#search-results li a", has_text=f"> {section}").first
    link.wait_for()
    link.click()
    page.wait_for_url("**/*.html*#*")
    anchor = page.evaluate("decodeURIComponent(location.hash.slice(1))")
    expect(page.locator(f"[id='{anchor}']").locator("h2, h3").first).to_contain_text(section)
