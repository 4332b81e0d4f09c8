"""Sets of pictures: scikit-image's photographs, CIFAR-10, ImageNet-100 and any folder of classes.

Everything ends as :class:`Pictures`, bytes in memory. Networks here are small and so are their pictures: 50,000 of 32x32 are
150 MB, and a training loop that only indexes a tensor needs no worker processes. (:mod:`senet.images.picture`
opens one picture, :mod:`senet.images.patchwork` makes them by code.)
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from . import folders
from .picture import open_picture, square

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size in memory.

    Attributes:
        images: uint8 (N, 3, H, W), RGB.
        labels: int64 (N,), indices into ``classes``; -1 where a picture belongs to none of them.
        classes: names of the classes.
        titles: one for each picture, or empty.
        credits: who made each picture and under which terms, or empty.
        factors: what a generated picture was made from: name to N values; empty for photographs.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    titles: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    factors: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> "Pictures":
        """Some of the pictures: a slice, a list of indices, or a boolean mask."""
        chosen = torch.arange(len(self))[index].reshape(-1)
        numbers = chosen.tolist()
        return Pictures(
            self.images[chosen],
            self.labels[chosen],
            self.classes,
            tuple(self.titles[i] for i in numbers) if self.titles else (),
            tuple(self.credits[i] for i in numbers) if self.credits else (),
            {name: values[chosen.numpy()] for name, values in self.factors.items()},
        )


def statistics(pictures: Pictures) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of red, green and blue over all pixels, on the scale 0 to 1, to four digits."""
    # A histogram of the bytes is exact, and needs no float copy of 50,000 pictures. Of billions of bytes, a part tells enough.
    some = pictures.images[:: max(1, pictures.images.nbytes // 10**9)]
    counts = torch.stack([torch.bincount(some[:, c].flatten(), minlength=256) for c in range(3)]).double()
    share, values = counts / counts.sum(1, keepdim=True), torch.arange(256) / 255
    mean = share @ values.double()
    std = ((share @ values.double() ** 2) - mean**2).sqrt()
    return tuple(round(v, 4) for v in mean.tolist()), tuple(round(v, 4) for v in std.tolist())


def from_pil(
    pictures: Iterable[Image.Image],
    size: int,
    *,
    labels: Sequence[int] | None = None,
    classes: Sequence[str] = (),
    titles: Sequence[str] = (),
    credits: Sequence[str] = (),
) -> Pictures:
    """Gather Pillow pictures, each cut to its middle square and scaled to ``size`` x ``size``."""
    arrays = [np.asarray(p if p.size == (size, size) else square(p, size)) for p in pictures]
    if not arrays:
        raise ValueError("no pictures were given: pass at least one")
    images = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).contiguous()
    labels = torch.tensor([-1] * len(arrays) if labels is None else list(labels))
    return Pictures(images, labels, tuple(classes), tuple(titles), tuple(credits))


# scikit-image's function, left, top and side of the part shown, title, what data sets call it, credit.
# Those in the wheel itself and free of restrictions by scikit-image's own documentation.
PHOTOGRAPHS = (
    ("chelsea", 60, 0, 300, "Chelsea the cat", ("cat", "tabby"), "Stefan van der Walt, CC0"),
    ("horse", 66, 0, 328, "silhouette of a horse", ("horse",), "Andreas Preuss, CC0"),
    ("astronaut", 322, 20, 180, "model of a space shuttle", (), "NASA, public domain"),
    ("rocket", 170, 110, 300, "Falcon 9 at take-off", (), "SpaceX, public domain"),
    ("astronaut", 0, 0, 512, "Eileen Collins, astronaut", (), "NASA, public domain"),
    ("camera", 0, 0, 512, "photographer on a lawn", (), "Lav Varshney, CC0"),
    ("coffee", 80, 0, 400, "a cup of coffee", ("espresso",), "Rachel Michetti, CC0"),
    ("coins", 0, 0, 303, "coins from Pompeii", (), "Brooklyn Museum, no known restrictions"),
    ("retina", 0, 0, 1411, "a human retina", (), "Mikael Häggström, CC0"),
    ("hubble_deep_field", 300, 250, 400, "galaxies in Hubble's deep field", (), "NASA, public domain"),
    ("immunohistochemistry", 0, 0, 512, "stained tissue", (), "CMMI, no known restrictions"),
    ("brick", 0, 0, 512, "a brick wall", (), "CC0 Textures, CC0"),
)


def photographs(size: int = 32, classes: Sequence[str] = CIFAR10_CLASSES) -> Pictures:
    """The photographs that scikit-image carries in its wheel, cut to what they show. No network needed.

    Two of them belong to a class of CIFAR-10, two to one of ImageNet-100; the others are of things that such a network has never
    seen, and have the label -1.

    Args:
        size: side of the pictures in pixels.
        classes: class names; labels are indices into them.
    """
    import skimage.data

    classes = tuple(classes)
    squares, labels = [], []
    for function, left, top, side, _title, names, _credit in PHOTOGRAPHS:
        array = getattr(skimage.data, function)()
        if array.dtype == bool:
            array = array.astype(np.uint8) * 255
        squares.append(square(Image.fromarray(array).convert("RGB"), size, (left, top, side)))
        labels.append(next((classes.index(name) for name in names if name in classes), -1))
    titles = [title for *_, title, _names, _credit in PHOTOGRAPHS]
    return from_pil(squares, size, labels=labels, classes=classes, titles=titles, credits=[p[-1] for p in PHOTOGRAPHS])


def data_folder() -> Path:
    """Where data sets are: ``$SENET_DATA``, else ``~/.cache/senet``."""
    return Path(os.environ.get("SENET_DATA") or Path.home() / ".cache" / "senet").expanduser()


def cifar10(
    split: str = "train",
    root: str | Path | None = None,
    *,
    each: int | None = None,
    download: bool = True,
    progress: bool = True,
) -> Pictures:
    """CIFAR-10 (Krizhevsky, 2009): 50,000 training or 10,000 test pictures of 32x32.

    Args:
        split: ``"train"`` or ``"test"``.
        root: a folder with ``train/airplane/…`` and ``test/airplane/…``, or where torchvision keeps or may put the original;
            None for :func:`data_folder`.
        each: only the first so many pictures of each class; by default all.
        download: fetch the original by torchvision if it is not there (170 MB).
        progress: show how reading gets on.

    Raises:
        ValueError: an unknown split, or a picture that cannot be read, which the message names.
        FileNotFoundError: the data are not there, and could not or should not be fetched.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split={split!r} is unknown: choose 'train' or 'test'")
    root = Path(root) if root is not None else data_folder()
    for folder in (root / split, root / "cifar10" / split):
        if (folder / CIFAR10_CLASSES[0]).is_dir():
            return image_folder(folder, 32, each=each, progress=progress)

    from torchvision.datasets import CIFAR10

    try:
        original = CIFAR10(str(root), train=split == "train", download=download)
    except (RuntimeError, OSError) as error:
        raise FileNotFoundError(
            f"CIFAR-10 is not in {root} and could not be fetched ({error}): set SENET_DATA to a folder that has it, as "
            "torchvision's cifar-10-batches-py or as train/airplane/0000.jpg"
        ) from error
    images = torch.from_numpy(original.data).permute(0, 3, 1, 2).contiguous()
    pictures = Pictures(images, torch.tensor(original.targets), CIFAR10_CLASSES)
    if each is None:
        return pictures
    firsts = [(pictures.labels == k).nonzero().flatten()[:each] for k in range(len(CIFAR10_CLASSES))]
    return pictures[torch.cat(firsts).sort().values.tolist()]


def imagenet100(split: str = "train", root: str | Path | None = None, *, progress: bool = True) -> Pictures:
    """100 everyday classes of ImageNet at 64x64, out of Tiny-ImageNet's 200 (Stanford CS231n), goldfish and cliff among them.

    Args:
        split: ``"train"`` (500 pictures a class) or ``"test"`` (50 a class: Tiny-ImageNet's validation pictures, since its test
            labels were never published).
        root: a folder with ``train/n01443537/…``, ``val/n01443537/…`` and ``classes.tsv`` (id and name in each line); None for
            :func:`data_folder`, or its subfolder ``imagenet100``.

    Raises:
        ValueError: an unknown split, or a picture that cannot be read, which the message names.
        FileNotFoundError: the data are not there. They are not fetched: ImageNet is for research and teaching, by its own terms.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split={split!r} is unknown: choose 'train' or 'test'")
    root = Path(root) if root is not None else data_folder()
    for folder in (root, root / "imagenet100"):
        if (folder / "classes.tsv").is_file():
            pictures = image_folder(folder / ("train" if split == "train" else "val"), 64, progress=progress)
            lines = (folder / "classes.tsv").read_text(encoding="utf-8").splitlines()
            # "goldfish, Carassius auratus": the first name is the one in everyday use.
            names = {wnid: name.split(",")[0] for wnid, _, name in (line.partition("\t") for line in lines)}
            return replace(pictures, classes=tuple(names.get(wnid, wnid) for wnid in pictures.classes))
    raise FileNotFoundError(
        f"ImageNet-100 is not in {root}: set SENET_DATA to a folder with imagenet100/train/n01443537/..., imagenet100/val/... and "
        "imagenet100/classes.tsv"
    )


def image_folder(
    folder: str | Path,
    size: int,
    *,
    each: int | None = None,
    store: str | Path | None = None,
    progress: bool = True,
) -> Pictures:
    """Read ``folder/<class>/<picture>`` into memory, each picture cut to a square of ``size`` x ``size``.

    Hidden files are left out, and so is any file that is not a picture of a known kind; a warning names it.

    Args:
        each: only the first so many pictures of each class, by name; by default all.
        store: a folder in which to keep the pixels, in one file of 3 size^2 bytes a picture: written once, then mapped, so that
            what does not fit into memory stays on disk, and several processes share what does. Other names in ``folder`` make
            another file; a picture that changed under the same name does not.

    Raises:
        FileNotFoundError: no such folder, or no classes in it.
        ValueError: a picture cannot be read; the message names it.
    """
    classes, samples = folders.samples(Path(folder))
    if each is not None:
        samples = [sample for i, sample in enumerate(samples) if i < each or samples[i - each][1] != sample[1]]
    paths = tqdm([path for path, _ in samples], desc=f"reading {Path(folder).name}", unit="picture", disable=not progress)
    if store is None:
        images = torch.empty(len(samples), 3, size, size, dtype=torch.uint8)
        for i, path in enumerate(paths):
            images[i] = torch.from_numpy(_pixels(path, size))
    else:
        names = "\n".join(str(Path(path).relative_to(folder)) for path, _ in samples)
        digest = hashlib.sha256(names.encode()).hexdigest()[:12]
        file = Path(store) / f"{Path(folder).name}-{size}-{digest}.uint8"
        if not file.exists():
            part = file.with_name(f"{file.name}.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("wb") as written:
                    for path in paths:
                        written.write(_pixels(path, size).tobytes())
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
        images = torch.from_file(str(file), size=len(samples) * 3 * size * size, dtype=torch.uint8)
        images = images.view(-1, 3, size, size)
    return Pictures(images, torch.tensor([label for _, label in samples]), classes)


def _pixels(path: str, size: int) -> np.ndarray:
    picture = open_picture(path)
    return np.array(picture if picture.size == (size, size) else square(picture, size)).transpose(2, 0, 1)
