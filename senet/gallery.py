"""The gallery: pictures for a network, and on a published page, what it answered for them.

A widget asks for a network, its pictures and its class means in one plain dictionary, the same in a notebook and on a page. On a
page it is a script that hands over that dictionary (`SENet.provide("gallery/<network>", ...)`): scripts load from file:// too.
Shapes: N pictures, K classes, C channels of a block. `frontend/src/network/gallery.ts` is the reader.
"""

import base64
import functools
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from . import images, patchwork, pretrained, profiles
from .images import Pictures
from .recording import Recording, record, se_blocks

FORMAT = 1  # as in frontend/src/network/gallery.ts; counted up when an older page would misread what is written here
PER_CLASS = 3  # pictures of each class: the widget shows three rows, so that a column is a class
MANY = 20  # classes, beyond which their means are stored in 8 bits: at 100 they are the largest part of a gallery
PATCHWORK_SEED = 2017  # no seed of the training's
COLUMNS = 8  # pictures in a row of the sprite
STAGE = re.compile(r"layer(\d+)\.(\d+)")  # in a block's name


@dataclass(frozen=True)
class Exhibits:
    """Pictures as a gallery shows them. ``labels`` count in the network's classes.

    Attributes:
        pictures: the pictures, with titles and credits.
        ids: one a picture, lasting and fit for an address: ``"cat-1"``.
        alts: what a picture shows, for those who cannot see it.
        sources: where a picture is from.
    """

    pictures: Pictures
    ids: tuple[str, ...]
    alts: tuple[str, ...]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


def build(network: str, out: str | Path, cifar_root: str | Path | None = None) -> Path:
    """Record a shipped network's answers for its gallery: writes ``out/gallery/<network>.js`` and returns that path.

    Args:
        network: a name of :mod:`senet.pretrained`.
        out: the folder beside whose ``page.js`` pages look for it.
        cifar_root: where CIFAR-10 is; see :func:`exhibits`.
    """
    checkpoint = pretrained.get(network)
    model = pretrained.load(checkpoint, progress=False)
    shown = exhibits(checkpoint.classes, checkpoint.preprocessing.size, cifar_root)
    recording = record(model, checkpoint.preprocessing(shown.pictures.images))
    gallery = describe(model, recording, shown, means=class_means(checkpoint), **about(checkpoint))
    gallery["recorded"] = pack(recording)
    path = Path(out) / "gallery" / f"{network}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(gallery, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"SENet.provide({json.dumps(f'gallery/{network}')},{text});\n", encoding="utf-8")
    return path


def exhibits(classes: Sequence[str], size: int, cifar_root: str | Path | None = None) -> Exhibits:
    """Pictures for a network of these classes, those of its own classes first.

    A network of Patchwork sees fresh Patchwork pictures, one of CIFAR-10 the first three test pictures of each class where CIFAR-10
    is at hand, and both the photographs of :func:`senet.images.photographs`.

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
    parts.append(_photographs(size, classes))
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
def _photographs(size: int, classes: tuple[str, ...]) -> Exhibits:
    part = images.photographs(size, classes)
    order = np.argsort([label < 0 for label in part.labels.tolist()], kind="stable").tolist()  # those of a class first
    part = part[order]
    alts = tuple(f"Photograph: {title}" for title in part.titles)
    return Exhibits(part, tuple(map(slug, part.titles)), alts, ("scikit-image",) * len(part))


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


def titled(block: str) -> str:
    """A block's name for people: ``"layer3.2.se"`` -> ``"stage 3, block 3"``; another form stays as it is."""
    stage = STAGE.search(block)
    return f"stage {stage[1]}, block {int(stage[2]) + 1}" if stage else block


