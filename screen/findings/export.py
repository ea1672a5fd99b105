"""Hits and papers as rows of a table. The fields are described in docs/formats.md."""

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from screen.findings.output import Row, open_output, write_csv, write_jsonl
from screen.study.queries import list_papers, list_queue

HIT_FIELDS = (
    "hit_id", "paper_id", "file", "sha256", "title", "year", "journal", "affiliations", "page",
    "start", "end", "quote", "continued", "passage", "context", "section", "criteria", "code",
    "score", "reason", "mitigating", "events", "matches", "pack", "model", "verdicts",
    "published_flagged", "published_distance", "published_target",
)  # fmt: skip
PAPER_FIELDS = (
    "paper_id", "file", "sha256", "title", "authors", "year", "journal", "affiliations", "doi",
    "status", "reason", "pages", "unread_pages", "flagged", "code", "score", "hits", "verdict",
    "published_flagged", "published_distance", "published_target",
)  # fmt: skip


def hit_rows(engine: sa.Engine) -> Iterator[Row]:
    """Yield one row a hit, in the order of the queue."""
    for row in list_queue(engine):
        values = {
            **row,
            "hit_id": row["id"],
            "paper_id": row["paper"],
            "sha256": row["paper"],
            **_record_fields(row),
            # A hit is found by rules alone and judged by nobody before there are a classifier
            # and a workbench; the fields are there so that readers of the format need not change.
            "model": None,
            "verdicts": [],
        }
        yield {name: values[name] for name in HIT_FIELDS}


def paper_rows(engine: sa.Engine) -> Iterator[Row]:
    """Yield one row a paper, in the order of the file names.

    An unreadable paper is neither flagged nor unflagged: its `flagged` and `code` are null.
    """
    for row in list_papers(engine):
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
            "verdict": None,
        }
        yield {name: values[name] for name in PAPER_FIELDS}


def _record_fields(row: Row) -> Row:
    names = ("title", "authors", "affiliations", "journal", "year", "doi")
    return {name: row[f"record_{name}"] for name in names}


TABLES: dict[str, tuple[tuple[str, ...], Callable[[sa.Engine], Iterator[Row]]]] = {
    "hits": (HIT_FIELDS, hit_rows),
    "papers": (PAPER_FIELDS, paper_rows),
}


def write_export(engine: sa.Engine, what: str, format_: str, output: Path) -> int:
    """Write a table as "jsonl" or "csv" to a file, or standard output for "-"; return its rows.

    A file is there wholly or not at all. Raises ScreenError if it cannot be written.
    """
    fields, rows = TABLES[what]
    with open_output(output, format_) as file:
        if format_ == "csv":
            return write_csv(rows(engine), fields, file)
        return write_jsonl(rows(engine), file)
