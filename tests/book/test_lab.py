"""The widgets in JupyterLab, a real server and a real browser: Python moves the page, the page moves Python, and torch answers."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect

from sebook.widgets import Explorer, ShallowDeep
from sebook.widgets.base import ProbeWidget
from senet.inside.recording import Recording

from .conftest import DESKTOP, Guard
from .shallow_deep import Widget

NETWORK = "se_resnet_patchwork"
PATIENCE = 120_000  # milliseconds; a kernel that imports torch on a busy machine
TRAITS = ("picture", "shallow", "deep", "order", "compare", "scale", "shallow_channel", "deep_channel")
SHOW, PUSH, PULL, EXPLORE, PUSH_GATES, PULL_GATES = range(6)
CELLS = [
    f'from sebook.widgets import ShallowDeep\n\nwidget = ShallowDeep("{NETWORK}")\nwidget',
    'widget.picture = 4\nwidget.order = "excitation"\nwidget.deep = "layer2.0.se"\nwidget.deep_channel = 3',
    f"import json\n\nprint(json.dumps({{name: getattr(widget, name) for name in {TRAITS}}}))",
    f'from sebook.widgets import Explorer\n\nexplorer = Explorer("{NETWORK}")\nexplorer',
    "explorer.picture = 2\nexplorer.gates[explorer.block] = {0: 0, 5: 0.25}\nexplorer.channel = 5",
    "import json\n\nprint(json.dumps([explorer.picture, explorer.channel, explorer.pulled]))",
]
# Nothing that JupyterLab asks or fetches on its own account, and no cell taken out of the page because it is out of sight.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a notebook with ``CELLS`` on a server of its own, which knows nothing of the reader's settings."""
    home = tmp_path_factory.mktemp("lab")
    folders = {
        name: home / name.lower() for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    }
    folders |= {f"JUPYTERLAB_{name}_DIR": home / name.lower() for name in ("SETTINGS", "WORKSPACES")}
    for name, setting in SETTINGS.items():
        path = folders["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(setting))
    root = home / "notebooks"
    root.mkdir()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, root / "widget.ipynb")
    token = secrets.token_hex(16)
    options = [f"--ServerApp.root_dir={root}", "--ServerApp.ip=127.0.0.1", "--ServerApp.open_browser=False"]
    options += [f"--IdentityProvider.token={token}", "--ServerApp.port_retries=100", "--LabApp.extension_manager=readonly"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container
    environment = os.environ | {name: str(folder) for name, folder in folders.items()} | {"JUPYTER_PREFER_ENV_PATH": "1"}
    log = home / "log.txt"
    with log.open("wb") as written:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=written, stderr=written)
    try:
        yield f"{address(server, folders['JUPYTER_RUNTIME_DIR'], log)}lab/tree/widget.ipynb?token={token}"
    finally:
        server.terminate()  # and its kernels with it
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()


def address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    """Where it listens, once it answers."""
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        with suppress(OSError, ValueError, urllib.error.URLError):
            url = json.loads((runtime / f"jpserver-{server.pid}.json").read_text())["url"]
            with urllib.request.urlopen(f"{url}api", timeout=5):
                return url
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def notebook(browser: Browser, lab: str) -> Iterator[Page]:
    guard = Guard((lab.partition("lab/tree")[0], "data:", "blob:"))
    guard.allow("^(?!request to)")  # what JupyterLab says in its console is its own
    with browser.new_context(viewport=DESKTOP, reduced_motion="reduce") as context:
        guard.watch(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(lab)
        expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(len(CELLS), timeout=PATIENCE)
        # What is run before the page has its kernel, JupyterLab forgets.
        expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=PATIENCE)
        yield page
    assert guard.faults() == []


def run(page: Page, index: int) -> Locator:
    """Run a cell as its reader does, and wait until it has run. Returns its output."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(index)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before, timeout=PATIENCE)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)
    output = cell.locator(".jp-OutputArea-output")
    expect(output.filter(has_text="Error")).to_have_count(0)
    return output


def view(page: Page, index: int) -> Widget:
    """The widget that a cell shows."""
    widget = object.__new__(Widget)
    widget.page, widget.el = page, page.locator(".jp-Notebook .jp-CodeCell").nth(index).locator(".senet-widget:has(.senet-live)")
    expect(widget.el.get_by_role("radio").first).to_be_visible(timeout=PATIENCE)
    return widget


def predicts(widget: Widget, truth: ProbeWidget, picture: int, gates: dict | None = None) -> Recording:
    """Wait for the answer, and hold what is predicted against torch. Returns torch's answer."""
    expect(widget.el.locator("[aria-busy=true]")).to_have_count(0, timeout=PATIENCE)
    expect(widget.el.locator(".senet-title")).to_have_text(truth._gallery["pictures"][picture]["title"])
    answer = truth.probe(picture, gates)
    logits = answer.logits[0]
    # The picture can be there an instant before the gates that the kernel sent after it.
    there = "([e, top]) => Math.abs(e.querySelector('.senet-likeliest li')?.dataset.logit - top) < 1e-4"
    widget.page.wait_for_function(there, arg=[widget.el.element_handle(), float(logits.max())], timeout=PATIENCE)
    for (name, logit, _), k in zip(widget.likeliest(), logits.argsort(descending=True), strict=False):
        assert name == truth._gallery["network"]["classes"][k]
        assert logit == pytest.approx(float(logits[k]), abs=1e-4)
    return answer


