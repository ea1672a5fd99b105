"""The published search as users meet it: over files, over a study, and beside the pack's codes."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import Result

from screen.findings.search import FIELDS
from screen.ingest.files import hash_file, read_source
from screen.settings import Limits
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.queries import list_papers
from tests.conftest import Invoke, MadeStudy, MakeStudy, RunCli
from tests.hazards import lay_traps

pytestmark = pytest.mark.database

CORPUS_PDF = Path(__file__).resolve().parent.parent / "corpus" / "papers" / "p002.pdf"
TARGETS = ("脑死亡后行气管插管", "供体脑死亡后迅速建立人工呼吸", "=面罩给氧", "开胸")
PAPERS: dict[str, str | bytes] = {
    "declared.txt": "1.2 供心切取\n供体确认脑死亡后行气管\n插管,接呼吸机,正中开胸,切取供心。\n",
    "formula.txt": "护理\n=面罩给氧的护理要点。病房通风良好,家属探视须戴口罩。\n",
    "two-pages.txt": "供肺切取 供体脑死亡后迅速\f建立人工呼吸,肝素化,正中开胸切取两肺。\n".encode(
        "gb18030"
    ),
    "recipient.txt": "受者入室后行全麻诱导,体外循环下原位心脏移植,供心缺血时间短。\n",
}
UNREADABLE: dict[str, str | bytes] = {"empty.txt": b"", "broken.pdf": b"%PDF-1.4 no more of it"}


def write_targets(folder: Path, phrases: Sequence[str] = TARGETS) -> Path:
    path = folder / "targets.txt"
    path.write_text("".join(f"{phrase}\n" for phrase in phrases), encoding="utf-8")
    return path


def set_up(study: Path, **values: str) -> None:
    """Set values in study.toml, commented out or not."""
    path = study / "study.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in values.items():
        text = re.sub(rf"^(# )?{name} = .*$", f'{name} = "{value}"', text, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")


def read_rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def search(invoke: Invoke, folder: Path, *arguments: str | Path) -> tuple[Result, str]:
    """Search for the targets, and return what is said and the rows, by way of a file in `folder`.

    Standard output is written to as a file, which the stand-in of `invoke` is not.
    """
    rows = folder / "rows"
    done = invoke("afind", "--targets", write_targets(folder), *arguments, "-o", rows)
    return done, rows.read_text(encoding="utf-8-sig")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    for name, content in {**PAPERS, **UNREADABLE}.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def searched(make_study: MakeStudy, invoke: Invoke) -> MadeStudy:
    made = make_study({**PAPERS, **UNREADABLE}, shard_size=2)
    write_targets(made.folder)
    set_up(made.folder, targets="targets.txt")
    assert invoke("run", made.folder, "--workers", "1").exit_code == 1  # two files are unreadable
    return made


# ---- over files ------------------------------------------------------------------------------


def test_csv_has_a_row_for_each_paper_and_phrase_and_for_each_error(
    papers: Path, tmp_path: Path, invoke: Invoke
) -> None:
    done, said = search(invoke, tmp_path, papers)
    assert done.exit_code == 1
    assert "4 papers searched, 2 flagged; 2 errors" in done.stderr
    rows = list(csv.DictReader(io.StringIO(said)))
    assert tuple(rows[0]) == FIELDS
    assert [row["file"] for row in rows[:2]] == ["broken.pdf", "declared.txt"]
    unread = [row for row in rows if row["error"]]
    assert [row["file"] for row in unread] == ["broken.pdf", "empty.txt"]
    assert all(not row[name] for row in unread for name in FIELDS[1:6])
    found = {(row["file"], row["target"]): row for row in rows if not row["error"]}
    assert len(found) == len(PAPERS) * len(TARGETS)
    first = found["declared.txt", TARGETS[0]]
    assert float(first["distance"]) == 0
    assert (first["location"], first["match"], first["flagged"]) == ("13", TARGETS[0], "1")
    across = found["two-pages.txt", TARGETS[1]]
    assert (across["location"], across["page"]) == ("6", "1")
    assert across["match"] == "供体脑死亡后迅速\f建立人工呼"


def test_a_cell_that_a_spreadsheet_would_run_is_defused_in_csv_and_verbatim_in_json(
    papers: Path, tmp_path: Path, invoke: Invoke
) -> None:
    targets = write_targets(tmp_path, ["=面罩给氧"])
    table, lines = tmp_path / "rows.csv", tmp_path / "rows.jsonl"
    paper = papers / "formula.txt"
    assert invoke("afind", "--targets", targets, paper, "-o", table).exit_code == 0
    done = invoke("afind", "--targets", targets, paper, "--format", "jsonl", "-o", lines)
    assert done.exit_code == 0
    [row] = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig")))
    assert (row["target"], row["match"], row["flagged"]) == ("'=面罩给氧", "'=面罩给氧", "0")
    [verbatim] = read_rows(lines.read_text(encoding="utf-8"))
    assert verbatim == {
        "file": "formula.txt",
        "target": "=面罩给氧",
        "location": 3,
        "distance": 0.0,
        "match": "=面罩给氧",
        "flagged": False,
        "page": 1,
        "error": "",
    }


def test_all_windows_below_the_cutoff_and_no_requirement(
    papers: Path, tmp_path: Path, invoke: Invoke
) -> None:
    options = ("--all", "--cutoff", "0.2", "--require", "", "--format", "jsonl")
    _, said = search(invoke, tmp_path, *options, papers)
    rows = [row for row in read_rows(said) if not row["error"]]
    assert rows
    assert all(row["distance"] < 0.2 and row["flagged"] for row in rows)
    near = [row["location"] for row in rows if row["target"] == TARGETS[0]]
    assert len(near) > 1
    assert near == sorted(near)


@pytest.mark.slow(reason="the published search with several workers, and one killed")
def test_rows_are_the_same_with_any_number_of_workers(
    tmp_path: Path, papers: Path, run_cli: RunCli
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(120):
        text = f"第{number}例 供体脑死亡后气管插管,开胸{number % 7}次。" * (number % 5 + 1)
        (many / f"{number:03d}.txt").write_text(text, encoding="utf-8")
    said = [
        run_cli("afind", "--targets", write_targets(tmp_path), many, papers, "--workers", workers)
        for workers in ("1", "3")
    ]
    assert said[0].stdout == said[1].stdout
    assert "124 papers searched" in said[0].stderr
    files = [row["file"] for row in csv.DictReader(io.StringIO(said[0].stdout))]
    assert list(dict.fromkeys(files))[:2] == ["000.txt", "001.txt"]


def test_a_pdf_is_searched_by_its_pages(tmp_path: Path, invoke: Invoke) -> None:
    first, second, *_ = read_source(hash_file(CORPUS_PDF), Limits()).pages
    line = max((row for row in second.text.splitlines() if row not in first.text), key=len)
    out = tmp_path / "rows.jsonl"
    arguments = ("--targets", write_targets(tmp_path, [line]), "--format", "jsonl", "-o", out)
    assert invoke("afind", *arguments, CORPUS_PDF).exit_code == 0
    [row] = read_rows(out.read_text(encoding="utf-8"))
    assert (row["match"], row["page"], row["distance"]) == (line, 2, 0.0)


@pytest.mark.parametrize("data", [b"", "气管插管".encode("utf-16")])
def test_targets_that_cannot_be_used_are_one_line(
    data: bytes, papers: Path, tmp_path: Path, invoke: Invoke
) -> None:
    targets = tmp_path / "targets.txt"
    targets.write_bytes(data)
    done = invoke("afind", "--targets", targets, papers)
    assert done.exit_code == 2
    assert done.stderr.startswith("ddr-screen: ")
    assert done.stderr.count("\n") == 1


def test_whoever_stops_reading_ends_the_search_quietly(
    papers: Path, tmp_path: Path, ddr_screen: Path
) -> None:
    asked = f"{ddr_screen} afind --targets {write_targets(tmp_path)} {papers} | head -1"
    done = subprocess.run(
        ["bash", "-c", asked], capture_output=True, encoding="utf-8", check=False, env=os.environ
    )
    assert done.stdout == ",".join(FIELDS) + "\n"
    assert "Traceback" not in done.stderr


@pytest.mark.slow(reason="the published search with several workers, and one killed")
def test_a_paper_that_kills_its_reader_costs_itself_only(
    tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    names = [f"{number:03d}.txt" for number in range(119)] + ["read-crash.txt"]
    for name in names:
        (papers / name).write_text(f"{name}。供体脑死亡后气管插管。", encoding="utf-8")
    lay_traps(tmp_path, monkeypatch)
    targets = write_targets(tmp_path)
    done = run_cli("afind", "--targets", targets, "--format", "jsonl", "--workers", "2", papers)
    rows = read_rows(done.stdout)
    assert list(dict.fromkeys(row["file"] for row in rows)) == names
    assert {row["file"]: row["error"] for row in rows if row["error"]} == {
        "read-crash.txt": "the reader crashed on this file"
    }


@pytest.mark.parametrize("cutoff", ["nan", "-0.1", "1.1"])
def test_a_cutoff_that_is_none_is_wrong_use(
    cutoff: str, papers: Path, tmp_path: Path, invoke: Invoke
) -> None:
    done = invoke("afind", "--targets", write_targets(tmp_path), "--cutoff", cutoff, papers)
    assert done.exit_code == 2
    assert "--cutoff" in done.stderr


def test_the_file_of_targets_is_no_paper(tmp_path: Path, invoke: Invoke) -> None:
    targets = write_targets(tmp_path)
    nothing = invoke("afind", "--targets", targets, tmp_path)
    assert nothing.exit_code == 2
    assert "no papers there: .pdf, .docx, .html and .txt are read, and studies" in nothing.stderr
    (tmp_path / "paper.txt").write_text(str(PAPERS["declared.txt"]), encoding="utf-8")
    done, _ = search(invoke, tmp_path, tmp_path)
    assert "1 papers searched, 1 flagged" in done.stderr


@pytest.mark.slow(reason="a search that is interrupted")
def test_an_interrupted_search_leaves_no_file(
    tmp_path: Path, papers: Path, ddr_screen: Path
) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(400):
        text = f"{number}。" + "供体脑死亡后气管插管,开胸。" * 400
        (many / f"{number}.txt").write_text(text, encoding="utf-8")
    rows = tmp_path / "rows.csv"
    targets = write_targets(tmp_path)
    asked: list[str | Path] = [ddr_screen, "afind", "--targets", targets, "--all", many, "-o", rows]
    with subprocess.Popen(
        asked, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True
    ) as process:
        assert wait_for(lambda: list(tmp_path.glob(".rows.csv.*")))
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped" in said
    assert "Traceback" not in said
    assert not rows.exists()
    assert not list(tmp_path.glob(".rows.csv.*"))


def wait_for(there: Callable[[], object]) -> bool:
    """Wait until something is there, for a minute at most."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if there():
            return True
        time.sleep(0.02)
    return False


