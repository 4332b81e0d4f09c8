"""Every gate of a running torch model, found by what it computes, and the proof that it is one.

One forward on an example finds them (:mod:`senet.inside.tracking`). The proof runs the model again:
with the recorded gates put back, its output has to be the same bit for bit, and with the channels
of one gate permuted it must not be.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary, ref

import torch
from torch import Tensor, nn

from .calls import tensors_of
from .gates import BY_CHANNEL, Anatomy, Gate
from .kinds import family, hidden_of, varying
from .looking import evaluating
from .reading import Point, Reader
from .tracking import Candidate, Seen, Tracker


@dataclass(frozen=True, eq=False)
class Found:
    """The gates of a model, and where in its forward each of them is read.

    Attributes:
        anatomy: what they are.
        points: by name, those with one number per picture and channel.
        values: what the forward that found them computed: by name z, s and U (None if not kept).
    """

    anatomy: Anatomy
    points: dict[str, Point]
    values: dict[str, tuple[int, Tensor, Tensor, Tensor | None]]


class Walk:
    """A model's modules, walked once; the gates that were found; and what recording knows by class. It keeps no module alive."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self.names, self.refs = [*modules], [ref(module) for module in modules.values()]
        self.shape = _shape([*modules.values()])
        self.found: Found | None = None
        self.blocks: Any = None

    def modules(self) -> list[nn.Module] | None:
        """As ``modules()`` gives them; None if some are others than when they were walked."""
        modules = [alive() for alive in self.refs]
        return None if None in modules or _shape(modules) != self.shape else modules

    def named(self, modules: Iterable[nn.Module]) -> dict[str, nn.Module]:
        """As ``named_modules()`` gives them."""
        return dict(zip(self.names, modules, strict=True))


def _shape(modules: list[nn.Module]) -> list[Any]:
    """What changes when a module is put in, taken out, renamed, compiled or made another class."""
    tables = [module._modules for module in modules]
    children = [id(child) for table in tables if table for child in table.values()]
    compiled = filter(None, [module._compiled_call_impl for module in modules])
    return [*map(type, modules), *map(len, tables), *chain.from_iterable(tables), *children, *compiled]


_WALKS: "WeakKeyDictionary[nn.Module, Walk]" = WeakKeyDictionary()


def walked(model: nn.Module) -> tuple[Walk, list[nn.Module]]:
    """What is known of ``model``, and its modules. Raises ``ValueError`` if some are scripted or compiled."""
    walk = _WALKS.get(model)
    modules = None if walk is None else walk.modules()
    if modules is None:
        named = dict(model.named_modules())
        refuse_compiled(named)
        walk, modules = Walk(named), [*named.values()]
        _WALKS[model] = walk
    return walk, modules


def anatomy(model: nn.Module, images: Any, *, prove: bool = True) -> Anatomy:
    """All gates of ``model``, whatever they are called there.

    Args:
        model: any eager torch model. It runs in evaluation mode, and is left as it was.
        images: what it takes, such as (N, 3, H, W), (N, C, L) or (N, C, D, H, W). Maps of one pixel
            cannot be told from pooled ones: the last ones should have several.
        prove: prove each gate, which takes two forwards, and one more for each gate.

    Raises:
        ValueError: ``model`` is scripted or compiled, so that its Python does not run.
    """
    model = unwrapped(model)
    walk, modules = walked(model)
    with evaluating(modules), torch.no_grad():
        found = find(model, images, walk.named(modules))
        return prove_all(model, images, found) if prove else found.anatomy


def known(model: nn.Module, images: Any) -> Found:
    """The gates of ``model``; searched for once, and again when its modules have changed."""
    walk, modules = walked(model)
    if walk.found is None:
        keep(walk, find(model, images, walk.named(modules)))
    return walk.found


def forget(model: nn.Module) -> None:
    """Search again the next time, as after a change of what the forward does."""
    _WALKS.pop(unwrapped(model), None)


def keep(walk: Walk, found: Found) -> None:
    """Remember the gates of a model, without what was computed."""
    walk.found = Found(found.anatomy, found.points, {})


def find(model: nn.Module, images: Any, modules: Mapping[str, nn.Module], maps: bool = False) -> Found:
    """One forward in a tracker. The caller has set evaluation mode and switched gradients off."""
    tracker = Tracker(tensors_of(images), maps)
    with tracker.watching(modules):
        model(images)
    return described(model, tracker)


def described(model: nn.Module, tracker: Tracker) -> Found:
    """What the tracker's candidates are; those that only normalise are counted in a note."""
    accepted, normalise = [], 0
    for candidate in tracker.candidates:
        kind, dims, path = family(candidate)
        if kind is None:
            normalise += not candidate.gate.wide
        else:
            accepted.append((candidate, kind, dims, path, _home(candidate, path)))
    names = _names([home for *_, home in accepted])
    gates, others, points, values = [], [], {}, {}
    for (candidate, kind, dims, path, home), name in zip(accepted, names, strict=True):
        by_channel = kind in BY_CHANNEL
        gate = _gate(candidate, name, 1 + len(gates if by_channel else others), kind, dims, path)
        (gates if by_channel else others).append(gate)
        if by_channel:
            first = path.layers[0] if path.layers else path.first
            points[name] = point = Point(
                module=home.module,
                run=home.run,
                product=candidate.address[home],
                first=first.address.get(home),
                layered=bool(path.layers),
                operand=first.operand,
                side=candidate.side,
                dims=dims,
                shape=varying(candidate)[1][1:],
                inside=frozenset(call.module for call in first.address),
                hooks=_hooks(tracker, candidate, path),
            )
            z, s = path.first.value.flatten(1), point.compact(candidate.s, len(candidate.sizes))
            values[name] = (candidate.order, z, s, point.maps(candidate.u))
    notes = (f"{normalise} products with pooled tensors only normalise",) if normalise else ()
    return Found(Anatomy(type(model).__name__, tuple(gates), tuple(others), notes), points, values)


