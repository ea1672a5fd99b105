"""A run that is killed loses nothing: run again, it ends as if it had never been disturbed.

A worker that dies costs the paper it was reading and nothing else.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from screen.study.engine import LocalWorkers, own_process, run_tasks
from screen.study.isolation import BrokenOffError, Death, Isolated
from tests.hazards import DANGERS, lay_traps

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy, RunCli

pytestmark = pytest.mark.database

PAPERS = 60
SHARD_SIZE = 5
SHARDS = PAPERS // SHARD_SIZE
# Parts of the time of an undisturbed run, of which workers need the first half to start.
MORE = pytest.mark.slow(reason="runs killed at further moments")
MOMENTS = (
    (0.3, 0.75),
    pytest.param((0.85, 0.45), marks=MORE),
    pytest.param((0.1, 0.95), marks=MORE),
    pytest.param((0.65, 0.55), marks=MORE),
)


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


@pytest.fixture(scope="module")
def undisturbed(
    make_study: "MakeStudy", run_cli: "RunCli", tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    files: dict[str, str | bytes] = {f"{n:02d}.txt": write_paper(n) for n in range(PAPERS)}
    files["07.txt"] = ""
    waiting = make_study(files, [{"file": "03.txt", "title": "题目"}], SHARD_SIZE)
    study = waiting.copy(tmp_path_factory.mktemp("undisturbed") / "study")
    before = time.monotonic()
    done = run_cli("run", study.folder, "--workers", "2")
    seconds = time.monotonic() - before
    assert done.returncode == 1, "one paper is empty"
    assert len(study.shards()) == 4 * SHARDS
    return Undisturbed(waiting, study.shards(), study.rows(), seconds)


@contextmanager
def start_run(command: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run with two workers in a process group of its own, which ends with the block."""
    arguments: list[str | Path] = [command, "run", folder, "--workers", "2"]
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if is_alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)


