"""Pictures as a gallery shows them: which ones, and each one's description."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from senet import images
from senet.images import Pictures, patchwork

from .. import collection

PER_CLASS = 3  # pictures of each class: the widget shows three rows, so that a column is a class
PATCHWORK_SEED = 2017  # no seed of the training's
# Of scikit-image's photographs, those that a gallery shows although no network knows them: what a network says of things it
# has never seen is worth a look. No people among them: "dog, 45 %" under a portrait teaches nothing.
UNKNOWN = ("Falcon 9 at take-off", "model of a space shuttle", "a cup of coffee", "coins from Pompeii")
KEPT = ("Chelsea the cat", *UNKNOWN)  # in every gallery, so that a picture chosen for one network is there for the others


@dataclass(frozen=True)
class Exhibits:
    """Pictures as a gallery shows them. ``labels`` count in the network's classes.

    Attributes:
        pictures: the pictures, with titles and credits.
        ids: one for each picture, lasting and fit for an address: ``"cat-1"``.
        alts: what a picture shows, for those who cannot see it.
        sources: where a picture is from.
    """

    pictures: Pictures
    ids: tuple[str, ...]
    alts: tuple[str, ...]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


def exhibits(classes: Sequence[str], size: int, cifar_root: str | Path | None = None) -> Exhibits:
    """Pictures for a network of these classes, those of its own classes first.

    A network of Patchwork sees fresh Patchwork pictures, one of CIFAR-10 the first three test pictures of each class where CIFAR-10
    is at hand, and every network the :func:`photographs` that it knows, with a few of things that none here knows.

    Args:
        classes: what the network tells apart.
        size: side of the pictures in pixels.
        cifar_root: where CIFAR-10 is; None looks into ``images.data_folder()``. Nothing is downloaded.
    """
    classes = tuple(classes)
    parts = []
    if classes == patchwork.CLASSES and size == patchwork.SIZE:
        fresh = patchwork.patchwork(PER_CLASS * len(classes), PATCHWORK_SEED)  # every ten pictures hold each class once
        parts.append(_some_of_each(fresh, _patchwork_alt, "Patchwork", "made by code"))
    if classes == images.CIFAR10_CLASSES and size == 32:
        try:
            test = images.cifar10("test", cifar_root, each=PER_CLASS, download=False, progress=False)
        except FileNotFoundError:
            pass  # a gallery without them is smaller, not wrong
        else:
            parts.append(_some_of_each(test, _cifar_alt, "CIFAR-10, test", "Krizhevsky, 2009"))
    parts.append(photographs(size, classes))
    return _joined(parts, classes)


def _some_of_each(pictures: Pictures, alt: Callable[[str, Pictures, int], str], source: str, credit: str) -> Exhibits:
    """The first PER_CLASS pictures of each class, class by class."""
    chosen = [i for k in range(len(pictures.classes)) for i in (pictures.labels == k).nonzero().flatten()[:PER_CLASS].tolist()]
    part = pictures[chosen]
    names = [pictures.classes[label] for label in part.labels]
    numbers = [names[:i].count(name) + 1 for i, name in enumerate(names)]
    titles = tuple(f"{name} {number}" for name, number in zip(names, numbers, strict=True))
    part = replace(part, titles=titles, credits=part.credits or (credit,) * len(part))
    alts = tuple(alt(name, part, i) for i, name in enumerate(names))
    return Exhibits(part, tuple(map(slug, titles)), alts, (source,) * len(part))


def _cifar_alt(name: str, pictures: Pictures, i: int) -> str:
    return f"A small colour photograph, labelled {name}"  # nobody has described them one by one


def _patchwork_alt(name: str, pictures: Pictures, i: int) -> str:
    made_of = {factor: values[i] for factor, values in pictures.factors.items()}
    ground = "dark" if made_of["context"] == "night" else "light"
    if made_of["pair"]:
        return f"Two discs of {'one colour' if name == 'twins' else 'two colours'} on {ground} ground"
    texture = "" if made_of["texture"] == "plain" else f" with {made_of['texture']}"
    return f"A {'glowing red ' if name == 'ember' else ''}{made_of['shape']}{texture} on {ground} ground"


@functools.cache  # large files, scaled down with care: most of the time that a widget takes to begin
def photographs(size: int, classes: tuple[str, ...]) -> Exhibits:
    """The photographs of a gallery: those of its classes first, then those of things that no network here knows.

    Args:
        size: side of the pictures in pixels; for a second look, more than the network's own.
        classes: what the network tells apart.
    """
    parts = []
    if any(name in classes for entry in collection.described() for name in entry["names"]):
        parts.append(_described(collection.photographs(size, classes), "Wikimedia Commons and others"))
    parts.append(_described(images.photographs(size, classes), "scikit-image"))
    part = _joined(parts, classes)
    labels = part.pictures.labels.tolist()
    shown = [i for i, title in enumerate(part.pictures.titles) if part.sources[i] != "scikit-image" or title in KEPT]
    shown.sort(key=lambda i: labels[i] < 0)  # those of a class first
    return some(part, shown)


def _described(part: Pictures, source: str) -> Exhibits:
    alts = tuple(f"Photograph: {title}" for title in part.titles)
    return Exhibits(part, tuple(map(slug, part.titles)), alts, (source,) * len(part))


def some(part: Exhibits, chosen: Sequence[int]) -> Exhibits:
    """Those with these numbers, in this order."""
    ids, alts, sources = ([values[i] for i in chosen] for values in (part.ids, part.alts, part.sources))
    return Exhibits(part.pictures[list(chosen)], tuple(ids), tuple(alts), tuple(sources))


def _joined(parts: Sequence[Exhibits], classes: tuple[str, ...]) -> Exhibits:
    def every(attribute: str) -> tuple[str, ...]:
        return tuple(value for part in parts for value in getattr(part, attribute))

    pictures = Pictures(
        torch.cat([part.pictures.images for part in parts]),
        torch.cat([relabelled(part.pictures, classes) for part in parts]),
        classes,
        tuple(title for part in parts for title in part.pictures.titles),
        tuple(credit for part in parts for credit in part.pictures.credits),
    )
    return Exhibits(pictures, every("ids"), every("alts"), every("sources"))


def own(pictures: Pictures, classes: Sequence[str]) -> Exhibits:
    """A reader's own pictures as exhibits."""
    count = len(pictures)
    labels = relabelled(pictures, classes)
    titles = pictures.titles or tuple(f"picture {i + 1}" for i in range(count))
    credits = pictures.credits or ("",) * count
    shown = Pictures(pictures.images, labels, tuple(classes), titles, credits)
    return Exhibits(shown, tuple(f"{i}-{slug(title)}" for i, title in enumerate(titles)), titles, ("",) * count)


def relabelled(pictures: Pictures, classes: Sequence[str]) -> Tensor:
    """Labels counted in ``classes`` instead of ``pictures.classes``, by name; -1 for what is not among them."""
    number = {name: k for k, name in enumerate(classes)}
    names = [pictures.classes[label] if 0 <= label < len(pictures.classes) else None for label in pictures.labels.tolist()]
    return torch.tensor([number.get(name, -1) for name in names], dtype=torch.int64)


def slug(title: str) -> str:
    """A title as part of an address: ``"a cup of coffee"`` -> ``"a-cup-of-coffee"``."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
