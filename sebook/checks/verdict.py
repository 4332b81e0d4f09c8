"""How a check comes to its verdict: a learner's code is run, and its outcome compared with the right one and with known slips.

A slip is what one particular mistake computes. The slip whose outcome is the learner's own, number by number or
error by error, names the misconception. Nothing here raises for what a learner writes. :mod:`sebook.checks` has the exercises.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

Slip = tuple[Callable[..., Any], str]  # what one computes who is mistaken, and the hint


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and one or two sentences on it. True where it is right; notebooks show it as text."""

    ok: bool
    hint: str

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"{'Right.' if self.ok else 'Not yet.'} {self.hint}"

    def _repr_markdown_(self) -> str:
        return f"**{'Right.' if self.ok else 'Not yet.'}** {self.hint}"


def judge(
    answer: Callable[..., Any], right: Callable[..., Any], trials: Sequence[tuple], slips: Sequence[Slip], call: str, praise: str
) -> Verdict:
    """Compare trial by trial. The verdict is right, or names the first slip with the same outcome, or gives a general hint."""
    for trial in trials:
        expected = outcome(right, *trial)
        given = _copies(trial)
        got = outcome(answer, *given)
        if not all(same(a, b) for a, b in zip(given, trial, strict=True)):
            return Verdict(
                False, "Your code writes into its input, which others still need. Make a new tensor: `u * s`, not `u *= s`."
            )
        if not isinstance(expected, Exception) and same(got, expected):
            continue
        for slip, hint in slips:
            if same(got, outcome(slip, *_copies(trial))):
                return Verdict(False, hint)
        if isinstance(got, Exception) and any(isinstance(a, Tensor) and a.is_meta for a in trial):
            return Verdict(
                False,
                "Right on the CPU, but it fails on another device. Make new tensors by `u.new_zeros(...)`, which stays with u, and "
                "leave values as tensors.",
            )
        problem = unusable(got, trial, call)
        return Verdict(False, _difference(got, expected)) if problem is None else problem
    return Verdict(True, praise)


def unusable(got: Any, trial: tuple, call: str) -> Verdict | None:
    """The verdict on an answer that can't be compared, such as an error or None. Returns None if it can be."""
    if isinstance(got, _NotCallable):
        return Verdict(False, f"Pass the function or class itself, and don't call it: it is called here, as `{call}`.")
    if isinstance(got, NotImplementedError):
        return Verdict(False, f"There is nothing here yet: write `{call}`.")
    if isinstance(got, Exception):
        lines = str(got).strip().splitlines() or ["no message"]
        message = lines[0].replace("`", "'")
        shapes = ", ".join(shape(a) for a in trial if isinstance(a, Tensor))
        about = f" Shapes that went in: {shapes}. Print the shape on the line before the one that fails." if shapes else ""
        return Verdict(False, f"`{call}` stopped with {type(got).__name__}: `{message}`.{about}")
    if got is None or got is Ellipsis:
        return Verdict(False, f"Nothing comes back from `{call}` yet: write it, and end with `return`.")
    if trial and isinstance(trial[0], Tensor) and not isinstance(got, Tensor):
        return Verdict(False, f"Expected a tensor, and {type(got).__name__} came back from `{call}`.")
    return None


def _difference(got: Any, expected: Any) -> str:
    if not isinstance(got, Tensor) or not isinstance(expected, Tensor):
        return f"{got!r} came, and {expected!r} is right."
    if got.shape != expected.shape:
        return f"The shape is {shape(got)}, and should be {shape(expected)}."
    if got.device != expected.device:
        return f"The answer is on {got.device}, its input on {expected.device}. Make new tensors on the input's device."
    if got.dtype != expected.dtype:
        return f"The answer is {got.dtype}, and should be {expected.dtype}: keep the input's."
    if got.layout != expected.layout:
        return f"The answer is stored as {got.layout}, and should be a plain tensor."
    return f"The shape is right, and the numbers are off by up to {(got - expected).abs().max():.3g}."


class _NotCallable(TypeError):
    pass


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """What ``function`` returns, or the exception that it raises."""
    if not callable(function):
        return _NotCallable()
    try:
        with torch.no_grad():
            return function(*arguments)
    except Exception as error:  # whatever a learner's code may raise is a result here
        return error


def same(a: Any, b: Any) -> bool:
    """Equal up to rounding: tensors of the same shape, dtype and device, numbers, lists of tensors; or the same error."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        alike = (a.shape, a.dtype, a.device, a.layout) == (b.shape, b.dtype, b.device, b.layout)
        return alike and (a.is_meta or torch.allclose(a, b, rtol=1e-4, atol=1e-5))
    if isinstance(a, Exception) and isinstance(b, Exception):
        return (type(a), str(a)) == (type(b), str(b))
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-6)
    return False


def made(cls: Any, call: str, *arguments: int) -> nn.Module | Verdict:
    """An instance of a learner's class in evaluation mode, or the verdict on why there is none."""
    if isinstance(cls, nn.Module):
        return Verdict(False, f"Pass the class itself, and not an object of it: it is called here, as `{call}`.")
    made = outcome(cls, *arguments)
    if isinstance(made, nn.Module):
        return made.eval()
    if isinstance(made, AttributeError) and "before Module.__init__" in str(made):
        return Verdict(False, "A layer was set before `super().__init__()` ran. Call it first.")
    if (problem := unusable(made, (), call)) is not None:  # a verdict that is not ok is False
        return problem
    return Verdict(False, f"`{call}` has to make an `nn.Module`, and made {type(made).__name__}.")


def prepare(module: nn.Module, known: Sequence[str] = ()) -> list[nn.Module] | Verdict:
    """Find the two layers of the SE block outside the children ``known``, and give everything weights that tell slips apart."""
    generator = torch.Generator().manual_seed(0)
    known = (*known, "downsample")
    found = [
        layer
        for name, layer in module.named_modules()
        if name.split(".")[0] not in known and (isinstance(layer, nn.Linear) or getattr(layer, "kernel_size", 0) in (1, (1, 1)))
        if hasattr(layer, "weight")
    ]
    if not found:
        return Verdict(False, "There is no SE block in it yet, as far as can be seen: no `Linear` layers. Make it in `__init__`.")
    if any(is_lazy(layer.weight) for layer in found):
        return Verdict(False, "A lazy layer learns its width from its first input. Say the width: it is C, or C/r.")
    if len(found) != 2:
        many = "One SE block belongs after the whole module, not one in each branch." if len(found) % 2 == 0 else ""
        return Verdict(False, f"Two fully connected layers make an excitation, W1 and W2; here are {len(found)}. {many}".strip())
    w1, w2 = (layer.weight for layer in found)
    if w1.shape[:2] != w2.shape[1::-1]:
        said = " and ".join(f"{w.shape[1]} -> {w.shape[0]}" for w in (w1, w2))
        return Verdict(False, f"The layers are {said}. They go from C down to C/r, and back up to C.")
    with torch.no_grad():
        for layer in found:
            layer.weight.normal_(0, 2 / layer.weight.shape[1] ** 0.5, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()  # with or without: both are SE blocks
        for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.running_mean.normal_(0, 0.1, generator=generator)
            norm.weight.uniform_(0.5, 1.5, generator=generator)
    return found


def _copies(trial: tuple) -> tuple:
    return tuple(a.clone() if isinstance(a, Tensor) else copy.copy(a) for a in trial)


def shape(tensor: Tensor) -> str:
    """As a tuple in words: ``(2, 5)``."""
    return str(tuple(tensor.shape))
