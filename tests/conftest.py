"""What many tests share: the real command, and studies made of real small files."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from screen.cli import main

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
    """Invokes a command in this process: quicker, for what starts no workers."""

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
        shutil.copytree(self.folder, folder)
        return MadeStudy(folder, self.papers, self.added)

    def shards(self) -> dict[str, bytes]:
        """Return the bytes of every file in text/ and hits/, leftovers included."""
        return {
            f"{name}/{path.name}": path.read_bytes()
            for name in ("text", "hits")
            for path in sorted((self.folder / name).iterdir())
        }

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows of all tables of the database, sorted."""
        with closing(sqlite3.connect(self.folder / "screen.db")) as connection:
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
            tables = [name for (name,) in connection.execute(query)]
            return {
                name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr)
                for name in tables
            }


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
    def run(*args: str | os.PathLike[str]) -> Result:
        return CliRunner().invoke(main, [os.fspath(arg) for arg in args], catch_exceptions=False)

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
