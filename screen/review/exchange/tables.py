"""CSV and JSON Lines: tables to be filled in with any program."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from screen.errors import GoldError
from screen.review.exchange.cells import defuse, restore
from screen.review.exchange.entries import Entry, Sheet

# Spreadsheets part cells by what is not the decimal point of their user's language.
_DELIMITERS = ",;\t"


def write_jsonl(sheet: Sheet, file: TextIO) -> None:
    """Write a sheet as JSON Lines."""
    for row in sheet.rows:
        values = {name: row[name] for name in sheet.columns}
        file.write(json.dumps(values, ensure_ascii=False) + "\n")


def read_row(where: str, row: dict[str, Any]) -> Iterator[Entry]:
    """Yield the entry that a line of JSON Lines is."""
    yield Entry(where, row)


def write_csv(sheet: Sheet, file: TextIO) -> None:
    """Write a sheet as CSV; the file is open with newline ""."""
    writer = csv.writer(file)
    writer.writerow(sheet.columns)
    for row in sheet.rows:
        writer.writerow([defuse(to_text(row[name])) for name in sheet.columns])


def to_text(value: object) -> object:
    """Return a value as people read it in a cell: lists parted by commas, yes and no."""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def read_csv(path: Path, text: str) -> Iterator[Entry]:
    """Yield the rows of a CSV file whose first line names its columns.

    Raises GoldError with file and line.
    """
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        check_columns(path, list(reader.fieldnames or ()))
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if None in row:
                raise GoldError(f"{where}: more cells than columns")
            yield Entry(where, {name: restore(cell) for name, cell in row.items() if cell})
    except csv.Error as error:
        raise GoldError(f"{path}:{reader.line_num}: {error}") from None


def check_columns(path: Path, names: list[str]) -> None:
    """Raise GoldError if a table has two columns of one name."""
    for name in names:
        if name and names.count(name) > 1:
            raise GoldError(f"{path}: two columns named {name!r:.40}")
