"""Whoever looks on is told how far a run is, how fast, how long it will take, and what happened."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from screen.study.work import watching
from screen.study.work.watching import Stage, Watch, list_working
from tests.undisturbed import PAPERS, SHARDS, Undisturbed, start, wait_until

if TYPE_CHECKING:
    from tests.conftest import Invoke

pytestmark = pytest.mark.database


def read_log(study: Path) -> list[dict[str, Any]]:
    (log,) = (study / "log").glob("*.jsonl")
    return [json.loads(line) for line in log.read_text(encoding="ascii").splitlines()]


@pytest.mark.slow(reason="a run that lasts long enough to be watched")
def test_a_run_can_be_watched_while_it_lasts(
    undisturbed: Undisturbed, invoke: "Invoke", ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study").folder
    with start(ddr_screen, "run", study, "--workers", "1", "--json") as run:
        wait_until(lambda: len(list(study.glob("hits/*.json"))) >= 2, 60)
        stopped = run.find_alive()
        for number in stopped:
            os.kill(number, signal.SIGSTOP)
        told = json.loads(invoke("status", study, "--json").stdout)
        words = invoke("status", study).stdout
        for number in stopped:
            os.kill(number, signal.SIGCONT)
        said, _ = run.process.communicate(timeout=60)
    (who,) = told["working"]
    assert (who["command"], who["pid"]) == ("ddr-screen run", run.process.pid)
    progress = who["progress"]
    assert (progress["stage"], progress["unit"]) == ("reading and matching", "papers")
    assert 0 <= progress["done"] <= progress["total"] == PAPERS
    assert {"rate", "seconds_left", "at"} <= progress.keys()
    assert f"ddr-screen run (process {run.process.pid} on {who['host']})" in words
    assert f"of {PAPERS} papers" in words
    assert json.loads(invoke("status", study, "--json").stdout)["working"] == []
    assert json.loads(said)["time"]["seconds"] > 0


def test_the_log_tells_what_happened_and_where_the_time_went(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study").folder
    assert invoke("run", study).exit_code == 1
    log = read_log(study)
    assert [log[0]["event"], log[-1]["event"]] == ["start", "end"]
    assert sorted(row["shard"] for row in log if row["event"] == "shard") == list(range(SHARDS))
    (failed,) = [row for row in log if row["event"] == "failure"]
    assert (Path(failed["path"]).name, failed["stage"]) == ("07.txt", "read")
    last = [row for row in log if row["event"] == "progress"][-1]
    assert (last["done"], last["total"], last["seconds_left"]) == (PAPERS, PAPERS, 0)
    assert last["rate"] > 0
    end = log[-1]
    assert end["outcome"] == "done"
    assert {"reading and matching", "loading", "finding copies"} <= end["seconds_here"].keys()
    assert {"reading", "cleaning", "matching", "writing"} <= end["seconds_of_workers"].keys()
    assert sum(end["seconds_here"].values()) <= end["seconds"] + 0.01


def test_what_was_killed_is_not_at_work(
    undisturbed: Undisturbed, ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study").folder
    with start(ddr_screen, "run", study, "--workers", "1") as run:
        wait_until(lambda: list_working(study) != [], 60)
        run.kill()
    assert list_working(study) == []
    assert read_log(study)[-1]["event"] != "end"


class TestPace:
    def test_nothing_is_known_before_anything_is_done(self) -> None:
        assert Stage("reading", "papers", 10, began=0.0).measure(5.0) == (None, None)

    def test_the_rate_is_that_of_the_last_while(self) -> None:
        stage = Stage("reading", "papers", 10_000, began=0.0)
        # A slow beginning, long ago, tells nothing of what is left.
        for second in range(1, 500):
            stage.advance(1 if second < 300 else 10, float(second))
        rate, left = stage.measure(499.0)
        assert rate == pytest.approx(10, rel=0.05)
        assert left == pytest.approx((10_000 - stage.done) / 10, rel=0.05)

    def test_what_was_done_before_counts_for_no_rate(self) -> None:
        stage = Stage("reading", "papers", 100, done=50, held=50, began=0.0)
        stage.advance(10, 10.0)
        assert stage.measure(10.0) == (1.0, 40.0)


def test_time_counts_for_the_inner_stage_only(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    clock = iter([0.0, 1.0, 4.0, 6.0])
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with watch.spending("reading"), watch.spending("loading"):
        pass
    assert watch.here == {"reading": 1.0 + 2.0, "loading": 3.0}


def test_where_no_log_can_be_written_the_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("in the way", encoding="ascii")
    with Watch(tmp_path, "ddr-screen run") as watch, watch.stage("reading", 1, "papers") as advance:
        advance(1)
    assert watch.account()["seconds_here"].keys() == {"reading"}
