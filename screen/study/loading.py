"""Bring the database up to date from the files of the study, some shards in one transaction.

What is loaded is known by the manifest's hashes, so that loading again changes nothing, and the
whole can be loaded anew from the files alone.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import Any

import sqlalchemy as sa

from screen.match.afind import choose
from screen.study.bulk import put
from screen.study.contents import (
    count_methods,
    read_answers,
    read_hit_columns,
    read_pages,
)
from screen.study.copies.corrections import read_words
from screen.study.copies.grouping import choose_copies, regroup
from screen.study.database import write
from screen.study.folder import Registered, Study, printable_path
from screen.study.matching import HEAD, VERSION, match_records
from screen.study.notes import Part, note, read_note, read_notes
from screen.study.schema import (
    DERIVED,
    PUBLISHED,
    failures,
    hits,
    papers,
    paths,
    records,
)
from screen.study.shards import digest, read_manifest
from screen.study.work.stages import ShardDone
from screen.study.work.watching import Watch
from screen.types import UNREAD, Answer, Failure, Record

_NOT_ASKED = dict.fromkeys(PUBLISHED)
# A transaction takes so many papers, or what has come in so many seconds: others wait meanwhile.
_BATCH, _SECONDS = 2000, 5.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A shard to be loaded, with the hash of what it is loaded from; None if it was not done."""

    number: int
    state: str
    shard: ShardDone | None


def load(
    study: Study, engine: sa.Engine, shards: Iterable[ShardDone], watch: Watch | None = None
) -> int:
    """Bring the database up to date with shards as they come; return how many had to be loaded.

    The shards of the study that do not come are loaded as not done.
    """
    watch = watch or Watch()
    with engine.connect() as connection:
        known = read_notes(connection)
    batch: list[_Waiting] = []
    count = papers_waiting = 0
    flushed = time.monotonic()
    come = set()

    def flush() -> None:
        nonlocal flushed, papers_waiting
        with watch.spending("loading"):
            _load_batch(study, engine, batch)
        batch.clear()
        papers_waiting, flushed = 0, time.monotonic()

    for shard in shards:
        come.add(shard.number)
        state = _tell_state(study, shard.number, shard)
        if known.get(shard.number) != state:
            batch.append(_Waiting(shard.number, state, shard))
            count += 1
            papers_waiting += shard.papers
        if batch and (papers_waiting >= _BATCH or time.monotonic() - flushed > _SECONDS):
            flush()
    for number in study.shard_numbers():
        if number in come:
            continue
        state = _tell_state(study, number, None)
        if known.get(number) != state:
            batch.append(_Waiting(number, state, None))
            count += 1
        if len(batch) >= _BATCH // 100:
            flush()
    flush()
    load_records(study, engine, watch)
    return count


def forget_all(engine: sa.Engine) -> None:
    """Empty the tables that are loaded from files; what people did stays."""
    with write(engine) as connection:
        for table in DERIVED:
            connection.execute(table.delete())


def load_records(study: Study, engine: sa.Engine, watch: Watch | None = None) -> None:
    """Bring records and groups of copies up to date with files, shards, and what people said."""
    watch = watch or Watch()
    with watch.spending("matching records"):
        _load_records(study, engine)
    with watch.spending("finding copies"):
        regroup(study, engine)


def _load_records(study: Study, engine: sa.Engine) -> None:
    unread, found = study.unread(), study.records()
    with engine.connect() as connection:
        states = [state for shard, state in read_notes(connection).items() if shard >= 0]
    rows = [asdict(failure) for failure in unread] + [asdict(record) for record in found]
    apart = json.dumps(sorted(read_words(study).apart))
    state = digest(*states, *map(json.dumps, rows), apart, f"matching {VERSION}")
    with write(engine) as connection:
        if read_note(connection, Part.RECORDS) != state:
            connection.execute(failures.delete().where(failures.c.shard.is_(None)))
            _put_failures(connection, [(None, failure) for failure in unread])
            _match_records(study, connection, found)
            note(connection, {Part.RECORDS: state})


def _tell_state(study: Study, number: int, shard: ShardDone | None) -> str:
    """Return the hash of all that a shard is loaded from."""
    made = [json.dumps(asdict(manifest)) for manifest in shard.manifests.values()] if shard else []
    return digest(study.read_sources(number), *made)


def _load_batch(study: Study, engine: sa.Engine, batch: Sequence[_Waiting]) -> None:
    if not batch:
        return
    numbers = [waiting.number for waiting in batch]
    with write(engine) as connection:
        known = sa.select(papers.c.sha256).where(papers.c.shard.in_(numbers))
        connection.execute(paths.delete().where(paths.c.sha256.in_(known)))
        for table in (papers, hits, failures):
            connection.execute(table.delete().where(table.c.shard.in_(numbers)))
        for waiting in batch:
            _load_shard(study, connection, waiting.number, waiting.shard)
        note(connection, {waiting.number: waiting.state for waiting in batch})


