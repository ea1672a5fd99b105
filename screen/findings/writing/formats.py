"""The formats in which rows leave, by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from screen.findings.fields import Field
from screen.findings.output import Row, open_binary, open_output, write_csv, write_jsonl

# Those of `_BINARY` and `_REFERENCES` are imported when they are used: each is slow to start.
ROW_FORMATS = ("jsonl", "csv", "xlsx", "parquet", "sqlite")
REFERENCE_FORMATS = ("bibtex", "ris", "asreview")
# The tables whose rows are publications.
REFERENCES = ("papers", "findings")


class Written(NamedTuple):
    """How many rows were written, and how many cells were cut because the format holds no more."""

    rows: int
    cut: int = 0


class Table(NamedTuple):
    """Rows on their way into a file: the name of the table, its fields, and the rows."""

    name: str
    fields: Sequence[Field]
    rows: Iterable[Row]


def write_table(table: Table, format_: str, output: Path) -> Written:
    """Write rows to a file, or standard output for "-".

    A file is there wholly or not at all. Of the formats of references only publications can be
    written. Raises ScreenError if the file cannot be written, ExportError if it cannot hold so many
    rows.
    """
    if format_ in _BINARY:
        with open_binary(output) as binary:
            return _BINARY[format_](table, binary)
    with open_output(output, "csv" if format_ == "asreview" else format_) as text:
        return Written(_TEXT[format_](table, text))


def _write_jsonl(table: Table, file: TextIO) -> int:
    return write_jsonl(table.rows, file)


def _write_csv(table: Table, file: TextIO) -> int:
    return write_csv(table.rows, tuple(field.name for field in table.fields), file)


def _write_workbook(table: Table, file: BinaryIO) -> Written:
    from screen.findings.writing.workbook import write_workbook

    return Written(*write_workbook(table.name, table.fields, table.rows, file))


def _write_parquet(table: Table, file: BinaryIO) -> Written:
    from screen.findings.writing.columns import write_parquet

    return Written(write_parquet(table.fields, table.rows, file))


def _write_sqlite(table: Table, file: BinaryIO) -> Written:
    from screen.findings.writing.database import write_sqlite

    return Written(write_sqlite(table.name, table.fields, table.rows, file))


def _write_references(format_: str) -> Callable[[Table, TextIO], int]:
    def write(table: Table, file: TextIO) -> int:
        from screen.findings.writing.references import WRITERS

        return WRITERS[format_](table.rows, file)

    return write


_TEXT: Mapping[str, Callable[[Table, TextIO], int]] = {
    "jsonl": _write_jsonl,
    "csv": _write_csv,
    **{format_: _write_references(format_) for format_ in REFERENCE_FORMATS},
}
_BINARY: Mapping[str, Callable[[Table, BinaryIO], Written]] = {
    "xlsx": _write_workbook,
    "parquet": _write_parquet,
    "sqlite": _write_sqlite,
}
