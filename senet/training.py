"""One readable training loop, for pictures that fit in memory.

SGD with Nesterov's momentum under a one-cycle schedule (Smith and Topin, arXiv 1708.07120): up to the peak rate in the first
quarter of the steps, then down along a cosine. Random shifts and, where a mirror image is the same thing, flips.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from tqdm.auto import tqdm

from .images import Pictures
from .se import SEBlock


@dataclass(frozen=True)
class Recipe:
    """What a training run does, besides its network and its pictures.

    Attributes:
        epochs: passes over the pictures.
        batch_size: pictures a step.
        peak_rate: the learning rate at the top of the cycle.
        momentum, weight_decay: SGD's. No decay on vectors (batch norm, biases).
        se_decay: the weight decay of the two layers of every SE block. Decay pulls them to zero, where each gate is a constant:
            in small networks 5e-4 is enough to put gates to sleep.
        label_smoothing: share of the target spread over all classes.
        shift: pixels by which a picture moves at most, in both directions; what comes in is black.
        flip: mirror every other picture, left to right.
        zoom: the least share of a picture's width, and of its height, that a random cut keeps; 1 cuts nothing.
        grow_from: the first epochs' side in pixels, from which pictures grow to their own over three quarters of the epochs, in
            steps of 8; 0 trains at full size throughout. Small pictures are cheap, and early epochs learn what is coarse.
        seed: of the order of the pictures and of their shifts. (A network's first weights come from whoever made it.)
        bf16: compute in bfloat16 where autocast allows, weights stay float32; two to three times faster on CPUs that have it.
    """

    epochs: int = 10
    batch_size: int = 128
    peak_rate: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4
    se_decay: float = 5e-4
    label_smoothing: float = 0.0
    shift: int = 4
    flip: bool = True
    zoom: float = 1.0
    grow_from: int = 0
    seed: int = 0
    bf16: bool = True

    def side(self, epoch: int, full: int) -> int:
        """Pixels of a picture's side in ``epoch``, counted from 0, where pictures have ``full``."""
        if not self.grow_from:
            return full
        grown = self.grow_from + (full - self.grow_from) * epoch / (0.75 * self.epochs)
        return min(full, int(grown) // 8 * 8) if grown < full else full

    def __post_init__(self) -> None:
        for name, least in {"epochs": 1, "batch_size": 2, "shift": 0, "grow_from": 0, "seed": 0}.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)} has to be at least {least}")
        if not self.peak_rate > 0:
            raise ValueError(f"peak_rate={self.peak_rate} has to be above 0; 0.1 to 0.4 is usual at batch_size=128")
        if not 0 < self.zoom <= 1:
            raise ValueError(f"zoom={self.zoom} has to be above 0 and at most 1; 0.6 is a strong cut")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing={self.label_smoothing} has to be at least 0 and below 1; 0.1 is usual")


