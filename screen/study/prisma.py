"""The flow of a screening in the boxes of PRISMA 2020: what was identified, left out, read, found.

Each report is in one box of every level, so that a box is the sum of those that follow from it.
"""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from screen.study.folder import Study
from screen.study.schema import copies, exclusions, failures, hits, papers, records
from screen.study.verdicts import Judgements, read_judgements

Flow = dict[str, Any]


def count_flow(study: Study, engine: sa.Engine) -> Flow:
    """Return the counts of the flow diagram, by `databases` and by `other_methods`.

    Databases are the records; a report that only a file tells of was identified by other methods.
    A record that names a paper which another record names, or a near-duplicate, is a duplicate.
    """
    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    with engine.connect() as connection:
        query = sa.select(records.c.number, records.c.sha256, records.c.database)
        told = connection.execute(query.order_by(records.c.number)).all()
        out = {
            row["subject"]: (row["stage"], row["reason"])
            for row in connection.execute(sa.select(exclusions)).mappings()
        }
        same = set(connection.scalars(sa.select(copies.c.paper)))
        query = sa.select(papers.c.sha256, papers.c.status)
        statuses = {sha256: status for sha256, status in connection.execute(query)}
        query = sa.select(hits.c.paper).where(hits.c.code >= 1).distinct()
        flagged = set(connection.scalars(query))
        query = sa.select(sa.func.count()).where(failures.c.stage == "add")
        unread = connection.scalar(query) or 0
    subjects = dict.fromkeys(sha256 or f"record {number}" for number, sha256, _ in told)
    known = _Known(out, same, statuses, flagged, judgements)
    databases = known.follow(list(subjects), len(told))
    databases["by_database"] = _tally(name or "not stated" for _, _, name in told)
    others = known.follow([paper for paper in statuses if paper not in subjects], None, unread)
    return {"databases": databases, "other_methods": others}


class _Known:
    """What decides in which box a report is."""

    def __init__(
        self,
        out: dict[str, tuple[str, str]],
        same: set[str],
        statuses: dict[str, str],
        flagged: set[str],
        judgements: Judgements,
    ) -> None:
        self.out, self.same, self.statuses = out, same, statuses
        self.flagged, self.judgements = flagged, judgements

    def follow(self, subjects: list[str], identified: int | None, unread: int = 0) -> Flow:
        """Return the boxes for some reports; `unread` are files that could not even be read."""
        total = (len(subjects) if identified is None else identified) + unread
        single = [subject for subject in subjects if subject not in self.same]
        by_record = [s for s in single if self.out.get(s, ("",))[0] == "record"]
        left = set(by_record)
        sought = [subject for subject in single if subject not in left]
        held = [subject for subject in sought if subject in self.statuses]
        waiting = [paper for paper in held if self.statuses[paper] == "waiting"]
        unreadable = [paper for paper in held if self.statuses[paper] == "unreadable"]
        assessed = [paper for paper in held if self.statuses[paper] == "screened"]
        by_scope = [self.out[paper][1] for paper in assessed if paper in self.out]
        rest = [paper for paper in assessed if paper not in self.out]
        outcomes = _tally(self._tell(paper) for paper in rest)
        reviewers = {k[4:]: n for k, n in outcomes.items() if k.startswith("out ")}
        results = {k: n for k, n in outcomes.items() if not k.startswith("out ")}
        return {
            "identified": total,
            "duplicates_removed": total - unread - len(single),
            "screened": len(single) + unread,
            "excluded": len(by_record),
            "excluded_by_reason": _tally(self.out[subject][1] for subject in by_record),
            "sought": len(sought) + unread,
            "not_retrieved": len(sought) - len(held),
            "unreadable": len(unreadable) + unread,
            "waiting": len(waiting),
            "assessed": len(assessed),
            "excluded_by_scope": len(by_scope),
            "excluded_by_scope_by_reason": _tally(by_scope),
            "excluded_by_reviewers": sum(reviewers.values()),
            "excluded_by_reviewers_by_reason": reviewers,
            "included": len(rest) - sum(reviewers.values()),
            **{name: results.get(name, 0) for name in INCLUDED},
        }

    def _tell(self, paper: str) -> str:
        own = self.judgements.papers.get(paper)
        if own is not None and own.is_settled and own.code is None:
            return f"out {own.reason or 'not stated'}"
        code = self.judgements.judge_paper(paper)
        if code is not None:
            return f"code_{code}"
        return "awaiting_judgement" if paper in self.flagged else "not_flagged"


# What a report that is included comes to.
INCLUDED = ("code_2", "code_1", "code_0", "awaiting_judgement", "not_flagged")


def _tally(names: Any) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
