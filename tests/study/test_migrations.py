"""Databases of earlier versions become present ones, with all that was in them.

old_databases/ holds what earlier versions made of PAPERS and RECORDS (and of a file that was gone),
as SQL: 1-first by commit d10c955, 1 by 47b9f62, 2 by da70acc (with the published search), 3 by
120dcbf (with verdicts, and a sample whose file is 3-sample.json), 4 by 7acef3a (out of 3, with
accounts), 5 by a5b17a3 (out of 4, run again, where the missing file was no longer known).
"""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from screen.errors import ScreenError, SettingsError, StudyError
from screen.study import database
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.schema import REVISION, metadata
from screen.study.verdicts import read_judgements
from tests.surroundings import make_database, on_sqlite, set_url

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

OLD = Path(__file__).parent / "old_databases"
MIGRATIONS = Path(database.__file__).parent / "migrations"
MORE = pytest.mark.slow(reason="studies of more versions")
VERSIONS = ("1-first", "1", "2", "3", "4", "5")

_TELLING = "心脏移植1例\n1.2 供心切取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。\n"
PAPERS: dict[str, str | bytes] = {
    "telling.txt": _TELLING,
    "copy.txt": _TELLING,
    "sub/second.txt": "肺移植的护理\n1.1 供体 供体脑死亡后迅速建立人工呼吸,维持循环。\n",
    "empty.txt": "",
    **{f"none{n}.txt": f"第{n}例 受者全麻气管插管后行心脏移植,术后{n}d拔管。\n" for n in range(4)},
}
RECORDS: Sequence[Mapping[str, object]] = [
    {"file": "telling.txt", "title": "心脏移植1例", "authors": ["甲", "乙"], "year": 1998},
    {"file": "elsewhere.txt", "title": 'O\'Neill; "quoted"'},
]
# The passages and papers that were judged in 3.sql: disputed by AB, who changed a verdict, and CD;
# disputed and decided by EF in a second round; out of scope.
DISPUTED, DECIDED, LIVING = "b2b54273f54d67b0", "d012117c36446385", "0feb810dc46fe26b"


def read_rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of a SQLite file, read without any code of ours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [row["name"] for row in connection.execute(query)]
        return {
            name: list(map(dict, connection.execute(f'SELECT * FROM "{name}"'))) for name in names
        }


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";".join(statements))


def age(study: Path, version: str, *statements: str) -> Path:
    """Give a study the database of an earlier version, altered by SQL, and return its path."""
    path = study / "screen.db"
    path.unlink(missing_ok=True)
    execute(path, (OLD / f"{version}.sql").read_text(encoding="utf-8"), *statements)
    return path


