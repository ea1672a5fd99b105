"""What is asked of a study's database: counts, failures, the queue, the papers."""

import json
from collections import Counter
from functools import cache
from typing import Any

import sqlalchemy as sa

from screen.errors import StudyError
from screen.study.reading_list import is_copy, is_handed_out, is_in_scope, is_read_itself
from screen.study.schema import (
    copies,
    drawn,
    exclusions,
    failures,
    hits,
    orders,
    papers,
    paths,
    ranks,
    records,
    tallies,
    verdicts,
)
from screen.study.verdicts import have_judged

_RECORD_COLUMNS = tuple(
    records.c[name].label(f"record_{name}")
    for name in ("title", "authors", "affiliations", "journal", "year", "doi")
)
# What else a reference manager wants to know of a paper.
_REFERENCE_COLUMNS = tuple(
    records.c[name].label(f"record_{name}")
    for name in ("volume", "issue", "pages", "abstract", "keywords", "database")
)

# What is shown of a passage to readers who are not to know what the program makes of it.
BLIND_FIELDS = (
    "id", "paper", "file", "page", "start", "end", "quote", "continued", "passage", "context",
    "section", *(column.name for column in _RECORD_COLUMNS),
)  # fmt: skip

# Where several records name one paper (two paths, two records) the first speaks.
_first = (
    sa.select(records.c.sha256, sa.func.min(records.c.number).label("number"))
    .where(records.c.sha256.is_not(None))
    .group_by(records.c.sha256)
    .subquery()
)


_HAS_NO_RECORD = papers.c.sha256.not_in(
    sa.select(records.c.sha256).where(records.c.sha256.is_not(None))
)
# The place and the chances of each passage in the order of reading that is in force.
_in_force = (
    sa.select(ranks, orders.c.model)
    .join(orders, orders.c.number == ranks.c.order)
    .where(orders.c.ready.is_(True))
    .subquery()
)


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
        codes = (
            sa.select(sa.func.max(hits.c.code).label("code"), is_copy(hits.c.paper).label("copy"))
            .where(is_in_scope(hits.c.paper))
            .group_by(hits.c.paper)
            .subquery()
        )
        by_code = {
            (code, copy): scalar(
                sa.select(count()).select_from(codes).where(codes.c.code == code, *only)
            )
            for code in (2, 1)
            for copy, only in ((False, ()), (True, (codes.c.copy.is_(True),)))
        }
        coded = sa.select(hits.c.paper).where(hits.c.code >= 1)
        unread = scalar(sa.select(count()).where(failures.c.stage == "add")) or 0
        broken = sa.select(failures.c.sha256)
        in_part = sa.and_(papers.c.status == "screened", papers.c.sha256.in_(broken))
        part = scalar(sa.select(count()).select_from(papers).where(in_part)) or 0
        found = scalar(sa.select(count(paths.c.path.distinct()))) or 0
        held = scalar(sa.select(count()).select_from(paths)) or 0
        total = sum(statuses.values())
        told = sa.cast(papers.c.methods, sa.String)
        methods: Counter[str] = Counter()
        for row, number in connection.execute(sa.select(told, count()).group_by(told)):
            methods.update({name: pages * number for name, pages in json.loads(row).items()})
        asked = sa.select(count()).select_from(papers)
        flagged = asked.where(papers.c.published_flagged.is_(True), is_read_itself(papers.c.sha256))
        groups = sa.select(count(copies.c.original.distinct())).where(is_copy(copies.c.paper))
        left_out = asked.where(papers.c.sha256.in_(sa.select(exclusions.c.paper)))
        return {
            "files": found + unread,
            "duplicates": held - total,
            "papers": total,
            "waiting": statuses["waiting"],
            "screened": statuses["screened"],
            "unscreened": statuses["unreadable"] + unread,
            "screened_in_part": part,
            "pages": methods.total(),
            "pages_by_method": dict(sorted(methods.items())),
            "excluded": scalar(left_out) or 0,
            "copies": scalar(asked.where(is_copy(papers.c.sha256))) or 0,
            "copy_groups": scalar(groups) or 0,
            "flagged_code_2": by_code[2, False] or 0,
            "flagged_code_2_copies": by_code[2, True] or 0,
            "flagged_code_1": by_code[1, False] or 0,
            "flagged_code_1_copies": by_code[1, True] or 0,
            "published_asked": scalar(asked.where(papers.c.published_flagged.is_not(None))) or 0,
            "published_flagged": scalar(flagged) or 0,
            "published_flagged_alone": scalar(flagged.where(papers.c.sha256.not_in(coded))) or 0,
            "hits": scalar(sa.select(count()).select_from(hits).where(is_read_itself(hits.c.paper)))
            or 0,
            "failures": scalar(sa.select(count()).select_from(failures)) or 0,
            "records": scalar(sa.select(count()).select_from(records)) or 0,
            **_count_records(connection),
        }


