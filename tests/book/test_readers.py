"""Fifty readers at once on the plainest server there is: only files are asked for, and only what a reader asked for."""

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .built import HTML
from .visits import FIGURES, enliven, use

READERS = 50
PAGES = ("book/index.html", "book/excitation.html", "book/shallow-and-deep.html")


class Server:
    """`python -m http.server`, and what it writes down about those who ask."""

    def __init__(self, log: Path) -> None:
        self.log = log
        command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", HTML]
        with log.open("w") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file)
        for _ in range(300):
            if found := re.search(r"port (\d+)", log.read_text()):
                break
            time.sleep(0.1)
        self.url = f"http://127.0.0.1:{found[1]}/"

    def asked(self) -> list[tuple[str, str, int]]:
        """(method, path, status) of each request, oldest first."""
        return [
            (method, path, int(status))
            for method, path, status in re.findall(r'"(\S+) (\S+) HTTP/\S+" (\d+)', self.log.read_text())
        ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "log")
    yield server
    server.process.terminate()
    server.process.wait()


def read(page: Page, url: str) -> None:
    """As a reader does: the page, to its end, with every control of every widget."""
    page.goto(url)
    enliven(page)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_asked_for_after_loading(path: str, browser: Browser, server: Server):
    """Files only; and the recorded widgets answer without asking: what comes next, a reader asks for by a button that says so."""
    context = browser.new_context()
    page = context.new_page()
    read(page, server.url + path)
    asked = server.asked()
    assert {(method, status) for method, _, status in asked} == {("GET", 200)}
    for _, target, _ in asked:
        assert (HTML / unquote(urlsplit(target).path).lstrip("/")).is_file(), target
    assert use(page) or not page.locator(FIGURES).count()
    page.wait_for_timeout(1500)
    # Another network, where a reader chose one, brings its own records, and a picture its photograph; nothing else is asked for.
    chosen, asked = server.asked()[len(asked) :], server.asked()
    photographs = [path for _, path, status in chosen if re.search(r"/gallery/photographs/[\w-]+\.webp$", path) and status == 200]
    chosen = [each for each in chosen if each[1] not in photographs]
    assert len(photographs) <= page.locator(f"{FIGURES} :is(select, fieldset)").count()
    assert all(re.search(r"^/_static/senet/(gallery|profiles)/\w+\.js", path) and status == 200 for _, path, status in chosen)
    assert len(chosen) <= page.locator(f"{FIGURES} select").count()
    if (run := page.get_by_role("button", name=re.compile("^Run the network in this page"))).count():
        run.first.click()
        expect(page.locator(".senet-own").first).to_have_attribute("data-engine", "ready")
        new = server.asked()[len(asked) :]
        assert new
        assert all(method == "GET" and status == 200 and "/_static/senet/live/" in target for method, target, status in new)
    context.close()


def test_fifty_at_once(browser: Browser, server: Server):
    """One reader's requests, by fifty at the same time: every file comes whole. A server can't tell them from fifty browsers."""
    context = browser.new_context()
    read(context.new_page(), server.url + PAGES[1])
    context.close()
    paths = list(dict.fromkeys(path for _, path, _ in server.asked()))
    whole = {path: (HTML / unquote(urlsplit(path).path).lstrip("/")).stat().st_size for path in paths}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def reader(_: int) -> list[str]:
        wrong = []
        for path in paths:
            with opener.open(server.url.rstrip("/") + path, timeout=60) as answer:
                if answer.status != 200 or len(answer.read()) != whole[path]:
                    wrong.append(path)
        return wrong

    before = len(server.asked())
    with ThreadPoolExecutor(READERS) as pool:
        assert [wrong for wrong in pool.map(reader, range(READERS)) if wrong] == []
    assert len(server.asked()) - before == READERS * len(paths)
