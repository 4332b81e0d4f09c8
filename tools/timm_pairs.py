"""SE in timm's own tables: pairs of networks without and with it, on eight test sets, and how long both take.

    python -m tools.timm_pairs results --out data/results/timm-pairs.json

``results`` is that folder of github.com/huggingface/pytorch-image-models at commit aa4b5850 (Apache-2.0).
"""

import argparse
import csv
from pathlib import Path

from sebook.cli.provenance import keep
from senet import machine

SOURCE = "results/ of github.com/huggingface/pytorch-image-models at commit aa4b5850 (2026-08-08), Apache-2.0"
SETS = {
    "imagenet": "ImageNet",
    "imagenet-real": "ImageNet, labels corrected (ReaL)",
    "imagenetv2-matched-frequency": "ImageNetV2, new photographs",
    "imagenet-a": "ImageNet-A, hard photographs",
    "imagenet-a-clean": "ImageNet, the classes of ImageNet-A",
    "imagenet-r": "ImageNet-R, art and toys",
    "imagenet-r-clean": "ImageNet, the classes of ImageNet-R",
    "sketch": "ImageNet-Sketch, drawings",
}
MACHINES = {
    "benchmark-infer-amp-nchw-pt291-cu130-5090": "RTX 5090, mixed precision",
    "benchmark-infer-amp-nchw-pt291-cu130-5090-dynamo": "RTX 5090, mixed precision, compiled",
    "benchmark-infer-amp-nhwc-pt240-cu124-rtx4090": "RTX 4090, mixed precision, channels-last",
    "benchmark-infer-fp32-nchw-pt240-cpu-i9_10940x-dynamo": "Core i9-10940X, float32, compiled",
}
# Every network of timm that was trained by one recipe at one size with SE and without. RegNetX and Y differ in width as well.
RUNGS = ("002", "004", "008", "016", "032", "064", "080", "160", "320")
PAIRS = (
    *((f"regnetx_{n}.pycls_in1k", f"regnety_{n}.pycls_in1k", 224) for n in RUNGS),
    *((f"resnet50.{r}_in1k", f"seresnet50.{r}_in1k", side) for r, side in (("a1", 224), ("a2", 224), ("a3", 160))),
    ("resnet33ts.ra2_in1k", "seresnet33ts.ra2_in1k", 256),
    ("resnet152d.ra2_in1k", "seresnet152d.ra2_in1k", 256),
)


def table(file: Path, size: str) -> dict[tuple[str, int], dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return {
            (row["model"].split(".")[0] if "benchmark" in file.name else row["model"], int(row[size])): row
            for row in csv.DictReader(lines)
        }


def made(folder: Path) -> dict:
    accuracies = {name: table(folder / f"results-{name}.csv", "img_size") for name in SETS}
    times = {name: table(folder / f"{name}.csv", "infer_img_size") for name in MACHINES}
    pairs = []
    for without, with_se, side in PAIRS:
        both = (without, with_se)
        pair = {"without": without, "with": with_se, "pixels": side}
        pair["parameters"] = [float(accuracies["imagenet"][name, side]["param_count"]) for name in both]
        pair["top1"] = {one: [float(rows[name, side]["top1"]) for name in both] for one, rows in accuracies.items()}
        # Pictures a second: the fewer, the longer. A network's time doesn't depend on its weights.
        rates = {
            one: [float(rows[name.split(".")[0], side]["infer_samples_per_sec"]) for name in both] for one, rows in times.items()
        }
        pair["time"] = {one: round(before / after, 4) for one, (before, after) in rates.items()}
        pairs.append(pair)
    return {"source": SOURCE, "sets": SETS, "machines": MACHINES, "pairs": pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="timm's folder of results")
    parser.add_argument("--out", type=Path, default=Path("data/results/timm-pairs.json"))
    given = parser.parse_args()
    try:
        found = made(given.results)
    except (OSError, KeyError) as error:
        parser.error(f"{given.results} lacks a table or a row ({error}): give the folder results of timm's repository")
    command = f"python -m tools.timm_pairs results --out {given.out.as_posix()}"
    said = {"command": command, **machine.circumstances("cpu"), **found}
    keep(said, given.out)


if __name__ == "__main__":
    main()
