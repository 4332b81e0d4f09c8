"""What squeeze-and-excitation costs: this package beside others and beside no SE at all, timed in turns in one run.

Time on a shared machine drifts, so a number alone says little. So every round runs each contender once, in a newly drawn order,
and a ratio compares two times of the same round. The results are medians over the rounds, with 95 % bootstrap intervals. All SE
networks carry the same weights, and are checked to give the same answer before they are timed.

**The floor.** SE is bound by memory, not by arithmetic. Were all else free, this is what it would have to move beyond
the same network without SE, in units of the size of U (N, C, H, W):

- eval: 1, for U has to be read before the first gate is known. If squeezed before a 1x1 convolution that widens k times: 1 / k.
- training: that 1; on the way back U and the gradient for the gates (2), then the gradient again and the result for U's own (2): 5.

The usual code moves 3 in eval: the mean reads U, the product reads and writes; the sum that follows happens without SE as well. In
training it moves 13, for on the way back it also writes and reads the product that is summed for the gates (2), writes the mean's
gradient out (1) and adds that to U's (3). This package's moves 7: it adds to U's gradient in place (2).
The floor is those bytes over the bandwidth of a copy of as many values as U has, timed in the same rounds.

**Memory.** On a CPU the process keeps what it frees (:mod:`sebook.measure.malloc`), unless asked not to. Otherwise the times
include the system's handing out of pages: that takes up to a fifth of the time, and what was freed before decides which network
pays.
"""

import contextlib
import datetime
import itertools
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np
import torch

from senet import machine
from senet.arguments import at_least_one, one_of

from .contenders import DTYPES, FORMATS, MODES, STAGES, WHATS, Case, contenders, networks, squeezes, without_gradients
from .malloc import keep_freed

MOVES = {"eval": 1.0, "train": 5.0}  # the floor in the docstring above, in sizes of U
SHARES = {"squeeze": 1, "block": 4, "network": 60}  # of the time; what a case does not need goes to those after it
MEMORIES = ("kept", "returned")
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
LEAST_ROUNDS, MOST_ROUNDS = 5, 60