def is_alive(group: int) -> bool:
    """Tell whether any process of a group is left that does not only wait to be reaped."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[2] == str(group) and fields[0] not in "ZX":
            return True
    return False


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
    assert list(study.folder.rglob("*.tmp-*")) == []
    assert study.shards() == undisturbed.shards
    assert study.rows() == undisturbed.rows


class TestKilledRun:
    @pytest.mark.parametrize("moments", MOMENTS)
    def test_killed_with_all_its_workers_and_once_more_it_can_be_run_again(
        self,
        undisturbed: Undisturbed,
        invoke: "Invoke",
        ddr_screen: Path,
        tmp_path: Path,
        moments: tuple[float, float],
    ) -> None:
        study = undisturbed.waiting.copy(tmp_path / "study")
        for moment in moments:
            with start_run(ddr_screen, study.folder) as process:
                time.sleep(moment * undisturbed.seconds)
                os.killpg(process.pid, signal.SIGKILL)
        assert_ends_as_undisturbed(study, undisturbed, invoke)

    @pytest.mark.parametrize("moment", [0.55, pytest.param(0.85, marks=MORE)])
    def test_killed_without_its_workers_they_end_and_it_can_be_run_again(
        self,
        undisturbed: Undisturbed,
        invoke: "Invoke",
        ddr_screen: Path,
        tmp_path: Path,
        moment: float,
    ) -> None:
        study = undisturbed.waiting.copy(tmp_path / "study")
        with start_run(ddr_screen, study.folder) as process:
            time.sleep(moment * undisturbed.seconds)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=30)
            # At once, while the workers may still be about to notice.
            assert_ends_as_undisturbed(study, undisturbed, invoke)
            wait_until(lambda: not is_alive(process.pid), seconds=5)
        assert list(study.folder.rglob("*.tmp-*")) == []
        assert study.shards() == undisturbed.shards

    @pytest.mark.parametrize("file", [pytest.param("text/*.parquet", marks=MORE), "hits/*.parquet"])
    def test_killed_as_soon_as_a_file_is_there_it_can_be_run_again(
        self,
        undisturbed: Undisturbed,
        invoke: "Invoke",
        ddr_screen: Path,
        tmp_path: Path,
        file: str,
    ) -> None:
        study = undisturbed.waiting.copy(tmp_path / "study")
        with start_run(ddr_screen, study.folder) as process:
            wait_until(lambda: any(study.folder.glob(file)))
            os.killpg(process.pid, signal.SIGKILL)
        assert len(list(study.folder.glob("hits/*.json"))) < SHARDS
        assert_ends_as_undisturbed(study, undisturbed, invoke)

    def test_interrupted_at_the_keyboard_it_ends_soon_and_can_be_run_again(
        self, undisturbed: Undisturbed, invoke: "Invoke", ddr_screen: Path, tmp_path: Path
    ) -> None:
        study = undisturbed.waiting.copy(tmp_path / "study")
        with start_run(ddr_screen, study.folder) as process:
            wait_until(lambda: len(list(study.folder.glob("hits/*.json"))) >= 2)
            os.killpg(process.pid, signal.SIGINT)
            status = process.wait(timeout=30)
        # What the workers hold in their hands may be ended; what waits may not be begun.
        assert len(list(study.folder.glob("hits/*.json"))) <= 6
        assert status not in (0, 1), "not done, nor done with failures"
        assert_ends_as_undisturbed(study, undisturbed, invoke)


@pytest.mark.parametrize("stage", ["read", "match"])
def test_a_paper_that_kills_its_worker_costs_itself_only(
    make_study: "MakeStudy",
    invoke: "Invoke",
    run_cli: "RunCli",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
) -> None:
    telling = "供体确认脑死亡后行气管插管,接呼吸机。"
    files: dict[str, str | bytes] = {f"{n:02d}.txt": f"{n}。{telling}" for n in range(12)}
    dangers = [danger for danger in DANGERS if (stage, danger) != ("read", "error")]
    files |= {f"{stage}-{danger}.txt": f"{stage}-{danger} {telling}" for danger in dangers}
    study = make_study(files, shard_size=5)
    settings = study.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("# seconds = 120\n# memory_mb", "seconds = 5\n# memory_mb", 1)
    settings.write_text(text, encoding="utf-8")
    lay_traps(tmp_path, monkeypatch)
    done = run_cli("run", study.folder, "--workers", "2", timeout=120)
    assert done.returncode == 1, done.stderr

    status = json.loads(invoke("status", study.folder, "--json").stdout)
    errors = {
        Path(row["path"]).stem.removeprefix(f"{stage}-"): (row["stage"], row["error"])
        for row in status["failure_list"]
    }
    assert errors.keys() == set(dangers)
    assert {where for where, _ in errors.values()} == {"parse" if stage == "read" else "match"}
    assert "crashed" in errors["crash"][1]
    assert "crashed" in errors["kill"][1]
    assert "limit of 5 s" in errors["hang"][1]
    assert "memory" in errors["memory"][1]
    counts = (status["screened"], status["unscreened"], status["hits"])
    assert counts == (12, len(dangers), 12)
    assert list(study.folder.rglob("*.tmp-*")) == []

    # The dangers gone, what was not screened is, once that is asked for.
    monkeypatch.delenv("PYTHONPATH")
    assert invoke("run", study.folder).exit_code == 1
    assert invoke("run", study.folder, "--retry-failed").exit_code == 0


def halve_or_die(number: int) -> float:
    """Return half of a number; the process that is given a negative one dies."""
    if number < 0:
        os._exit(1)
    return number / 2


def nap_or_fail(seconds: float) -> float:
    if seconds < 0:
        raise ValueError("the program's own fault")
    time.sleep(seconds)
    return seconds


class TestWorkerThatDies:
    def test_an_isolated_call_that_dies_tells_so_and_the_next_one_works(self) -> None:
        with closing(Isolated()) as isolated:
            died = Death(timed_out=False)
            results = [isolated.ask(halve_or_die, task) for task in (4, -1, 6, -1, -1, 8)]
            assert results == [2, died, 3, died, died, 4]

    def test_a_process_that_died_between_two_calls_costs_neither(self) -> None:
        with closing(Isolated()) as isolated:
            first = isolated.ask(os.getpid)
            assert not isinstance(first, Death)
            os.kill(first, signal.SIGKILL)
            second = isolated.ask(os.getpid)
            assert not isinstance(second, Death)
            assert second != first

    def test_an_error_is_raised_where_the_call_was_made(self) -> None:
        with closing(Isolated()) as isolated:
            with pytest.raises(ValueError, match="own fault"):
                isolated.ask(nap_or_fail, -1)
            assert isolated.ask(nap_or_fail, 0) == 0

    def test_a_process_broken_off_from_another_thread_ends_its_call(self) -> None:
        with closing(Isolated()) as isolated:
            assert isolated.ask(nap_or_fail, 0) == 0
            threading.Timer(0.3, isolated.break_off).start()
            with pytest.raises(BrokenOffError):
                isolated.ask(nap_or_fail, 60)
            with pytest.raises(BrokenOffError):
                isolated.ask(nap_or_fail, 0)

    def test_it_ends_with_whoever_started_it(self) -> None:
        code = (
            "import os, time\n"
            "from screen.study.isolation import Isolated\n"
            "print(Isolated().ask(os.getpid), flush=True)\n"
            "os.kill(os.getpid(), 9)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        child = int(done.stdout)
        wait_until(lambda: not Path(f"/proc/{child}").exists(), seconds=10)


class TestTasks:
    def test_every_task_is_done_once_however_many_die(self) -> None:
        tasks = [0, 2, -1, 4, 6, -1, 8]
        with closing(LocalWorkers(2)) as workers:
            results = list(run_tasks(workers, halve_apart, tasks))
        assert sorted(task for task, _ in results) == sorted(tasks)
        assert all(result == (Death(False) if task < 0 else task / 2) for task, result in results)

    def test_an_error_of_the_program_stops_the_work(self) -> None:
        begun: list[float] = []
        tasks = [-1.0, *(0.2 + number / 10_000 for number in range(30))]

        def nap(seconds: float) -> float:
            begun.append(seconds)
            return nap_or_fail(seconds)

        with closing(LocalWorkers(2)) as workers, pytest.raises(ValueError, match="own fault"):
            list(run_tasks(workers, nap, tasks))
        assert len(begun) < 10


def halve_apart(number: int) -> float | Death:
    return own_process().ask(halve_or_die, number)
