"""What is measured on: papers made from those at hand, as many as wanted, no two alike."""

import subprocess
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import sqlalchemy as sa

from screen.errors import DocumentError, RecordsError
from screen.ingest.files import decode
from screen.ingest.limits import within
from screen.ingest.records.making import BadRecord
from screen.ingest.records.reading import read_records

# Between this process and the one measured, since a new process begins with the peak of its parent.
_WATCH = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""
ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus" / "papers"


def read_texts(folder: Path) -> list[str]:
    """Return the .txt files of a folder, in the order of their names."""
    return [decode(path.read_bytes()) for path in sorted(folder.glob("*.txt"))]


def write_texts(folder: Path, texts: Sequence[str], number: int) -> Path:
    """Write so many text files, going round the texts; a first line makes each its own paper."""
    folder.mkdir(parents=True)
    for serial, text in enumerate(islice(cycle(texts), number)):
        path = folder / f"{serial:06d}.txt"
        path.write_text(f"文献编号 {serial:06d}\n{text}", encoding="utf-8")
    return folder


def write_pdfs(folder: Path, pdfs: Sequence[bytes], number: int) -> Path:
    """Write so many PDFs, going round those given; a comment at the end makes each its own file."""
    folder.mkdir(parents=True)
    for serial, data in enumerate(islice(cycle(pdfs), number)):
        (folder / f"{serial:06d}.pdf").write_bytes(data + b"\n%% %06d\n%%%%EOF\n" % serial)
    return folder


def count_records(path: Path, seconds: int, memory_mb: int) -> dict[str, int]:
    """Read a file of records within limits; return what became of it: read or refused, and what of.

    Not where it is used: another process cannot ask a program's own module for it.
    """
    try:
        with within(seconds, memory_mb):
            found = list(read_records(path))
    except (RecordsError, DocumentError):
        return {"refused": 1}
    bad = sum(isinstance(record, BadRecord) for record in found)
    return {"read": 1, "malformed": bad, "records": len(found) - bad}


def run_watched(
    *command: str | Path, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command; its output is the largest memory of any of its processes, in KB on Linux."""
    return subprocess.run(
        [sys.executable, "-c", _WATCH, *command],
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def run_sql(server: str, statement: str) -> None:
    """Have a PostgreSQL server run a statement outside of any transaction, as CREATE DATABASE."""
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
