"""Verdicts: what people judged, appended and never changed, and what they settle to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from screen.study.database import make_upsert, write
from screen.study.schema import orders, tallies, verdicts
from screen.types import Verdict

# Papers named in one statement: databases take only so many values at once.
_BATCH = 1000
# Why a paper may be out of scope.
OUT_OF_SCOPE = (
    "other_organ",
    "animal",
    "non_clinical",
    "infant",
    "voluntary_donor",
    "living_donor",
    "duplicate",
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What the verdicts on one passage or paper come to.

    `code` is None unless it is settled, and for what is out of scope. `disputed` says that
    reviewers disagree, `pending` that fewer have judged than the study asks for. `highest` is the
    highest code that anyone in force gives it, -1 for none. `judged` counts the reviewers of the
    first round. `first` and `last` are the numbers of its first and last verdict.
    """

    code: int | None
    disputed: bool
    pending: bool
    highest: int
    reason: str
    judged: int
    round: int
    first: int
    last: int

    @property
    def is_settled(self) -> bool:
        """Whether enough have judged it, and agree or were decided between."""
        return not (self.disputed or self.pending)


@dataclass(frozen=True)
class Judgements:
    """All verdicts of a study, settled: of passages by hit id, of whole papers by SHA-256."""

    hits: Mapping[str, Settled]
    papers: Mapping[str, Settled]
    # the paper of each judged passage
    homes: Mapping[str, str]
    count: int

    def list_settled(self) -> list[tuple[str, int]]:
        """Return the settled passages with their codes, in the order of their first verdicts."""
        settled = [
            (item.first, hit, item.code) for hit, item in self.hits.items() if item.code is not None
        ]
        return [(hit, code) for _, hit, code in sorted(settled)]

    def judge_paper(self, paper: str) -> int | None:
        """Return the code of a paper: its own verdict's, or the highest of its passages'.

        None if nothing of it was judged, if it is not settled or out of scope, or if its judged
        passages are all code 0: of those that were not, nobody said anything.
        """
        own = self.papers.get(paper)
        if own is not None:
            return own.code
        return self._highest.get(paper)

    @cached_property
    def _highest(self) -> Mapping[str, int]:
        """The highest code, 1 or 2, of the passages of each paper that has one."""
        found: dict[str, int] = {}
        for hit, paper in self.homes.items():
            if code := self.hits[hit].code:
                found[paper] = max(code, found.get(paper, 0))
        return found

    def find_reason(self, paper: str) -> str | None:
        """Return why people left a paper out of scope, None if they did not."""
        own = self.papers.get(paper)
        if own is None or not own.is_settled or own.code is not None:
            return None
        return own.reason or "not stated"

    def find_papers(self, code: int) -> set[str]:
        """Return the papers settled at `code` or above."""
        found = {p for p, own in self.papers.items() if own.code is not None and own.code >= code}
        for hit, paper in self.homes.items():
            given = self.hits[hit].code
            if given is not None and given >= code and paper not in self.papers:
                found.add(paper)
        return found

    def is_read(self, hit: str, paper: str) -> bool:
        """Tell whether there is a verdict on a passage, or on its paper as a whole."""
        return hit in self.hits or paper in self.papers

    def find_settled(self, passages: Mapping[str, Iterable[str]], code: int) -> set[str]:
        """Return which of some papers, given with their flagged passages, are settled.

        By a verdict on the paper, by a passage at `code` or above, or by all those passages; what
        is disputed or pending settles nothing.
        """
        settled = {paper for paper, own in self.papers.items() if own.is_settled}
        settled |= self.find_papers(code)
        for paper, hits in passages.items():
            told = [self.hits.get(hit) for hit in hits]
            if paper not in self.papers and all(own and own.is_settled for own in told):
                settled.add(paper)
        return settled & set(passages)


# A verdict as a row of the table; and all that were given on each passage of a paper (or, for None,
# on the paper), in the order in which they were given.
Row = Mapping[str, Any]
Told = dict[tuple[str, str | None], list[Row]]

_later = verdicts.alias()
# Of verdicts as rows of a query: neither superseded nor withdrawn.
STANDS = sa.and_(
    verdicts.c.withdrawn.is_(False), ~sa.exists().where(_later.c.supersedes == verdicts.c.id)
)

# Put together once: that takes longer than to execute them.
_INSERT = verdicts.insert().values(
    {
        **{column.name: sa.bindparam(column.name) for column in verdicts.c if column.name != "id"},
        "order": sa.select(sa.func.max(orders.c.number))
        .where(orders.c.ready.is_(True))
        .scalar_subquery(),
    }
)
_TALLIED = ("judged", "round", "disputed")


