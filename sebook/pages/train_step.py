"""A whole training step as one ONNX graph: forward, the way back, and SGD with Nesterov's momentum.

The step is traced from PyTorch, whose autograd works out the way back, and what it traced is
written in ONNX's operators (:mod:`sebook.pages.train_gradients`). A runtime that knows nothing of
gradients then trains the network: the reader's browser.

    weights, momenta, statistics, pictures, labels, rate, momentum  ->  weights, momenta,
    statistics, loss, right

Weights, momenta, and statistics (the running means and variances of batch norms) are one row each,
in the order of :func:`layout`: a caller only passes them on. A second graph asks the network about
pictures as it is: logits, and all gates.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from senet.images.picture import Preprocessing
from senet.inside.recording import se_blocks
from senet.models.se import SEBlock
from senet.training import Recipe, sgd

from . import train_gradients
from .traced_onnx import written

Parts = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Layout:
    """Where each tensor lies in the rows: ``(name, shape)`` in order, weights (P numbers in all) and statistics (Q)."""

    weights: Parts
    statistics: Parts


def layout(model: nn.Module) -> Layout:
    """The rows of ``model``: parameters, and the buffers that are floats."""
    buffers = {name: buffer for name, buffer in model.named_buffers() if buffer.is_floating_point()}
    return Layout(
        *(tuple((name, tuple(t.shape)) for name, t in named.items()) for named in (dict(model.named_parameters()), buffers))
    )


def rows(model: nn.Module) -> tuple[Tensor, Tensor]:
    """Weights (P,) and statistics (Q,) of ``model``, float32."""
    tensors, order = model.state_dict(), layout(model)
    return tuple(torch.cat([tensors[name].detach().flatten() for name, _ in part]) for part in (order.weights, order.statistics))


class Step:
    """One training step of ``model`` by ``recipe``, as a function of tensors alone.

    Args:
        model: one of our small networks; it is left as it is, in training mode.
        recipe: for momentum's kind, weight decays and label smoothing; rates come with each call.
        preprocessing: from bytes to what the network takes.
        classes: how many.
    """

    def __init__(self, model: nn.Module, recipe: Recipe, preprocessing: Preprocessing, classes: int) -> None:
        self.model, self.recipe, self.preprocessing, self.classes = model.train(), recipe, preprocessing, classes
        self.order = layout(model)
        decays = {id(p): group["weight_decay"] for group in sgd(model, recipe).param_groups for p in group["params"]}
        self.decays = [decays[id(p)] for p in model.parameters()]
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (preprocessing.mean, preprocessing.std))
        self.scale, self.offset, self.each = 1 / (255 * std), mean / std, torch.arange(classes, dtype=torch.int32)

    def __call__(
        self, weights: Tensor, momenta: Tensor, statistics: Tensor, pictures: Tensor, labels: Tensor, rate: Tensor, momentum: Tensor
    ) -> tuple[Tensor, ...]:
        """The network after one step.

        Args:
            weights, momenta: (P,), float32; momenta are zero at first.
            statistics: (Q,), float32.
            pictures: uint8 (B, 3, H, W).
            labels: int32 (B,).
            rate, momentum: of this step, one number each.

        Returns: The new weights, momenta and statistics; the loss before the step, and how many
            pictures it got right.
        """
        x, truth = pictures.float() * self.scale - self.offset, (labels[:, None] == self.each).float()
        smooth = self.recipe.label_smoothing

        def loss_of(parameters: dict[str, Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
            # Copies, which the batch norms may write over: the running statistics, and how many batches there were.
            moved = {name: row.clone() for name, row in _split(statistics, self.order.statistics).items()}
            counts = {name: torch.zeros_like(count) for name, count in self.model.named_buffers() if name not in moved}
            logits = torch.func.functional_call(self.model, {**parameters, **moved, **counts}, (x,))
            target = truth * (1 - smooth) + smooth / self.classes if smooth else truth
            loss = -(F.log_softmax(logits, 1) * target).sum(1).mean()
            return loss, (loss, logits, torch.cat([row.flatten() for row in moved.values()]))

        parameters = _split(weights, self.order.weights)
        slopes, (loss, logits, statistics) = torch.func.grad(loss_of, has_aux=True)(parameters)
        down = torch.cat(
            [
                (slopes[name] + decay * value if decay else slopes[name]).flatten()
                for (name, value), decay in zip(parameters.items(), self.decays, strict=True)
            ]
        )
        momenta = momentum * momenta + down
        weights = weights - rate * (down + momentum * momenta)  # Nesterov's: as if the momentum had been taken already
        right = (logits.argmax(1).int() == labels).sum().float()
        return weights, momenta, statistics, loss, right


class Asked(nn.Module):
    """The network as it is, in evaluation mode: weights, statistics, pictures -> logits (N, K), and each block's gates (N, C)."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step, self.gates = step, {}
        self.blocks = {name: points.gate for name, points in blocks_of(step.model).items()}

    def forward(self, weights: Tensor, statistics: Tensor, pictures: Tensor) -> tuple[Tensor, ...]:
        kept: dict[str, Tensor] = {}
        hooks = [
            gate.register_forward_hook(lambda _, __, out, name=name: kept.update({name: out.flatten(1)}))
            for name, gate in self.blocks.items()
        ]
        model, order = self.step.model, self.step.order
        tensors = _split(weights, order.weights) | _split(statistics, order.statistics)
        model.eval()
        try:
            logits = torch.func.functional_call(model, tensors, (pictures.float() * self.step.scale - self.step.offset,))
        finally:
            model.train()
            for hook in hooks:
                hook.remove()
        return logits, *kept.values()


