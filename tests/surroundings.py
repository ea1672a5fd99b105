"""What the tests find around them: a server for databases, a browser; and what they do without.

DDR_SCREEN_TEST_SERVER is the URL of a PostgreSQL server where databases may be made: then each
study of the tests has one of its own there, and the same tests run on PostgreSQL.
DDR_SCREEN_TEST_REQUIRE names what must be there (postgresql, chromium, mounts, faketime): a test
that would be skipped for want of it fails.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from uuid import uuid4
from weakref import WeakSet

import pytest
import sqlalchemy as sa

SERVER = os.environ.get("DDR_SCREEN_TEST_SERVER", "")
REQUIRED = os.environ.get("DDR_SCREEN_TEST_REQUIRE", "").split()

# For tests of what there is of SQLite only.
on_sqlite = pytest.mark.skipif(bool(SERVER), reason="about screen.db, a file of SQLite")

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_engines: WeakSet[sa.Engine] = WeakSet()
_made: list[str] = []


def lack(what: str, reason: str) -> NoReturn:
    """Skip a test for want of something; fail it where that is required."""
    if what in REQUIRED:
        pytest.fail(f"{reason}, and DDR_SCREEN_TEST_REQUIRE names {what}", pytrace=False)
    pytest.skip(reason)


def find_browser() -> str:
    """Return the path of a browser, or skip the test."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    return found or lack("chromium", "no Chromium is here")


def find_server() -> str:
    """Return the URL of a server where databases may be made, or skip the test."""
    return SERVER or lack("postgresql", "no PostgreSQL server: DDR_SCREEN_TEST_SERVER is not set")


@sa.event.listens_for(sa.Engine, "engine_connect")
def _remember(connection: sa.Connection) -> None:
    _engines.add(connection.engine)


def close_connections() -> None:
    """Close all connections of this process that are not in use, as when a command has ended."""
    for engine in list(_engines):
        engine.dispose()


def make_database(template: str = "template0") -> str:
    """Make a database on the server, empty or like another one of it, and return its URL."""
    name = f"ddr_screen_{uuid4().hex}"
    url = sa.make_url(find_server()).set(drivername="postgresql", database=name)
    close_connections()
    with _connect() as connection:
        _wait_until_nobody_uses(connection, template)
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    _made.append(name)
    return url.render_as_string(hide_password=False)


def copy_database(url: str) -> str:
    """Make a copy of a database on the server and return its URL."""
    return make_database(sa.make_url(url).database or "")


def lose_database(folder: Path) -> None:
    """Leave a study without its database, as if somebody had deleted that."""
    close_connections()
    if SERVER:
        set_url(folder, make_database())
    else:
        (folder / "screen.db").unlink()


def set_url(folder: Path, url: str) -> None:
    """Name another database in a study's study.toml."""
    settings = folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    changed = re.sub(r"(?m)^(# )?url = .*$", lambda _: f"url = {json.dumps(url)}", text)
    assert changed != text
    settings.write_text(changed, encoding="utf-8")


def drop_databases() -> None:
    """Drop all databases that this process made."""
    close_connections()
    if _made:
        with _connect() as connection:
            for name in _made:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        _made.clear()


def _wait_until_nobody_uses(connection: sa.Connection, name: str) -> None:
    """Wait for processes that have ended: the server notices that a moment later."""
    query = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name")
    until = time.monotonic() + 10
    while connection.scalar(query, {"name": name}) and time.monotonic() < until:
        time.sleep(0.01)


@contextmanager
def _connect() -> Iterator[sa.Connection]:
    url = sa.make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection
