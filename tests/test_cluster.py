"""A Dask cluster of real processes: the same bytes, whoever dies; other versions are refused."""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from distributed import Client

import screen
from screen.study.work.cluster import ClusterWorkers
from screen.study.work.engine import run_tasks
from tests.hazards import lay_traps
from tests.undisturbed import (
    Started,
    Undisturbed,
    assert_as_undisturbed,
    start,
    wait_until,
)

if TYPE_CHECKING:
    from tests.conftest import Invoke, MakeStudy, RunCli

pytestmark = [
    pytest.mark.database,
    pytest.mark.slow(reason="a scheduler and workers of Dask, as processes"),
]

DASK = Path(sys.executable).with_name("dask")


class Cluster:
    """A scheduler on this machine and workers for it, each a process that can be killed."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port: int = server.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.file = folder / "scheduler.json"
        self._folder = folder
        self._stack = ExitStack()

    def start_scheduler(self) -> Started:
        port = ("--host", "127.0.0.1", "--port", str(self.port))
        told = ("--scheduler-file", str(self.file))
        return self._start("scheduler", *port, *told, "--no-dashboard")

    def start_worker(self, **env: str) -> Started:
        options = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder))
        return self._start("worker", self.address, *options, "--death-timeout", "60", **env)

    def count_workers(self) -> int:
        with Client(self.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            return len(client.nthreads())

    def close(self) -> None:
        self._stack.close()

    def _start(self, *arguments: str, **env: str) -> Started:
        quiet = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}
        return self._stack.enter_context(start(DASK, *arguments, env={**quiet, **env}))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    made.start_scheduler()
    try:
        yield made
    finally:
        made.close()


def count_hits(folder: Path) -> int:
    return len(list(folder.glob("hits/*.json")))


def write_other_version(folder: Path) -> str:
    """Write another version of the program; return what puts it before this one on the path."""
    other = folder / "other" / "screen"
    shutil.copytree(Path(screen.__file__).parent, other)
    with (other / "__init__.py").open("a", encoding="utf-8") as file:
        file.write("# another version\n")
    return os.fspath(other.parent)


def test_a_cluster_makes_the_same_though_a_worker_is_killed(
    cluster: Cluster, undisturbed: Undisturbed, ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    doomed = cluster.start_worker()
    cluster.start_worker()
    with start(ddr_screen, "run", study.folder, "--scheduler-file", cluster.file) as run:
        wait_until(lambda: count_hits(study.folder) >= 3, 90)
        doomed.kill()
        said, _ = run.process.communicate(timeout=120)
    assert run.process.returncode == 1, said
    assert_as_undisturbed(study, undisturbed)


def test_a_scheduler_that_is_started_again_is_given_the_rest(
    undisturbed: Undisturbed, ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    cluster = Cluster(tmp_path)
    try:
        scheduler, worker = cluster.start_scheduler(), cluster.start_worker()
        with start(ddr_screen, "run", study.folder, "--scheduler", cluster.address) as run:
            wait_until(lambda: count_hits(study.folder) >= 2, 90)
            scheduler.kill()
            worker.kill()
            done = count_hits(study.folder)
            time.sleep(1)
            cluster.start_scheduler()
            cluster.start_worker()
            said, _ = run.process.communicate(timeout=180)
    finally:
        cluster.close()
    assert done < 12
    assert "went away; waiting for it to come back" in said
    assert run.process.returncode == 1, said
    assert_as_undisturbed(study, undisturbed)


def test_a_result_on_its_way_when_the_scheduler_dies_is_asked_for_again(tmp_path: Path) -> None:
    mark = os.fspath(tmp_path / "on its way")

    # Defined here, so that the workers are sent it: they know no tests.
    class Slow:
        def __reduce__(self) -> tuple[type[str], tuple[str]]:
            if not os.path.exists(mark):  # noqa: PTH110 - what is sent should be simple
                with open(mark, "w"):  # noqa: PTH123
                    time.sleep(3)
            return str, ("arrived",)

    def make(_: int) -> Any:
        return Slow()

    cluster = Cluster(tmp_path)
    scheduler, worker = cluster.start_scheduler(), cluster.start_worker()

    def start_again() -> None:
        wait_until(Path(mark).exists, 60)
        scheduler.kill()
        worker.kill()
        cluster.start_scheduler()
        cluster.start_worker()

    told: list[str] = []
    trouble = threading.Thread(target=start_again)
    try:
        workers = ClusterWorkers(cluster.address, told.append)
        trouble.start()
        assert list(run_tasks(workers, make, [1])) == [(1, "arrived")]
        workers.close()
        trouble.join()
    finally:
        cluster.close()
    assert told[-1] == "connected again"


def test_a_paper_that_kills_its_worker_costs_itself_only_in_a_cluster_too(
    cluster: Cluster,
    make_study: "MakeStudy",
    invoke: "Invoke",
    run_cli: "RunCli",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    telling = "供体确认脑死亡后行气管插管,接呼吸机。"
    files: dict[str, str | bytes] = {f"{n}.txt": f"{n}。{telling}" for n in range(6)}
    study = make_study({**files, "read-kill.txt": telling}, shard_size=4)
    lay_traps(tmp_path, monkeypatch)
    worker = cluster.start_worker()
    done = run_cli("run", study.folder, "--scheduler", cluster.address, timeout=120)
    assert done.returncode == 1, done.stderr
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    assert (status["screened"], status["unscreened"]) == (6, 1)
    assert worker.process.poll() is None


def test_a_worker_of_another_version_is_refused(
    cluster: Cluster, undisturbed: Undisturbed, run_cli: "RunCli", tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    cluster.start_worker(PYTHONPATH=write_other_version(tmp_path))
    done = run_cli("run", study.folder, "--scheduler", cluster.address, timeout=90)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("ddr-screen: ")]
    assert f"ddr-screen {screen.__version__}" in line
    assert "install the same version everywhere" in line
    assert count_hits(study.folder) == 0


def test_a_worker_of_another_version_that_comes_late_is_refused(
    cluster: Cluster, undisturbed: Undisturbed, ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    first = cluster.start_worker()
    with start(ddr_screen, "run", study.folder, "--scheduler", cluster.address) as run:
        wait_until(lambda: count_hits(study.folder) >= 1, 90)
        # Stopped, so that there is something left for the other one.
        stopped = first.find_alive()
        for number in stopped:
            os.kill(number, signal.SIGSTOP)
        cluster.start_worker(PYTHONPATH=write_other_version(tmp_path))
        wait_until(lambda: cluster.count_workers() == 2, 60)
        for number in stopped:
            os.kill(number, signal.SIGCONT)
        said, _ = run.process.communicate(timeout=120)
    assert run.process.returncode == 2, said
    assert "install the same version everywhere" in said


def test_without_a_scheduler_there_is_one_line(
    undisturbed: Undisturbed, run_cli: "RunCli", tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    done = run_cli("run", study.folder, "--scheduler", "tcp://127.0.0.1:9", timeout=90)
    assert done.returncode == 2
    assert "no scheduler at tcp://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
