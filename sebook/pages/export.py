"""A network as a probe in one ONNX file: see :mod:`sebook.pages.probes` for what goes in and comes out.

The graph is the fused one: the exporter folds batch norms as :func:`senet.fuse` does.
"""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from senet import pretrained

from .. import extra
from .probes import KEY, TorchProbe

OPSET = 18  # old enough for every onnxruntime of the last years


def export(model: str | pretrained.Checkpoint | nn.Module, path: str | Path, *, maps: bool = True, **about: Any) -> Path:
    """Write a network as a probe in one ONNX file, and return its path. The file is checked, not run.

    Args:
        model: as for :class:`TorchProbe`.
        path: where to; missing folders are made.
        maps: with the outputs ``<block>/u`` and ``<block>/x``.
        **about: ``preprocessing``, ``classes``, ``title`` of :class:`TorchProbe`.

    Raises:
        ValueError: as for :class:`TorchProbe`.
        ImportError: onnx or onnxscript is not installed.
    """
    with extra.needed():
        import onnx
        import onnxscript  # noqa: F401 - what torch's exporter is built on
    probe = TorchProbe(model, maps=maps, **about)
    probe.network.maps = maps
    size, width = probe.about["preprocessing"]["size"], sum(probe._channels.values())
    # Two of each: torch.export takes a dimension of 1 for one that is always 1.
    example = torch.zeros(2, 3, size, size), torch.full((2, width), float("nan"))
    count = torch.export.Dim("N", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own making: nothing that a reader could fix
        # torch's newer exporter: the older one is to be removed. This one also turns writing in place into values, so that U stays
        # what the block read whatever runs over it later.
        program = torch.onnx.export(
            probe.network,
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=["picture", "gates"],
            output_names=probe.network.outputs(),
            dynamic_shapes=({0: count}, {0: count}),
            external_data=False,
            verbose=False,
        )
    file = program.model_proto
    _strip(file)
    _halve(file, probe.network.state_dict())
    file.producer_name, file.doc_string = "senet", probe.about["title"]
    onnx.helper.set_model_props(file, {KEY: json.dumps(probe.about, ensure_ascii=False)})
    onnx.checker.check_model(file)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(file, str(path))
    return path


def _strip(file: Any) -> None:
    """Take out what the exporter notes for its own debugging: a sixth of a small file, and paths of the machine that made it."""
    for node in file.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for values in (file.graph.input, file.graph.output, file.graph.initializer):
        for value in values:
            value.ClearField("metadata_props")
            value.ClearField("doc_string")
    for part in (file, file.graph):
        part.ClearField("metadata_props")
    file.graph.ClearField("value_info")  # shapes within, which a runtime infers
    file.graph.name = "probe"


def _halve(file: Any, weights: Mapping[str, Tensor]) -> None:
    """Store in 16 bits what 16 bits hold exactly, as our shipped weights are: half the bytes to fetch, and the same results.

    The exporter has folded each batch norm into its convolution: a factor for each row of the weights, which leaves numbers of 32
    bits. Here weights and factors are apart. What widens and multiplies them comes first in the graph and has no inputs, so that
    a runtime does it once, when it starts.

    Args:
        file: the ONNX model, changed in place.
        weights: the network's own, by the names they have in the file.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes, factors = [], []
    for tensor in file.graph.initializer:
        name, values = tensor.name, numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < 64:  # a node takes some hundred bytes itself
            continue
        own = weights[name].detach().cpu().numpy() if name in weights else values
        with np.errstate(over="ignore"):
            half = own.astype(np.float16)
        if own.shape != values.shape or not np.array_equal(half.astype(np.float32), own):
            continue
        rows, folded = own.reshape(len(own), -1).astype(np.float64), values.reshape(len(own), -1)
        factor = ((rows * folded).sum(1) / np.maximum((rows**2).sum(1), 1e-30)).astype(np.float32)
        if not np.allclose(rows * factor[:, None], folded, rtol=1e-6, atol=1e-12):
            continue
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        if (factor == 1).all():
            nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
            continue
        factors.append(numpy_helper.from_array(factor.reshape(-1, *[1] * (own.ndim - 1)), f"{name}.factor"))
        nodes.append(helper.make_node("Cast", [f"{name}.half"], [f"{name}.wide"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.wide", f"{name}.factor"], [name]))
    file.graph.initializer.extend(factors)
    nodes.extend(file.graph.node)
    del file.graph.node[:]
    file.graph.node.extend(nodes)
