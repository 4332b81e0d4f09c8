"""Start the system's Firefox, for the same tests as Chromium's; `python -m tools.firefox --install` gets one where there is none.

Playwright drives a Firefox that nobody has patched by WebDriver BiDi, as the channel "moz-firefox". Its commands are those of the
newest Firefox, and some the long-term one (Debian's) doesn't know yet. So a relay sits between the two, which lets all pass and
answers what is unknown and can be done without: see OPTIONAL.

    Playwright --ws--> relay --ws--> Firefox
"""

import argparse
import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

NAMES = ("firefox-esr", "firefox")
APPLICATIONS = ("/Applications/Firefox.app/Contents/MacOS/firefox",)
# Emulated colours and motion. The tests set them by preferences, as a reader's system does.
OPTIONAL = ("emulation.setMediaFeaturesOverride",)
# Nothing that a browser asks on its own account may look like a request of the book's; and dots are in their places at once.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "ui.prefersReducedMotion": 1,
}
MOST = 256 * 1024**2  # bytes of one message: a screenshot is one
LISTENING = "WebDriver BiDi listening on "


def launch(playwright: Playwright, **preferences: bool | int | str) -> Browser:
    """Start the first Firefox that opens a page.

    Raises:
        FileNotFoundError: none does; the message says what was tried.
    """
    tried = []
    for path in candidates():
        try:
            browser = _launch(playwright, path, PREFERENCES | preferences)
        except Error as error:
            tried.append(f"  {path}: {error.message.splitlines()[0]}")
        else:
            return browser
    raise FileNotFoundError("\n".join(tried) or "  nothing found: neither $FIREFOX, nor firefox-esr or firefox in PATH")


def _launch(playwright: Playwright, path: str, preferences: dict) -> Browser:
    with tempfile.TemporaryDirectory() as folder:
        # Playwright starts one program, by its path: this one starts the relay, which starts Firefox.
        program = Path(folder) / "firefox"
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, __file__, "--relay", path])} "$@"\n')
        program.chmod(0o755)
        browser = playwright.firefox.launch(
            channel="moz-firefox", executable_path=program, firefox_user_prefs=preferences, timeout=120_000
        )
    browser.new_page().close()
    return browser


def candidates() -> list[str]:
    if chosen := os.environ.get("FIREFOX"):
        return [chosen]  # and no other: who names a browser means that one
    return [*filter(None, map(shutil.which, NAMES)), *(path for path in APPLICATIONS if Path(path).exists())]


# ---- the relay


class Relay(WebSocketHandler):
    """One connection of Playwright's, and one to Firefox."""

    async def open(self) -> None:
        self.firefox = await websocket_connect(self.settings["firefox"], max_message_size=MOST)
        self.task = asyncio.create_task(self.back())

    async def back(self) -> None:
        while (message := await self.firefox.read_message()) is not None:
            await self.write_message(message)
        self.close()

    async def on_message(self, message: str) -> None:
        command = json.loads(message)
        if command["method"] in OPTIONAL:
            await self.write_message(json.dumps({"type": "success", "id": command["id"], "result": {}}))
        else:
            await self.firefox.write_message(message)

    def on_close(self) -> None:
        self.firefox.close()


async def relay(firefox: str, arguments: list[str]) -> int:
    """Start Firefox, and say in its words where to reach it: here. Returns its exit status."""
    process = await asyncio.create_subprocess_exec(firefox, *arguments, stderr=asyncio.subprocess.PIPE)
    async for line in process.stderr:
        if found := re.match(rf"{LISTENING}(ws://\S+)", text := line.decode(errors="replace").rstrip()):
            application = Application([("/session", Relay)], firefox=f"{found[1]}/session", websocket_max_message_size=MOST)
            server = application.listen(0, "127.0.0.1")
            port = next(iter(server._sockets.values())).getsockname()[1]
            text = f"{LISTENING}ws://127.0.0.1:{port}"
        print(text, file=sys.stderr, flush=True)
    return await process.wait()


def main() -> None:
    if sys.argv[1:2] == ["--relay"]:
        sys.exit(asyncio.run(relay(sys.argv[2], sys.argv[3:])))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true", help="get one where there is none, by apt-get")
    options = parser.parse_args()
    tried = []
    if options.install and not candidates() and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "--yes", "--no-install-recommends"]
        for command in (["apt-get", "update"], [*install, "firefox-esr"], [*install, "firefox"]):  # Debian's name, and others'
            result = subprocess.run(command, stdout=sys.stderr, check=False)
            tried.append(f"  {' '.join(command)}: exit status {result.returncode}")
            if candidates():
                break
    try:
        with sync_playwright() as playwright, launch(playwright) as browser:
            print(f"Firefox {browser.version} starts.")
    except FileNotFoundError as error:
        sys.exit("\n".join(["No Firefox starts on this machine. What was tried:", *tried, str(error)]))


if __name__ == "__main__":
    main()
