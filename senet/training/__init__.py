"""One readable training loop, for pictures that fit in memory.

SGD with Nesterov's momentum under a one-cycle schedule (Smith and Topin, arXiv 1708.07120): up to the peak rate in the first
quarter of the steps, then down along a cosine. One process, or several under torchrun (:mod:`senet.training.distributed`): a step
is that of the whole batch either way.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from tqdm.auto import tqdm

from .. import machine
from ..images import Pictures
from ..models.se import SEBlock
from . import resume
from .augmentation import augment, cut
from .distributed import Team, team

RESIDENT = 0.25  # share of an accelerator's free memory for the pictures; what needs more stays, and comes batch by batch


@dataclass(frozen=True)
class Recipe:
    """What a training run does, besides its network and its pictures.

    Attributes:
        epochs: passes over the pictures.
        batch_size: pictures in a step, over all processes.
        peak_rate: the learning rate at the top of the cycle.
        momentum: Nesterov's, of SGD.
        weight_decay: of matrices; vectors (batch norm, biases) have none.
        se_decay: weight decay of SE blocks' two layers. At zero, gates are constant; in small networks 5e-4 is enough for that.
        label_smoothing: share of the target spread over all classes.
        shift: pixels by which a picture moves at most, in both directions; what comes in is black.
        flip: mirror each picture left to right with probability 1/2.
        zoom: the least share of a picture's width, and of its height, that a random cut keeps; 1 cuts nothing.
        grow_from: the first epochs' side in pixels, from which pictures grow over three quarters of the epochs, in steps of 8; 0
            trains at one size throughout. Small pictures are cheap, and early epochs learn what is coarse.
        grow_to: the last epochs' side in pixels; 0 for the pictures' own. Things look larger in random cuts than in whole pictures,
            and cuts at a smaller side show them at the size that tests do (Touvron et al., arXiv 1906.06423), in less time.
        seed: for the order of the pictures and their random changes. (The first weights are the network's own.)
        bf16: compute in bfloat16 where autocast allows; weights stay float32. None does so where the device is fast at it
            (:func:`senet.machine.bfloat16_is_fast`): two to three times faster there, and several times slower elsewhere.
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
    grow_to: int = 0
    seed: int = 0
    bf16: bool | None = None

    def side(self, epoch: int, full: int) -> int:
        """Pixels of a picture's side in ``epoch``, counted from 0, where pictures have ``full``."""
        last = self.grow_to or full
        if not self.grow_from:
            return last
        grown = self.grow_from + (last - self.grow_from) * epoch / (0.75 * self.epochs)
        return int(grown) // 8 * 8 if grown < last else last

    def __post_init__(self) -> None:
        for name, least in {"epochs": 1, "batch_size": 2, "shift": 0, "grow_from": 0, "grow_to": 0, "seed": 0}.items():
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
    compiled: bool | str = False,
    progress: bool = True,
    after_epoch: Callable[[dict[str, float]], None] | None = None,
    run: Mapping[str, str] | None = None,
) -> list[dict[str, float]]:
    """Train ``model`` in place.

    Under torchrun, or wherever there is a process group, each process takes its share of every batch. All return the same, and
    the first one alone writes and shows progress. torch's global generator is seeded again for each epoch (dropout draws from it).

    Args:
        model: takes what ``preprocess`` gives, returns logits (N, classes).
        train: pictures to learn from; all labels from 0 up.
        test: pictures to measure on after each epoch; None for none. Nothing is chosen by them.
        recipe: see :class:`Recipe`. ``bf16=True`` warns (RuntimeWarning) where the device is slow at it.
        preprocess: uint8 (N, 3, H, W) to float32, such as a :class:`~senet.pretrained.Preprocessing`.
        device: where to compute.
        checkpoint: a file that holds the state after each epoch. If it exists, training goes on from it, and ends with the
            weights of a run that was never interrupted. Several processes have to see the same file.
        compiled: run the forward and the way back through ``torch.compile``, with this backend if it is a name. The weights keep
            their names. Compiling takes a minute or so, again at each new size that ``grow_from`` asks for.
        progress: show a bar with loss, accuracy, rate and time left.
        after_epoch: called with each epoch's record as it ends, in the first process; those of a resumed run first. A chart can
            follow it (``sebook.widgets.Curves.follow``).
        run: what else tells this run from others, such as the weights it starts from. The checkpoint notes it beside the network's
            structure and a digest of the pictures, and a run in which one of these differs refuses it.

    Returns:
        One record an epoch: ``epoch``, ``loss``, ``accuracy`` (training, on shifted pictures), ``test_loss``,
        ``test_accuracy``, ``seconds``.

    Raises:
        FloatingPointError: the loss stopped being finite. The checkpoint keeps the epoch before that.
        OSError: the checkpoint could not be written. This is tried once before training. It keeps the last epoch before.
        ValueError: a label is missing, a batch cannot be shared out evenly, or the checkpoint belongs to another run.
    """
    if len(train) < recipe.batch_size:
        raise ValueError(f"{len(train)} pictures do not fill one batch of {recipe.batch_size}: lower batch_size")
    if int(train.labels.min()) < 0:
        raise ValueError("some training pictures have no label (-1): leave them out")
    if (steps := recipe.epochs * (len(train) // recipe.batch_size)) < 5:
        raise ValueError(f"{steps} steps in all are too few to raise the rate and lower it: train for more epochs")
    with team(device) as together:
        if recipe.batch_size % together.size:
            raise ValueError(f"batch_size={recipe.batch_size} cannot be shared by {together.size} processes: take a multiple")
        bf16 = machine.use_bfloat16(recipe.bf16, together.device)
        if bf16 and not machine.bfloat16_is_fast(together.device):
            warnings.warn("bfloat16 is slow on this device: bf16=None computes in float32 here", RuntimeWarning, stacklevel=2)
        recipe = replace(recipe, bf16=bf16)  # what a checkpoint notes, and holds a later run to
        checkpoint = None if checkpoint is None else Path(checkpoint)
        this, first = resume.identity(model, train, run or {}), together.rank == 0
        after_epoch, progress = after_epoch if first else None, progress and first
        return _fit(model, train, test, recipe, preprocess, together, checkpoint, compiled, progress, after_epoch, this)


def _fit(
    model: nn.Module,
    train: Pictures,
    test: Pictures | None,
    recipe: Recipe,
    preprocess: Callable[[Tensor], Tensor],
    together: Team,
    checkpoint: Path | None,
    compiled: bool | str,
    progress: bool,
    after_epoch: Callable[[dict[str, float]], None] | None,
    run: Mapping[str, str],
) -> list[dict[str, float]]:
    device = together.device
    model.to(device=device, memory_format=torch.channels_last)
    images = train.images.to(device) if _fits(train.images, device) else train.images
    labels = train.labels.to(device)
    steps = len(train) // recipe.batch_size
    optimizer = sgd(model, recipe)
    schedule = OneCycleLR(optimizer, recipe.peak_rate, total_steps=recipe.epochs * steps, pct_start=0.25)
    history: list[dict[str, float]] = []
    if checkpoint is not None and checkpoint.exists():
        history = resume.load(checkpoint, recipe, run, model, optimizer, schedule)
    elif checkpoint is not None and together.rank == 0:
        resume.probe(checkpoint)  # not after an hour
    for record in history if after_epoch else ():
        after_epoch(record)
    forward = together.wrap(model)
    if compiled:
        forward = torch.compile(forward, backend="inductor" if compiled is True else compiled)

    with tqdm(total=recipe.epochs * steps, initial=len(history) * steps, unit="step", disable=not progress) as bar:
        for epoch in range(len(history), recipe.epochs):
            began = time.perf_counter()
            seen, loss_sum, right = 0, 0.0, 0
            model.train()
            batches = _batches(images, labels, recipe, preprocess, together, epoch)
            for step, (x, truth) in enumerate(batches):
                with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16):
                    logits = forward(x)
                loss = F.cross_entropy(logits.float(), truth, label_smoothing=recipe.label_smoothing)
                value = together.mean(loss)
                if not math.isfinite(value):
                    raise FloatingPointError(
                        f"the loss is {value} in epoch {epoch + 1}, step {step + 1}: lower peak_rate={recipe.peak_rate}"
                        + (f"; {checkpoint} keeps epoch {epoch}" if checkpoint and epoch else "")
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()

                seen += len(truth)
                loss_sum += value * len(truth)
                right += int((logits.argmax(1) == truth).sum())
                bar.update()
                if step % 10 == 9:
                    rate = schedule.get_last_lr()[0]
                    bar.set_description(f"epoch {epoch + 1}/{recipe.epochs}", refresh=False)
                    means = f"loss {loss_sum / seen:.3f}, accuracy {right / seen:.1%}"
                    bar.set_postfix_str(f"{means}, rate {rate:.3f}", refresh=False)

            together.agree(model)
            loss_sum, right, seen = together.sum(loss_sum, right, seen)
            record = {"epoch": epoch + 1, "loss": loss_sum / seen, "accuracy": right / seen}
            if test is not None:
                measured = evaluate(model, test, preprocess, bf16=recipe.bf16, together=together)
                record |= {f"test_{name}": value for name, value in measured.items()}
            history.append(record | {"seconds": time.perf_counter() - began})
            if checkpoint is not None and together.rank == 0:
                state = {"recipe": asdict(recipe), "run": dict(run), "history": history, "model": model.state_dict()}
                resume.save(checkpoint, state | {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()})
            if after_epoch:
                after_epoch(history[-1])
    model.eval()
    return history


def _batches(
    images: Tensor, labels: Tensor, recipe: Recipe, preprocess: Callable[[Tensor], Tensor], together: Team, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's share of each batch of ``epoch``, counted from 0: float (n, 3, side, side), and labels (n,)."""
    # A generator of its own for each epoch: what epoch 7 draws does not depend on whether 0 to 6 ran in this process.
    generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
    torch.manual_seed((recipe.seed * 100_003 + epoch) * together.size + together.rank)
    order = torch.randperm(len(images), generator=generator)
    side = recipe.side(epoch, images.shape[-1])
    for whole in order.split(recipe.batch_size):
        if len(whole) < recipe.batch_size:
            return  # the last, smaller batch is left out: it has other pictures in each epoch
        batch = whole.chunk(together.size)[together.rank]
        chosen = images[batch.to(images.device)].to(together.device)
        x = preprocess(augment(chosen, recipe.shift, recipe.flip, generator, together.share))
        if recipe.zoom < 1 or side != x.shape[-1]:
            x = cut(x, recipe.zoom, side, generator, together.share)
        yield x, labels[batch.to(together.device)]


@torch.no_grad()
def evaluate(
    model: nn.Module,
    pictures: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    *,
    batch_size: int = 250,
    bf16: bool = False,
    together: Team | None = None,
) -> dict[str, float]:
    """Loss (cross entropy, nats) and accuracy (share right, 0 to 1) on ``pictures``, in eval mode; shared out if ``together``."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    loss, right = 0.0, 0
    rank, size = together.share if together else (0, 1)
    batches = list(zip(pictures.images.split(batch_size), pictures.labels.split(batch_size), strict=True))
    for images, labels in batches[rank::size]:
        labels = labels.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            logits = model(preprocess(images.to(device))).float()
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        right += int((logits.argmax(1) == labels).sum())
    model.train(training)
    if together:
        loss, right = together.sum(loss, right)
    return {"loss": loss / len(pictures), "accuracy": right / len(pictures)}


def _fits(images: Tensor, device: torch.device) -> bool:
    """Whether ``images`` may be kept on ``device``."""
    if device.type != "cuda":
        return True
    return images.nbytes <= RESIDENT * torch.cuda.mem_get_info(device)[0]  # of what is free


def sgd(model: nn.Module, recipe: Recipe) -> torch.optim.SGD:
    """SGD with weight decay on matrices, `se_decay` on those of gates, and none on vectors."""
    gates = {id(p) for block in model.modules() if isinstance(block, SEBlock) for p in block.parameters()}
    matrices = [p for p in model.parameters() if p.ndim > 1 and id(p) not in gates]
    excitations = [p for p in model.parameters() if p.ndim > 1 and id(p) in gates]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    decays = ((matrices, recipe.weight_decay), (excitations, recipe.se_decay), (vectors, 0.0))
    groups = [{"params": params, "weight_decay": decay} for params, decay in decays if params]
    return torch.optim.SGD(groups, lr=recipe.peak_rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0)
