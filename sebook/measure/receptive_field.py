"""How far a unit sees: which pixels of the picture can change it at all."""

import torch
from torch import Tensor, nn


def reach(model: nn.Module, layer: str, x: Tensor) -> Tensor:
    """Which pixels of ``x`` move the middle pixel of a layer's maps, in any of its channels.

    By the gradient at ``x``, so that a unit that a ReLU holds at zero passes nothing on: what is found is never too large, and with
    all channels and several pictures together it is hardly too small.

    Args:
        model: any network; it is put into evaluation mode for the time being.
        layer: the name of a module in ``named_modules()``; what comes out of it is (N, C, H', W').
        x: pictures as the model takes them, (N, 3, H, W).

    Returns:
        bool (H, W): True for a pixel that counts in one of the pictures or more.

    Raises:
        ValueError: there is no such layer, or it does not return maps.
    """
    modules = dict(model.named_modules())
    if layer not in modules:
        raise ValueError(f"layer={layer!r} is not in this network: choose one of {', '.join(list(modules)[1:13])}, ...")
    found: list[Tensor] = []
    handle = modules[layer].register_forward_hook(lambda _module, _inputs, output: found.append(output))
    training = model.training
    try:
        x = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            model.eval()(x)
        if not found or found[0].ndim != 4:
            raise ValueError(f"layer={layer!r} gives no maps (N, C, H, W): choose a convolution, a norm or an SE block")
        maps = found[0]
        middle = maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]
        # One gradient a channel, all at once: those of several could cancel if they were summed.
        each = torch.eye(maps.shape[1], dtype=maps.dtype, device=maps.device)
        gradients = torch.autograd.grad(middle.sum(0), x, each, is_grads_batched=True)[0]  # (C, N, 3, H, W)
        return gradients.ne(0).flatten(0, 2).any(0)
    finally:
        handle.remove()
        model.train(training)
