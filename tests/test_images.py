"""Sets of pictures: read from where they are, or said in words why not."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sebook import collection
from senet import images


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
    """A CIFAR-10 of two pictures per class and split."""
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
    with pytest.raises(ValueError, match=r"cat.0001\.png is not a picture"):
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
    with pytest.raises(ValueError, match=r"cat.0001\.png is not a picture"):
        images.image_folder(folder / "train", 16, store=tmp_path / "pixels", progress=False)
    assert not list((tmp_path / "pixels").iterdir())


def test_shipped_photographs_are_credited():
    """Every file has an author, a licence that lets us pass it on, and a row in LICENCES.md; no file is there without."""
    described = collection.described()
    assert sorted(entry["file"] for entry in described) == sorted(path.name for path in collection.folder().glob("*.webp"))
    table = (Path(__file__).parents[1] / "LICENCES.md").read_text("utf-8")
    for entry in described:
        assert re.fullmatch(r"public domain|CC0|CC BY(-SA)? [234]\.0", entry["licence"])
        cells = (f"`{entry['file']}`: {entry['title']}", entry["author"], entry["licence"], f"<{entry['page']}>", entry["package"])
        assert f"| {' | '.join(cells)} |" in table
        assert (collection.folder() / entry["file"]).stat().st_size < 60_000


def test_shipped_photographs_go_by_class():
    photos = collection.photographs(32, ("tabby", "bee", "emu"))
    assert [photos.classes[label] for label in photos.labels] == ["tabby", "bee"]
    assert photos.images.shape == (2, 3, 32, 32)
    assert photos.credits[0] == "Alvesgaspar, CC BY-SA 3.0"
    with pytest.raises(ValueError, match="no pictures"):
        collection.photographs(32, ("emu",))
