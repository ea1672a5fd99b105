"""The formats by name, and which of them a file is in."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from screen.errors import GoldError
from screen.ingest.jsonlines import read_lines
from screen.review.exchange import doccano, labelstudio, prodigy, tables
from screen.review.exchange.entries import Entry, Sheet

Object = dict[str, Any]

# These read one object of JSON.
_READERS: Mapping[str, Callable[[str, Object], Iterator[Entry]]] = {
    "labelstudio": labelstudio.read_task,
    "doccano": doccano.read_example,
    "prodigy": prodigy.read_task,
    "jsonl": tables.read_row,
}
READ_FORMATS = ("xlsx", "csv", *_READERS)
_WRITERS: Mapping[str, Callable[[Sheet, TextIO], None]] = {
    "labelstudio": labelstudio.write_tasks,
    "labelstudio-config": labelstudio.write_interface,
    "doccano": doccano.write_examples,
    "doccano-labels": doccano.write_labels,
    "prodigy": prodigy.write_tasks,
    "csv": tables.write_csv,
    "jsonl": tables.write_jsonl,
}
# These hold no rows, but what a tool is set up with.
CONFIGS = frozenset({"labelstudio-config", "doccano-labels"})
WRITTEN_FORMATS = ("xlsx", *_WRITERS)
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def write_sheet(sheet: Sheet, format_: str, text: TextIO) -> None:
    """Write a sheet in one of the formats that are text."""
    _WRITERS[format_](sheet, text)


def write_binary_sheet(sheet: Sheet, file: BinaryIO) -> None:
    """Write a sheet as XLSX."""
    from screen.review.exchange.workbook import write_workbook  # slow to start

    write_workbook(sheet, file)


def read_entries(
    path: Path, format_: str | None = None, annotator: str | None = None
) -> list[Entry]:
    """Read a filled-in file, in the format that it looks to be in if none is named.

    With `annotator` only what was filled in by who is called so in the tool. Raises GoldError with
    the file and the row, line or task.
    """
    entries = _read(path, format_)
    if annotator is None:
        return entries
    people = sorted({name for entry in entries for name in entry.by})
    if annotator not in people:
        known = f"only by: {', '.join(people)}" if people else "nor does it say who judged"
        raise GoldError(f"{path}: nothing by {annotator!r:.60}, {known:.200}")
    return [entry for entry in entries if annotator in entry.by]


def read_table(path: Path, check: tables.CheckColumns) -> list[Entry]:
    """Read the rows of another table than the queue: XLSX, CSV or JSON Lines.

    `check` raises GoldError for columns that a table cannot have. Raises GoldError as
    `read_entries` does.
    """
    return _read(path, None, otherwise="jsonl", check=check)


def _read(
    path: Path,
    format_: str | None,
    *,
    otherwise: str | None = None,
    check: tables.CheckColumns = tables.check_columns,
) -> list[Entry]:
    """Read a file in a format, in the one it looks to be in, or `otherwise` if it is JSON."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GoldError(f"{path}: {error.strerror}") from None
    if format_ is None:
        if data.startswith(_OLD_EXCEL):
            raise GoldError(f"{path}: an old workbook (.xls), or a locked one: save it as .xlsx")
        suffix = path.suffix.lower()
        if data.startswith(_ZIP) or suffix == ".xlsx":
            format_ = "xlsx"
        elif suffix in {".csv", ".tsv"}:
            format_ = "csv"
    if format_ == "xlsx":
        from screen.review.exchange.workbook import read_workbook  # slow to start

        return list(read_workbook(path, data, check))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise GoldError(f"{path}: not UTF-8") from None
    if format_ == "csv":
        return list(tables.read_csv(path, text, check))
    objects = list(_read_objects(path, text))
    read = _READERS[format_ or otherwise or _recognise(objects[0][1] if objects else {})]
    return [entry for where, found in objects for entry in read(where, found)]


def _read_objects(path: Path, text: str) -> Iterator[tuple[str, Object]]:
    """Yield the objects of JSON Lines, or of one JSON list, with their places."""
    if not text.lstrip().startswith("["):
        for number, row in read_lines(text):
            if isinstance(row, str):
                raise GoldError(f"{path}:{number}: {row}")
            yield f"{path}:{number}", row
        return
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GoldError(f"{path}: not JSON: {error}") from None
    for number, task in enumerate(found, start=1):
        if not isinstance(task, dict):
            raise GoldError(f"{path}: task {number}: not an object")
        yield f"{path}: task {number}", task


def _recognise(first: Object) -> str:
    """Return the format of a file by its first object."""
    if "options" in first or "accept" in first or "answer" in first:
        return "prodigy"
    if {"data", "annotations", "annotator", "annotation_id"} & set(first):
        return "labelstudio"
    if isinstance(first.get("label", first.get("labels")), list):
        return "doccano"
    return "jsonl"
