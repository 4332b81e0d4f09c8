"""Pictures in: every kind of file a reader may bring is shown rightly or refused in words."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from senet import images


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
    array[:12, :8, 1] = 255  # a corner of its own, so that a mirror image is told from a turned one
    upright = Image.fromarray(array)
    stored = upright if HELD[orientation] is None else upright.transpose(HELD[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    opened = images.open_picture(encoded(stored, kind, exif=exif.tobytes(), **lossless))
    np.testing.assert_allclose(np.asarray(opened).astype(int), array, atol=12 if kind == "JPEG" else 0)


def test_transparency_becomes_white():
    picture = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert np.asarray(images.open_picture(encoded(picture, "PNG"))).min() == 255


def test_transparent_palette_becomes_white():
    picture = Image.new("P", (10, 10), 0)
    picture.putpalette([0, 0, 255])
    assert images.open_picture(encoded(picture, "PNG", transparency=0)).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mode", "value", "expected"), [("L", 100, (100,) * 3), ("1", 1, (255,) * 3), ("CMYK", (0, 255, 255, 0), (255, 0, 0))]
)
def test_other_modes_become_rgb(mode, value, expected):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert images.open_picture(encoded(Image.new(mode, (9, 9), value), kind)).getpixel((4, 4)) == expected


def test_sixteen_bits_keep_their_range():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    grey = np.asarray(images.open_picture(encoded(Image.fromarray(ramp), "PNG")))[..., 0].ravel()
    np.testing.assert_array_equal(grey, np.arange(256))


def test_sixteen_bits_of_colour_keep_their_range():
    """Written by hand: Pillow reads such a PNG, and does not write one."""
    levels = np.linspace(0, 65535, 192).astype(">u2").reshape(8, 8, 3)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(np.asarray(images.open_picture(png)), levels >> 8)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animation_gives_its_first_frame(kind: str):
    frames = [Image.new("RGB", (12, 12), colour) for colour in ("lime", "black", "white")]
    animated = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert images.open_picture(animated).getpixel((6, 6)) == pytest.approx((0, 255, 0), abs=4)


def test_cmyk_as_photographs_are_stored():
    """In a JPEG its values are stored upside down, as Adobe does it."""
    cyan = encoded(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG", quality=95)
    assert images.open_picture(cyan).getpixel((8, 8)) == pytest.approx((0, 255, 255), abs=4)


def test_huge_picture_is_read_and_scaled():
    wide = encoded(Image.new("RGB", (12_000, 40), (0, 200, 0)), "PNG")
    assert np.asarray(images.square(images.open_picture(wide), 32)).shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"hello", "no picture"),
        (b"", "is empty"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "HEIC"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture"),
        (encoded(Image.new("RGB", (1, 1)), "PNG"), "1x1 pixels"),
        (encoded(Image.effect_noise((64, 64), 50), "PNG")[:900], "damaged"),
        (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:900], "damaged"),
        (encoded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"), "range is not known"),
        (np.zeros((3, 3, 7), np.uint8), "no picture"),
    ],
    ids=["text", "empty", "heic", "svg", "tiny", "cut png", "cut jpeg", "float", "array"],
)
def test_what_cannot_be_shown_is_refused_in_words(source, words):
    with pytest.raises(ValueError, match=words):
        images.open_picture(source)


def test_too_many_pixels_are_refused_before_decoding(monkeypatch):
    data = encoded(Image.new("L", (200, 200)), "GIF")
    monkeypatch.setattr(images, "MAX_PIXELS", 10_000)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("was decoded"))
    with pytest.raises(ValueError, match="200x200"):
        images.open_picture(data)


def test_a_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match=f"{tmp_path} is a folder: name one picture in it"):
        images.open_picture(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path, monkeypatch):
    huge = tmp_path / "film.png"
    with huge.open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("was read"))
    with pytest.raises(ValueError, match="film.png has 50 MB: choose one below 50 MB"):
        images.open_picture(huge)


def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ValueError, match="empty.png is empty"):
        images.open_picture(tmp_path / "empty.png")


def test_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.png"):
        images.open_picture(tmp_path / "nothing.png")


@given(width=st.integers(8, 90), height=st.integers(8, 90), size=st.sampled_from([8, 32, 64]))
@settings(max_examples=30, deadline=None)
def test_square_of_one_colour_stays_it(width, height, size):
    cut = images.square(Image.new("RGB", (width, height), (10, 20, 30)), size)
    assert cut.size == (size, size)
    assert cut.getcolors() == [(size * size, (10, 20, 30))]


def test_square_takes_the_box_and_refuses_one_outside(red_over_blue):
    assert images.square(red_over_blue, 4, (0, 14, 10)).getcolors() == [(16, (0, 0, 255))]
    with pytest.raises(ValueError, match=r"box=\(8, 8, 10\)"):
        images.square(red_over_blue, 4, (8, 8, 10))


def test_photographs_need_no_network(monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("asked the network"))
    photos = images.photographs(32)
    assert photos.images.shape == (len(images.PHOTOGRAPHS), 3, 32, 32)
    assert photos.images.dtype == torch.uint8
    # Each shows something: no two alike, none of one colour.
    flat = photos.images.flatten(1).float()
    assert flat.std(1).min() > 10
    assert torch.cdist(flat, flat).fill_diagonal_(torch.inf).min() > 500
    assert [photos.classes[i] for i in photos.labels if i >= 0] == ["cat", "horse"]
    assert images.photographs(16, ("espresso", "tabby")).labels.tolist().count(-1) == len(images.PHOTOGRAPHS) - 2


def test_pictures_can_be_chosen_from():
    photos = images.photographs(16)
    some = photos[[3, 0]]
    assert some.titles == (photos.titles[3], photos.titles[0])
    assert torch.equal(some.images[1], photos.images[0])
    assert len(photos[photos.labels >= 0]) == 2
    assert len(photos[-1]) == 1


@pytest.fixture
def folder(tmp_path):
    """A CIFAR-10 of two pictures a class and split."""
    for split in ("train", "test"):
        for i, name in enumerate(images.CIFAR10_CLASSES):
            place = tmp_path / split / name
            place.mkdir(parents=True)
            for j in range(2):
                Image.new("RGB", (32, 32), (i * 20, j * 100, 0)).save(place / f"{j:04}.png")
    return tmp_path


def test_cifar10_from_folders(folder, monkeypatch):
    monkeypatch.setenv("SENET_DATA", str(folder))
    pictures = images.cifar10("test", progress=False)
    assert pictures.classes == images.CIFAR10_CLASSES
    assert pictures.labels.tolist() == [i for i in range(10) for _ in range(2)]
    assert pictures.images[7, :, 0, 0].tolist() == [60, 100, 0]


def test_cifar10_original_by_torchvision(tmp_path, monkeypatch):
    """The original's own format, three pictures of it."""
    import hashlib
    import pickle

    import torchvision.datasets

    base = tmp_path / "cifar-10-batches-py"
    base.mkdir()
    data = np.arange(3 * 3072, dtype=np.uint32).astype(np.uint8).reshape(3, 3072)
    (base / "test_batch").write_bytes(pickle.dumps({"data": data, "labels": [3, 1, 2]}))
    (base / "batches.meta").write_bytes(pickle.dumps({"label_names": list(images.CIFAR10_CLASSES)}))
    digest = {name: hashlib.md5((base / name).read_bytes()).hexdigest() for name in ("test_batch", "batches.meta")}
    original = torchvision.datasets.CIFAR10
    monkeypatch.setattr(original, "train_list", [])
    monkeypatch.setattr(original, "test_list", [["test_batch", digest["test_batch"]]])
    monkeypatch.setattr(original, "meta", original.meta | {"md5": digest["batches.meta"]})
    pictures = images.cifar10("test", tmp_path, download=False, progress=False)
    assert pictures.labels.tolist() == [3, 1, 2]
    assert np.array_equal(pictures.images[1].numpy().ravel(), data[1])


