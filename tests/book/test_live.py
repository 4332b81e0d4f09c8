"""The network in the reader's browser: started when asked for, told as it goes, and every answer against torch."""

import gzip
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from sebook.pages import gallery
from senet import pretrained
from senet.images.picture import square
from senet.inside.recording import record

from .conftest import HTML, PATIENCE, PHONE, Guard
from .test_shallow_deep import CHAPTER, LARGE, NETWORK, Truth, Widget
from .visits import axe

LIVE = HTML / "_static" / "senet" / "live"
READY = PATIENCE


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(NETWORK)


@pytest.fixture
def widget(page: Page, book_url: str) -> Widget:
    return Widget(page, book_url + CHAPTER)


def own(widget: Widget):
    return widget.el.get_by_role("group", name="Your own picture")


def run(widget: Widget):
    return own(widget).get_by_role("button", name="Run the network")


def started(widget: Widget) -> None:
    expect(own(widget)).to_have_attribute("data-engine", "ready", timeout=READY)


def answered(widget: Widget, name: str) -> None:
    """Wait for the answer to a picture of the reader's: the network is ready before it has looked at one."""
    expect(widget.radio(name)).to_be_checked(timeout=READY)
    expect(widget.el.locator(".senet-title")).to_have_text(name)


def picture(size=(32, 32), seed=0, mode="RGB") -> Image.Image:
    """Coloured clouds, nowhere the same: any fault in cropping, turning or scaling shows."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def give(widget: Widget, data: bytes, name: str = "mine.png", kind: str = "image/png") -> None:
    own(widget).locator("input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": data})


def answers(image: Image.Image, network: str = NETWORK):
    """Torch's, for a picture of exactly the network's size."""
    checkpoint = pretrained.get(network)
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
    return record(pretrained.load(checkpoint), checkpoint.preprocessing(pixels))


def shows(widget: Widget, recording, atol: float = 1e-4, network: str = NETWORK) -> None:
    for name in ("shallow", "deep"):
        block = recording.blocks[widget.block(name)]
        np.testing.assert_allclose(widget.values(name), block.excitation[0].numpy(), atol=atol, rtol=0)
        np.testing.assert_allclose([d["squeeze"] for d in widget.dots(name)], block.squeeze[0].numpy(), atol=atol, rtol=0)
    logits = recording.logits[0].numpy()
    classes = pretrained.get(network).classes
    for (label, logit, _), k in zip(widget.likeliest(), np.argsort(-logits)[:5], strict=True):
        assert label == classes[k]
        assert logit == pytest.approx(logits[k], abs=10 * atol)


def test_weighs_what_was_promised(page: Page, book_url: str):
    """Nothing of it with the page; at most 5 MB when asked for, gzipped as a host sends it."""
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    widget = Widget(page, book_url + CHAPTER)
    assert [url for url in fetched if "/live/" in url] == [f"{book_url}_static/senet/live/manifest.js"]
    run(widget).click()
    started(widget)
    wanted = [url.rsplit("/", 1)[1] for url in fetched if "/live/" in url]
    assert wanted == ["manifest.js", "worker.js", "runtime.js", f"{NETWORK}.js"]
    sizes = {name: len(gzip.compress((LIVE / name).read_bytes(), 6)) for name in wanted}
    print(sizes, "together", sum(sizes.values()))
    assert sum(sizes.values()) <= 5e6


def test_the_larger_network_answers_for_a_picture_of_the_readers_own(page: Page, book_url: str):
    """64 pixels, 100 classes: asked for by itself, at most 6 MB more than the runtime, and as right as the small ones."""
    widget = Widget(page, book_url + CHAPTER, LARGE)
    assert len(gzip.compress((LIVE / f"{LARGE}.js").read_bytes(), 6)) <= 6e6
    image = picture((64, 64), seed=5)
    give(widget, encoded(image))
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked(timeout=READY)
    shows(widget, answers(image, LARGE), network=LARGE)


def test_answers_live_for_the_gallery(widget: Widget, truth: Truth):
    """All pictures, among them 20 and more; the words say who computed them. No tolerance for what recording rounds."""
    assert "recorded from PyTorch" in widget.el.locator(".senet-about").inner_text()
    run(widget).click()
    started(widget)
    expect(widget.el.locator(".senet-about")).to_contain_text("computed in this page by ONNX Runtime")
    assert len(truth.ids) >= 20 or len(truth.ids) == len(gallery.read(HTML / "_static/senet/gallery" / f"{NETWORK}.js")["pictures"])
    for index, known in enumerate(truth.pictures):
        widget.radio(known["title"]).locator("..").click()
        # The axis of the answer that is there now: a live one comes a few milliseconds later.
        widget.page.wait_for_function(
            "el => !el.querySelector('.senet-live').hasAttribute('aria-busy')", arg=widget.el.element_handle()
        )
        widget.shows(truth, index)


def test_a_picture_of_ones_own(widget: Widget):
    image = picture()
    give(widget, encoded(image))  # asking for it starts the network
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked()
    shows(widget, answers(image))
    assert "you can say best" in widget.verdict()
    expect(own(widget).get_by_role("application", name="mine.png: 32 × 32 pixels, used whole.")).to_be_visible()
    # The rest of the widget works with it.
    widget.select("Deep").select_option("layer2.1.se")
    shows(widget, answers(image))
    widget.select("Order channels by").select_option("excitation")
    s = answers(image).blocks["layer2.1.se"].excitation[0].numpy()
    assert (np.diff(s[widget.order("deep")]) <= 1e-6).all()
    # Another takes its place; a picture of the gallery is still there.
    count = widget.el.get_by_role("radio").count()
    other = picture(seed=1)
    give(widget, encoded(other), "other.png")
    expect(widget.radio("other.png")).to_be_checked()
    expect(widget.el.locator(".senet-title")).to_have_text("other.png")
    shows(widget, answers(other))
    assert widget.el.get_by_role("radio").count() == count
    # It is in no link: nobody else has it.
    assert "yours" not in widget.page.url + widget.el.get_by_text("Link to this view").get_attribute("href")


def test_by_drop_and_by_paste(widget: Widget):
    run(widget).click()
    started(widget)
    for seed, (event, field) in enumerate((("drop", "dataTransfer"), ("paste", "clipboardData"))):
        image = picture(seed=seed + 5)
        widget.el.locator(".senet-live").evaluate(
            """(el, [event, field, bytes, name]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
                const target = el.querySelector(".senet-thumbs");
                const init = {bubbles: true, cancelable: true, [field]: data};
                target.dispatchEvent(event === "paste" ? new ClipboardEvent(event, init) : new DragEvent(event, init));
            }""",
            [event, field, list(encoded(image)), f"by-{event}.png"],
        )
        expect(widget.radio(f"by-{event}.png")).to_be_checked()
        expect(widget.el.locator(".senet-title")).to_have_text(f"by-{event}.png")
        shows(widget, answers(image))


def test_by_keyboard_alone(widget: Widget):
    keys = widget.page.keyboard
    browse = own(widget).get_by_role("button", name="Choose a picture")
    browse.focus()
    expect(browse).to_be_focused()
    with widget.page.expect_file_chooser() as chooser:
        keys.press("Enter")
    image = picture(seed=3)
    chooser.value.set_files({"name": "mine.png", "mimeType": "image/png", "buffer": encoded(image)})
    started(widget)
    answered(widget, "mine.png")
    shows(widget, answers(image))
    widget.radio("mine.png").focus()
    keys.press("Home")
    expect(widget.radio("mine.png")).not_to_be_checked()
    keys.press("End")
    answered(widget, "mine.png")
    shows(widget, answers(image))


def test_progress_and_cancel_by_keyboard(widget: Widget):
    page = widget.page
    page.route("**/live/runtime.js", lambda route: None)  # never answers
    run(widget).focus()
    page.keyboard.press("Enter")
    expect(own(widget)).to_have_attribute("data-engine", "loading")
    manifest = json.loads((LIVE / "manifest.js").read_text("utf-8").partition(",")[2].removesuffix(");\n"))
    total = sum(manifest[name] for name in ("worker", "runtime", NETWORK)) / 1e6
    expect(own(widget).locator(".senet-engine-line")).to_contain_text(f"0.1 MB of {total:.1f} MB")
    bar = own(widget).get_by_role("progressbar")
    assert 0 < bar.evaluate("bar => bar.position") < 0.05
    own(widget).get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(own(widget)).to_have_attribute("data-engine", "idle")
    expect(run(widget)).to_be_focused()
    page.unroute("**/live/runtime.js")
    run(widget).click()
    started(widget)


@pytest.mark.parametrize("file", ["worker", "runtime", NETWORK])
def test_a_download_that_fails(widget: Widget, guard: Guard, truth: Truth, file: str):
    guard.allow("console: .*ERR_FAILED")
    page = widget.page
    page.route(f"**/live/{file}.js", lambda route: route.abort())
    give(widget, encoded(picture()))
    expect(own(widget)).to_have_attribute("data-engine", "failed")
    assert "The recorded pictures go on." in own(widget).locator(".senet-engine-line").inner_text()
    widget.radio(truth.pictures[1]["title"]).locator("..").click()
    widget.shows(truth, 1)
    page.unroute(f"**/live/{file}.js")
    own(widget).get_by_role("button", name="Try again").click()
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked()  # it has waited
    shows(widget, answers(picture()))


def test_a_download_cut_short_or_of_another_build(widget: Widget):
    path = LIVE / f"{NETWORK}.js"
    widget.page.route("**/live/runtime.js", lambda route: route.fulfill(body=(LIVE / "runtime.js").read_bytes()[:-1000]))
    run(widget).click()
    expect(own(widget).locator(".senet-engine-line")).to_contain_text("bytes)")
    widget.page.unroute("**/live/runtime.js")
    # As long as the right one, and yet no network: what unpacks it notices.
    data = bytearray(path.read_bytes())
    data[1000:1040] = b"A" * 40
    widget.page.route(f"**/live/{NETWORK}.js", lambda route: route.fulfill(body=bytes(data)))
    own(widget).get_by_role("button", name="Try again").click()
    expect(own(widget)).to_have_attribute("data-engine", "failed", timeout=READY)
    widget.page.unroute(f"**/live/{NETWORK}.js")
    own(widget).get_by_role("button", name="Try again").click()
    started(widget)


def test_a_browser_without_webassembly(page: Page, book_url: str, truth: Truth):
    """Stands for all that can go wrong inside: no WASM, none with SIMD, no memory for it."""
    worker = (LIVE / "worker.js").read_text("utf-8").replace('"live/worker","', '"live/worker","delete self.WebAssembly;')
    size = len((LIVE / "worker.js").read_bytes())
    manifest = (LIVE / "manifest.js").read_text("utf-8").replace(f'"worker":{size}', f'"worker":{len(worker.encode())}')
    page.route("**/live/worker.js", lambda route: route.fulfill(body=worker))
    page.route("**/live/manifest.js", lambda route: route.fulfill(body=manifest))
    widget = Widget(page, book_url + CHAPTER)
    run(widget).click()
    expect(own(widget)).to_have_attribute("data-engine", "failed", timeout=READY)
    assert "The recorded pictures go on." in own(widget).locator(".senet-engine-line").inner_text()
    widget.radio(truth.pictures[2]["title"]).locator("..").click()
    widget.shows(truth, 2)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of that size, grey, in few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


REFUSED = {
    "notes.txt": (b"not a picture at all", "no picture that can be read here"),
    "drawing.svg": (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='owned'</script></svg>",
        "no picture that can be read",
    ),
    "empty.png": (b"", "is empty"),
    "dot.png": (encoded(picture((1, 1))), "1 × 1 pixels: choose one of at least 8"),
    "thin.png": (encoded(picture((100, 7))), "100 × 7 pixels: choose one of at least 8"),
    "cut.png": (encoded(picture((64, 64)))[:-40], "damaged or cut short"),
    "cut.jpg": (encoded(picture((200, 200)), "JPEG")[:-300], "damaged or cut short"),
    "cut.webp": (encoded(picture((64, 64)), "WEBP")[:-20], "damaged or cut short"),
    "bad.png": (encoded(picture((64, 64)))[:60] + bytes(40) + encoded(picture((64, 64)))[100:], "damaged or cut short"),
    "huge.png": (bomb(20_000, 6_000), "20000 × 6000 pixels: scale it below 100 megapixels"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "browsers don’t read: save it as JPEG"),
}


def test_refusals_in_words(widget: Widget):
    image = picture(seed=9)
    give(widget, encoded(image), "good.png")
    started(widget)
    for name, (data, words) in REFUSED.items():
        give(widget, data, name, "image/png")
        expect(own(widget).get_by_role("alert")).to_contain_text(words)
        expect(own(widget).get_by_role("alert")).to_contain_text(name)
        expect(widget.radio("good.png")).to_be_checked()  # and the widget goes on
        shows(widget, answers(image))
    give(widget, encoded(image), "again.png")
    expect(widget.radio("again.png")).to_be_checked()
    expect(own(widget).locator(".senet-problem")).to_be_empty()


def rotated(orientation: int) -> bytes:
    """As a phone stores it: by how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture((96, 64)), "JPEG", quality=95, exif=exif.tobytes())


