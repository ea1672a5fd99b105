"""Measure speed and memory, each beside a peer in the same run: a table, and a JSON file.

    make bench
    python -m benchmarks.bench --texts papers/ --targets targets.txt --papers 2000 -o bench.json

The papers are those of corpus/, or with --texts the .txt files of a folder, repeated with differing
bytes. What each figure means, and the last ones measured, are in docs/performance.md.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import screen
from benchmarks.material import CORPUS, ROOT
from benchmarks.measures import MEASURES, Figure, Sizes

_LIBRARIES = ("numba", "numpy", "pypdfium2", "pdfminer.six", "spacy", "rjieba", "ahocorasick-rs")


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, Python, versions."""
    cpu = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [row for row in info.read_text().splitlines() if row.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else ""
    return {
        "processor": cpu or platform.processor(),
        "processors": len(os.sched_getaffinity(0)),
        "system": platform.system(),
        "python": platform.python_version(),
        "ddr-screen": screen.__version__,
        **{name: version(name) for name in _LIBRARIES},
    }


def show(figures: Sequence[Figure]) -> None:
    """Print the figures as a table."""
    table = Table()
    for column in ("measured", "ours", "peer", "unit", "ratio", "on"):
        table.add_column(column, justify="left" if column in ("measured", "on") else "right")
    for figure in figures:
        table.add_row(
            figure.name,
            _number(figure.ours),
            "" if figure.peer is None else _number(figure.peer),
            figure.unit,
            "" if figure.ratio is None else f"{_number(figure.ratio)} x",
            figure.note,
        )
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    """Measure what is wanted, print the table and write the JSON file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--texts", type=Path, default=CORPUS, help="folder of .txt papers")
    parser.add_argument("--targets", type=Path, default=ROOT / "corpus" / "targets.txt")
    parser.add_argument("--papers", type=int, default=1000, help="text papers of the whole runs")
    parser.add_argument("--pdfs", type=int, default=120, help="PDF papers of the whole run")
    parser.add_argument("--searched", type=int, default=210, help="papers given to R as well")
    parser.add_argument("--repeats", type=int, default=3, help="times measured; the least counts")
    parser.add_argument("--only", choices=sorted(MEASURES), action="append", help="measure this")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    sizes = Sizes(
        options.texts,
        options.targets,
        options.papers,
        options.pdfs,
        options.searched,
        options.repeats,
    )
    figures: list[Figure] = []
    for name, measure in MEASURES.items():
        if options.only and name not in options.only:
            continue
        print(f"== {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as scratch:
            figures += measure(sizes, Path(scratch))
    show(figures)
    machine = describe_machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    rows = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    options.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(f"{options.output}: {len(figures)} figures")


if __name__ == "__main__":
    main()
