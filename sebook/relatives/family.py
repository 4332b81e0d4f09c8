"""SE's family, by code: relatives laid beside it, what each costs in one network, and where SE lives in others' networks.

Shapes and counts come from PyTorch's meta device, which stores no weights and computes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from senet.arguments import one_of
from senet.inside.recording import se_blocks
from senet.models.resnet import se_resnet50
from senet.models.se import SEBlock

from ..measure.cost import cost
from . import CBAM, ECA, SCSE, GatherExcite, SelectiveKernel

STEPS = ("squeeze", "excitation", "rescale")
STAGES = {1: (256, 56), 2: (512, 28), 3: (1024, 14), 4: (2048, 7)}  # of a ResNet-50: channels, and side of the maps at 224 pixels


@dataclass(frozen=True)
class Lane:
    """One way through a relative's three steps, in words. ``part`` names the module that takes them; "" is the block itself."""

    title: str
    part: str
    squeeze: str
    excitation: str
    rescale: str
    same: tuple[str, ...] = ()  # the steps that are SE's own


@dataclass(frozen=True)
class Relative:
    """One member of the family.

    Attributes:
        title: its name.
        make: C to a module.
        lanes: one, or two where channels and places are weighed apart.
        arxiv: of its paper.
        joined: what becomes of two lanes' results; "" for one lane.
    """

    title: str
    make: Callable[[int], nn.Module]
    lanes: tuple[Lane, ...]
    arxiv: str
    joined: str = ""


_MEAN, _TIMES = "the mean of each map", "each map times its gate"
_SE = Lane("channels", "", _MEAN, "two layers, C to C/r to C; sigmoid", _TIMES, STEPS)
RELATIVES: dict[str, Relative] = {
    "se": Relative("SE", SEBlock, (_SE,), "1709.01507"),
    "eca": Relative(
        "ECA",
        ECA,
        (Lane("channels", "", _MEAN, "one convolution along the channels: k weights; sigmoid", _TIMES, ("squeeze", "rescale")),),
        "1910.03151",
    ),
    "cbam": Relative(
        "CBAM",
        CBAM,
        (
            Lane(
                *("channels", "channel", "mean and maximum of each map"),
                *("SE’s two layers on both, summed; sigmoid", _TIMES, ("rescale",)),
            ),
            Lane(
                *("places", "space", "mean and maximum over the channels, at each pixel"),
                *("one 7 × 7 convolution; sigmoid", "each pixel times its gate"),
            ),
        ),
        "1807.06521",
        "one after the other",
    ),
    "ge": Relative(
        "Gather-excite",
        GatherExcite,
        (
            Lane(
                "channels and places",
                "",
                "the mean around every fourth pixel",
                "sigmoid alone, no weights",
                "each pixel times the gate of its neighbourhood",
            ),
        ),
        "1810.12348",
    ),
    "scse": Relative(
        "scSE",
        SCSE,
        (
            Lane("channels", "channel", _MEAN, "SE’s two layers, r = 2; sigmoid", _TIMES, STEPS),
            Lane("places", "space", "a weighted sum of the channels, at each pixel", "sigmoid alone", "each pixel times its gate"),
        ),
        "1803.02579",
        "added",
    ),
    "sk": Relative(
        "SK",
        SelectiveKernel,
        (
            Lane(
                *("branches", "", "the mean of each map of the branches’ sum"),
                *("SE’s two layers, then softmax between branches", "branches weighed by their gates, and added"),
            ),
        ),
        "1903.06586",
    ),
}


def laid_out(name: str, stage: int) -> dict[str, Any]:
    """A relative's steps in one stage of a ResNet-50: shapes without the batch, and weights, both read from the module itself.

    Returns:
        ``title``, ``arxiv``, ``joined``, ``channels``, ``side``, ``weights``, and ``lanes``, each with ``title``, ``weights``,
        ``shapes`` (maps in, squeezed, gates, maps out), ``words`` and ``same`` by step.
    """
    one_of(RELATIVES, name=name)
    one_of(STAGES, stage=stage)
    relative, (channels, side) = RELATIVES[name], STAGES[stage]
    if name == "sk":  # replaces the 3x3, which is four times narrower
        channels //= 4
    with torch.device("meta"):
        block, u = relative.make(channels).eval(), torch.empty(1, channels, side, side)
    lanes = []
    for lane in relative.lanes:
        part = block.get_submodule(lane.part)
        maps = part.split(u) if name == "sk" else u
        z = part.squeeze(maps)
        s = part.excite(z)
        shapes = [list(t.shape[1:]) for t in (maps, z, s, part.rescale(maps, s))]
        words = {"squeeze": lane.squeeze, "excitation": lane.excitation, "rescale": lane.rescale}
        steps = {"words": words, "same": list(lane.same)}
        lanes.append({"title": lane.title, "weights": _weights(part), "shapes": shapes, **steps})
    about = {"title": relative.title, "arxiv": relative.arxiv, "joined": relative.joined}
    return about | {"channels": channels, "side": side, "weights": _weights(block), "lanes": lanes}


