"""Bring the database up to date from the files of the study, one transaction a shard.

What is loaded is known by the manifest's hashes, so that loading again changes nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from screen.match.afind import choose
from screen.study.copies import choose_copies, regroup
from screen.study.corrections import read_words
from screen.study.database import write
from screen.study.folder import Registered, Study, printable_path
from screen.study.matching import HEAD, VERSION, match_records
from screen.study.pipeline import ShardDone
from screen.study.schema import (
    PUBLISHED,
    failures,
    hits,
    loaded,
    papers,
    paths,
    records,
)
from screen.study.shards import (
    as_row,
    count_methods,
    digest,
    read_answers,
    read_hits,
    read_manifest,
    read_pages,
)
from screen.types import UNREAD, Answer, Failure, Record

# In the table of what is loaded: the unread files and the records, which belong to no shard.
_NO_SHARD = -1
_NOT_ASKED = dict.fromkeys(PUBLISHED)


def load(study: Study, engine: sa.Engine, shards: Iterable[ShardDone]) -> int:
    """Bring the database up to date and return how many shards had to be loaded."""
    done = {shard.number: shard for shard in shards}
    count = 0
    for number in study.shard_numbers():
        items = study.shard_sources(number)
        shard = done.get(number)
        identity = [json.dumps([asdict(item.source), item.name, item.also]) for item in items]
        state = digest(*identity, *(_state(shard) if shard else ()))
        with write(engine) as connection:
            query = sa.select(loaded.c.state).where(loaded.c.shard == number)
            if connection.scalar(query) == state:
                continue
            _load_shard(study, connection, number, items, shard)
            _remember(connection, number, state)
        count += 1
    load_records(study, engine)
    return count


def load_records(study: Study, engine: sa.Engine) -> None:
    """Bring records and groups of copies up to date with files, shards, and what people said."""
    unread, found = study.unread(), study.records()
    with engine.connect() as connection:
        query = sa.select(loaded.c.state).where(loaded.c.shard >= 0).order_by(loaded.c.shard)
        states = list(connection.scalars(query))
    rows = [asdict(failure) for failure in unread] + [asdict(record) for record in found]
    apart = json.dumps(sorted(read_words(study).apart))
    state = digest(*states, *map(json.dumps, rows), apart, f"matching {VERSION}")
    with write(engine) as connection:
        query = sa.select(loaded.c.state).where(loaded.c.shard == _NO_SHARD)
        if connection.scalar(query) != state:
            _load_unread(connection, unread)
            _match_records(study, connection, found)
            _remember(connection, _NO_SHARD, state)
    regroup(study, engine)


def _remember(connection: sa.Connection, shard: int, state: str) -> None:
    connection.execute(loaded.delete().where(loaded.c.shard == shard))
    connection.execute(loaded.insert().values(shard=shard, state=state))


def _state(shard: ShardDone) -> tuple[str, ...]:
    return tuple(json.dumps(asdict(manifest)) for manifest in shard.manifests.values())


def _load_shard(
    study: Study,
    connection: sa.Connection,
    number: int,
    items: list[Registered],
    shard: ShardDone | None,
) -> None:
    for table in (hits, failures):
        connection.execute(table.delete().where(table.c.shard == number))
    counts = count_methods(study.folder, number) if shard else {}
    asked = shard is not None and "published" in shard.manifests
    published = _read_published(study, number) if asked else {}
    rows, places = [], []
    for item in items:
        methods = counts.get(item.source.sha256, Counter())
        screened = methods.keys() - UNREAD
        row = {
            "sha256": item.source.sha256,
            "file": printable_path(item.name),
            "size": item.source.size,
            "media_type": item.source.media_type,
            "shard": number,
            "status": "waiting" if shard is None else "screened" if screened else "unreadable",
            "pages": methods.total(),
            "unread_pages": methods["unreadable"],
            "methods": dict(sorted(methods.items())),
            **published.get(item.source.sha256, _NOT_ASKED),
        }
        rows.append(row)
        for path in (item.source.path, *item.also):
            places.append({"path": printable_path(path), "sha256": item.source.sha256})
    known = sa.select(papers.c.sha256).where(papers.c.shard == number)
    connection.execute(paths.delete().where(paths.c.sha256.in_(known)))
    connection.execute(papers.delete().where(papers.c.shard == number))
    _insert(connection, papers, rows)
    _insert(connection, paths, places)
    if shard is None:
        return
    recognised, matched = shard.manifests["ocr"], shard.manifests["hits"]
    _insert(connection, failures, (_failure_row(row, number) for row in recognised.failures))
    found = (
        {
            **as_row(hit),
            "shard": number,
            "pack": matched.label,
            **published.get(hit.id, _NOT_ASKED),
        }
        for hit in read_hits(study.folder / "hits", number)
    )
    _insert(connection, hits, found)


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


def _load_unread(connection: sa.Connection, unread: list[Failure]) -> None:
    connection.execute(failures.delete().where(failures.c.shard.is_(None)))
    _insert(connection, failures, (_failure_row(row, None) for row in unread))


def _match_records(study: Study, connection: sa.Connection, found: list[Record]) -> None:
    """Replace the records, each with the paper that it is matched to."""
    names: dict[str, set[str]] = {}
    known = sa.union_all(
        sa.select(papers.c.sha256, papers.c.file), sa.select(paths.c.sha256, paths.c.path)
    )
    for sha256, name in connection.execute(known):
        names.setdefault(sha256, set()).add(name)
    connection.execute(records.delete())
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
    _insert(connection, records, rows)


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


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    found = list(rows)
    if found:
        connection.execute(table.insert(), found)


def _failure_row(failure: Failure, shard: int | None) -> dict[str, Any]:
    return {**asdict(failure), "path": printable_path(failure.path), "shard": shard}


def _joined(value: object) -> object:
    return "; ".join(value) if isinstance(value, tuple) else value
