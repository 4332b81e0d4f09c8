"""SE networks in 8 bits: by ONNX Runtime, NNCF with OpenVINO, and torchao, against the same network in float.

Calibration pictures are from the training set, test pictures every nth of the test set, used once. Times are of one picture on
one thread, float and 8 bits by turns in one process; only their ratio is kept.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sebook.shipping import int8, plain

from . import nncf_openvino, pt2e
from .chosen import MANY
from .setting import Setting, measured

FEW = 36  # of the calibration pictures; otherwise all
ROUNDS = 30  # of timing, each of ten runs
BITS = (1, 2, 3, 4, 6, 8)


def measure() -> dict[str, Any]:
    """All networks, with what was asked of each."""
    return measured(f"{FEW} or {MANY}", _network)


def _network(setting: Setting, folder: Path) -> dict[str, Any]:
    rows = [*_onnxruntime(setting, folder), *nncf_openvino.rows(setting, setting.calibration)]
    rows.append(pt2e.row(setting, setting.model))
    return {
        "operators": plain.parts(setting.source).operators,
        "strays": [float(each.std(0).mean()) for each in setting.gates],
        "rows": rows,
        "bits": _bits(setting.model, setting),
    }


def ratio(one: Callable[[], Any], other: Callable[[], Any]) -> dict[str, float]:
    """Time of ``other`` over that of ``one``: median over rounds, and the quartiles."""
    taken = []
    for _ in range(ROUNDS):
        spent = []
        for run in (one, other):
            began = time.perf_counter()
            for _ in range(10):
                run()
            spent.append(time.perf_counter() - began)
        taken.append(spent[1] / spent[0])
    low, middle, high = np.quantile(taken, (0.25, 0.5, 0.75))
    return {"median": float(middle), "low": float(low), "high": float(high)}


def _onnxruntime(setting: Setting, folder: Path) -> list[dict[str, Any]]:
    tried: list[tuple[str, dict[str, Any]]] = []
    for per_channel in (False, True):
        for count in (FEW, MANY):
            how = f"static, per {'channel' if per_channel else 'tensor'}, {count} pictures"
            tried.append((how, {"per_channel": per_channel, "count": count}))
    most = f"static, per channel, {MANY} pictures"
    tried += [(f"{most}, all but {part}", {"leave": part}) for part in ("SE", "product", "gate")]
    tried.append((f"{most}, unsigned", {"signed": False}))
    tried.append((f"{most}, unsigned, weights of 7 bits", {"signed": False, "seven": True}))
    tried.append((f"{most}, unsigned, weights of 7 bits, all but SE", {"signed": False, "seven": True, "leave": "SE"}))
    rows = []
    for how, options in tried:
        count = options.pop("count", MANY)
        file = int8.static(setting.source, folder / "int8.onnx", setting.calibration[:count], **options)
        rows.append(_measured(setting, how, file, plain.parts(file).excitations))
    file = int8.dynamic(setting.source, folder / "dynamic.onnx")
    rows.append(_measured(setting, "dynamic", file, setting.names))
    return rows


def _measured(setting: Setting, how: str, file: Path, names: Any) -> dict[str, Any]:
    logits, *gates = plain.answers(file, setting.pictures, names)
    one = setting.pictures[:1]
    runs = [plain._tapped(path, ()) for path in (setting.source, file)]
    timed = ratio(*(lambda run=run: run.run(None, {plain.INPUT: one}) for run in runs))
    gates = [each.reshape(len(each), -1) for each in gates]
    return setting.row("ONNX Runtime", how, logits, gates, bytes=file.stat().st_size, time=timed)


def _bits(model: torch.nn.Module, setting: Setting) -> dict[str, Any]:
    """Accuracy where the gates alone are rounded, all else in float."""
    said = {}
    for bits in BITS:
        wrong = []
        for at in range(0, len(setting.pictures), 250):
            some = torch.from_numpy(setting.pictures[at : at + 250])
            wrong.append(_rounded(model, some, bits))
        said[str(bits)] = vars(int8.compared(np.concatenate(wrong), setting.logits, setting.labels))
    return said


def _rounded(model: torch.nn.Module, pictures: torch.Tensor, bits: int) -> np.ndarray:
    from senet.models.se import SEBlock

    def rounds(_module, _given, gates):
        return torch.from_numpy(int8.rounded(gates.numpy(), bits).astype(np.float32))

    hooks = [block.gate.register_forward_hook(rounds) for block in model.modules() if isinstance(block, SEBlock)]
    try:
        with torch.no_grad():
            return model(pictures).numpy()
    finally:
        for hook in hooks:
            hook.remove()
