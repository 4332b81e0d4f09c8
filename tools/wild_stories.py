"""Stories of SE in the wild: live gates, switches, dead gates, seams between tiles; each measured on the network itself.

    .venv/bin/python -m tools.wild_stories     # fetches 120 MB into _build/in-the-wild; writes data/results/wild-stories.json

The networks are others', fetched from their packages as tools/in_the_wild.py does it. Only numbers are kept, and the picture
of the seams, ``book/images/tile-seams.webp``. *Frozen* means that every gate of a network is set to its mean over other inputs
than those that it is tested on.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from sebook import collection
from sebook.cli.provenance import keep
from sebook.experiments.linear_probe import wilson
from sebook.experiments.profiles import bootstrap
from sebook.network_files import pictures
from sebook.network_files.onnx_network import OnnxNetwork
from sebook.network_files.tapped import Tapped
from senet import images, machine

from . import in_the_wild, wild_objects, wild_seams
from .in_the_wild import HALF, ROOT, ZERO_ONE
from .wild_seams import short

OCR, QVAC, SELFIE = "pip:rapidocr-onnxruntime==1.4.4", "npm:@qvac/classification-ggml@0.26.3", in_the_wild.PACKAGES[1].package
WORDS = (
    "squeeze|excite|rescale|channel|gate|picture|network|block|mean|sigmoid|open|closed|live|still|switch|seam|tile|page|line|"
    "reader|quick|brown|fox|lazy|dog|seven|eleven|42|1984|3.14|200|Monday|August|river|bridge|garden|window|letter"
)
LINES, PAGES = 48, 8  # for each half: those that the means come from, and those that are tested


def lines(seed: int, count: int = LINES) -> tuple[list[str], list[Image.Image]]:
    """Lines of black text on white, 320 x 48 pixels, and what they say."""
    rng, font = np.random.default_rng(seed), ImageFont.load_default(26)
    said, drawn = [], []
    while len(said) < count:
        text = " ".join(rng.choice(WORDS.split("|"), rng.integers(2, 5)))
        if font.getlength(text) > 300:
            continue
        picture = Image.new("RGB", (320, 48), "white")
        ImageDraw.Draw(picture).text((6, 8), text, "black", font)
        said.append(text)
        drawn.append(picture)
    return said, drawn


def pages(seed: int) -> list[Image.Image]:
    """White pages of 320 x 320 pixels with a few lines on each, somewhere."""
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(PAGES):
        page = Image.new("RGB", (320, 320), "white")
        for top in range(10, 280, int(rng.integers(30, 60))):
            words = " ".join(rng.choice(WORDS.split("|"), 3))
            place = (int(rng.integers(4, 60)), top)
            ImageDraw.Draw(page).text(place, words, "black", ImageFont.load_default(int(rng.integers(14, 24))))
        drawn.append(page)
    return drawn


def people() -> tuple[list[Image.Image], list[Image.Image]]:
    """Crops of scikit-image's two photographs of a person, half of them mirrored; those of odd numbers are the second list."""
    from skimage import data

    rng, cuts = np.random.default_rng(0), []
    for source in (data.astronaut(), data.camera()):
        whole = Image.fromarray(source).convert("RGB")
        for i in range(24):
            side = int(rng.integers(340, 512))
            left, top = (int(rng.integers(0, 513 - side)) for _ in range(2))
            cut = whole.crop((left, top, left + side, top + side)).resize((256, 256))
            cuts.append(cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if i % 4 > 1 else cut)
    return cuts[0::2], cuts[1::2]


def photographs(side: int) -> list:
    """Those that scikit-image ships, most of them of things."""
    return [each.permute(1, 2, 0).numpy() for each in images.photographs(side).images]


def shipped() -> list[Path]:
    """The photographs that ship with the book: animals and landscapes, no person."""
    return [collection.folder() / each["file"] for each in collection.described()]


def gates(network: Tapped, taken: np.ndarray) -> list[dict[str, Any]]:
    """Of each gate: how far its channels differ, and how far they move; what share is exactly 0, or exactly 1."""
    rows = []
    for name, s in network.run(taken).excitation.items():
        s = s.astype(np.float64)
        top = float(s.max())
        row = {
            "mean": s.mean(),
            "between_channels": s.mean(0).std(),
            "between_inputs": s.std(0).mean(),
            "zero": (s == 0).mean(),
            "one": (s == 1).mean(),
            "never_moves": (np.ptp(s, 0) == 0).mean(),
        }
        rows.append({"gate": name, **{key: short(value) for key, value in row.items()}, "highest": short(top)})
    return rows


Score = Callable[[list], np.ndarray]  # of the network's outputs: for each input whether it is right, or how good it is


