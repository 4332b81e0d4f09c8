"""The graphs that tools/engine_bench.py compares: a network as it ships, and as it would be without what sebook.pages.export does
to it.

Batch norms stay nodes of their own (**apart**) or are **folded** into the convolutions; weights are stored in **32 bits**, as the
exporter writes them, or in **16 bits**, where those hold them exactly. What ships is folded, 16 bits.
"""

import contextlib
import gzip
import itertools
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest import mock

import onnx
import onnxruntime
from onnxscript import rewriter
from onnxscript.rewriter.rules import common

from sebook.pages import export

GRAPHS = {f"{fold}, {bits} bits": (fold, bits) for fold, bits in itertools.product(("apart", "folded"), (32, 16))}
SHIPPED = "folded, 16 bits"


def write(name: str, folder: Path, say: Callable[[str], None] = lambda line: None) -> dict[str, Path]:
    """The network's files by graph, each what it is called.

    Raises:
        ValueError: batch norms were folded in spite of all, or not folded, or weights are not of the bits that they should be.
    """
    files = {}
    for graph, (fold, bits) in GRAPHS.items():
        say(f"{name}: writing {graph}")
        with unfolded() if fold == "apart" else contextlib.nullcontext():
            with mock.patch.object(export, "_halve", lambda *_: None) if bits == 32 else contextlib.nullcontext():
                files[graph] = export.export(name, folder / f"{name}, {graph}.onnx")
        file = onnx.load(files[graph])
        kinds, halves = Counter(node.op_type for node in file.graph.node), onnx.TensorProto.FLOAT16
        if (kinds["BatchNormalization"] > 0) != (fold == "apart"):
            raise ValueError(
                f"{name}, {graph}, has {kinds['BatchNormalization']} batch norms: onnxscript {metadata.version('onnxscript')} "
                "names its rules otherwise than tools.engine_graphs.unfolded() does"
            )
        if any(tensor.data_type == halves for tensor in file.graph.initializer) != (bits == 16):
            raise ValueError(
                f"{name}, {graph}, holds its weights in other bits: sebook.pages.export no longer halves them by _halve"
            )
    return files


@contextlib.contextmanager
def unfolded() -> Iterator[None]:
    """The exporter's own clean-up without its rules for batch norms. It has no option for that: one only for no clean-up at all,
    which would be another graph in more than batch norms."""
    folding = (
        common.fuse_batchnorm_into_conv_rule,
        common.fuse_batchnorm_into_conv_transpose_rule,
        common.fuse_batchnorm_into_gemm_rule,
    )
    kept = tuple(rule for rule in rewriter._DEFAULT_REWRITE_RULES if not any(rule is other for other in folding))
    with mock.patch.object(rewriter, "_DEFAULT_REWRITE_RULES", kept):
        yield


def describe(path: Path) -> dict[str, Any]:
    """Bytes, plain and as the book packs them; nodes, and how many are batch norms: in the file, and once ONNX Runtime's ``basic``
    has been over it (the runtime of this Python, which can show it)."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3  # or it warns that such a file is for this machine
    with tempfile.TemporaryDirectory() as folder:
        mended = Path(folder) / "mended.onnx"
        options.optimized_model_filepath = str(mended)
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        inside = {"file": onnx.load(path), "basic": onnx.load(mended)}
    data = path.read_bytes()
    return {
        "bytes": len(data),
        "gzipped": len(gzip.compress(data, 9, mtime=0)),
        "nodes": {when: len(file.graph.node) for when, file in inside.items()},
        "batch_norms": {
            when: sum(node.op_type == "BatchNormalization" for node in file.graph.node) for when, file in inside.items()
        },
    }
