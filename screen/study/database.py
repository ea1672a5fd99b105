"""The study's database: everything the shards hold, in tables that can be asked.

Workers never open it. One loader brings it up to date from the files of the study, one transaction
a shard; what is loaded is known by the manifest's hashes, so that loading again changes nothing.
Delete the database and `ddr-screen run` builds it anew.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from screen.errors import StudyError
from screen.study.folder import Registered, Study, printable_path
from screen.study.pipeline import ShardDone
from screen.study.shards import count_pages, digest, read_hits
from screen.types import Failure, Hit, Record

_SCHEMA = 1
# In the table of what is loaded: the unread files and the records, which belong to no shard.
_NO_SHARD = -1

metadata = sa.MetaData()
meta = sa.Table("meta", metadata, sa.Column("schema", sa.Integer, primary_key=True))
loaded = sa.Table(
    "loaded",
    metadata,
    sa.Column("shard", sa.Integer, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
)
papers = sa.Table(
    "papers",
    metadata,
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("file", sa.String, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("media_type", sa.String, nullable=False),
    sa.Column("shard", sa.Integer, nullable=False, index=True),
    # waiting (not worked on yet), screened, or unreadable (nothing of it could be read)
    sa.Column("status", sa.String, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("unread_pages", sa.Integer, nullable=False),
)
paths = sa.Table(
    "paths",
    metadata,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, primary_key=True),
)
records = sa.Table(
    "records",
    metadata,
    sa.Column("file", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, index=True),
    *(
        sa.Column(name, sa.String, nullable=False)
        for name in ("title", "authors", "affiliations", "journal")
    ),
    sa.Column("year", sa.Integer),
    *(
        sa.Column(name, sa.String, nullable=False)
        for name in ("volume", "issue", "pages", "doi", "abstract", "keywords", "database", "key")
    ),
)
failures = sa.Table(
    "failures",
    metadata,
    sa.Column("shard", sa.Integer, index=True),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("error", sa.String, nullable=False),
)
hits = sa.Table(
    "hits",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("paper", sa.String, nullable=False, index=True),
    sa.Column("shard", sa.Integer, nullable=False, index=True),
    *(sa.Column(name, sa.Integer, nullable=False) for name in ("page", "start", "end")),
    *(
        sa.Column(name, sa.String, nullable=False)
        for name in ("quote", "passage", "context", "section", "reason", "pack")
    ),
    # lists, as JSON
    *(
        sa.Column(name, sa.JSON, nullable=False)
        for name in ("continued", "events", "criteria", "mitigating", "matches")
    ),
    sa.Column("score", sa.Float, nullable=False, index=True),
    sa.Column("code", sa.Integer, nullable=False),
)


_RECORD_COLUMNS = tuple(
    records.c[name].label(f"record_{name}")
    for name in ("title", "authors", "affiliations", "journal", "year", "doi")
)

# Where several records name one paper (two paths, two records) the first by file name speaks.
_first = (
    sa.select(records.c.sha256, sa.func.min(records.c.file).label("file"))
    .where(records.c.sha256.is_not(None))
    .group_by(records.c.sha256)
    .subquery()
)


def open_database(study: Study) -> sa.Engine:
    """Open the study's database, made if it is not there. Raises StudyError if it is unusable."""
    url = sa.URL.create("sqlite", database=os.fspath(study.database))
    engine = sa.create_engine(url, json_serializer=_json)
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            known = connection.scalar(sa.select(meta.c.schema))
            if known is None:
                connection.execute(meta.insert().values(schema=_SCHEMA))
            elif known != _SCHEMA:
                raise StudyError(
                    f"{study.database} is of schema {known}, this program's is {_SCHEMA}: "
                    "delete it and run again"
                )
    except sa.exc.DatabaseError as error:
        raise StudyError(f"{study.database} cannot be used: {error.orig}") from None
    return engine


