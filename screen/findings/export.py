"""What leaves a study as a table: which rows, which columns, in which format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from screen.errors import ExportError
from screen.findings.fields import TABLES, Field
from screen.findings.filters import Filters
from screen.findings.holdings import Holdings
from screen.findings.output import Row, open_binary, open_output
from screen.findings.rows import list_rows
from screen.findings.writing.formats import (
    REFERENCE_FORMATS,
    REFERENCES,
    ROW_FORMATS,
    Table,
    Written,
    write_table,
)
from screen.review.exchange.entries import Sheet
from screen.review.exchange.formats import WRITTEN_FORMATS, write_binary_sheet, write_sheet

FORMATS = (*ROW_FORMATS, *REFERENCE_FORMATS)
# Tables that are data, as the queue is, and formats of other tools for it.
QUEUE_FORMATS = tuple(dict.fromkeys((*WRITTEN_FORMATS, "parquet", "sqlite")))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to leave: the table, its rows, its columns (all if none are named), the format."""

    what: str
    format_: str
    filters: Filters = field(default_factory=Filters)
    columns: tuple[str, ...] = ()

    def check(self, criteria: Sequence[str]) -> None:
        """Raise ExportError for what cannot leave so."""
        self.filters.check(self.what, criteria)
        if self.what != "queue" and self.format_ not in FORMATS:
            raise ExportError(f"{self.format_} is a format of the queue, not of {self.what}")
        if self.what == "queue" and self.format_ not in QUEUE_FORMATS:
            raise ExportError(f"the queue is not written as {self.format_}")
        if self.format_ in REFERENCE_FORMATS and self.what not in REFERENCES:
            raise ExportError(f"{self.format_} is for publications: {' or '.join(REFERENCES)}")
        if self.columns and self.format_ not in ROW_FORMATS:
            raise ExportError(f"{self.format_} has columns of its own")
        choose_fields(self.what, self.columns)


def choose_fields(what: str, columns: Sequence[str]) -> tuple[Field, ...]:
    """Return the fields of a table, or those of these names in this order.

    Raises ExportError for a name that it has not.
    """
    fields = {one.name: one for one in TABLES[what]}
    if not columns:
        return tuple(fields.values())
    for name in columns:
        if name not in fields:
            near = get_close_matches(name, fields, n=1)
            hint = f"; is {near[0]} meant?" if near else f"; they have {', '.join(fields)}"
            raise ExportError(f"{what} have no field {name!r:.40}{hint}")
    if len(set(columns)) < len(columns):
        raise ExportError("a column is named twice")
    return tuple(fields[name] for name in columns)


def write_export(holdings: Holdings, wanted: Wanted, output: Path) -> Written:
    """Write a table to a file, or standard output for "-".

    A file is there wholly or not at all. Raises ExportError for what cannot leave so, ScreenError
    if the file cannot be written.
    """
    fields = choose_fields(wanted.what, wanted.columns)
    chosen = wanted.filters.choose(wanted.what, list_rows(holdings, wanted.what))
    if wanted.columns:
        names = [one.name for one in fields]
        chosen = ({name: row[name] for name in names} for row in chosen)
    return write_table(Table(wanted.what, fields, chosen), wanted.format_, output)


def write_queue(sheet: Sheet, wanted: Wanted, output: Path) -> Written:
    """Write passages to be judged to a file, for people or in the format of another tool.

    The formats are those of `review/exchange`, and those of tables. Raises as `write_export` does.
    """
    rows = list(wanted.filters.choose("queue", sheet.rows))
    names = wanted.columns or sheet.columns
    if hidden := [name for name in names if name not in sheet.columns]:
        raise ExportError(f"the queue is blind: {hidden[0]} is not shown")
    chosen = Sheet(rows, tuple(names), sheet.codebook)
    if wanted.format_ not in WRITTEN_FORMATS:
        fields = choose_fields("queue", chosen.columns)
        return write_table(Table("queue", fields, map(_as_values, rows)), wanted.format_, output)
    if wanted.format_ == "xlsx":
        with open_binary(output) as file:
            write_binary_sheet(chosen, file)
    else:
        with open_output(output, wanted.format_) as text:
            write_sheet(chosen, wanted.format_, text)
    return Written(len(rows))


def clear_sheet(sheet: Sheet, holdings: Holdings) -> Sheet:
    """Return passages to be judged without names of people in the names of files and in notes."""
    rows = [
        {
            **row,
            "file": holdings.files[row["paper_id"]],
            "note": holdings.clear_note(row["note"], row["paper_id"]),
        }
        for row in sheet.rows
    ]
    return replace(sheet, rows=rows)


def _as_values(row: Mapping[str, Any]) -> Row:
    """Return a row of the queue with null for what is not known, and lists for lists."""
    values = {name: None if value == "" else value for name, value in row.items()}
    for name in ("criteria", "judged_criteria"):
        values[name] = values[name] or []
    return values
