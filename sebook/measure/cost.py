"""What SE costs in a network: parameters, arithmetic, memory traffic and time, each beside the same network without SE.

- **Parameters** are counted; for SE alone also by formula: 2 C^2 / r a block (section 4 of the paper).
- **Arithmetic** is in multiply-adds, each counted once as in the paper, of convolutions and matrix products, by PyTorch's
  ``FlopCounterMode`` (which counts each twice). Batch norms, activations and sums are left out, as everywhere. SE's two
  passes over the maps are listed separately: an addition per value to squeeze, a multiplication per value to rescale.
- **Bytes** follow a model without a cache: each operation, run without gradients, reads all its arguments and writes its result
  once; a view costs nothing. The usual code for SE then moves U 3 times: squeeze reads it, rescale reads it and writes the
  result. Where the rescaling shares a pass with the residual sum, as in :meth:`~senet.models.se.SEBlock.rescale`, SE moves U once.
- **Time** is measured in turns with the plain network (:mod:`sebook.measure.bench`), and given as a ratio.

The first three run on PyTorch's meta device, which knows shapes and computes nothing: SE-ResNet-152 takes a second.
"""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from senet.arguments import at_least_one, one_of
from senet.inside.recording import se_blocks
from senet.models.se import NoSE, hidden_width

from .bench import CLOCKS, _interval, _seconds, _seconds_cuda, time_in_turns
from .contenders import without_gradients


@dataclass(frozen=True)
class Cost:
    """One forward pass without gradients, for ``batch`` pictures: the whole network, and how much of it SE is.

    Attributes:
        parameters: how many.
        se_parameters: how many of these are SE's.
        multiply_adds: of convolutions and matrix products.
        se_multiply_adds: SE's part of these.
        se_elementwise: additions to squeeze and multiplications to rescale, which ``se_multiply_adds`` leaves out.
        bytes: moved, by the model described above.
        se_bytes: those beyond the network without SE.
        maps_bytes: the size of U, summed over all SE blocks; ``se_bytes`` is a small multiple of it.
    """

    parameters: int
    se_parameters: int
    multiply_adds: int
    se_multiply_adds: int
    se_elementwise: int
    bytes: int
    se_bytes: int
    maps_bytes: int


def se_parameters(channels: int, reduction: int = 16, *, bias: bool = False, min_hidden: int = 4) -> int:
    """Parameters of one :class:`~senet.models.se.SEBlock` by formula: 2 C h, with h = C / r, and C + h if there are biases."""
    hidden = hidden_width(channels, reduction, min_hidden)
    return 2 * channels * hidden + bias * (channels + hidden)


def without_se(model: nn.Module) -> nn.Module:
    """A copy whose SE blocks pass their input on unchanged. A model without SE blocks is just copied."""
    model = copy.deepcopy(model)
    for name in _names(model):
        model.set_submodule(name, NoSE())
    return model


def cost(model: nn.Module, size: int = 224, batch: int = 1, dtype: torch.dtype = torch.float32) -> Cost:
    """Count what ``model`` does to pictures (batch, 3, size, size) of ``dtype``. SE blocks: those :func:`~senet.se_blocks` finds.

    Raises:
        ValueError: ``size`` or ``batch`` is not a whole number of at least 1.
    """
    at_least_one(size=size, batch=batch)
    model = copy.deepcopy(model).to("meta", dtype).eval()
    x = torch.empty(batch, 3, size, size, device="meta", dtype=dtype)
    maps: list[Tensor] = []
    hooks = [
        model.get_submodule(name).register_forward_pre_hook(lambda module, args: maps.append(args[0])) for name in _names(model)
    ]
    products, moved = _run(model, x)
    for hook in hooks:
        hook.remove()
    plain = without_se(model)
    plain_products, plain_moved = _run(plain, x)
    parameters, plain_parameters = (sum(p.numel() for p in m.parameters()) for m in (model, plain))
    return Cost(
        parameters=parameters,
        se_parameters=parameters - plain_parameters,
        multiply_adds=products,
        se_multiply_adds=products - plain_products,
        se_elementwise=2 * sum(u.numel() for u in maps),
        bytes=moved,
        se_bytes=moved - plain_moved,
        maps_bytes=sum(u.nbytes for u in maps),
    )


