"""Many rows at once into a table: by COPY into PostgreSQL, by one statement into SQLite.

SQLAlchemy would take apart and put together each row; here the values are handed over as they are.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from screen.errors import StudyError
from screen.study.schema import ESCAPE, TEXT

# Long texts are compressed by the server; its default takes longer than all the rest.
_COMPRESS = (
    "SELECT set_config(name, 'lz4', true) FROM pg_settings "
    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"
)


def put(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Iterable[Any]]) -> None:
    """Insert rows given column by column, lists as JSON; the first column says how many.

    Strings must be characters wholly: no halves of any. Raises StudyError if the database fails.
    """
    quote = connection.dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(map(quote, columns))})"
    if connection.dialect.name == "postgresql":
        _copy(connection, into, columns.values())
        return
    rows = list(zip(*columns.values(), strict=False))
    if rows:
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608


def _copy(connection: sa.Connection, into: str, columns: Iterable[Iterable[Any]]) -> None:
    import psycopg

    connection.exec_driver_sql(_COMPRESS)
    driver: Any = connection.connection.driver_connection
    rows = zip(*(_make_safe(column, connection.dialect) for column in columns), strict=False)
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        why = next(iter(str(error).splitlines()), "")
        raise StudyError(f"the database failed ({why}): see the log of its server") from None


def _make_safe(column: Iterable[Any], dialect: sa.Dialect) -> Iterable[Any]:
    """Return a column with what PostgreSQL's text cannot hold written with an escape."""
    if not isinstance(column, list | tuple):
        return column
    texts = "".join(cell for cell in column if isinstance(cell, str))
    if "\0" not in texts and ESCAPE not in texts:
        return column
    return [
        TEXT.process_bind_param(cell, dialect) if isinstance(cell, str) else cell for cell in column
    ]
