"""Pictures of several sizes in one batch: zeros around the smaller ones, and a network that knows where they are.

Zeros in a batch are not nothing. They count in every mean over pixels, SE's squeeze and the last pool; and after the first batch
norm they are no longer zeros. Within :func:`told` each picture gets the answer that it gets alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from senet.fusion.blocks import FusedSEBlock
from senet.inside.recording import se_blocks
from senet.models.rescale import pooled_where
from senet.models.se import SEBlock

WRITERS = (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d)  # what can put something else where there was zero
OVER_PIXELS = (nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d)


def batched(pictures: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Pictures (C, H, W) of any sizes as one batch, zeros to the right and below; and its mask, bool (N, 1, H, W)."""
    height, width = (max(picture.shape[d] for picture in pictures) for d in (1, 2))
    rows, masks = [], []
    for picture in pictures:
        around = (0, width - picture.shape[2], 0, height - picture.shape[1])
        rows.append(F.pad(picture, around))
        masks.append(F.pad(torch.ones_like(picture[:1], dtype=torch.bool), around))
    return torch.stack(rows), torch.stack(masks)


@contextmanager
def told(model: nn.Module, mask: Tensor) -> Iterator[nn.Module]:
    """Within this block ``model`` knows where the pictures of its batch are.

    Convolutions see zeros beyond a picture, as at the border of a single picture; SE blocks and pools over all pixels leave
    the padding out.

    Args:
        model: ours or torchvision's, in evaluation mode: its layers are modules, and its strides are 2 with paddings of half a
            kernel, so that a side becomes half of it, rounded up.
        mask: bool (N, 1, H, W), true where a picture is, from its upper left corner on.

    Raises:
        ValueError: ``model`` learns from the padding (training mode), normalises over pixels, is fused, or squeezes by a call that
            no hook can see.
    """
    _check(model)
    with ExitStack() as hooks:
        for module in model.modules():
            if isinstance(module, SEBlock):
                hook = module.register_forward_pre_hook(partial(_with_mask, mask), with_kwargs=True)
            elif isinstance(module, WRITERS):
                hook = module.register_forward_hook(partial(_cleared, mask))
            elif isinstance(module, nn.AdaptiveAvgPool2d):
                hook = module.register_forward_hook(partial(_pooled, mask))
            else:
                continue
            hooks.enter_context(hook)
        yield model


def _check(model: nn.Module) -> None:
    name = type(model).__name__
    if model.training:
        raise ValueError(f"{name} is in training mode, where batch norm would learn from the padding: call eval() first")
    kinds = {type(module) for module in model.modules()}
    if FusedSEBlock in kinds:
        raise ValueError(f"{name} was fused, and its squeeze reads another layer's maps: use the network that it was made from")
    if over := next((kind.__name__ for kind in kinds if issubclass(kind, OVER_PIXELS)), None):
        raise ValueError(f"{name} has {over}, whose mean would count the padding: run its pictures one by one")
    try:
        blocks = se_blocks(model)
    except ValueError:
        return  # no SE: convolutions and the last pool remain
    for where, points in blocks.items():
        pools = any(isinstance(part, nn.AdaptiveAvgPool2d) for part in points.block.modules())
        if not isinstance(points.block, SEBlock) and not pools:
            raise ValueError(
                f"{where} is a {type(points.block).__name__}, whose mean is not a module and can't be told: "
                "run its pictures one by one, or use an SEBlock, which takes a mask"
            )


def shrunk(mask: Tensor, like: Tensor) -> Tensor:
    """The mask at the size of the maps ``like``: halved until it fits. Raises ``ValueError`` if it never does."""
    while mask.shape[2:] != like.shape[2:]:
        if mask.shape[2] < like.shape[2] or mask.shape[3] < like.shape[3] or mask.shape[2:].numel() == 1:
            raise ValueError(f"maps of {list(like.shape[2:])} pixels can't be reached from the mask by halving its sides")
        mask = mask[:, :, ::2, ::2]
    return mask


def _with_mask(mask: Tensor, module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    return args, kwargs | {"mask": shrunk(mask, args[0])}


def _cleared(mask: Tensor, module: nn.Module, args: tuple, out: Tensor) -> Tensor:
    if out.shape[2:].numel() == 1 and mask.shape[2:].numel() > 1:
        return out  # a layer of an SE block
    return out.masked_fill(~shrunk(mask, out), 0)


def _pooled(mask: Tensor, module: nn.Module, args: tuple, out: Tensor) -> Tensor:
    if out.shape[2:].numel() > 1:
        raise ValueError(f"a pool to {list(out.shape[2:])} pixels mixes padding with the picture: run its pictures one by one")
    return pooled_where(args[0], shrunk(mask, args[0]), "avg")[:, :, None, None]
