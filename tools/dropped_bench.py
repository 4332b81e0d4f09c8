"""How long a dropped network takes to answer a pull, beside ONNX Runtime Web alone, in Chromium.

    .venv/bin/python -m tools.dropped_bench          # after `make book`; writes data/results/dropped-speed.json

torchvision's MobileNetV3-Small for pictures of 224 pixels, with random weights, in the book's own worker on one thread. `plain` is
the file as it is, asked for its logits; `pulled` is the same file with its gates brought out, one channel of the first set to 0,
and all squeezes and gates read. They take turns in one page; the ratio is of the medians.
"""

import argparse
import base64
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from playwright.sync_api import sync_playwright
from torchvision.models import mobilenet_v3_small

from sebook.cli.provenance import keep
from senet import machine
from tools import chromium
from tools.engine_bench import LIVE, ROOT, opened, packed, provided, versions

SIDE, ROUNDS, WARM = 224, 60, 10


def plain(path: Path, out: Path) -> Path:
    """The network of ``path`` under the names that the book's worker asks for, with an input of gates that nothing reads."""
    model = onnx.load(str(path))
    graph, renamed = model.graph, {}
    renamed[graph.input[0].name], renamed[graph.output[0].name] = "picture", "logits"
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    graph.input[0].name, graph.output[0].name = "picture", "logits"
    graph.input.append(onnx.helper.make_tensor_value_info("gates", onnx.TensorProto.FLOAT, [1, 0]))
    onnx.save(model, str(out))
    return out


def main() -> None:
    """Write the network, time both, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "data/results/dropped-speed.json")
    options = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, chromium.launch(playwright) as browser:
        path = Path(folder, "small.onnx")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                mobilenet_v3_small().eval(), (torch.zeros(1, 3, SIDE, SIDE),), str(path), external_data=False, verbose=False
            )
        with opened(browser, provided(LIVE / "worker.js"), provided(LIVE / "runtime.js")) as page:
            picture = np.random.default_rng(0).integers(0, 256, 3 * SIDE * SIDE).tolist()
            page.evaluate("([all, side]) => bench.show(all, side)", [[picture], SIDE])
            page.evaluate("([graph, text]) => bench.keep(graph, text)", ["plain", packed(plain(path, Path(folder, "plain.onnx")))])
            page.evaluate("bench.open('plain', 'plain', [], 'all')")
            width = page.evaluate("(file) => bench.drop('pulled', file)", base64.b64encode(path.read_bytes()).decode())
            seconds = {"plain": [], "pulled": []}
            for _ in range(ROUNDS):
                seconds["plain"].append(page.evaluate("bench.ask('plain', 0, 1)"))
                seconds["pulled"].append(page.evaluate("(width) => bench.pull('pulled', 0, width)", width))
        milliseconds = {name: round(1000 * float(np.median(each[WARM:])), 2) for name, each in seconds.items()}
        said = {"ratio": round(milliseconds["pulled"] / milliseconds["plain"], 3), "milliseconds": milliseconds}
        about = {"command": "python -m tools.dropped_bench", **machine.circumstances(), "browser": versions(browser)}
    keep(
        {**about, "seed": 0, "side": SIDE, "rounds": ROUNDS - WARM, "network": "torchvision mobilenet_v3_small", **said},
        options.out,
    )
    print(said, file=sys.stderr)


if __name__ == "__main__":
    main()
