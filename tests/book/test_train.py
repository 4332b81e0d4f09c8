"""The widget "Train it here": two networks learn in the page, and what comes of it is true of the networks that Python trains."""

import re
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from scipy.stats import t as student

from sebook.experiments.studies import STUDIES
from sebook.pages import train_step
from senet import pretrained
from senet.images import statistics
from senet.images.patchwork import patchwork
from senet.inside.recording import record
from senet.models.cifar import small_resnet
from senet.training import _batches, evaluate, sgd
from senet.training.distributed import team
from tools.page_trial import shorten

from .conftest import PHONE, Guard
from .visits import axe, fits, opened

TRAINING = "book/training.html"
SHORT = {"pictures": 80, "tested": 50, "epochs": 2}  # ten steps: enough to be pressed upon


def short(page: Page, **more: int) -> None:
    """The quick recipe is as short as a test has to be."""
    shorten(page, **{**SHORT, **more})


def widget_of(page: Page, book_url: str, query: str = "") -> Locator:
    return opened(page, f"{book_url}{TRAINING}{query}", "train")


def status(widget: Locator, text: str | re.Pattern) -> None:
    expect(widget.locator(".senet-train-status")).to_contain_text(text)


def press(widget: Locator, name: str) -> None:
    widget.get_by_role("button", name=name, exact=True).press("Enter")


def saved(widget: Locator, arm: str, to) -> pretrained.Checkpoint:
    with widget.page.expect_download() as download:
        press(widget, f"Save the network {arm}")
    path = to / download.value.suggested_filename
    download.value.save_as(path)
    return pretrained.read(path)


def test_three_seeds_are_trained_saved_opened_in_python_and_opened_again(page: Page, book_url: str, tmp_path):
    short(page)
    widget = widget_of(page, book_url, "?train.seed=3")
    widget.get_by_label("Train", exact=True).select_option("3")
    press(widget, "Train")
    verdict = widget.locator(".senet-train-verdict")
    expect(verdict).to_contain_text("3 seeds, SE ahead in", timeout=180_000)
    expect(widget.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    expect(widget.locator(".senet-train-ribbon")).to_contain_text("layer3.0 by 0.")

    # what the sentence says is true of the results in the table
    widget.get_by_text("All numbers as tables").click()
    rows = [[float(cell) for cell in re.split(r"\s+", row.inner_text())] for row in widget.locator(".senet-tables tbody tr").all()]
    assert [row[0] for row in rows] == [3, 4, 5]
    differences = np.array([row[1] - row[2] for row in rows])
    half = student.ppf(0.975, 2) * differences.std(ddof=1) / 3**0.5
    said = [float(n) for n in re.findall(r"[+-]?\d+\.\d", verdict.inner_text().replace("−", "-").replace("95%", ""))]
    expected = [100 * x for x in (differences.mean(), differences.mean() - half, differences.mean() + half)]
    np.testing.assert_allclose(said[:3], expected, atol=0.16)

    # the last network, in Python
    checkpoint = saved(widget, "with SE", tmp_path)
    model = pretrained.load(checkpoint)
    test = patchwork(SHORT["tested"], seed=2)
    measured = evaluate(model, test, checkpoint.preprocessing)
    assert measured["accuracy"] == pytest.approx(rows[-1][1], abs=1e-6)
    last = checkpoint.provenance["history"][-1]
    assert last["test_loss"] == pytest.approx(measured["loss"], abs=1e-4)
    assert checkpoint.provenance["plan"]["seed"] == 5
    recorded = record(model, checkpoint.preprocessing(test.images)).blocks["layer3.0.se"].excitation
    strays = f"layer3.0 by {recorded.std(0, correction=0).mean():.3f}"
    expect(widget.locator(".senet-train-ribbon")).to_contain_text(strays)

    # and back
    widget.get_by_label("Open a saved network").set_input_files(tmp_path / checkpoint.file.name)
    status(widget, f"SE-ResNet-8 is right on {100 * measured['accuracy']:.1f}% of 50 test pictures.")
    odd = tmp_path / "odd.safetensors"
    odd.write_bytes(b"none of ours")
    widget.get_by_label("Open a saved network").set_input_files(odd)
    status(widget, "This is not a .safetensors file.")


def test_the_first_steps_are_pytorchs(page: Page, book_url: str, tmp_path):
    """The page's seed is Python's, and each step too. Later a pixel that rounding moves over a ReLU's corner parts any two runs,
    PyTorch's own in two memory formats as well."""
    short(page, epochs=12)
    widget = widget_of(page, book_url, "?train.arms=se&train.seed=1")
    press(widget, "One step")
    for step in (1, 2, 3):
        status(widget, f"step {step} of 60. Paused.")
        press(widget, "One step")
    status(widget, "step 4 of 60. Paused.")
    checkpoint = saved(widget, "with SE", tmp_path)
    assert checkpoint.provenance["steps"] == 4

    recipe = replace(STUDIES["minute"].recipe, seed=1, batch_size=16)
    full = patchwork(2000, seed=1)
    assert checkpoint.preprocessing == pretrained.Preprocessing(32, *statistics(full))
    torch.manual_seed(1)
    model = small_resnet(num_classes=10, **checkpoint.arguments)
    optimizer = sgd(model, recipe)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.peak_rate, total_steps=60, pct_start=0.25)
    some = full[:80]
    with team("cpu") as alone:
        for (x, truth), _ in zip(
            _batches(some.images, some.labels, recipe, checkpoint.preprocessing, alone, 0), range(4), strict=False
        ):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), truth).backward()
            optimizer.step()
            schedule.step()
    for mine, its in zip(train_step.rows(model), train_step.rows(pretrained.load(checkpoint)), strict=True):
        np.testing.assert_allclose(its, mine, atol=1e-4)