def fit(
    model: nn.Module,
    train: Pictures,
    test: Pictures | None,
    recipe: Recipe,
    preprocess: Callable[[Tensor], Tensor],
    *,
    device: str | torch.device = "cpu",
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> list[dict[str, float]]:
    """Train ``model`` in place.

    Args:
        model: takes what ``preprocess`` gives, returns logits (N, classes).
        train: pictures to learn from; all labels from 0 up.
        test: pictures to measure on after each epoch; None for none. Nothing is chosen by them.
        recipe: see :class:`Recipe`.
        preprocess: uint8 (N, 3, H, W) to float32, such as a :class:`~senet.pretrained.Preprocessing`.
        device: where to compute.
        checkpoint: a file that holds the state after each epoch. If it exists, training goes on from it, and ends with the
            weights of a run that was never interrupted.
        progress: show a bar with loss, accuracy, rate and time left.

    Returns:
        One record an epoch: ``epoch``, ``loss``, ``accuracy`` (training, on shifted pictures), ``test_loss``,
        ``test_accuracy``, ``seconds``.

    Raises:
        FloatingPointError: the loss stopped being finite. The checkpoint keeps the last epoch before.
        ValueError: a label is missing, or the checkpoint belongs to another recipe.
    """
    if len(train) < recipe.batch_size:
        raise ValueError(f"{len(train)} pictures do not fill one batch of {recipe.batch_size}: lower batch_size")
    if int(train.labels.min()) < 0:
        raise ValueError("some training pictures have no label (-1): leave them out")

    model.to(device=device, memory_format=torch.channels_last)
    images, labels = train.images.to(device), train.labels.to(device)
    steps = len(train) // recipe.batch_size  # the last, smaller batch is left out: another one each epoch
    optimizer = _optimizer(model, recipe)
    schedule = OneCycleLR(optimizer, recipe.peak_rate, total_steps=recipe.epochs * steps, pct_start=0.25)
    history: list[dict[str, float]] = []
    if checkpoint is not None and Path(checkpoint).exists():
        history = _resume(Path(checkpoint), recipe, model, optimizer, schedule)

    with tqdm(total=recipe.epochs * steps, initial=len(history) * steps, unit="step", disable=not progress) as bar:
        for epoch in range(len(history), recipe.epochs):
            began = time.perf_counter()
            # A generator of its own for each epoch: what epoch 7 draws does not depend on whether 0 to 6 ran in this process.
            generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
            order = torch.randperm(len(train), generator=generator)
            side = recipe.side(epoch, images.shape[-1])
            seen, loss_sum, right = 0, 0.0, 0
            model.train()
            for step in range(steps):
                batch = order[step * recipe.batch_size : (step + 1) * recipe.batch_size].to(device)
                x = preprocess(augment(images[batch], recipe.shift, recipe.flip, generator))
                if recipe.zoom < 1 or side != x.shape[-1]:
                    x = cut(x, recipe.zoom, side, generator)
                with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=recipe.bf16):
                    logits = model(x)
                loss = F.cross_entropy(logits.float(), labels[batch], label_smoothing=recipe.label_smoothing)
                value = loss.item()
                if not math.isfinite(value):
                    raise FloatingPointError(
                        f"the loss is {value} in epoch {epoch + 1}, step {step + 1}: lower peak_rate={recipe.peak_rate}"
                        + (f"; {checkpoint} keeps epoch {epoch}" if checkpoint and epoch else "")
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()

                seen += len(batch)
                loss_sum += value * len(batch)
                right += int((logits.argmax(1) == labels[batch]).sum())
                bar.update()
                if step % 10 == 9:
                    rate = schedule.get_last_lr()[0]
                    bar.set_description(f"epoch {epoch + 1}/{recipe.epochs}", refresh=False)
                    bar.set_postfix_str(f"loss {loss_sum / seen:.3f}, accuracy {right / seen:.1%}, rate {rate:.3f}", refresh=False)

            record = {"epoch": epoch + 1, "loss": loss_sum / seen, "accuracy": right / seen}
            if test is not None:
                record |= {f"test_{name}": value for name, value in evaluate(model, test, preprocess, bf16=recipe.bf16).items()}
            history.append(record | {"seconds": time.perf_counter() - began})
            if checkpoint is not None:
                state = {"recipe": asdict(recipe), "history": history, "model": model.state_dict()}
                _save(Path(checkpoint), state | {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()})
    model.eval()
    return history


@torch.no_grad()
def evaluate(
    model: nn.Module, pictures: Pictures, preprocess: Callable[[Tensor], Tensor], *, batch_size: int = 500, bf16: bool = False
) -> dict[str, float]:
    """Loss (cross entropy, nats) and accuracy (share right, 0 to 1) on ``pictures``, in eval mode."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    loss, right = 0.0, 0
    for images, labels in zip(pictures.images.split(batch_size), pictures.labels.split(batch_size), strict=True):
        labels = labels.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            logits = model(preprocess(images.to(device))).float()
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        right += int((logits.argmax(1) == labels).sum())
    model.train(training)
    return {"loss": loss / len(pictures), "accuracy": right / len(pictures)}


def augment(images: Tensor, shift: int, flip: bool, generator: torch.Generator) -> Tensor:
    """Move each picture by up to ``shift`` pixels and mirror every other one: uint8 (N, 3, H, W) to the same.

    All pictures are cut in one indexing step. Its result lies in memory as (N, H, W, 3), which is just what a channels-last
    network wants.
    """
    n, _, height, width = images.shape
    padded = F.pad(images, (shift,) * 4)
    top, left = torch.randint(2 * shift + 1, (2, n, 1), generator=generator)
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    if flip:
        mirrored = torch.rand(n, 1, generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    which = torch.arange(n)[:, None, None]
    return padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cut(images: Tensor, zoom: float, side: int, generator: torch.Generator) -> Tensor:
    """Cut a random part out of each picture and scale it: float (N, 3, H, W) to (N, 3, side, side).

    Width and height each keep a share of their own, drawn evenly from ``zoom`` to 1, and so a picture is stretched a little, too.
    """
    n = len(images)
    keep = zoom + (1 - zoom) * torch.rand(n, 2, generator=generator)  # of width and height, which a grid counts from -1 to 1
    centre = (1 - keep) * (2 * torch.rand(n, 2, generator=generator) - 1)
    theta = torch.cat([torch.diag_embed(keep), centre[:, :, None]], 2).to(images.device)
    grid = F.affine_grid(theta, [n, 3, side, side], align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False).contiguous(memory_format=torch.channels_last)


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.SGD:
    gates = {id(p) for block in model.modules() if isinstance(block, SEBlock) for p in block.parameters()}
    matrices = [p for p in model.parameters() if p.ndim > 1 and id(p) not in gates]
    excitations = [p for p in model.parameters() if p.ndim > 1 and id(p) in gates]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": excitations, "weight_decay": recipe.se_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.SGD(groups, lr=recipe.peak_rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0)


def _save(path: Path, state: dict[str, Any]) -> None:
    """Write all or nothing: a run killed in the middle of this leaves the epoch before."""
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _resume(path: Path, recipe: Recipe, model: nn.Module, optimizer: Any, schedule: Any) -> list[dict[str, float]]:
    state = torch.load(path, weights_only=True)
    if state["recipe"] != asdict(recipe):
        other = {k: v for k, v in state["recipe"].items() if asdict(recipe).get(k) != v}
        raise ValueError(f"{path} was written by a run with {other}: give the same recipe, or another checkpoint file")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return state["history"]