def sixteen(image: Image.Image) -> bytes:
    """A PNG with 16 bits in each of red, green and blue, which Pillow reads and does not write."""
    values = np.asarray(image.convert("RGB")).astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    head = struct.pack(">IIBBBBB", *image.size, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def moving(kind: str) -> bytes:
    """Its first frame is the one that is shown."""
    first, second = (picture((64, 64), seed).quantize(32).convert("RGB") for seed in (0, 7))
    return encoded(first, kind, save_all=True, append_images=[second], duration=50)


OPENED = {
    "wide.png": encoded(picture((320, 128))),
    "panorama.png": encoded(picture((12_000, 64))),
    "photo.jpg": encoded(picture((640, 480)), "JPEG", quality=95),
    **{f"rotated {way}.jpg": rotated(way) for way in range(1, 9)},
    "large.jpg": encoded(picture((2600, 1900)), "JPEG", quality=80),  # above what is worked with at once
    "grey.png": encoded(picture((64, 64), mode="L")),
    "sixteen.png": sixteen(picture((64, 64))),
    "sixteen grey.png": encoded(Image.fromarray(np.array(picture((64, 64), mode="L")).astype(np.uint16) * 257)),
    "palette.gif": encoded(picture((64, 64)).quantize(32), "GIF"),
    "moving.gif": moving("GIF"),
    "moving.webp": moving("WEBP"),
    "cmyk.jpg": encoded(picture((64, 64), mode="CMYK"), "JPEG", quality=95),
    "clear.png": encoded(
        Image.merge("RGBA", (*picture((64, 64)).split(), picture((64, 64), 3, "L").point(lambda v: 255 * (v > 127))))
    ),
}


def test_pictures_of_many_kinds_are_cropped_and_scaled_as_in_python(widget: Widget):
    """The square that the network sees is near the one that senet.images cuts: upright, its middle, smoothly scaled."""
    from senet.images.picture import open_picture

    run(widget).click()
    started(widget)
    for name, data in OPENED.items():
        give(widget, data, name)
        expect(widget.radio(name)).to_be_checked()
        expect(widget.el.locator(".senet-title")).to_have_text(name)
        seen = widget.el.locator(".senet-picture canvas").evaluate(
            "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
        )
        seen = np.array(seen, dtype=float).reshape(32, 32, 4)[:, :, :3]
        wanted = np.asarray(square(open_picture(data), 32), dtype=float)
        difference = np.abs(seen - wanted).mean()
        print(f"{name}: {difference:.1f} of 255 on average")
        assert difference < (20 if name == "cmyk.jpg" else 9), name  # no colour profile says what CMYK means
        assert np.corrcoef(seen.ravel(), wanted.ravel())[0, 1] > 0.95, name


def test_a_file_that_is_huge(widget: Widget, tmp_path: Path):
    huge = tmp_path / "film.png"
    with huge.open("wb") as file:
        file.truncate(60_000_000)
    own(widget).locator("input[type=file]").set_input_files(huge)
    expect(own(widget).get_by_role("alert")).to_have_text("film.png has 60 MB: choose one below 50 MB.")
    expect(own(widget)).to_have_attribute("data-engine", "idle")  # nothing was fetched for it


def dropped(widget: Widget, *paths: Path) -> None:
    """By the browser itself: what a script makes up can't be a folder."""
    widget.page.mouse.move(0, 0)
    own(widget).scroll_into_view_if_needed()
    box = own(widget).bounding_box()
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = widget.page.context.new_cdp_session(widget.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 20, "y": box["y"] + 20, "data": data})
    session.detach()


