"""A study that was run in peace, to be compared with what became of it in other ways."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy, RunCli

PAPERS = 60
SHARD_SIZE = 5
SHARDS = PAPERS // SHARD_SIZE
# text, ocr, signatures, hits
STAGES = 4


def write_paper(number: int) -> str:
    """Return an invented paper: long enough to take some time, every third with a passage."""
    filler = "".join(
        f"第{line}例受者术后{(number * line) % 28 + 1}天已拔除气管插管,供体心脏功能良好。\n"
        for line in range(1, 30)
    )
    passage = "供者宣布脑死亡后立即行气管内插管,呼吸囊加压给氧。\n" if number % 3 == 0 else ""
    return f"心脏移植{number}例报告\n{filler}1.2 供心切取\n{passage}{filler}"


@dataclass(frozen=True)
class Undisturbed:
    """A study that waits to be run, a copy that was run in peace, and how long that took."""

    waiting: "MadeStudy"
    shards: dict[str, bytes]
    rows: dict[str, list[tuple[object, ...]]]
    seconds: float


@dataclass(frozen=True)
class Started:
    """A command that was started, and all processes that came of it."""

    process: subprocess.Popen[str]
    mark: str

    def find_alive(self) -> set[int]:
        """Return the processes that are left and do not only wait to be reaped."""
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes():
                    found.add(int(folder.name))
            except OSError:
                continue
        return found

    def kill(self) -> None:
        """Kill all of them at once, as far as that can be done."""
        # The one that starts the others first.
        for number in [self.process.pid, *self.find_alive()]:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait(timeout=30)


@contextmanager
def start(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Iterator[Started]:
    """Start a command, of which nothing is left at the end of the block."""
    mark = f"DDR_SCREEN_TEST_MARK={uuid4()}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        [os.fspath(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        encoding="utf-8",
        env={**os.environ, **(env or {}), name: value},
    )
    started = Started(process, mark)
    try:
        yield started
    finally:
        started.kill()
        process.communicate(timeout=30)


def wait_until(ready: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.001)


def assert_ends_as_undisturbed(
    study: "MadeStudy", undisturbed: Undisturbed, invoke: "Invoke"
) -> None:
    """Run a study again and compare every byte of its shards and every row of its tables."""
    done = invoke("run", study.folder, "--workers", "1")
    assert (done.exit_code, done.stderr) == (1, "")
    assert_as_undisturbed(study, undisturbed)


def assert_as_undisturbed(study: "MadeStudy", undisturbed: Undisturbed) -> None:
    """Compare every byte of the shards of a study and every row of its tables."""
    assert list(study.folder.rglob("*.tmp-*")) == []
    assert study.shards() == undisturbed.shards
    assert study.rows() == undisturbed.rows


def make_undisturbed(make_study: "MakeStudy", run_cli: "RunCli", folder: Path) -> Undisturbed:
    """Return an invented study, and what became of it when it was run in peace."""
    files: dict[str, str | bytes] = {f"{n:02d}.txt": write_paper(n) for n in range(PAPERS)}
    files["07.txt"] = ""
    waiting = make_study(files, [{"file": "03.txt", "title": "题目"}], SHARD_SIZE)
    settings = waiting.folder / "study.toml"
    # To start a classifier takes a third of so short a run, and writes nothing.
    text = settings.read_text(encoding="utf-8").replace('# model = "default"', 'model = ""')
    settings.write_text(text, encoding="utf-8")
    study = waiting.copy(folder / "study")
    before = time.monotonic()
    done = run_cli("run", study.folder, "--workers", "2")
    seconds = time.monotonic() - before
    assert done.returncode == 1, "one paper is empty"
    assert len(study.shards()) == 2 * STAGES * SHARDS
    return Undisturbed(waiting, study.shards(), study.rows(), seconds)