def slug(title: str) -> str:
    """A title as part of an address: ``"a cup of coffee"`` -> ``"a-cup-of-coffee"``."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def about(checkpoint: pretrained.Checkpoint) -> dict[str, Any]:
    """What :func:`describe` says of a shipped network."""
    accuracy = checkpoint.provenance.get("test_accuracy")
    return {"name": checkpoint.name, "title": checkpoint.title, "accuracy": accuracy}


def class_means(checkpoint: pretrained.Checkpoint) -> dict[str, Tensor] | None:
    """Mean excitation of each class, by block, (K, C): shipped beside the weights; None where they are not."""
    if checkpoint.file is None:
        return None
    path = profiles.beside(checkpoint)
    return profiles.load(path).mean if path.is_file() else None


def describe(
    model: nn.Module,
    recording: Recording,
    shown: Exhibits,
    *,
    name: str = "",
    title: str = "",
    accuracy: float | None = None,
    means: Mapping[str, Tensor] | None = None,
) -> dict[str, Any]:
    """The dictionary that a widget opens, with ``recorded`` None: whoever has answers adds them.

    Args:
        model: a network with SE blocks.
        recording: of some of the pictures: it tells the blocks' order in the forward, and how far their gates go.
        shown: the pictures.
        name, title, accuracy: of the network; accuracy from 0 to 1, None if unknown.
        means: by block, (K, C).

    Raises:
        ValueError: ``means`` are of other blocks, classes or channels than the network's.
    """
    points = se_blocks(model)
    blocks = []
    for block in recording.blocks.values():
        stage = STAGE.search(block.name)
        first = points[block.name].first
        seen = [block.excitation, *([means[block.name]] if means is not None and block.name in means else [])]
        blocks.append(
            {
                "name": block.name,
                "title": titled(block.name),
                "stage": int(stage[1]) if stage else None,
                "depth": block.depth,
                "channels": points[block.name].channels,
                "hidden": getattr(first, "out_features", None) or getattr(first, "out_channels", None),
                "range": [min(float(s.min()) for s in seen), max(float(s.max()) for s in seen)],
            }
        )
    classes = shown.pictures.classes
    for block in blocks if means is not None else ():
        wanted, got = (len(classes), block["channels"]), tuple(means[block["name"]].shape) if block["name"] in means else None
        if got != wanted:
            raise ValueError(f"means[{block['name']!r}] is {got}, and the network has (classes, channels) {wanted}: make them anew")
    steps = "u1" if len(classes) > MANY else "u2"
    labels, credits = shown.pictures.labels.tolist(), shown.pictures.credits
    rows = zip(shown.ids, shown.pictures.titles, shown.alts, shown.sources, credits, labels, strict=True)
    return {
        "format": FORMAT,
        "network": {"name": name, "title": title, "classes": list(classes), "blocks": blocks, "accuracy": accuracy},
        "pictures": [
            {"id": id, "title": title, "alt": alt, "source": source, "credit": credit, "label": label if label >= 0 else None}
            for id, title, alt, source, credit, label in rows
        ],
        "sprite": sprite(shown.pictures.images),
        "means": None if means is None else [packed(means[block["name"]], steps) for block in blocks],
        "recorded": None,
    }


def pack(recording: Recording) -> dict[str, Any]:
    """Answers for all pictures: logits exact, s to 16 bits (an error of 8e-6 at most), z to 16 bits of its block's range."""
    blocks = recording.blocks.values()
    return {
        "logits": packed(recording.logits, "f4"),
        "z": [packed(block.squeeze, "u2") for block in blocks],
        "s": [packed(block.excitation, "u2") for block in blocks],
    }


def packed(values: Tensor, type: str) -> dict[str, Any]:
    """Numbers as base64, little-endian: ``"f4"`` as they are; ``"u2"``, ``"u1"`` as 16- or 8-bit steps from ``low`` to ``high``."""
    array = values.detach().cpu().to(torch.float64).numpy()
    if type == "f4":
        return {"type": type, "data": _base64(array.astype("<f4").tobytes())}
    steps = {"u2": 65535, "u1": 255}[type]
    low, high = float(array.min()), float(array.max())
    counted = np.round((array - low) / ((high - low) or 1.0) * steps)
    return {"type": type, "low": low, "high": high, "data": _base64(counted.astype(f"<{type}").tobytes())}


def unpacked(packed: Mapping[str, Any], width: int) -> Tensor:
    """What :func:`packed` packed, as float32 rows of ``width`` numbers."""
    array = np.frombuffer(base64.b64decode(packed["data"]), f"<{packed['type']}").astype(np.float64)
    if packed["type"] != "f4":
        steps = {"u2": 65535, "u1": 255}[packed["type"]]
        array = packed["low"] + array / steps * (packed["high"] - packed["low"])
    return torch.from_numpy(array.astype(np.float32)).view(-1, width)


def sprite(pictures: Tensor) -> dict[str, Any]:
    """All pictures, uint8 (N, 3, H, H), in one lossless WebP as a data URL."""
    size, columns = pictures.shape[-1], min(COLUMNS, len(pictures))
    sheet = Image.new("RGB", (columns * size, -(-len(pictures) // columns) * size))
    for i, picture in enumerate(pictures.permute(0, 2, 3, 1).cpu().numpy()):
        sheet.paste(Image.fromarray(picture), (i % columns * size, i // columns * size))
    file = io.BytesIO()
    sheet.save(file, "WEBP", lossless=True, quality=100, method=3, exact=True)  # method 6: 2 % smaller in 30 times the time
    return {"url": f"data:image/webp;base64,{_base64(file.getvalue())}", "size": size, "columns": columns}


def read(path: str | Path) -> dict[str, Any]:
    """The dictionary in a file that :func:`build` wrote."""
    call = re.fullmatch(r'SENet\.provide\("[^"]+",(.*)\);\n', Path(path).read_text("utf-8"), re.DOTALL)
    if call is None:
        raise ValueError(f"{path} is no gallery: make it with `python -m senet gallery`")
    return json.loads(call[1])


def cut(sprite: Mapping[str, Any], count: int) -> Tensor:
    """The first ``count`` pictures of a :func:`sprite`, uint8 (count, 3, size, size)."""
    file = io.BytesIO(base64.b64decode(sprite["url"].partition(",")[2]))
    sheet, size = np.array(Image.open(file).convert("RGB")), sprite["size"]
    corners = [(i // sprite["columns"] * size, i % sprite["columns"] * size) for i in range(count)]
    return torch.from_numpy(np.stack([sheet[y : y + size, x : x + size] for y, x in corners])).permute(0, 3, 1, 2)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
