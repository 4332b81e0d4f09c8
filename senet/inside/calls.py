"""The calls of PyTorch that matter where gates are looked for, by name, and what is known of the tensors in them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


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
# What gives maps from maps, and nothing else to know of them.
PLAIN = LAYERS - {"einsum"} | ELEMENTWISE - SCALES - ADDS | {"batch_norm", "layer_norm", "group_norm"}
BOUNDING = ("sigmoid", "hardsigmoid", "tanh", "hardtanh", "softmax", "clamp", "relu6")


@dataclass(eq=False)
class Call:
    """One call of one module in a forward, and how many products, layers and pools ran in it so far."""

    module: str
    run: int  # 0 for the module's first call in this forward
    counts: list[int] = field(default_factory=lambda: [0, 0, 0])


@dataclass(eq=False, slots=True)
class Seen:
    """What is known of one tensor.

    Attributes:
        wide: it has a value for each pixel.
        root: tensors that hold the same values, perhaps in another shape, have the same number.
        op: what made it.
        at: the module whose forward made it.
        parents: for narrow ones, the tracked tensors it was made from.
        shape: of the tensor.
        again: for narrow ones, computes the operation again on another first parent.
        weight: for a layer, the shape of its weight.
        operand: for a layer, which of its tensors isn't the weight.
        pool: where pixels became one number: what was pooled, and how.
        address: for a layer or pool, its number within each running module.
        taken: the first module that took it as its first argument.
        given: the innermost module that gave it.
        value: for narrow ones, the tensor itself; they are small.
    """

    wide: bool
    root: int
    op: str
    at: str
    parents: tuple["Seen", ...] = ()
    shape: tuple[int, ...] = ()
    again: Callable[[Tensor], Tensor] | None = None
    weight: tuple[int, ...] | None = None
    operand: int = 0
    pool: "Pool | None" = None
    address: dict[Call, int] = field(default_factory=dict)
    value: Tensor | None = None
    taken: str | None = None
    given: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Pool:
    """How pixels became one number.

    Attributes:
        kind: ``"mean"``, ``"max"``, ``"sum"``, ``"norm"``, ``"attention"``, ...
        source: the tensor that was pooled.
        dims: the dimensions that it lost.
    """

    kind: str
    source: Seen
    dims: tuple[int, ...]


@dataclass(eq=False, slots=True)
class Candidate:
    """A product of a wide tensor with a narrow one, or with a wide one that has a single channel."""

    order: int
    gate: Seen
    maps: Seen
    side: int  # which operand is the gate
    s: Tensor  # brought to the maps' rank where an einsum says how
    u: Tensor | None
    sizes: tuple[int, ...]  # of the maps
    stack: tuple[Call, ...]
    address: dict[Call, int]
    where: str
    residual: bool = False


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


def reduced(
    name: str,
    args: tuple,
    kwargs: dict,
    before: tuple[int, ...],
    after: tuple[int, ...],
) -> tuple[str, tuple[int, ...]]:
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
    others = [tensor for tensor, each in zip(tensors, seen, strict=True) if each is None]
    if len(others) != len(seen) - 1 or any(tensor.numel() > 1 for tensor in others):
        return None
    one = next(tensor for tensor, each in zip(tensors, seen, strict=True) if each is not None)

    def again(x: Tensor) -> Tensor:
        swapped = [x if arg is one else arg for arg in args]
        return func(*swapped, **{key: x if arg is one else arg for key, arg in kwargs.items()})

    numbers = [arg for arg in (*args, *kwargs.values()) if arg is not one]
    again.key = None if any(isinstance(arg, (Tensor, list)) for arg in numbers) else (func, *kwargs, *numbers)
    return again  # two calls of one key compute the same


def tensors_of(value: Any) -> list[Tensor]:
    """Every tensor in what a model takes or gives: a tensor, lists, dictionaries, the outputs of Hugging Face's models."""
    return [leaf for leaf in torch.utils._pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


# --- einsum: its letters say which dimensions are whose ---


def _letters(args: tuple) -> tuple[list[str], str] | None:
    """The letters of each operand and of the result; None where the equation has dots, or leaves the result to be guessed."""
    if not args or not isinstance(args[0], str) or "->" not in args[0] or "." in args[0]:
        return None
    left, _, right = args[0].replace(" ", "").partition("->")
    return left.split(","), right


def einsum_pool(args: tuple) -> tuple[int, ...]:
    """The dimensions over which ``einsum("nchw->nc", x)`` sums; none where it does something else."""
    parsed = _letters(args)
    if parsed is None or len(parsed[0]) != 1:
        return ()
    (taken,), given = parsed
    lost = tuple(d for d, letter in enumerate(taken) if letter not in given)
    return lost if "".join(letter for letter in taken if letter in given) == given else ()


def einsum_spread(args: tuple, side: int, gate: Tensor) -> Tensor | None:
    """The gate of ``einsum("nchw,nc->nchw", x, s)`` in the rank of the maps; None where something is summed or turned."""
    parsed = _letters(args)
    if parsed is None or len(parsed[0]) != 2:
        return None
    small, maps = parsed[0][side], parsed[0][1 - side]
    if maps != parsed[1] or [letter for letter in maps if letter in small] != list(small):
        return None
    sizes = dict(zip(small, gate.shape, strict=True))
    return gate.reshape([sizes.get(letter, 1) for letter in maps])


def einsum_kind(args: tuple) -> str:
    """What an ``einsum`` is: a pool, a product or a layer."""
    parsed = _letters(args)
    if einsum_pool(args):
        return "pool"
    return "product" if parsed is not None and len(parsed[0]) == 2 and parsed[1] in parsed[0] else "layer"
