"""The widgets "Class by class" and "Training curves" on their pages: every number that they save, against where it is from."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from sebook.experiments import profiles
from sebook.measure import gains, pairs
from sebook.widgets import Curves, Pairs, Profiles
from sebook.widgets.curves import SHIPPED, study_result
from sebook.widgets.curves import shipped as history
from senet import pretrained

from .conftest import Guard, arrive, without_scripts
from .takeaway import cells, saved
from .visits import opened

SHALLOW, TRAINING, WHAT_IF = "book/shallow-and-deep.html", "book/training.html", "book/what-if.html"
BECAME = "book/what-became.html"
CIFAR, IMAGENET = "se_resnet20_cifar10", "se_resnet18_slim_imagenet100"


@pytest.mark.parametrize(
    ("network", "block"), [("se_resnet_patchwork", "layer2.0.se"), (CIFAR, "layer3.1.se"), (IMAGENET, "layer4.0.se")]
)
def test_class_means_are_the_profiles(page: Page, book_url: str, network: str, block: str):
    widget = opened(page, f"{book_url}{SHALLOW}?profiles.network={network}&profiles.block={block}&profiles.order=index", "profiles")
    truth, classes = profiles.shipped(network), pretrained.get(network).classes
    (head, *rows) = cells(saved(widget, "CSV: save the class means"))
    numbers = np.array(rows, dtype=float)
    assert numbers[:, 0].tolist() == list(range(truth.mean[block].shape[1]))
    step = (truth.mean[block].max() - truth.mean[block].min()).item() / 510 + 1e-5
    for column, name in enumerate(head[1:-2], start=1):
        np.testing.assert_allclose(numbers[:, column], truth.mean[block][classes.index(name)], atol=step)
    np.testing.assert_allclose(numbers[:, -2], truth.mean[block].mean(0), atol=step)
    np.testing.assert_allclose(numbers[:, -1], truth.specificity(block), atol=1 / 500)
    (head, *rows) = cells(saved(widget, "CSV: save the curve by depth"))
    for row in rows:
        value = dict(zip(head, row, strict=True))
        for column, bound in zip(
            ("specificity", "specificity, low", "specificity, high"), truth.mean_specificity(row[0]), strict=True
        ):
            assert float(value[column]) == pytest.approx(bound, abs=1e-4)
        assert float(value["open"]) == pytest.approx(truth.saturation(row[0]).open, abs=1e-4)


def test_classes_of_many_channels_are_strips(page: Page, book_url: str):
    """Channels have no order, and 256 that a line joins are a tangle: what is saved has a named strip for each class instead."""
    classes = ("goldfish", "cliff", "espresso")
    query = f"?profiles.network={IMAGENET}&profiles.block=layer4.0.se&profiles.classes={'|'.join(classes)}"
    widget = opened(page, f"{book_url}{SHALLOW}{query}", "profiles")
    expect(widget.get_by_label("Draw")).to_have_value("strips")
    space = "{http://www.w3.org/2000/svg}"
    drawing = ET.fromstring(saved(widget, "SVG: save the class means"))
    (strips,) = (group for group in drawing.iter(f"{space}g") if group.get("class") == "senet-strips")
    cells = strips.findall(f"{space}rect")
    mean = profiles.shipped(IMAGENET).mean["layer4.0.se"]
    order = mean.mean(0).argsort(stable=True)
    truth = mean[[pretrained.get(IMAGENET).classes.index(name) for name in classes]][:, order].flatten()
    inked = [float(cell.get("fill-opacity")) for cell in cells]
    assert len(inked) == 3 * 256
    # In 256 steps, so channels whose means nearly agree may have changed places.
    np.testing.assert_allclose(sorted(inked), sorted(truth.tolist()), atol=0.01)
    said = "".join(drawing.itertext())
    assert all(name in said for name in classes)
    assert "faint: 0.00, strong: 1.00" in said
    lines = [group for group in drawing.iter(f"{space}g") if group.get("aria-label") == "line"]
    assert len(lines) == 1  # the mean over all classes, by which they are sorted
    widget.get_by_label("Order channels by").select_option("index")
    drawing = ET.fromstring(saved(widget, "SVG: save the class means"))
    assert not [group for group in drawing.iter(f"{space}g") if group.get("aria-label") == "line"]


def test_orders_by_keyboard_and_the_readout(page: Page, book_url: str):
    widget = opened(page, f"{book_url}{SHALLOW}?profiles.network={CIFAR}&profiles.block=layer3.0.se", "profiles")
    truth = profiles.shipped(CIFAR)
    channels = widget.get_by_role("slider", name="Channels of the block")
    channels.press("Home")
    least = int(truth.mean["layer3.0.se"].mean(0).argmin())
    expect(widget.locator(".senet-readout").first).to_contain_text(f"channel {least}: airplane ")
    channels.press("ArrowRight")
    expect(channels).to_have_attribute("aria-valuenow", "1")
    widget.get_by_label("Order channels by").select_option("specificity")
    channels.press("Home")
    most = int(truth.specificity("layer3.0.se").argmax())
    expect(widget.locator(".senet-readout").first).to_contain_text(f"channel {most}: ")
    channels.press("Escape")
    expect(channels).to_have_attribute("aria-valuetext", "nothing chosen")
    widget.get_by_role("slider", name="Blocks by depth").press("End")
    expect(widget.get_by_label("Block", exact=True)).to_have_value("layer3.2.se")
    assert page.url.startswith(book_url + SHALLOW)  # no key has turned the page


def test_six_classes_are_the_most(page: Page, book_url: str):
    widget = opened(page, book_url + SHALLOW, "profiles")
    add = widget.get_by_label("Add a class")
    for name in ("disc", "square"):
        if widget.get_by_role("button", name=f"{name}: take away").count() == 0:
            add.select_option(name)
    while widget.locator(".senet-chip").count() < 6:
        add.select_option(index=1)
    expect(add).to_be_disabled()
    for _ in range(6):
        chip = widget.locator(".senet-chip").last
        chip.focus()
        chip.press("Enter")
    expect(widget.locator(".senet-chip")).to_have_count(0)
    expect(add).to_be_focused()  # the last one's focus goes somewhere


def test_nonsense_in_an_address_is_left_out(page: Page, book_url: str):
    wanted = {"network": "x", "block": "layer9", "classes": "disc|dog", "order": "1", "channel": "1e3", "marks": "constructor"}
    query = "&".join(f"profiles.{name}={value}" for name, value in wanted.items())
    widget = opened(page, f"{book_url}{SHALLOW}?{query}", "profiles")
    assert "profiles." not in widget.get_by_role("link", name="Link to this view").get_attribute("href")


def test_curves_are_what_training_wrote(page: Page, book_url: str):
    widget = opened(page, book_url + TRAINING, "curves-2")
    (head, *rows) = cells(saved(widget, "CSV: save the chart"))
    for name in SHIPPED:
        mine = [row[1:] for row in rows if row[0] == pretrained.get(name).title]
        truth = [[epoch[field] for field in head[1:]] for epoch in history(name)]
        np.testing.assert_allclose(np.array(mine, dtype=float), truth, rtol=1e-4)
    places = widget.get_by_role("slider", name="Places in the chart")
    places.press("Home")
    first = history(CIFAR)[0]
    expect(widget.locator(".senet-readout")).to_contain_text(f"epoch 1: SE-ResNet-20 on CIFAR-10 {first['test_accuracy']:.1%}")
    widget.get_by_label("Along").select_option("minutes")
    places.press("End")
    minutes = max(sum(epoch["seconds"] for epoch in history(name)) for name in SHIPPED) / 60
    expect(widget.locator(".senet-readout")).to_contain_text(f"after {minutes:.1f} minutes")


def test_the_run_of_the_chapter_is_drawn(page: Page, book_url: str):
    widget = opened(page, book_url + TRAINING, "curves")
    (_, *rows) = cells(saved(widget, "CSV: save the chart"))
    assert {row[0] for row in rows} == {"SE-ResNet-8", "ResNet-8"}
    assert len(rows) == 24  # twelve epochs each
    expect(widget.locator(".senet-summary")).to_contain_text("SE-ResNet-8 from")


def test_a_study_is_shown_seed_by_seed(page: Page, book_url: str):
    widget = opened(page, book_url + WHAT_IF, "curves")
    result = study_result("study-patchwork")
    arms = {arm["name"]: arm for arm in Curves()._data["studies"]["study-patchwork"]["arms"]}
    (_, *rows) = cells(saved(widget, "CSV: save the chart"))
    for name, seeds, mean, *_, each in rows:
        runs = sorted((run["seed"], run["accuracy"]) for run in result["runs"] if run["arm"] == name)
        assert int(seeds) == len(runs)
        assert [float(value) for value in each.split()] == pytest.approx([accuracy for _, accuracy in runs], abs=1e-5)
        assert float(mean) == pytest.approx(np.mean([accuracy for _, accuracy in runs]), abs=1e-5)
    widget.get_by_label("Value").select_option("difference")
    widget.get_by_role("slider", name="Places in the chart").press("End")
    last = list(arms.values())[-1]
    low, high = max(0, last["mean"] - last["half"]), min(1, last["mean"] + last["half"])
    expect(widget.locator(".senet-readout")).to_contain_text(
        f"{last['name']}: {100 * last['mean']:.1f}% ({100 * low:.1f} to {100 * high:.1f}) over"
    )


def test_pairs_are_timms(page: Page, book_url: str):
    widget = opened(page, f"{book_url}{BECAME}?pairs.measure=sketch", "pairs")
    counted = gains.in_timm("sketch")
    expect(widget.locator(".senet-summary")).to_contain_text(f"{counted['up']} of {counted['pairs']} pairs gain")
    (_, *rows) = cells(saved(widget, "CSV: save the chart"))
    assert [(row[1], float(row[3]), float(row[4])) for row in rows] == [
        (pair["with"], *pair["top1"]["sketch"]) for pair in pairs.read()["pairs"]
    ]
    widget.get_by_label("Order by").select_option("difference")
    first, best = widget.get_by_role("slider", name="Pairs of networks"), Pairs("sketch", order="difference").differences()[0]
    first.press("Home")
    expect(widget.locator(".senet-readout")).to_contain_text(f"→ {best[0]}, ")
    machine = next(iter(pairs.read()["machines"]))
    widget.get_by_label("Compare").select_option(machine)
    (_, *rows) = cells(saved(widget, "CSV: save the chart"))
    times = [pair["time"][machine] for pair in pairs.read()["pairs"]]
    assert [float(row[3]) for row in rows] == sorted(times, reverse=True)


def test_a_script_that_does_not_come_leaves_the_figure(page: Page, guard: Guard, book_url: str):
    guard.allow("plots.js|ERR_FAILED")
    page.route("**/plots.js", lambda route: route.abort())
    arrive(page, book_url + WHAT_IF)
    figure = page.locator("figure#curves")
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".senet-problem")).to_contain_text("failed to load")
    expect(figure.locator(".senet-static svg")).to_be_visible()
    page.unroute("**/plots.js")
    figure.get_by_role("button", name="Try again").click()
    expect(figure).to_have_attribute("data-live", "true")


@without_scripts
def test_without_scripts_there_is_a_figure(page: Page, book_url: str):
    for path, key in ((SHALLOW, "profiles"), (TRAINING, "curves"), (TRAINING, "curves-2")):
        page.goto(book_url + path)
        figure = page.locator(f"figure#{key}")
        assert figure.locator("svg").bounding_box()["height"] > 100
        assert len(figure.locator("figcaption").inner_text()) > 40


# ---- in a live kernel: the notebooks' module, with a model as anywidget has it

KERNEL = """async ([module, traits]) => {
    const { default: widget } = await import(module);
    const heard = [];
    window.model = {
        get: (name) => traits[name],
        set(name, value) {
            if (JSON.stringify(traits[name]) === JSON.stringify(value)) return;
            traits[name] = value;
            model.tell(name);
        },
        tell: (name) => heard.filter(([event]) => event === `change:${name}`).forEach(([, call]) => call()),
        on: (event, call) => heard.push([event, call]),
        off: (event, call) => heard.splice(heard.findIndex(([e, c]) => e === event && c === call), 1),
        save_changes: () => {},
        heard,
    };
    const el = document.createElement("div");
    el.id = "kernel";
    document.querySelector("article").prepend(el);
    window.end = widget.render({ model, el });
}"""


def in_a_kernel(page: Page, book_url: str, widget: Curves | Profiles) -> Locator:
    arrive(page, book_url + "book/bibliography.html")
    traits = {name: getattr(widget, name) for name in [*widget.fields(), "_fields", "_data", "_widget"]}
    page.evaluate(KERNEL, [book_url + "_static/senet/widget-plots.js", traits])
    return page.locator("#kernel")


def has(page: Page, **traits: object) -> None:
    """The model has these, a moment later: Python doesn't hear of every step of a hand."""
    same = "(wanted) => Object.entries(wanted).every(([name, value]) => JSON.stringify(model.get(name)) === JSON.stringify(value))"
    page.wait_for_function(same, arg=traits)


