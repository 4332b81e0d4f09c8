"""Pools and products that are written as an ``einsum``: its letters say which dimensions are whose."""

from torch import Tensor


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
    """What it is: a pool, a product or a layer."""
    parsed = _letters(args)
    if einsum_pool(args):
        return "pool"
    return "product" if parsed is not None and len(parsed[0]) == 2 and parsed[1] in parsed[0] else "layer"
