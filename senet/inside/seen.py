"""What is known of a tensor in a forward that is watched, of the pool that it comes from, and of the product that it enters."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from .calls import Call


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
