"""The gallery: pictures for a network, and on a published page, what it answered for them.

A widget asks for a network, its pictures and its class means in one plain dictionary, the same in a notebook and on a page. On a
page it is a script that hands over that dictionary (`SENet.provide("gallery/<network>", ...)`): scripts load from file:// too.
Shapes: N pictures, K classes, C channels of a block. `frontend/src/network/gallery.ts` reads it.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor, nn

from senet import pretrained
from senet.inside.recording import Recording, record, se_blocks

from ..experiments import profiles, unfamiliar
from . import exhibits as exhibit
from .encoded import packed, sprite
from .exhibits import Exhibits, exhibits

FORMAT = 1  # as in frontend/src/network/gallery.ts; counted up when an older page would misread what is written here
MANY = 20  # classes, beyond which their means are stored in 8 bits: at 100 they are the largest part of a gallery
WHOLE = 320  # pixels: sharp at the 192 that a page shows it, and 10 to 30 kB
STAGE = re.compile(r"layer(\d+)\.(\d+)")  # in a block's name


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
    x, means = checkpoint.preprocessing(shown.pictures.images), class_means(checkpoint)
    recording = record(model, x)
    gallery = describe(model, recording, shown, means=means, **about(checkpoint))
    if means is not None:
        add_fixed(gallery, record(model, x, gates=average(means)).logits)
    gallery["recorded"] = pack(recording)
    path = Path(out) / "gallery" / f"{network}.js"
    whole = photographs(path.parent, checkpoint.classes)
    for picture in gallery["pictures"]:
        picture["photo"] = whole.get(picture["id"])
    text = json.dumps(gallery, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"SENet.provide({json.dumps(f'gallery/{network}')},{text});\n", encoding="utf-8")
    return path


def photographs(folder: Path, classes: tuple[str, ...]) -> dict[str, str]:
    """Write a gallery's photographs as people see them, :data:`WHOLE` pixels wide, for pages to fetch when one is shown.

    Returns:
        each one's name beside the gallery's script, by id.
    """
    shown = exhibit.photographs(WHOLE, classes)
    (folder / "photographs").mkdir(parents=True, exist_ok=True)
    names = {id: f"photographs/{id}.webp" for id in shown.ids}
    for id, pixels in zip(shown.ids, shown.pictures.images.permute(0, 2, 3, 1).numpy(), strict=True):
        Image.fromarray(pixels).save(folder / names[id], "WEBP", quality=80, method=6)
    return names


def titled(block: str) -> str:
    """A block's name for people: ``"layer3.2.se"`` -> ``"block 3.3"``, the third of stage 3; another form stays as it is."""
    stage = STAGE.search(block)
    return f"block {stage[1]}.{int(stage[2]) + 1}" if stage else block


def about(checkpoint: pretrained.Checkpoint) -> dict[str, Any]:
    """What :func:`describe` says of a shipped network."""
    accuracy = checkpoint.provenance.get("test_accuracy")
    known = unfamiliar.stored(checkpoint)
    return {"name": checkpoint.name, "title": checkpoint.title, "accuracy": accuracy, "familiarity": known}


def class_means(checkpoint: pretrained.Checkpoint) -> dict[str, Tensor] | None:
    """Mean excitation of each class, by block, (K, C), from the file beside the weights; None if there is no such file."""
    if checkpoint.file is None:
        return None
    path = profiles.beside(checkpoint)
    return profiles.load(path).mean if path.is_file() else None


def average(means: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Gates that no picture changes: by block the mean over the classes, (C,)."""
    return {block: rows.mean(0) for block, rows in means.items()}


def add_fixed(described: dict[str, Any], logits: Tensor) -> None:
    """Add to each picture what the network takes it for with :func:`average` gates: the class's index and its share.

    Args:
        described: what :func:`describe` gave; its first N pictures are completed.
        logits: (N, K), with those gates.
    """
    shares, likeliest = logits.double().softmax(1).max(1)
    for picture, k, share in zip(described["pictures"], likeliest.tolist(), shares.tolist(), strict=False):
        picture["fixed"] = [k, share]


def describe(
    model: nn.Module,
    recording: Recording,
    shown: Exhibits,
    *,
    name: str = "",
    title: str = "",
    accuracy: float | None = None,
    familiarity: Mapping[str, Any] | None = None,
    means: Mapping[str, Tensor] | None = None,
) -> dict[str, Any]:
    """The dictionary that a widget opens, with ``recorded`` None: the caller adds the answers.

    Args:
        model: a network with SE blocks.
        recording: of some of the pictures: it gives the blocks' order in the forward, and the range of their gates.
        shown: the pictures.
        name: of the network.
        title: of the network, one line for people.
        accuracy: of the network, 0 to 1; None if unknown.
        familiarity: the rule for unfamiliar pictures, as :func:`sebook.experiments.unfamiliar.stored` gives it.
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
            raise ValueError(
                f"means[{block['name']!r}] is {got}, and the network has (classes, channels) {wanted}: make them again"
            )
    steps = "u1" if len(classes) > MANY else "u2"
    labels, credits = shown.pictures.labels.tolist(), shown.pictures.credits
    rows = zip(shown.ids, shown.pictures.titles, shown.alts, shown.sources, credits, labels, strict=True)
    return {
        "format": FORMAT,
        "network": {
            "name": name,
            "title": title,
            "classes": list(classes),
            "blocks": blocks,
            "accuracy": accuracy,
            "familiarity": familiarity,
        },
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


def read(path: str | Path) -> dict[str, Any]:
    """The dictionary in a file that :func:`build` wrote."""
    call = re.fullmatch(r'SENet\.provide\("[^"]+",(.*)\);\n', Path(path).read_text("utf-8"), re.DOTALL)
    if call is None:
        raise ValueError(f"{path} is not a gallery: make it with `python -m senet gallery`")
    return json.loads(call[1])
