"""The scope applied to a study: which papers, and which records without one, are left out and why.

First by the record, then, where that leaves a paper in doubt and the rules look at the text, by the
full text. Nothing is deleted: a paper left out keeps all that is known of it.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from screen.match.packs import find_pack
from screen.match.scope import Decision, Scope, Subject, find_scope, make_subject
from screen.study.contents import read_pages
from screen.study.database import write
from screen.study.folder import Study
from screen.study.notes import Part, note, read_note, read_notes
from screen.study.queries import list_incomplete
from screen.study.schema import copies, exclusions, papers, records
from screen.study.shards import digest
from screen.text.normalise import clean_pages

# Raised when the way of judging changes, so that a study is judged anew.
_VERSION = "3"


@dataclass(frozen=True, slots=True)
class Judged:
    """A paper, or a record without one, with what the scope makes of it.

    `stage` is record or text: what decided.
    """

    subject: str
    paper: str | None
    record: int | None
    title: str
    year: int | None
    file: str
    stage: str
    decision: Decision


def name_scope(study: Study) -> Scope | None:
    """Return the scope that study.toml names, None for none. Raises PackError."""
    return find_scope(find_pack(study.settings.pack, study.folder), study.settings.scope)


def apply_scope(study: Study, engine: sa.Engine) -> bool:
    """Bring the table of exclusions up to date; tell whether anything had to be judged."""
    scope = name_scope(study)
    with engine.connect() as connection:
        states = read_notes(connection)
    known = states.pop(Part.SCOPE, "")
    parts = [f"{shard} {state}" for shard, state in states.items()]
    state = digest(_VERSION, scope.hash if scope else "", *parts)
    if known and json.loads(known)["state"] == state:
        return False
    rows: list[dict[str, Any]] = []
    undecided: Counter[str] = Counter()
    in_doubt = 0
    for item in judge_study(study, engine, scope) if scope else ():
        undecided.update(item.decision.undecided)
        in_doubt += bool(item.decision.undecided)
        rule = item.decision.rule
        if rule is not None:
            why = {"rule": rule.id, "reason": rule.reason, "stage": item.stage}
            where = {"subject": item.subject, "paper": item.paper, "record": item.record}
            rows.append({**where, **why})
    told = {"state": state, "undecided": in_doubt, "by_rule": dict(sorted(undecided.items()))}
    with write(engine) as connection:
        connection.execute(exclusions.delete())
        if rows:
            connection.execute(exclusions.insert(), rows)
        note(connection, {Part.SCOPE: json.dumps(told)})
    return True


def count_undecided(engine: sa.Engine) -> tuple[int, dict[str, int]]:
    """Return how many stay in though a rule could not be decided, and how many by each rule."""
    with engine.connect() as connection:
        known = read_note(connection, Part.SCOPE)
    if not known:
        return 0, {}
    told: dict[str, Any] = json.loads(known)
    return told["undecided"], told["by_rule"]


def judge_study(study: Study, engine: sa.Engine, scope: Scope) -> Iterator[Judged]:
    """Yield what the scope makes of each paper, shard by shard, then of records without one.

    The text of a shard is read only if a paper in it is not left out by its record already.
    """
    with engine.connect() as connection:
        query = sa.select(papers).order_by(papers.c.shard, papers.c.sha256)
        shards: dict[int, list[Mapping[str, Any]]] = {}
        for row in connection.execute(query).mappings():
            shards.setdefault(row["shard"], []).append(dict(row))
        query = sa.select(records).order_by(records.c.number)
        told = [dict(row) for row in connection.execute(query).mappings()]
        incomplete = list_incomplete(connection)
        pairs = sa.select(copies.c.paper, copies.c.original).order_by(copies.c.paper)
        originals = {row.paper: row.original for row in connection.execute(pairs)}
    by_paper: dict[str, Mapping[str, Any]] = {}
    for record in told:
        if record["sha256"] is not None:
            by_paper.setdefault(record["sha256"], record)
    # Of copies that have a title alike only one has the record, which is about all of them.
    for copy, original in originals.items():
        if copy not in by_paper and original in by_paper:
            by_paper[copy] = by_paper[original]
    for number, rows in shards.items():
        yield from _judge_shard(study, scope, number, rows, by_paper, incomplete)
    for record in told:
        if record["sha256"] is None:
            yield _judged(record, None, "record", scope.judge(_describe(record)))


def _judge_shard(
    study: Study,
    scope: Scope,
    number: int,
    rows: list[Mapping[str, Any]],
    by_paper: Mapping[str, Mapping[str, Any]],
    incomplete: Collection[str],
) -> Iterator[Judged]:
    first = {row["sha256"]: scope.judge(_describe(by_paper.get(row["sha256"]))) for row in rows}
    wanted = {
        row["sha256"]
        for row in rows
        if scope.reads_text
        and row["status"] == "screened"
        # What is not found may stand on a page that is unread or missing.
        and not row["unread_pages"]
        and row["sha256"] not in incomplete
        and first[row["sha256"]].rule is None
        and first[row["sha256"]].undecided
    }
    pages = read_pages(study.folder, number) if wanted else {}
    for row in rows:
        sha256 = row["sha256"]
        record, stage, decision = by_paper.get(sha256), "record", first[sha256]
        if sha256 in wanted:
            text = clean_pages(pages.get(sha256, [])).text
            stage, decision = "text", scope.judge(_describe(record, text))
        yield _judged(record, row, stage, decision)


def _describe(record: Mapping[str, Any] | None, text: str = "") -> Subject:
    if record is None:
        return make_subject(text=text)
    data = {name: record[name] for name in ("title", "abstract", "keywords", "year")}
    return make_subject(**data, text=text)


def _judged(
    record: Mapping[str, Any] | None,
    paper: Mapping[str, Any] | None,
    stage: str,
    decision: Decision,
) -> Judged:
    number = record["number"] if record else None
    return Judged(
        subject=paper["sha256"] if paper else f"record {number}",
        paper=paper["sha256"] if paper else None,
        record=number,
        title=record["title"] if record else "",
        year=record["year"] if record else None,
        file=paper["file"] if paper else record["file"] if record else "",
        stage=stage,
        decision=decision,
    )