def test_a_folder_several_files_and_an_address(widget: Widget, tmp_path: Path):
    """One says what to do instead, one takes the first and says so, and one explains why not."""
    alert = own(widget).locator(".senet-problem")
    (tmp_path / "holiday").mkdir()
    paths = [tmp_path / name for name in ("one.png", "two.png")]
    for seed, path in enumerate(paths):
        path.write_bytes(encoded(picture(seed=seed)))
    dropped(widget, tmp_path / "holiday")
    expect(alert).to_have_text("holiday is a folder: drop one picture out of it.")
    expect(own(widget)).to_have_attribute("data-engine", "idle")
    dropped(widget, *paths)
    answered(widget, "one.png")
    shows(widget, answers(picture(seed=0)))
    expect(alert).to_have_text("2 files came, and one is shown: one.png. Give them one by one.")
    dropped(widget, paths[1])
    answered(widget, "two.png")
    shows(widget, answers(picture(seed=1)))
    expect(alert).to_be_empty()
    own(widget).evaluate("""(el) => {
        const data = new DataTransfer();
        data.setData("text/uri-list", "https://elsewhere.example/cat.png");
        const before = new DragEvent("dragover", {bubbles: true, cancelable: true, dataTransfer: data});
        el.dispatchEvent(before);
        if (!before.defaultPrevented) throw new Error("the browser would leave the page for it");
        el.dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: data}));
    }""")
    expect(alert).to_contain_text("save the picture, and drop the file")
    expect(widget.radio("two.png")).to_be_checked()


