"""What it costs a network to have its gates folded: which answers change, and how many are right."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from senet.images import Pictures
from senet.training import Recipe
from senet.training.augmentation import augment, cut

from ..experiments.controls import difference

Preprocess = Callable[[Tensor], Tensor]


@torch.no_grad()
def answers(model: nn.Module, pictures: Pictures, preprocess: Preprocess, batch_size: int = 100) -> Tensor:
    """Logits (N, K) in evaluation mode."""
    model.eval()
    return torch.cat([model(preprocess(images)).float() for images in pictures.images.split(batch_size)])


def price(plain: Tensor, changed: Tensor, labels: Tensor) -> dict[str, Any]:
    """What a change does to answers, logits (N, K) each.

    Returns:
        ``pictures``; ``changed``, the share that get another class; ``moved``, how much probability moves on average from some
        classes to others; and where some are labelled (0 and up) ``before`` and ``after`` as
        :func:`sebook.experiments.controls.difference` says.
    """
    moved = (plain.softmax(1) - changed.softmax(1)).abs().sum(1).mean() / 2
    said: dict[str, Any] = {"pictures": len(plain), "changed": (plain.argmax(1) != changed.argmax(1)).double().mean().item()}
    said["moved"] = moved.item()
    if len(known := (labels >= 0).nonzero().flatten()) > 1:
        before, after = (logits[known].argmax(1) == labels[known] for logits in (plain, changed))
        said |= {"labelled": len(known), "before": before.double().mean().item(), "after": difference(after, before)}
    return said


def in_words(said: dict[str, Any]) -> str:
    """One line."""
    line = f"{said['changed']:.1%} of {said['pictures']:,} answers change, {said['moved']:.1%} of the probability moves"
    if "after" in said:
        after = said["after"]
        line += (
            f"; right {said['before']:.1%}, then {after['accuracy']:.1%}: {100 * after['difference']:+.1f} points "
            f"({100 * after['low']:+.1f} to {100 * after['high']:+.1f})"
        )
    return line


def reestimate(
    model: nn.Module, pictures: Pictures, preprocess: Preprocess, recipe: Recipe | None = None, batch_size: int = 100
) -> nn.Module:
    """``model`` with its batch norms' statistics taken again from ``pictures``, as after any change of what they see.

    The pictures should be as training had them. A network that was trained on shifted pictures has black borders in its
    statistics, and taken from whole pictures they are wrong even where nothing else was changed: ``recipe``, of the training, has
    the shifts and cuts (at the side of its last epoch). Several hundred pictures will do. Nothing else is learned.
    """
    training, generator = model.training, torch.Generator().manual_seed(0)

    def seen(images: Tensor) -> Tensor:
        if recipe is None:
            return preprocess(images)
        x, side = preprocess(augment(images, recipe.shift, recipe.flip, generator)), recipe.side(recipe.epochs, images.shape[-1])
        return x if recipe.zoom == 1 and side == x.shape[-1] else cut(x, recipe.zoom, side, generator)

    mixed = pictures.images[torch.randperm(len(pictures), generator=generator)]
    update_bn((seen(images) for images in mixed.split(batch_size) if len(images) > 1), model)
    return model.train(training)
