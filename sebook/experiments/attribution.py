"""Which gates matter for a prediction, and which pixels opened a gate: Captum's methods, given the right targets and shapes.

An excitation says how far a gate is open, not what the network makes of the gated channel. Three methods show that: closing the
gate (ablation), the gradient along the way from closed to its own value (integrated gradients, Sundararajan et al., arXiv
1703.01365), and what flows through the channel as a blank picture turns into this one (conductance, Dhamdhere et al., arXiv
1805.12233). All have a baseline, and the answer is always "compared with that".
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from captum.attr import FeatureAblation, InputXGradient, IntegratedGradients, LayerConductance, Occlusion, Saliency
from torch import Tensor, nn

from senet.arguments import at_least_one, one_of
from senet.inside.looking import Hook, evaluating
from senet.inside.recording import SEPoints, record, se_blocks

from .profiles import Estimate, bootstrap

CHANNEL_METHODS = ("ablation", "integrated", "conductance", "gradient")
PIXEL_METHODS = ("integrated", "saliency", "occlusion")


def channels(
    model: nn.Module,
    images: Tensor,
    target: int | Tensor,
    block: str,
    *,
    method: str = "ablation",
    baseline: float | Tensor = 0.0,
    steps: int = 50,
) -> Tensor:
    """What each gate of one SE block adds to the target's logit.

    Args:
        model: a network with SE blocks; evaluated, and left in the mode it was in.
        images: (N, 3, H, W), preprocessed.
        target: the class asked about, one or (N,).
        block: the block's name, as :func:`senet.inside.recording.record` has it.
        method: ``"ablation"``, the logit minus the logit with this one gate at the baseline: exact, one forward per channel.
            ``"integrated"``, integrated gradients: they sum to the logit minus the logit with all gates at the baseline.
            ``"conductance"``, what flows through the gated channel while a picture of mean colour turns into this one. It covers
            all that the block returns. Where the block adds the shortcut, that is included, and the channels sum to the logit
            minus the logit of the blank picture.
            ``"gradient"``, excitation times gradient: one backward, for a baseline of 0 only.
        baseline: what a gate is compared with: a number, or (C,), such as the gates' means over the data. Conductance has a picture
            for its baseline, and none for the gate.
        steps: how many points the integral takes; for ``"integrated"`` and ``"conductance"``.

    Returns:
        (N, C), in logits: above 0 where the gate, at its own value, supports the target.

    Raises:
        ValueError: unknown block or method; ``"gradient"`` or ``"conductance"`` with a baseline other than 0; a model that answers
            with something else than (N, K) logits, or lets no gradient through; a target that is not one of its classes.
    """
    one_of(CHANNEL_METHODS, method=method)
    at_least_one(steps=steps)
    points = _block(model, block)
    gate = points.gate
    recording = record(model, images)
    s = recording.blocks[block].excitation
    reference = torch.as_tensor(baseline, dtype=s.dtype, device=s.device).expand_as(s)
    if method == "gradient" and reference.any():
        raise ValueError('baseline: method="gradient" compares with 0 alone: use "integrated" for another baseline')
    if method == "conductance" and reference.any():
        raise ValueError('baseline: method="conductance" compares pictures, not gates: leave it at 0, or use "integrated"')

    _classes(model, recording.logits, target)

    given = [s]
    # It stays on the way back too, where a model with gradient checkpointing computes its gates again.
    put = Hook(lambda _, __, out: given[0].view_as(out))

    def logits(s: Tensor, images: Tensor) -> Tensor:
        given[0] = s
        return model(images)

    with _still(model):
        # A batch of the integral no larger than the caller's own, so that memory does not grow with the steps.
        size = max(len(s), 2)
        if method == "conductance":
            # By trapezoids the way begins at the blank picture and ends at this one, so that nothing is lost at its ends.
            flow = LayerConductance(model, points.block).attribute(
                images, target=target, n_steps=steps, method="riemann_trapezoid", internal_batch_size=2 * size
            )
            return flow.sum((2, 3)).detach()
        options = {"target": target, "additional_forward_args": (images,)}
        with gate.register_forward_hook(put):
            if method == "ablation":
                return FeatureAblation(logits).attribute(s, baselines=reference, **options).detach()
            if method == "gradient":
                return InputXGradient(logits).attribute(s.requires_grad_(), **options).detach()
            integrated = IntegratedGradients(logits)
            return integrated.attribute(s, reference, n_steps=steps, internal_batch_size=size, **options).detach()


def pixels(
    model: nn.Module,
    images: Tensor,
    block: str,
    channel: int,
    *,
    method: str = "integrated",
    window: int = 4,
    steps: int = 50,
) -> Tensor:
    """Which pixels opened a gate: attribution of one excitation s_c to the picture.

    Args:
        model, images, block, steps: as for :func:`channels`.
        channel: the channel of the gate, from 0.
        method: ``"integrated"``, which sums to s_c minus the s_c of a picture of zeros (after preprocessing: of mean colour);
            ``"saliency"``, the gradient's size; ``"occlusion"``, s_c minus s_c with a window of zeros over the pixel.
        window: side of that window in pixels, and its stride.

    Returns:
        (N, H, W): summed over the colours; for saliency, the largest over them.
    """
    one_of(PIXEL_METHODS, method=method)
    at_least_one(window=window, steps=steps)
    gate, count = (at := _block(model, block)).gate, at.channels
    if not 0 <= channel < count:
        raise ValueError(f"channel={channel} is none of {block}: choose 0 to {count - 1}")

    def excitation(images: Tensor) -> Tensor:
        kept: list[Tensor] = []
        with gate.register_forward_hook(Hook(lambda _, __, out: kept.append(out.flatten(1)))):
            model(images)
        return kept[0]

    with _still(model):
        x = images.detach().clone()
        if method == "saliency":
            return Saliency(excitation).attribute(x.requires_grad_(), target=channel).amax(1).detach()
        if method == "integrated":
            size = max(len(x), 2)
            found = IntegratedGradients(excitation).attribute(x, target=channel, n_steps=steps, internal_batch_size=size)
        else:  # every pixel of the window, and of all three colours, is given the window's difference: one colour says it all
            shape = (images.shape[1], window, window)
            return Occlusion(excitation).attribute(x, shape, strides=shape, target=channel)[:, 0].detach()
        return found.sum(1).detach()


def opened(model: nn.Module, images: Tensor, *, window: int = 4) -> dict[str, Tensor]:
    """Occlusion for every gate at once: by block, s less what it is with a window of zeros over a part of the picture.

    The same numbers as ``pixels(..., method="occlusion")`` for each channel, from one forward a window: all gates see all windows.

    Args:
        model, images: as for :func:`channels`; H and W are multiples of ``window``.
        window: side of the windows in pixels. They lie side by side.

    Returns:
        By block (N, C, H / window, W / window), on the CPU.
    """
    at_least_one(window=window)
    height, width = images.shape[2:]
    if height % window or width % window:
        raise ValueError(f"window={window} does not divide pictures of {height} x {width}: choose one that does")
    whole = record(model, images, device="cpu").blocks
    rows: dict[str, list[Tensor]] = {name: [] for name in whole}
    for top in range(0, height, window):
        for left in range(0, width, window):
            covered = images.clone()
            covered[:, :, top : top + window, left : left + window] = 0
            for name, block in record(model, covered, device="cpu").blocks.items():
                rows[name].append(whole[name].excitation - block.excitation)
    return {name: torch.stack(found, 2).unflatten(2, (height // window, -1)) for name, found in rows.items()}


def agreement(guess: Tensor, importance: Tensor) -> Estimate:
    """Does what one sees (excitation, or its distance from the mean) rank channels as their importance does?

    Spearman's rank correlation over the channels, picture by picture; its mean over pictures with a bootstrap interval. A picture
    on which either is constant has no ranks and is left out.

    Args:
        guess, importance: (N, C). Take magnitudes where the sign should not count.
    """
    return bootstrap(correlations(guess, importance))


def correlations(guess: Tensor, importance: Tensor) -> Tensor:
    """Spearman's rank correlation over the channels, picture by picture: (N, C), (N, C) -> (N,), NaN where one is constant."""
    if guess.shape != importance.shape or guess.ndim != 2:
        raise ValueError(f"guess {tuple(guess.shape)} and importance {tuple(importance.shape)} both have to be (N, C)")
    a, b = (_ranks(x) for x in (guess, importance))
    return (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt()


def _ranks(x: Tensor) -> Tensor:
    """Ranks less their mean, ties shared: (N, C). Picture by picture, since it compares all pairs of channels."""
    rows = (row.double() for row in x)
    return torch.stack([torch.sign(row[:, None] - row).sum(1) for row in rows]) / 2


def _block(model: nn.Module, name: str) -> SEPoints:
    points = se_blocks(model)
    if name not in points:
        raise ValueError(f"block={name!r} is not an SE block of this model: choose among {', '.join(points)}")
    return points[name]


def _classes(model: nn.Module, logits: object, target: object) -> None:
    """Raise ``ValueError`` where ``model`` is not a classifier, or ``target`` is not one class for each picture."""
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(
            f"{type(model).__name__} answers with {got}, not with logits (N, K): wrap it in a module that returns those"
        )
    n, k = logits.shape
    try:
        numbers = torch.as_tensor(target)
        whole = not (numbers.is_floating_point() or numbers.is_complex() or numbers.dtype == torch.bool)
    except (TypeError, ValueError, RuntimeError):
        whole = False
    if not whole or numbers.shape not in ((), (1,), (n,)) or numbers.min() < 0 or numbers.max() >= k:
        raise ValueError(f"target={target!r} has to be a class, 0 to {k - 1}, or one for each of the {n} pictures")


@contextmanager
def _still(model: nn.Module) -> Iterator[None]:
    """Evaluation mode with gradients on, then everything as it was."""
    try:
        with evaluating(model.modules()), torch.enable_grad():
            yield
    except RuntimeError as error:
        if not any(words in str(error) for words in ("does not require grad", "not have been used in the graph")):
            raise
        raise ValueError(
            f"no gradient goes through {type(model).__name__}: it detaches a tensor on the way, or uses "
            "torch.utils.checkpoint with use_reentrant=True. Pass use_reentrant=False, or turn checkpointing off"
        ) from error
