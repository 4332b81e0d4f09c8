"""An ONNX network with its gates brought out: each can be read, and set from outside, in one session of ONNX Runtime.

picture ──▶ ... z ──▶ layers ──▶ s ──┬─▶ Where(NaN given? s : given) ──▶ product ──▶ ... ──▶ outputs
                            given ───┘
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import extra
from . import onnx_file
from .finding import find, windows
from .further_inputs import told_apart
from .tapped import Reading, Tapped, closed, stacked

GIVEN, USED = "senet.given.", "senet.used."  # names of what is added, by the gate's depth


class OnnxNetwork(Tapped):
    """An .onnx file whose gates can be read and overridden.

    >>> network = OnnxNetwork("mobilenet.onnx")
    >>> first = network.anatomy.gates[0].name
    >>> reading = network.run(pictures, {first: np.zeros(16)})

    Args:
        path: the file.
        shape: of the input, where the file leaves lengths open: (N, 3, H, W); (N, C, T) for a network that takes sound.
        rest: what its other inputs take, by name, such as lengths, a mask or a state: arrays, numbers, lists, "zeros" or "ones",
            and the same for each picture.

    Attributes:
        model: the file as onnx has it.
        shapes: of the gates' tensors, for one picture.
        windows: shapes after the pools that may be global.
        input: the input's name.

    Raises:
        ValueError: not ONNX, damaged, a text model, no gate found, an input that ``rest`` lacks, or lengths that the network
            refuses.
        FileNotFoundError: no such file, or its weights are missing.
        ImportError: onnx or onnxruntime is not installed.
    """

    def __init__(self, path: str | Path, shape: Sequence[int] | None = None, rest: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path)
        self.model = onnx_file.read(path)
        self.graph = onnx_file.graph_of(self.model, self.path.name)
        picture, self.rest = told_apart(onnx_file.inputs_of(self.model, self.graph), rest or {}, str(path))
        self.input, self._input_kind = picture.name, picture.kind
        self.shape = closed(picture.shape, shape, str(path))
        self.windows = self._scout(windows(self.graph))
        found = find(self.graph, self.windows)
        self.keep(found)
        wanted = [name for each in found for name in (each.excitation, each.squeeze, each.hidden) if name]
        self.shapes = self._scout(wanted)
        self.keep(find(self.graph, self.windows | self.shapes))
        self._session = self._tapped()

    def plain(self, pictures: np.ndarray) -> list[np.ndarray]:
        """The outputs of the file as it is, with nothing added."""
        session = session_of(self.model.SerializeToString(), self.path)
        runs = [session.run(list(self.graph.outputs), self.feeds(picture[None])) for picture in pictures]
        return [stacked(parts) for parts in zip(*runs, strict=True)]

    def feeds(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """What the file's own inputs take for one picture (1, ...)."""
        return {self.input: self.typed(picture), **self.rest}

    def kind_of(self, name: str) -> np.dtype:
        """The numbers of a gate's tensor."""
        return np.dtype(self._kind_of[name])

    # ---- how
    def _one(self, picture: np.ndarray, gates: Mapping[str, np.ndarray]) -> Reading:
        feeds = self.feeds(picture)
        for each in self.found:
            kind = self._kind_of[each.excitation]
            feeds[f"{GIVEN}{each.gate.depth}"] = self.row(each, gates, self.shapes[each.excitation], kind)
        names = [*self.graph.outputs, *self._taps]
        got = dict(zip(names, self._session.run(names, feeds), strict=True))

        def flat(name: str) -> np.ndarray:
            return got[name].reshape(1, -1)

        return Reading(
            [got[name] for name in self.graph.outputs],
            {each.gate.name: flat(each.squeeze) for each in self.found},
            {each.gate.name: flat(f"{USED}{each.gate.depth}") for each in self.found},
            {each.gate.name: flat(each.hidden) for each in self.found if each.hidden},
        )

    def typed(self, picture: np.ndarray) -> np.ndarray:
        """In the numbers that the input takes."""
        return np.ascontiguousarray(picture, self._input_kind)

    def _tapped(self) -> Any:
        from onnx import helper

        model = type(self.model).FromString(self.model.SerializeToString())
        nodes = list(model.graph.node)
        for each in self.found:
            s, used, given = each.excitation, f"{USED}{each.gate.depth}", f"{GIVEN}{each.gate.depth}"
            for node in nodes:
                for i, name in enumerate(node.input):
                    if name == s:
                        node.input[i] = used
            at = next(i for i, node in enumerate(nodes) if s in node.output) + 1
            nodes[at:at] = [
                helper.make_node("IsNaN", [given], [f"{given}.free"]),
                helper.make_node("Where", [f"{given}.free", s, given], [used]),
            ]
            kind = helper.np_dtype_to_tensor_dtype(np.dtype(self._kind_of[s]))
            model.graph.input.append(helper.make_tensor_value_info(given, kind, self.shapes[s]))
        del model.graph.node[:]
        model.graph.node.extend(nodes)
        taps = [f"{USED}{each.gate.depth}" for each in self.found]
        taps += [each.squeeze for each in self.found] + [each.hidden for each in self.found if each.hidden]
        self._taps = [name for name in dict.fromkeys(taps) if name not in self.graph.outputs]
        model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in self._taps)
        return session_of(model.SerializeToString(), self.path)

    def _scout(self, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """The shapes of these tensors, by a run on nothing but zeros."""
        from onnx import helper

        model = type(self.model).FromString(self.model.SerializeToString())
        taps = [name for name in dict.fromkeys(names) if name not in self.graph.outputs]
        model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in taps)
        session = session_of(model.SerializeToString(), self.path)
        try:
            got = session.run(taps or None, self.feeds(np.zeros(self.shape)))
        except Exception as error:
            given = "".join(f", {name} of shape {value.shape}" for name, value in self.rest.items())
            raise ValueError(
                f"{self.path} does not run on a picture of shape {self.shape}{given}: give the size it takes with --size "
                f"({_first(error)})"
            ) from error
        self._kind_of = {name: value.dtype for name, value in zip(taps, got, strict=False)}
        return {name: tuple(value.shape) for name, value in zip(taps, got, strict=False)}


def session_of(data: bytes, path: Path) -> Any:
    """A session of ONNX Runtime on one thread. Raises ``ValueError`` where it refuses the file."""
    with extra.needed():
        import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises one of a dozen private classes
        raise ValueError(f"ONNX Runtime can't open {path}: {_first(error)}") from error


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