def _gate(
    candidate: Candidate,
    name: str,
    depth: int,
    kind: str,
    dims: tuple[int, ...],
    path: Any,
) -> Gate:
    channels = torch.Size(candidate.sizes[d] for d in dims).numel() if kind in BY_CHANNEL else candidate.sizes[1]
    if path is None:
        one = {"family": kind, "kind": candidate.gate.op, "channels": candidate.sizes[1], "pool": "none"}
        return Gate(name=name, depth=depth, where=candidate.where, **one)
    pool = path.pools[0]
    return Gate(
        name=name,
        depth=depth,
        family=kind,
        kind=path.bound.kind,
        channels=channels,
        slope=path.bound.slope,
        hidden=None if kind == "ECA" else hidden_of(path),
        pool=" + ".join(dict.fromkeys(each.kind for each in path.pools)),
        squeezes=_origin(pool.source),
        multiplies=_origin(candidate.maps),
        same=pool.source.root == candidate.maps.root,
        residual=candidate.residual or (path.bound.kind == "sigmoid" and path.bound.low == 1),
        where=candidate.where,
    )


def _hooks(tracker: Tracker, candidate: Candidate, path: Any) -> tuple[str, str] | None:
    """The modules whose hooks see z and s as they are read."""
    gate = candidate.gate
    while not gate.given and gate.op == "reshape":  # s[:, :, None, None]
        gate = gate.parents[0]
    taken, given, shape = path.first.taken, gate.given, (*gate.shape, 0)
    once = tracker.runs.get(taken) == tracker.runs.get(given) == 0
    same_rows = shape[:2] == candidate.sizes[:2] and torch.equal(gate.value.flatten(), candidate.s.flatten())
    return (taken, given) if once and same_rows else None


def _origin(seen: Seen) -> str:
    return "input" if seen.op == "input" else f"{seen.op} of {seen.at}" if seen.at else seen.op


def _home(candidate: Candidate, path: Any) -> Any:
    """The innermost call of a module in which both the product and the first layer ran."""
    address = None
    if path is not None:
        address = (path.layers[0] if path.layers else path.first).address
    calls = [call for call in candidate.stack if address is None or call in address]
    return calls[-1]


def _names(homes: list[Any]) -> list[str]:
    """The path of each gate's module; numbered where several gates are in one, or it ran several times."""
    total, so_far, names = Counter(home.module for home in homes), Counter(), []
    for home in homes:
        so_far[home.module] += 1
        names.append(home.module if total[home.module] == 1 else f"{home.module}#{so_far[home.module]}")
    return names


# --- proof -------------------------------------------------------------------------------------------


def prove_all(model: nn.Module, images: Any, found: Found) -> Anatomy:
    """Replay each gate, then permute each: the anatomy with a verdict for every gate."""
    gates = {name: s for name, (_, _, s, _) in found.values.items()}
    if not gates:
        return found.anatomy
    expected = _answer(model, images, found, {})
    if not same(expected, _answer(model, images, found, {})):
        return found.anatomy.proved(["the model answers otherwise each time it runs"] * len(gates))
    if not same(expected, _answer(model, images, found, gates)):
        return found.anatomy.proved(["putting the recorded gates back changes the output"] * len(gates))
    return found.anatomy.proved([_verdict(model, images, found, name, s, expected) for name, s in gates.items()])


def _verdict(
    model: nn.Module,
    images: Any,
    found: Found,
    name: str,
    s: Tensor,
    expected: list[Tensor],
) -> str:
    permuted = s.roll(1, dims=1)
    if torch.equal(permuted, s):
        return "all its channels are equal, so that a permutation changes nothing"
    changed = _answer(model, images, found, {name: permuted})
    return "proved" if not same(expected, changed) else "a permutation of its channels leaves the output as it is"


def _answer(model: nn.Module, images: Any, found: Found, gates: Mapping[str, Tensor]) -> list[Tensor]:
    points = {name: found.points[name] for name in gates}
    with Reader(points, gates).reading(model):
        return tensors_of(model(images))


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    """Whether two answers agree in every bit; NaN equals NaN."""
    if len(one) != len(other):
        return False
    return all(a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(one, other, strict=True))


# --- models ------------------------------------------------------------------------------------------


def unwrapped(model: nn.Module) -> nn.Module:
    """The model in ``torch.compile(model)`` or ``nn.DataParallel(model)``."""
    model = model._orig_mod if "_orig_mod" in model._modules else model  # getattr() with a default takes ten times as long
    return model.module if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)) else model


def refuse_compiled(modules: Mapping[str, nn.Module]) -> None:
    """Raise ``ValueError`` if some module's Python does not run in a forward, so that nothing in it can be seen."""
    for name, module in modules.items():
        if isinstance(module, torch.jit.ScriptModule) or module._compiled_call_impl or "_orig_mod" in module._modules:
            raise ValueError(
                f"{name or type(module).__name__} is scripted or compiled and calls no hooks: pass the model it was made from"
            )