def _count_records(connection: sa.Connection) -> dict[str, int]:
    matched: Counter[str | None] = Counter()
    for by, number in connection.execute(
        sa.select(records.c.matched, sa.func.count()).group_by(records.c.matched)
    ):
        matched[by] = number
    bare = sa.select(sa.func.count()).select_from(papers).where(_HAS_NO_RECORD)
    return {
        "records_by_file": matched["file"],
        "records_by_title": matched["title"],
        "records_without_file": matched[None],
        "papers_without_record": connection.scalar(bare) or 0,
    }


def list_incomplete(connection: sa.Connection) -> set[str]:
    """Return the papers whose files failed as a whole, as one that was cut short does.

    Of those that were read all the same pages may be missing unseen.
    """
    return set(connection.scalars(sa.select(failures.c.sha256).where(failures.c.page.is_(None))))


def list_flagged(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> dict[str, list[str]]:
    """Return the papers with a passage of code 1 or 2, each with the ids of those passages."""
    flagged: dict[str, list[str]] = {}
    query = sa.select(hits.c.paper, hits.c.id).where(hits.c.code >= 1, *conditions)
    for paper, hit in connection.execute(query):
        flagged.setdefault(paper, []).append(hit)
    return flagged


def list_unmatched(engine: sa.Engine) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the records without a paper, and the papers without a record, in a stable order."""
    columns = ("number", "file", "title", "authors", "journal", "year", "database", "key")
    unmatched = (
        sa.select(*(records.c[name] for name in columns))
        .where(records.c.sha256.is_(None))
        .order_by(records.c.number)
    )
    bare = (
        sa.select(papers.c.sha256, papers.c.file, papers.c.status)
        .where(_HAS_NO_RECORD)
        .order_by(papers.c.file, papers.c.sha256)
    )
    with engine.connect() as connection:
        return (
            [dict(row) for row in connection.execute(unmatched).mappings()],
            [dict(row) for row in connection.execute(bare).mappings()],
        )


def list_records(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all records with the file of the paper that each is matched to, and by what."""
    query = (
        sa.select(records, papers.c.file.label("paper"))
        .select_from(records.outerjoin(papers, papers.c.sha256 == records.c.sha256))
        .order_by(records.c.number)
    )
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def list_failures(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all failures with the paper's file name, in a stable order."""
    query = (
        sa.select(failures, papers.c.file)
        .select_from(failures.outerjoin(papers, papers.c.sha256 == failures.c.sha256))
        .order_by(failures.c.path, failures.c.page.nulls_first(), failures.c.error)
    )
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def list_queue(
    engine: sa.Engine,
    limit: int | None = None,
    order: str = "reading",
    wanting: int | None = None,
    *,
    samples: bool = False,
    every: bool = False,
) -> list[dict[str, Any]]:
    """Return the passages of the queue with their paper's data, ties in a stable order.

    By `order` they come in the order of reading that is in force; or the highest score first
    ("score"); or ("published") what the published search flagged, the least distance first. With
    `wanting` only those that fewer than so many reviewers have judged, by themselves or with their
    paper; and with them those that stand for the papers of a sample, until it is known what the
    paper is. With `samples` those are always there; with `every` also the passages of papers that
    are not read: out of scope, or copies of others. Raises StudyError if a study without the
    published search is asked for its order.
    """
    lots = samples or wanting is not None
    source = items() if lots else sa.select(hits).subquery()
    query = select_passages(source).order_by(*rank(source, order)).limit(limit)
    if not every:
        # What a sample drew is judged, copy or not.
        query = query.where((is_handed_out if lots else is_read_itself)(source.c.paper))
    if wanting is not None:
        enough = have_judged(wanting)
        # A passage that stands for a drawn paper stays until it is known what the paper is.
        told = sa.select(verdicts.c.hit).where(verdicts.c.hit.is_not(None), verdicts.c.code >= 1)
        stands = sa.and_(tallies.c.hit.in_(sa.select(drawn.c.id)), tallies.c.hit.not_in(told))
        judged = sa.select(tallies.c.hit).where(enough, sa.not_(stands))
        done = sa.select(tallies.c.paper).where(enough, tallies.c.hit == "")
        query = query.where(source.c.id.not_in(judged), source.c.paper.not_in(done))
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    if order == "published" and not _was_searched(engine):
        raise StudyError(
            "the published search was not run: name its targets in study.toml, then run the study"
        )
    return rows


def rank(source: sa.Subquery, order: str) -> list[sa.ColumnElement[Any]]:
    """Return what passages are ordered by, ties in a stable order."""
    ranking: list[sa.ColumnElement[Any]] = [source.c.score.desc()]
    if order == "reading":
        ranking = [_in_force.c.place.is_(None), _in_force.c.place, *ranking]
    elif order == "published":
        ranking = [
            source.c.published_flagged.is_(None),
            source.c.published_flagged.desc(),
            source.c.published_distance,
            *ranking,
        ]
    return [*ranking, papers.c.file, source.c.paper, source.c.page, source.c.start, source.c.id]


def find_passage(connection: sa.Connection, hit: str) -> dict[str, Any] | None:
    """Return one passage as `list_queue` does, also one that stands for a drawn paper."""
    for query in _one_passage():
        row = connection.execute(query, {"hit": hit}).mappings().first()
        if row is not None:
            return dict(row)
    return None


def find_home(connection: sa.Connection, hit: str) -> str | None:
    """Return the paper of a passage, also of one that stands for a drawn paper."""
    return connection.scalars(_HOME, {"hit": hit}).first()


_HOME = sa.union_all(
    *(
        sa.select(table.c.paper).where(table.c.id == sa.bindparam("hit", type_=sa.String))
        for table in (hits, drawn)
    )
)


@cache
def _one_passage() -> tuple[sa.Select[Any], ...]:
    """Return the queries for one passage, put together once: that takes longer than to ask them."""
    wanted = sa.bindparam("hit", type_=sa.String)
    return tuple(
        select_passages(sa.select(table).where(table.c.id == wanted).limit(1).subquery())
        for table in (hits, drawn)
    )


def select_passages(source: sa.Subquery) -> sa.Select[Any]:
    """Return a query for passages with what is known of their papers and their places."""
    joined = source.join(papers, papers.c.sha256 == source.c.paper).outerjoin(
        _in_force, _in_force.c.hit == source.c.id
    )
    return sa.select(
        source,
        papers.c.file,
        papers.c.shard.label("home"),
        papers.c.media_type,
        *(_in_force.c[name] for name in ("problematic", "possible", "model")),
        *_RECORD_COLUMNS,
    ).select_from(_with_records(joined))


def _was_searched(engine: sa.Engine) -> bool:
    """Tell whether the published search was asked about every hit."""
    query = sa.select(sa.func.count()).where(hits.c.published_flagged.is_(None))
    with engine.connect() as connection:
        return not connection.scalar(query)


def items() -> sa.Subquery:
    """Return all passages to be read: hits, and what stands for the papers of samples."""
    names = [column.name for column in drawn.c if column.name != "sample"]
    lots = sa.select(*(drawn.c[name] for name in names)).where(
        drawn.c.id.not_in(sa.select(hits.c.id))
    )
    return sa.union_all(sa.select(*(hits.c[name] for name in names)), lots).subquery()


def list_verdicts(engine: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    """Return all verdicts in the order they were given, by hit id, or by paper for whole papers."""
    found: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        for row in connection.execute(sa.select(verdicts).order_by(verdicts.c.id)).mappings():
            found.setdefault(row["hit"] or row["paper"], []).append(dict(row))
    return found


def list_reasons(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all papers with `file`, `status` and `code`, and the reason of their best hit."""
    best: dict[str, str] = {}
    for hit in sorted(list_queue(engine, every=True), key=lambda hit: -hit["code"]):
        best.setdefault(hit["paper"], f"page {hit['page']}: {hit['reason']}")
    return [
        {**row, "reason": row["reason"] or best.get(row["sha256"])} for row in list_papers(engine)
    ]


def _with_records(source: sa.Join) -> sa.Join:
    """Join the record of each paper, where there is one."""
    return source.outerjoin(_first, _first.c.sha256 == papers.c.sha256).outerjoin(
        records, records.c.number == _first.c.number
    )


def list_packs(engine: sa.Engine) -> tuple[str, ...]:
    """Return the labels of the packs that found the hits."""
    with engine.connect() as connection:
        return tuple(connection.scalars(sa.select(hits.c.pack).distinct().order_by(hits.c.pack)))


def list_papers(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return all papers in the order of their file names.

    Each has the highest code, score and chances of its passages.

    `reason` says why an unreadable paper could not be read.
    """
    best = (
        sa.select(
            hits.c.paper,
            sa.func.max(hits.c.code).label("code"),
            sa.func.max(hits.c.score).label("score"),
            sa.func.count().label("hits"),
            sa.func.max(_in_force.c.problematic).label("problematic"),
            sa.func.max(_in_force.c.possible).label("possible"),
        )
        .select_from(hits.outerjoin(_in_force, _in_force.c.hit == hits.c.id))
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
        sa.select(
            papers,
            *(best.c[name] for name in ("code", "score", "hits", "problematic", "possible")),
            why.c.reason,
            *_RECORD_COLUMNS,
            *_REFERENCE_COLUMNS,
        )
        .select_from(_with_records(joined))
        .order_by(papers.c.file, papers.c.sha256)
    )
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
