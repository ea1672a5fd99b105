"""`make bench` measures everything it names; how fast anything is, no test asserts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.collection import make_paper

ROOT = Path(__file__).resolve().parent.parent


def run_benchmark(name: str, *arguments: str | Path) -> str:
    """Run a benchmark to its end and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow(reason="runs the benchmarks, small")
def test_a_small_bench_gives_every_figure(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    sizes = ("--papers", "8", "--pdfs", "2", "--searched", "4", "--repeats", "1")
    said = run_benchmark("bench", *sizes, "-o", output)
    result = json.loads(output.read_text(encoding="utf-8"))
    figures = {figure["name"]: figure for figure in result["figures"]}
    searched = next(figure for name, figure in figures.items() if "published search" in name)
    if searched["ratio"] is None:
        assert "R is not here" in searched["note"]
    else:
        assert "180 of 180 answers the same as R's" in searched["note"]
    for name in (
        "cascade / without sieve: transplant papers",
        "cascade / without sieve: papers without events",
        "pypdfium2 / pdfminer.six",
        "run from text: two workers / one",
    ):
        assert figures[name]["ratio"] > 0
    for name in ("run from text, models loaded", "run from PDF", "peak memory, run from text"):
        assert figures[name]["ours"] > 0
    assert not any("DIFFERENT" in figure["note"] for figure in figures.values())
    assert result["machine"]["processors"] >= 1
    for name in figures:
        assert name.strip() in said


@pytest.mark.slow(reason="runs the benchmarks, small")
def test_a_small_scale_measures_every_size(tmp_path: Path) -> None:
    output = tmp_path / "scale.json"
    sizes = ("--sizes", "105", "--workers", "2", "--pdfs", "2")
    run_benchmark("scale", *sizes, "--folder", tmp_path, "-o", output)
    figures = json.loads(output.read_text(encoding="utf-8"))["figures"]
    told = [(row["papers"], row["kind"], row["workers"]) for row in figures]
    assert told == [(105, "text", 2), (2, "PDF", 2)]
    for row in figures:
        names = ("add", "run", "rate", "memory", "memory_of_worker", "size", "database")
        assert all(row[name] > 0 for name in names), row
        assert {"reading", "matching"} <= row["account"]["seconds_of_workers"].keys()
    assert [row["again"] is not None for row in figures] == [True, False]
    assert figures[0]["resume"] > 0


def test_a_collection_is_the_same_whoever_makes_it_and_no_two_papers_are() -> None:
    papers = [make_paper(serial) for serial in range(40)]
    assert papers == [make_paper(serial) for serial in range(40)]
    assert len(set(papers)) == 40
    assert make_paper(0, seed=2) != papers[0]
    assert all(700 < len(paper) < 40_000 for paper in papers)