def test_pause_reload_go_on_give_up_and_forget(page: Page, book_url: str):
    short(page, epochs=40)
    widget = widget_of(page, book_url, "?train.arms=none")
    press(widget, "Train")
    status(widget, re.compile(r"step \d+ of 200\. About .+ more on this device"))
    expect(widget.locator(".senet-plotted-whole .senet-summary").first).to_contain_text("after epoch", timeout=120_000)
    press(widget, "Pause")
    status(widget, "Paused.")
    expect(widget.get_by_label("Recipe")).to_be_disabled()
    page.wait_for_timeout(1000)  # the step under way may end an epoch, which is kept
    before = widget.locator(".senet-summary").first.inner_text()
    page.reload()
    widget = page.locator("figure[data-senet=train]")
    status(widget, "was under way when you left")
    assert widget.locator(".senet-summary").first.inner_text() == before  # curves as they were
    press(widget, "Go on")
    status(widget, re.compile("step ([6-9]|[1-9][0-9]+) of 200"))
    press(widget, "Give up")
    expect(widget.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    expect(widget.get_by_label("Recipe")).to_be_enabled()
    page.reload()
    expect(page.locator("figure[data-senet=train] .senet-train-status")).to_have_text("")


def test_a_download_that_hangs_can_be_given_up(page: Page, book_url: str):
    short(page)
    held = []
    page.route("**/live/trainer.js", lambda route: held.append(route))
    widget = widget_of(page, book_url, "?train.arms=none")
    press(widget, "Train")
    status(widget, re.compile("Fetching"))
    press(widget, "Give up")
    status(widget, re.compile("^$"))
    page.unroute("**/live/trainer.js")  # and what was held goes on
    press(widget, "One step")
    status(widget, "step 1 of 10. Paused.")


HIDE = """() => {
    window.shown = window.requestAnimationFrame.bind(window);
    window.due = [];
    window.requestAnimationFrame = (draw) => window.due.push(draw); // a hidden tab draws no frames
}"""
SHOW = "() => { window.requestAnimationFrame = window.shown; for (const draw of window.due) window.shown(draw); }"
KEPT = """() => new Promise((resolve) => {
    const opening = indexedDB.open("senet", 1);
    opening.onupgradeneeded = () => opening.transaction.abort(); // nothing was kept yet
    opening.onerror = () => resolve(0);
    opening.onsuccess = () => {
        const asking = opening.result.transaction("kept").objectStore("kept").get("train:4");
        asking.onsuccess = () => resolve(asking.result?.runs.length ?? 0);
    };
})"""


def test_a_hidden_tab_trains_on_and_shows_what_came_of_it(page: Page, book_url: str):
    short(page)
    widget = widget_of(page, book_url)
    widget.get_by_label("Train", exact=True).select_option("3")
    widget.get_by_role("button", name="Train", exact=True).evaluate("button => button.click()")
    page.evaluate(HIDE)
    deadline = time.monotonic() + 120
    while page.evaluate(KEPT) < 3:
        assert time.monotonic() < deadline
        page.wait_for_timeout(200)
    assert widget.locator(".senet-train-verdict").text_content() == "Train both networks to compare them."
    page.evaluate(SHOW)
    expect(widget.locator(".senet-train-verdict")).to_contain_text("3 seeds, SE ahead in")


def test_what_was_trained_opens_in_the_explorer(page: Page, book_url: str):
    short(page)
    widget = widget_of(page, book_url, "?train.arms=se&train.seed=2")
    press(widget, "Look inside the network with SE")
    status(widget, "Train the network with SE first: there is none yet.")
    press(widget, "One step")
    status(widget, "step 1 of 10. Paused.")
    press(widget, "Look inside the network with SE")
    yours = page.locator("figure[data-senet=explorer] .senet-your-network")
    expect(yours).to_contain_text("se_resnet8_r4_seed2.onnx: 3 gates", timeout=60_000)
    expect(page.locator("figure[data-senet=explorer] .senet-stage")).to_contain_text("odd pair")  # Patchwork's classes


def test_a_download_that_fails_says_so_and_can_be_tried_again(page: Page, book_url: str, guard: Guard):
    short(page)
    page.route("**/live/trainer.js", lambda route: route.abort())
    guard.allow("trainer.js")
    guard.allow("ERR_FAILED")
    widget = widget_of(page, book_url, "?train.arms=none")
    press(widget, "Train")
    status(widget, "That failed: trainer.js could not be fetched")
    page.unroute("**/live/trainer.js")
    press(widget, "Go on")
    status(widget, re.compile(r"Seed 0 is trained\. Right, of 50 test pictures: \d+\.\d% without SE\."))


def test_a_classs_thirty_results(page: Page, book_url: str):
    luck = np.random.default_rng(0)
    pairs = [(seed, *luck.uniform(0.4, 0.6, 2).round(4)) for seed in range(30)]
    lines = [f"senet quick 0.1 r 4 seed {seed} se {se:.4f} none {none:.4f}" for seed, se, none in pairs]
    widget = widget_of(page, book_url)
    widget.get_by_text("A class’s results").click()
    box = widget.get_by_label("The class’s results")
    box.fill("\n".join([*lines, lines[0], "senet chapter 0.1 r 4 seed 1 se 0.9 none 0.8", "hello"]))
    room = widget.locator(".senet-train-class")
    differences = np.array([se - none for _, se, none in pairs])
    half = student.ppf(0.975, 29) * differences.std(ddof=1) / 30**0.5
    low, high = (f"{100 * x:+.1f}".replace("-", "−") for x in (differences.mean() - half, differences.mean() + half))
    expect(room).to_contain_text(f"30 seeds, SE ahead in {(differences > 0).sum()}")
    expect(room).to_contain_text(f"95% interval {low} to {high}.")
    expect(room).to_contain_text("1 of another recipe, rate or r are left out. 1 line isn't a result: “hello”.")


# A camera that looks at the page's own code, a little askew.
FILMED = """() => {
    const code = document.querySelector('.senet-train-code svg').cloneNode(true);
    code.setAttribute('width', 400);
    code.setAttribute('height', 400);
    const image = new Image();
    image.src = 'data:image/svg+xml,' + encodeURIComponent(new XMLSerializer().serializeToString(code));
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const pen = canvas.getContext('2d');
    navigator.mediaDevices.getUserMedia = async () => {
        const stream = canvas.captureStream(10);
        setInterval(() => {
            pen.setTransform(1, 0, 0, 1, 0, 0);
            pen.fillRect(0, 0, 640, 480);
            pen.rotate(0.1);
            pen.drawImage(image, 120, 10, 400, 400);
        }, 100);
        return stream;
    };
}"""


def test_codes_go_from_screen_to_screen(page: Page, book_url: str):
    short(page)
    widget = widget_of(page, book_url, "?train.r=16&train.seed=4")
    press(widget, "Train")
    status(widget, re.compile(r"Seed 4 is trained\. .*% with SE, .*% without SE\."))
    room = widget.locator(".senet-train-class")
    room.get_by_text("A class’s results").click()
    press(widget, "Show as a code")
    expect(room.get_by_role("img", name="A QR code of your result")).to_be_visible()
    page.evaluate(FILMED)
    press(widget, "Scan codes")
    expect(room).to_contain_text("One result so far.")
    line = room.locator(".senet-train-lines").inner_text()
    assert line.startswith("senet quick 0.1 r 16 seed 4 se ")
    expect(room.get_by_label("The class’s results")).to_have_value(line)
    expect(room).to_contain_text("One seed: SE minus none is")
    press(widget, "Stop scanning")
    expect(room.locator("video")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
def test_phone_and_access(page: Page, book_url: str):
    short(page)
    widget = widget_of(page, book_url)
    widget.get_by_text("A class’s results").click()
    press(widget, "Train")
    expect(widget.locator(".senet-train-verdict")).to_contain_text("One seed", timeout=120_000)
    axe(page, "figure[data-senet=train]")
    fits(page)
