"""The calls of PyTorch that matter where gates are looked for, by name: what multiplies, adds, pools, mixes, or only rearranges."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .einsum import einsum_kind, einsum_pool


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Without underscores: `mul`, `mul_` and `__mul__` are one.
PRODUCTS = frozenset({"mul", "rmul", "imul", "multiply", "addcmul", "einsum"})
ADDS = frozenset({"add", "radd", "iadd"})
SCALES = PRODUCTS | {"div", "truediv", "true_divide"}
LAYERS = _names(
    "conv1d conv2d conv3d linear bilinear matmul rmatmul mm bmm addmm baddbmm einsum "
    "linear_dynamic linear_relu conv2d_relu conv_transpose2d"
)
WINDOWS = frozenset(f"{prefix}{kind}_pool{d}d" for prefix in ("", "adaptive_") for kind in ("avg", "max") for d in (1, 2, 3))
REDUCTIONS = {
    "mean": "mean", "nanmean": "mean", "sum": "sum", "nansum": "sum", "amax": "max", "max": "max", "amin": "min", "min": "min",
    "norm": "norm", "linalg_norm": "norm", "linalg_vector_norm": "norm", "linalg_matrix_norm": "norm",
    "std": "deviation", "var": "variance", "logsumexp": "logsumexp", "median": "median",
}  # fmt: skip
POOLS = WINDOWS | frozenset(REDUCTIONS)
# Which calls are numbered, each among its like.
PRODUCT, LAYER, POOL = range(3)
_COUNTED = dict.fromkeys(LAYERS, LAYER) | dict.fromkeys(POOLS, POOL) | dict.fromkeys(PRODUCTS, PRODUCT)
COMPARES = _names("eq ne lt le gt ge isnan isfinite argmax argmin argsort zeros_like ones_like")
EXPANSIONS = frozenset({"expand", "expand_as", "repeat", "broadcast_to", "tile", "interpolate"})
SHAPES = EXPANSIONS | _names(
    "view view_as reshape reshape_as flatten unflatten permute transpose swapaxes movedim "
    "unsqueeze squeeze contiguous to float double half bfloat16 type type_as detach clone getitem "
    "chunk split narrow select unbind quantize_per_tensor dequantize t"
)
# What gives each value from one value: a gate's function is made of them.
ELEMENTWISE = (
    PRODUCTS - {"einsum", "addcmul"}
    | ADDS
    | _names(
        "sub rsub isub div truediv rtruediv itruediv rdiv true_divide neg sigmoid hardsigmoid "
        "logsigmoid tanh hardtanh relu relu6 clamp clip clamp_min clamp_max softplus softsign silu "
        "gelu hardswish elu selu leaky_relu exp pow square sqrt abs threshold mish celu"
    )
)
BOUNDING = ("sigmoid", "hardsigmoid", "tanh", "hardtanh", "softmax", "clamp", "relu6")


@dataclass(eq=False)
class Call:
    """One call of one module in a forward, and how many products, layers and pools ran in it so far."""

    module: str
    run: int  # 0 for the module's first call in this forward
    counts: list[int] = field(default_factory=lambda: [0, 0, 0])


_NAMES: dict[Any, str | None] = {}


def called(func: Any) -> str | None:
    """The call's name without underscores; None for reading an attribute."""
    try:
        return _NAMES[func]
    except KeyError:
        name = getattr(func, "__name__", "").rpartition(".")[2]
        _NAMES[func] = None if name in ("__get__", "__set__", "size", "dim", "numel", "stride") else name.strip("_")
        return _NAMES[func]


def counted(name: str, args: tuple) -> int | None:
    """Whether a call is numbered among products, layers or pools."""
    if name == "einsum":
        return {"product": PRODUCT, "layer": LAYER, "pool": POOL}[einsum_kind(args)]
    return _COUNTED.get(name)


def operands(args: tuple, kwargs: dict) -> list[Tensor]:
    """The tensors among a call's arguments, those in lists included."""
    found: list[Tensor] = []
    for value in (*args, *kwargs.values()) if kwargs else args:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)) and value and not isinstance(value[0], int):  # a stride, or a shape
            found += operands(value, {})
    return found


