"""What a study holds as rows of a table, by the fields of `fields`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from screen.findings.fields import TABLES, VERDICT_FIELDS
from screen.findings.finding import Finding, Given, PaperState, Passage
from screen.findings.holdings import Holdings
from screen.findings.output import Row
from screen.types import Record


def list_rows(holdings: Holdings, what: str) -> Iterator[Row]:
    """Yield the rows of a table of `fields.TABLES`, in its order and with its fields."""
    names = [field.name for field in TABLES[what]]
    for row in _MAKERS[what](holdings):
        yield {name: row[name] for name in names}


def _hits(holdings: Holdings) -> Iterator[Row]:
    """Yield all hits in the order of reading; also of papers that are not read."""
    known = _completeness(holdings)
    for row in holdings.list_hits():
        paper = holdings.paper.get(row["paper"])
        if paper is None:
            # It came while a run is at work, after the papers were listed.
            continue
        judged = holdings.judged.get((row["paper"], row["id"]))
        yield {
            **row,
            **_reference(paper.record),
            "hit_id": row["id"],
            "paper_id": row["paper"],
            "sha256": row["paper"],
            "file": paper.file,
            "judged_code": judged.code if judged else None,
            "judged_criteria": list(judged.criteria) if judged else [],
            "verdicts": _verdicts(judged.verdicts if judged else ()),
            "excluded": holdings.excluded.get(row["paper"]),
            **known,
        }


def _papers(holdings: Holdings) -> Iterator[Row]:
    """Yield all papers in the order of their file names.

    An unreadable paper is neither flagged nor unflagged: its `flagged` and `code` are null. So are
    those of a paper that the scope leaves out; its `reason` is the scope's.
    """
    known = _completeness(holdings)
    for paper in holdings.papers:
        flagged, distance, target = paper.published
        yield {
            **_paper(paper),
            "status": paper.status,
            "reason": paper.reason,
            "pages": paper.pages,
            "unread_pages": paper.unread_pages,
            "flagged": paper.is_flagged,
            "code": paper.code,
            "criteria": list(paper.criteria),
            "score": paper.score,
            "hits": paper.hits,
            "problematic": paper.problematic,
            "possible": paper.possible,
            "verdict": paper.verdict,
            "settled": paper.is_settled,
            "out_of_scope": paper.out_of_scope,
            "judged_criteria": list(paper.judged_criteria),
            "verdict_carried": paper.carried,
            "copy_of": paper.copy_of,
            "published_flagged": flagged,
            "published_distance": distance,
            "published_target": target,
            **known,
        }


def _findings(holdings: Holdings) -> Iterator[Row]:
    known = _completeness(holdings)
    for finding in holdings.findings:
        yield {**make_finding_row(finding), **known}


def make_finding_row(finding: Finding) -> Row:
    """Return a finding as a row, but for what it tells of the study as a whole."""
    return {
        **_paper(finding.paper),
        "number": finding.number,
        "code": finding.code,
        "criteria": list(finding.criteria),
        "mitigating": finding.mitigating,
        "signs": [asdict(sign) for sign in finding.signs],
        "reviewers": finding.reviewers,
        "adjudicated": finding.is_adjudicated,
        "passages": [_passage(passage) for passage in finding.passages],
        "verdicts": _verdicts(finding.whole.verdicts if finding.whole else ()),
        "judged_as": finding.judged_as,
        "copies": list(finding.copies),
    }


def _passage(passage: Passage) -> Row:
    hit, judged = passage.hit, passage.judged
    where = ("page", "start", "end", "quote", "passage", "section", "reason")
    return {
        "hit_id": passage.id,
        **{name: getattr(hit, name, None) for name in where},
        "continued": [asdict(part) for part in hit.continued] if hit else [],
        "code": judged.code if judged else None,
        "criteria": list(judged.criteria) if judged else [],
        "mitigating": judged.mitigating if judged else None,
        "rule_code": hit.code if hit else None,
        "rule_criteria": list(hit.criteria) if hit else [],
        "verdicts": _verdicts(judged.verdicts if judged else ()),
    }


def _verdict_rows(holdings: Holdings) -> Iterator[Row]:
    """Yield the whole history of verdicts, in the order in which they were given."""
    return map(make_verdict_row, holdings.verdicts)


def make_verdict_row(given: Given) -> Row:
    """Return a verdict of the history as a row."""
    return {
        **_verdict(given),
        "number": given.number,
        "hit_id": given.verdict.hit,
        "paper_id": given.verdict.paper,
        "sha256": given.verdict.paper,
        "file": given.file,
        "order": given.order,
        "in_force": given.in_force,
    }


def _failures(holdings: Holdings) -> Iterator[Row]:
    for failure in holdings.list_failures():
        yield {**asdict(failure), "file": failure.path, "sha256": failure.sha256 or None}


_MAKERS: Mapping[str, Callable[[Holdings], Iterable[Row]]] = {
    "hits": _hits,
    "papers": _papers,
    "findings": _findings,
    "verdicts": _verdict_rows,
    "failures": _failures,
}


# ---- parts of rows -------------------------------------------------------------------------------


def _paper(paper: PaperState) -> Row:
    place = paper.place
    return {
        "paper_id": paper.sha256,
        "file": paper.file,
        "sha256": paper.sha256,
        **_reference(paper.record),
        "hospital": place.hospital or None,
        "city": place.city or None,
        "province": place.province or None,
        "place_method": place.method,
    }


def _reference(record: Record) -> Row:
    """Return a record as columns; what it does not tell is null, also where there is none."""
    same = ("title", "year", "journal", "volume", "issue", "doi", "abstract", "database")
    return {
        **{name: getattr(record, name) or None for name in same},
        "authors": "; ".join(record.authors) or None,
        "affiliations": "; ".join(record.affiliations) or None,
        "keywords": "; ".join(record.keywords) or None,
        "journal_pages": record.pages or None,
    }


def _verdicts(given: Iterable[Given]) -> list[Row]:
    return [_verdict(one) for one in given]


def _verdict(given: Given) -> Row:
    row: dict[str, Any] = {
        "id": given.id,
        "supersedes": given.supersedes,
        **{name: getattr(given.verdict, name, None) for name in VERDICT_FIELDS if name != "id"},
    }
    row["supersedes"] = given.supersedes
    row["criteria"] = list(given.verdict.criteria)
    row["reviewer"] = given.verdict.reviewer or None
    return row


def _completeness(holdings: Holdings) -> Row:
    known = holdings.completeness
    return {"recall_at_least": known.recall_at_least, "completeness": known.statement}
