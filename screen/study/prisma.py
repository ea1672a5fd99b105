"""The flow of a screening in the boxes of PRISMA 2020: what was identified, left out, read, found.

Each report is in one box of every level, so that a box is the sum of those that follow from it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from screen.study.folder import Study
from screen.study.groups import Groups, read_groups
from screen.study.reading_list import is_copy
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
        query: sa.Select[Any] = sa.select(records.c.number, records.c.sha256, records.c.database)
        told = connection.execute(query.order_by(records.c.number)).all()
        out = {
            row["subject"]: (row["stage"], row["reason"])
            for row in connection.execute(sa.select(exclusions)).mappings()
        }
        same = set(connection.scalars(sa.select(copies.c.paper).where(is_copy(copies.c.paper))))
        query = sa.select(papers.c.sha256, papers.c.status)
        statuses = {row.sha256: row.status for row in connection.execute(query)}
        coded = sa.select(hits.c.paper).where(hits.c.code >= 1).distinct()
        flagged = set(connection.scalars(coded))
        lost = sa.select(sa.func.count()).where(failures.c.stage == "add")
        unread = connection.scalar(lost) or 0
    subjects = dict.fromkeys(sha256 or f"record {number}" for number, sha256, _ in told)
    known = (out, same, statuses, flagged, judgements, read_groups(engine))
    databases = follow_reports(subjects, len(told), 0, known)
    databases["by_database"] = _tally(name or "not stated" for _, _, name in told)
    alone = [paper for paper in statuses if paper not in subjects]
    others = follow_reports(alone, len(alone), unread, known)
    return {"databases": databases, "other_methods": others}


# What decides in which box a report is: stage and reason of the exclusions, near-duplicates, the
# status of the papers, those with a passage of code 1 or 2, what people judged, and for whom that
# counts.
Known = tuple[
    Mapping[str, tuple[str, str]],
    Collection[str],
    Mapping[str, str],
    Collection[str],
    Judgements,
    Groups,
]


def follow_reports(subjects: Collection[str], identified: int, unread: int, known: Known) -> Flow:
    """Return the boxes for some reports, of which so many records or files tell.

    `unread` are further files, that could not even be read.
    """
    out, same, statuses, flagged, judgements, groups = known
    total = identified + unread
    single = [subject for subject in subjects if subject not in same]
    by_record = [s for s in single if out.get(s, ("", ""))[0] == "record"]
    left = set(by_record)
    sought = [subject for subject in single if subject not in left]
    held = [subject for subject in sought if subject in statuses]
    waiting = [paper for paper in held if statuses[paper] == "waiting"]
    unreadable = [paper for paper in held if statuses[paper] == "unreadable"]
    assessed = [paper for paper in held if statuses[paper] == "screened"]
    by_scope = [out[paper][1] for paper in assessed if paper in out]
    rest = [paper for paper in assessed if paper not in out]
    outcomes = _tally(_tell(paper, flagged, judgements, groups) for paper in rest)
    reviewers = {k[4:]: n for k, n in outcomes.items() if k.startswith("out ")}
    results = {k: n for k, n in outcomes.items() if not k.startswith("out ")}
    return {
        "identified": total,
        "duplicates_removed": total - unread - len(single),
        "screened": len(single) + unread,
        "excluded": len(by_record),
        "excluded_by_reason": _tally(out[subject][1] for subject in by_record),
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


def _tell(paper: str, flagged: Collection[str], judgements: Judgements, groups: Groups) -> str:
    judged = groups.find_judged(judgements, paper)
    own = judgements.papers.get(judged)
    if own is not None and own.is_settled and own.code is None:
        return f"out {own.reason or 'not stated'}"
    code = judgements.judge_paper(judged)
    if code is not None:
        return f"code_{code}"
    return "awaiting_judgement" if paper in flagged else "not_flagged"


# What a report that is included comes to.
INCLUDED = ("code_2", "code_1", "code_0", "awaiting_judgement", "not_flagged")


def _tally(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
