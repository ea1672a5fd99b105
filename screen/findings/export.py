"""Hits and papers as rows of a table. The fields are described in docs/formats.md."""

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from screen.findings.output import Row, open_binary, open_output, write_csv, write_jsonl
from screen.review.exchange.entries import Sheet
from screen.review.exchange.formats import write_binary_sheet, write_sheet
from screen.study.completeness import Completeness
from screen.study.copies.groups import read_groups
from screen.study.folder import Study
from screen.study.queries import list_papers, list_queue, list_verdicts
from screen.study.reading_list import list_excluded
from screen.study.verdicts import read_judgements

HIT_FIELDS = (
    "hit_id", "paper_id", "file", "sha256", "title", "year", "journal", "affiliations", "page",
    "start", "end", "quote", "continued", "passage", "context", "section", "criteria", "code",
    "score", "reason", "mitigating", "events", "matches", "pack", "model", "problematic",
    "possible", "verdicts", "neighbour", "excluded", "published_flagged",
    "published_distance", "published_target", "recall_at_least", "completeness",
)  # fmt: skip
PAPER_FIELDS = (
    "paper_id", "file", "sha256", "title", "authors", "year", "journal", "affiliations", "doi",
    "status", "reason", "pages", "unread_pages", "flagged", "code", "score", "hits",
    "problematic", "possible", "verdict", "verdict_carried", "copy_of",
    "published_flagged", "published_distance", "published_target", "recall_at_least",
    "completeness",
)  # fmt: skip
VERDICT_FIELDS = (
    "id", "reviewer", "round", "code", "criteria", "mitigating", "reason", "note", "at",
    "supersedes", "withdrawn", "blind", "pack", "model",
)  # fmt: skip


def hit_rows(study: Study, engine: sa.Engine, known: Completeness) -> Iterator[Row]:
    """Yield one row a hit, in the order of the queue; also of papers that are out of scope."""
    verdicts = list_verdicts(engine)
    left_out = list_excluded(engine)
    for row in list_queue(engine, every=True):
        values = {
            **row,
            "hit_id": row["id"],
            "paper_id": row["paper"],
            "sha256": row["paper"],
            **_record_fields(row),
            "verdicts": [_verdict_fields(verdict) for verdict in verdicts.get(row["id"], [])],
            "excluded": left_out.get(row["paper"]),
            **_completeness(known),
        }
        yield {name: values[name] for name in HIT_FIELDS}


def paper_rows(study: Study, engine: sa.Engine, known: Completeness) -> Iterator[Row]:
    """Yield one row a paper, in the order of the file names.

    An unreadable paper is neither flagged nor unflagged: its `flagged` and `code` are null. So are
    those of a paper that the scope leaves out; its `reason` is the scope's.
    """
    left_out = list_excluded(engine)
    judgements = read_judgements(engine, study.settings.review.reviewers_per_passage)
    groups = read_groups(engine)
    for row in list_papers(engine):
        if row["sha256"] in left_out:
            row.update(status="excluded", reason=left_out[row["sha256"]])
        verdict, carried = groups.judge_paper(judgements, row["sha256"])
        screened = row["status"] == "screened"
        code = row["code"] or 0
        values = {
            **row,
            "paper_id": row["sha256"],
            **_record_fields(row),
            "flagged": code >= 1 if screened else None,
            "code": code if screened else None,
            "score": (row["score"] or 0.0) if screened else None,
            "hits": row["hits"] or 0,
            "verdict": verdict,
            "verdict_carried": carried,
            "copy_of": groups.originals.get(row["sha256"]),
            **_completeness(known),
        }
        yield {name: values[name] for name in PAPER_FIELDS}


def _record_fields(row: Row) -> Row:
    names = ("title", "authors", "affiliations", "journal", "year", "doi")
    return {name: row[f"record_{name}"] for name in names}


def _verdict_fields(row: Row) -> Row:
    return {name: row[name] for name in VERDICT_FIELDS}


def _completeness(known: Completeness) -> Row:
    return {
        "recall_at_least": known.recall_at_least,
        "completeness": known.statement,
    }


_Rows = Callable[[Study, sa.Engine, Completeness], Iterator[Row]]
TABLES: dict[str, tuple[tuple[str, ...], _Rows]] = {
    "hits": (HIT_FIELDS, hit_rows),
    "papers": (PAPER_FIELDS, paper_rows),
}


def write_export(
    study: Study, engine: sa.Engine, known: Completeness, what: str, format_: str, output: Path
) -> int:
    """Write a table as "jsonl" or "csv" to a file, or standard output for "-"; return its rows.

    A file is there wholly or not at all. Raises ScreenError if it cannot be written.
    """
    fields, rows = TABLES[what]
    with open_output(output, format_) as file:
        if format_ == "csv":
            return write_csv(rows(study, engine, known), fields, file)
        return write_jsonl(rows(study, engine, known), file)


def write_queue(sheet: Sheet, format_: str, output: Path) -> None:
    """Write passages to be judged to a file, in one of the formats of `review/exchange`.

    Raises ScreenError if it cannot be written.
    """
    if format_ == "xlsx":
        with open_binary(output) as file:
            write_binary_sheet(sheet, file)
    else:
        with open_output(output, format_) as text:
            write_sheet(sheet, format_, text)