# ---- over a study, and in it -----------------------------------------------------------------


def test_a_study_gives_the_same_rows_as_its_files(
    searched: MadeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    asked = ("--format", "jsonl")
    _, of_files = search(invoke, tmp_path, *asked, searched.papers)
    done, of_study = search(invoke, tmp_path, *asked, searched.folder)
    assert done.exit_code == 1
    answers = [
        {json.dumps(row) for row in read_rows(said) if not row["error"]}
        for said in (of_files, of_study)
    ]
    assert answers[0] == answers[1]
    errors = [{row["file"] for row in read_rows(of_study) if row["error"]}]
    assert errors == [{"broken.pdf", "empty.txt"}]


def test_papers_that_wait_for_a_run_are_errors_and_not_unflagged(
    make_study: MakeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    made = make_study(PAPERS)
    done, said = search(invoke, tmp_path, made.folder, "--format", "jsonl")
    assert done.exit_code == 1
    rows = read_rows(said)
    assert {row["file"] for row in rows} == set(PAPERS)
    assert all("run the study first" in row["error"] and row["flagged"] is None for row in rows)


def test_queue_and_export_say_what_the_published_search_would_have(
    searched: MadeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    shown = invoke("queue", searched.folder).stdout
    assert f"published search: flagged, distance 0.000 to “{TARGETS[0]}”" in shown
    out = tmp_path / "papers.jsonl"
    assert invoke("export", searched.folder, "--what", "papers", "-o", out).exit_code == 0
    papers = {row["file"]: row for row in read_rows(out.read_text(encoding="utf-8"))}
    assert {name: row["published_flagged"] for name, row in papers.items()} == {
        "declared.txt": True,
        "two-pages.txt": True,
        "formula.txt": False,
        "recipient.txt": False,
        "empty.txt": None,
        "broken.pdf": None,
    }
    assert papers["formula.txt"]["published_target"] == "=面罩给氧"
    assert papers["empty.txt"]["published_distance"] is None
    assert invoke("export", searched.folder, "--what", "hits", "-o", out).exit_code == 0
    hits = {row["file"]: row for row in read_rows(out.read_text(encoding="utf-8"))}
    assert hits["declared.txt"]["published_flagged"] is True
    assert hits["declared.txt"]["published_distance"] == 0.0
    assert hits["declared.txt"]["published_target"] == TARGETS[0]


def test_the_queue_in_the_order_of_the_published_search(
    searched: MadeStudy, invoke: Invoke
) -> None:
    asked = invoke("queue", searched.folder, "--order", "published", "--json")
    rows = read_rows(asked.stdout)
    keys = [(not row["published_flagged"], row["published_distance"]) for row in rows]
    assert len(keys) > 1
    assert keys == sorted(keys)


def test_status_counts_what_the_published_search_flagged(
    searched: MadeStudy, invoke: Invoke
) -> None:
    counts = json.loads(invoke("status", searched.folder, "--json").stdout)
    assert counts["published_asked"] == len(PAPERS)
    assert counts["published_flagged"] == 2
    assert counts["published_flagged_alone"] == 0
    assert "2  flagged by the published search" in invoke("status", searched.folder).stdout


def test_without_targets_the_search_is_nowhere(make_study: MakeStudy, invoke: Invoke) -> None:
    made = make_study(PAPERS)
    assert invoke("run", made.folder, "--workers", "1").exit_code == 0
    assert not (made.folder / "published").exists()
    assert "published" not in invoke("status", made.folder).stdout
    assert "published search" not in invoke("queue", made.folder).stdout
    assert invoke("queue", made.folder, "--order", "published").exit_code == 2


def test_new_targets_search_again_and_match_nothing_again(
    searched: MadeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    study = searched.copy(tmp_path / "study")
    before = study.shards()
    write_targets(study.folder, ["气管插管"])
    done = invoke("run", study.folder, "--workers", "1")
    assert "0 papers read, 0 matched, 6 searched as published, in 3 of 3 shards" in done.stdout
    assert study.shards() == before
    shards = sorted((study.folder / "published").glob("*.parquet"))
    targets = {row["target"] for path in shards for row in pq.read_table(path).to_pylist()}
    assert targets == {"气管插管"}
    again = invoke("run", study.folder, "--workers", "1")
    assert "nothing to do" in again.stdout


def test_files_added_after_new_targets_take_nothing_from_the_queue(
    searched: MadeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    study = searched.copy(tmp_path / "study")
    before = json.loads(invoke("status", study.folder, "--json").stdout)
    write_targets(study.folder, ["气管插管"])
    more = tmp_path / "more.txt"
    more.write_text("供体脑死亡后气管插管。", encoding="utf-8")
    assert invoke("add", study.folder, more).exit_code == 0
    after = json.loads(invoke("status", study.folder, "--json").stdout)
    assert after["waiting"] == 1
    for name in ("screened", "hits", "flagged_code_2", "published_flagged"):
        assert after[name] == before[name]


def test_targets_taken_away_take_their_answers_with_them(
    searched: MadeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    study = searched.copy(tmp_path / "study")
    set_up(study.folder, targets="")
    assert invoke("run", study.folder, "--workers", "1").exit_code == 1
    assert json.loads(invoke("status", study.folder, "--json").stdout)["published_asked"] == 0
    assert invoke("add", study.folder, searched.papers).exit_code == 0
    assert json.loads(invoke("status", study.folder, "--json").stdout)["published_asked"] == 0


def test_what_flags_is_named_before_what_is_nearer(make_study: MakeStudy, invoke: Invoke) -> None:
    filler = "术后恢复良好，未见排斥反应，"
    far, near = "供心" + filler * 5, "供体脑死亡后行气管内插管"
    text = f"脑死亡后行气管插管。{filler * 7}。{far}。{near},正中开胸取心。"
    made = make_study({"a.txt": text})
    write_targets(made.folder, ["脑死亡后行气管插管"])
    set_up(made.folder, targets="targets.txt", require="开胸")
    assert invoke("run", made.folder, "--workers", "1").exit_code == 0
    shown = invoke("queue", made.folder).stdout
    assert "published search: flagged, distance 0.0" in shown
    [paper] = list_papers(open_database(Study(made.folder)))
    # Of the paper the search keeps the nearest window only, which stands far from what it asks for.
    assert paper["published_flagged"] is False
    assert paper["published_distance"] == 0.0


def test_targets_that_are_missing_are_one_line(
    searched: MadeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    study = searched.copy(tmp_path / "study")
    (study.folder / "targets.txt").unlink()
    done = invoke("run", study.folder)
    assert done.exit_code == 2
    assert "targets.txt: No such file" in done.stderr


# ---- side by side ----------------------------------------------------------------------------


def test_papers_are_evaluated_side_by_side(
    searched: MadeStudy, tmp_path: Path, invoke: Invoke
) -> None:
    gold = tmp_path / "gold.jsonl"
    judged = {"declared.txt": 2, "two-pages.txt": 1, "recipient.txt": 0, "empty.txt": 2}
    lines = [json.dumps({"file": name, "code": code}) + "\n" for name, code in judged.items()]
    gold.write_text("".join(lines), encoding="utf-8")
    done = invoke("evaluate", "--study", searched.folder, "--gold", gold, "--json")
    figures = json.loads(done.stdout)
    for side in (figures, figures["published"]):
        assert side["confusion"]["2"]["unscreened"] == 1
        assert side["measures"][1]["recall"]["count"] == 2
    assert figures["measures"][0]["to_read"] == 1
    assert figures["published"]["measures"][0]["to_read"] == 2
    table = invoke("evaluate", "--study", searched.folder, "--gold", gold).stdout
    assert "published: flagged" in table
    assert table.count("published │") == 2


def test_passages_are_evaluated_side_by_side(tmp_path: Path, invoke: Invoke) -> None:
    gold = tmp_path / "gold.jsonl"
    passages = [
        (2, "供体确认脑死亡后行气管插管,正中开胸,切取供心。"),
        (0, "受者入室后气管插管,供心植入。"),
        (0, "病房通风良好。"),
    ]
    lines = [json.dumps({"code": code, "text": text}) + "\n" for code, text in passages]
    gold.write_text("".join(lines), encoding="utf-8")
    targets = write_targets(tmp_path, ["脑死亡后行气管插管", "气管插管"])
    asked = ("evaluate", "--gold", gold, "--targets", targets, "--json")
    published = json.loads(invoke(*asked).stdout)["published"]
    assert published["confusion"]["2"] == {"2": 1, "1": 0, "0": 0, "unscreened": 0}
    assert published["confusion"]["0"] == {"2": 1, "1": 0, "0": 1, "unscreened": 0}
    assert "气管插管" in published["errors"][0]["reason"]
    alone = json.loads(invoke("evaluate", "--gold", gold, "--json").stdout)
    assert alone["published"] is None
