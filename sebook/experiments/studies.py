"""Which studies there are: their networks, recipes and seeds.

The arms of ``patchwork`` are the paper's ablations (section 6, tables 10 to 14) on a small scale, those of ``cifar10`` and
``imagenet100`` its comparison of a ResNet with and without SE (section 5). An arm has what the paper measured for the like on
ImageNet, so that the order can be compared, and not the numbers: other pictures, another network, a hundredth of the training.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from torch import nn

from senet import pretrained
from senet.training import Recipe

from ..relatives.small import RELATIVES_IN_PLACE, gated_resnet
from .plan import Plan
from .study import Arm, Study

# By the names that studies use.
ARCHITECTURES: dict[str, Callable[..., nn.Module]] = pretrained.ARCHITECTURES | {"gated_resnet": gated_resnet}


def _small(**changed: Any) -> dict[str, Any]:
    # min_hidden=1: a floor of four hidden units would make r = 4, 8 and 16 one and the same at 16 channels.
    return {"layers": [1, 1, 1], "reduction": 4, "min_hidden": 1} | changed


def _slim(**changed: Any) -> dict[str, Any]:
    widths = [32, 64, 128, 256]
    return {"layers": [2, 2, 2, 2], "widths": widths, "stem_stride": 2, "zero_init_residual": True} | changed


def _stand_in(gate: str) -> dict[str, Any]:
    return {"gate": gate, "layers": [1, 1, 1], "stem_stride": 2}


def _by_gate(arguments: Callable[[str], dict[str, Any]], *gates: str) -> tuple[Arm, ...]:
    """An arm for each gate; the first is what the others are compared with."""
    return tuple(Arm("gate" if i else "", gate, arguments(gate)) for i, gate in enumerate(gates))


_GATE_OR_NOT = _by_gate(_stand_in, "SE", "none", "static")


def _controls(**size: Any) -> tuple[Arm, ...]:
    """SE, and what each part of it may be worth: no gate, a gate that sees no picture, no bottleneck, its parameters elsewhere."""
    gates = ("SE, r = 8", "none", "static", "SE, r = 1", "its parameters, ungated")
    return _by_gate(lambda gate: _slim(gate=gate, **size), *gates)


_on_patchwork = partial(
    Study, data="patchwork", recipe=Recipe(epochs=12, batch_size=32, peak_rate=0.1, se_decay=0.0), seeds=5, pictures=2000
)
_ON_CIFAR10 = (Arm("", "SE-ResNet-20", {"reduction": 4}), Arm("SE", "none", {"reduction": None}))

_IMAGENET100 = Study(
    title="slim ResNet-18 with and without SE on ImageNet-100",
    data="imagenet100",
    architecture="small_resnet",
    # Network and recipe of the shipped se_resnet18_slim_imagenet100, and its twin: about an hour of one core for each run.
    arms=(Arm("", "slim SE-ResNet-18", _slim(reduction=8)), Arm("SE", "none", _slim(reduction=None))),
    recipe=Recipe(epochs=36, label_smoothing=0.1, zoom=0.55, grow_from=32, grow_to=48, se_decay=0.0),
    seeds=1,
)

_FOUR_DIFFERENCES = (
    "Four differences from SE, paired by seed, each with a 95 % interval by Student's t over the seeds, not corrected for their "
    "number. None: what SE is worth. Static: what it is worth that gates see the picture. Its parameters, ungated: whether "
    "parameters explain it. r = 1: whether the bottleneck matters. "
)
# A block a stage, half of the shipped network's width, 10 epochs: five minutes of one AVX2 core for each run that counts.
_CONTROLS = Study(
    title="is it the gate, its input or the parameters? A slim ResNet-10 on ImageNet-100, each arm with its own rate",
    data="imagenet100",
    architecture="gated_resnet",
    arms=_controls(widths=[16, 32, 64, 128], layers=[1, 1, 1, 1]),
    recipe=replace(_IMAGENET100.recipe, epochs=10, grow_from=24),
    seeds=3,
    plan=Plan(
        rates=(0.2, 0.1, 0.4),
        train_each=450,
        held_out_each=50,
        deviation=0.0075,
        because="Over the three seeds of study-cifar10.json, a difference has 0.3 points: 10,000 test pictures, 84 % right. Two "
        "networks that are right half of the time disagree on about a quarter of the pictures; on 5,000, that alone is 0.7 points.",
        says=_FOUR_DIFFERENCES
        + "What it costs to fit into two hours of one core: a tenth of the shipped network's parameters, four "
        "gated blocks, 45,000 pictures, 10 epochs, and rates chosen by runs of 5. It says nothing of larger networks, of longer "
        "training, or of other test pictures than these 5,000.",
        epochs=5,
    ),
)

STUDIES = {
    "patchwork": _on_patchwork(
        title="the paper's ablations on a small scale: SE-ResNet-8 on Patchwork",
        architecture="small_resnet",
        # The paper's standard has r = 16. On 16 to 64 channels that leaves one to four hidden units, so it is 4 here.
        arms=(
            Arm("", "standard", _small(), 22.28),
            Arm("reduction", "2", _small(reduction=2), 22.29),
            Arm("reduction", "8", _small(reduction=8), 22.26),
            Arm("reduction", "16", _small(reduction=16), 22.28),
            Arm("reduction", "no SE", _small(reduction=None), 23.30),
            Arm("squeeze", "max", _small(squeeze="max"), 22.57),
            Arm("gate", "tanh", _small(gate="tanh"), 23.00),
            Arm("gate", "relu", _small(gate="relu"), 23.47),
            Arm("gate", "softmax", _small(gate="softmax")),
            Arm("placement", "pre", _small(placement="pre"), 22.23),
            Arm("placement", "post", _small(placement="post"), 22.78),
            Arm("placement", "identity", _small(placement="identity"), 22.20),
            Arm("placement", "3x3", _small(placement="3x3"), 22.48),
            Arm("stages", "1", _small(stages=[1]), 23.03),  # torchvision's layer1, which the paper calls stage 2
            Arm("stages", "2", _small(stages=[2]), 23.04),
            Arm("stages", "3", _small(stages=[3]), 22.68),
        ),
    ),
    # Stride 2 in the stem is a quarter of the arithmetic: both networks train in half a minute of one AVX2 core, in float32.
    "minute": _on_patchwork(
        title="SE-ResNet-8 with and without SE on Patchwork, in a minute: what the chapter Training one trains live",
        architecture="small_resnet",
        arms=(Arm("", "SE-ResNet-8", _small(stem_stride=2)), Arm("SE", "none", _small(stem_stride=2, reduction=None))),
        seeds=10,
    ),
    # The network and recipe of "minute", whose two arms are here again: to be compared within a seed.
    "constant": _on_patchwork(
        title="SE-ResNet-8 on Patchwork with gates that see no picture, and with GRN",
        architecture="gated_resnet",
        arms=_by_gate(_stand_in, "SE", "none", "static", "LayerScale", "constant input", "GRN"),
    ),
    # SE's relatives in the same places, by the same recipe: the learning rate that suits SE may suit another less.
    "relatives": _on_patchwork(
        title="SE and its relatives in a ResNet-8 on Patchwork",
        architecture="gated_resnet",
        arms=tuple(Arm("relative" if name != "SE" else "", name, _stand_in(name)) for name in RELATIVES_IN_PLACE),
    ),
    # The three that "constant" compares as well, and then on corrupted pictures.
    "shift-patchwork": _on_patchwork(
        title="SE, no gate and static gates on corrupted pictures of Patchwork",
        architecture="gated_resnet",
        arms=_GATE_OR_NOT,
        measures="shift",
    ),
    "shift-cifar10": Study(
        title="SE, no gate and static gates on corrupted pictures of CIFAR-10",
        data="cifar10",
        architecture="gated_resnet",
        arms=_GATE_OR_NOT,
        recipe=Recipe(epochs=6, grow_from=16, se_decay=0.0),
        seeds=5,
        measures="shift",
    ),
    "cifar10": Study(
        title="ResNet-20 with and without SE on CIFAR-10",
        data="cifar10",
        architecture="small_resnet",
        arms=_ON_CIFAR10,
        recipe=Recipe(epochs=12, grow_from=16, se_decay=0.0),
        seeds=3,
    ),
    "imagenet100": _IMAGENET100,
    # Whether its lead is owed to a rate that suits only one of the two networks.
    "imagenet100-rate": replace(
        _IMAGENET100,
        title="the same two networks at a quarter of the learning rate",
        recipe=replace(_IMAGENET100.recipe, peak_rate=0.05),
    ),
    "imagenet100-controls": _CONTROLS,
    # Every arm above chose the highest rate that was tried: here the range goes on from there.
    "imagenet100-controls-rates": replace(
        _CONTROLS,
        title="the same question, networks and pictures, with higher rates to choose from",
        plan=replace(
            _CONTROLS.plan,
            rates=(0.8, 0.4, 1.6),
            deviation=0.0086,
            because="That of study-imagenet100-controls.json: the four differences, each over three seeds, taken together.",
            says=_CONTROLS.plan.says + " The test pictures are those of imagenet100-controls, so they are used a second time: the "
            "range of rates was widened because there every arm had chosen its end, whatever the test pictures said.",
        ),
    ),
    # Closer to the shipped network, for a machine with a GPU: a day of one core.
    "imagenet100-controls-18": replace(
        _CONTROLS,
        title="the same question for a slim ResNet-18 and 18 epochs",
        arms=_controls(widths=[24, 48, 96, 192]),
        recipe=replace(_IMAGENET100.recipe, epochs=18),
        plan=replace(
            _CONTROLS.plan,
            epochs=None,
            says=_FOUR_DIFFERENCES + "What it costs to fit into a day: three quarters of the shipped network's width, 45,000 "
            "pictures, half the epochs. It says nothing of larger networks, of longer training, or of other test pictures than "
            "these 5,000.",
        ),
    ),
    # The shipped network's recipe and its twin's by validation alone, in two or three hours of one core.
    "cifar10-chosen": Study(
        title="ResNet-20 with and without SE on CIFAR-10, each with its own rate, 24 epochs",
        data="cifar10",
        architecture="small_resnet",
        arms=_ON_CIFAR10,
        recipe=Recipe(epochs=24, label_smoothing=0.1, grow_from=16, se_decay=0.0),
        seeds=2,
        plan=Plan(
            rates=(0.2, 0.1, 0.4),
            train_each=4500,
            held_out_each=500,
            deviation=0.003,
            because="That of study-cifar10.json, over three seeds of 12 epochs.",
            says="Which rate suits each network, by 5,000 training pictures that were held out, and then how often both are right "
            "on the test pictures. Two seeds show only a very large lead: this is about how good the shipped network's recipe is "
            "where no test picture had a part in a choice. It says nothing of longer training: the shipped network had 126 epochs.",
            epochs=6,
        ),
    ),
}
