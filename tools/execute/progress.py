"""How far the chapters are, and how long they will still take."""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools import machine

from .chapter import Run

SHIPPED = Path(__file__).with_name("seconds.json")  # by chapter, each alone, of a core of 2024
SILENCE = 20.0  # seconds, after which a line is printed even if no chapter ended


class Clock:
    """Expects of each chapter the time it took last, and corrects that by what ran so far.

    Args:
        chapters: what is to be run.
        workers: how many at a time.
        recorded: a file with the times of earlier runs here, which come before the shipped ones.
    """

    def __init__(self, chapters: Sequence[Run], workers: int, recorded: Path) -> None:
        self.chapters, self.workers, self.recorded = chapters, workers, recorded
        self.known = json.loads(SHIPPED.read_text("utf8"))
        if recorded.is_file():
            self.known.update(json.loads(recorded.read_text("utf8")))
        self.usual = statistics.median(self.known.values())

    def expected(self, chapter: Run) -> float:
        """Seconds that a chapter should take; of a new one, what chapters take in the middle."""
        return self.known.get(chapter.path.stem, self.usual)

    def pace(self) -> float:
        """How many times longer than expected the chapters took that have ended; 1 before."""
        ended = [c for c in self.chapters if c.seconds is not None and c.error is None]
        expected = sum(map(self.expected, ended))
        return sum(c.seconds for c in ended) / expected if expected else 1.0

    def left(self) -> float:
        """Seconds until the last chapter ends."""
        pace = self.pace()
        rest = [  # a chapter that takes longer than expected needs a while more
            max(self.expected(chapter) * pace - chapter.elapsed, chapter.elapsed / 10)
            for chapter in self.chapters
            if chapter.seconds is None
        ]
        return max(sum(rest) / self.workers, max(rest, default=0.0))

    def keep(self) -> None:
        """Write down what chapters took, for the next time."""
        well = [c for c in self.chapters if c.seconds and not c.error]
        took = {c.path.stem: round(c.seconds, 1) for c in well}
        earlier = json.loads(self.recorded.read_text("utf8")) if self.recorded.is_file() else {}
        self.recorded.parent.mkdir(parents=True, exist_ok=True)
        self.recorded.write_text(json.dumps({**earlier, **took}, indent=1) + "\n", "utf8")


class Progress:
    """Says it, a line at a time: a terminal and a log show the same."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.said = clock, time.monotonic()
        self.told = 0  # chapters that were reported; several may have ended before the first of them is

    def begin(self) -> None:
        count, workers = len(self.clock.chapters), self.clock.workers
        chapters = f"{count} chapter{'s' if count > 1 else ''}"
        self.say(f"{chapters} to run, {workers} at a time ({machine.described()}): {self._time()}")

    def ended(self, chapter: Run) -> None:
        self.told += 1
        if chapter.error is None:
            cpu, peak = chapter.measured["cpu_seconds"], chapter.measured["peak_megabytes"]
            took = f"{chapter.seconds:.1f} s, {cpu:.1f} s of a core, {peak:.0f} MB at most"
        else:
            took = f"failed after {chapter.seconds:.1f} s"
        left = f"; {self._time()} left" if self.told < len(self.clock.chapters) else ""
        self.say(f"{self._count()} {chapter.path.name}: {took}{left}")

    def tick(self) -> None:
        """Say what runs, if nothing has been printed for a while."""
        if time.monotonic() - self.said > SILENCE:
            runs = [f"{c.path.stem} ({c.where})" for c in self.clock.chapters if c.seconds is None and c.at]
            self.say(f"{self._count()} running {', '.join(runs)}; {self._time()} left")

    def say(self, line: str) -> None:
        print(line, flush=True)
        self.said = time.monotonic()

    def _count(self) -> str:
        count = len(self.clock.chapters)
        return f"[{self.told:{len(str(count))}}/{count}]"

    def _time(self) -> str:
        seconds = max(5 * round(self.clock.left() / 5), 5)
        minutes, rest = divmod(seconds, 60)
        return f"about {minutes} min {rest:02} s" if minutes else f"about {rest} s"


def plain(text: str) -> str:
    """An error with its colours where a terminal shows them, and without elsewhere."""
    from .chapter import COLOURS

    return text if sys.stderr.isatty() else COLOURS.sub("", text)
