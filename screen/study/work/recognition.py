"""Optical character recognition of the pages that hold no text that could be read.

It takes seconds a page where all else takes milliseconds. So it is done page by page, each page is
kept as soon as it is read (ocr/NNNNN.part.jsonl, until the shard is whole), and what was read once
is read again only if the engine or this program reads otherwise than before.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from screen.errors import DocumentError
from screen.ingest.limits import within
from screen.ingest.ocr import Task, recognise_page
from screen.settings import Limits, Recognition
from screen.study.contents import (
    as_page,
    as_page_row,
    read_extracted,
    read_recognised,
    write_pages,
)
from screen.study.folder import Study
from screen.study.shards import (
    Manifest,
    find_done,
    forget,
    read_manifest,
)
from screen.study.work.engine import Workers, own_process, run_tasks
from screen.study.work.isolation import GRACE, Death
from screen.types import Page

# A page of a journal on one processor of the day, to tell beforehand how long it will take.
SECONDS_A_PAGE = 8.0

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one page: the page as it was read, or why there is none."""

    key: Key
    page: Page | None = None
    error: str = ""


def find_waiting(study: Study, number: int) -> list[Task]:
    """Return the pages of a shard that have no text, of files that can be drawn."""
    sources = {
        item.source.sha256: item.source
        for item in study.shard_sources(number)
        if item.source.media_type == "application/pdf"
    }
    return [
        Task(sources[page.sha256], page.number)
        for page in read_extracted(study.folder, number)
        if page.method == "unreadable" and page.sha256 in sources
    ]


def recognise(
    study: Study,
    shards: Mapping[int, str],
    made_by: str,
    settings: Recognition,
    limits: Limits,
    workers: Workers,
    report: Callable[[], None],
) -> None:
    """Read the waiting pages of shards and write them; `shards` gives the hash of their input.

    `report` is called for each page. Ended at any time, it goes on where it was.
    """
    waiting: dict[Key, Task] = {}
    home: dict[Key, int] = {}
    known: dict[int, dict[Key, Outcome]] = {}
    left: Counter[int] = Counter()
    for number, source in shards.items():
        known[number] = _read_known(study.folder, number, made_by)
        for task in find_waiting(study, number):
            if task.key in known[number]:
                report()
                continue
            waiting[task.key], home[task.key] = task, number
            left[number] += 1
        if not left[number]:
            write(study.folder, number, known[number], source, made_by)
    work = partial(recognise_apart, settings.seconds, limits.memory_mb)
    for _, outcome in run_tasks(workers, work, waiting.values()):
        number = home[outcome.key]
        known[number][outcome.key] = outcome
        _keep(study.folder, number, made_by, outcome)
        report()
        left[number] -= 1
        if not left[number]:
            write(study.folder, number, known[number], shards[number], made_by)


def reopen(study: Path, number: int) -> None:
    """Make a shard count as not done; what was read of it is kept, what was not is tried again."""
    manifest = find_done(study / "ocr", number, None, None)
    if isinstance(manifest, Manifest):
        _part(study, number).unlink(missing_ok=True)
        for page in read_recognised(study, number):
            if page.is_read:
                _keep(study, number, manifest.recipe, _outcome(page))
    forget(study / "ocr", number)


def write(
    study: Path,
    number: int,
    outcomes: Mapping[Key, Outcome],
    source: str,
    made_by: str,
    why_not: str = "",
) -> Manifest:
    """Write a shard of recognised pages, with all that could still not be read.

    `why_not` is told of the pages that were not given to recognition.
    """
    before = {(page.sha256, page.number): page for page in read_extracted(study, number)}
    pages, errors = [], {}
    for key, page in before.items():
        outcome = outcomes.get(key)
        if outcome is None or outcome.page is None:
            if page.method == "unreadable":
                errors[key] = outcome.error if outcome else why_not
            continue
        seen = outcome.page
        pages.append(
            replace(
                seen,
                text=seen.text or page.text,
                route=", ".join(filter(None, (page.route, seen.route))),
            )
        )
        if not seen.is_read:
            errors[key] = f"nor in its picture ({seen.route})"
    text = read_manifest(study / "text", number)
    read = outcomes.keys() - errors.keys()
    failures = [
        replace(failure, error="; ".join(filter(None, (failure.error, errors.get(key)))))
        for failure in (text.failures if text else ())
        if (key := (failure.sha256, failure.page or 0)) not in read
    ]
    manifest = write_pages(study / "ocr", number, pages, failures, source, made_by)
    _part(study, number).unlink(missing_ok=True)
    return manifest


