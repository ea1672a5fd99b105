"""A run that is killed loses nothing: run again, it ends as if it had never been disturbed.

A worker that dies costs the paper it was reading and nothing else.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from screen.study.work.engine import LocalWorkers, own_process, run_tasks
from screen.study.work.isolation import BrokenOffError, Death, Isolated
from tests.hazards import DANGERS, lay_traps
from tests.undisturbed import (
    SHARDS,
    STAGES,
    Undisturbed,
    assert_ends_as_undisturbed,
    start,
    wait_until,
)

if TYPE_CHECKING:
    from tests.conftest import Invoke, MakeStudy, RunCli

pytestmark = pytest.mark.database

# Parts of the time of an undisturbed run, of which workers need the first half to start.
MORE = pytest.mark.slow(reason="runs killed at many moments")
MOMENTS = ((0.3, 0.75), (0.85, 0.45), (0.1, 0.95), (0.65, 0.55))


class TestKilledRun:
    @MORE
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
            with start(ddr_screen, "run", study.folder, "--workers", "2") as run:
                time.sleep(moment * undisturbed.seconds)
                run.kill()
        assert_ends_as_undisturbed(study, undisturbed, invoke)

    @pytest.mark.parametrize(
        "moment", [pytest.param(0.55, marks=MORE), pytest.param(0.85, marks=MORE)]
    )
    def test_killed_without_its_workers_they_end_and_it_can_be_run_again(
        self,
        undisturbed: Undisturbed,
        invoke: "Invoke",
        ddr_screen: Path,
        tmp_path: Path,
        moment: float,
    ) -> None:
        study = undisturbed.waiting.copy(tmp_path / "study")
        with start(ddr_screen, "run", study.folder, "--workers", "2") as run:
            time.sleep(moment * undisturbed.seconds)
            run.process.kill()
            run.process.wait(timeout=30)
            # At once, while the workers may still be about to notice.
            assert_ends_as_undisturbed(study, undisturbed, invoke)
            wait_until(lambda: not run.find_alive(), seconds=5)
        assert list(study.folder.rglob("*.tmp-*")) == []
        assert study.shards() == undisturbed.shards

    @MORE
    @pytest.mark.parametrize("file", ["text/*.parquet", "hits/*.parquet"])
    def test_killed_as_soon_as_a_file_is_there_it_can_be_run_again(
        self,
        undisturbed: Undisturbed,
        invoke: "Invoke",
        ddr_screen: Path,
        tmp_path: Path,
        file: str,
    ) -> None:
        study = undisturbed.waiting.copy(tmp_path / "study")
        with start(ddr_screen, "run", study.folder, "--workers", "2") as run:
            wait_until(lambda: any(study.folder.glob(file)))
            run.kill()
        assert len(list(study.folder.glob("hits/*.json"))) < SHARDS
        assert_ends_as_undisturbed(study, undisturbed, invoke)

    @pytest.mark.parametrize(
        ("number", "all_of_them"),
        [
            pytest.param(signal.SIGINT, False, marks=MORE),
            pytest.param(signal.SIGTERM, False, marks=MORE),
            # As SLURM tells every process of a job.
            pytest.param(signal.SIGTERM, True, marks=MORE),
        ],
    )
    def test_told_to_stop_it_ends_what_is_under_way_and_says_how_to_go_on(
        self,
        undisturbed: Undisturbed,
        invoke: "Invoke",
        ddr_screen: Path,
        tmp_path: Path,
        number: signal.Signals,
        all_of_them: bool,
    ) -> None:
        study = undisturbed.waiting.copy(tmp_path / "study")
        with start(ddr_screen, "run", study.folder, "--workers", "2") as run:
            wait_until(lambda: len(list(study.folder.glob("hits/*.json"))) >= 2)
            if all_of_them:
                for each in run.find_alive():
                    os.kill(each, number)
            else:
                os.killpg(run.process.pid, number)
            said, _ = run.process.communicate(timeout=30)
        # What the workers hold in their hands is ended; what waits is not begun.
        assert len(list(study.folder.glob("hits/*.json"))) <= 6
        assert len(list(study.folder.glob("*/*.json"))) % STAGES == 0, "shards are ended wholly"
        assert run.process.returncode == 130
        assert f"To go on: ddr-screen run {study.folder}" in said
        assert_ends_as_undisturbed(study, undisturbed, invoke)

    @pytest.mark.slow(reason="fifty runs killed at random moments")
    @pytest.mark.parametrize("seed", [8, 9])
    def test_killed_fifty_times_at_random_moments_it_ends_as_if_undisturbed(
        self,
        undisturbed: Undisturbed,
        invoke: "Invoke",
        ddr_screen: Path,
        tmp_path: Path,
        seed: int,
    ) -> None:
        rng = Random(seed)
        study = undisturbed.waiting.copy(tmp_path / "study")
        for kill in range(25):
            if kill % 5 == 0:
                # From the beginning: most runs are killed before they come to the end.
                shutil.rmtree(study.folder)
                study = undisturbed.waiting.copy(tmp_path / "study")
            with start(ddr_screen, "run", study.folder, "--workers", "2") as run:
                time.sleep(rng.uniform(0.2, 1.05) * undisturbed.seconds)
                run.kill()
            if kill % 5 == 4:
                assert_ends_as_undisturbed(study, undisturbed, invoke)


@pytest.mark.slow(reason="papers that crash, hang, and use up the memory")
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
            "from screen.study.work.isolation import Isolated\n"
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
