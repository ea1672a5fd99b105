"""How a study grows: 1,000, 10,000 and 124,770 papers from text, and PDFs, on one and two workers.

    python -m benchmarks.scale --folder /scratch/scale -o scale.json
    python -m benchmarks.scale --sizes 1000 10000 --pdfs 0

The papers are made by `benchmarks.collection`. Of each size are measured: the time of `add`;
papers a second of the whole `run`, start of Python and of the workers included; the largest memory
of the command and of any worker; the size on disk; the time until a run that finds half of its
shards gone has made the next one; the time of a run that has nothing to do. The folder keeps the
papers, so that they need be made only once; the studies are made anew.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.bench import describe_machine
from benchmarks.collection import PAPERS_A_FOLDER, write_folder
from benchmarks.material import CORPUS, write_pdfs

_COMMAND = Path(sys.executable).with_name("ddr-screen")
SIZES = (1_000, 10_000, 124_770)
_PDFS = 1_000


@dataclass(frozen=True, slots=True)
class Watched:
    """A command that has run: seconds, and the largest memory of it and of any worker, in MB."""

    seconds: float
    memory: float
    memory_of_worker: float
    account: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Scale:
    """What was measured of one size with so many workers; sizes on disk in MB, times in seconds."""

    papers: int
    kind: str
    workers: int
    add: float
    run: float
    rate: float
    memory: float
    memory_of_worker: float
    size: float
    database: float
    resume: float | None
    again: float | None
    account: dict[str, dict[str, float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pdfs", type=int, default=_PDFS, help="0 for none")
    parser.add_argument("--folder", type=Path, help="keeps the papers")
    parser.add_argument("-o", "--output", type=Path, default=Path("scale.json"))
    options = parser.parse_args(arguments)
    found: list[Scale] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for size in options.sizes:
            papers = make_papers(folder / "papers", size)
            for workers in options.workers:
                last = workers == max(options.workers)
                found.append(measure(folder, "text", papers, size, workers, whole=last))
                show(found)
                write(options.output, found)
        if options.pdfs:
            pdfs = [path.read_bytes() for path in sorted(CORPUS.glob("*.pdf"))]
            home = folder / "pdfs"
            shutil.rmtree(home, ignore_errors=True)
            write_pdfs(home, pdfs, options.pdfs)
            for workers in options.workers:
                found.append(measure(folder, "PDF", [home], options.pdfs, workers, whole=False))
        show(found)
        write(options.output, found)


def make_papers(folder: Path, number: int) -> list[Path]:
    """Return folders with so many papers, made where they are not there."""
    wanted = [
        (serial, min(PAPERS_A_FOLDER, number - serial))
        for serial in range(0, number, PAPERS_A_FOLDER)
    ]
    homes = [folder / f"{first // PAPERS_A_FOLDER:04d}-{count}" for first, count in wanted]
    missing = [
        (home, first, count)
        for home, (first, count) in zip(homes, wanted, strict=True)
        if not home.exists()
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(_make_folder), missing))
    return homes


def _make_folder(task: tuple[Path, int, int]) -> None:
    home, first, count = task
    write_folder(home, first, count)


def measure(
    folder: Path, kind: str, papers: Sequence[Path], number: int, workers: int, *, whole: bool
) -> Scale:
    """Measure one size; if `whole`, also how a run goes on, and one that has nothing to do."""
    study = folder / "study"
    shutil.rmtree(study, ignore_errors=True)
    subprocess.run([_COMMAND, "init", study], check=True, stdout=subprocess.DEVNULL)
    added = watch("add", study, *papers)
    ran = watch("run", study, "--workers", str(workers))
    again = watch("run", study).seconds if whole else None
    size = sum(path.stat().st_size for path in study.rglob("*") if path.is_file())
    database = (study / "screen.db").stat().st_size
    resume = measure_resuming(study, workers) if whole else None
    shutil.rmtree(study)
    return Scale(
        papers=number,
        kind=kind,
        workers=workers,
        add=round(added.seconds, 1),
        run=round(ran.seconds, 1),
        rate=round(number / ran.seconds, 1),
        memory=round(ran.memory),
        memory_of_worker=round(ran.memory_of_worker),
        size=round(size / 1e6, 1),
        database=round(database / 1e6, 1),
        resume=resume,
        again=None if again is None else round(again, 1),
        account=ran.account,
    )


def measure_resuming(study: Path, workers: int) -> float:
    """Return the seconds until a run has made a shard where half of them are gone."""
    shards = sorted((study / "hits").glob("*.json"))
    for path in shards[len(shards) // 2 :]:
        for stage in ("text", "ocr", "signatures", "hits"):
            (study / stage / path.name).unlink()
    there = len(shards) // 2
    start = time.perf_counter()
    process = subprocess.Popen(
        [_COMMAND, "run", study, "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(list((study / "hits").glob("*.json"))) <= there and process.poll() is None:
        time.sleep(0.01)
    took = time.perf_counter() - start
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1)
    return round(took, 1)


def watch(*arguments: str | Path) -> Watched:
    """Run a command to its end and look at the memory of its processes all the while."""
    peaks: dict[int, float] = {}
    start = time.perf_counter()
    process = psutil.Popen(
        [os.fspath(word) for word in (_COMMAND, *arguments)]
        + (["--json"] if arguments[0] == "run" else []),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.append(process.stdout.read()))
    reader.start()
    while reader.is_alive():
        for each in _list_processes(process):
            peaks[each] = max(peaks.get(each, 0.0), _read_peak(each))
        reader.join(0.2)
    status = process.wait()
    took = time.perf_counter() - start
    if status not in (0, 1):
        raise SystemExit(f"{arguments} ended with {status}")
    own = peaks.pop(process.pid, 0.0)
    account = json.loads(said[0])["time"] if arguments[0] == "run" else {}
    parts = {name: account[name] for name in ("seconds_here", "seconds_of_workers") if account}
    return Watched(took, own, max(peaks.values(), default=0.0), parts)


def _list_processes(process: psutil.Popen) -> list[int]:
    try:
        return [process.pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.Error:
        return []


def _read_peak(number: int) -> float:
    """Return the largest memory of a process so far, in MB; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{number}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    found = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(next(found, "0")) / 1000


def show(found: Sequence[Scale]) -> None:
    """Print the figures as a table."""
    table = Table()
    names = ("papers", "kind", "workers", "add", "run", "rate", "memory", "memory_of_worker",
             "size", "database", "resume", "again")  # fmt: skip
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for one in found:
        row = asdict(one)
        table.add_row(*(_tell(row[name]) for name in names))
    Console(width=140).print(table)


def _tell(value: float | str | None) -> str:
    if isinstance(value, int | float):
        return f"{value:,}"
    return value or ""


def write(output: Path, found: Sequence[Scale]) -> None:
    """Write the figures with the machine that they are of."""
    figures = {"machine": describe_machine(), "figures": [asdict(one) for one in found]}
    output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