def write_unrecognised(
    study: Path, number: int, settings: Recognition, source: str, made_by: str
) -> Manifest:
    """Write a shard of which no page is to be recognised, or none can be; `made_by` "" for none.

    What was recognised before, perhaps on another machine, stays unless that is not wanted.
    """
    if settings.use == "no":
        why_not = "optical character recognition is switched off in study.toml"
        return write(study, number, {}, source, made_by, why_not)
    known = _read_known(study, number, made_by or None)
    why_not = "optical character recognition is not installed: pip install 'ddr-screen[ocr]'"
    return write(study, number, known, source, made_by, why_not)


# ---- the work ---------------------------------------------------------------------------------


def recognise_apart(seconds: float, megabytes: float, task: Task) -> Outcome:
    """Recognise a page in the process of this thread, which may die of it.

    It has so many seconds, and so much memory in megabytes.
    """
    # The process ends itself in time, unless something in it withstands the signal.
    result = own_process().ask(_recognise, seconds, megabytes, task, seconds=seconds + GRACE)
    if not isinstance(result, Death):
        return result
    why = "optical character recognition crashed on this page"
    if result.timed_out:
        why = f"optical character recognition took more than {seconds:g} s"
    return Outcome(task.key, error=why)


def _recognise(seconds: float, megabytes: float, task: Task) -> Outcome:
    try:
        with within(seconds, megabytes):
            return Outcome(task.key, recognise_page(task))
    except DocumentError as error:
        return Outcome(task.key, error=error.reason)


# ---- what is kept ------------------------------------------------------------------------------


def _read_known(study: Path, number: int, made_by: str | None) -> dict[Key, Outcome]:
    """Return what was read before by the same engine, in a shard or on the way to one."""
    known = {}
    if isinstance(find_done(study / "ocr", number, None, made_by), Manifest):
        for page in read_recognised(study, number):
            known[page.sha256, page.number] = _outcome(page)
    for outcome in _read_part(_part(study, number), made_by):
        known[outcome.key] = outcome
    return known


def _outcome(page: Page) -> Outcome:
    """Return the outcome of which a page in a shard was made, but for the routes before it."""
    _, _, route = page.route.rpartition(", ")
    return Outcome((page.sha256, page.number), replace(page, route=route))


def _read_part(path: Path, made_by: str | None) -> Iterator[Outcome]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        try:
            row: dict[str, Any] = json.loads(line)
            page = as_page(row["page"]) if row["page"] else None
            if made_by in (None, row["made_by"]):
                yield Outcome((row["key"][0], row["key"][1]), page, row["error"])
        except (ValueError, KeyError, TypeError, IndexError):
            # The last line of a run that was killed: its page is read again.
            continue


def _keep(study: Path, number: int, made_by: str, outcome: Outcome) -> None:
    row = {
        **asdict(outcome),
        "page": outcome.page and as_page_row(outcome.page),
        "made_by": made_by,
    }
    with _part(study, number).open("a", encoding="utf-8") as file:
        # The line before may have been cut off by a kill.
        file.write("\n" + json.dumps(row))
        file.flush()
        os.fsync(file.fileno())


def _part(study: Path, number: int) -> Path:
    return study / "ocr" / f"{number:05d}.part.jsonl"
