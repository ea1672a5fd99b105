"""The commands that read single files: explain and evaluate, as a user meets them."""

import json
from pathlib import Path

import pytest

from tests.conftest import Invoke

ROOT = Path(__file__).resolve().parent.parent
PASSAGE = "1.2 供心切取。供体脑死亡后立即气管插管，接呼吸机，开胸。受者术后恢复好。"


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text(PASSAGE, encoding="utf-8")
    return path


# ---- explain ---------------------------------------------------------------------------------


def test_explain_prints_words_with_what_they_were_read_as(invoke: Invoke, paper: Path) -> None:
    done = invoke("explain", paper)
    assert done.exit_code == 0
    assert "气管插管[3. tracheal intubation donor]" in done.stdout
    assert "criterion A" in done.stdout


def test_explain_writes_the_same_as_a_page(invoke: Invoke, paper: Path, tmp_path: Path) -> None:
    target = tmp_path / "paper.html"
    assert invoke("explain", paper, "--html", target).exit_code == 0
    page = target.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "气管插管" in page


def test_explain_takes_another_pack(invoke: Invoke, paper: Path) -> None:
    done = invoke("explain", paper, "--pack", "donor-consent")
    assert done.exit_code == 0
    assert "donor-consent" in done.stdout


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"%PDF-1.4\nnothing", "PDF"), (bytes(range(256)) * 40, "")],
)
def test_explain_refuses_what_it_cannot_read_in_one_line(
    invoke: Invoke, tmp_path: Path, content: bytes, word: str
) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    done = invoke("explain", path)
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert word.lower() in done.stderr.lower()


def test_explain_knows_how_many_pages_there_are(invoke: Invoke, paper: Path) -> None:
    done = invoke("explain", paper, "--page", "2")
    assert done.exit_code == 2
    assert "1 page" in done.stderr


# ---- evaluate --------------------------------------------------------------------------------


def test_evaluate_measures_passages(invoke: Invoke, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    rows = [
        {"id": "a", "code": 2, "text": PASSAGE},
        {"id": "b", "code": 2, "text": "受者气管插管，体外循环。"},
    ]
    gold.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    done = invoke("evaluate", "--gold", gold)
    assert done.exit_code == 0
    assert "0.500" in done.stdout
    assert "b: judged 2, given 0" in done.stdout
    assert "no rule is met by" in done.stdout
    found = json.loads(invoke("evaluate", "--gold", gold, "--json").stdout)
    assert found["confusion"]["2"] == {"2": 1, "1": 0, "0": 1, "unscreened": 0}
    assert found["errors"][0]["id"] == "b"


def test_evaluate_refuses_a_bad_line_in_one_line(invoke: Invoke, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"code": 2}\n', encoding="utf-8")
    done = invoke("evaluate", "--gold", gold)
    assert done.exit_code == 2
    assert done.stderr.strip() == f"ddr-screen: {gold}:1: no 'text'"