def network(name: str) -> nn.Module:
    """ResNet-50 with a relative in every bottleneck: in SE's place, but SK in the place of the 3x3 convolution."""
    one_of(RELATIVES, name=name)
    if name == "sk":
        model = resnet50()
        for where, module in [(n, m) for n, m in model.named_modules() if n.endswith(".conv2")]:
            model.set_submodule(where, SelectiveKernel(module.out_channels, stride=module.stride[0]))
        return model
    model = se_resnet50()
    for where, points in se_blocks(model).items():
        model.set_submodule(where, RELATIVES[name].make(points.channels))
    return model


def costs(size: int = 224, names: Iterable[str] = tuple(RELATIVES)) -> dict[str, dict[str, int]]:
    """What each relative adds to ResNet-50, by :func:`sebook.measure.cost.cost`: parameters, multiply-adds, bytes; and ResNet-50's
    own."""
    with torch.device("meta"):
        plain = _counted(resnet50(), size)
        rows = {name: _counted(network(name), size) for name in names}
    return {"plain": plain} | {name: {kind: row[kind] - plain[kind] for kind in plain} for name, row in rows.items()}


def _counted(model: nn.Module, size: int) -> dict[str, int]:
    counted = asdict(cost(model, size))
    return {kind: counted[kind] for kind in ("parameters", "multiply_adds", "bytes")}


def _weights(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


# --- where SE lives in others' networks --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """One SE block in a network that somebody else wrote.

    Attributes:
        name: in ``named_modules()``.
        channels: C, of the maps.
        hidden: the width of the hidden layer.
        gate: the class of what bounds its gates.
        after: the convolution before it, such as ``"3x3 depthwise"``; one in a shortcut (``downsample``) does not count.
        side: of the maps, in pixels.
    """

    name: str
    channels: int
    hidden: int
    gate: str
    after: str
    side: int


def places(model: nn.Module, size: int = 224) -> list[Place]:
    """The SE blocks of ``model`` in the order in which they run on a picture of ``size`` pixels, and what each follows."""
    points = se_blocks(model)
    inside = {id(m) for at in points.values() for m in at.block.modules()}
    last: dict[str, str] = {"is": "nothing"}
    found: list[Place] = []

    def convolved(module: nn.Conv2d, _arguments: Any, _out: Any) -> None:
        wide = "x".join(map(str, module.kernel_size))
        kind = " depthwise" if module.groups == module.in_channels > 1 else " grouped" if module.groups > 1 else ""
        last["is"] = wide + kind

    def entered(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            at = points[name]
            hidden = getattr(at.first, "out_features", None) or at.first.out_channels
            found.append(Place(name, at.channels, hidden, type(at.gate).__name__, last["is"], arguments[0].shape[-1]))

        return hook

    hooks = [at.block.register_forward_pre_hook(entered(name)) for name, at in points.items()]
    hooks += [
        module.register_forward_hook(convolved)
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and id(module) not in inside and "downsample" not in name
    ]
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(torch.empty(1, 3, size, size, device=next(model.parameters()).device))
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return found


def table(networks: Mapping[str, nn.Module], size: int = 224) -> str:
    """As Markdown, a row per network: how many SE blocks, after what, how wide, with what hidden layers, and their share."""
    lines = [
        "| network | blocks | after | C | C / hidden | gate | share |",
        "|---|---:|---|---:|---:|---|---:|",
    ]
    for title, model in networks.items():
        found, counted = places(model, size), cost(model, size)
        ratios = [place.channels / place.hidden for place in found]
        cells = [
            title,
            str(len(found)),
            ", ".join(sorted({place.after for place in found})),
            _span([place.channels for place in found]),
            _span([round(ratio, 1) for ratio in ratios]),
            ", ".join(sorted({place.gate for place in found})),
            f"{counted.se_parameters / counted.parameters:.1%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _span(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"
