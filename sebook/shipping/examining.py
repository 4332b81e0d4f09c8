"""What is wrong with a network's gates, if anything, and what to do about each: ``python -m senet examine``.

Hidden units that never fire, gates that are shut, open or constant, and branches that do nothing, on the pictures that are given.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from tqdm.auto import tqdm

from senet.inside.looking import evaluating
from senet.inside.recording import record, se_blocks

from ..network_files.anatomy import Measured, measured

MANY_DEAD = 0.25  # share of a hidden layer
FEW = 20  # pictures


def examine(model: nn.Module, images: Tensor, batch_size: int = 64, progress: bool = False) -> list[Measured]:
    """Every gate of a torch model on ``images`` (N, ...), with two forwards each.

    Raises:
        ValueError: ``model`` has no gate, or is scripted or compiled.
    """

    def run(gates: dict[str, Tensor] | None = None) -> list[np.ndarray]:
        answers = [_numbers(record(model, x, gates=gates, device="cpu").logits) for x in images.split(batch_size)]
        return [np.concatenate(parts) for parts in zip(*answers, strict=True)]

    recordings = [record(model, x, device="cpu") for x in images.split(batch_size)]
    plain = [np.concatenate(parts) for parts in zip(*(_numbers(each.logits) for each in recordings), strict=True)]
    hidden = hidden_units(model, images, batch_size)
    found = []
    for name in tqdm(recordings[0].blocks, desc="gates", unit="gate", disable=not progress):
        s = torch.cat([each.blocks[name].excitation for each in recordings])

        def held(values: np.ndarray, name: str = name, s: Tensor = s) -> list[np.ndarray]:
            return run({name: torch.as_tensor(values, dtype=s.dtype)})

        found.append(measured(name, s.float().numpy(), hidden.get(name), plain, held))
    return found


def gates_of(model: nn.Module, images: Tensor, batch_size: int = 64) -> dict[str, np.ndarray]:
    """Gates on ``images`` (N, ...) by name, (N, C) each."""
    parts = [record(model, x, device="cpu").blocks for x in images.split(batch_size)]
    return {name: np.concatenate([each[name].excitation.numpy() for each in parts]) for name in parts[0]}


def _numbers(answer: object) -> list[np.ndarray]:
    return [leaf.float().numpy() for leaf in tree_leaves(answer) if isinstance(leaf, Tensor) and leaf.is_floating_point()]


def hidden_units(model: nn.Module, images: Tensor, batch_size: int = 64) -> dict[str, np.ndarray]:
    """By block of a known class, what its last layer takes, (N, hidden), where nothing of that is negative."""
    try:
        blocks = se_blocks(model)
    except ValueError:
        return {}
    seen: dict[str, list[Tensor]] = {}
    hooks = []
    for name, points in blocks.items():
        layers = [part for part in points.block.modules() if isinstance(part, (nn.Linear, nn.Conv2d)) and part.weight.ndim > 1]
        if len(layers) == 2 and layers[0] is points.first:
            keep = seen.setdefault(name, []).append
            hooks.append(layers[1].register_forward_pre_hook(lambda _, args, keep=keep: keep(args[0].detach().flatten(1).cpu())))
    try:
        with evaluating(model.modules()), torch.no_grad():
            for x in images.split(batch_size):
                model(x)
    finally:
        for hook in hooks:
            hook.remove()
    units = {name: torch.cat(parts).float().numpy() for name, parts in seen.items() if parts}
    return {name: values for name, values in units.items() if values.min() >= 0}


def advice(found: Sequence[Measured], pictures: int) -> list[str]:
    """What to do about each gate that there is something to do about; and about all, where one line is enough."""
    if pictures == 1:
        return [f"one picture does not show what moves: give {FEW} or more"]
    lines = [f"{each.name}: {said}" for each in found for said in _of_one(each)]
    if not lines:
        lines = ["nothing is wrong: on these pictures every gate moves, and no hidden layer is mostly dead"]
    if pictures < FEW:
        lines.append(f"{pictures} pictures are few: a unit or gate that rests on them may move on others. Give {FEW} or more")
    return lines


def _share(value: float) -> str:
    return f"{value:.0%}" if value >= 0.01 else f"{value:.1%}"


def _of_one(each: Measured) -> list[str]:
    if each.idle:
        return [
            f"its branch does nothing. No gate exceeds {each.high:.1e}, and closing them changes no answer. "
            "Take the branch out: its convolutions are computed in vain"
        ]
    said = []
    every = each.dead is not None and each.dead == each.hidden
    if every:
        said.append(
            f"none of its {each.hidden} hidden units ever fires, so its gates are constants, sigmoid(bias) or the like. "
            "Fold it: `senet fold` with `--only`. In training: weight decay of 0 on SE's layers, or a lower rate"
        )
    elif each.constant == 1:
        said.append("none of its gates moves. Fold it: `senet fold` with `--only`; what it computes is always the same")
    elif each.changed == 0:
        said.append(
            f"its gates move by up to {each.spread:.2g}, but held at their means no answer changes. `senet fold` with `--only` "
            "says on more pictures what folding it costs"
        )
    if each.dead and not every and each.dead >= MANY_DEAD * each.hidden:
        one = each.dead == 1
        fires = "fires" if one else "fire"
        cut = "its row from the first layer and its column" if one else "their rows from the first layer and their columns"
        said.append(
            f"{each.dead} of {each.hidden} hidden units never {fires}. Cut {cut} from the second: "
            "the answers stay, and both layers shrink by that share"
        )
    if each.shut > 0 and each.shut < 1:
        said.append(
            f"{_share(each.shut)} of its channels are shut on every picture. Prune them from the layer before, and from the next "
            "one where no shortcut brings them back"
        )
    if each.shut == 1 and not each.idle:
        said.append(
            f"all its gates are below 0.01, and yet the answers need them: the next layer makes up for the size. In 16 bits check "
            f"that its products, {each.mean:.1e} of the maps, don't vanish"
        )
    if each.stuck > 0:
        said.append(f"{_share(each.stuck)} of its channels are open on every picture: on these SE does nothing, nor any harm")
    return said