def run(
    *,
    only: Sequence[str] = WHATS,
    modes: Sequence[str] = MODES,
    dtypes: Sequence[str] | None = None,
    formats: Sequence[str] = tuple(FORMATS),
    batches: Sequence[int] = (1, 8, 32),
    block_batches: Sequence[int] = (8,),
    stages: Sequence[int] = tuple(STAGES),
    minutes: float = 20.0,
    compiled: bool = False,
    clock: str = "wall",
    memory: str = "kept",
    device: str | None = None,
    seed: int = 0,
    command: str = "sebook.measure.bench.run()",
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Time all cases that the arguments span.

    Args:
        only: of ``WHATS``, in this order: the squeeze alone, a bottleneck at each stage's shape, the whole network at 224 pixels.
        modes: ``"eval"``, without gradients, and ``"train"``, a step with SGD (bfloat16: float32 weights under autocast).
        dtypes: of ``DTYPES``; by default all that ``device`` is fast at, so bfloat16 only where it has instructions for it.
        formats: of ``FORMATS``.
        batches: pictures in a batch, for whole networks; one run for each number.
        block_batches: the same, for a bottleneck and for the squeeze.
        stages: of ``STAGES``, for all but networks.
        minutes: in all. What is left is shared by the cases left, and each takes the rounds that fit, at least 5, at most 60.
            Cases whose turn comes too late are named in ``left_out``.
        compiled: also time everything under ``torch.compile``.
        clock: ``"wall"``, or ``"cpu"``: seconds that all threads together were computing (run with ``OMP_WAIT_POLICY=passive``, or
            waiting counts as well). On a machine that others use, only ``"cpu"`` is meaningful.
        memory: what becomes of what a CPU's process frees: ``"kept"`` by it, or ``"returned"`` to the system as the C library
            does by itself. The result notes which of them took effect. ``"kept"`` lasts until the process ends.
        device: ``"cpu"`` or ``"cuda"``; by default cuda where there is one. There, time is always between two CUDA events.
        seed: of weights, inputs, orders and bootstrap.
        command: noted in the result.
        say: told each case's name before it starts.

    Returns:
        What can be written as JSON: the circumstances and ``cases``, each with ``results`` by contender: ``ms`` (median) and
        ``ms_interval``; ``ratio`` to ``base``, the same computation without SE, and ``ratio_interval``; ``extra_ms``, the median
        difference to ``base``, and ``floor_ms``, the least that difference can be. ``best`` compares this package's fastest with
        the fastest ``peer``: the ``ratio`` of their times and its ``interval``.

    Raises:
        ValueError: an argument that names nothing known; contenders that disagree.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if dtypes is None:
        dtypes = [name for name in DTYPES if name != "bfloat16" or machine.bfloat16_is_fast(device)]
        say(f"{machine.name(device)}; {machine.bfloat16_in_words('bfloat16' in dtypes, device)}")
    one_of(CLOCKS, clock=clock)
    one_of(MEMORIES, memory=memory)
    span = {"only": only, "modes": modes, "dtypes": dtypes, "formats": formats, "stages": stages}
    _check(span, (*batches, *block_batches))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    models = networks()
    began = time.monotonic()
    measure = _seconds_cuda if device.startswith("cuda") else partial(_seconds, CLOCKS[clock])
    result = _circumstances(command, device, seed) | {"clock": "cuda" if device.startswith("cuda") else clock}
    if device == "cpu":
        result["memory"] = "kept" if memory == "kept" and keep_freed() else "returned"
    cases = _cases(**span, batches=batches, block_batches=block_batches)
    for i, case in enumerate(cases):
        if i and time.monotonic() - began > 60 * minutes:
            result["left_out"].append(str(case))
            continue
        say(f"{i + 1}/{len(cases)} {case}")
        ways = squeezes(case, device) if case.what == "squeeze" else contenders(models, case, device, compiled)
        left = began + 60 * minutes - time.monotonic()
        share = SHARES[case.what] / sum(SHARES[other.what] for other in cases[i:])
        seconds = time_in_turns(ways | {"copy": _copy_of_u(case, device)}, left * share, measure, rng)
        result["cases"].append(asdict(case) | summary(case, seconds, rng))
    return result | {"load_after": list(os.getloadavg()), "minutes": round((time.monotonic() - began) / 60, 1)}


def _check(span: Mapping[str, Sequence], batches: Sequence[int]) -> None:
    """Raise ``ValueError`` where a value is not among the known ones."""
    known = {"only": WHATS, "modes": MODES, "dtypes": DTYPES, "formats": FORMATS, "stages": STAGES}
    for name, values in span.items():
        for value in values:
            one_of(known[name], **{name: value})
    for batch in batches:
        at_least_one(batches=batch)


def _cases(
    only: Sequence[str],
    modes: Sequence[str],
    dtypes: Sequence[str],
    formats: Sequence[str],
    stages: Sequence[int],
    batches: Sequence[int],
    block_batches: Sequence[int],
) -> list[Case]:
    return [
        Case(what, mode, dtype, memory_format, batch, stage)
        for what in only
        for mode in (("eval",) if what == "squeeze" else modes)
        for batch in (batches if what == "network" else block_batches)
        for dtype, memory_format, stage in itertools.product(dtypes, formats, (None,) if what == "network" else stages)
    ]


def _copy_of_u(case: Case, device: str) -> Callable[[], Any]:
    c, size = STAGES[case.stage or 1]
    u = torch.randn(case.batch, c, size, size, device=device, dtype=DTYPES[case.dtype])
    return without_gradients(torch.empty_like(u).copy_, u)


def time_in_turns(
    ways: Mapping[str, Callable[[], Any]], budget: float, measure: Callable[[Callable[[], Any]], float], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Seconds for each of ``ways``, one value a round; ``budget`` seconds in all, but at least 5 rounds. The first run counts for
    nothing: it allocates, chooses algorithms, compiles."""
    for way in ways.values():
        measure(way)  # counts for nothing: it allocates, chooses algorithms, compiles
    seconds = {name: [] for name in ways}
    began = time.monotonic()
    for done in range(MOST_ROUNDS):
        if done >= LEAST_ROUNDS and (time.monotonic() - began) * (done + 1) / done > budget:
            break
        for name in rng.permutation(list(ways)):
            seconds[name].append(measure(ways[name]))
    return {name: np.array(values) for name, values in seconds.items()}


def _seconds(clock: Callable[[], float], way: Callable[[], Any]) -> float:
    began = clock()
    way()
    return clock() - began


def _seconds_cuda(way: Callable[[], Any]) -> float:
    began, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    began.record()
    way()
    ended.record()
    torch.cuda.synchronize()
    return began.elapsed_time(ended) / 1000


def base_of(name: str, names: Sequence[str]) -> str | None:
    """What ``name`` is compared with: the same without SE, treated alike. A squeeze is compared with PyTorch's mean."""
    if "mean" in names:
        return "mean"
    _, *treated = name.replace("fused", "folded").split(", ")
    return ", ".join(["plain", *treated])


def summary(case: Case, seconds: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Medians, intervals and floors of one case, from seconds for each contender and round."""
    seconds = dict(seconds)
    c, size = STAGES[case.stage or 1]
    copied = 2 * case.batch * c * size * size * DTYPES[case.dtype].itemsize  # read and written
    bandwidth = copied / np.median(seconds.pop("copy"))
    results = {}
    for name, mine in seconds.items():
        base = base_of(name, list(seconds))
        narrower = 4 if name.startswith(("ours, fused", "before")) else 1
        results[name] = {
            "ms": _digits(np.median(mine) * 1e3),
            "ms_interval": _interval(mine * 1e3, rng),
            "base": base,
            "ratio": _digits(np.median(mine / seconds[base])),
            "ratio_interval": _interval(mine / seconds[base], rng),
            "extra_ms": _digits(np.median(mine - seconds[base]) * 1e3),
        }
        if not name.startswith("plain"):
            results[name]["floor_ms"] = _digits(MOVES[case.mode] * case.moved / narrower / bandwidth * 1e3)
    found = {"rounds": len(mine), "bandwidth_gb_s": _digits(bandwidth / 1e9), "results": results}
    return found if case.what == "squeeze" else found | {"best": _best(seconds, rng)}


def _best(seconds: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    def fastest(names: Sequence[str]) -> str:
        return min(names, key=lambda name: np.median(seconds[name]))

    ours = fastest([name for name in seconds if name.startswith("ours")])
    peer = fastest([name for name in seconds if not name.startswith(("ours", "plain"))])
    ratios = seconds[ours] / seconds[peer]
    return {"ours": ours, "peer": peer, "ratio": _digits(np.median(ratios)), "interval": _interval(ratios, rng)}


def _interval(values: np.ndarray, rng: np.random.Generator) -> list[float]:
    medians = np.median(rng.choice(values, (1000, len(values))), axis=1)
    return [_digits(edge) for edge in np.quantile(medians, (0.025, 0.975))]


def _digits(value: float) -> float:
    return float(f"{value:.4g}")


def table(result: Mapping[str, Any]) -> str:
    """The result's ratios as Markdown: a table for each kind of case, and the floor beside."""
    memory = f"freed memory {result['memory']}, " if "memory" in result else ""
    times = f"{result['threads']} threads, {memory}{result['clock']} time"
    lines = [f"{result['machine']}, {times}, {result['date']}, {result['versions']}"]
    for (what, mode), group in itertools.groupby(result["cases"], key=lambda case: (case["what"], case["mode"])):
        cases = list(group)
        names = [name for name, one in cases[0]["results"].items() if name != one["base"]]
        over = "over PyTorch's mean" if what == "squeeze" else "over the same without SE"
        lines += ["", f"{what}, {mode}: time {over}, and the floor", ""]
        beside = [] if what == "squeeze" else ["our best over the peers' best"]
        titles = [*names, "floor", *beside, "rounds"]
        lines += ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
        for case in cases:
            cells = []
            for name in names:
                one = case["results"][name]
                cells.append(_with_interval(one["ratio"], one["ratio_interval"]))
            best = case["results"]["ours, fused" if "ours, fused" in names else "ours"]
            without = 0 if what == "squeeze" else case["results"][best["base"]]["ms"]
            floor = (without + best["floor_ms"]) / case["results"][best["base"]]["ms"]
            stage = f", stage {case['stage']}" if case["stage"] else ""
            title = f"{case['dtype']}, {case['format']}, batch {case['batch']}{stage}"
            cells += [f"{floor:.3f}", *(_with_interval(case["best"]["ratio"], case["best"]["interval"]) for _ in beside)]
            lines.append(f"| {title} | " + " | ".join([*cells, str(case["rounds"])]) + " |")
    return "\n".join(lines)


def _with_interval(ratio: float, interval: Sequence[float]) -> str:
    return f"{ratio:.3f} ({interval[0]:.2f}-{interval[1]:.2f})"


def _circumstances(command: str, device: str, seed: int) -> dict[str, Any]:
    installed = {}
    for package in ("torch", "torchvision", "timm", "numpy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            installed[package] = metadata.version(package)
    return {
        "command": command,
        "seed": seed,
        "date": datetime.date.today().isoformat(),
        "machine": machine.name(device),
        "threads": torch.get_num_threads(),
        "load_before": list(os.getloadavg()),
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{name} {version}" for name, version in installed.items())]
        ),
        "cases": [],
        "left_out": [],
    }