def migrate(engine: sa.Engine, revision: str) -> None:
    """Bring a database from no table at all, or from an earlier revision, to a revision."""
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, revision)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return the folder of a study on SQLite that has no database yet."""
    return Study.create(tmp_path / "study").folder


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, study: Path) -> Path:
    """Return the folder of a study without a table yet, on one database and on the other."""
    if request.param == "postgresql":
        request.getfixturevalue("server")
        set_url(study, make_database())
    return study


def connect(folder: Path) -> sa.Engine:
    """Return an engine for the database of a study that makes and checks nothing."""
    url = Study(folder).settings.database.url
    return sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:") or f"sqlite:///{folder / 'screen.db'}",
        poolclass=sa.NullPool,
    )


# ---- nothing is lost -------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_was_in_an_older_database_is_still_in_it(study: Path, version: str) -> None:
    path = age(study, version)
    before = read_rows(path)
    open_database(Study(study)).dispose()
    after = read_rows(path)
    if version < "4":
        assert before.pop("meta") == [{"schema": int(version[0])}]
        assert "meta" not in after
    before.pop("alembic_version", None)
    if version < "5":
        # What was loaded lacks what is told now of pages and records: it is loaded anew.
        assert before.pop("loaded")
        assert after.pop("loaded") == []
    for name, rows in before.items():
        kept = [{column: row[column] for column in rows[0]} for row in after[name]]
        assert sorted(kept, key=repr) == sorted(rows, key=repr)
    assert {"papers", "paths", "records", "failures", "hits"} <= {n for n, r in before.items() if r}
    if version >= "3":
        kept_too = {"verdicts", "samples", "drawn", "orders", "ranks"}
        assert kept_too <= {name for name, rows in before.items() if rows}


def test_what_was_judged_before_is_tallied(study: Path) -> None:
    age(study, "3")
    engine = open_database(Study(study))
    with engine.connect() as connection:
        rows = connection.execute(sa.select(metadata.tables["tallies"])).all()
    tallied = {(row.hit or row.paper[:16]): (row.judged, row.round, row.disputed) for row in rows}
    assert tallied == {
        DISPUTED: (2, 1, True),
        DECIDED: (2, 2, False),
        LIVING: (1, 1, False),
    }
    judgements = read_judgements(engine, 2)
    assert judgements.hits[DISPUTED].disputed
    assert (judgements.hits[DECIDED].code, judgements.hits[DECIDED].round) == (2, 2)
    (living,) = judgements.papers.values()
    assert (living.reason, living.pending) == ("", True)
    engine.dispose()


@pytest.fixture(scope="module")
def made(make_study: "MakeStudy") -> "MadeStudy":
    return make_study(PAPERS, RECORDS)


@on_sqlite
@pytest.mark.parametrize(
    "version",
    ["1", "5", *(pytest.param(name, marks=MORE) for name in VERSIONS if name not in ("1", "5"))],
)
def test_an_older_study_goes_on(
    made: "MadeStudy", invoke: "Invoke", tmp_path: Path, version: str
) -> None:
    folder = made.copy(tmp_path / "study").folder
    age(folder, version)
    if version >= "3":
        (folder / "samples").mkdir()
        (folder / "samples" / "00001.json").write_bytes((OLD / "3-sample.json").read_bytes())
    before = json.loads(invoke("status", folder, "--json").stdout)
    judged = read_rows(folder / "screen.db")["verdicts"]
    gone = version < "5"
    assert (before["papers"], before["screened"], before["failures"]) == (7, 6, 1 + gone)
    assert (before["files"], before["duplicates"], before["hits"]) == (8 + gone, 1, 2)
    assert invoke("run", folder).exit_code == 1, "one paper is empty"
    after = json.loads(invoke("status", folder, "--json").stdout)
    # The file that was gone is not in this folder.
    assert (after["papers"], after["screened"], after["failures"]) == (7, 6, 1)
    assert (after["flagged_code_2"], after["flagged_code_1"], after["records"]) == (1, 1, 2)
    assert after["records_without_file"] == 1
    told = (7, 2, 1, 1) if version >= "3" else (0, 0, 0, 0)
    names = ("verdicts", "judged", "disputed", "papers_found")
    assert tuple(after["screening"][name] for name in names) == told
    queue = [
        json.loads(line) for line in invoke("queue", folder, "--all", "--json").stdout.splitlines()
    ]
    assert {DISPUTED, DECIDED} <= {row["id"] for row in queue}
    assert read_rows(folder / "screen.db")["verdicts"] == judged
    if version >= "3":
        assert (after["screening"]["samples"], after["screening"]["sample"]["drawn"]) == (1, 2)
        # What was judged once waits no more, but for what stands for drawn papers.
        waiting = invoke("queue", folder, "--json").stdout.splitlines()
        assert {json.loads(line)["file"] for line in waiting} == {"none0.txt", "none3.txt"}


# ---- one schema, whichever way it came about -------------------------------------------------


def affinity(kind: str) -> str:
    """Return how SQLite takes a type (https://www.sqlite.org/datatype3.html, 3.1)."""
    words = {"INT": "integer", "CHAR": "text", "TEXT": "text", "REAL": "real", "FLOA": "real"}
    return next((found for word, found in words.items() if word in kind), "numeric")


def describe(engine: sa.Engine) -> dict[str, Any]:
    """Return all that makes the schema of a database, as it tells it itself."""
    inspector = sa.inspect(engine)
    is_sqlite = engine.dialect.name == "sqlite"
    tables: dict[str, Any] = {}
    for name in inspector.get_table_names():
        columns = {
            column["name"]: (
                affinity(str(column["type"])) if is_sqlite else repr(column["type"]),
                column["nullable"],
                column["default"],
            )
            for column in inspector.get_columns(name)
        }
        indexes = {
            index["name"]: (index["column_names"], bool(index["unique"]))
            for index in inspector.get_indexes(name)
        }
        uniques = inspector.get_unique_constraints(name)
        key = inspector.get_pk_constraint(name)["constrained_columns"]
        tables[name] = {"columns": columns, "key": key, "indexes": indexes, "uniques": uniques}
    return {"tables": tables, "more": _describe_more(engine)}


def _describe_more(engine: sa.Engine) -> dict[str, str]:
    """Return triggers with what they call, and tables whose numbers are never used again."""
    queries = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
        "SELECT name, 'counted' FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'",
    )
    if engine.dialect.name == "postgresql":
        queries = (
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        )
    with engine.connect() as connection:
        rows = [row for query in queries for row in connection.exec_driver_sql(query)]
    return {name: text for name, text in rows}  # noqa: C416 - rows are no pairs for dict()


