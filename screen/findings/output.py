"""Where results go: files that are there wholly or not at all, and standard output."""

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from screen.errors import ScreenError
from screen.ingest.records.cells import defuse

Row = dict[str, Any]


@contextmanager
def open_output(output: Path, format_: str = "text") -> Iterator[TextIO]:
    """Open a file to be written in UTF-8, or standard output for "-".

    A file is there wholly or not at all; as "csv" it begins with a byte order mark, without which
    Excel garbles Chinese, but which the next program in a pipe would take for text. Raises
    ScreenError if it cannot be written.
    """
    encoding = "utf-8-sig" if format_ == "csv" and str(output) != "-" else "utf-8"
    # Half a character, which no file can hold, is written out: \\ud800.
    how = {"mode": "w", "encoding": encoding, "errors": "backslashreplace", "newline": ""}
    with _open(output, **how) as file:
        yield file


@contextmanager
def open_binary(output: Path) -> Iterator[BinaryIO]:
    """Open a file to be written in bytes, or standard output for "-", as `open_output` does."""
    with _open(output, mode="wb") as file:
        yield file


@contextmanager
def _open(output: Path, **how: Any) -> Iterator[Any]:
    try:
        with _open_whole(output, **how) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "standard output" if str(output) == "-" else output
        raise ScreenError(f"{name} cannot be written: {error.strerror}") from None


@contextmanager
def _open_whole(output: Path, **how: Any) -> Iterator[Any]:
    if str(output) == "-":
        if sys.stdout is None:
            raise ScreenError("standard output is closed")
        with open(sys.stdout.fileno(), closefd=False, **how) as file:
            yield file
    elif output.exists() and not output.is_file():
        # A device or a pipe: to be written to, never replaced.
        with output.open(**how) as file:
            yield file
    else:
        target = output.resolve()
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with partial.open(**how) as file:
                yield file
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def write_text(output: Path, text: str) -> None:
    """Write a text to a file, wholly or not at all. Raises ScreenError if it cannot be written."""
    with open_output(output) as file:
        file.write(text)


def make_whole(text: str) -> str:
    """Return a text with halves of characters, which no file can hold, written out in ASCII."""
    return text.encode("utf-8", "backslashreplace").decode()


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
