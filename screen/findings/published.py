"""The published search over files and studies, on many workers, as rows that leave at once.

A paper of which something could not be read has a row with an error: it is unscreened, not
unflagged. The fields are described in docs/formats.md.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from math import isnan
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.csv import WriteOptions, write_csv

from screen.errors import DocumentError
from screen.findings.export import defuse, open_output
from screen.ingest.files import FoundFile, Reading, hash_file, read_source, walk
from screen.match.afind import Targets, is_flagged, join_pages
from screen.settings import Limits, Published
from screen.study.engine import Isolated, run_tasks
from screen.study.folder import Study, printable_path
from screen.study.shards import read_manifest, read_pages
from screen.types import Failure

_CSV = pa.schema(
    [
        ("file", pa.string()),
        ("target", pa.string()),
        ("location", pa.int64()),
        ("distance", pa.float64()),
        ("match", pa.string()),
        ("flagged", pa.uint8()),
        ("page", pa.int64()),
        ("error", pa.string()),
    ]
)
FIELDS = tuple(_CSV.names)
Row = tuple[str, str | None, int | None, float | None, str | None, bool | None, int | None, str]

# Files that a worker takes at a time.
_BATCH = 50


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for, and how it is told: `format` is csv or jsonl.

    The best window of each phrase, or with `every` all windows below the cut-off.
    """

    phrases: tuple[str, ...]
    rule: Published
    every: bool
    format: str
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Files:
    """Source files, to be read and searched together."""

    files: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True)
class Shard:
    """The papers of one shard of a study, with the text that its run has read."""

    study: Path
    number: int
    names: tuple[tuple[str, str], ...]


Batch = Files | Shard


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of some papers as text, how many were searched, and how many of them flagged."""

    rows: str
    papers: int
    flagged: int
    errors: int


def list_batches(paths: Iterable[Path]) -> list[Batch]:
    """Return what is at or below some paths: files, or the papers of a study."""
    batches: list[Batch] = []
    for path in paths:
        if (path / "study.toml").is_file():
            study = Study(path)
            unread = [FoundFile(Path(row.path), row.path, row.error) for row in study.unread()]
            batches += _in_batches(unread)
            for number in study.shard_numbers():
                items = study.shard_sources(number)
                names = tuple((item.source.sha256, item.name) for item in items)
                batches.append(Shard(path, number, names))
        else:
            batches += _in_batches([found for found in walk(path) if found.taken])
    return batches


def _in_batches(files: Sequence[FoundFile]) -> list[Files]:
    return [Files(tuple(files[at : at + _BATCH])) for at in range(0, len(files), _BATCH)]


def search(question: Question, batches: Sequence[Batch], workers: int) -> Iterator[Found]:
    """Yield what is found in each batch, in their order, as soon as it is there."""
    waiting: dict[int, Found] = {}
    following = 0
    work = partial(_search_task, question)
    for (number, batch), found in run_tasks(work, enumerate(batches), workers):
        waiting[number] = found or _search_isolated(question, batch)
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def write_found(
    output: Path, format_: str, found: Iterable[Found], report: Callable[[Found], None]
) -> tuple[int, int, int]:
    """Write rows to a file, or standard output for "-", as they come; call `report` for each batch.

    Returns the numbers of papers searched, papers flagged, and errors. Raises ScreenError if the
    output cannot be written.
    """
    papers = flagged = errors = 0
    with open_output(output, format_) as file:
        if format_ == "csv":
            file.write(",".join(FIELDS) + "\n")
        for part in found:
            file.write(part.rows)
            file.flush()
            papers += part.papers
            flagged += part.flagged
            errors += part.errors
            report(part)
    return papers, flagged, errors


def _search_task(question: Question, task: tuple[int, Batch]) -> Found:
    return search_batch(question, task[1])


def _search_isolated(question: Question, batch: Batch) -> Found:
    """Search a batch whose worker died: each file is read in a process that may die with it."""
    isolated = Isolated(partial(_read, question.limits))

    def read(file: FoundFile) -> Reading:
        return isolated(file) or _unread(file, "the reader crashed on this file")

    try:
        return search_batch(question, batch, read)
    finally:
        isolated.close()


def search_batch(
    question: Question, batch: Batch, read: Callable[[FoundFile], Reading] | None = None
) -> Found:
    """Return what is found in the papers of a batch."""
    targets = _targets(question.phrases)
    rows: list[Row] = []
    papers = flagged = errors = 0
    if isinstance(batch, Shard):
        readings = _read_shard(batch)
    else:
        reader = read or partial(_read, question.limits)
        readings = ((file.name, reader(file)) for file in batch.files)
    for path, reading in readings:
        name = printable_path(path)
        for failure in reading.failures:
            rows.append((name, None, None, None, None, None, failure.page, failure.error))
            errors += 1
        if not reading.pages:
            continue
        joined = join_pages(reading.pages)
        best = targets.find_best(joined.text)
        flags = [is_flagged(joined.text, window, question.rule) for window in best]
        papers += 1
        flagged += any(flags)
        if question.every:
            best = targets.find_all(joined.text, question.rule.cutoff)
            flags = [is_flagged(joined.text, window, question.rule) for window in best]
        for window, flag in zip(best, flags, strict=True):
            page = joined.page(window)
            distance = None if isnan(window.distance) else window.distance
            rows.append(
                (name, window.target, window.location, distance, window.match, flag, page, "")
            )
    return Found(_FORMATS[question.format](rows) if rows else "", papers, flagged, errors)


def _read(limits: Limits, file: FoundFile) -> Reading:
    if file.error:
        return _unread(file, file.error)
    try:
        return read_source(hash_file(file.path), limits)
    except DocumentError as error:
        return _unread(file, error.reason)


def _unread(file: FoundFile, why: str) -> Reading:
    return Reading((), (Failure("", str(file.path), None, "read", why),))


def _read_shard(shard: Shard) -> Iterator[tuple[str, Reading]]:
    """Yield the papers of a shard as the study's last run read them."""
    folder = shard.study / "text"
    manifest = read_manifest(folder, shard.number)
    pages = read_pages(folder, shard.number) if manifest else {}
    for sha256, name in shard.names:
        if manifest is None:
            failures = [Failure(sha256, name, None, "read", "not read yet: run the study first")]
        else:
            failures = [row for row in manifest.failures if row.sha256 == sha256]
        yield name, Reading(tuple(pages.get(sha256, ())), tuple(failures))


@cache
def _targets(phrases: tuple[str, ...]) -> Targets:
    """Return the target phrases made ready, once per worker process."""
    return Targets(phrases)


def _as_csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV, `flagged` as 1 or 0 as in R; cells a spreadsheet would run are defused.

    By Arrow, which takes a fifth of the time of the standard library here.
    """
    columns: dict[str, Sequence[Any]] = dict(zip(FIELDS, zip(*rows, strict=True), strict=True))
    for name in ("file", "target", "match"):
        columns[name] = [defuse(cell) for cell in columns[name]]
    columns["flagged"] = [None if flag is None else int(flag) for flag in columns["flagged"]]
    table = pa.Table.from_pydict(columns, schema=_CSV)
    text = pa.BufferOutputStream()
    write_csv(table, text, WriteOptions(include_header=False))
    return str(text.getvalue(), "utf-8")


def _as_jsonl(rows: Iterable[Row]) -> str:
    lines = (json.dumps(dict(zip(FIELDS, row, strict=True)), ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines)


_FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {"csv": _as_csv, "jsonl": _as_jsonl}