def step_onnx(step: Step) -> bytes:
    """One step as a file: the arguments and results of :class:`Step`, by name, the new rows as ``weights.next`` and so on."""
    rows_in = ["weights", "momenta", "statistics"]
    inputs = [*rows_in, "pictures", "labels", "rate", "momentum"]
    outputs = [*(f"{name}.next" for name in rows_in), "loss", "right"]
    return _file(step, _example(step), inputs, outputs, learning=True)


def asked_onnx(step: Step, batch: int) -> bytes:
    """The network's answers about ``batch`` pictures as a file: ``logits``, and ``<block>/s`` for each block."""
    asked = Asked(step)
    weights, _, statistics, pictures, *_ = _example(step)
    pictures = pictures[:1].expand(batch, -1, -1, -1).contiguous()
    outputs = ["logits", *(f"{name}/s" for name in asked.blocks)]
    with torch.no_grad():
        return _file(asked, (weights, statistics, pictures), ["weights", "statistics", "pictures"], outputs)


def network_onnx(step: Step) -> tuple[bytes, dict[str, int]]:
    """The network alone, for whatever opens ONNX files: ``picture``, float32 (1, 3, S, S) of 0 to 255, -> ``logits``.

    Returns: The file, whose weights and statistics are zero, and at which of its bytes each of them
        begins, by its name in PyTorch: a page writes a network over them.
    """
    import onnx

    model, parts = step.model, [part for row in (step.order.weights, step.order.statistics) for part in row]

    def answer(picture: Tensor, *tensors: Tensor) -> tuple[Tensor]:
        named = {name: tensor for (name, _), tensor in zip(parts, tensors, strict=True)}
        return (torch.func.functional_call(model, named, (picture * step.scale - step.offset,)),)

    size, luck = step.preprocessing.size, np.random.default_rng(0)
    marks = {name: luck.bytes(4 * math.prod(shape)) for name, shape in parts}
    tensors = [torch.zeros(shape) for _, shape in parts]
    model.eval()
    try:
        with torch.no_grad():
            data = _file(answer, (torch.zeros(1, 3, size, size), *tensors), ["picture", *marks], ["logits"])
    finally:
        model.train()
    file = onnx.load_from_string(data)
    for name, shape in parts:
        held = np.frombuffer(marks[name], np.float32).reshape(shape)
        file.graph.initializer.append(onnx.numpy_helper.from_array(held, name))
    del file.graph.input[1:]
    data = file.SerializeToString()
    places = {name: data.index(mark) for name, mark in marks.items()}
    for name, at in places.items():
        data = data[:at] + bytes(len(marks[name])) + data[at + len(marks[name]) :]
    return data, places


def _example(step: Step) -> tuple[Tensor, ...]:
    weights, statistics = rows(step.model)
    size, batch = step.preprocessing.size, step.recipe.batch_size
    pictures = torch.zeros(batch, 3, size, size, dtype=torch.uint8)
    labels = torch.arange(batch, dtype=torch.int32) % step.classes
    return weights, torch.zeros_like(weights), statistics, pictures, labels, torch.tensor(0.1), torch.tensor(0.9)


def _file(
    function: Callable[..., tuple[Tensor, ...]],
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    learning: bool = False,
) -> bytes:
    import onnx

    traced = make_fx(torch.func.functionalize(function), decomposition_table=train_gradients.table(learning))(*example)
    file = written(traced, inputs, outputs)
    file.producer_name = "senet"
    onnx.checker.check_model(file)
    return file.SerializeToString()


def blocks_of(model: nn.Module) -> Mapping[str, Any]:
    """The SE blocks of a network by name; none where it has none, which :func:`senet.se_blocks` refuses."""
    return se_blocks(model) if any(isinstance(module, SEBlock) for module in model.modules()) else {}


def _split(row: Tensor, parts: Parts) -> dict[str, Tensor]:
    sizes = [math.prod(shape) for _, shape in parts]
    return {name: piece.view(shape) for (name, shape), piece in zip(parts, row.split(sizes), strict=True)}
