"""A picture file of the reader's own: chosen, dropped or pasted, of many kinds, or refused in words; answers against torch."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from senet.images.picture import square

from .built import PATIENCE
from .live import answered, answers, encoded, give, own, picture, run, shows, started
from .shallow_deep import Widget


def test_a_picture_of_ones_own(widget: Widget):
    image = picture()
    give(widget, encoded(image))  # asking for it starts the network
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked()
    shows(widget, answers(image))
    assert "Only you know" in widget.verdict()
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


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of that size, grey, in few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def flipped(png: bytes) -> bytes:
    """With a wrong checksum under its pixels, which still unpack."""
    at = png.index(b"IDAT")
    end = at + 4 + struct.unpack(">I", png[at - 4 : at])[0]
    return png[:end] + bytes([png[end] ^ 1]) + png[end + 1 :]


REFUSED = {
    "notes.txt": (b"not a picture at all", "not a picture that can be read here"),
    "drawing.svg": (b"<svg><script>document.title='owned'</script></svg>", "not a picture that can be read"),
    "scan.tiff": (encoded(picture((64, 64)), "TIFF"), "not a picture that can be read here: save it as JPEG"),
    "cut.bmp": (encoded(picture((64, 64)), "BMP")[:-200], "is a BMP picture, but damaged"),
    "empty.png": (b"", "is empty"),
    "dot.png": (encoded(picture((1, 1))), "1 × 1 pixels: choose one of at least 8"),
    "thin.png": (encoded(picture((100, 7))), "100 × 7 pixels: choose one of at least 8"),
    "cut.png": (encoded(picture((64, 64)))[:-40], "damaged or cut short"),
    "cut.jpg": (encoded(picture((200, 200)), "JPEG")[:-300], "damaged or cut short"),
    "cut.webp": (encoded(picture((64, 64)), "WEBP")[:-20], "damaged or cut short"),
    "bad.png": (encoded(picture((64, 64)))[:60] + bytes(40) + encoded(picture((64, 64)))[100:], "damaged or cut short"),
    "huge.png": (bomb(20_000, 6_000), "20000 × 6000 pixels: scale it below 100 megapixels"),
    "sum.png": (flipped(encoded(picture((64, 64)))), "is a PNG picture, but damaged"),  # Firefox and WebKit would show it
    "cut.avif": (encoded(picture((64, 64)), "AVIF")[:-200], "is an AVIF picture, but damaged"),
    # Tried, since some browsers read it; this one does not.
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "this browser doesn’t read: save it as JPEG"),
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


def rotated(orientation: int, kind: str = "JPEG") -> bytes:
    """As a phone stores it: by how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture((96, 64)), kind, quality=95, exif=exif.tobytes())


def filled(jpeg: bytes) -> bytes:
    """With fill bytes before its second marker, as the standard allows."""
    return jpeg[:2] + b"\xff\xff" + jpeg[2:]


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
    **{f"rotated {way}.{kind.lower()}": rotated(way, kind) for kind in ("WEBP", "PNG", "AVIF") for way in (3, 6, 7)},
    "filled.jpg": filled(encoded(picture((96, 64)), "JPEG", quality=95)),
    "behind.gif": encoded(picture((64, 64)).quantize(32), "GIF") + b"\0",
    "odd.jpg": encoded(picture((2001, 1501)), "JPEG", quality=80),  # halved, its sides are rounded
    "large.jpg": encoded(picture((2600, 1900)), "JPEG", quality=80),  # above what is worked with at once
    "grey.png": encoded(picture((64, 64), mode="L")),
    "sixteen.png": sixteen(picture((64, 64))),
    "sixteen grey.png": encoded(Image.fromarray(np.array(picture((64, 64), mode="L")).astype(np.uint16) * 257)),
    "pixels.bmp": encoded(picture((64, 48)), "BMP"),
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
    expect(alert).to_have_text("You gave 2 files; only the first is shown: one.png. Choose one at a time.")
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
    expect(alert).to_contain_text("save the picture, then drop the file")
    expect(widget.radio("two.png")).to_be_checked()


def test_the_size_is_the_files(widget: Widget):
    give(widget, OPENED["odd.jpg"], "odd.jpg")
    started(widget)
    words = "odd.jpg: 1501 × 1501 of 2001 × 1501 pixels, from 250 across and 0 down."
    expect(own(widget).get_by_role("application", name=words)).to_be_visible()


def test_a_picture_dropped_beside_the_widget_is_taken(widget: Widget):
    """The browser would leave the page for it."""
    taken = widget.page.evaluate(
        """([bytes, name]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
            return ["dragover", "drop"].map((kind) => {
                const event = new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data});
                document.querySelector("article h1, main h1").dispatchEvent(event);
                return event.defaultPrevented;
            });
        }""",
        [list(encoded(picture(seed=2))), "beside.png"],
    )
    assert taken == [True, True]
    first = widget.page.locator("figure", has=widget.page.locator(".senet-own")).first  # the page's first widget has it
    expect(first.locator(".senet-own")).to_have_attribute("data-engine", "ready", timeout=PATIENCE)
    expect(first.locator(".senet-title")).to_have_text("beside.png")


def test_too_many_pixels_are_refused_before_they_are_decoded(widget: Widget):
    """By its header: there is no picture in the file at all."""
    widget.page.evaluate("() => { window.createImageBitmap = () => { throw new Error('decoded') } }")
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")
    give(widget, data, "bomb.png")
    expect(own(widget).get_by_role("alert")).to_have_text("bomb.png is 30000 × 30000 pixels: scale it below 100 megapixels first.")