def test_newest_question_wins(widget: Widget, truth: Truth):
    """A reader runs through the gallery faster than the network answers: what stays is the last picture, with its own numbers."""
    run(widget).click()
    started(widget)
    widget.el.evaluate("el => el.querySelectorAll('.senet-thumbs input').forEach((input) => input.click())")
    widget.page.wait_for_function(
        "el => !el.querySelector('.senet-live').hasAttribute('aria-busy')", arg=widget.el.element_handle()
    )
    widget.shows(truth, len(truth.ids) - 1)
    expect(widget.el.locator(".senet-problem").last).to_be_empty()


@pytest.mark.parametrize("where", ["book_prefix_url", "book_file_url"])
def test_elsewhere(page: Page, request: pytest.FixtureRequest, truth: Truth, where: str):
    """Below a prefix, and from a folder with no server: nothing can be fetched there, and it works all the same."""
    widget = Widget(page, request.getfixturevalue(where) + CHAPTER)
    image = picture(seed=4)
    give(widget, encoded(image))
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked()
    shows(widget, answers(image))


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", PHONE)])
def test_accessible_in_every_state(widget: Widget, theme: str):
    axe(widget.page, "figure.senet-widget")
    widget.page.route("**/live/runtime.js", lambda route: None)
    run(widget).click()
    expect(own(widget)).to_have_attribute("data-engine", "loading")
    axe(widget.page, "figure.senet-widget")
    own(widget).get_by_role("button", name="Cancel").click()
    widget.page.unroute("**/live/runtime.js")
    give(widget, encoded(picture((90, 60))))
    started(widget)
    give(widget, b"nothing", "nothing.png")
    expect(own(widget).get_by_role("alert")).not_to_be_empty()
    axe(widget.page, "figure.senet-widget")
    assert widget.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