def load(study: Study, engine: sa.Engine, shards: Iterable[ShardDone]) -> int:
    """Bring the database up to date and return how many shards had to be loaded."""
    done = {shard.number: shard for shard in shards}
    count = 0
    states = []
    for number in study.shard_numbers():
        items = study.shard_sources(number)
        shard = done.get(number)
        identity = [json.dumps([asdict(item.source), item.name, item.also]) for item in items]
        state = digest(*identity, *(_state(shard) if shard else ()))
        states.append(state)
        with engine.begin() as connection:
            query = sa.select(loaded.c.state).where(loaded.c.shard == number)
            if connection.scalar(query) == state:
                continue
            _load_shard(study, connection, number, items, shard)
            _remember(connection, number, state)
        count += 1
    unread, found = study.unread(), study.records()
    rows = [asdict(failure) for failure in unread] + [asdict(record) for record in found]
    state = digest(*states, *map(json.dumps, rows))
    with engine.begin() as connection:
        query = sa.select(loaded.c.state).where(loaded.c.shard == _NO_SHARD)
        if connection.scalar(query) != state:
            _load_unread(connection, unread)
            _load_records(connection, found)
            _remember(connection, _NO_SHARD, state)
    return count


def _remember(connection: sa.Connection, shard: int, state: str) -> None:
    connection.execute(loaded.delete().where(loaded.c.shard == shard))
    connection.execute(loaded.insert().values(shard=shard, state=state))


def _state(shard: ShardDone) -> tuple[str, ...]:
    failed = json.dumps([asdict(failure) for failure in shard.text.failures])
    return shard.text.data, shard.text.recipe, shard.hits.data, shard.hits.label, failed


