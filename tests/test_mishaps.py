"""What goes wrong around a run: the disk, the folder, a flipped bit, the clock. Nothing is lost."""

import json
import os
import subprocess
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from screen.study.shards import Manifest, find_done, read_manifest
from tests import surroundings
from tests.undisturbed import (
    SHARDS,
    Undisturbed,
    assert_as_undisturbed,
    start,
    wait_until,
)

if TYPE_CHECKING:
    from tests.conftest import Invoke

MORE = pytest.mark.slow(reason="more bits flipped, more of data lost")
_FAKETIME = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/faketime")


def run_on_own_disk(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script of bash where it may mount what it likes, seen by nobody else."""
    namespace = ["unshare", "--mount", "--map-root-user", "bash", "-euc"]
    mount = f"mount -t tmpfs -o size=1m tmpfs {folder}"
    try:
        subprocess.run([*namespace, mount], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        surroundings.lack("mounts", "nothing can be mounted here")
    return subprocess.run(
        [*namespace, script],
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=False,
        env={**os.environ, **env},
    )


@surroundings.on_sqlite
@pytest.mark.slow(reason="full disks")
@pytest.mark.parametrize("room", [150, 260, 500, 700])
def test_a_full_disk_ends_a_run_with_one_line_and_costs_nothing(
    undisturbed: Undisturbed, invoke: "Invoke", ddr_screen: Path, tmp_path: Path, room: int
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "kept")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"""
        mount -t tmpfs -o size=64m tmpfs {disk}
        cp -r {study.folder} {disk}/study
        used=$(df --output=used {disk} | tail -n 1)
        mount -o remount,size=$((used + {room}))k {disk}
        {ddr_screen} run {disk}/study --workers 2 && exit 9 || echo "ended with $?"
        echo "leftovers: $(find {disk} -name '*.tmp-*' | wc -l)"
        mount -o remount,size=64m {disk}
        {ddr_screen} run {disk}/study --workers 2 > /dev/null && exit 9 || echo "then with $?"
        cp -r {disk}/study {tmp_path}/study
    """
    done = run_on_own_disk(script, disk)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-3:] == ["ended with 2", "leftovers: 0", "then with 1"]
    lines = [line for line in done.stderr.splitlines() if "stopping" not in line]
    assert len(lines) == 1, done.stderr
    assert "No space left on device" in lines[0] or "is full" in lines[0]
    moved = type(study)(tmp_path / "study", study.papers, study.added)
    assert_as_undisturbed(moved, undisturbed)


@surroundings.on_sqlite
@pytest.mark.slow(reason="a folder mounted read-only")
def test_a_folder_that_cannot_be_written_to_is_said_and_can_be_read(
    undisturbed: Undisturbed, invoke: "Invoke", ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    assert invoke("run", study.folder).exit_code == 1
    folder = study.folder
    script = f"""
        mount --bind {folder} {folder}
        mount -o remount,ro,bind {folder}
        for words in "run {folder}" "run {folder} --shard 1/2" "merge {folder}" \\
            "add {folder} {study.papers}"; do
            {ddr_screen} $words && exit 9 || echo "ended with $?"
        done
        {ddr_screen} status {folder} --json > {tmp_path}/status.json
    """
    done = run_on_own_disk(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["ended with 2"] * 4
    said = f"ddr-screen: {folder} cannot be written to: Read-only file system"
    assert done.stderr.splitlines() == [said] * 4
    assert json.loads((tmp_path / "status.json").read_text("utf-8"))["screened"] == 59


def flip(path: Path, rng: Random) -> None:
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


@pytest.mark.parametrize("suffix", ["parquet", "json"])
@pytest.mark.parametrize(
    "stage", ["hits", *(pytest.param(name, marks=MORE) for name in ("text", "ocr", "signatures"))]
)
def test_a_flipped_bit_is_found_said_and_put_right(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path, stage: str, suffix: str
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    assert invoke("run", study.folder).exit_code == 1
    rng = Random(f"{stage} {suffix}")
    for _ in range(2):
        number = rng.randrange(SHARDS)
        flip(study.folder / stage / f"{number:05d}.{suffix}", rng)
        done = invoke("run", study.folder)
        assert done.exit_code == 1
        assert done.stderr == (f"{stage}/{number:05d}: damaged: not as it was written; made anew\n")
        assert_as_undisturbed(study, undisturbed)


@pytest.mark.parametrize(
    "lose", ["cut", *(pytest.param(n, marks=MORE) for n in ("delete", "empty"))]
)
def test_data_that_is_cut_off_or_gone_is_made_anew(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path, lose: str
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    assert invoke("run", study.folder).exit_code == 1
    path = study.folder / "text" / "00003.parquet"
    if lose == "delete":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100] if lose == "cut" else b"")
    done = invoke("run", study.folder)
    assert done.stderr == "text/00003: damaged: not as it was written; made anew\n"
    assert_as_undisturbed(study, undisturbed)


def test_a_shard_of_another_version_is_made_anew_and_said(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path
) -> None:
    from dataclasses import replace

    from screen.study import shards

    study = undisturbed.waiting.copy(tmp_path / "study")
    assert invoke("run", study.folder).exit_code == 1
    folder = study.folder / "hits"
    manifest = read_manifest(folder, 4)
    assert manifest is not None
    shards.write_manifest(folder, 4, replace(manifest, recipe="0" * 64))
    done = invoke("run", study.folder)
    assert done.stderr == (
        "hits/00004: made by another version, pack or setting, or from other files; made anew\n"
    )
    assert_as_undisturbed(study, undisturbed)


def test_a_manifest_of_before_they_told_their_own_hash_counts(
    undisturbed: Undisturbed, invoke: "Invoke", tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    assert invoke("run", study.folder).exit_code == 1
    path = study.folder / "ocr" / "00001.json"
    row = json.loads(path.read_text("ascii"))
    del row["own"]
    path.write_text(json.dumps(row), encoding="ascii")
    assert isinstance(find_done(study.folder / "ocr", 1, None, None), Manifest)
    row["rows"] = "many", "more"
    row["strange"] = 1
    path.write_text(json.dumps(row), encoding="ascii")
    assert not isinstance(find_done(study.folder / "ocr", 1, None, None), Manifest)


def find_faketime() -> str:
    """Return the library that gives processes another clock, or skip the test."""
    for folder in _FAKETIME:
        for path in (Path(folder), Path(folder, "faketime")):
            if (path / "libfaketime.so.1").exists():
                return os.fspath(path / "libfaketime.so.1")
    return surroundings.lack("faketime", "no libfaketime is here")


@pytest.mark.slow(reason="a clock that is set back")
def test_a_clock_that_is_set_back_in_the_middle_changes_nothing(
    undisturbed: Undisturbed, invoke: "Invoke", ddr_screen: Path, tmp_path: Path
) -> None:
    study = undisturbed.waiting.copy(tmp_path / "study")
    clock = tmp_path / "clock"
    clock.write_text("+0", encoding="ascii")
    env = {
        "LD_PRELOAD": find_faketime(),
        "FAKETIME_TIMESTAMP_FILE": os.fspath(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with start(ddr_screen, "run", study.folder, "--workers", "2", env=env) as run:
        wait_until(lambda: len(list(study.folder.glob("hits/*.json"))) >= 3, 60)
        clock.write_text("-400d", encoding="ascii")
        said, _ = run.process.communicate(timeout=60)
    assert run.process.returncode == 1, said
    (log,) = (study.folder / "log").glob("*.jsonl")
    times = [json.loads(line)["at"] for line in log.read_text("ascii").splitlines()]
    assert times != sorted(times), "the clock was set back"
    assert_as_undisturbed(study, undisturbed)
    # And with what was made by the clock of before.
    done = invoke("run", study.folder)
    assert "nothing to do" in done.stdout
