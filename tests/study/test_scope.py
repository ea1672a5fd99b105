"""A scope applied to a whole study: what leaves the queue, what is kept, what can be checked."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from screen.study import scope as scope_module
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.queries import list_queue
from screen.study.scope import apply_scope
from screen.study.verdicts import append
from screen.types import Verdict

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
LIVER_PDF = "p033.pdf"
TELLING = "1.2 供体获取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供体器官。\n"
REST = "2 讨论 术后早期监测体温、脉搏、血压,病房每日通风两次。\n" * 20
LIVER = "肝移植受者恢复良好。供肝经保存液灌注。肝移植术后复查移植肝超声。\n"
ABSTRACT = "总结有关经验, 术后恢复顺利。"
PAPERS: dict[str, str | bytes] = {
    "heart.txt": f"原位心脏移植1例\n{TELLING}{REST}",
    "liver.txt": f"原位肝移植1例\n{TELLING}{REST}",
    "rat.txt": f"大鼠心脏移植\n{TELLING}{REST}",
    "unknown.txt": f"经验介绍\n{TELLING}{REST}",
    "liver-text.txt": f"经验\n{TELLING}{LIVER}{LIVER}{REST}",
}
RECORDS: list[dict[str, object]] = [
    {"file": "heart.txt", "title": "原位心脏移植1例", "abstract": ABSTRACT, "year": 2001},
    {"file": "liver.txt", "title": "原位肝移植1例", "abstract": ABSTRACT, "database": "A"},
    {"file": "rat.txt", "title": "大鼠心脏移植模型的建立", "abstract": ABSTRACT},
    {"file": "none.txt", "title": "肾移植的麻醉", "abstract": ABSTRACT, "database": "A"},
    {"file": "lost.txt", "title": "双肺移植3例", "abstract": ABSTRACT, "database": "B"},
]


def set_scope(study: Path, name: str) -> None:
    path = study / "study.toml"
    text = path.read_text(encoding="utf-8")
    for old in ('# scope = ""', 'scope = "heart-lung"', 'scope = "human"'):
        text = text.replace(old, f'scope = "{name}"' if name else '# scope = ""')
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def study(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """Return a study of papers in and out of scope, run with the scope heart-lung."""
    made = make_study(PAPERS, records=RECORDS)
    set_scope(made.folder, "heart-lung")
    done = invoke("run", made.folder)
    assert done.exit_code == 0, done.output
    return made


def read_scope(invoke: "Invoke", study: "MadeStudy", *more: str) -> dict[str, Any]:
    done = invoke("scope", study.folder, "--json", *more)
    assert done.exit_code == 0, done.output
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def export(invoke: "Invoke", study: "MadeStudy", what: str) -> list[dict[str, Any]]:
    path = study.folder.parent / f"{what}.jsonl"
    assert invoke("export", study.folder, "--what", what, "-o", path).exit_code == 0
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_is_out_of_scope_is_in_no_queue_and_keeps_its_hits(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    queue = list_queue(open_database(Study(study.folder)))
    assert {hit["file"] for hit in queue} == {"heart.txt", "unknown.txt"}
    told = {hit["file"]: hit["excluded"] for hit in export(invoke, study, "hits")}
    assert told == {
        "heart.txt": None, "unknown.txt": None, "liver.txt": "other_organ", "rat.txt": "animal",
        "liver-text.txt": "other_organ",
    }  # fmt: skip
    papers = {row["file"]: row for row in export(invoke, study, "papers")}
    assert papers["rat.txt"]["status"] == "excluded"
    assert papers["rat.txt"]["reason"] == "animal"
    assert papers["rat.txt"]["flagged"] is None
    assert papers["heart.txt"]["status"] == "screened"


def test_flags_and_passages_are_counted_of_what_is_in_scope(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    status = json.loads(invoke("status", study.folder, "--json").stdout)
    assert status["excluded"] == 3
    assert status["flagged_code_2"] == 2
    assert status["screening"]["stopping"]["total"] == status["hits"] == 2
    assert status["screening"]["papers_flagged_unjudged"] == 2


def test_the_command_counts_by_rule_and_explains_a_paper(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    figures = read_scope(invoke, study, "--sample", "9", "--seed", "3")
    assert figures["excluded"] == 4, "three papers, and a record without one"
    assert sum(row["record"] + row["text"] for row in figures["rules"]) == 4
    assert len(figures["papers"]) == 4
    assert figures == read_scope(invoke, study, "--sample", "9", "--seed", "3")
    (one,) = read_scope(invoke, study, "--paper", "rat.txt")["papers"]
    assert (one["reason"], one["words"]) == ("animal", ["大鼠"])
    (one,) = read_scope(invoke, study, "--paper", "unknown.txt")["papers"]
    assert one["rule"] is None
    assert "heart-or-lung" in one["undecided"]
    assert len(read_scope(invoke, study, "--sample", "9", "--stage", "text")["papers"]) == 1
    shown = invoke("scope", study.folder, "--sample", "2")
    assert "left out by its" in shown.output
    assert invoke("scope", study.folder, "--rule", "nothing").exit_code == 2


def test_the_flow_is_told_in_the_words_of_prisma(study: "MadeStudy", invoke: "Invoke") -> None:
    flow = json.loads(invoke("status", study.folder, "--json").stdout)["prisma"]
    boxes = flow["databases"]
    assert boxes["by_database"] == {"A": 2, "B": 1, "not stated": 2}
    assert (boxes["screened"], boxes["excluded"], boxes["not_retrieved"]) == (5, 3, 1)
    assert boxes["awaiting_judgement"] == boxes["included"] == 1
    assert flow["other_methods"]["excluded_by_scope"] == 1
    assert "reports sought for retrieval" in invoke("status", study.folder).output


def test_a_second_run_reads_no_text_again(study: "MadeStudy", invoke: "Invoke") -> None:
    opened = Study(study.folder)
    with patch.object(scope_module, "read_pages", side_effect=AssertionError):
        assert not apply_scope(opened, open_database(opened))


def test_another_scope_matches_nothing_again_and_brings_papers_back(
    study: "MadeStudy", invoke: "Invoke"
) -> None:
    set_scope(study.folder, "")
    done = json.loads(invoke("run", study.folder, "--json").stdout)
    assert (done["shards_worked_on"], done["papers_matched"]) == (0, 0)
    assert done["excluded"] == 0
    assert len(list_queue(open_database(Study(study.folder)))) == 5
    assert invoke("scope", study.folder).exit_code == 2


def test_verdicts_on_a_paper_left_out_later_are_kept(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    made = make_study(PAPERS, records=RECORDS)
    assert invoke("run", made.folder).exit_code == 0
    rows = [json.loads(x) for x in invoke("queue", made.folder, "--json").stdout.splitlines()]
    given = [Verdict(row["id"], row["paper"], "AB", 2) for row in rows]
    append(open_database(Study(made.folder)), given)
    before = json.loads(invoke("status", made.folder, "--json").stdout)["screening"]
    set_scope(made.folder, "heart-lung")
    assert invoke("run", made.folder).exit_code == 0
    after = json.loads(invoke("status", made.folder, "--json").stdout)["screening"]
    assert before["verdicts"] == after["verdicts"] == 5
    assert (before["papers_found"], after["papers_found"]) == (5, 2)


def test_an_unknown_scope_is_told_before_the_work(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    made = make_study({"a.txt": "心脏移植"})
    set_scope(made.folder, "liver")
    done = invoke("run", made.folder)
    assert done.exit_code == 2
    assert "heart-lung" in done.output


def test_a_pdf_cut_short_is_not_left_out_by_what_is_left_of_its_text(
    make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    whole = (CORPUS / "papers" / LIVER_PDF).read_bytes()
    cut = whole[: whole.rindex(b"%%EOF") - 1]
    study = make_study({"whole.pdf": whole, "cut.pdf": cut})
    set_scope(study.folder, "heart-lung")
    assert invoke("run", study.folder).exit_code == 1, "one is said to be cut short"
    papers = {row["file"]: row["status"] for row in export(invoke, study, "papers")}
    assert papers == {"whole.pdf": "excluded", "cut.pdf": "screened"}
