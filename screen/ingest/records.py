"""Read bibliographic records from JSON Lines or CSV; each is tied to a source file by its name.

A malformed record costs itself only: it is reported with file and line, and the rest is read.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from screen.errors import DocumentError, RecordsError
from screen.ingest.files import decode
from screen.ingest.jsonlines import read_lines
from screen.types import Record

_LISTS = frozenset({"authors", "affiliations", "keywords"})
_NAMES = frozenset(field.name for field in fields(Record))


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that could not be used: where it stands and why."""

    file: str
    line: int
    reason: str


def read_records(path: Path) -> Iterator[Record | BadRecord]:
    """Yield the records of a .jsonl or .csv file in order, unusable ones as BadRecord.

    Encodings are those of text files. Columns are the fields of Record; `file` is required. In
    CSV, lists are parted by semicolons.
    Raises RecordsError if the file cannot be read at all.
    """
    try:
        text = decode(path.read_bytes()).removeprefix("\ufeff")
    except OSError as error:
        raise RecordsError(f"{path}: {error.strerror}") from None
    except DocumentError as error:
        raise RecordsError(f"{path}: {error.reason}") from None
    rows = _csv_rows(path, text) if path.suffix.lower() == ".csv" else read_lines(text)
    for line, row in rows:
        if isinstance(row, str):
            yield BadRecord(str(path), line, row)
            continue
        try:
            yield _record(row)
        except ValueError as error:
            yield BadRecord(str(path), line, str(error))


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if not reader.fieldnames or "file" not in reader.fieldnames:
        raise RecordsError(f"{path}:1: no column named file")
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.reader.line_num, f"not CSV: {error}"
            continue
        if None in row:
            yield reader.line_num, "more cells than columns"
            continue
        yield reader.line_num, {name: value for name, value in row.items() if value}


def _record(row: Mapping[str, Any]) -> Record:
    unknown = sorted(set(row) - _NAMES)
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(map(str, unknown))}")
    values: dict[str, Any] = {}
    for name, value in row.items():
        if name in _LISTS:
            parts = value.split(";") if isinstance(value, str) else value
            if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
                raise ValueError(f"{name}: expected a list of words")
            values[name] = tuple(part.strip() for part in parts if part.strip())
        elif name == "year":
            values[name] = _year(value)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            values[name] = str(value)
        elif value is not None:
            raise ValueError(f"{name}: expected words")
    _check_storable(values)
    if not values.get("file"):
        raise ValueError("no file name")
    return Record(**values)


def _check_storable(values: Mapping[str, Any]) -> None:
    """Raise ValueError for half surrogate pairs, which no file and no database can hold."""
    for name, value in values.items():
        try:
            "".join(value if isinstance(value, tuple) else str(value)).encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name}: holds half a character (a lone surrogate)") from None


def _year(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        year = int(str(value))
    except ValueError:
        raise ValueError(f"year: {value!r} is not a number") from None
    if not 1800 <= year <= 2200:
        raise ValueError(f"year: {year} is not a year of publication")
    return year