def scores(network: Tapped, other: np.ndarray, tested: np.ndarray, score: Score) -> dict[str, np.ndarray]:
    """Of each input, with the network's own gates, with gates frozen at their means over ``other``, and with all gates at 1."""
    means = {name: s.mean(0) for name, s in network.run(other).excitation.items()}
    ones = {name: np.ones_like(s) for name, s in means.items()}
    given = {"own": None, "frozen": means, "ones": ones}
    return {word: score(network.run(tested, set_to).outputs) for word, set_to in given.items()}


def summed(by_word: dict[str, np.ndarray]) -> dict[str, Any]:
    """How many inputs are right, by Wilson's interval, or how good they are on average, by a bootstrap over inputs; 95 %."""
    said: dict[str, Any] = {"intervals": {}}
    for word, each in by_word.items():
        counted = each.dtype == bool
        found = wilson(int(each.sum()), len(each)) if counted else bootstrap(torch.from_numpy(each))
        scale = len(each) if counted else 1
        said[word] = short(scale * found.value)
        said["intervals"][word] = [short(scale * found.low), short(scale * found.high)]
    return said


def frozen(network: Tapped, other: np.ndarray, tested: np.ndarray, score: Score) -> dict[str, Any]:
    """The scores, summed up."""
    return summed(scores(network, other, tested, score))


def reader(path: Path) -> dict[str, Any]:
    """PP-OCR's reader of lines: how many lines it reads without a mistake, spaces aside."""
    network = OnnxNetwork(path, (1, 3, 48, 320))
    listed = next(each.value for each in network.model.metadata_props if each.key == "character")
    signs = ["", *listed.split("\n"), " "]
    said, drawn = lines(1)

    def right(outputs: list) -> np.ndarray:
        read = []
        for row in outputs[0].argmax(2):
            kept = [k for i, k in enumerate(row) if k and (i == 0 or k != row[i - 1])]
            read.append("".join(signs[k] for k in kept))
        return np.array([a.replace(" ", "") == b.replace(" ", "") for a, b in zip(read, said, strict=True)])

    way = pictures.Way(HALF, HALF)
    other, tested = (pictures.taken(network, each, way) for each in (lines(0)[1], drawn))
    return {"score": "lines read exactly", "of": LINES, **frozen(network, other, tested, right), "gates": gates(network, tested)}


def turner(path: Path) -> dict[str, Any]:
    """PP-OCR's judge of direction: lines, and the same lines upside down."""
    network = OnnxNetwork(path, (1, 3, 48, 192))
    way = pictures.Way(HALF, HALF)

    def both(drawn: list[Image.Image]) -> np.ndarray:
        cut = [each.crop((0, 0, 192, 48)) for each in drawn]
        return pictures.taken(network, [*cut, *(each.rotate(180) for each in cut)], way)

    truth = np.repeat([0, 1], LINES)
    other, tested = both(lines(0)[1]), both(lines(1)[1])
    said = frozen(network, other, tested, lambda outputs: outputs[0].argmax(1) == truth)
    return {"score": "directions right", "of": 2 * LINES, **said, "gates": gates(network, tested)}


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks; 1 where both are empty."""
    union = (one | other).sum()
    return 1.0 if union == 0 else float((one & other).sum() / union)


def masks(network: Tapped, other: np.ndarray, tested: np.ndarray, threshold: float) -> dict[str, Any]:
    """Mean overlap with the mask that the network gives with its own gates."""
    own = network.run(tested).outputs[0] > threshold

    def score(outputs: list) -> np.ndarray:
        return np.array([overlap(a, b) for a, b in zip(own, outputs[0] > threshold, strict=True)])

    said = {"score": "overlap with the mask of its own gates", "of": 1}
    return {**said, **frozen(network, other, tested, score), "inputs": len(tested), "gates": gates(network, tested)}


def detector(path: Path) -> dict[str, Any]:
    """PP-OCR's finder of text, on drawn pages."""
    network = OnnxNetwork(path, (1, 3, 320, 320))
    other, tested = (pictures.taken(network, pages(seed), pictures.Way(*pictures.IMAGENET)) for seed in (0, 1))
    return masks(network, other, tested, 0.3)


def segmenter(path: Path) -> dict[str, Any]:
    """MediaPipe's selfie segmenter, on crops of two photographs of a person."""
    network = pictures.opened(path)
    other, tested = (pictures.taken(network, each, ZERO_ONE) for each in people())
    things = pictures.taken(network, shipped(), ZERO_ONE)
    means = {name: s.mean(0) for name, s in network.run(other).excitation.items()}
    false = scores(network, other, things, lambda outputs: outputs[0] > 0.5)
    return {
        **masks(network, other, tested, 0.5),
        "without_a_person": {word: short(each.mean()) for word, each in false.items()},
        "pictures_without": len(things),
        "means": {name: [short(value) for value in s] for name, s in means.items()},
    }


