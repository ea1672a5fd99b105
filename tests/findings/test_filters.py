"""Which rows leave, and whose names: asked of a study with a paper of every kind."""

import multiprocessing
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.findings.filters import Filters, Years, read_years
from screen.findings.people import KEY_FILE, TREATMENTS, People, Treatment, make_people
from tests.exporting import (
    ANIMAL,
    BROKEN,
    CLEARED,
    COPY,
    DISPUTED,
    DRAWN,
    HEART,
    LOST,
    LUNG,
    OUT,
    PAIR,
    RECORDS,
    REVIEWERS,
    Judged,
    make_judged,
    open_judged,
)

if TYPE_CHECKING:
    from tests.conftest import Invoke, MakeStudy

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def judged(make_study: "MakeStudy", invoke: "Invoke") -> Iterator[Judged]:
    with open_judged(make_judged(make_study, invoke).folder) as found:
        yield found


# ---- filters ---------------------------------------------------------------------------------


def choose(
    judged: Judged, what: str, *codes: int, criteria: str = "", years: str = "", settled: bool
) -> list[str]:
    wanted = read_years(years) if years else None
    filters = Filters(frozenset(codes), frozenset(criteria), wanted, settled)
    return sorted(judged.files(what, filters))


_READ = [LUNG, CLEARED, COPY, DISPUTED, LOST, OUT, PAIR, HEART]


def test_codes_and_criteria_of_papers_are_the_rules_or_those_that_people_settled(
    judged: Judged,
) -> None:
    # A paper out of scope, or not screened, has no code by the rules.
    assert choose(judged, "papers", 2, settled=False) == sorted(_READ)
    assert choose(judged, "papers", 0, settled=False) == [DRAWN]
    assert choose(judged, "papers", 2, settled=True) == sorted([ANIMAL, COPY, DRAWN, LOST, HEART])
    assert choose(judged, "papers", 1, settled=True) == sorted([LUNG, PAIR, BROKEN])
    # What people left out of scope is settled, and of no code.
    assert choose(judged, "papers", 0, settled=True) == [CLEARED]
    assert OUT in choose(judged, "papers", settled=True)
    assert DISPUTED not in choose(judged, "papers", settled=True)
    assert choose(judged, "papers", criteria="AB", settled=False) == sorted(_READ)
    assert choose(judged, "papers", criteria="ED", settled=True) == sorted(
        [LUNG, PAIR, BROKEN, HEART, COPY]
    )


def test_codes_and_criteria_of_hits_are_the_rules_or_those_that_people_settled(
    judged: Judged,
) -> None:
    assert choose(judged, "hits", 2, settled=False) == sorted([*_READ, PAIR, ANIMAL])
    assert choose(judged, "hits", 1, settled=False) == []
    assert choose(judged, "hits", settled=True) == sorted([HEART, LUNG, PAIR, ANIMAL, CLEARED])
    assert choose(judged, "hits", 1, settled=True) == sorted([LUNG, PAIR])
    assert choose(judged, "hits", criteria="D", settled=True) == sorted([LUNG, PAIR])
    assert choose(judged, "hits", criteria="D", settled=False) == []


def test_findings_are_chosen_by_what_people_settled(judged: Judged) -> None:
    for settled in (False, True):
        assert choose(judged, "findings", 2, settled=settled) == sorted([HEART, DRAWN, LOST])
        assert choose(judged, "findings", 0, settled=settled) == []
        assert choose(judged, "findings", criteria="D", settled=settled) == sorted(
            [LUNG, PAIR, BROKEN]
        )


def test_verdicts_are_chosen_by_what_each_says_and_settled_are_those_in_force(
    judged: Judged,
) -> None:
    assert choose(judged, "verdicts", 0, settled=False) == sorted([LUNG, DISPUTED, CLEARED])
    assert choose(judged, "verdicts", 0, settled=True) == sorted([DISPUTED, CLEARED])
    assert choose(judged, "verdicts", criteria="B", settled=False) == [LUNG]
    assert choose(judged, "verdicts", criteria="B", settled=True) == []
    # A withdrawal, and what it takes back, are not in force.
    assert choose(judged, "verdicts", settled=False).count(PAIR) == 3
    assert choose(judged, "verdicts", settled=True).count(PAIR) == 1


