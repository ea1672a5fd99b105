"""Who reads waits for nobody, who writes waits for who writes, and what fails changes nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
import sqlalchemy as sa

from screen.errors import StudyError
from screen.study import database
from screen.study.database import open_database, write
from screen.study.folder import Study
from screen.study.schema import paths, skips
from tests.surroundings import SERVER, make_database, on_sqlite, set_url

pytestmark = pytest.mark.database


@pytest.fixture
def study(tmp_path: Path) -> Study:
    study = Study.create(tmp_path / "study")
    if SERVER:
        set_url(study.folder, make_database())
    return Study(study.folder)


@pytest.fixture
def engine(study: Study) -> Iterator[sa.Engine]:
    engine = open_database(study)
    yield engine
    engine.dispose()


def count(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(paths)) or 0


def test_who_reads_sees_what_was_there_while_another_writes(engine: sa.Engine) -> None:
    with write(engine) as writing:
        writing.execute(paths.insert().values(path="a", sha256="1"))
        with engine.connect() as reading:
            assert count(reading) == 0
    with engine.connect() as reading:
        assert count(reading) == 1


def test_who_writes_waits_for_who_writes(study: Study, engine: sa.Engine) -> None:
    # Two engines, as two processes have them; in one process writers queue before that.
    other = open_database(study)

    def add(to: sa.Engine) -> None:
        with write(to) as connection:
            before = connection.scalar(sa.select(sa.func.max(skips.c.at))) or 0
            sleep(0.01)
            row = {"paper": f"paper {before + 1}", "reviewer": "AB", "at": before + 1}
            connection.execute(skips.insert().values(row))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [engine, other] * 10))
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.max(skips.c.at))) == 20
    other.dispose()


def test_what_fails_is_one_line_and_leaves_nothing_behind(engine: sa.Engine) -> None:
    def fail() -> None:
        with write(engine) as connection:
            connection.execute(paths.insert().values(path="a", sha256="1"))
            connection.exec_driver_sql("SELECT nothing FROM nowhere")

    with pytest.raises(StudyError) as caught:
        fail()
    assert len(str(caught.value).splitlines()) == 1
    assert "nowhere" in str(caught.value)
    with write(engine) as connection:
        assert count(connection) == 0
        connection.execute(paths.insert().values(path="a", sha256="1"))
    with pytest.raises(sa.exc.IntegrityError), write(engine) as connection:
        connection.execute(paths.insert().values(path="a", sha256="1"))
    with engine.connect() as connection:
        assert count(connection) == 1


@on_sqlite
def test_a_database_stays_as_it_is_when_it_is_opened_again(study: Study, engine: sa.Engine) -> None:
    engine.dispose()
    path = study.database
    before = path.read_bytes()
    assert before[18:20] == b"\2\2", "the write-ahead log is on"
    open_database(study).dispose()
    assert path.read_bytes() == before
    assert [each.name for each in study.folder.glob("screen.db*")] == ["screen.db"]


def test_connections_that_the_server_closed_are_made_anew(
    server: str, study: Study, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_FRESH", 0.0)  # as a while later
    with engine.connect() as connection:
        assert count(connection) == 0
    other = open_database(study)
    with other.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    other.dispose()
    with write(engine) as connection:
        assert count(connection) == 0


def test_every_module_that_makes_a_study_is_run_on_postgresql_too() -> None:
    """`make test-postgresql` finds them by their mark."""
    unmarked = []
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        if ("make_study" in text or "open_database" in text) and "mark.database" not in text:
            unmarked.append(path.name)
    assert unmarked == []