def latency(
    model: nn.Module,
    size: int = 224,
    batch: int = 1,
    *,
    seconds: float = 10.0,
    device: str = "cpu",
    clock: str = "wall",
    seed: int = 0,
) -> dict[str, Any]:
    """Time ``model`` and the same network without SE in turns, after a warm-up, without gradients.

    Args:
        seconds: for the whole measurement; at least 5 rounds are run.
        clock: ``"wall"``, or ``"cpu"`` where other processes use the machine. On a GPU, CUDA events give the time.

    Returns:
        ``ms`` and ``plain_ms`` (medians), ``ratio`` (median of the rounds' ratios), ``ratio_interval`` (95 %, bootstrap) and
        ``rounds``.
    """
    at_least_one(size=size, batch=batch)
    one_of(CLOCKS, clock=clock)
    rng = np.random.default_rng(seed)
    x = torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(seed)).to(device)
    ways = {"se": copy.deepcopy(model), "plain": without_se(model)}
    ways = {name: without_gradients(way.to(device).eval(), x) for name, way in ways.items()}
    measure: Callable = _seconds_cuda if device.startswith("cuda") else partial(_seconds, CLOCKS[clock])
    times = time_in_turns(ways, seconds, measure, rng)
    ratios = times["se"] / times["plain"]
    return {
        "ms": float(np.median(times["se"]) * 1e3),
        "plain_ms": float(np.median(times["plain"]) * 1e3),
        "ratio": float(np.median(ratios)),
        "ratio_interval": _interval(ratios, rng),
        "rounds": len(ratios),
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """As Markdown: for each network's name ``asdict(Cost)``, and :func:`latency`'s result if it was measured."""
    lines = [
        "| network | parameters | SE | 10⁹ multiply-adds | SE | with its passes | MB moved | SE | time, of the same without SE |",
        "|---|" + "---:|" * 8,
    ]
    for name, row in rows.items():
        products = row["multiply_adds"]
        cells = [
            name,
            f"{row['parameters'] / 1e6:.2f} M",
            f"{row['se_parameters'] / row['parameters']:.2%}",
            f"{products / 1e9:.3f}",
            f"{row['se_multiply_adds'] / products:.2%}",
            f"{(row['se_multiply_adds'] + row['se_elementwise']) / (products + row['se_elementwise']):.2%}",
            f"{row['bytes'] / 1e6:.1f}",
            f"{row['se_bytes'] / row['bytes']:.2%}",
            "{:.3f} ({:.3f}-{:.3f})".format(row["ratio"], *row["ratio_interval"]) if "ratio" in row else "not measured",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def row(model: nn.Module, size: int = 224, batch: int = 1, **timing: Any) -> dict[str, Any]:
    """One row of :func:`table`: :func:`cost`, and :func:`latency` unless ``seconds=0``."""
    counted = asdict(cost(model, size, batch))
    return counted | (latency(model, size, batch, **timing) if timing.get("seconds", 10.0) > 0 else {})


def _names(model: nn.Module) -> list[str]:
    try:
        return list(se_blocks(model))
    except ValueError as error:
        if "has no SE block" not in str(error):  # but is compiled, say, so that nothing could be counted
            raise
        return []


class _Traffic(TorchDispatchMode):
    """Adds up the bytes of all tensors that operations take and give."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if not func.is_view:
            self.bytes += sum(t.nbytes for t in tree_leaves((args, kwargs, out)) if isinstance(t, Tensor))
        return out


@torch.no_grad()
def _run(model: nn.Module, x: Tensor) -> tuple[int, int]:
    """Multiply-adds and bytes of ``model(x)``."""
    with _Traffic() as traffic, FlopCounterMode(display=False) as flops:
        model(x)
    return flops.get_total_flops() // 2, traffic.bytes