def classifier(path: Path, folder: Path) -> dict[str, Any]:
    """A MobileNetV3-Small with three classes, on scikit-image's photographs and the book's."""
    network = OnnxNetwork(in_the_wild.from_gguf(path, folder))
    taken = pictures.taken(network, [*photographs(224), *shipped()], pictures.Way(*pictures.IMAGENET))
    plain = network.run(taken)
    hidden = {name: int((units.max(0) <= 0).sum()) for name, units in plain.hidden.items()}
    named = plain.outputs[0].argmax(1)
    halves = frozen(network, taken[1::2], taken[0::2], lambda outputs: outputs[0].argmax(1) == named[0::2])
    first = network.found[0]
    constant = network.run(taken, {first.gate.name: plain.excitation[first.gate.name][0]})
    same = all(np.array_equal(a, b) for a, b in zip(plain.outputs, constant.outputs, strict=True))
    rows = [
        {**row, "hidden": units.shape[1], "dead": dead}
        for row, units, dead in zip(gates(network, taken), plain.hidden.values(), hidden.values(), strict=True)
    ]
    said = {"score": "photographs that keep their class", "of": len(taken[0::2]), **halves, "inputs": len(taken)}
    return {**said, "first_gate_as_a_constant_changes_nothing": same, "gates": rows}


def finder(path: Path, folder: Path) -> dict[str, Any]:
    """A detector of things, on scikit-image's photographs and the book's: on each half with means from the other."""
    network = OnnxNetwork(wild_objects.as_onnx(path, wild_objects.CLASSES, folder / "centernet.onnx"))
    of_255 = pictures.Way((0.0,) * 3, (1 / 255,) * 3)
    taken = pictures.taken(network, [*photographs(512), *shipped()], of_255)
    own, sure = wild_objects.strongest(network.run(taken).outputs)
    clear = sure >= wild_objects.CLEAR
    parts: dict[str, list[np.ndarray]] = {}
    for half in (0, 1):
        tested, kept = taken[half::2], clear[half::2]

        def same(outputs: list, half: int = half, kept: np.ndarray = kept) -> np.ndarray:
            return (wild_objects.strongest(outputs)[0] == own[half::2])[kept]

        for word, each in scores(network, taken[1 - half :: 2], tested, same).items():
            parts.setdefault(word, []).append(each)
    halves = summed({word: np.concatenate(each) for word, each in parts.items()})
    said = {"score": "photographs with the same strongest thing", "of": int(clear.sum()), **halves, "inputs": len(taken)}
    return {**said, "clear_from": wild_objects.CLEAR, "gates": gates(network, taken)}


def main() -> None:
    """Fetch, measure, write."""
    parser = in_the_wild.asking(__doc__, "wild-stories.json")
    parser.add_argument("--picture", type=Path, default=ROOT / "book/images/tile-seams.webp")
    options = parser.parse_args()
    folder = options.folder
    versions = in_the_wild.readers(folder)
    by_name = {each.package: each for each in in_the_wild.PACKAGES}

    def file(package: str, pattern: str) -> Path:
        return next(in_the_wild.fetched(by_name[package], folder).rglob(pattern))

    told = {
        "segmenter": (SELFIE, "*selfie_segmentation.tflite", segmenter),
        "detector": (OCR, "*PP-OCRv4_det_infer.onnx", detector),
        "reader": (OCR, "*PP-OCRv4_rec_infer.onnx", reader),
        "turner": (OCR, "*ppocr_mobile_v2.0_cls_infer.onnx", turner),
        "finder": (wild_objects.PACKAGE, "*models/centernet.json", lambda path: finder(path, folder)),
        "classifier": (QVAC, "*mobilenetv3_3class_v3_fp16.gguf", lambda path: classifier(path, folder)),
    }
    stories = {}
    for name, (package, pattern, tell) in told.items():
        path = file(package, pattern)
        stories[name] = {"package": package, "file": path.name, **tell(path)}
        print(name, {key: value for key, value in stories[name].items() if key not in ("gates", "means")})
    upscaler = file(wild_seams.PACKAGE, "REALCUGAN_SE_UP2X.param")
    seams = wild_seams.measured(upscaler, folder, options.picture)
    stories["upscaler"] = {"package": wild_seams.PACKAGE, "file": upscaler.name, **seams}
    print("upscaler", stories["upscaler"])
    about = {"command": "python -m tools.wild_stories", **machine.circumstances(), "readers": versions | wild_seams.READER}
    about |= {"seeds": [0, 1], "interval": "95 %: Wilson's for counts, a bootstrap over inputs for overlaps"}
    keep({**about, "stories": stories}, options.out)


if __name__ == "__main__":
    main()
