"""Which gates matter for a prediction, and which pixels opened a gate: Captum's methods, given the right targets and shapes.

An excitation says how open a gate stands, not what the network makes of the channel behind it. That is asked by closing the gate
(ablation), or by the gradient along the way from closed to as it stands (integrated gradients, Sundararajan et al., arXiv
1703.01365). Both have a baseline, and the answer is always "compared with that".
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from captum.attr import FeatureAblation, InputXGradient, IntegratedGradients, Occlusion, Saliency
from torch import Tensor, nn

from .profiles import Estimate, bootstrap
from .recording import SEPoints, record, se_blocks
from .se import at_least_one, one_of

CHANNEL_METHODS = ("ablation", "integrated", "gradient")
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
        block: the block's name, as :func:`senet.recording.record` has it.
        method: ``"ablation"``, the logit less what it is with this one gate at the baseline: exact, one forward a channel;
            ``"integrated"``, integrated gradients, which sum to the logit less what it is with all gates at the baseline;
            ``"gradient"``, excitation times gradient: one backward, from a baseline of 0 alone.
        baseline: what a gate is compared with: a number, or (C,), such as the gates' means over the data.
        steps: of the integral.

    Returns:
        (N, C), in logits: above 0 where the gate, as it stands, speaks for the target.

    Raises:
        ValueError: unknown block or method; ``"gradient"`` with a baseline other than 0.
    """
    one_of(CHANNEL_METHODS, method=method)
    at_least_one(steps=steps)
    gate = _block(model, block).gate
    s = record(model, images).blocks[block].excitation
    reference = torch.as_tensor(baseline, dtype=s.dtype, device=s.device).expand_as(s)
    if method == "gradient" and reference.any():
        raise ValueError('baseline: method="gradient" compares with 0 alone: use "integrated" for another baseline')

    def logits(s: Tensor, images: Tensor) -> Tensor:
        with gate.register_forward_hook(lambda _, __, out: s.view_as(out)):
            return model(images)

    with _still(model):
        options = {"target": target, "additional_forward_args": (images,)}
        if method == "ablation":
            return FeatureAblation(logits).attribute(s, baselines=reference, **options).detach()
        if method == "gradient":
            return InputXGradient(logits).attribute(s.requires_grad_(), **options).detach()
        # A batch of the integral no larger than the caller's own, so that memory does not grow with the steps.
        size = max(len(s), 2)
        return IntegratedGradients(logits).attribute(s, reference, n_steps=steps, internal_batch_size=size, **options).detach()


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
        channel: c.
        method: ``"integrated"``, which sums to s_c less that of a picture of zeros (after preprocessing: of mean colour);
            ``"saliency"``, the gradient's size; ``"occlusion"``, s_c less what it is with a window of zeros over the pixel.
        window: side of that window in pixels, and its stride.

    Returns:
        (N, H, W): summed over the colours, but for saliency, which is the largest of them.
    """
    one_of(PIXEL_METHODS, method=method)
    at_least_one(window=window, steps=steps)
    gate, count = (at := _block(model, block)).gate, at.channels
    if not 0 <= channel < count:
        raise ValueError(f"channel={channel} is none of {block}: choose 0 to {count - 1}")

    def excitation(images: Tensor) -> Tensor:
        kept: list[Tensor] = []
        with gate.register_forward_hook(lambda _, __, out: kept.append(out.flatten(1))):
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


def agreement(guess: Tensor, importance: Tensor) -> Estimate:
    """Does what one sees (excitation, or its distance from the mean) rank channels as their importance does?

    Spearman's rank correlation over the channels, picture by picture; its mean over pictures with a bootstrap interval. A picture
    on which either is constant has no ranks and is left out.

    Args:
        guess, importance: (N, C). Take magnitudes where the sign should not count.
    """
    if guess.shape != importance.shape or guess.ndim != 2:
        raise ValueError(f"guess {tuple(guess.shape)} and importance {tuple(importance.shape)} both have to be (N, C)")
    a, b = (_ranks(x) for x in (guess, importance))
    return bootstrap((a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt())


def _ranks(x: Tensor) -> Tensor:
    """Ranks less their mean, ties shared: (N, C). Picture by picture, since it compares all pairs of channels."""
    rows = (row.double() for row in x)
    return torch.stack([torch.sign(row[:, None] - row).sum(1) for row in rows]) / 2


def _block(model: nn.Module, name: str) -> SEPoints:
    points = se_blocks(model)
    if name not in points:
        raise ValueError(f"block={name!r} is no SE block of this model: choose among {', '.join(points)}")
    return points[name]


@contextmanager
def _still(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, gradients on, none of them for the weights; everything as it was afterwards."""
    training = [module for module in model.modules() if module.training]
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    with ExitStack() as after:
        for module in training:
            after.callback(setattr, module, "training", True)
            module.training = False
        for weight in learning:
            after.callback(weight.requires_grad_, True)
            weight.requires_grad_(False)
        after.enter_context(torch.enable_grad())
        yield
