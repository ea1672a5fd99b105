"""Verdicts: what people judged, appended and never changed, and what they settle to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from screen.study.schema import orders, verdicts
from screen.types import Verdict

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

    `code` is None while reviewers disagree (`disputed`) and for what is out of scope. `highest` is
    the highest code that anyone in force gives it, -1 for none. `first` and `last` are the numbers
    of its first and last verdict.
    """

    code: int | None
    disputed: bool
    highest: int
    reason: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
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

        None if nothing of it was judged, if it is disputed or out of scope, or if its judged
        passages are all code 0: of those that were not, nobody said anything.
        """
        own = self.papers.get(paper)
        if own is not None:
            return own.code
        codes = [self.hits[hit].code for hit, home in self.homes.items() if home == paper]
        return max((code for code in codes if code), default=None)

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
        is disputed settles nothing.
        """
        settled = {paper for paper, own in self.papers.items() if not own.disputed}
        settled |= self.find_papers(code)
        for paper, hits in passages.items():
            told = [self.hits.get(hit) for hit in hits]
            if paper not in self.papers and all(own and not own.disputed for own in told):
                settled.add(paper)
        return settled & set(passages)


def append(engine: sa.Engine, given: Sequence[Verdict]) -> list[int]:
    """Append verdicts in one transaction and return their numbers.

    A verdict supersedes the last one of the same reviewer on the same passage or paper in the same
    round. `at`, if empty, is now; the order in force is noted beside.
    """
    numbers = []
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with engine.begin() as connection:
        order = connection.scalar(
            sa.select(sa.func.max(orders.c.number)).where(orders.c.ready.is_(True))
        )
        for verdict in given:
            same = sa.select(sa.func.max(verdicts.c.id)).where(
                verdicts.c.paper == verdict.paper,
                verdicts.c.hit.is_(None) if verdict.hit is None else verdicts.c.hit == verdict.hit,
                verdicts.c.reviewer == verdict.reviewer,
                verdicts.c.round == verdict.round,
            )
            row = asdict(verdict)
            row["criteria"] = list(verdict.criteria)
            row["at"] = verdict.at or now
            row["supersedes"] = connection.scalar(same)
            result = connection.execute(verdicts.insert().values(**row, order=order))
            numbers.append(int((result.inserted_primary_key or [0])[0]))
    return numbers


def read_judgements(engine: sa.Engine, until: int | None = None) -> Judgements:
    """Return all verdicts settled; `until` leaves out those with a higher number."""
    query = sa.select(verdicts).order_by(verdicts.c.id)
    if until is not None:
        query = query.where(verdicts.c.id <= until)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    by_hit: dict[str, list[dict[str, Any]]] = defaultdict(list)
    by_paper: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["hit"] is None:
            by_paper[row["paper"]].append(row)
        else:
            by_hit[row["hit"]].append(row)
    return Judgements(
        {hit: _settle(told) for hit, told in by_hit.items()},
        {paper: _settle(told) for paper, told in by_paper.items()},
        {hit: told[0]["paper"] for hit, told in by_hit.items()},
        len(rows),
    )


def _settle(rows: Sequence[Mapping[str, Any]]) -> Settled:
    """Settle the verdicts on one thing: those of the last round count, of each reviewer the last.

    They settle it if all say the same.
    """
    last_round = max(row["round"] for row in rows)
    in_force = {row["reviewer"]: row for row in rows if row["round"] == last_round}.values()
    said = {(row["code"], row["reason"] if row["code"] is None else "") for row in in_force}
    highest = max((row["code"] for row in in_force if row["code"] is not None), default=-1)
    code, reason = next(iter(said)) if len(said) == 1 else (None, "")
    return Settled(code, len(said) > 1, highest, reason, rows[0]["id"], rows[-1]["id"])
