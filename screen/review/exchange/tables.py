"""CSV and JSON Lines: tables to be filled in with any program."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO

from screen.errors import GoldError
from screen.ingest.records.cells import defuse, restore
from screen.review.exchange.entries import FILLED, PASSAGE, Entry, Sheet

# Raises GoldError for the columns of a file that are not as they must be.
CheckColumns = Callable[[Path, list[str]], None]

# Spreadsheets part cells by what is not the decimal point of their user's language.
_DELIMITERS = ",;\t"
# The columns that name what was judged.
_NAMING = ("hit_id", "paper_id", "file")
# How much a name must share with that of a column to be taken for a slip, from 0 to 1.
_NEAR = 0.85
# In characters. csv has one bound for the whole process, which tables of records raise.
_LARGEST_CELL = 131_072


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


def read_csv(path: Path, text: str, check: CheckColumns) -> Iterator[Entry]:
    """Yield the rows of a CSV file whose first line names its columns, which `check` accepts.

    Raises GoldError with file and line.
    """
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        check(path, list(reader.fieldnames or ()))
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if None in row:
                raise GoldError(f"{where}: more cells than columns")
            yield Entry(where, {name: restore(cell) for name, cell in row.items() if cell})
    except csv.Error as error:
        raise GoldError(f"{path}:{reader.line_num}: {error}") from None


def check_columns(path: Path, names: list[str]) -> None:
    """Raise GoldError unless the columns of a table can be told from one another.

    Two of one name, none that names what was judged, or one that nearly has the name of a column
    that is missing, whose cells would be passed over.
    """
    for name in names:
        if name and names.count(name) > 1:
            raise GoldError(f"{path}: two columns named {name!r:.40}")
    if any(names) and not set(names) & {*_NAMING, "sha256"}:
        raise GoldError(
            f"{path}: no column hit_id, paper_id or file; are the names of the columns in the "
            "first row?"
        )
    missing = {_plain(name): name for name in (*_NAMING, *FILLED) if name not in names}
    for name in names:
        near = get_close_matches(_plain(name), missing, n=1, cutoff=_NEAR)
        if near and name not in PASSAGE:
            raise GoldError(f"{path}: a column {name!r:.40}: is {missing[near[0]]!r} meant?")


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
