"""What programs get from `import screen`: texts screened, and what a study holds."""

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import screen
from screen.errors import ExportError, PackError, StudyError
from screen.findings.fields import TABLES
from screen.study import schema
from screen.study.database import open_database, open_to_read, write
from screen.study.folder import Study
from screen.study.queries import list_queue
from screen.study.verdicts import append
from tests.conftest import Invoke, MadeStudy, MakeStudy
from tests.surroundings import on_sqlite

pytestmark = pytest.mark.database

TEXT = "1.2 供心切取。供体确认脑死亡后行气管插管，接呼吸机，开胸。\f2 讨论。病房每日通风。"
FILES: dict[str, str | bytes] = {
    "a.txt": TEXT,
    "b.txt": "供体脑死亡后迅速建立人工呼吸，开胸取心。",
    "none.txt": "病房护理体会，每日通风两次，饮食清淡。",
    "broken.pdf": b"%PDF-1.4\nnothing",
}
RECORDS = [{"file": "a.txt", "title": "心脏移植", "authors": ["甲一"], "year": 1999}]
HEAVY = ("spacy", "pyarrow", "numpy", "sqlalchemy", "pydantic", "pandas", "sklearn")


@pytest.fixture(scope="module")
def made(make_study: MakeStudy, invoke: Invoke) -> MadeStudy:
    made = make_study(FILES, RECORDS)
    assert invoke("run", made.folder).exit_code == 1
    engine = open_database(Study(made.folder))
    given = [screen.Verdict(row["id"], row["paper"], "Anna", 2) for row in list_queue(engine)]
    append(engine, given[:1])
    return made


@pytest.fixture
def study(made: MadeStudy) -> Iterator[screen.OpenedStudy]:
    with screen.open_study(made.folder) as study:
        yield study


# ---- the package -----------------------------------------------------------------------------


def test_importing_screen_imports_nothing_that_is_slow() -> None:
    code = f"import sys, screen; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_package_has_what_it_names_and_nothing_else() -> None:
    assert all(hasattr(screen, name) for name in screen.__all__)
    assert set(screen.__all__) <= set(dir(screen))
    assert not hasattr(screen, "screen_file")


def test_the_page_for_programmers_names_everything_there_is() -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "python.md").read_text("utf-8")
    told = set(re.findall(r"`(?:screen\.)?(\w+)[`(]", page))
    fields = {field.name for field in dataclasses.fields(screen.Screening)}
    for kind in (screen.Screening, screen.OpenedStudy):
        fields |= {name for name in vars(kind) if not name.startswith("_")}
    assert sorted({*screen.__all__, *fields} - told) == []


# ---- texts -----------------------------------------------------------------------------------


def test_a_text_has_the_hits_that_a_file_of_it_has_in_a_study(study: screen.OpenedStudy) -> None:
    found = screen.screen_text(TEXT)
    [paper] = [paper for paper in study.papers() if paper.file == "a.txt"]
    assert found.hits == tuple(hit for hit in study.hits() if hit.paper == paper.sha256)
    assert (found.code, found.criteria) == (paper.code, paper.criteria) == (2, ("A", "B"))
    assert found.is_flagged
    assert "criterion A" in found.reason
    assert found.pack.startswith("brain-death ")
    assert found.hits[0].passage in found.text


@pytest.mark.parametrize("text", ["", " \n\f\n", "\ufffd锟斤拷" * 40, "(cid:12)(cid:7)" * 40])
def test_where_nothing_can_be_read_there_is_no_code(text: str) -> None:
    found = screen.screen_text(text)
    assert (found.code, found.is_flagged, found.hits) == (None, None, ())


def test_a_page_that_cannot_be_read_is_named_and_the_rest_counts() -> None:
    found = screen.screen_text("(cid:12)(cid:7)" * 40 + "\f" + TEXT)
    assert found.unread == (1,)
    assert found.code == 2
    assert found.hits[0].page == 2


def test_half_a_character_does_no_harm() -> None:
    assert screen.screen_text("\udc80供者脑死亡后气管插管，开胸。\ud800").code == 2


@pytest.mark.parametrize("text", [None, b"\xe4", 3, ["a"]])
def test_anything_but_a_text_is_refused(text: Any) -> None:
    with pytest.raises(TypeError, match="a text is str"):
        screen.screen_text(text)


def test_another_pack_reads_otherwise_and_one_that_is_none_is_refused() -> None:
    assert screen.screen_text(TEXT, pack="donor-consent").pack.startswith("donor-consent ")
    with pytest.raises(PackError):
        screen.screen_text(TEXT, pack="no-pack")


# ---- studies ---------------------------------------------------------------------------------


