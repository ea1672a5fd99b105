"""The shards shared out among the tasks of an array job, and merged: the same as one run."""

import json
import os
import re
import subprocess
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from screen.study.verdicts import append
from screen.types import Verdict
from tests.undisturbed import SHARDS, Undisturbed, assert_as_undisturbed

if TYPE_CHECKING:
    from tests.conftest import Invoke, RunCli

ROOT = Path(__file__).resolve().parent.parent
MORE = pytest.mark.slow(reason="studies run part by part")


@MORE
def test_parts_in_any_order_and_some_twice_make_the_same_once_merged(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    parts = [*range(1, 6), 2, 5]
    Random(3).shuffle(parts)
    for part in parts:
        done = invoke("run", study.folder, "--shard", f"{part}/5")
        assert done.exit_code in (0, 1), done.output
        assert f"ddr-screen merge {study.folder}" in done.stdout
    assert invoke("merge", study.folder).exit_code == 1, "one paper is empty"
    assert_as_undisturbed(study, undisturbed)
    done = invoke("run", study.folder)
    assert "nothing to do" in done.stdout
    assert_as_undisturbed(study, undisturbed)


@MORE
def test_what_is_not_done_yet_is_said_by_merge_and_done_by_run(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    invoke("run", study.folder, "--shard", "1/3")
    done = invoke("merge", study.folder)
    assert done.exit_code == 1
    assert f"{SHARDS - 4} of {SHARDS} shards want a run: {SHARDS - 4} are not done" in done.stderr
    assert json.loads(invoke("status", study.folder, "--json").stdout)["waiting"] == 40
    assert invoke("run", study.folder).exit_code == 1
    assert study.shards() == undisturbed.shards
    # The queue was put in order twice, which can be told from nothing else.
    rows = study.rows()
    for name in rows.keys() - {"orders", "ranks"}:
        assert rows[name] == undisturbed.rows[name]


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "1/0", "-1/2", "1/2/3", "１/2"])
def test_what_is_no_part_is_wrong_use(
    undisturbed: Undisturbed, invoke: "Invoke", part: str
) -> None:
    done = invoke("run", undisturbed.waiting.folder, "--shard", part)
    assert done.exit_code == 2
    assert "is no part" in done.stderr


@pytest.mark.database
def test_the_database_is_built_anew_from_the_files_and_verdicts_are_kept(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    assert invoke("run", study.folder).exit_code == 1
    hit = json.loads(invoke("queue", study.folder, "--json", "-n", "1").stdout)["id"]
    with study.database() as engine:
        append(engine, [Verdict(hit, "0" * 64, "AB", 2, 1, ("A",), at="2026-01-01")])
    before = study.rows()
    with study.database() as engine, engine.begin() as connection:
        for table in ("hits", "papers", "ranks", "copies"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    done = invoke("merge", study.folder, "--rebuild")
    assert done.exit_code == 1, done.output
    assert len(before["verdicts"]) == 1
    assert study.rows() == before


@pytest.mark.slow(reason="the tasks of an array job as processes")
def test_the_script_of_the_documentation_does_it(
    undisturbed: Undisturbed, run_cli: "RunCli", ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```bash\n(#!/bin/bash\n#SBATCH.*?)```", text, re.DOTALL)
    path = tmp_path / "array.sbatch"
    path.write_text(script, encoding="utf-8")
    path.chmod(0o755)
    (bounds,) = re.findall(r"#SBATCH --array=(\d+)-(\d+)", script)
    first, last = map(int, bounds)
    assert (first, last) == (1, 40)
    env = {
        **os.environ,
        "STUDY": os.fspath(study.folder),
        "PATH": f"{ddr_screen.parent}:{os.environ['PATH']}",
        "SLURM_CPUS_PER_TASK": "1",
        "SLURM_ARRAY_TASK_MAX": "4",
    }
    tasks = [3, 1, 4, 1, 2]
    running = [
        subprocess.Popen([path], env={**env, "SLURM_ARRAY_TASK_ID": str(task)}) for task in tasks
    ]
    assert {process.wait(timeout=120) for process in running} <= {0, 1}
    done = run_cli("merge", study.folder)
    assert done.returncode == 1, done.stderr
    assert_as_undisturbed(study, undisturbed)


def test_a_part_and_a_whole_run_keep_out_of_each_others_way(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path
) -> None:
    from screen.study.folder import Study

    study = undisturbed.waiting.copy(tmp_path / "study")
    with Study(study.folder).lock("ddr-screen run --shard 1/2", shared=True):
        whole = invoke("run", study.folder)
        assert (whole.exit_code, "run --shard 1/2 (process" in whole.stderr) == (2, True)
        assert invoke("run", study.folder, "--shard", "2/2").exit_code in (0, 1)
    with Study(study.folder).lock("ddr-screen run"):
        part = invoke("run", study.folder, "--shard", "1/2")
        assert (part.exit_code, "in use: ddr-screen run (process" in part.stderr) == (2, True)