def have_judged(wanted: int | sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Return the condition under which a tally says that so many have judged, or one decided."""
    return sa.or_(tallies.c.judged >= wanted, tallies.c.round > 1)


def append(engine: sa.Engine, given: Sequence[Verdict]) -> list[int]:
    """Append verdicts in one transaction and return their numbers."""
    with write(engine) as connection:
        return record(connection, given, read_told(connection, {item.paper for item in given}))


def read_told(connection: sa.Connection, papers: Collection[str] | None = None) -> Told:
    """Return all verdicts on some papers and their passages, or on all."""
    told: Told = {}
    query = sa.select(verdicts).order_by(verdicts.c.id)
    names = sorted(papers or ())
    some = [
        query.where(verdicts.c.paper.in_(names[start : start + _BATCH]))
        for start in range(0, len(names), _BATCH)
    ]
    for each in [query] if papers is None else some:
        for row in connection.execute(each).mappings():
            told.setdefault((row["paper"], row["hit"]), []).append(dict(row))
    return told


def record(connection: sa.Connection, given: Sequence[Verdict], told: Told) -> list[int]:
    """Append verdicts, keep the tallies in step, and return the verdicts' numbers.

    `told` holds what was said of their papers before, and gets them too. A verdict supersedes the
    last one of the same reviewer on the same passage or paper in the same round. `at`, if empty, is
    now; the order in force is noted beside. One whose key is there already is not added again.
    """
    numbers = []
    now = datetime.now(UTC).isoformat(timespec="seconds")
    changed = set()
    for verdict in given:
        before = told.setdefault((verdict.paper, verdict.hit), [])
        known = [row["id"] for row in before if verdict.key and row["key"] == verdict.key]
        if known:
            numbers += known
            continue
        whose = (verdict.reviewer, verdict.round)
        own = [row["id"] for row in before if (row["reviewer"], row["round"]) == whose]
        row = asdict(verdict)
        row["criteria"] = list(verdict.criteria)
        row["at"] = verdict.at or now
        row["supersedes"] = max(own, default=None)
        result = connection.execute(_INSERT, row)
        row["id"] = int((result.inserted_primary_key or [0])[0])
        before.append(row)
        numbers.append(row["id"])
        changed.add((verdict.paper, verdict.hit))
    _tally(connection, {thing: told[thing] for thing in changed})
    return numbers


def _tally(connection: sa.Connection, told: Told) -> None:
    """Count anew what was judged of some passages and papers."""
    found = []
    for (paper, hit), rows in told.items():
        item = _settle(rows, 1)
        thing = {"paper": paper, "hit": hit or ""}
        if item is not None:
            found.append({**thing, **{name: getattr(item, name) for name in _TALLIED}})
        else:
            same = sa.and_(tallies.c.paper == paper, tallies.c.hit == thing["hit"])
            connection.execute(tallies.delete().where(same))
    if found:
        connection.execute(make_upsert(connection.dialect.name, tallies), found)


def read_judgements(engine: sa.Engine, per_passage: int, paper: str | None = None) -> Judgements:
    """Return all verdicts settled, where so many reviewers are to judge each passage.

    `paper` leaves out those on other papers.
    """
    with engine.connect() as connection:
        return settle(read_told(connection, None if paper is None else [paper]), per_passage)


def settle(told: Told, per_passage: int) -> Judgements:
    """Return verdicts settled, where so many reviewers are to judge each passage."""
    settled = {thing: _settle(rows, per_passage) for thing, rows in told.items()}
    known = [(paper, hit, item) for (paper, hit), item in settled.items() if item is not None]
    return Judgements(
        {hit: item for _, hit, item in known if hit is not None},
        {paper: item for paper, hit, item in known if hit is None},
        {hit: paper for paper, hit, _ in known if hit is not None},
        sum(map(len, told.values())),
    )


def find_in_force(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], Mapping[str, Any]]:
    """Return the verdicts on one thing that stand, by round and reviewer: of each the last.

    What was withdrawn does not stand.
    """
    last = {(row["round"], row["reviewer"]): row for row in rows}
    return {key: row for key, row in last.items() if not row["withdrawn"]}


def find_deciding(
    in_force: Mapping[tuple[int, str], Mapping[str, Any]],
) -> list[Mapping[str, Any]]:
    """Return those of the verdicts in force on one thing that decide: of the last round."""
    last = max((round_ for round_, _ in in_force), default=0)
    return [row for (round_, _), row in in_force.items() if round_ == last]


def read_own(
    connection: sa.Connection, reviewer: str, round_: int
) -> dict[tuple[str | None, str], Verdict]:
    """Return the verdicts of one reviewer that stand in a round, by hit (or None) and paper."""
    query = sa.select(verdicts).where(verdicts.c.reviewer == reviewer, verdicts.c.round == round_)
    last = {
        (row["hit"], row["paper"]): row
        for row in connection.execute(query.order_by(verdicts.c.id)).mappings()
    }
    names = [field.name for field in fields(Verdict)]
    return {
        key: Verdict(**{name: row[name] for name in names} | {"criteria": tuple(row["criteria"])})
        for key, row in last.items()
        if not row["withdrawn"]
    }


def read_papers(connection: sa.Connection, reviewer: str, *, first_round: bool) -> set[str]:
    """Return the papers on which a reviewer has a verdict that stands, in the first round or later.

    Of a paper, or of any of its passages.
    """
    when = verdicts.c.round == 1 if first_round else verdicts.c.round > 1
    mine = sa.select(verdicts.c.paper).where(verdicts.c.reviewer == reviewer, when, STANDS)
    return set(connection.scalars(mine))


def _settle(rows: Sequence[Mapping[str, Any]], per_passage: int) -> Settled | None:
    """Settle the verdicts on one thing: those of the last round count, of each reviewer the last.

    They settle it if all say the same, and in the first round only if there are enough. None if
    all were withdrawn.
    """
    standing = find_in_force(rows)
    if not standing:
        return None
    told = find_deciding(standing)
    last_round = told[0]["round"]
    judged = sum(round_ == 1 for round_, _ in standing)
    pending = last_round == 1 and judged < per_passage
    said = {(row["code"], row["reason"] if row["code"] is None else "") for row in told}
    highest = max((row["code"] for row in told if row["code"] is not None), default=-1)
    code, reason = next(iter(said)) if len(said) == 1 and not pending else (None, "")
    first, last = rows[0]["id"], rows[-1]["id"]
    disputed = len(said) > 1
    return Settled(code, disputed, pending, highest, reason, judged, last_round, first, last)