def test_a_study_tells_its_papers_hits_findings_verdicts_and_failures(
    study: screen.OpenedStudy,
) -> None:
    assert [paper.file for paper in study.papers()] == ["a.txt", "b.txt", "broken.pdf", "none.txt"]
    assert [(hit.code, hit.page) for hit in study.hits()] == [(2, 1), (1, 1)]
    [finding] = study.findings()
    assert (finding.paper.record.year, finding.code) == (1999, 2)
    [given] = study.verdicts()
    assert given.in_force
    assert given.verdict.reviewer.startswith("reviewer-")
    assert [failure.path for failure in study.failures()] == ["broken.pdf"]
    assert study.counts["unscreened"] == 1
    assert study.completeness.judged == 1
    assert study.flow["databases"]["code_2"] == 1


@pytest.mark.parametrize("what", [name for name in TABLES if name != "queue"])
def test_tables_are_what_export_writes(
    study: screen.OpenedStudy, made: MadeStudy, invoke: Invoke, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "x.jsonl"
    assert invoke("export", made.folder, "--what", what, "-o", path).exit_code == 0
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert rows
    assert study.to_arrow(what).to_pylist() == rows
    frame = study.to_pandas(what)
    assert list(frame.columns) == [field.name for field in TABLES[what]]
    assert len(frame) == len(rows)


def test_years_and_flags_that_are_not_known_stay_so_in_pandas(study: screen.OpenedStudy) -> None:
    papers = study.to_pandas("papers").set_index("file")
    assert papers["year"]["a.txt"] == 1999
    assert papers["year"].isna().sum() == 3
    assert papers["flagged"].isna()["broken.pdf"]
    assert str(papers["year"].dtype) == "Int64"
    assert str(papers["flagged"].dtype) == "boolean"


def test_without_pandas_it_is_said_what_to_install(
    study: screen.OpenedStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(screen.ScreenError, match="pip install pandas"):
        study.to_pandas("hits")


def test_a_table_that_is_none_is_refused(study: screen.OpenedStudy) -> None:
    with pytest.raises(ExportError, match="there are hits, papers"):
        study.to_arrow("queue")


def test_names_leave_as_they_are_asked_for(made: MadeStudy) -> None:
    with screen.open_study(made.folder, authors="none", reviewers="names") as study:
        assert next(study.verdicts()).verdict.reviewer == "Anna"
        assert [paper.record.authors for paper in study.papers()] == [()] * 4
    with pytest.raises(ExportError, match="not 'all'"):
        screen.open_study(made.folder, authors="all")  # type: ignore[arg-type]


def test_nothing_can_be_written_and_nothing_is(made: MadeStudy) -> None:
    def look() -> dict[str, int]:
        files = (path for path in made.folder.rglob("*") if path.suffix not in {".key", ".db-shm"})
        return {str(path): path.stat().st_mtime_ns for path in files if path.is_file()}

    before = look()
    with screen.open_study(made.folder) as study:
        list(study.findings())
        _ = study.counts, study.flow, study.completeness, study.to_arrow("papers")
    assert look() == before
    with pytest.raises(StudyError), write(open_to_read(Study(made.folder))) as connection:
        connection.execute(sa.delete(schema.papers))


def test_a_study_is_read_while_something_is_written(made: MadeStudy, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "study")
    with screen.open_study(copy.folder) as study, copy.database() as engine:
        with write(engine) as connection:
            connection.execute(sa.delete(schema.hits))
            assert len(list(study.hits())) == 2
        # Hits are read when they are asked for.
        assert study.to_arrow("hits").num_rows == 0
        with screen.open_study(copy.folder) as again:
            assert list(again.hits()) == []
            assert next(again.papers()).code == 0


def test_a_study_that_was_never_run_has_papers_that_wait(make_study: MakeStudy) -> None:
    with screen.open_study(make_study(FILES).folder) as study:
        assert {paper.status for paper in study.papers()} == {"waiting"}
        assert {paper.is_flagged for paper in study.papers()} == {None}
        assert list(study.hits()) == []
        assert list(study.findings()) == []
        assert study.to_arrow("hits").num_rows == 0


CALLS: list[Callable[[screen.OpenedStudy], Any]] = [
    lambda study: study.papers(),
    lambda study: study.failures(),
    lambda study: study.counts,
    lambda study: study.flow,
    lambda study: study.to_pandas("hits"),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_study_that_is_closed_says_so(
    made: MadeStudy, call: Callable[[screen.OpenedStudy], Any]
) -> None:
    study = screen.open_study(made.folder)
    study.close()
    study.close()
    with pytest.raises(StudyError, match="is closed"):
        call(study)


def test_what_is_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="is not a study"):
        screen.open_study(tmp_path)


@on_sqlite
def test_a_study_without_a_database_gets_none(tmp_path: Path, invoke: Invoke) -> None:
    invoke("init", tmp_path / "s")
    with pytest.raises(StudyError, match="nothing was added yet"):
        screen.open_study(str(tmp_path / "s"))
    assert not (tmp_path / "s" / "screen.db").exists()


def test_a_database_of_another_schema_is_left_as_it_is(made: MadeStudy, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "study")
    with copy.database() as engine, write(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StudyError, match="another schema"):
        screen.open_study(copy.folder)
    with pytest.raises(StudyError, match="another schema"):
        screen.open_study(copy.folder)
