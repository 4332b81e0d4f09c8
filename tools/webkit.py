"""Start WebKitGTK, whose engine Safari shares, by WebDriver; `python -m tools.webkit --install` gets it where there is none.

Playwright drives only a WebKit of its own build. So this is a client of the W3C's WebDriver protocol, which
WebKitGTK's own driver speaks: https://www.w3.org/TR/webdriver2/. The browser is MiniBrowser, which
comes with the library, on a display of its own, without a screen.
"""

import argparse
import base64
import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

PACKAGES = ("webkit2gtk-driver", "xvfb")  # Debian's and Ubuntu's; the driver's depends on the browser's
BROWSERS = "*/webkit2gtk-4.*/MiniBrowser"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's key of a reference to an element
# Without a graphics card and a settings service.
ENVIRONMENT = {
    "GDK_BACKEND": "x11",
    "GSETTINGS_BACKEND": "memory",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "NO_AT_BRIDGE": "1",
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
}
PATIENCE = 60.0  # seconds for what should come
MAKE = f"run `make webkit` as root on Debian or Ubuntu, which installs {' and '.join(PACKAGES)}"


class Refused(Exception):
    """What the driver answered instead of doing what was asked."""


class Session:
    """One window of the browser."""

    def __init__(self, address: str, options: dict) -> None:
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        answer = _ask(f"{address}/session", "POST", wanted)
        self.address = f"{address}/session/{answer['sessionId']}"
        self.version = answer["capabilities"]["browserVersion"]
        self("POST", "timeouts", {"script": 1000 * PATIENCE, "pageLoad": 1000 * PATIENCE})

    def __call__(self, method: str, path: str = "", body: dict | None = None) -> Any:
        return _ask(f"{self.address}/{path}".rstrip("/"), method, body)

    def open(self, url: str) -> None:
        self("POST", "url", {"url": url})

    def size(self, width: int, height: int) -> None:
        self("POST", "window/rect", {"width": width, "height": height})

    def run(self, script: str, *args: Any) -> Any:
        """What ``script``, the body of a function of ``arguments``, returns or resolves to."""
        return self("POST", "execute/sync", {"script": script, "args": list(args)})

    def until(self, script: str, *args: Any) -> Any:
        """Wait until ``script`` returns what is true in JavaScript. Raises ``TimeoutError`` after ``PATIENCE``."""
        began = time.monotonic()
        while not (value := self.run(script, *args)):
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(f"{PATIENCE:.0f} s passed, and still not: {script}")
            time.sleep(0.05)
        return value

    def find(self, selector: str) -> str:
        """The element's reference, for :meth:`click` and :meth:`type`."""
        return self("POST", "element", {"using": "css selector", "value": selector})[ELEMENT]

    def middle(self, selector: str) -> None:
        """Scroll an element to the middle of the window, where nothing that keeps its place lies over it."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center', behavior: 'instant'})", selector)

    def click(self, selector: str) -> None:
        self.middle(selector)
        self("POST", f"element/{self.find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Keys into an element; for a file's input, the path of a file."""
        self("POST", f"element/{self.find(selector)}/value", {"text": text})

    def picture(self) -> bytes:
        """The window's content, as PNG."""
        return base64.b64decode(self("GET", "screenshot"))


def _ask(url: str, method: str, body: dict | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data, {"Content-Type": "application/json"}, method=method), timeout=2 * PATIENCE) as answer:
            return json.load(answer)["value"]
    except HTTPError as error:
        said = json.load(error)["value"]
        raise Refused(f"{said['error']}: {said['message']}") from None


def missing() -> str | None:
    """Why no WebKit can be started here, in words; None if it can be tried."""
    lacking = [name for name in ("WebKitWebDriver", "Xvfb") if not shutil.which(name)]
    if not browser():
        lacking.append("MiniBrowser")
    return f"{', '.join(lacking)} not found: {MAKE}" if lacking else None


def browser() -> str | None:
    """The path of MiniBrowser, which is not in PATH."""
    places = (path for folder in ("/usr/lib", "/usr/libexec") for path in Path(folder).glob(BROWSERS))
    direct = (path for folder in ("/usr/lib", "/usr/libexec") for path in Path(folder).glob(BROWSERS.removeprefix("*/")))
    return next((str(path) for path in (*places, *direct)), None)


@contextlib.contextmanager
def launch(width: int = 1280, height: int = 900) -> Iterator[Session]:
    """Start a browser on a display of its own.

    Raises:
        FileNotFoundError: it is not installed, or doesn't start; the message says why and what to do.
    """
    if why := missing():
        raise FileNotFoundError(why)
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        display = running.enter_context(_display(folder, width, height))
        own = {name: str(folder) for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")}
        environment = os.environ | ENVIRONMENT | own | {"DISPLAY": display}
        port, messages = _free_port(), folder / "messages"
        with messages.open("wb") as out:
            command = ["WebKitWebDriver", f"--port={port}"]
            running.enter_context(_program(command, env=environment, stdout=out, stderr=out))
        session = _started(f"http://127.0.0.1:{port}", {"binary": browser(), "args": ["--automation"]}, messages)
        running.callback(session, "DELETE")
        session.size(width, height)
        yield session


def _started(address: str, options: dict, messages: Path) -> Session:
    began = time.monotonic()
    while True:
        try:
            return Session(address, options)
        except (URLError, Refused, ConnectionError) as error:
            if isinstance(error, Refused) or time.monotonic() - began > PATIENCE:
                said = messages.read_text("utf8", errors="replace").strip()
                raise FileNotFoundError(f"{options['binary']} does not start ({error}): {said[-500:]}") from error
        time.sleep(0.1)


@contextlib.contextmanager
def _program(command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextlib.contextmanager
def _display(folder: Path, width: int, height: int) -> Iterator[str]:
    """A virtual screen, under the first number that is free."""
    read, write = os.pipe()
    with (folder / "display").open("wb") as said, os.fdopen(read) as number:
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width + 100}x{height + 200}x24", "-nolisten", "tcp"]
        with _program(command, pass_fds=[write], stdout=said, stderr=said):
            os.close(write)
            if not select.select([number], [], [], PATIENCE)[0] or not (display := number.readline().strip()):
                raise FileNotFoundError(f"Xvfb does not start: {(folder / 'display').read_text(errors='replace')[-300:]}")
            yield f":{display}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true", help="get it where there is none, by apt-get")
    parser.add_argument("--sudo", action="store_true", help="let sudo install it, where that needs no password (so in CI anyway)")
    parser.add_argument("--optional", action="store_true", help="go on without it where it is not installed, and say why")
    options = parser.parse_args()
    tried = []
    may = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"] if options.sudo or os.environ.get("CI") else None
    if options.install and missing() and may is not None and shutil.which("apt-get"):
        apt = [*may, "apt-get"]
        for command in ([*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", *PACKAGES]):
            try:
                result = subprocess.run(command, stdout=sys.stderr, check=False).returncode
            except FileNotFoundError:
                result = "not found"
            tried.append(f"  {' '.join(command)}: exit status {result}")
    try:
        with launch() as session:
            print(f"WebKitGTK {session.version} starts.")
    except FileNotFoundError as error:
        said = "\n".join([*tried, f"  {error}"])
        if not (options.optional and missing()):
            sys.exit(f"No WebKit starts on this machine. What was tried:\n{said}")
        print(f"There is no WebKit on this machine, so its tests are left out:\n{said}", file=sys.stderr)


if __name__ == "__main__":
    main()
