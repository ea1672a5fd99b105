"""A run that is killed loses nothing: run again, it ends as if it had never been disturbed.

A worker that dies costs the paper it was reading and nothing else.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from screen.study import engine
from screen.study.engine import Death, Isolated, run_tasks

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


# A reader that dies on one paper. The workers import this file again, as they import any script
# that was started, and so read with it too.
CRASHING_RUN = """
import os
import sys
from pathlib import Path

from screen.ingest.files import read_source
from screen.study import pipeline
from screen.study.folder import Study


def read(source, limits):
    if source.path.endswith("07.txt"):
        os._exit(9)
    return read_source(source, limits)


pipeline.read_source = read

if __name__ == "__main__":
    pipeline.run(Study(Path(sys.argv[1])), workers=2)
"""


def test_a_paper_that_kills_its_reader_costs_itself_only(
    make_study: "MakeStudy", invoke: "Invoke", tmp_path: Path
) -> None:
    telling = "供体确认脑死亡后行气管插管,接呼吸机。"
    study = make_study({f"{n:02d}.txt": f"{n}。{telling}" for n in range(12)}, shard_size=3)
    script = tmp_path / "crashing_run.py"
    script.write_text(CRASHING_RUN, encoding="utf-8")
    subprocess.run([sys.executable, script, study.folder], timeout=60, check=True)

    assert invoke("run", study.folder).exit_code == 1
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    ((path, stage, error),) = (
        (row["path"], row["stage"], row["error"]) for row in status["failure_list"]
    )
    assert path == str(study.papers / "07.txt")
    assert stage == "parse"
    assert "crashed" in error
    assert (status["screened"], status["unscreened"], status["hits"]) == (11, 1, 11)
    assert list(study.folder.rglob("*.tmp-*")) == []


def halve_or_die(number: int) -> float:
    """Return half of a number; the process that is given a negative one dies."""
    if number < 0:
        os._exit(1)
    return number / 2


def nap_or_die(seconds: float) -> float:
    if seconds < 0:
        os._exit(1)
    time.sleep(seconds)
    return seconds


def nap_or_fail(seconds: float) -> float:
    if seconds < 0:
        raise ValueError("the program's own fault")
    time.sleep(seconds)
    return seconds


class TestWorkerThatDies:
    def test_an_isolated_call_that_dies_tells_so_and_the_next_one_works(self) -> None:
        isolated = Isolated(halve_or_die, 60)
        try:
            died = Death(timed_out=False)
            results = [isolated(task) for task in (4, -1, 6, -1, -1, 8)]
            assert results == [2, died, 3, died, died, 4]
        finally:
            isolated.close()

    def test_a_process_that_died_between_two_calls_costs_neither(self) -> None:
        isolated = Isolated(worker_pid, 60)
        try:
            first = isolated(0)
            assert not isinstance(first, Death)
            assert first is not None
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: first not in {p.pid for p in multiprocessing.active_children()})
            assert not isinstance(isolated(0), Death)
        finally:
            isolated.close()

    def test_every_task_is_reported_once_whatever_happens(self) -> None:
        tasks = [0, 2, -1, 4, 6, 8]
        results = dict(run_tasks(halve_or_die, tasks, workers=2))
        assert sorted(results) == sorted(tasks)
        assert results[-1] is None
        assert all(result in (task / 2, None) for task, result in results.items())

    def test_only_what_was_in_the_workers_hands_is_undone(self) -> None:
        tasks = [-1.0, *(0.01 + number / 10_000 for number in range(40))]
        results = dict(run_tasks(nap_or_die, tasks, workers=2))
        assert len(results) == len(tasks)
        assert sum(result is None for result in results.values()) <= 5

    def test_a_worker_that_dies_while_tasks_are_handed_out_is_no_error(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_pool: Callable[[int], ProcessPoolExecutor] = engine._pool
        pools: list[ProcessPoolExecutor] = []

        def make_first_pool_break(workers: int) -> ProcessPoolExecutor:
            pools.append(make_pool(workers))
            if len(pools) == 1:
                with suppress(BrokenProcessPool):
                    pools[0].submit(halve_or_die, -1).result()
            return pools[-1]

        monkeypatch.setattr(engine, "_pool", make_first_pool_break)
        results = dict(run_tasks(halve_or_die, [2, 4, 6], workers=2))
        assert set(results) == {2, 4, 6}

    def test_an_error_of_the_program_stops_the_work(self) -> None:
        tasks = [-1.0, *(0.2 + number / 10_000 for number in range(30))]
        with pytest.raises(ValueError, match="own fault"):
            list(run_tasks(nap_or_fail, tasks, workers=2))


def worker_pid(_: int) -> int:
    return os.getpid()