def test_a_new_database_is_as_one_that_was_migrated_from_the_first_revision(
    either: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = Study.create(tmp_path / "other").folder
    if Study(either).settings.database.url:
        set_url(other, make_database())
    open_database(Study(either)).dispose()
    migrate(connect(other), "head")
    new, migrated = describe(connect(either)), describe(connect(other))
    assert set(new["tables"]) == {*metadata.tables, "alembic_version"}
    assert set(new["more"]) >= {"verdicts_update", "verdicts_delete"}
    assert new == migrated
    # And the program takes it for one of the present schema.
    open_database(Study(other)).dispose()
    assert describe(connect(other)) == migrated


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgraded_database_is_as_a_new_one(study: Path, tmp_path: Path, version: str) -> None:
    other = Study.create(tmp_path / "other").folder
    age(study, version)
    for folder in (study, other):
        open_database(Study(folder)).dispose()
    assert describe(connect(study)) == describe(connect(other))


def test_the_revision_of_the_schema_is_the_last_of_the_migrations() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_heads() == [REVISION]
    first_to_last = [found.revision for found in script.walk_revisions()][::-1]
    assert first_to_last == [f"{n:04d}" for n in range(1, len(first_to_last) + 1)]


def test_migrations_are_frozen_and_take_nothing_from_the_package() -> None:
    for path in (MIGRATIONS / "versions").glob("*.py"):
        assert "screen" not in re.findall(r"^(?:from|import) (\w+)", path.read_text("utf-8"), re.M)


def test_an_older_database_on_postgresql_is_upgraded_with_what_is_in_it(
    study: Path, server: str
) -> None:
    set_url(study, make_database())
    engine = connect(study)
    migrate(engine, "0003")
    rows = read_sql("3")
    old = sa.MetaData()
    old.reflect(engine)
    with engine.begin() as connection:
        for name in ("papers", "hits", "verdicts"):
            connection.execute(old.tables[name].insert(), rows[name])
    open_database(Study(study)).dispose()
    with engine.connect() as connection:
        tallies = connection.execute(sa.select(metadata.tables["tallies"])).all()
        assert {row.hit: row.disputed for row in tallies} == {
            DISPUTED: True,
            DECIDED: False,
            "": False,
        }
        verdicts = connection.execute(sa.text("SELECT * FROM verdicts ORDER BY id")).mappings()
        for verdict, row in zip(verdicts, rows["verdicts"], strict=True):
            assert {name: verdict[name] for name in row} == row
            assert (verdict["withdrawn"], verdict["key"]) == (False, None)


def read_sql(version: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of an old database with lists and truth values as such."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((OLD / f"{version}.sql").read_text(encoding="utf-8"))
        connection.row_factory = sqlite3.Row
        lists = {"continued", "events", "criteria", "mitigating", "matches"}
        return {
            name: [
                {key: json.loads(value) if key in lists else value for key, value in row.items()}
                for row in map(dict, connection.execute(f"SELECT * FROM {name}"))
            ]
            for name in ("papers", "hits", "verdicts")
        }


# ---- what cannot be opened stays as it is ----------------------------------------------------


def refuse(folder: Path) -> str:
    """Open a database that must be refused in one line, and return that."""
    with pytest.raises(StudyError) as caught:
        open_database(Study(folder))
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line


_VERSION = "CREATE TABLE alembic_version (version_num TEXT)"


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE papers (title TEXT)"],
        ["CREATE TABLE meta (name TEXT)"],
        [_VERSION, "INSERT INTO alembic_version VALUES ('0004')"],
        [_VERSION, "INSERT INTO alembic_version VALUES ('0002')", "CREATE TABLE hits (song TEXT)"],
    ],
)
def test_tables_of_something_else_are_left_alone(either: Path, statements: Sequence[str]) -> None:
    engine = connect(either)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    before = describe(engine)
    assert "holds tables of something else" in refuse(either)
    assert describe(engine) == before


def test_a_database_of_a_newer_version_is_left_alone(either: Path) -> None:
    open_database(Study(either)).dispose()
    engine = connect(either)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("DROP TABLE tallies")
    before = describe(engine)
    assert "was made by a newer version of this program" in refuse(either)
    assert describe(engine) == before


@pytest.mark.parametrize(
    ("version", "statement", "words"),
    [
        ("3", "UPDATE meta SET schema = 7", "is of schema 7, which this program does not know"),
        ("1", "UPDATE meta SET schema = 0", "is of schema 0, which this program does not know"),
        ("2", "DELETE FROM meta", "is of schema None, which this program does not know"),
        ("3", "DROP TABLE hits", "holds tables of something else"),
        ("3", "DROP TABLE meta", "holds tables of something else"),
    ],
)
def test_a_file_of_a_schema_that_never_was_keeps_every_byte(
    study: Path, version: str, statement: str, words: str
) -> None:
    path = age(study, version, statement)
    before = path.read_bytes()
    line = refuse(study)
    assert line.startswith(str(path))
    assert words in line
    assert path.read_bytes() == before
    assert [each.name for each in study.glob("screen.db*")] == ["screen.db"]


