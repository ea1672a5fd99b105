"""What many tests share: the real command, and studies made of real small files."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from screen.cli import main
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.schema import metadata
from tests import surroundings
from tests.undisturbed import Undisturbed, make_undisturbed

if TYPE_CHECKING:
    from screen.match.schema import Pack

Done = TypeVar("Done")

settings.register_profile(
    "here", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# The console script, as users have it, of the environment that runs the tests.
COMMAND = Path(sys.executable).with_name("ddr-screen")
# These make rich take a pipe for a terminal.
_FORCED_TERMINAL = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


class RunCli(Protocol):
    """Runs ddr-screen with these arguments; a command that hangs raises TimeoutExpired."""

    def __call__(
        self,
        *args: str | os.PathLike[str],
        timeout: float = 60,
        cwd: Path | None = None,
        wrapper: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]: ...


class Invoke(Protocol):
    """Invokes a command in this process, which also does the work of its workers.

    That is much quicker, since a worker starts with nothing ready. `run_cli` is for tests of them.
    """

    def __call__(self, *args: str | os.PathLike[str]) -> Result: ...


class MakeStudy(Protocol):
    """Writes files into a new folder, makes a study beside it and adds them."""

    def __call__(
        self,
        files: Mapping[str, str | bytes],
        records: Sequence[Mapping[str, object]] = (),
        shard_size: int | None = None,
    ) -> "MadeStudy": ...


@dataclass(frozen=True)
class MadeStudy:
    """A study folder, the folder of papers that were added to it, and what `add` said."""

    folder: Path
    papers: Path
    added: Result

    def copy(self, folder: Path) -> "MadeStudy":
        """Return a copy that stands elsewhere and knows the same papers at the same paths."""
        surroundings.close_connections()
        shutil.copytree(self.folder, folder)
        if surroundings.SERVER:
            url = Study(self.folder).settings.database.url
            surroundings.set_url(folder, surroundings.copy_database(url))
        return MadeStudy(folder, self.papers, self.added)

    @contextmanager
    def database(self) -> Iterator[sa.Engine]:
        """Open the study's database for as long as a test needs it."""
        engine = open_database(Study(self.folder))
        yield engine
        engine.dispose()

    def shards(self) -> dict[str, bytes]:
        """Return the bytes of every file of every stage, leftovers included."""
        return {
            f"{name}/{path.name}": path.read_bytes()
            for name in ("text", "ocr", "signatures", "hits")
            for path in sorted((self.folder / name).iterdir())
        }

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows of all tables of the database, sorted."""
        with self.database() as engine, engine.connect() as connection:
            return {
                name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
                for name, table in metadata.tables.items()
            }


# ---- what was left out -----------------------------------------------------------------------

# File and reason of tests that are left out as slow, with how many there are.
LEFT_OUT = pytest.StashKey[Counter[tuple[str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = Counter()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        slow = item.get_closest_marker("slow")
        if slow is not None:
            key = item.nodeid.partition("::")[0], slow.kwargs["reason"]
            item.config.stash[LEFT_OUT][key] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        left_out = session.config.stash[LEFT_OUT]
        session.config.workeroutput["left_out"] = [[*key, n] for key, n in left_out.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist left out: all of them leave out the same."""
    for file, reason, count in getattr(node, "workeroutput", {}).get("left_out", ()):
        node.config.stash[LEFT_OUT][file, reason] = count


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left_out = config.stash[LEFT_OUT]
    if left_out:
        terminalreporter.section("left out as slow: `make test-slow` runs them")
        for (file, reason), count in sorted(left_out.items()):
            terminalreporter.line(f"{file}: {count} ({reason})")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a browser; without one the test is skipped."""
    return surroundings.find_browser()


@pytest.fixture(scope="session")
def server() -> str:
    """Return the URL of a PostgreSQL server for tests; without one the test is skipped."""
    return surroundings.find_server()


@pytest.fixture(scope="session", autouse=True)
def _databases() -> Iterator[None]:
    yield
    surroundings.drop_databases()


@pytest.fixture(scope="session")
def ddr_screen() -> Path:
    return COMMAND


@pytest.fixture(scope="session")
def run_cli() -> RunCli:
    def run(
        *args: str | os.PathLike[str],
        timeout: float = 60,
        cwd: Path | None = None,
        wrapper: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k not in _FORCED_TERMINAL}
        return subprocess.run(
            [*wrapper, COMMAND, *args],
            capture_output=True,
            encoding="utf-8",
            env={**environment, "PYTHONUTF8": "1"},
            timeout=timeout,
            cwd=cwd,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def invoke() -> Invoke:
    from screen.match import packs
    from screen.match.cascade import Cascade
    from screen.rank import model
    from screen.study.work.isolation import Isolated

    # What takes a third of a second in each process is done once for the same bytes.
    parse = lru_cache(maxsize=32)(packs._parse)
    undump = lru_cache(maxsize=4)(model._undump)
    make_ready = Cascade.__init__
    kept: dict[str, dict[str, Any]] = {}

    def make_ready_once(cascade: Cascade, pack: "Pack") -> None:
        if pack.hash not in kept:
            make_ready(cascade, pack)
            kept[pack.hash] = vars(cascade).copy()
        vars(cascade).update(kept[pack.hash], pack=pack)

    turn = Lock()

    def work_here(
        _: Isolated, work: Callable[..., Done], *args: Any, seconds: object = None
    ) -> Done:
        with turn:
            return work(*args)

    def run(*args: str | os.PathLike[str]) -> Result:
        with (
            patch.object(Isolated, "ask", work_here),
            patch.object(Cascade, "__init__", make_ready_once),
            patch.object(packs, "_parse", parse),
            patch.object(model, "_undump", undump),
        ):
            done = CliRunner().invoke(
                main, [os.fspath(arg) for arg in args], catch_exceptions=False
            )
        # As if the process had ended.
        surroundings.close_connections()
        return done

    return run


@pytest.fixture(scope="session")
def make_study(tmp_path_factory: pytest.TempPathFactory, invoke: Invoke) -> MakeStudy:
    def make(
        files: Mapping[str, str | bytes],
        records: Sequence[Mapping[str, object]] = (),
        shard_size: int | None = None,
    ) -> MadeStudy:
        top = tmp_path_factory.mktemp("made")
        folder, papers = top / "study", top / "papers"
        papers.mkdir()
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (papers / name).parent.mkdir(parents=True, exist_ok=True)
            (papers / name).write_bytes(data)
        made = invoke("init", folder)
        assert made.exit_code == 0, made.output
        if surroundings.SERVER:
            surroundings.set_url(folder, surroundings.make_database())
        if shard_size is not None:
            settings = folder / "study.toml"
            text = settings.read_text(encoding="utf-8")
            settings.write_text(
                text.replace("# shard_size = 100", f"shard_size = {shard_size}"), encoding="utf-8"
            )
        arguments: list[str | Path] = ["add", folder, papers]
        if records:
            lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
            (top / "records.jsonl").write_text("".join(lines), encoding="utf-8")
            arguments += ["--records", top / "records.jsonl"]
        return MadeStudy(folder, papers, invoke(*arguments))

    return make


@pytest.fixture(scope="session")
def undisturbed(
    make_study: MakeStudy, run_cli: RunCli, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    return make_undisturbed(make_study, run_cli, tmp_path_factory.mktemp("undisturbed"))
