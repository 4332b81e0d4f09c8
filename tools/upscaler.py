"""Trains the small upscaler of *SE in the wild* (:mod:`sebook.shipping.upscaler`) and its twin without SE, and measures seams.

    SENET_DATA=... python -m tools.upscaler     # six minutes of one core; writes data/results/upscaler.json

They learn on training pictures of ImageNet-100, halved and in a light of some colour: to undo both. Seams are measured on
photographs that neither has seen, each in three lights.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from skimage import data
from torch import Tensor
from tqdm import tqdm

from sebook import collection
from sebook.experiments.study import mean_interval
from sebook.shipping import upscaler
from sebook.shipping.upscaler import Upscaler
from senet import machine
from senet.images import imagenet100
from senet.images.picture import open_picture, square

STEPS, BATCH, RATE, SEED = 3000, 32, 1e-2, 0
HELD_OUT = 500  # training pictures that tell how far it got
SIDE = 144  # of the photographs, before they are made larger
LIGHTS = 3  # for each photograph
TILES = (2, 3, 4)
MORE = ("astronaut", "coffee", "rocket", "chelsea")  # photographs of scikit-image's


def trained(pictures: Tensor, se: bool) -> Upscaler:
    """An upscaler that has seen ``pictures``, uint8 (N, 3, 64, 64)."""
    torch.manual_seed(SEED)
    model = Upscaler(se)
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for _ in tqdm(range(STEPS), desc="with SE" if se else "without SE", unit="step"):
        clean = pictures[torch.randint(len(pictures), (BATCH,))].float() / 255
        if torch.rand(()) < 0.5:
            clean = clean.flip(3)
        loss = F.l1_loss(F.pixel_shuffle(model(upscaler.given(clean, upscaler.lights(BATCH))), 2), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def photographs() -> dict[str, Tensor]:
    """By name, (1, 3, 2 SIDE, 2 SIDE) between 0 and 1; no network here was trained on them."""
    images = {each["title"]: open_picture(collection.folder() / each["file"]) for each in collection.described()}
    images |= {name: Image.fromarray(getattr(data, name)()) for name in MORE}
    return {
        name: torch.from_numpy(np.array(square(image.convert("RGB"), 2 * SIDE))).permute(2, 0, 1)[None] / 255
        for name, image in images.items()
    }


def larger(small: Tensor) -> Tensor:
    return F.interpolate(small, scale_factor=2, mode="bicubic")


def measured(model: Upscaler, twin: Upscaler, clean: Tensor, light: Tensor) -> dict[str, float]:
    """One photograph in one light."""
    small = upscaler.given(clean, light)
    whole, carried = upscaler.upscaled(model, small), upscaler.gates(model, small)
    made = {
        "bicubic": larger(small),
        "bicubic, no cast": larger(F.avg_pool2d(clean, 2)),
        "twin": upscaler.upscaled(twin, small),
        "whole": whole,
    }
    row = {f"decibels {name}": upscaler.decibels(each, clean) for name, each in made.items()}
    for tiles in TILES:
        for name, given in (("own", None), ("carried", carried)):
            picture = upscaler.upscaled(model, small, tiles, given)
            row[f"decibels {name} {tiles}"] = upscaler.decibels(picture, clean)
            row |= {f"{key} {name} {tiles}": value for key, value in vars(upscaler.seam(picture, whole, tiles)).items()}
        alone = upscaler.upscaled(twin, small, tiles)
        row[f"most twin {tiles}"] = upscaler.seam(alone, made["twin"], tiles).most
    return row


def over_photographs(model: Upscaler, twin: Upscaler) -> dict[str, list[float]]:
    """Each number's mean over photographs and half its 95 % interval; of a photograph, the mean over its lights."""
    rows, generator = [], torch.Generator().manual_seed(SEED)
    for clean in photographs().values():
        each = [measured(model, twin, clean, light[None]) for light in upscaler.lights(LIGHTS, generator)]
        row = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
        row["decibels lead"] = row["decibels whole"] - row["decibels twin"]
        row |= {f"decibels lost {n}": row["decibels whole"] - row[f"decibels own {n}"] for n in TILES}
        rows.append(row)
    return {name: [round(value, 6) for value in mean_interval([row[name] for row in rows])] for name in rows[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/results/upscaler.json"))
    out = parser.parse_args().out
    torch.set_num_threads(1)
    pictures = imagenet100("train").images
    mixed = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(SEED))
    held, rest = pictures[mixed[:HELD_OUT]].float() / 255, pictures[mixed[HELD_OUT:]]
    weights = {name: upscaler.packed(trained(rest, se)) for name, se in (("se", True), ("twin", False))}
    model, twin = upscaler.opened(weights["se"]), upscaler.opened(weights["twin"], se=False)  # as they ship
    small = upscaler.given(held, upscaler.lights(HELD_OUT, torch.Generator().manual_seed(SEED)))
    with torch.no_grad():
        scores = {name: upscaler.decibels(F.pixel_shuffle(each(small), 2), held) for name, each in (("se", model), ("twin", twin))}
    said = {
        "command": "python -m tools.upscaler",
        "seed": SEED,
        **machine.circumstances("cpu"),
        "steps": STEPS,
        "batch": BATCH,
        "parameters": {name: sum(p.numel() for p in each.parameters()) for name, each in (("se", model), ("twin", twin))},
        "held_out": {"pictures": HELD_OUT, "decibels": {name: round(value, 3) for name, value in scores.items()}},
        "side": SIDE,
        "lights": LIGHTS,
        "photographs": list(photographs()),
        "mean and 95 % interval": over_photographs(model, twin),
        "weights": weights,
    }
    out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    for name, value in said["mean and 95 % interval"].items():
        print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
