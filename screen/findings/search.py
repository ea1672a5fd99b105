"""The published search over files and studies, on many workers, as rows that leave at once.

A paper of which something could not be read has a row with an error: it is unscreened, not
unflagged. The fields are described in docs/formats.md.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from pyarrow.csv import WriteOptions, write_csv

from screen.errors import DocumentError
from screen.findings.output import open_output
from screen.ingest.files import FoundFile, Reading, hash_file, read_source, walk
from screen.ingest.records.cells import defuse
from screen.match.afind import join_pages, judge, prepare
from screen.settings import Limits, Published
from screen.study.contents import read_pages
from screen.study.folder import Study, printable_path
from screen.study.shards import read_manifest
from screen.study.work.engine import LocalWorkers, own_process, run_tasks
from screen.study.work.isolation import Death
from screen.study.work.stages import read_apart
from screen.types import Failure, SourceFile

Read = Callable[[SourceFile], Reading]

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

# Papers that a worker takes at a time at most, and batches for each worker at least, if there are
# papers enough: a large batch costs less to hand over, several keep all workers at it to the end.
_LARGEST = 50
_FOR_EACH_WORKER = 4
# Rows that are told at a time: all windows of a batch may be millions.
_ROWS = 20_000


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

    papers: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True)
class Shard:
    """Papers of one shard of a study, by hash and name, to be searched as its run has read them."""

    study: Path
    number: int
    papers: tuple[tuple[str, str], ...]


Batch = Files | Shard
Part = TypeVar("Part", Files, Shard)


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a batch as text; its papers, those searched, those flagged, and the errors."""

    rows: str
    size: int
    papers: int
    flagged: int
    errors: int


def list_batches(paths: Iterable[Path], workers: int, apart: Path | None = None) -> list[Batch]:
    """Return what is at or below some paths, but the file `apart`: files, or a study's papers.

    Raises StudyError for a study that is damaged.
    """
    whole: list[Batch] = []
    for path in paths:
        if (path / "study.toml").is_file():
            study = Study(path)
            unread = (FoundFile(Path(row.path), row.path, row.error) for row in study.unread())
            whole.append(Files(tuple(unread)))
            for number in study.shard_numbers():
                items = study.shard_sources(number)
                papers = tuple((item.source.sha256, item.name) for item in items)
                whole.append(Shard(path, number, papers))
        else:
            found = (file for file in walk(path) if file.taken and not _is(file.path, apart))
            whole.append(Files(tuple(found)))
    wanted = _FOR_EACH_WORKER * workers
    files = sum(len(batch.papers) for batch in whole if isinstance(batch, Files))
    shards = sum(isinstance(batch, Shard) for batch in whole)
    batches: list[Batch] = []
    for batch in whole:
        if isinstance(batch, Files):
            batches += _split(batch, min(_LARGEST, max(files // wanted, 1)))
        elif shards < wanted:
            # To take a shard apart means to read it several times: that is for few shards only.
            batches += _split(batch, max(len(batch.papers) * shards // wanted, 1))
        else:
            batches.append(batch)
    return batches


def _split(batch: Part, size: int) -> Iterator[Part]:
    for start in range(0, len(batch.papers), size):
        yield replace(batch, papers=batch.papers[start : start + size])


def _is(path: Path, other: Path | None) -> bool:
    return other is not None and os.path.realpath(path) == os.path.realpath(other)


def search(question: Question, batches: Sequence[Batch], workers: int) -> Iterator[Found]:
    """Yield what is found in each batch, in their order, as soon as it is there."""
    waiting: dict[int, Found] = {}
    following = 0
    with closing(LocalWorkers(workers)) as pool:
        work = partial(_search_apart, question)
        for (number, _), found in run_tasks(pool, work, enumerate(batches)):
            waiting[number] = found
            while following in waiting:
                yield waiting.pop(following)
                following += 1


def write_found(
    output: Path, format_: str, found: Iterable[Found], report: Callable[[int], None]
) -> tuple[int, int, int]:
    """Write rows to a file, or standard output for "-", as they come; `report` is told of papers.

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
            report(part.size)
    return papers, flagged, errors


def _search_apart(question: Question, task: tuple[int, Batch]) -> Found:
    """Search a batch in the process of this thread; if that dies, each file is read there alone."""
    process = own_process()
    found = process.ask(search_batch, question, task[1])
    if not isinstance(found, Death):
        return found

    def read(source: SourceFile) -> Reading:
        return read_apart(process, source, question.limits)[0]

    return search_batch(question, task[1], read)


def search_batch(question: Question, batch: Batch, read: Read | None = None) -> Found:
    """Return what is found in the papers of a batch."""
    targets, rule = prepare(question.phrases), question.rule
    told: list[str] = []
    rows: list[Row] = []
    papers = flagged = errors = 0
    if isinstance(batch, Shard):
        readings = _read_shard(batch)
    else:
        readings = _read_files(batch, read or partial(read_source, limits=question.limits))
    for path, reading in readings:
        name = printable_path(path)
        for failure in reading.failures:
            rows.append((name, None, None, None, None, None, failure.page, failure.error))
            errors += 1
        if not any(page.is_read for page in reading.pages):
            continue
        joined = join_pages(reading.pages)
        answers = judge(targets.find_best(joined.text), joined, rule, name)
        papers += 1
        flagged += any(answer.flagged for answer in answers)
        if question.every:
            answers = judge(targets.find_all(joined.text, rule.cutoff), joined, rule, name)
        for _, _, window, page, flag in answers:
            distance = None if isnan(window.distance) else window.distance
            rows.append(
                (name, window.target, window.location, distance, window.match, flag, page, "")
            )
            if len(rows) >= _ROWS:
                told.append(_FORMATS[question.format](rows))
                rows.clear()
    if rows:
        told.append(_FORMATS[question.format](rows))
    return Found("".join(told), len(batch.papers), papers, flagged, errors)


def _read_files(batch: Files, read: Read) -> Iterator[tuple[str, Reading]]:
    """Yield the files of a batch, read."""
    for file in batch.papers:
        try:
            reading = _unread(file, file.error) if file.error else read(hash_file(file.path))
        except DocumentError as error:
            reading = _unread(file, error.reason)
        yield file.name, reading


def _unread(file: FoundFile, why: str) -> Reading:
    return Reading((), (Failure("", str(file.path), None, "read", why),))


def _read_shard(shard: Shard) -> Iterator[tuple[str, Reading]]:
    """Yield the papers of a shard as the study's last run read them."""
    manifest = read_manifest(shard.study / "ocr", shard.number)
    pages = read_pages(shard.study, shard.number) if manifest else {}
    for sha256, name in shard.papers:
        if manifest is None:
            failures = [Failure(sha256, name, None, "read", "not read yet: run the study first")]
        else:
            failures = [row for row in manifest.failures if row.sha256 == sha256]
        yield name, Reading(tuple(pages.get(sha256, ())), tuple(failures))


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
