"""What becomes of gates and answers over tiles, over another size than trained on, and over a few rows.

Each on every nth test picture. "Carried" gates are those of the picture at the size that the network was trained on.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from sebook.cli import datasets
from sebook.shipping import int8, tiles
from senet import pretrained, record

from .chosen import tested

NETWORKS = ("se_resnet20_cifar10", "se_resnet18_slim_imagenet100")
TESTED, AT_ONCE = 1000, 100
SCALES = (0.5, 0.75, 1.5, 2.0)
ROWS = (1, 3, 7, 15)


def measure() -> dict[str, Any]:
    """All networks."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    return {
        "seed": None,  # nothing is drawn
        "tested": f"{TESTED} pictures, every nth of the test set",
        "interval": "95 %, of the paired difference from the whole picture at its own size",
        "networks": {name: _network(name) for name in NETWORKS},
    }


def _network(name: str) -> dict[str, Any]:
    checkpoint, test = datasets.with_test_pictures(name)
    model = pretrained.load(checkpoint, progress=False).eval()
    some = tested(test, TESTED)
    pictures, labels = checkpoint.preprocessing(some.images), some.labels.numpy()
    own = [record(model, some) for some in pictures.split(AT_ONCE)]
    logits = torch.cat([each.logits for each in own]).numpy()
    gates = {block: torch.cat([each.blocks[block].excitation for each in own]) for block in own[0].blocks}

    def asked(some: torch.Tensor, given: dict[str, torch.Tensor] | None = None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        parts = []
        for at in range(0, len(some), AT_ONCE):
            row = {block: s[at : at + AT_ONCE] for block, s in (given or {}).items()}
            parts.append(record(model, some[at : at + AT_ONCE], gates=row))
        said = np.concatenate([part.logits.numpy() for part in parts])
        return said, {block: torch.cat([part.blocks[block].excitation for part in parts]).numpy() for block in gates}

    sizes = {}
    for scale in SCALES:
        side = int(checkpoint.preprocessing.size * scale)
        scaled = F.interpolate(pictures, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
        said, found = asked(scaled)
        carried, _ = asked(scaled, gates)
        sizes[str(side)] = {
            "own": vars(int8.compared(said, logits, labels)),
            "carried": vars(int8.compared(carried, logits, labels)),
            "gates": {block: int8.error(found[block], s.numpy())[1] for block, s in gates.items()},
        }
        print(name, side, flush=True)
    return {
        "data": datasets.described(checkpoint.provenance["data"]),
        "size": checkpoint.preprocessing.size,
        "accuracy": float((logits.argmax(1) == labels).mean()),
        "sizes": sizes,
        "rows": {str(rows): vars(int8.compared(_rows(model, pictures, rows), logits, labels)) for rows in ROWS},
        "tiles": _tiles(model, pictures, asked, logits, labels),
    }


def _rows(model: torch.nn.Module, pictures: torch.Tensor, rows: int) -> np.ndarray:
    print("rows", rows, flush=True)
    with tiles.over_rows(model, rows):
        return np.concatenate([model(some).numpy() for some in pictures.split(AT_ONCE)])


def _tiles(model, pictures, asked, logits, labels) -> dict[str, Any]:
    """The gates of the upper left quarter, given to the whole picture: what a tile's squeeze would have said."""
    half = pictures.shape[2] // 2
    _, quarter = asked(pictures[:, :, :half, :half].contiguous())
    said, _ = asked(pictures, {block: torch.from_numpy(s) for block, s in quarter.items()})
    return {"gates of the upper left quarter": vars(int8.compared(said, logits, labels))}
