"""Is a gate that is wide open an important one? Rank correlations between excitation and attribution, block by block.

``python -m senet attribution NAME`` measures it on test pictures of a shipped network and writes what :func:`measure` gives, which
the chapter "Which gates matter" reads. The question is always about the class that the network itself names: why did it say that?
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from senet.arguments import at_least_one
from senet.images import Pictures
from senet.inside.recording import record, se_blocks

from .attribution import channels, correlations
from .profiles import Estimate, bootstrap

METHODS = ("ablation", "integrated", "conductance")
# What is ranked against what. Sizes are taken where the question is "how much does it matter", and signs where it is "which way".
PAIRS = (
    ("excitation", "ablation size"),  # is a wide open gate an important one?
    ("excitation", "integrated size"),
    ("excitation", "conductance size"),
    ("distance", "ablation size"),  # is a gate that is far from its mean?
    ("ablation", "integrated"),  # do the methods agree, sign and all?
    ("ablation", "conductance"),
    ("integrated", "conductance"),
)
TOP = 0.25  # the share of the channels that counts as "the most"


def measure(
    model: nn.Module,
    pictures: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    *,
    count: int = 64,
    steps: int = 32,
    seed: int = 0,
    batch_size: int = 16,
    progress: bool = True,
) -> dict[str, Any]:
    """Excitation and attribution of every gate of every block, on ``count`` pictures chosen by ``seed``.

    Args:
        model: a network with SE blocks.
        pictures: to choose from.
        preprocess: uint8 (N, 3, H, W) to what the network takes.
        count: pictures; all of them where there are fewer.
        steps: of each integral. ``completeness`` tells whether they are enough.
        seed: draws the pictures.
        batch_size: pictures in memory at a time.
        progress: show a bar.

    Returns:
        ``pictures``, ``steps``, ``seed``, ``top``, and ``blocks`` by name. A block has its ``channels``; ``agreement``, rank
        correlations by ``"guess ~ importance"``; ``overlap``, the share of the widest open quarter of the gates that is also in
        the quarter that matters most by ablation (a quarter by chance); ``against``, the share of gates whose closing *raises*
        the logit; and ``completeness``: for each method, how far the sum of attributions is from the difference that it should
        equal, as a share of such differences' mean size. All but the last two have a 95 % interval over the pictures.
    """
    at_least_one(count=count, steps=steps, batch_size=batch_size)
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))[:count]
    device = next(model.parameters()).device
    kept: dict[str, dict[str, list[Tensor]]] = {name: {} for name in se_blocks(model)}
    parts = order.split(batch_size)
    with tqdm(total=len(parts) * len(kept) * len(METHODS), desc="attribution", unit="run", disable=not progress) as bar:
        for part in parts:
            x = preprocess(pictures.images[part].to(device))
            whole = record(model, x)
            target = whole.logits.argmax(1)
            blank = record(model, torch.zeros_like(x)).logits
            for name in kept:

                def keep(what: str, values: Tensor, name: str = name) -> None:
                    kept[name].setdefault(what, []).append(values.to("cpu", torch.float64))

                closed = record(model, x, gates={name: torch.zeros_like(whole.blocks[name].excitation)}).logits
                keep("excitation", whole.blocks[name].excitation)
                for method in METHODS:
                    keep(method, channels(model, x, target, name, method=method, steps=steps))
                    bar.update()
                for method, logits in (("integrated", closed), ("conductance", blank)):
                    keep(f"{method} promise", (whole.logits - logits).gather(1, target[:, None])[:, 0])
    blocks = {name: _block({what: torch.cat(values) for what, values in found.items()}) for name, found in kept.items()}
    return {"pictures": len(order), "steps": steps, "seed": seed, "top": TOP, "blocks": blocks}


def _block(found: dict[str, Tensor]) -> dict[str, Any]:
    s = found["excitation"]
    found = found | {"distance": (s - s.mean(0)).abs()} | {f"{method} size": found[method].abs() for method in METHODS}
    completeness = {}
    for method in ("integrated", "conductance"):
        promise = found[f"{method} promise"]
        completeness[method] = ((found[method].sum(1) - promise).abs().mean() / promise.abs().mean().clamp_min(1e-12)).item()
    return {
        "channels": s.shape[1],
        "agreement": {f"{a} ~ {b}": _rounded(bootstrap(correlations(found[a], found[b]))) for a, b in PAIRS},
        "overlap": _rounded(bootstrap(overlap(s, found["ablation size"]))),
        "against": (found["ablation"] < 0).double().mean().item(),
        "completeness": completeness,
    }


def overlap(guess: Tensor, importance: Tensor, top: float = TOP) -> Tensor:
    """Of the channels of the largest guesses, the share that is also among the most important: (N, C) twice -> (N,)."""
    most = max(1, round(top * guess.shape[1]))
    mine, theirs = (torch.zeros_like(x, dtype=torch.bool).scatter_(1, x.topk(most).indices, True) for x in (guess, importance))
    return (mine & theirs).double().sum(1) / most


def _rounded(estimate: Estimate) -> list[float]:
    """[value, low, high] to four digits, all that so few pictures tell."""
    return [round(number, 4) for number in (estimate.value, estimate.low, estimate.high)]