def test_a_row_without_a_year_is_in_no_range(judged: Judged) -> None:
    assert choose(judged, "findings", years="2001-2003", settled=False) == sorted([HEART, BROKEN])
    assert choose(judged, "papers", years="-2001", settled=False) == sorted([LUNG, BROKEN])
    assert choose(judged, "hits", years="2011", settled=False) == [PAIR, PAIR]
    assert choose(judged, "papers", years="1800-", settled=False) == sorted(
        [LUNG, BROKEN, HEART, PAIR]
    )


def test_filters_narrow_together_and_the_queue_takes_them_too(
    judged: Judged, invoke: "Invoke", tmp_path: Path
) -> None:
    out = tmp_path / "queue.jsonl"
    given_ = ("--what", "queue", "--open", "--code", "2", "--criterion", "A", "--year", "2011")
    done = invoke("export", judged.folder, *given_, "-o", out)
    assert done.exit_code == 0, done.output
    # The other passage of that paper is judged.
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1
    done = invoke("export", judged.folder, *given_, "--code", "1", "--year", "1999", "-o", out)
    assert out.read_text(encoding="utf-8") == ""


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--what papers --criterion Z", "no criterion 'Z': the pack has A, B, C, D, E, F"),
        ("--what papers --code 3", "3 is not in the range"),
        ("--what papers --year 20000", "is no year and no range of years"),
        ("--what papers --year -", "is no year and no range of years"),
        ("--what papers --year 2010-2000", "ends before it begins"),
        ("--what failures --code 2", "failures have neither codes nor years"),
        ("--what failures --year 2000", "failures have neither codes nor years"),
        ("--what verdicts --year 2000", "verdicts have no year of publication"),
        ("--what queue --settled", "the queue is what is not settled"),
        ("--what papers --columns titel", "papers have no field 'titel'; is title meant?"),
        ("--what papers --columns zzzzz", "papers have no field 'zzzzz'; they have paper_id"),
        ("--what papers --columns title,", "papers have no field ''"),
        ("--what papers --columns title,title", "a column is named twice"),
        ("--what papers --columns title --format ris", "ris has columns of its own"),
        ("--what hits --format ris", "ris is for publications: papers or findings"),
        ("--what verdicts --format bibtex", "bibtex is for publications"),
        ("--what papers --format doccano", "doccano is a format of the queue"),
        ("--what queue --format ris", "the queue is not written as ris"),
        ("--what papers --reviewer AB", "are for --what queue"),
        ("--what queue --round 2", "--round goes with --reviewer"),
        ("--what queue --blind --code 2", "--code and --criterion would tell"),
        ("--what queue --blind --columns code", "the queue is blind: code is not shown"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_line_and_nothing_is_written(
    judged: Judged, invoke: "Invoke", tmp_path: Path, arguments: str, why: str
) -> None:
    out = tmp_path / "out"
    done = invoke("export", judged.folder, *arguments.split(), "-o", out)
    assert done.exit_code == 2, done.output
    assert why in done.output.splitlines()[-1]
    assert len(done.output.splitlines()) == 1 or done.output.startswith("Usage: ")
    assert list(tmp_path.iterdir()) == []


@given(st.integers(1000, 9999), st.integers(1000, 9999), st.integers(1000, 9999))
def test_ranges_of_years_hold_both_ends(one: int, other: int, year: int) -> None:
    first, last = sorted((one, other))
    assert read_years(f"{first}-{last}").holds(year) == (first <= year <= last)
    assert read_years(f" {first}- ").holds(year) == (first <= year)
    assert read_years(f"-{last}") == Years(None, last)
    assert read_years(str(first)) == Years(first, first)
    assert not read_years(f"{first}-").holds(None)


# ---- names of people -------------------------------------------------------------------------

AUTHORS = sorted({name for record in RECORDS for name in record["authors"]})
FORMATS = {
    **dict.fromkeys(
        ("papers", "findings"), ("jsonl", "csv", "sqlite", "bibtex", "ris", "asreview")
    ),
    **dict.fromkeys(("hits", "verdicts", "failures"), ("jsonl", "csv", "sqlite")),
}


@pytest.mark.parametrize("treatment", ["pseudonyms", "none"])
@pytest.mark.parametrize("what", FORMATS)
def test_no_name_is_in_the_bytes_of_an_export(
    judged: Judged, tmp_path: Path, what: str, treatment: Treatment
) -> None:
    for format_ in FORMATS[what]:
        path = tmp_path / f"out.{format_}"
        judged.export(what, format_, path, authors=treatment, reviewers=treatment)
        left = path.read_bytes().decode("utf-8", "replace").casefold()
        names = [*AUTHORS, *REVIEWERS, "smith"]
        # Two letters stand in hashes too.
        assert [name for name in names if len(name) > 2 and name.casefold() in left] == []
        assert ",AB" not in left


@pytest.mark.parametrize("what", ["hits", "papers", "findings", "verdicts", "failures"])
def test_names_leave_where_they_are_wanted(judged: Judged, what: str) -> None:
    said = str(judged.rows(what))
    assert any(name in said for name in (*AUTHORS, *REVIEWERS))
    rest = judged.rows(what, authors="pseudonyms", reviewers="pseudonyms")
    assert len(rest) == len(judged.rows(what))


def test_reviewers_leave_as_pseudonyms_unless_names_are_asked_for(
    judged: Judged, invoke: "Invoke", tmp_path: Path
) -> None:
    out = tmp_path / "v.jsonl"
    wanted = ("export", judged.folder, "--what", "verdicts", "-o", out)
    assert invoke(*wanted).exit_code == 0
    said = out.read_text(encoding="utf-8")
    assert "王小明" not in said
    assert "张三丰" in said
    assert invoke(*wanted, "--pseudonymise").exit_code == 0
    assert "张三丰" not in out.read_text(encoding="utf-8")
    assert invoke(*wanted, "--reviewers", "names").exit_code == 0
    assert "王小明" in out.read_text(encoding="utf-8")
    assert invoke(*wanted, "--reviewers", "none").exit_code == 0
    assert '"reviewer": null' in out.read_text(encoding="utf-8")


def test_the_queue_leaves_without_names_too(
    judged: Judged, invoke: "Invoke", tmp_path: Path
) -> None:
    out = tmp_path / "queue.csv"
    wanted = ("export", judged.folder, "--what", "queue", "--format", "csv", "-o", out)
    assert invoke(*wanted, "--reviewer", REVIEWERS[0], "--pseudonymise").exit_code == 0
    said = out.read_text(encoding="utf-8-sig")
    assert [name for name in (*AUTHORS, REVIEWERS[0], ",AB同意") if name in said] == []
    back = ("import-verdicts", judged.folder, out, "--reviewer", "CD", "--dry-run")
    assert invoke(*back).exit_code == 0


def test_one_person_has_one_pseudonym_in_a_study_and_another_in_another(
    judged: Judged, tmp_path: Path
) -> None:
    papers = {row["file"]: row for row in judged.rows("papers", authors="pseudonyms")}
    told = [row["authors"].split("; ") for row in papers.values() if row["authors"]]
    assert len({name for names in told for name in names}) == len(AUTHORS)
    own = judged.hold("pseudonyms").people.name_authors("张三丰")
    assert sum(own in names for names in told) == 2
    assert f"供心切取_{own}.txt" in papers
    reviewers = {r["reviewer"] for r in judged.rows("verdicts", reviewers="pseudonyms")}
    assert len(reviewers) == len(REVIEWERS)
    assert all(name.startswith("reviewer-") for name in reviewers)
    other = make_people(tmp_path, "pseudonyms", "pseudonyms")
    assert other.name_authors("张三丰") != own
    assert make_people(tmp_path, "pseudonyms", "names").name_authors(
        "张 三丰"
    ) == other.name_authors("张三丰")
    # Nobody can tell that a reviewer is an author.
    assert other.name_reviewer("张三丰")[9:] != other.name_authors("张三丰")[7:]


def test_numbers_of_findings_are_the_same_however_names_leave(judged: Judged) -> None:
    one, *rest = (
        [(row["number"], row["sha256"]) for row in judged.rows("findings", authors=treatment)]
        for treatment in TREATMENTS
    )
    assert rest == [one, one]


@pytest.mark.parametrize(
    ("note", "left"),
    [
        ("王小明看过,AB同意", "reviewer看过,reviewer同意"),
        ("AB: yes; ABC: no", "reviewer: yes; ABC: no"),
        ("lab AB_2", "lab reviewer_2"),
        ("anna  BERG and Annabergite", "reviewer and Annabergite"),
        ("ab initio", "ab initio"),
        ("J. Doe (2)", "reviewer (2)"),
        ("", ""),
    ],
)
def test_names_are_found_in_notes_where_they_are_names(note: str, left: str) -> None:
    people = People("names", "none", b"")
    reviewers = ("王小明", "AB", "Anna Berg", "J. Doe", "2", " ")
    assert people.clear_note(note, reviewers) == left


@pytest.mark.parametrize(
    ("file", "authors", "left"),
    [
        ("肺移植_张三.pdf", "", "肺移植_author.pdf"),
        ("a/肺移植_省略_欧阳文华.caj", "", "a/肺移植_省略_author.caj"),
        ("张三/heart_Smith.pdf", "张三; Smith, John", "author/heart_author.pdf"),
        ("Smith_John-1999.txt", "John Smith", "author_author-1999.txt"),
        ("Smithsonian.txt", "John Smith", "Smithsonian.txt"),
        ("p001.pdf", "张三", "p001.pdf"),
    ],
)
def test_names_leave_the_names_of_files(file: str, authors: str, left: str) -> None:
    assert People("none", "names", b"").name_file(file, authors) == left
    assert People("names", "none", b"").name_file(file, authors) == file


# ---- the key ---------------------------------------------------------------------------------


def make_pseudonym(folder: str) -> str:
    return make_people(Path(folder), "pseudonyms", "names").name_authors("张三")


def test_the_key_is_made_once_though_many_ask_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        names = pool.map(make_pseudonym, [os.fspath(tmp_path)] * 12, chunksize=1)
    assert len(set(names)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_disk_without_links_holds_the_key_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert make_pseudonym(os.fspath(tmp_path)) == make_pseudonym(os.fspath(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("damaged", ["", "é", "00" * 33])
def test_a_damaged_key_is_refused_in_a_line(
    judged: Judged, invoke: "Invoke", tmp_path: Path, damaged: str
) -> None:
    key = judged.folder / KEY_FILE
    before = key.read_bytes() if key.exists() else None
    key.write_text(damaged, encoding="utf-8")
    try:
        out = tmp_path / "out.csv"
        done = invoke("export", judged.folder, "--what", "papers", "-o", out)
        assert done.exit_code == 2
        (told,) = done.output.splitlines()
        assert f"{KEY_FILE}: it is no key" in told
        assert not out.exists()
        # Who wants names, or none, needs no key.
        wanted = ("--what", "failures", "--reviewers", "none", "-o", out)
        assert invoke("export", judged.folder, *wanted).exit_code == 0
        assert key.read_text(encoding="utf-8") == damaged
    finally:
        key.unlink()
        if before is not None:
            key.write_bytes(before)


def test_a_study_that_takes_no_key_is_told_in_a_line(
    judged: Judged, invoke: "Invoke", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = judged.folder / KEY_FILE
    key.unlink(missing_ok=True)

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system", os.fspath(path))

    monkeypatch.setattr(Path, "touch", refuse)
    done = invoke("export", judged.folder, "--what", "papers", "-o", tmp_path / "out.csv")
    assert done.exit_code == 2
    (told,) = done.output.splitlines()
    assert f"{KEY_FILE}: Read-only file system; pseudonyms are made with this key" in told
