"""What folding does for a network in the reader's browser: `make engine-bench`. Writes data/results/engine.json.

Each network that ships is written as four graphs (tools/engine_graphs.py): batch norms apart or folded, weights in 32 bits or 16.
What comes between such a file and an answer is measured as well:

- ONNX Runtime simplifies a graph when it opens it. ``disabled`` lets it do nothing, ``basic`` what holds on every machine (folding
  what is constant, and batch norms), ``all`` everything: this is what the book uses.
- What a reader waits for is measured where a reader waits: in Chromium, in the book's own worker with the book's own runtime, on
  one thread, from the message that asks to the message that answers. ``open`` is from the packed text to a session, ``ask`` from a
  picture to logits, z and s, on average over a few in a row.

All are seen to answer as PyTorch does before they are timed; they are timed in turns, as :mod:`sebook.measure.bench` does. Ratios
are of two times of one round: folded over apart, and ``basic`` and ``all`` over ``disabled``, the rest being equal. Nothing is
fetched from anywhere.
"""

import argparse
import base64
import contextlib
import datetime
import gzip
import json
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Error, Page, Route, sync_playwright

from sebook.measure.bench import _digits, _interval, time_in_turns
from sebook.pages import probes
from senet import machine, pretrained
from senet.arguments import one_of
from senet.images import photographs
from tools import chromium
from tools.engine_graphs import GRAPHS, SHIPPED, describe, write

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "data" / "results" / "engine.json"
LIVE = ROOT / "_build" / "assets" / "senet" / "live"
LEVELS = ("disabled", "basic", "all")
STEPS = {"open": 1, "ask": 2}  # shares of the time
TOLERANCE = 1e-4  # from PyTorch, in logits, z and s: as in the tests of the export
HOME = "https://engine-bench.test/"  # answered by this module alone
OPEN = "([name, graph, blocks, level]) => bench.open(name, graph, blocks, level)"
ASK = "([name, picture, times]) => bench.ask(name, picture, times)"
IN_A_ROW = 5  # questions in one turn: small networks answer in a millisecond or two
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