@pytest.mark.parametrize(
    "data", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_keeps_every_byte(study: Path, data: bytes) -> None:
    (study / "screen.db").write_bytes(data)
    assert "cannot be used" in refuse(study)
    assert (study / "screen.db").read_bytes() == data


def test_a_folder_in_the_place_of_the_database_is_one_line(study: Path) -> None:
    (study / "screen.db").mkdir()
    assert "unable to open database file" in refuse(study)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1:1/none",
        "postgresql://nobody@no-such-host.invalid/none",
        "postgresql://127.0.0.1:5432/none?no_such_option=1",
        "postgresql://127.0.0.1:port/none",
        "postgresql://127.0.0.1:99999999/none",
        "postgresql://[::1/none",
        "postgresql://" + "x" * 300 + "/none",
    ],
)
def test_a_server_that_is_not_there_is_one_line(study: Path, url: str) -> None:
    set_url(study, url)
    assert refuse(study)
    assert not (study / "screen.db").exists()


@pytest.mark.parametrize("url", ["mysql://root@localhost/none", "sqlite:///other.db", "screen.db"])
def test_a_url_of_another_kind_is_named(study: Path, url: str) -> None:
    set_url(study, url)
    with pytest.raises(SettingsError, match=r"database\.url"):
        open_database(Study(study))


def test_a_database_that_the_server_does_not_have_is_one_line(study: Path, server: str) -> None:
    set_url(
        study, sa.make_url(server).set(database="no such").render_as_string(hide_password=False)
    )
    assert '"no such" does not exist' in refuse(study)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@127.0.0.1:1/none",
        "postgresql://me:a/secret@127.0.0.1:1/none",
        "postgresql://me:a:secret?@127.0.0.1:1/none",
        "postgresql://me:secret@secret@127.0.0.1:1/none",
        "postgresql://me@127.0.0.1:1/none?password=secret",
    ],
)
def test_no_password_is_told(study: Path, url: str) -> None:
    set_url(study, url)
    assert "secret" not in Study(study).database_name
    with pytest.raises(ScreenError) as caught:
        open_database(Study(study))
    assert "secret" not in str(caught.value)


# ---- wholly or not at all --------------------------------------------------------------------


def make_older(folder: Path) -> None:
    """Give a study a database of the revision before tallies, with a verdict in it."""
    if not Study(folder).settings.database.url:
        age(folder, "3")
        return
    engine = connect(folder)
    migrate(engine, "0003")
    row = {**read_sql("3")["verdicts"][0], "id": 1}
    with engine.begin() as connection:
        old = sa.Table("verdicts", sa.MetaData(), autoload_with=connection)
        connection.execute(old.insert().values(row))


def count_tallied(folder: Path) -> int:
    with connect(folder).connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM tallies")) or 0


def test_an_upgrade_that_fails_leaves_the_older_database_as_it_was(either: Path) -> None:
    make_older(either)
    engine = connect(either)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE reveals (obstacle INTEGER)")
    before = describe(engine)
    assert "cannot be used" in refuse(either)
    assert describe(engine) == before
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE reveals")
    open_database(Study(either)).dispose()
    assert count_tallied(either) > 0


# Opens a study's database once it is told to; "killed" as soon as the upgrade is done but for its
# last step.
OPENING = """
import os, signal, sys
from pathlib import Path
from screen.study import database
from screen.study.folder import Study

migrate, create_all = database._migrate, database.metadata.create_all

def tell(work):
    def upgrade(*given):
        print("upgraded", flush=True)
        work(*given)
        if "killed" in sys.argv:
            os.kill(os.getpid(), signal.SIGKILL)
    return upgrade

database._migrate, database.metadata.create_all = tell(migrate), tell(create_all)
study = Study(Path(sys.argv[1]))
study.settings
print("ready", flush=True)
sys.stdin.readline()
database.open_database(study)
"""


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    def run(folder: Path, *more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", OPENING, folder, *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    return run


def test_an_upgrade_that_is_killed_leaves_the_older_database_as_it_was(
    either: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    make_older(either)
    engine = connect(either)
    before = describe(engine)
    said, _ = start(either, "killed").communicate("\n", timeout=60)
    assert said == "upgraded\n"
    assert describe(engine) == before
    open_database(Study(either)).dispose()
    assert count_tallied(either) > 0


@pytest.mark.parametrize("before", [pytest.param("nothing", marks=MORE), "older"])
def test_processes_that_open_a_database_at_once_upgrade_it_once(
    either: Path, start: Callable[..., subprocess.Popen[str]], before: str
) -> None:
    if before == "older":
        make_older(either)
    processes = [start(either) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ended
    assert "".join(said for said, _ in ended) == "upgraded\n"
    assert {error for _, error in ended} == {""}
