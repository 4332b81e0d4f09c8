"""What several test files ask of a network, or of a check."""

import copy
import time
from collections.abc import Callable

import torch
import torch.utils.checkpoint
from torch import Tensor, nn

from senet import SEBlock


def scramble(model: nn.Module, x: Tensor | None = None) -> nn.Module:
    """Give every batch norm weights and statistics of its own, so that no part of a network is left out unnoticed.

    The statistics are near those of ``x`` (N, C, H, W), by default noise for a whole network: as after training, what goes through
    keeps its size at any depth, and rounding is not blown up. In evaluation mode.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(8, 3, 96, 96, generator=generator) if x is None else x
    norms = [module for module in model.eval().modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.2, generator=generator)
            elif isinstance(module, (nn.Linear, nn.Conv2d)) and module.bias is not None:
                module.bias.normal_(0, 0.5, generator=generator)
        for norm in norms:
            norm.train().momentum = 1.0
        model(x)
        for norm in norms:
            norm.eval().momentum = 0.1
            norm.running_var.mul_(torch.empty_like(norm.running_var).uniform_(0.8, 1.25, generator=generator)).clamp_(min=1e-2)
            norm.running_mean.addcmul_(norm.running_var.sqrt(), torch.randn(len(norm.running_mean), generator=generator), value=0.1)
    return model


def parameters(model: nn.Module) -> int:
    """How many numbers they are."""
    return sum(parameter.numel() for parameter in model.parameters())


def on_meta(make, **kwargs) -> nn.Module:
    with torch.device("meta"):
        return make(**kwargs)


def ratios(runs: list[Callable[[], object]], limits: list[float], times: int = 11, attempts: int = 8) -> list[float]:
    """Of each run but the first to the first: the best of many, taking turns, in seconds of the processor."""

    def seconds(run: Callable[[], object]) -> float:
        began = time.process_time()
        run()
        return time.process_time() - began

    for _ in range(attempts):  # another process can spoil an attempt, by its use of the caches
        best = [min(each) for each in zip(*[[seconds(run) for run in runs] for _ in range(times)], strict=True)]
        found = [each / best[0] for each in best[1:]]
        if all(ratio <= limit for ratio, limit in zip(found, limits, strict=True)):
            break
    return found


def scripts(model: nn.Module, x: Tensor) -> None:
    torch.testing.assert_close(_logits(torch.jit.script(model)(x)), model(x))


def traces_by_fx(model: nn.Module, x: Tensor) -> None:
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(x), model(x))


def exports(model: nn.Module, x: Tensor) -> None:
    """With any number of pictures."""
    program = torch.export.export(model, (torch.cat([x, x]),), dynamic_shapes=({0: torch.export.Dim("n", min=1, max=64)},))
    for several in (x[:1], torch.cat([x, x.flip(3), x.flip(2)])):
        torch.testing.assert_close(program.module()(several), model(several))


def compiles(model: nn.Module, x: Tensor) -> None:
    """Into one graph: a break would raise."""
    torch.compiler.reset()
    torch.testing.assert_close(torch.compile(model, fullgraph=True, backend="eager")(x), model(x))


def keeps_channels_last(model: nn.Module, x: Tensor) -> None:
    expected = model(x)
    changed = copy.deepcopy(model).to(memory_format=torch.channels_last)
    seen = []
    for module in changed.modules():
        if isinstance(module, SEBlock):
            module.register_forward_hook(lambda module, args, out: seen.append((args[0], out)))
    # Other kernels add in another order: in a deep network with random weights that shows in the fourth digit.
    torch.testing.assert_close(changed(x.to(memory_format=torch.channels_last)), expected, rtol=1e-3, atol=1e-3)
    assert seen
    for u, out in seen:
        assert u.is_contiguous(memory_format=torch.channels_last)
        assert out.is_contiguous(memory_format=torch.channels_last)


def runs_under_autocast(model: nn.Module, x: Tensor) -> None:
    expected = model(x)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(x)
    assert logits.dtype == torch.bfloat16
    # bfloat16 has 8 bits, which dozens of untrained layers wear down: what has to stay is the answer's direction. (SE in float32
    # within would change nothing.)
    assert (torch.cosine_similarity(logits.float(), expected) > 0.9).all()


def checkpoints_gradients(model: nn.Module, x: Tensor) -> None:
    def gradients(run: Callable[[Tensor], Tensor]) -> list[Tensor]:
        model.zero_grad()
        run(x).square().sum().backward()
        return [parameter.grad.clone() for parameter in model.parameters()]

    again = gradients(lambda x: torch.utils.checkpoint.checkpoint(model, x, use_reentrant=False))
    for plain, recomputed in zip(gradients(model), again, strict=True):
        torch.testing.assert_close(recomputed, plain)


def copies(model: nn.Module, x: Tensor) -> None:
    """An exact twin by deepcopy and by its state dict alone; and the same answer twice."""
    twin = copy.deepcopy(model)
    for parameter in twin.parameters():
        nn.init.zeros_(parameter)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(x), model(x))
    assert torch.equal(model(x), model(x))


BEHAVIOURS = (
    scripts,
    traces_by_fx,
    exports,
    compiles,
    keeps_channels_last,
    runs_under_autocast,
    checkpoints_gradients,
    copies,
)


def _logits(out: Tensor | tuple[Tensor, ...]) -> Tensor:
    return out if isinstance(out, Tensor) else out[0]  # a scripted Inception always gives a tuple
