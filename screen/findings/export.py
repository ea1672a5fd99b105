"""Write hits and papers as JSON Lines or CSV. The fields are described in docs/formats.md."""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from screen.errors import ScreenError
from screen.study.queries import list_papers, list_queue

Row = dict[str, Any]

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

# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


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


@contextmanager
def open_output(output: Path, format_: str = "text") -> Iterator[TextIO]:
    """Open a file to be written in UTF-8, or standard output for "-".

    A file is there wholly or not at all; as "csv" it begins with a byte order mark, without which
    Excel garbles Chinese, but which the next program in a pipe would take for text. Raises
    ScreenError if it cannot be written.
    """
    encoding = "utf-8-sig" if format_ == "csv" and str(output) != "-" else "utf-8"
    try:
        with _open(output, encoding) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "standard output" if str(output) == "-" else output
        raise ScreenError(f"{name} cannot be written: {error.strerror}") from None


@contextmanager
def _open(output: Path, encoding: str) -> Iterator[TextIO]:
    if str(output) == "-":
        if sys.stdout is None:
            raise ScreenError("standard output is closed")
        with open(sys.stdout.fileno(), "w", encoding=encoding, newline="", closefd=False) as file:
            yield file
    elif output.exists() and not output.is_file():
        # A device or a pipe: to be written to, never replaced.
        with output.open("w", encoding=encoding, newline="") as file:
            yield file
    else:
        target = output.resolve()
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with partial.open("w", encoding=encoding, newline="") as file:
                yield file
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def write_text(output: Path, text: str) -> None:
    """Write a text to a file, wholly or not at all. Raises ScreenError if it cannot be written."""
    with open_output(output) as file:
        file.write(text)


def write_jsonl(rows: Iterable[Row], file: TextIO) -> int:
    """Write rows as JSON Lines in UTF-8 and return their number."""
    count = 0
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(rows: Iterable[Row], fields: tuple[str, ...], file: TextIO) -> int:
    """Write rows as CSV and return their number.

    The file is open with newline "". Lists are JSON; cells that a spreadsheet would run are defused
    with a leading '.
    """
    writer = csv.writer(file)
    writer.writerow(fields)
    count = 0
    for row in rows:
        writer.writerow([_cell(row[name]) for name in fields])
        count += 1
    return count


def _cell(value: object) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return defuse(value)


def defuse(value: object) -> object:
    """Return a cell that no spreadsheet runs as a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