def shows(widget: Widget, truth: ProbeWidget, picture: int, gates: dict | None = None) -> None:
    """And what is drawn."""
    answer = predicts(widget, truth, picture, gates)
    for side in ("shallow", "deep"):
        np.testing.assert_allclose(widget.values(side), answer.blocks[widget.block(side)].excitation[0], atol=1e-5)


def test_both_directions(notebook: Page):
    truth = ShallowDeep(NETWORK)
    first, last = truth.shallow, truth.deep
    run(notebook, SHOW)
    widget = view(notebook, SHOW)
    shows(widget, truth, 0)
    expect(widget.el.locator(".senet-about")).to_contain_text("computed by PyTorch in this notebook’s kernel")
    assert widget.el.locator(".senet-own").count() == 0  # here a picture of one's own comes by Python

    # Python sets traits, and the page follows.
    run(notebook, PUSH)
    expect(widget.el.get_by_role("radio").nth(4)).to_be_checked()
    expect(widget.select("Order channels by")).to_have_value("excitation")
    expect(widget.plot("deep")).to_have_attribute("data-held", "3")
    shows(widget, truth, 4)
    assert (widget.block("shallow"), widget.block("deep")) == (first, "layer2.0.se")
    assert (np.diff(widget.values("deep")[widget.order("deep")]) <= 1e-6).all()

    # The reader uses the page, and Python has it.
    widget.el.get_by_role("radio").nth(7).locator("..").click()
    shows(widget, truth, 7)
    widget.select("Deep").select_option(last)
    widget.select("Compare with the mean of").select_option("all")
    widget.select("Scale").select_option("full")
    chart = widget.plot("shallow")
    chart.focus()
    notebook.keyboard.press("Home")
    held = int(chart.get_attribute("data-held"))
    assert json.loads(run(notebook, PULL).inner_text()) == {
        "picture": 7,
        "shallow": first,
        "deep": last,
        "order": "excitation",
        "compare": "all",
        "scale": "full",
        "shallow_channel": held,
        "deep_channel": None,  # it was another block's
    }

    # Gates by hand, answered by torch in the kernel.
    widget.el.locator(".senet-by-hand summary").click()
    gates = {last: torch.ones(truth._blocks[last])}
    widget.el.get_by_role("button", name="all 1: open all gates, deep").click()
    expect(widget.el.locator(".senet-hand-line")).to_contain_text(f"{len(gates[last])} gates are set by hand")
    shows(widget, truth, 7, gates)
    closed = torch.full((truth._blocks[first],), torch.nan)
    closed[held] = 0
    widget.el.get_by_role("button", name="off: close the gate, shallow").click()
    expect(widget.el.locator(".senet-hand-line")).to_contain_text(f"{len(gates[last]) + 1} gates are set by hand")
    shows(widget, truth, 7, gates | {first: closed})
    widget.el.get_by_role("button", name="Let all gates go", exact=True).click()
    expect(widget.el.locator(".senet-hand-line")).to_contain_text("All gates are the network’s own.")
    shows(widget, truth, 7)

    # A second view of the same widget, made by running the cell again, starts from its beginning again.
    run(notebook, SHOW)
    expect(widget.el).to_have_count(1)
    expect(widget.el.get_by_role("radio").first).to_be_checked()
    shows(widget, truth, 0)


def test_the_explorer_in_both_directions(notebook: Page):
    truth = Explorer(NETWORK)
    last = truth.block
    run(notebook, EXPLORE)
    explorer = view(notebook, EXPLORE)
    predicts(explorer, truth, 0)
    run(notebook, PUSH_GATES)
    truth.gates[last] = {0: 0, 5: 0.25}
    predicts(explorer, truth, 2, dict(truth.gates))
    expect(explorer.el.get_by_role("radio").nth(2)).to_be_checked()

    # A reader's pulls reach Python, beside those that it has set itself.
    hand = explorer.el.locator(".senet-by-hand")
    hand.locator("summary").click()
    block = hand.locator("fieldset").filter(has=notebook.locator("input:enabled"))  # where the channel is held
    block.get_by_role("button", name=re.compile("^1: open the gate")).click()
    truth.gates[last] = {5: 1}
    predicts(explorer, truth, 2, dict(truth.gates))
    explorer.el.get_by_role("radio").nth(6).locator("..").click()
    predicts(explorer, truth, 6, dict(truth.gates))
    assert json.loads(run(notebook, PULL_GATES).inner_text()) == [6, 5, truth.pulled]
    block.get_by_role("button", name=re.compile("^all own: let all gates go")).click()
    predicts(explorer, truth, 6)
    assert json.loads(run(notebook, PULL_GATES).inner_text()) == [6, 5, {}]