def run(
    browser: Browser,
    networks: Sequence[str] = (),
    *,
    minutes: float = 3.0,
    live: Path = LIVE,
    seed: int = 0,
    command: str = "tools.engine_bench.run()",
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Write, check and time.

    Args:
        browser: a Chromium that is open.
        networks: names of :mod:`senet.pretrained`; by default all that ship.
        minutes: of timing, in all; writing the graphs comes before. At least 5 rounds are run, at most 60.
        live: the built book's folder with the worker and the runtime.
        seed: of orders and bootstrap.
        command: noted in the result.
        say: told what is done next.

    Returns:
        What can be written as JSON: the circumstances, and by network ``graphs`` (size, nodes, differences from PyTorch)
        and ``times``: by step ``rounds`` and ``results``, by graph and level ``ms``, ``ms_interval``, and ``over``: a ratio and its
        interval, to each of :func:`bases`.

    Raises:
        FileNotFoundError: there is no built worker, or no browser.
        ValueError: an unknown network; graphs that are not what they are called, or answer otherwise than PyTorch.
        RuntimeError: the page asked another host, or did not run.
    """
    shipped = sorted(set(pretrained.names()) - set(pretrained.ELSEWHERE))
    networks = tuple(networks) or shipped
    for name in networks:
        one_of(shipped, networks=name)
    worker, runtime = provided(live / "worker.js"), provided(live / "runtime.js")
    rng = np.random.default_rng(seed)
    result = {
        "command": command,
        "seed": seed,
        "date": datetime.date.today().isoformat(),
        "machine": machine.processor(),
        "threads": 1,
    }
    result["versions"] = versions(browser)
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {name: write(name, Path(folder), say) for name in networks}
        result["load_before"] = list(os.getloadavg())
        for name in networks:
            probe = probes.TorchProbe(name)
            with opened(browser, worker, runtime) as page:
                say(f"{name}: answers, beside PyTorch's")
                graphs = {graph: describe(path) for graph, path in files[name].items()}
                for graph, off in differences(page, probe, files[name]).items():
                    graphs[graph]["differences"] = off
                times = {}
                for step, share in STEPS.items():
                    seconds = 60 * minutes * share / sum(STEPS.values()) / len(networks)
                    say(f"{name}: {step}, {len(GRAPHS) * len(LEVELS)} ways in turns, about {seconds:.0f} s")
                    times[step] = summary(time_in_turns(ways(page, step, probe), seconds, lambda way: way(), rng), rng)
                measured[name] = {"size": probe.about["preprocessing"]["size"], "graphs": graphs, "times": times}
    return result | {"load_after": list(os.getloadavg()), "shipped": SHIPPED, "networks": measured}


# --- the page ------------------------------------------------------------------------------------------------------------------


def provided(script: Path) -> str:
    """The text that a script of the built book hands over.

    Raises:
        FileNotFoundError: it has not been built.
    """
    if not script.is_file():
        raise FileNotFoundError(f"There is no {script}: run `make engine-bench`, which builds it first")
    return json.loads(script.read_text("utf8").partition(",")[2].strip().removesuffix(");"))


@contextlib.contextmanager
def opened(browser: Browser, worker: str, runtime: str) -> Iterator[Page]:
    """A page in which the book's worker runs. It is fetched from this module, and anything else is refused.

    Raises:
        RuntimeError: something else was asked for, or the page's clock is coarse.
    """
    refused = []

    def answer(route: Route) -> None:
        if route.request.url == HOME:
            route.fulfill(body="<!doctype html><title>engine bench</title>", content_type="text/html", headers=ISOLATED)
        else:
            refused.append(route.request.url)
            route.abort()

    context = browser.new_context()
    try:
        context.route("**/*", answer)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(HOME)
        page.evaluate(Path(__file__).with_suffix(".js").read_text("utf8"))
        if not page.evaluate("bench.isolated()"):
            raise RuntimeError("this browser gives the page a coarse clock: use a Chromium of 2022 or later")
        page.evaluate("([source, runtime]) => bench.start(source, runtime)", [worker, runtime])
        yield page
    except Error as error:
        raise RuntimeError(f"the page did not run: {error.message}") from error
    finally:
        context.close()
    if refused:
        raise RuntimeError(f"the page asked for {refused}: whatever it needs comes from the built book")


def differences(page: Page, probe: probes.TorchProbe, files: Mapping[str, Path]) -> dict[str, dict[str, float]]:
    """Open every graph at every level, and give the largest differences from PyTorch's answers, by graph and kind of output.

    Raises:
        ValueError: one is above TOLERANCE.
    """
    pictures = photographs(probe.about["preprocessing"]["size"]).images
    page.evaluate("([all, side]) => bench.show(all, side)", [pictures.flatten(1).tolist(), pictures.shape[-1]])
    recording = probe(pictures)
    expected = [recording.logits]
    for block in recording.blocks.values():
        expected += [block.squeeze, block.excitation]
    found = {}
    for graph, path in files.items():
        page.evaluate("([graph, text]) => bench.keep(graph, text)", [graph, packed(path)])
        off = dict.fromkeys(("logits", "z", "s"), 0.0)
        for level in LEVELS:
            page.evaluate(OPEN, [f"{graph}, {level}", graph, probe.about["blocks"], level])
            for i in range(len(pictures)):
                got = page.evaluate("([name, i]) => bench.answer(name, i)", [f"{graph}, {level}", i])
                for j, (values, right) in enumerate(zip(got, expected, strict=True)):
                    kind = "logits" if j == 0 else "z" if j % 2 else "s"
                    off[kind] = max(off[kind], float(np.abs(np.array(values) - right[i].numpy()).max()))
        if not max(off.values()) <= TOLERANCE:
            raise ValueError(f"{graph} is {max(off.values()):.2g} from PyTorch's answer: there is nothing to compare")
        found[graph] = {kind: float(f"{value:.1e}") for kind, value in off.items()}
    return found


def packed(path: Path) -> str:
    """As frontend/engine/build.ts packs it."""
    return base64.b64encode(gzip.compress(path.read_bytes(), 9, mtime=0)).decode()


def ways(page: Page, step: str, probe: probes.Probe) -> dict[str, Callable[[], float]]:
    """What is timed, each with its own clock: it returns seconds."""
    found = {}
    for graph in GRAPHS:
        for level in LEVELS:
            name = f"{graph}, {level}"
            arguments = [name, graph, probe.about["blocks"], level] if step == "open" else [name, 0, IN_A_ROW]
            found[name] = partial(page.evaluate, OPEN if step == "open" else ASK, arguments)
    return found


# --- what came out -------------------------------------------------------------------------------------------------------------


def summary(seconds: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Medians and intervals by graph and level, from seconds for each round."""
    results = {}
    for name, mine in seconds.items():
        over = {base: mine / seconds[base] for base in bases(name)}
        results[name] = {
            "ms": _digits(np.median(mine) * 1e3),
            "ms_interval": _interval(mine * 1e3, rng),
            "over": {base: {"ratio": _digits(np.median(one)), "interval": _interval(one, rng)} for base, one in over.items()},
        }
    return {"rounds": len(mine), "results": results}


def bases(name: str) -> list[str]:
    """What a way is compared with: the same with batch norms apart, and the same with a runtime that does nothing to the graph."""
    fold, bits, level = name.split(", ")
    return [base for base in (f"apart, {bits}, {level}", f"{fold}, {bits}, {LEVELS[0]}") if base != name]


def table(result: Mapping[str, Any]) -> str:
    """The result as Markdown: a table a network."""
    lines = [f"{result['machine']}, {result['threads']} thread, {result['date']}, {result['versions']}"]
    for name, one in result["networks"].items():
        lines += ["", f"{name}: milliseconds, and over batch norms apart", ""]
        lines += ["| | kB | gzipped | nodes | " + " | ".join(f"{step}, {level}" for step in STEPS for level in LEVELS) + " |"]
        lines += ["|---" * (4 + len(STEPS) * len(LEVELS)) + "|"]
        for graph, about in one["graphs"].items():
            cells = [f"{about['bytes'] / 1e3:.0f}", f"{about['gzipped'] / 1e3:.0f}", str(about["nodes"]["file"])]
            for step in STEPS:
                for level in LEVELS:
                    got = one["times"][step]["results"][f"{graph}, {level}"]
                    over = got["over"].get(f"{graph.replace('folded', 'apart')}, {level}")
                    ratio = " x{:.3f} ({:.2f}-{:.2f})".format(over["ratio"], *over["interval"]) if over else ""
                    cells.append(f"{got['ms']:.4g}{ratio}")
            lines.append(f"| {graph} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def versions(browser: Browser) -> str:
    web = json.loads((ROOT / "frontend" / "engine" / "package.json").read_text("utf8"))["devDependencies"]["onnxruntime-web"]
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "onnx", "onnxscript", "onnxruntime", "numpy"))
    return f"Chromium {browser.version}, onnxruntime-web {web}, Python {platform.python_version()}, {packages}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.engine_bench", description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", help="of those that ship; by default all")
    parser.add_argument("--minutes", type=float, default=3.0, help="of timing, in all (3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "tools.engine_bench", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        with sync_playwright() as playwright, chromium.launch(playwright) as browser:
            say = partial(print, file=sys.stderr, flush=True)
            result = run(browser, options.networks, minutes=options.minutes, seed=options.seed, command=command, say=say)
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf8")
    print(table(result))


if __name__ == "__main__":
    main()
