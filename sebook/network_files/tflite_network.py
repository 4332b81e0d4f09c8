"""A TFLite network with its gates brought out, run by LiteRT: two operations and two inputs are added for each gate.

picture ──▶ ... z ──▶ layers ──▶ s ──▶ s * keep + given ──▶ product ──▶ ... ──▶ outputs
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import tflite_file
from .finding import find
from .further_inputs import told_apart
from .tapped import Reading, Tapped

FLOAT32 = 0


class TfliteNetwork(Tapped):
    """A .tflite file whose gates can be read and overridden.

    Args:
        path: the file.
        rest: what its other inputs take, as for :class:`OnnxNetwork`.

    Raises:
        ValueError: not TFLite, damaged, no gate found, an input that ``rest`` lacks,
            gates that are not float32, or operations that LiteRT lacks.
        FileNotFoundError: there is no such file.
        ImportError: ai-edge-litert is not installed.
    """

    def __init__(self, path: str | Path, rest: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path)
        model = tflite_file.read(path)
        self.graph, self.shapes = tflite_file.graph_of(model, self.path.name)
        inputs = tflite_file.inputs_of(model, self.graph)
        picture, self.rest = told_apart(inputs, rest or {}, str(path))
        self.input, self._input_kind, self.shape = picture.name, picture.kind, picture.shape
        self.keep(find(self.graph, self.shapes))
        self._names = tflite_file.names_of(model.subgraphs[0])
        self._interpreter = _opened(self._tapped(model), self.path)

    def typed(self, picture: np.ndarray) -> np.ndarray:
        """In the numbers that the input takes."""
        return np.ascontiguousarray(picture, self._input_kind)

    def _one(self, picture: np.ndarray, gates: Mapping[str, np.ndarray]) -> Reading:
        run = self._interpreter
        inputs = [detail["index"] for detail in run.get_input_details()]
        own, added = inputs[: len(self.graph.inputs)], inputs[len(self.graph.inputs) :]
        for name, index in zip(self.graph.inputs, own, strict=True):
            run.set_tensor(index, self.typed(picture) if name == self.input else self.rest[name])
        for each, keep, given in zip(self.found, added[::2], added[1::2], strict=True):
            values = self.row(each, gates, self.shapes[each.excitation], np.float32)
            free = np.isnan(values)
            run.set_tensor(keep, free.astype(np.float32))
            run.set_tensor(given, np.where(free, 0, values).astype(np.float32))
        run.invoke()
        got = [run.get_tensor(detail["index"]) for detail in run.get_output_details()]
        count, taps = len(self.graph.outputs), iter(value.reshape(1, -1) for value in got[len(self.graph.outputs) :])
        squeeze, excitation, hidden = {}, {}, {}
        for each in self.found:
            name = each.gate.name
            squeeze[name], excitation[name] = next(taps), next(taps)
            if each.hidden:
                hidden[name] = next(taps)
        return Reading(got[:count], squeeze, excitation, hidden)

    def _tapped(self, model: Any) -> bytes:
        flatbuffers = tflite_file.schema().flatbuffers  # what the schema is read and written by
        part, at = model.subgraphs[0], {name: i for i, name in enumerate(self._names)}
        for each in self.found:
            s = at[each.excitation]
            if part.tensors[s].type != FLOAT32:
                raise ValueError(f"{self.path}: the gate {each.excitation} is quantised, and only float32 gates are read here")
            self._insert(model, part, s, each.gate.depth)
            taps = [at[each.squeeze], len(part.tensors) - 1]
            part.outputs = [*part.outputs, *taps, *([at[each.hidden]] if each.hidden else [])]
        model.signatureDefs = None  # which would name the outputs as they were
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _insert(self, model: Any, part: Any, s: int, depth: int) -> None:
        """``s * keep + given`` takes the place of ``s`` wherever it is read."""
        known, first = tflite_file.schema(), len(part.tensors)
        for word in ("keep", "given", "kept", "used"):
            tensor = copy.copy(part.tensors[s])
            tensor.name, tensor.buffer = f"senet.{word}.{depth}".encode(), 0
            part.tensors.append(tensor)
        keep, given, kept, used = range(first, first + 4)
        for operator in part.operators:
            operator.inputs = [used if i == s else i for i in operator.inputs]
        at = 1 + next(i for i, operator in enumerate(part.operators) if s in operator.outputs)
        part.operators[at:at] = [
            _operation(model, known.BuiltinOperator.MUL, known.BuiltinOptions.MulOptions, known.MulOptionsT(), [s, keep], kept),
            _operation(model, known.BuiltinOperator.ADD, known.BuiltinOptions.AddOptions, known.AddOptionsT(), [kept, given], used),
        ]
        part.inputs = [*part.inputs, keep, given]


def _operation(model: Any, code: int, kind: int, options: Any, inputs: list[int], output: int) -> Any:
    known = tflite_file.schema()
    codes = [max(each.builtinCode, each.deprecatedBuiltinCode) for each in model.operatorCodes]
    if code not in codes:
        new = known.OperatorCodeT()
        new.builtinCode, new.deprecatedBuiltinCode, new.version = code, min(code, 127), 1
        model.operatorCodes.append(new)
        codes.append(code)
    made = known.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = codes.index(code), inputs, [output]
    made.builtinOptionsType, made.builtinOptions = kind, options
    return made


def _opened(data: bytes, path: Path) -> Any:
    try:
        interpreter = tflite_file.litert("interpreter").Interpreter(model_content=data, num_threads=1)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"LiteRT can't run {path}: {str(error).strip()[:200]}") from error
    return interpreter
