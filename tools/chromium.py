"""Start a Chromium, for the tests of the built book; `python tools/chromium.py --install` gets one where there is none.

Looked for in this order: $CHROMIUM, the system's headless shell, Playwright's, the system's whole browser, Playwright's. A
candidate counts only once it has opened a page: a browser that is packed as a snap, say, is in PATH and yet can't be driven.

The headless shell is the same engine without a browser's windows. A whole Chromium opens one for each test, toolbar and tabs
included, although nobody sees it, which takes two to three times the processor time of opening the page.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Nothing that a browser asks on its own account may look like a request of the book's.
FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-quic", "--disable-component-update"]
FLAGS += ["--use-fake-device-for-media-stream"]  # no test looks through a real camera
HELP = """No Chromium starts on this machine, and none could be installed. What was tried:
{tried}
Install Chromium or Chrome by your system's own means, or set CHROMIUM to the program's path, and run this again."""


def launch(playwright: Playwright, whole: bool = False, flags: Sequence[str] = ()) -> Browser:
    """Start the first Chromium that opens a page, with ``flags`` beside its own; ``whole``: no headless shell, which has no camera.

    Raises:
        FileNotFoundError: none does; the message says what was tried.
    """
    tried = []
    for path in candidates(playwright.chromium.executable_path, whole):
        try:
            browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags], timeout=30_000)
            browser.new_page().close()
        except Error as error:
            tried.append(f"  {path}: {error.message.splitlines()[0]}")
        else:
            return browser
    raise FileNotFoundError("\n".join(tried) or "  nothing found: neither $CHROMIUM, nor the system's, nor Playwright's")


def candidates(playwright_own: str, whole: bool = False) -> Iterator[str]:
    """Paths to try, the quickest first; ``whole`` leaves the headless shells out."""
    if chosen := os.environ.get("CHROMIUM"):
        yield chosen  # and no other: who names a browser means that one
        return
    if not whole:
        yield from shells(playwright_own)
    yield from filter(None, map(shutil.which, NAMES))
    yield from (path for path in (*APPLICATIONS, playwright_own) if Path(path).exists())


def shells(playwright_own: str) -> Iterator[str]:
    """The system's, and Playwright's: .../chromium-1234/... has .../chromium_headless_shell-1234/... beside it."""
    yield from filter(None, map(shutil.which, SHELLS))
    for folder in Path(playwright_own).parents:
        if build := re.fullmatch(r"chromium-(\d+)", folder.name):
            beside = folder.with_name(f"chromium_headless_shell-{build[1]}")
            yield from map(str, beside.glob("*/*headless[-_]shell"))


def install() -> Iterator[str]:
    """Try one way after another, yielding after each what it was."""
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]  # its headless shell, too
    if may_apt():
        # Playwright's needs libraries that a bare system lacks; Debian's own brings them.
        commands += [["apt-get", "update"], debians(SHELLS[0]), debians(NAMES[0])]
    for command in commands:
        result = subprocess.run(command, stdout=sys.stderr, check=False)
        yield f"  {' '.join(command)}: exit status {result.returncode}"


def may_apt() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and bool(shutil.which("apt-get"))


def debians(name: str) -> list[str]:
    return ["apt-get", "install", "--yes", "--no-install-recommends", name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="get one where there is none")
    options = parser.parse_args()
    # A browser that was named but does not start is a mistake to tell of, and no reason to install another.
    attempts = install() if options.install and not os.environ.get("CHROMIUM") else iter(())
    if options.install and not os.environ.get("CHROMIUM") and shutil.which(NAMES[0]) and not shutil.which(SHELLS[0]) and may_apt():
        subprocess.run(debians(SHELLS[0]), stdout=sys.stderr, check=False)  # quicker; without it the whole browser does
    tried = []
    while True:
        try:
            with sync_playwright() as playwright, launch(playwright) as browser:
                print(f"Chromium {browser.version} starts.")
            return
        except FileNotFoundError as error:
            last = str(error)
        if (attempt := next(attempts, None)) is None:
            sys.exit(HELP.format(tried="\n".join([*tried, last])))
        tried.append(attempt)


if __name__ == "__main__":
    main()
