"""Records added from exports, matched, counted and listed, as a user meets it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from screen.study.folder import Study

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

TITLE = "同种异体原位心脏移植五例临床体会"
BODY = "供体脑死亡后气管插管，接呼吸机，开胸取心。受者术后恢复好，未见排斥反应。"
PAPERS = {
    "0001.txt": f"拟山外科杂志 1998 年\n{TITLE[:9]}\n{TITLE[9:]}\n虚文远 拟思成\n{BODY}",
    "肾移植术后感染十例_样其明.txt": BODY + "其二。",
    "p3.txt": "供心的保存\n例成\n" + BODY + "其三。",
    "alone.txt": "另一篇没有题录的论文\n" + BODY + "其四。",
}
EXPORT = f"""RT Journal Article
A1 虚文远;拟思成
T1 {TITLE}
YR 1998

RT Journal Article
A1 样其明
T1 肾移植术后感染十例
YR 2001

RT Journal Article
A1 某人
T1 不在其中的一篇论文
YR 2003

RT Journal Article
YR 2004
"""


@pytest.fixture
def made(make_study: "MakeStudy", invoke: "Invoke", tmp_path: Path) -> "MadeStudy":
    study = make_study(PAPERS)
    export, table = tmp_path / "cnki.txt", tmp_path / "own.csv"
    export.write_bytes(EXPORT.encode("gbk"))
    table.write_text("文件名,题名\nP3.pdf,供心的保存\n", encoding="utf-8")
    done = invoke("add", study.folder, "--records", export, "--records", table)
    assert done.exit_code == 1
    assert f"{export}:16: no file name and no title" in done.stderr
    return study


def counts(invoke: "Invoke", folder: Path) -> tuple[int, ...]:
    told = json.loads(invoke("status", folder, "--json").stdout)
    names = ("records", "records_by_file", "records_by_title", "records_without_file")
    return (*(told[name] for name in names), told["papers_without_record"])


def test_titles_in_file_names_count_at_once_and_those_in_texts_after_a_run(
    made: "MadeStudy", invoke: "Invoke"
) -> None:
    assert counts(invoke, made.folder) == (4, 1, 1, 2, 2)
    invoke("run", made.folder, "--workers", "1")
    assert counts(invoke, made.folder) == (4, 1, 2, 1, 1)
    assert "2  of these matched to a paper by the title" in invoke("status", made.folder).stdout


def test_what_does_not_match_is_listed_and_counted_on_either_side(
    made: "MadeStudy", invoke: "Invoke"
) -> None:
    invoke("run", made.folder, "--workers", "1")
    told = json.loads(invoke("records", made.folder, "--unmatched", "--json").stdout)
    assert [row["title"] for row in told["unmatched_records"]] == ["不在其中的一篇论文"]
    [bare] = told["papers_without_record_list"]
    assert (bare["file"], bare["first_line"]) == ("alone.txt", "另一篇没有题录的论文")
    assert (told["records_without_file"], told["papers_without_record"]) == (1, 1)
    shown = invoke("records", made.folder, "--unmatched").stdout
    assert "不在其中的一篇论文 (2003)" in shown
    assert "另一篇没有题录的论文" in shown


def test_all_records_are_listed_with_their_papers(made: "MadeStudy", invoke: "Invoke") -> None:
    invoke("run", made.folder, "--workers", "1")
    rows: list[dict[str, Any]] = json.loads(invoke("records", made.folder, "--json").stdout)["list"]
    assert {row["title"]: (row["paper"], row["matched"]) for row in rows} == {
        TITLE: ("0001.txt", "title"),
        "肾移植术后感染十例": ("肾移植术后感染十例_样其明.txt", "title"),
        "不在其中的一篇论文": (None, None),
        "供心的保存": ("p3.txt", "file"),
    }
    assert "-> p3.txt (by file)" in invoke("records", made.folder).stdout


def test_a_paper_that_was_never_read_is_listed_without_a_first_line(
    made: "MadeStudy", invoke: "Invoke"
) -> None:
    done = invoke("records", made.folder, "--unmatched")
    assert done.exit_code == 0
    assert "alone.txt  waiting" in done.stdout


def test_adding_an_export_twice_changes_nothing(
    made: "MadeStudy", invoke: "Invoke", tmp_path: Path
) -> None:
    invoke("add", made.folder, "--records", tmp_path / "cnki.txt")
    assert counts(invoke, made.folder) == (4, 1, 1, 2, 2)


def test_of_records_told_twice_the_last_counts(
    make_study: "MakeStudy",
) -> None:
    study = make_study(
        {"a.txt": BODY},
        records=[
            {"file": "a.txt", "title": "旧"},
            {"title": "肝移植二例的体会", "doi": "10.0000/X"},
            {"title": "肝移植二例的体会报告", "doi": "10.0000/x"},
            {"title": "全然不同的一篇", "doi": "10.0000/x"},
            {"title": "心脏移植", "key": "1", "database": "CNKI"},
            {"title": "心脏移植", "key": "1", "database": "CNKI", "year": 1999},
            {"title": "肺移植", "key": "1", "database": "CNKI"},
            {"file": "a.txt", "title": "新"},
        ],
    )
    assert [(r.title, r.year) for r in Study(study.folder).records()] == [
        ("新", None),
        ("肝移植二例的体会报告", None),
        ("全然不同的一篇", None),
        ("心脏移植", 1999),
        ("肺移植", None),
    ]
