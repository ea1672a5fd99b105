"""The wheel, installed where there is no checkout, does the whole work."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow(reason="builds the wheel and installs it with all it needs")

CHECKOUT = Path(__file__).resolve().parent.parent
TELLING = "供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。"
PAPERS = {
    "telling.txt": f"心脏移植1例\n1.2 供心切取 {TELLING}\n",
    "recipient.txt": "心脏移植的麻醉\n受者入室后行全麻气管插管,体外循环下行原位心脏移植。\n",
}
# What pip says when it is the way to the index that fails, and not a name or a version.
UNREACHABLE = re.compile(r"Retrying \(Retry|ConnectionError|Connection to \S+ timed out")


def run(
    arguments: Sequence[str | os.PathLike[str]], cwd: Path, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a program that knows nothing of the checkout or of the environment of the tests."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        arguments,
        cwd=cwd,
        env={**environment, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-cache-dir", "-w", folder)
    built = run([sys.executable, "-m", "pip", "wheel", CHECKOUT, *options], folder)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the command ddr-screen of an environment that holds the wheel and its needs only."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    options = ("--retries", "1", "--timeout", "30", "--no-compile", "--only-binary", ":all:")
    done = run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", *options),
            *("-c", CHECKOUT / "constraints.txt", wheel),
        ],
        environment,
    )
    if done.returncode and UNREACHABLE.search(done.stdout + done.stderr):
        reason = f"the package index cannot be reached: {done.stderr.strip().splitlines()[-1]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    assert done.returncode == 0, done.stderr
    return environment / "bin" / "ddr-screen"


def test_the_wheel_holds_packs_models_and_labels_and_no_tests_or_corpus(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packs = CHECKOUT / "patterns"
    for path in packs.rglob("*.yml"):
        assert f"screen/patterns/{path.relative_to(packs).as_posix()}" in names
    assert {
        "screen/models/brain-death/model.skops",
        "screen/models/brain-death/card.json",
        "screen/labels/passages.jsonl",
        "screen/labels/excerpts.jsonl",
        "screen/labels/damaged.jsonl",
        "screen/labels/hospitals.csv",
        "screen/labels/places.csv",
        "screen/findings/provinces.csv",
        "screen/py.typed",
        "screen/study/migrations/script.py.mako",
    } <= names
    strange = {
        name
        for name in names
        if not name.startswith("screen/") and not name.partition("/")[0].endswith(".dist-info")
    }
    assert strange == set()
    assert not [name for name in names if re.search(r"tests?/|corpus/|benchmarks/", name)]


def test_every_module_of_the_checkout_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.endswith(".py")}
    modules = (CHECKOUT / "screen").rglob("*.py")
    assert names == {path.relative_to(CHECKOUT).as_posix() for path in modules}


def test_the_installed_command_screens_papers_away_from_any_checkout(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "papers").mkdir()
    for name, text in PAPERS.items():
        (tmp_path / "papers" / name).write_text(text, encoding="utf-8")
    for arguments in (("init", "study"), ("add", "study", "papers"), ("run", "study")):
        done = run([installed, *arguments], tmp_path)
        assert done.returncode == 0, done.stderr
    queue = run([installed, "queue", "study", "--json"], tmp_path)
    assert all(json.loads(line)["model"] for line in queue.stdout.splitlines())
    flagged = [hit for hit in map(json.loads, queue.stdout.splitlines()) if hit["code"]]
    assert [(hit["file"], hit["code"]) for hit in flagged] == [("telling.txt", 2)]
    assert "确认脑死亡后行气管插管" in flagged[0]["quote"]


def test_the_installed_command_opens_a_database_of_an_earlier_version(
    installed: Path, tmp_path: Path
) -> None:
    assert run([installed, "init", "study"], tmp_path).returncode == 0
    old = CHECKOUT / "tests" / "study" / "old_databases" / "3.sql"
    path = tmp_path / "study" / "screen.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(old.read_text(encoding="utf-8"))
    status = run([installed, "status", "study", "--json"], tmp_path)
    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout)["screening"]["verdicts"] == 7
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert {"alembic_version", "tallies"} <= tables


def test_the_packs_of_the_wheel_can_be_listed_and_checked(installed: Path, tmp_path: Path) -> None:
    listed = run([installed, "pack", "list"], tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.startswith("brain-death ")
    checked = run([installed, "pack", "check", "brain-death"], tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_installed_package_stands_in_the_environment(installed: Path, tmp_path: Path) -> None:
    words = "import screen; print(screen.__file__)"
    where = run([installed.with_name("python"), "-c", words], tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(installed.parent.parent)