def test_cifar10_absent_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="SENET_DATA"):
        images.cifar10("train", tmp_path, download=False)
    with pytest.raises(ValueError, match="split='valid'"):
        images.cifar10("valid")


def test_unreadable_picture_is_named(folder):
    (folder / "train" / "cat" / "0001.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"cat.0001\.png is no picture"):
        images.cifar10("train", folder, progress=False)


def test_imagenet100_by_its_everyday_names(tmp_path, monkeypatch):
    for split, count in (("train", 2), ("val", 1)):
        for k, wnid in enumerate(("n01443537", "n09246464")):
            folder = tmp_path / "imagenet100" / split / wnid
            folder.mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (64, 64), (40 * k, 0, 0)).save(folder / f"{i}.png")
    names = "n01443537\tgoldfish, Carassius auratus\nn09246464\tcliff, drop, drop-off\n"
    (tmp_path / "imagenet100" / "classes.tsv").write_text(names, encoding="utf-8")
    monkeypatch.setenv("SENET_DATA", str(tmp_path))
    train, test = images.imagenet100("train", progress=False), images.imagenet100("test", tmp_path / "imagenet100", progress=False)
    assert train.classes == test.classes == ("goldfish", "cliff")
    assert train.images.shape == (4, 3, 64, 64)
    assert test.labels.tolist() == [0, 1]
    assert test.images[1, 0].unique().tolist() == [40]
    with pytest.raises(ValueError, match="split='val' is unknown"):
        images.imagenet100("val")
    with pytest.raises(FileNotFoundError, match="imagenet100/classes.tsv"):
        images.imagenet100("test", tmp_path / "nowhere")
    (tmp_path / "imagenet100" / "val" / "n09246464" / "0.png").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"0\.png"):
        images.imagenet100("test", progress=False)


def test_store_keeps_the_pixels_for_next_time(folder, tmp_path, monkeypatch):
    plain = images.image_folder(folder / "train", 16, progress=False)
    stored = images.image_folder(folder / "train", 16, store=tmp_path / "pixels", progress=False)
    assert torch.equal(stored.images, plain.images)
    assert torch.equal(stored.labels, plain.labels)
    monkeypatch.setattr(images, "open_picture", lambda _: pytest.fail("was decoded again"))
    again = images.image_folder(folder / "train", 16, store=tmp_path / "pixels", progress=False)
    assert torch.equal(again.images[[5, 3]], plain.images[[5, 3]])
    monkeypatch.undo()
    # One picture less is another set, and so is another size.
    (folder / "train" / "cat" / "0001.png").unlink()
    assert len(images.image_folder(folder / "train", 16, store=tmp_path / "pixels", progress=False)) == 19
    assert images.image_folder(folder / "train", 8, store=tmp_path / "pixels", progress=False).images.shape[2:] == (8, 8)
    assert len(list((tmp_path / "pixels").iterdir())) == 3


def test_store_of_a_folder_with_a_broken_picture_is_not_made(folder, tmp_path):
    (folder / "train" / "cat" / "0001.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"cat.0001\.png is no picture"):
        images.image_folder(folder / "train", 16, store=tmp_path / "pixels", progress=False)
    assert not list((tmp_path / "pixels").iterdir())
