"""Watching a study at work: how far each stage is, how fast, how long it will take; and the log.

Every process that works on a study keeps a log of its own in log/, as JSON Lines, which it holds
locked as long as it lives: so anybody can tell, on any machine that sees the folder, who is at
work and how far they are. Times and hosts are written there and nowhere else.
"""

import fcntl
import json
import os
import secrets
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from screen.study.work.isolation import BrokenOffError
from screen.study.work.stages import ShardDone

FOLDER = "log"
# How often the log is told of progress, in seconds.
_EVERY = 2.0
# The rate is that of so many last seconds: what came before may have been of another kind.
_LATELY = 120.0
# Of so many damaged or outdated shards the name is told, not of more.
_NAMED = 20


@dataclass(slots=True)
class Stage:
    """A stage under way: `done` of `total` units, `held` of which were done before it began."""

    name: str
    unit: str
    total: int
    done: int = 0
    held: int = 0
    began: float = field(default_factory=time.monotonic)
    marks: list[tuple[float, int]] = field(default_factory=list)

    def advance(self, number: int, now: float) -> None:
        """Count so many units more as done."""
        self.done += number
        if not self.marks or now - self.marks[-1][0] >= 1:
            self.marks.append((now, self.done))
        while len(self.marks) > 2 and now - self.marks[1][0] > _LATELY:
            del self.marks[0]

    def measure(self, now: float) -> tuple[float | None, float | None]:
        """Return units a second, lately, and the seconds left; None where nothing is known yet."""
        since, before = self.marks[0] if self.marks else (self.began, self.held)
        if len(self.marks) < 2 or now - since < 2:
            since, before = self.began, self.held
        if self.done <= before or now <= since:
            return None, None
        rate = (self.done - before) / (now - since)
        return rate, max(self.total - self.done, 0) / rate


class Display:
    """What shows the stages to somebody; by itself nothing does."""

    def show(self, stage: Stage) -> None:
        """Show how far a stage is."""

    def say(self, words: str) -> None:
        """Show a line that is to be read."""


