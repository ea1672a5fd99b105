"""SQLite: a file with one table, which any program that speaks SQL reads."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from screen.findings.fields import NUMBER, TRUTH, WHOLE, Field
from screen.findings.output import Row, make_whole

_TYPES = {WHOLE: "INTEGER", NUMBER: "REAL", TRUTH: "INTEGER"}


def write_sqlite(name: str, fields: Sequence[Field], rows: Iterable[Row], file: BinaryIO) -> int:
    """Write rows as the table `name` of a database and return their number.

    Lists are JSON, true and false 1 and 0.
    """
    columns = ", ".join(f'"{field.name}" {_TYPES.get(field.type, "TEXT")}' for field in fields)
    marks = ", ".join("?" for _ in fields)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.sqlite"
        with closing(sqlite3.connect(path)) as database:
            # Nobody reads it before it is whole, and then it is moved: no journal is needed.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute(f'CREATE TABLE "{name}" ({columns})')
            cells = ([_cell(row[field.name]) for field in fields] for row in rows)
            statement = f'INSERT INTO "{name}" VALUES ({marks})'  # noqa: S608 - our own names
            count = max(database.executemany(statement, cells).rowcount, 0)
            database.commit()
        with path.open("rb") as made:
            shutil.copyfileobj(made, file)
    return count


def _cell(value: object) -> object:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    return make_whole(value) if isinstance(value, str) else value