def _load_shard(
    study: Study, connection: sa.Connection, number: int, shard: ShardDone | None
) -> None:
    items = study.shard_sources(number)
    asked = shard is not None and "published" in shard.manifests
    published = _read_published(study, number) if asked else {}
    _put_papers(study, connection, number, items, shard, published)
    places = {
        (printable_path(path), item.source.sha256): None
        for item in items
        for path in (item.source.path, *item.also)
    }
    put(connection, paths, dict(zip(("path", "sha256"), zip(*places, strict=True), strict=True)))
    if shard is None:
        return
    _put_failures(connection, [(number, failure) for failure in shard.failures])
    if shard.manifests["hits"].rows:
        columns = read_hit_columns(study.folder / "hits", number)
        said = [published.get(name, _NOT_ASKED) for name in columns["id"]]
        put(
            connection,
            hits,
            {
                **columns,
                "shard": repeat(number),
                "pack": repeat(shard.manifests["hits"].label),
                **{name: [row[name] for row in said] for name in PUBLISHED},
            },
        )


def _put_papers(
    study: Study,
    connection: sa.Connection,
    number: int,
    items: Sequence[Registered],
    shard: ShardDone | None,
    published: Mapping[str, Mapping[str, Any]],
) -> None:
    counts = count_methods(study.folder, number) if shard else {}
    refused = {failure.sha256 for failure in shard.manifests["hits"].failures} if shard else set()
    rows = []
    for item in items:
        paper = item.source.sha256
        methods = counts.get(paper, Counter())
        screened = methods.keys() - UNREAD and paper not in refused
        said = published.get(paper, _NOT_ASKED)
        rows.append(
            (
                paper,
                printable_path(item.name),
                item.source.size,
                item.source.media_type,
                number,
                "waiting" if shard is None else "screened" if screened else "unreadable",
                methods.total(),
                methods["unreadable"],
                json.dumps(dict(sorted(methods.items()))),
                *(said[name] for name in PUBLISHED),
            )
        )
    names = ("sha256", "file", "size", "media_type", "shard", "status", "pages", "unread_pages")
    columns = (*names, "methods", *PUBLISHED)
    put(connection, papers, dict(zip(columns, zip(*rows, strict=True), strict=True)))


def _put_failures(connection: sa.Connection, found: Sequence[tuple[int | None, Failure]]) -> None:
    rows = [
        {**asdict(failure), "path": printable_path(failure.path), "shard": shard}
        for shard, failure in found
    ]
    if rows:
        connection.execute(failures.insert(), rows)


def _read_published(study: Study, number: int) -> dict[str, dict[str, Any]]:
    """Return the columns that the published search gives to papers and hits, by their ids."""
    answers: dict[str, list[Answer]] = {}
    for answer in read_answers(study.folder / "published", number):
        answers.setdefault(answer.hit or answer.paper, []).append(answer)
    columns = {}
    for key, said in answers.items():
        best = choose(said)
        values = (best.flagged, best.window.distance, best.window.target)
        columns[key] = dict(zip(PUBLISHED, values, strict=True))
    return columns


def _match_records(study: Study, connection: sa.Connection, found: list[Record]) -> None:
    """Replace the records, each with the paper that it is matched to."""
    connection.execute(records.delete())
    if not found:
        return
    names: dict[str, set[str]] = {}
    known = sa.union_all(
        sa.select(papers.c.sha256, papers.c.file), sa.select(paths.c.sha256, paths.c.path)
    )
    for sha256, name in connection.execute(known):
        names.setdefault(sha256, set()).add(name)
    matches = match_records(
        found,
        names,
        lambda wanted: read_heads(study, wanted),
        lambda ties: choose_copies(study, connection, ties),
    )
    rows = []
    for number, (record, match) in enumerate(zip(found, matches, strict=True), start=1):
        row = {name: _joined(value) for name, value in asdict(record).items()}
        owner, by = match or (None, None)
        rows.append({**row, "number": number, "sha256": owner, "matched": by})
    connection.execute(records.insert(), rows)


def read_heads(study: Study, wanted: set[str]) -> dict[str, str]:
    """Return the first lines of the first readable page, of those papers that have one."""
    heads = {}
    for number in study.shard_numbers():
        homes = {item.source.sha256 for item in study.shard_sources(number)}
        if homes.isdisjoint(wanted) or read_manifest(study.folder / "text", number) is None:
            continue
        for paper, pages in read_pages(study.folder, number).items():
            text = next((page.text for page in pages if page.is_read and page.text.strip()), "")
            if paper in wanted and text:
                # Spaces between the characters of a title take room too.
                heads[paper] = text[: 4 * HEAD]
    return heads


def _joined(value: object) -> object:
    return "; ".join(value) if isinstance(value, tuple) else value
