"""Many rows at once into a table: by COPY into PostgreSQL, by one statement into SQLite.

SQLAlchemy would take apart and put together each row; here the values are handed over as they are.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from screen.errors import StudyError
from screen.study.schema import TEXT


def put(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Iterable[Any]]) -> None:
    """Insert rows given column by column, lists as JSON; the first column says how many.

    Strings must be characters wholly: no halves of any. Raises StudyError if the database fails.
    """
    rows = zip(*columns.values(), strict=False)
    quote = connection.dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(map(quote, columns))})"
    if connection.dialect.name == "postgresql":
        _copy(connection, into, rows)
        return
    found = list(rows)
    if found:
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", found)  # noqa: S608


def _copy(connection: sa.Connection, into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    import psycopg

    driver: Any = connection.connection.driver_connection
    dialect = connection.dialect
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(
                    [
                        TEXT.process_bind_param(cell, dialect) if isinstance(cell, str) else cell
                        for cell in row
                    ]
                )
    except psycopg.Error as error:
        why = next(iter(str(error).splitlines()), "")
        raise StudyError(f"the database failed ({why}): see the log of its server") from None