def _load_shard(
    study: Study,
    connection: sa.Connection,
    number: int,
    items: list[Registered],
    shard: ShardDone | None,
) -> None:
    for table in (hits, failures):
        connection.execute(table.delete().where(table.c.shard == number))
    counts = count_pages(study.folder / "text", number) if shard else {}
    rows, places = [], []
    for item in items:
        pages, unread = counts.get(item.source.sha256, (0, 0))
        row = {
            "sha256": item.source.sha256,
            "file": printable_path(item.name),
            "size": item.source.size,
            "media_type": item.source.media_type,
            "shard": number,
            "status": "waiting" if shard is None else "screened" if pages else "unreadable",
            "pages": pages,
            "unread_pages": unread,
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
    _insert(connection, failures, (_failure_row(row, number) for row in shard.text.failures))
    found = read_hits(study.folder / "hits", number)
    _insert(connection, hits, (_hit_row(hit, number, shard.hits.label) for hit in found))


def _load_unread(connection: sa.Connection, unread: list[Failure]) -> None:
    connection.execute(failures.delete().where(failures.c.shard.is_(None)))
    _insert(connection, failures, (_failure_row(row, None) for row in unread))


def _load_records(connection: sa.Connection, found: list[Record]) -> None:
    """Replace the records, each tied to the paper with its file name where exactly one has it."""
    by_name: dict[str, set[str]] = {}
    names = sa.union_all(
        sa.select(papers.c.sha256, papers.c.file), sa.select(paths.c.sha256, paths.c.path)
    )
    for sha256, name in connection.execute(names):
        for known in {name, PurePath(name).name}:
            by_name.setdefault(known, set()).add(sha256)
    connection.execute(records.delete())
    rows = []
    for record in found:
        owners = by_name.get(record.file) or set()
        row = {name: _joined(value) for name, value in asdict(record).items()}
        rows.append({**row, "sha256": min(owners) if len(owners) == 1 else None})
    _insert(connection, records, rows)


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    found = list(rows)
    if found:
        connection.execute(table.insert(), found)


def _hit_row(hit: Hit, shard: int, pack: str) -> dict[str, Any]:
    return {**asdict(hit), "shard": shard, "pack": pack}


def _failure_row(failure: Failure, shard: int | None) -> dict[str, Any]:
    return {**asdict(failure), "path": printable_path(failure.path), "shard": shard}


def _joined(value: object) -> object:
    return "; ".join(value) if isinstance(value, tuple) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def count_everything(engine: sa.Engine) -> dict[str, Any]:
    """Return the counts of every stage; "unscreened" papers are never among the negatives."""
    with engine.connect() as connection:
        statuses: Counter[str] = Counter()
        for status, number in connection.execute(
            sa.select(papers.c.status, sa.func.count()).group_by(papers.c.status)
        ):
            statuses[status] = number
        scalar = connection.scalar
        count = sa.func.count
        codes = sa.select(sa.func.max(hits.c.code).label("code")).group_by(hits.c.paper).subquery()
        by_code = {
            code: scalar(sa.select(count()).select_from(codes).where(codes.c.code == code))
            for code in (2, 1)
        }
        unread = scalar(sa.select(count()).where(failures.c.stage == "add")) or 0
        broken = sa.select(failures.c.sha256)
        in_part = sa.and_(papers.c.status == "screened", papers.c.sha256.in_(broken))
        part = scalar(sa.select(count()).select_from(papers).where(in_part)) or 0
        found = scalar(sa.select(count(paths.c.path.distinct()))) or 0
        held = scalar(sa.select(count()).select_from(paths)) or 0
        total = sum(statuses.values())
        return {
            "files": found + unread,
            "duplicates": held - total,
            "papers": total,
            "waiting": statuses["waiting"],
            "screened": statuses["screened"],
            "unscreened": statuses["unreadable"] + unread,
            "screened_in_part": part,
            "flagged_code_2": by_code[2] or 0,
            "flagged_code_1": by_code[1] or 0,
            "hits": scalar(sa.select(count()).select_from(hits)) or 0,
            "failures": scalar(sa.select(count()).select_from(failures)) or 0,
            "records": scalar(sa.select(count()).select_from(records)) or 0,
            "records_without_file": scalar(
                sa.select(count()).select_from(records).where(records.c.sha256.is_(None))
            )
            or 0,
        }


def list_failures(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all failures with the paper's file name, in a stable order."""
    query = (
        sa.select(failures, papers.c.file)
        .select_from(failures.outerjoin(papers, papers.c.sha256 == failures.c.sha256))
        .order_by(failures.c.path, failures.c.page, failures.c.error)
    )
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def list_queue(engine: sa.Engine, limit: int | None = None) -> list[dict[str, Any]]:
    """Return hits with their paper's data, the highest score first, ties in a stable order."""
    query = (
        sa.select(hits, papers.c.file, *_RECORD_COLUMNS)
        .select_from(_with_records(hits.join(papers, papers.c.sha256 == hits.c.paper)))
        .order_by(hits.c.score.desc(), papers.c.file, hits.c.paper, hits.c.page, hits.c.start)
        .limit(limit)
    )
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def list_reasons(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all papers with `file`, `status` and `code`, and the reason of their best hit."""
    best: dict[str, str] = {}
    for hit in sorted(list_queue(engine), key=lambda hit: -hit["code"]):
        best.setdefault(hit["paper"], f"page {hit['page']}: {hit['reason']}")
    return [
        {**row, "reason": row["reason"] or best.get(row["sha256"])} for row in list_papers(engine)
    ]


def _with_records(source: sa.Join) -> sa.Join:
    """Join the record of each paper, where there is one."""
    return source.outerjoin(_first, _first.c.sha256 == papers.c.sha256).outerjoin(
        records, records.c.file == _first.c.file
    )


def list_papers(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all papers with their highest code and score, in the order of their file names.

    `reason` says why an unreadable paper could not be read.
    """
    best = (
        sa.select(
            hits.c.paper,
            sa.func.max(hits.c.code).label("code"),
            sa.func.max(hits.c.score).label("score"),
            sa.func.count().label("hits"),
        )
        .group_by(hits.c.paper)
        .subquery()
    )
    why = (
        sa.select(failures.c.sha256, sa.func.min(failures.c.error).label("reason"))
        .group_by(failures.c.sha256)
        .subquery()
    )
    unreadable = sa.and_(why.c.sha256 == papers.c.sha256, papers.c.status == "unreadable")
    joined = papers.outerjoin(best, best.c.paper == papers.c.sha256).outerjoin(why, unreadable)
    query = (
        sa.select(papers, best.c.code, best.c.score, best.c.hits, why.c.reason, *_RECORD_COLUMNS)
        .select_from(_with_records(joined))
        .order_by(papers.c.file, papers.c.sha256)
    )
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
