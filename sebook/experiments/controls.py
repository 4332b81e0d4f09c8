"""Controls: is it the gates' dependence on the picture that helps, or would any fixed rescaling do?

A trained network with SE is compared with itself, without further training, when something else sets its gates:

=========  ============================================================================================
trained    as they are: computed from the picture
frozen     at their mean over training pictures: the same for every picture, a rescaling learned and fixed
shuffled   another picture's: they vary as before, but belong to the wrong picture
one        all at 1: no rescaling at all
=========  ============================================================================================

If "frozen" is as good as "trained", this network needs no excitation once it is trained. It does not follow that a network trained
without SE would be as good: the gates may have helped this one to learn. If "frozen" is worse, it does not follow that a network
trained without SE would be as bad: its weights would be fitted to having no gates, and these are fitted to gates that move. A
network that fails with its gates at 1 may only miss the scale that its weights were trained for; "frozen" keeps that scale.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from senet.arguments import one_of
from senet.images import Pictures
from senet.inside.recording import record

CONTROLS = ("trained", "frozen", "shuffled", "one")


def mean_gates(
    model: nn.Module, pictures: Pictures, preprocess: Callable[[Tensor], Tensor], *, batch_size: int = 250
) -> dict[str, Tensor]:
    """Mean excitation over ``pictures``, by block: float32 (C,)."""
    sums: dict[str, Tensor] = {}
    for images in pictures.images.split(batch_size):
        for name, block in record(model, preprocess(images), device="cpu").blocks.items():
            sums[name] = sums.get(name, 0) + block.excitation.double().sum(0)
    return {name: (total / len(pictures)).float() for name, total in sums.items()}


def right(
    model: nn.Module,
    pictures: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    control: str,
    frozen: Mapping[str, Tensor],
    *,
    blocks: tuple[str, ...] | None = None,
    seed: int = 0,
    batch_size: int = 250,
) -> Tensor:
    """Which pictures the network gets right under a control: bool (N,).

    Args:
        model: a network with SE blocks.
        pictures: with labels from 0 up.
        preprocess: uint8 (N, 3, H, W) to what the network takes.
        control: one of ``CONTROLS``.
        frozen: by block, the gates for ``"frozen"``: see :func:`mean_gates`.
        blocks: names of the blocks to control; the others are left alone. None for all.
        seed: which picture gets whose gates when they are shuffled. None gets its own.
        batch_size: pictures in memory at a time. Gates are shuffled within a batch.

    Raises:
        ValueError: an unknown control, or shuffling a single picture.
    """
    one_of(CONTROLS, control=control)
    blocks = tuple(frozen) if blocks is None else blocks
    generator = torch.Generator().manual_seed(seed)
    hits = []
    # In mixed order: pictures lie class by class in many a folder, and shuffled gates should come from any class.
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(0))
    for batch in order.split(batch_size):
        x = preprocess(pictures.images[batch])
        gates: dict[str, Tensor] = {}
        if control == "frozen":
            gates = {name: frozen[name] for name in blocks}
        elif control == "one":
            gates = {name: torch.ones_like(frozen[name]) for name in blocks}
        elif control == "shuffled":
            own, donors = record(model, x).blocks, strangers(len(batch), generator)
            gates = {name: own[name].excitation[donors] for name in blocks}
        hits.append(record(model, x, gates=gates, device="cpu").logits.argmax(1) == pictures.labels[batch])
    return torch.cat(hits)[order.argsort()]


def strangers(n: int, generator: torch.Generator) -> Tensor:
    """For each of ``n`` pictures another one: int64 (n,), every picture once and none itself.

    Raises:
        ValueError: there is only one.
    """
    if n < 2:
        raise ValueError(f"n={n} picture has no other to exchange gates with: give 2 or more")
    circle = torch.randperm(n, generator=generator)
    donors = torch.empty(n, dtype=torch.int64)
    donors[circle] = circle.roll(1)  # each gets the gates of its neighbour in a circle in random order
    return donors


def difference(changed: Tensor, trained: Tensor) -> dict[str, float]:
    """What a control costs: accuracy, its difference from the trained network on the same pictures, and a 95 % interval of that.

    The two are measured on the same pictures, so that the interval is that of a mean of paired differences, each -1, 0 or 1: far
    narrower than two intervals of two accuracies.
    """
    d = changed.double() - trained.double()
    half = 1.96 * d.std(correction=1).item() / math.sqrt(len(d))
    return {
        "accuracy": changed.double().mean().item(),
        "difference": d.mean().item(),
        "low": d.mean().item() - half,
        "high": d.mean().item() + half,
    }


def measure(
    model: nn.Module,
    train: Pictures,
    test: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    *,
    seeds: int = 3,
    progress: bool = True,
) -> dict[str, Any]:
    """Every control on all blocks at once, and "frozen" on each block alone.

    Args:
        train: for the mean of the gates, and for nothing else.
        test: what is measured on.
        seeds: how often gates are shuffled; the pictures of all shufflings count together.

    Returns:
        ``pictures`` (how many of each), ``controls`` by name and ``frozen`` by block, each as :func:`difference` says.
    """
    frozen = mean_gates(model, train, preprocess)
    with tqdm(total=3 + seeds + len(frozen), desc="controls", unit="run", disable=not progress) as bar:

        def run(control: str, **options: Any) -> Tensor:
            hits = right(model, test, preprocess, control, frozen, **options)
            bar.update()
            return hits

        trained = run("trained")
        alone = {name: difference(run("frozen", blocks=(name,)), trained) for name in frozen}
        every = {control: difference(run(control), trained) for control in ("frozen", "one")}
        shuffled = torch.stack([run("shuffled", seed=seed) for seed in range(seeds)])
        # Shufflings of one picture are not independent: their mean is that picture's value.
        every["shuffled"] = difference(shuffled.double().mean(0), trained)
    return {
        "pictures": {"train": len(train), "test": len(test)},
        "shufflings": seeds,
        "controls": {"trained": difference(trained, trained), **{name: every[name] for name in CONTROLS[1:]}},
        "frozen": alone,
    }