def test_a_run_is_followed_as_it_goes_on(page: Page, book_url: str):
    widget = Curves({})
    shown = in_a_kernel(page, book_url, widget)
    expect(shown.locator(".senet-summary")).to_have_text("No run is chosen.")
    follow = widget.follow("mine")
    for epoch in (1, 2, 3):
        follow(
            {
                "epoch": epoch,
                "loss": 1 / epoch,
                "accuracy": 0.2 * epoch,
                "test_loss": 1.0,
                "test_accuracy": 0.1 * epoch,
                "seconds": 6.0,
            }
        )
        page.evaluate("(data) => model.set('_data', data)", widget._data)
        page.evaluate("(runs) => model.set('runs', runs)", widget.runs)
        expect(shown.locator(".senet-summary")).to_contain_text(f"mine from 10.0% after epoch 1 to {10 * epoch}.0% after {epoch}")
    shown.get_by_label("Along").select_option("minutes")
    shown.get_by_role("slider").press("End")
    has(page, axis="minutes", at=2, runs=["mine"])  # in Python's types
    page.evaluate("model.set('at', null)")
    expect(shown.get_by_role("slider")).to_have_attribute("aria-valuetext", "nothing chosen")
    page.evaluate("end()")
    assert page.evaluate("[model.heard.length, document.querySelector('#kernel .senet-live').children.length]") == [0, 0]


def test_profiles_of_yours(page: Page, book_url: str):
    widget = Profiles({"mine": profiles.shipped("se_resnet_patchwork")}, class_names=pretrained.get("se_resnet_patchwork").classes)
    shown = in_a_kernel(page, book_url, widget)
    shown.get_by_label("Block", exact=True).select_option("layer1.0.se")
    has(page, block="layer1.0.se")
    shown.get_by_role("button", name="square: take away").click()
    has(page, classes=["disc", "triangle", "cross"])
    page.evaluate("model.set('classes', ['night'])")
    expect(shown.locator(".senet-chip")).to_have_count(1)
    assert math.isfinite(float(shown.get_by_role("slider").first.get_attribute("aria-valuemax")))
