"""Quantised by NNCF for OpenVINO: as it comes, and with the SE blocks left in float by their names."""

from functools import partial
from typing import Any

import numpy as np

from sebook.shipping import plain


def rows(setting: Any, calibration: np.ndarray) -> list[dict[str, Any]]:
    """NNCF as it comes; with SE left out; and how many of the blocks' layers are quantised in each."""
    import nncf
    import openvino

    from .int8 import ratio

    nncf.set_log_level(40)
    core = openvino.Core()
    threads = {"INFERENCE_NUM_THREADS": 1}
    exact = core.compile_model(core.read_model(setting.source), "CPU", threads)
    parts = plain.parts(setting.source)
    named = {"nothing": None, "SE": nncf.IgnoredScope(names=_names(core.read_model(setting.source), parts.of("SE")))}
    said = []
    for leave, scope in named.items():
        dataset = nncf.Dataset([picture[None] for picture in calibration])
        model = core.read_model(setting.source)
        quantised = nncf.quantize(model, dataset, subset_size=len(calibration), ignored_scope=scope)
        count = layers(quantised)
        logits, gates = _answers(core, quantised, setting, threads)
        ready = core.compile_model(quantised, "CPU", threads)
        timed = ratio(partial(exact, setting.pictures[:1]), partial(ready, setting.pictures[:1]))
        how = f"NNCF, {len(calibration)} pictures" + ("" if leave == "nothing" else f", all but {leave}")
        said.append(setting.row("OpenVINO", how, logits, gates, bytes=_size(quantised), time=timed, layers=count))
    return said


def layers(model: Any) -> dict[str, int]:
    """How many matrix products and convolutions of an OpenVINO model read rounded activations, of how many."""
    counts: dict[str, int] = {}
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind in ("MatMul", "Convolution"):
            before = node.input(0).get_source_output().get_node().get_type_name()
            counts[kind] = counts.get(kind, 0) + 1
            counts[f"{kind}, rounded"] = counts.get(f"{kind}, rounded", 0) + (before == "FakeQuantize")
    return counts


def _names(model: Any, nodes: list[str]) -> list[str]:
    """OpenVINO's names of the nodes of an ONNX file: some of them it splits or folds away."""
    have = {node.get_friendly_name() for node in model.get_ordered_ops()}
    return [name for name in have if any(name == node or name.startswith(f"{node}/") for node in nodes)]


def _answers(core: Any, model: Any, setting: Any, threads: dict[str, int]) -> tuple[np.ndarray, list[np.ndarray] | None]:
    tapped = model.clone()
    tapped.add_outputs(list(setting.names))
    ready = core.compile_model(tapped, "CPU", threads)
    runs = [list(ready(batch).values()) for batch in plain.batches(setting.pictures)]
    logits, *gates = (np.concatenate(values) for values in zip(*runs, strict=True))
    return logits, [each.reshape(len(each), -1) for each in gates]


def _size(model: Any) -> int:
    import tempfile
    from pathlib import Path

    import openvino

    with tempfile.TemporaryDirectory() as folder:
        openvino.save_model(model, Path(folder) / "model.xml", compress_to_fp16=False)
        return sum(file.stat().st_size for file in Path(folder).iterdir())
