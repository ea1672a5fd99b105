"""What the commands print that work on a study: progress, what was done, where the time went."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
)
from rich.text import Text

from screen.study.work.watching import Display, Stage
from screen.terminal import open_console, printable

if TYPE_CHECKING:
    from screen.study.work.stages import ShardDone

# Where no bars can be shown a line is written, so often in seconds.
_EVERY = 60.0


class _Pace(ProgressColumn):
    """How many units a second, and how long the rest will take."""

    def render(self, task: Task) -> Text:
        return Text(task.fields.get("pace", ""), style="cyan")


class _Bars(Display):
    """A bar on stderr for each stage; lines now and then where that is no terminal."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[int, Any] = {}
        self._written = time.monotonic()

    def show(self, stage: Stage) -> None:
        """Move the bar of a stage on."""
        now = time.monotonic()
        pace = _tell_pace(stage, now)
        if self._bars.disable:
            if now - self._written >= _EVERY:
                self._written = now
                done = f"{stage.done} of {stage.total} {stage.unit}"
                self.say(f"{stage.name}: {done}{', ' if pace else ''}{pace}")
            return
        if id(stage) not in self._tasks:
            words = f"{stage.name}"
            self._tasks[id(stage)] = self._bars.add_task(words, total=stage.total)
        self._bars.update(self._tasks[id(stage)], completed=stage.done, pace=pace)

    def say(self, words: str) -> None:
        """Write a line above the bars."""
        self._bars.console.print(Text(printable(words)), soft_wrap=True)


@contextmanager
def open_display() -> Iterator[Display]:
    """Show stages as bars on stderr."""
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Pace())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield _Bars(bars)


def _tell_pace(stage: Stage, now: float) -> str:
    rate, left = stage.measure(now)
    if rate is None or left is None:
        return ""
    pace = f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"
    return f"{pace} {stage.unit} a second, {tell_duration(left)} left"


def tell_duration(seconds: float) -> str:
    """Say how long something takes, as 45 s, 12 min or 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def count_work(done: Sequence["ShardDone"], loaded: int) -> dict[str, int]:
    """Return what a run had to do: shards, and papers read and matched."""
    return {
        "shards": len(done),
        "shards_worked_on": sum(bool(shard.worked_on) for shard in done),
        "shards_loaded": loaded,
        "papers_read": sum(shard.papers for shard in done if "text" in shard.worked_on),
        "papers_matched": sum(shard.papers for shard in done if "hits" in shard.worked_on),
        "papers_searched": sum(shard.papers for shard in done if "published" in shard.worked_on),
    }


def show_work(study: Path, work: Mapping[str, int]) -> None:
    """Print what a run had to do, or that there was nothing to do."""
    name = printable(str(study))
    if work["shards_worked_on"]:
        searched = work["papers_searched"]
        words = (
            f"{work['papers_read']} papers read, {work['papers_matched']} matched, "
            + (f"{searched} searched as published, " if searched else "")
            + f"in {work['shards_worked_on']} of {work['shards']} shards; "
            f"{work['shards_loaded']} shards loaded."
        )
    else:
        words = f"nothing to do, all {work['shards']} shards are up to date."
    open_console().print(Text(f"{name}: {words}"))


def show_time(account: Mapping[str, Any], workers: int) -> None:
    """Print where the time went, stage by stage: here, and in all workers together."""
    console = open_console()
    whole = f" with {workers} workers" if workers > 1 else ""
    console.print(Text(f"{account['seconds']:>10.1f} s in all{whole}, of these"))
    for name, seconds in account["seconds_here"].items():
        if seconds >= 0.05:
            console.print(Text(f"{seconds:>10.1f} s {name}"))
    of_workers = account["seconds_of_workers"]
    if of_workers:
        total = sum(of_workers.values())
        console.print(Text(f"{total:>10.1f} s of the workers, of these"))
        for name, seconds in sorted(of_workers.items(), key=lambda pair: -pair[1]):
            share = seconds / max(total, 1e-9)
            console.print(Text(f"{seconds:>10.1f} s {name} ({share:.0%})"))


def show_working(working: Sequence[Mapping[str, Any]]) -> None:
    """Print who is at work on a study, and how far they are."""
    console = open_console()
    for who in working:
        where = f"process {who['pid']} on {who['host']}"
        words = f"at work since {who['since']}: {who['command']} ({where})"
        progress = who["progress"]
        if progress is not None:
            done = f"{progress['done']} of {progress['total']} {progress['unit']}"
            words += f"; {progress['stage']}: {done}"
            if progress["seconds_left"] is not None:
                words += f", {tell_duration(progress['seconds_left'])} left"
        console.print(Text(printable(words), style="bold"))