def product_operands(name: str, args: tuple, kwargs: dict) -> tuple[Tensor, Tensor] | None:
    """The two factors; None for a product with a number, or of more than two."""
    if name == "addcmul":
        pair = (*args[1:3], *(kwargs[key] for key in ("tensor1", "tensor2") if key in kwargs))
    elif name == "einsum":
        pair = tuple(args[1]) if len(args) == 2 and isinstance(args[1], (list, tuple)) else args[1:]
    else:
        pair = (*args[:2], *(kwargs[key] for key in ("other",) if key in kwargs))
    return pair if len(pair) == 2 and all(isinstance(each, Tensor) for each in pair) else None


def swapped(name: str, args: tuple, kwargs: dict, side: int, new: Tensor) -> tuple[tuple, dict]:
    """The same arguments with another tensor for one of the two factors."""
    old = product_operands(name, args, kwargs)[side]

    def swap(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(swap(each) for each in value)
        return new if value is old else value

    # The tensor that addcmul adds may be the one that it multiplies.
    kept = args[:1] if name == "addcmul" else ()
    return (*kept, *(swap(value) for value in args[len(kept) :])), {key: swap(value) for key, value in kwargs.items()}


def rearranges(name: str, args: tuple, kwargs: dict) -> bool:
    """Whether the result has the argument's own values, in another shape, dtype or place."""
    if name in SHAPES:
        return True
    dropout = "dropout" in name and (name.endswith("dropout") or name.startswith(("dropout", "feature_dropout")))
    return dropout and not kwargs.get("training", args[2] if len(args) > 2 else False)


def reduced(name: str, args: tuple, kwargs: dict, before: tuple[int, ...], after: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """How a pool pools, and which dimensions it leaves at one value; none where it only makes maps smaller."""
    rank = len(before)
    if name == "einsum":
        return "sum", einsum_pool(args)
    if name in WINDOWS:
        kind = "mean" if "avg" in name else "max"
        spatial = range(rank - int(name[-2]), rank)
        # A window over a part of the picture makes smaller maps; so does one of a few pixels that happens to be as large as they.
        whole = tuple(d for d in spatial if after[d] == 1 and (before[d] > 1 or name.startswith("adaptive")))
        small = all(before[d] <= 3 for d in spatial) and not name.startswith("adaptive")
        return kind, () if small else whole
    at = 2 if name.endswith("norm") else 1
    dim = kwargs.get("dim", kwargs.get("axis", args[at] if len(args) > at else None))
    if isinstance(dim, Tensor) or dim is None:
        return REDUCTIONS[name], tuple(range(rank))
    dims = [dim] if isinstance(dim, int) else list(dim)
    return REDUCTIONS[name], tuple(sorted(d % rank for d in dims))


def again_on(func: Any, args: tuple, kwargs: dict, tensors: list[Tensor], seen: list) -> Callable | None:
    """The same operation on another tensor, if it takes one tracked tensor and numbers besides."""
    if sum(each is not None for each in seen) != 1 or any(t.numel() > 1 for t, s in zip(tensors, seen, strict=True) if s is None):
        return None
    one = next(tensor for tensor, each in zip(tensors, seen, strict=True) if each is not None)

    def again(x: Tensor) -> Tensor:
        swapped = [x if arg is one else arg for arg in args]
        return func(*swapped, **{key: x if arg is one else arg for key, arg in kwargs.items()})

    # Two calls of one key compute the same; where a number is a tensor, nobody knows.
    numbers = [arg for arg in (*args, *kwargs.items()) if arg is not one and not isinstance(arg, tuple)]
    again.key = None if any(isinstance(arg, Tensor) for arg in numbers) or kwargs else (func, *numbers)
    return again


def tensors_of(value: Any) -> list[Tensor]:
    """Every tensor in what a model takes or gives: a tensor, lists, dictionaries, the outputs of Hugging Face's models."""
    return [leaf for leaf in torch.utils._pytree.tree_leaves(value) if isinstance(leaf, Tensor)]
