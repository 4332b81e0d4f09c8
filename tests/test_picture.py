"""One picture in: every kind of file a reader may bring is shown rightly or refused in words."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from senet.images import picture as opening
from senet.images.picture import open_picture, square


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def red_over_blue() -> Image.Image:
    """16 wide, 24 high: the upper half red, the lower blue."""
    array = np.zeros((24, 16, 3), np.uint8)
    array[:12, :, 0], array[12:, :, 2] = 255, 255
    return Image.fromarray(array)


# What a camera does to an upright picture before it stores it, by EXIF's number for how to show it.
HELD = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", HELD)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_exif_rotation_is_applied(red_over_blue, orientation: int, kind: str):
    array = np.array(red_over_blue)
    array[:12, :8, 1] = 255  # a corner of its own, so that a mirror image differs from a turned one
    upright = Image.fromarray(array)
    stored = upright if HELD[orientation] is None else upright.transpose(HELD[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    opened = open_picture(encoded(stored, kind, exif=exif.tobytes(), **lossless))
    np.testing.assert_allclose(np.asarray(opened).astype(int), array, atol=12 if kind == "JPEG" else 0)


def test_transparency_becomes_white():
    picture = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert np.asarray(open_picture(encoded(picture, "PNG"))).min() == 255


def test_transparent_palette_becomes_white():
    picture = Image.new("P", (10, 10), 0)
    picture.putpalette([0, 0, 255])
    assert open_picture(encoded(picture, "PNG", transparency=0)).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mode", "value", "expected"), [("L", 100, (100,) * 3), ("1", 1, (255,) * 3), ("CMYK", (0, 255, 255, 0), (255, 0, 0))]
)
def test_other_modes_become_rgb(mode, value, expected):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert open_picture(encoded(Image.new(mode, (9, 9), value), kind)).getpixel((4, 4)) == expected


def test_sixteen_bits_keep_their_range():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    grey = np.asarray(open_picture(encoded(Image.fromarray(ramp), "PNG")))[..., 0].ravel()
    np.testing.assert_array_equal(grey, np.arange(256))


def test_sixteen_bits_of_colour_keep_their_range():
    """Written by hand: Pillow reads such a PNG, and does not write one."""
    levels = np.linspace(0, 65535, 192).astype(">u2").reshape(8, 8, 3)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(np.asarray(open_picture(png)), levels >> 8)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animation_gives_its_first_frame(kind: str):
    frames = [Image.new("RGB", (12, 12), colour) for colour in ("lime", "black", "white")]
    animated = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert open_picture(animated).getpixel((6, 6)) == pytest.approx((0, 255, 0), abs=4)


def test_cmyk_as_photographs_are_stored():
    """In a JPEG its values are stored upside down, as Adobe does it."""
    cyan = encoded(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG", quality=95)
    assert open_picture(cyan).getpixel((8, 8)) == pytest.approx((0, 255, 255), abs=4)


def test_huge_picture_is_read_and_scaled():
    wide = encoded(Image.new("RGB", (12_000, 40), (0, 200, 0)), "PNG")
    assert np.asarray(square(open_picture(wide), 32)).shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"hello", "not a picture"),
        (b"", "is empty"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "HEIC"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        (encoded(Image.new("RGB", (1, 1)), "PNG"), "1x1 pixels"),
        (encoded(Image.effect_noise((64, 64), 50), "PNG")[:900], "damaged"),
        (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:900], "damaged"),
        (encoded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"), "range is not known"),
        (np.zeros((3, 3, 7), np.uint8), "not a picture"),
    ],
    ids=["text", "empty", "heic", "svg", "tiny", "cut png", "cut jpeg", "float", "array"],
)
def test_what_cannot_be_shown_is_refused_in_words(source, words):
    with pytest.raises(ValueError, match=words):
        open_picture(source)


def test_too_many_pixels_are_refused_before_decoding(monkeypatch):
    data = encoded(Image.new("L", (200, 200)), "GIF")
    monkeypatch.setattr(opening, "MAX_PIXELS", 10_000)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("was decoded"))
    with pytest.raises(ValueError, match="200x200"):
        open_picture(data)


def test_a_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match=f"{tmp_path} is a folder: name one picture in it"):
        open_picture(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path, monkeypatch):
    huge = tmp_path / "film.png"
    with huge.open("wb") as file:
        file.truncate(opening.MAX_BYTES + 1)
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("was read"))
    with pytest.raises(ValueError, match="film.png has 50 MB: choose one below 50 MB"):
        open_picture(huge)


def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ValueError, match="empty.png is empty"):
        open_picture(tmp_path / "empty.png")


def test_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.png"):
        open_picture(tmp_path / "nothing.png")


@given(width=st.integers(8, 90), height=st.integers(8, 90), size=st.sampled_from([8, 32, 64]))
@settings(max_examples=30, deadline=None)
def test_square_of_one_colour_stays_it(width, height, size):
    cut = square(Image.new("RGB", (width, height), (10, 20, 30)), size)
    assert cut.size == (size, size)
    assert cut.getcolors() == [(size * size, (10, 20, 30))]


def test_square_takes_the_box_and_refuses_one_outside(red_over_blue):
    assert square(red_over_blue, 4, (0, 14, 10)).getcolors() == [(16, (0, 0, 255))]
    with pytest.raises(ValueError, match=r"box=\(8, 8, 10\)"):
        square(red_over_blue, 4, (8, 8, 10))
