"""The figures that the project must keep on real material, where that is at hand.

It lies beside the checkout and is no part of it; without it these tests say so and are skipped.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from screen.match.cascade import Cascade
from screen.match.packs import find_pack, load_pack
from screen.rank.evaluate import evaluate, judge_passages
from screen.rank.gold import read_gold
from tests.conftest import Invoke

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "real"
LABELS = ROOT / "labels"

needs_real = pytest.mark.skipif(
    not (REAL / "passages.jsonl").exists(), reason="the real material is not beside this checkout"
)


@cache
def confusion(path: Path) -> dict[int, dict[int | None, int]]:
    cascade = Cascade(load_pack(find_pack("brain-death")))
    return evaluate(list(judge_passages(cascade, read_gold(path, "text")))).confusion


@needs_real
def test_real_passages_get_their_codes() -> None:
    table = confusion(REAL / "passages.jsonl")
    assert table[2][2] >= 30
    assert table[1][1] >= 9
    assert table[1][2] <= 2
    assert table[0][2] <= 8
    assert table[0][2] + table[0][1] <= 18


@needs_real
def test_real_papers_get_their_codes(invoke: Invoke, tmp_path: Path) -> None:
    study = tmp_path / "real"
    assert invoke("init", study).exit_code == 0
    assert invoke("add", study, REAL / "papers").exit_code == 0
    assert invoke("run", study).exit_code == 0
    done = invoke("evaluate", "--study", study, "--gold", REAL / "papers.jsonl", "--json")
    table: dict[str, Any] = json.loads(done.stdout)["confusion"]
    assert table["2"]["2"] == 10
    assert table["1"]["0"] == 0
    assert table["0"]["1"] + table["0"]["2"] <= 1


@pytest.mark.parametrize("name", ["passages.jsonl", "excerpts.jsonl"])
def test_the_projects_own_labels_get_their_codes(name: str) -> None:
    table = confusion(LABELS / name)
    total = {code: sum(row.values()) for code, row in table.items()}
    assert table[2][2] / total[2] >= 0.95
    assert (table[1][1] + table[1][2]) / total[1] >= 0.9
    assert (table[0][1] + table[0][2]) / total[0] <= 0.05
