"""The flow of a screening in the boxes of PRISMA 2020: what was identified, left out, read, found.

Each report is in one box of every level, so that a box is the sum of those that follow from it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from screen.study.copies.groups import Groups, read_groups
from screen.study.folder import Study
from screen.study.queries import list_flagged
from screen.study.schema import exclusions, failures, papers, records
from screen.study.verdicts import Judgements, read_judgements

Flow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What decides in which box a report is.

    `out` has stage and reason of the exclusions, `statuses` those of the papers; `cleared` papers
    have passages of code 1 or 2 which were all judged code 0.
    """

    out: Mapping[str, tuple[str, str]]
    statuses: Mapping[str, str]
    cleared: Collection[str]
    judgements: Judgements
    groups: Groups


def count_flow(study: Study, engine: sa.Engine) -> Flow:
    """Return the counts of the flow diagram, by `databases` and by `other_methods`.

    Databases are the records; a report that only files tell of was identified by other methods.
    Whatever tells of a paper that was told of before, or of its near-duplicate, is a duplicate.
    """
    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    with engine.connect() as connection:
        query: sa.Select[Any] = sa.select(records.c.number, records.c.sha256, records.c.database)
        told = connection.execute(query.order_by(records.c.number)).all()
        out = {
            row["subject"]: (row["stage"], row["reason"])
            for row in connection.execute(sa.select(exclusions)).mappings()
        }
        query = sa.select(papers.c.sha256, papers.c.status)
        statuses = {row.sha256: row.status for row in connection.execute(query)}
        flagged = list_flagged(connection)
        lost = sa.select(sa.func.count()).where(failures.c.stage == "add")
        unread = connection.scalar(lost) or 0
    groups = read_groups(engine)
    cleared = judgements.find_settled(flagged, 1) - judgements.papers.keys()
    known = Known(out, statuses, cleared, judgements, groups)
    named = {sha256 for _, sha256, _ in told}
    subjects = {
        f"record {number}" if sha256 is None else groups.find_read(sha256)
        for number, sha256, _ in told
    }
    databases = follow_reports(subjects, len(told), 0, known)
    databases["by_database"] = _tally(name or "not stated" for _, _, name in told)
    alone = statuses.keys() - subjects - named
    rest = set(map(groups.find_read, alone)) - subjects
    others = follow_reports(rest, len(alone), unread, known)
    return {"databases": databases, "other_methods": others}


def follow_reports(subjects: Collection[str], identified: int, unread: int, known: Known) -> Flow:
    """Return the boxes for some different reports, of which so many records or files tell.

    `unread` are further files, that could not even be read.
    """
    out, statuses = known.out, known.statuses
    by_record = [s for s in subjects if out.get(s, ("", ""))[0] == "record"]
    left = set(by_record)
    sought = [subject for subject in subjects if subject not in left]
    held = [subject for subject in sought if subject in statuses]
    assessed = [paper for paper in held if _is_assessed(paper, known)]
    not_yet = Counter(statuses[paper] for paper in set(held) - set(assessed))
    waiting, unreadable = not_yet["waiting"], not_yet["unreadable"]
    by_scope = [out[paper][1] for paper in assessed if paper in out]
    rest = [paper for paper in assessed if paper not in out]
    outcomes = _tally(_tell(paper, known) for paper in rest)
    reviewers = {k[4:]: n for k, n in outcomes.items() if k.startswith("out ")}
    results = {k: n for k, n in outcomes.items() if not k.startswith("out ")}
    return {
        "identified": identified + unread,
        "duplicates_removed": identified - len(subjects),
        "screened": len(subjects) + unread,
        "excluded": len(by_record),
        "excluded_by_reason": _tally(out[subject][1] for subject in by_record),
        "sought": len(sought) + unread,
        "not_retrieved": len(sought) - len(held),
        "unreadable": unreadable + unread,
        "waiting": waiting,
        "assessed": len(assessed),
        "excluded_by_scope": len(by_scope),
        "excluded_by_scope_by_reason": _tally(by_scope),
        "excluded_by_reviewers": sum(reviewers.values()),
        "excluded_by_reviewers_by_reason": reviewers,
        "included": len(rest) - sum(reviewers.values()),
        **{name: results.get(name, 0) for name in INCLUDED},
    }


def _is_assessed(paper: str, known: Known) -> bool:
    """Tell whether a text was assessed: by the program, or only by people, who settled what it is.

    These may read what the program cannot.
    """
    source = known.groups.find_source(known.judgements, paper)
    own = known.judgements.papers.get(source)
    said = known.judgements.judge_paper(source) is not None or (own is not None and own.is_settled)
    return said or known.statuses[paper] == "screened"


def _tell(paper: str, known: Known) -> str:
    """Return the box of a paper that was assessed, by its verdict or that of a copy."""
    source = known.groups.find_source(known.judgements, paper)
    own = known.judgements.papers.get(source)
    if own is not None and own.is_settled and own.code is None:
        return f"out {own.reason or 'not stated'}"
    code = known.judgements.judge_paper(source)
    if code is not None:
        return f"code_{code}"
    if paper in known.cleared:
        return "code_0"
    return "awaiting_judgement" if paper in known.groups.flagged else "not_flagged"


# What a report that is included comes to.
INCLUDED = ("code_2", "code_1", "code_0", "awaiting_judgement", "not_flagged")


def _tally(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
