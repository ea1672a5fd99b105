"""The study's database: SQLite in its folder, or PostgreSQL; opened, upgraded, written in turn.

Workers never open it. What is in it is said in `schema`, how older databases become such in
`migrations/`, how the files of a study get into it in `loading`.
"""

import json
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from screen.errors import StudyError
from screen.study.folder import Study
from screen.study.schema import REVISION, hits, metadata

# How long to wait for another writer, in seconds.
_PATIENCE = 30
# The lock's number: any will do, as long as nobody else in the same database takes it. Sent in one
# go, since each way to the server and back keeps the other writers waiting.
_BEGIN_SHARED = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({0x646472})"
# How long a connection is taken to be there still after it was last used, in seconds.
_FRESH = 1.0
# The schemas that were numbered in a table of their own, before there were migrations.
_NUMBERED = {1: "0001", 2: "0002", 3: "0003"}
# The tables that every database of a study has had from the beginning.
_OLDEST = {"loaded", "papers", "paths", "records", "failures", "hits"}
# Writers of one process queue here: those that SQLite turns away would try again at random times.
_TURN = threading.Lock()
# SQLite's cache, in KiB: its own, of 2 MiB, would be written out and read in again by each batch.
_CACHE = 64 * 1024
# The size of a page in bytes, of a database that is made anew: a hit takes 2 to 5 kB, and what does
# not fit into a page is loaded a fifth slower.
_PAGE = 8192
_MAKE_ROOM = "make room and run again; nothing is lost"
_version = sa.table("alembic_version", sa.column("version_num"))


def open_database(study: Study, *, connections: int = 5) -> sa.Engine:
    """Open the study's database; made if it is not there, upgraded if it is of an older schema.

    Raises StudyError if it is unusable, or of a schema that this program does not know.
    """
    engine = _make_engine(study, connections)
    name = study.database_name
    try:
        with engine.connect() as connection:
            current = _read_revision(connection)
        if current != REVISION:
            _upgrade(engine, name)
        if engine.dialect.name == "sqlite":
            _let_readers_read(engine)
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        why = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        raise StudyError(f"{name} cannot be used: {_first_line(why)}") from None
    _tell_errors(engine, name)
    return engine


def open_to_read(study: Study) -> sa.Engine:
    """Open the study's database for reading alone: nothing is made, upgraded or written.

    Raises StudyError if it is not there or unusable, or of another schema than this program's.
    """
    name = study.database_name
    if not study.settings.database.url and not study.database.exists():
        raise StudyError(f"{name} is not there: nothing was added yet, or `ddr-screen run` is due")
    engine = _make_engine(study, 5)
    sa.event.listen(engine, "connect", _forbid_writing)
    try:
        with engine.connect() as connection:
            current = _read_revision(connection)
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        why = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        raise StudyError(f"{name} cannot be used: {_first_line(why)}") from None
    if current != REVISION:
        engine.dispose()
        raise StudyError(f"{name} is of another schema: `ddr-screen status` upgrades an older one")
    _tell_errors(engine, name)
    return engine


def _forbid_writing(connection: DBAPIConnection, _: object) -> None:
    sqlite_ = isinstance(connection, sqlite3.Connection)
    words = "PRAGMA query_only = ON" if sqlite_ else "SET default_transaction_read_only = on"
    connection.cursor().execute(words)