class Watch:
    """Looks on while a study is worked on: shows progress, keeps the log, adds up the time.

    Given no folder it keeps no log. Used as a context manager; what ends it is logged too.
    """

    def __init__(
        self, study: Path | None = None, what: str = "", display: Display | None = None
    ) -> None:
        self.display = display or Display()
        self.here: dict[str, float] = defaultdict(float)
        self.workers: dict[str, float] = defaultdict(float)
        self._what = what
        self._study = study
        self._log: TextIO | None = None
        self._stages: list[Stage] = []
        self._entered: list[tuple[str, float]] = []
        self._began = time.monotonic()
        self._told = 0.0
        self._again: dict[str, int] = defaultdict(int)

    def __enter__(self) -> "Watch":
        if self._study is not None:
            self._log = _open_log(self._study)
            self._write("start", command=self._what, host=socket.gethostname(), pid=os.getpid())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        how: dict[str, Any] = {"outcome": "done"}
        if isinstance(error, KeyboardInterrupt | BrokenOffError):
            how = {"outcome": "interrupted"}
        elif error is not None:
            how = {"outcome": "failed", "error": f"{type(error).__name__}: {error}"}
        self._write("end", **how, **self.account())
        if self._log is not None:
            with suppress(OSError):
                self._log.close()
            self._log = None

    @contextmanager
    def stage(self, name: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        """Look on at one stage; yields what to call with how many units more are done.

        Stages may lie in one another: the time counts for the inner one.
        """
        stage = Stage(name, unit, total)
        self._stages.append(stage)

        def advance(number: int) -> None:
            now = time.monotonic()
            stage.advance(number, now)
            self.display.show(stage)
            if now - self._told >= _EVERY:
                self._told = now
                self._tell(stage, now)

        with self.spending(name):
            self.display.show(stage)
            self._tell(stage, time.monotonic())
            try:
                yield advance
            finally:
                self._stages.remove(stage)
                self._tell(stage, time.monotonic())

    @contextmanager
    def spending(self, name: str) -> Iterator[None]:
        """Count the time within for `name`, and not for what it lies in."""
        now = time.monotonic()
        if self._entered:
            outer, since = self._entered[-1]
            self.here[outer] += now - since
        self._entered.append((name, now))
        try:
            yield
        finally:
            now = time.monotonic()
            _, since = self._entered.pop()
            self.here[name] += now - since
            if self._entered:
                self._entered[-1] = (self._entered[-1][0], now)

    def shard(self, shard: ShardDone) -> None:
        """Hear of a shard that was worked on."""
        for what, seconds in shard.seconds.items():
            self.workers[what] += seconds
        facts = {"shard": shard.number, "papers": shard.papers, "stages": sorted(shard.worked_on)}
        self._write("shard", **facts, deaths=shard.deaths, seconds=_rounded(shard.seconds))
        for stage, why in shard.wanting.items():
            name = f"{stage}/{shard.number:05d}"
            self._write("again", shard=name, why=why.value)
            self._again[why.value] += 1
            if self._again[why.value] <= _NAMED:
                self.display.say(f"{name}: {why.value}; made anew")
        for failure in shard.failures:
            row = {"path": failure.path, "page": failure.page, "stage": failure.stage}
            self._write("failure", shard=shard.number, **row, error=failure.error)

    def say(self, words: str) -> None:
        """Tell something to whoever looks on, and the log."""
        self._write("note", text=words)
        self.display.say(words)

    def account(self) -> dict[str, Any]:
        """Return where the time went, in seconds: here, and in all workers together."""
        return {
            "seconds": round(time.monotonic() - self._began, 3),
            "seconds_here": _rounded(self.here),
            "seconds_of_workers": _rounded(self.workers),
            "made_anew": dict(self._again),
        }

    def _tell(self, stage: Stage, now: float) -> None:
        self._write("progress", **_describe(stage, now))

    def _write(self, event: str, **facts: Any) -> None:
        if self._log is None:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        # The log is not worth ending a run for: where the disk is full that shows elsewhere.
        with suppress(OSError):
            self._log.write(json.dumps({"at": at, "event": event, **facts}) + "\n")
            self._log.flush()


def list_working(study: Path) -> list[dict[str, Any]]:
    """Return who is at work on a study at this moment, and how far they are.

    Each has `command`, `host`, `pid`, `since`, and `progress`: null, or stage, unit, done, total,
    rate (units a second) and seconds_left (null where not known yet), and when (`at`).
    """
    found = []
    for path in sorted((study / FOLDER).glob("*.jsonl")):
        try:
            with path.open("rb") as file:
                if not _is_held(file.fileno()):
                    continue
                first = json.loads(file.readline())
                file.seek(max(path.stat().st_size - 65_536, 0))
                rows = file.read().splitlines()
        except (OSError, ValueError):
            continue
        who = {name: first.get(name) for name in ("command", "host", "pid")}
        found.append({**who, "since": first.get("at"), "progress": _find_progress(rows)})
    return found


def _find_progress(rows: list[bytes]) -> dict[str, Any] | None:
    for line in reversed(rows):
        with suppress(ValueError):
            row: dict[str, Any] = json.loads(line)
            if row.pop("event", "") == "progress":
                return row
    return None


def _describe(stage: Stage, now: float) -> dict[str, Any]:
    rate, left = stage.measure(now)
    return {
        "stage": stage.name,
        "unit": stage.unit,
        "done": stage.done,
        "total": stage.total,
        "rate": None if rate is None else round(rate, 3),
        "seconds_left": None if left is None else round(left, 1),
    }


def _open_log(study: Path) -> TextIO | None:
    """Return a new log, locked; None where none can be written."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    name = f"{now}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}.jsonl"
    try:
        (study / FOLDER).mkdir(exist_ok=True)
        file = (study / FOLDER / name).open("x", encoding="ascii")
    except OSError:
        return None
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _is_held(number: int) -> bool:
    """Tell whether the process that writes a log is still alive."""
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(number, fcntl.LOCK_UN)
    return False


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(spent, 3) for name, spent in seconds.items()}