def _tell_errors(engine: sa.Engine, name: str) -> None:
    """Make StudyErrors of what a database may say later on."""
    remedy = (
        "keep a copy (the verdicts are nowhere else), then delete it and run again"
        if engine.dialect.name == "sqlite"
        else "see the log of its server"
    )

    @sa.event.listens_for(engine, "handle_error")
    def tell(context: sa.engine.ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if isinstance(error, sa.exc.DBAPIError) and not isinstance(error, sa.exc.IntegrityError):
            why = _first_line(context.original_exception)
            what = _MAKE_ROOM if "is full" in why else remedy
            raise StudyError(f"{name} failed ({why}): {what}") from None


@contextmanager
def write(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a transaction that writes, once no other one does, in this process or elsewhere.

    So what it reads stays true until it has written.
    """
    with _TURN, engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(_BEGIN_SHARED)
        yield connection


@cache
def make_upsert(dialect: str, table: sa.Table) -> sa.Insert:
    """Return what writes a row in the place of the one with the same primary key, or anew."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    key = [column.name for column in table.primary_key]
    fresh = {
        column.name: insert.excluded[column.name] for column in table.c if column.name not in key
    }
    upsert: sa.Insert = insert.on_conflict_do_update(index_elements=key, set_=fresh)
    return upsert


def _make_engine(study: Study, connections: int) -> sa.Engine:
    options = {"json_serializer": _json, "pool_size": connections, "max_overflow": connections}
    if not study.settings.database.url:
        url = _make_url(study.database)
        engine = sa.create_engine(url, connect_args={"timeout": _PATIENCE}, **options)
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
        return engine
    try:
        # A statement that only reads sees what is there at its moment, and takes no transaction.
        url = _read_url(study.settings.database.url)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", **options)
    except ModuleNotFoundError:
        raise StudyError("PostgreSQL needs: pip install 'ddr-screen[postgresql]'") from None
    sa.event.listen(engine, "checkin", _note_use)
    sa.event.listen(engine, "checkout", _replace_lost)
    return engine


def _make_url(path: Path) -> sa.URL:
    log = path.with_name(f"{path.name}-wal")
    if (
        not path.exists()
        or os.access(path.parent, os.W_OK)
        or (log.exists() and log.stat().st_size)
    ):
        return sa.URL.create("sqlite", database=os.fspath(path))
    # Reading takes files beside the database. Where none can be made nobody can write either.
    how = {"mode": "ro", "immutable": "1", "uri": "true"}
    return sa.URL.create("sqlite", database=path.absolute().as_uri(), query=how)


def _read_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text).set(drivername="postgresql+psycopg")
        host = (url.host or "").encode("idna")
    except (sa.exc.ArgumentError, ValueError):
        raise StudyError("study.toml: database.url is no URL of a database") from None
    if b"@" in host:
        raise StudyError("study.toml: database.url: write @ in a password as %40")
    return url


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    """Leave transactions to SQLAlchemy; keep what is written many times over in memory."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA cache_size = -{_CACHE}")
    connection.execute(f"PRAGMA page_size = {_PAGE}")


def _note_use(_: object, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _replace_lost(
    connection: DBAPIConnection, record: sa.pool.ConnectionPoolEntry, _: object
) -> None:
    """Replace a connection that its server was restarted under.

    As the pool could by itself, which would ask the server each time.
    """
    if time.monotonic() - record.info.get("used", math.inf) < _FRESH:
        return
    try:
        connection.cursor().execute("")
    except Exception as error:
        raise sa.exc.DisconnectionError from error


def _let_readers_read(engine: sa.Engine) -> None:
    """Turn on the write-ahead log, which stays on: readers then read while one writes."""
    until = time.monotonic() + _PATIENCE
    with closing(engine.raw_connection()) as connection:
        while True:
            # Here SQLite does not wait for others by itself, as it does elsewhere.
            try:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)


def _begin(connection: sa.Connection) -> None:
    # Who reads first and writes then would be turned away if somebody else wrote in between.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _read_revision(connection: sa.Connection) -> str | None:
    # Others use Alembic too, and number their revisions as we do.
    if not all(map(sa.inspect(connection).has_table, (_version.name, hits.name))):
        return None
    found: str | None = connection.scalar(sa.select(_version.c.version_num))
    return found


def _upgrade(engine: sa.Engine, name: str) -> None:
    """Make a new database, or bring an older one to the present schema, wholly or not at all."""
    with write(engine) as connection:
        current = _read_revision(connection)
        if current == REVISION:
            return
        tables = set(sa.inspect(connection).get_table_names())
        marks = {"meta", _version.name}
        if not tables & (marks | set(metadata.tables)):
            metadata.create_all(connection)
            _stamp(connection, REVISION)
            return
        if _OLDEST - tables or not tables & marks:
            raise StudyError(f"{name} holds tables of something else")
        if current is None:
            number = connection.scalar(sa.text("SELECT schema FROM meta"))
            current = _NUMBERED.get(number) if number is not None else None
            if current is None:
                raise StudyError(f"{name} is of schema {number}, which this program does not know")
            _stamp(connection, current)
        _migrate(connection, name)


def _stamp(connection: sa.Connection, revision: str) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(sa.delete(_version))
    connection.execute(sa.insert(_version).values(version_num=revision))


def _migrate(connection: sa.Connection, name: str) -> None:
    # Alembic is slow to start, and seldom needed.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", os.fspath(Path(__file__).parent / "migrations"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StudyError(f"{name} was made by a newer version of this program ({error})") from None


def _first_line(error: object) -> str:
    return next(iter(str(error).splitlines()), "")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
