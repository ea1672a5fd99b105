"""What leaves a study: every table in every format, read back by programs that are not ours."""

import csv
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from screen.findings.export import Wanted, write_queue
from screen.findings.fields import NUMBER, TABLES, TEXT, TRUTH, WHOLE, tell_type
from screen.findings.holdings import Holdings
from screen.findings.people import People
from screen.ingest.records.cells import restore
from screen.ingest.records.reading import read_records
from screen.match.packs import find_pack, load_pack
from screen.review.exchange.cells import unescape
from screen.review.worksheet import make_filled
from screen.study.prisma import INCLUDED, count_flow
from screen.study.verdicts import OUT_OF_SCOPE, Told, settle
from screen.types import Record, Verdict
from tests.exporting import (
    BROKEN,
    CLEARED,
    COPY,
    DRAWN,
    HEART,
    LOST,
    LUNG,
    OUT,
    PAIR,
    REVIEWERS,
    Judged,
    make_judged,
    open_judged,
)

if TYPE_CHECKING:
    from tests.conftest import Invoke, MakeStudy

pytestmark = pytest.mark.database

Row = dict[str, Any]
DATA = [what for what in TABLES if what != "queue"]
PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def judged(make_study: "MakeStudy", invoke: "Invoke") -> Iterator[Judged]:
    with open_judged(make_judged(make_study, invoke).folder) as found:
        yield found


def read_lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def export_queue(judged: Judged, format_: str, path: Path) -> Path:
    """Write the passages as one reviewer has judged them."""
    codebook = load_pack(find_pack("brain-death")).manifest
    sheet = make_filled(judged.engine, codebook, REVIEWERS[0], 1, blind=False).sheet
    write_queue(sheet, Wanted("queue", format_), path)
    return path


def export(judged: Judged, what: str, format_: str, folder: Path) -> Path:
    path = folder / f"{what}.{format_}"
    if what == "queue":
        return export_queue(judged, format_, path)
    return judged.export(what, format_, path)


def fill(rows: list[Row], what: str) -> list[Row]:
    """Return rows of JSON Lines, of the queue with null for what is not known."""
    if what != "queue":
        return rows
    lists: Row = {"criteria": [], "judged_criteria": []}
    return [
        {name: lists.get(name) if value == "" else value for name, value in row.items()}
        for row in rows
    ]


# ---- the document ----------------------------------------------------------------------------

_ROW = re.compile(r"\| `(\w+)` \| ([^|]+) \| ((?:[^|]|\\\|)+) \| `(.*)` \|")


def read_described(what: str) -> dict[str, tuple[str, str]]:
    """Return the fields of a table with types and examples, as the document has them."""
    part = PAGE.split(f"\n### {what}\n")[1].split("\n#")[0]
    found = _ROW.findall(part)
    assert len(found) == sum(line.startswith("| `") for line in part.splitlines())
    return {name: (type_.strip(), example) for name, type_, _, example in found}


def is_of(value: Any, type_: pa.DataType) -> bool:
    """Tell whether a value is what the type of its field says, in all its parts; or null."""
    if value is None:
        return True
    if pa.types.is_list(type_):
        return isinstance(value, list) and all(
            part is not None and is_of(part, type_.value_type) for part in value
        )
    if pa.types.is_struct(type_):
        fields = {field.name: field.type for field in type_}
        return set(value) == set(fields) and all(is_of(value[k], fields[k]) for k in fields)
    wanted: Any = {TEXT: str, WHOLE: int, NUMBER: (float, int), TRUTH: bool}[type_]
    return isinstance(value, wanted) and isinstance(value, bool) == (type_ == TRUTH)


@pytest.mark.parametrize("what", TABLES)
def test_the_document_has_the_fields_of_a_table_in_order_with_types_and_examples(what: str) -> None:
    described = read_described(what)
    fields = {field.name: tell_type(field.type) for field in TABLES[what]}
    assert {name: type_ for name, (type_, _) in described.items()} == fields
    assert list(described) == list(fields)
    for field in TABLES[what]:
        example = described[field.name][1]
        value = example if field.type == TEXT else json.loads(example)
        parts: list[Any] = value if isinstance(value, list) else [value]
        if "objects" not in tell_type(field.type):
            assert is_of(value, field.type), field.name
        else:
            # An object of an example names some of its parts.
            types = {part.name: part.type for part in field.type.value_type}
            for part in parts:
                assert all(is_of(part[name], types[name]) for name in part), field.name


@pytest.mark.parametrize("what", TABLES)
def test_every_part_of_a_nested_object_is_described(what: str) -> None:
    for field in TABLES[what]:
        if "objects" in tell_type(field.type):
            for part in field.type.value_type:
                assert f"`{part.name}`" in PAGE, (field.name, part.name)


@pytest.mark.parametrize("what", TABLES)
def test_what_is_exported_is_of_the_types_that_are_told(
    judged: Judged, what: str, tmp_path: Path
) -> None:
    rows = fill(read_lines(export(judged, what, "jsonl", tmp_path)), what)
    assert rows
    for row in rows:
        assert list(row) == [field.name for field in TABLES[what]]
        for field in TABLES[what]:
            assert is_of(row[field.name], field.type), (field.name, row[field.name])


# ---- there and back --------------------------------------------------------------------------


def read_duckdb(question: str) -> list[Row]:
    with duckdb.connect() as database:
        asked = database.execute(question)
        names = [column[0] for column in asked.description or ()]
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]


_SQL = {TEXT: "VARCHAR", WHOLE: "BIGINT", NUMBER: "DOUBLE", TRUTH: "BOOLEAN"}


@pytest.mark.parametrize("what", TABLES)
def test_parquet_holds_the_values_of_json_lines(judged: Judged, what: str, tmp_path: Path) -> None:
    rows = fill(read_lines(export(judged, what, "jsonl", tmp_path)), what)
    path = export(judged, what, "parquet", tmp_path)
    assert read_duckdb(f"SELECT * FROM '{path}'") == rows


@pytest.mark.parametrize("what", DATA)
def test_duckdb_reads_json_lines_alike(judged: Judged, what: str, tmp_path: Path) -> None:
    path = export(judged, what, "jsonl", tmp_path)
    rows = read_lines(path)
    types = {field.name: _SQL.get(field.type, "JSON") for field in TABLES[what]}
    question = f"SELECT * FROM read_json('{path}', format='newline_delimited', columns={types})"
    found = read_duckdb(question)
    for row in found:
        row.update({k: json.loads(row[k]) for k, type_ in types.items() if type_ == "JSON"})
    assert found == rows


@pytest.mark.parametrize("what", TABLES)
def test_sqlite_holds_the_values_of_json_lines(judged: Judged, what: str, tmp_path: Path) -> None:
    rows = fill(read_lines(export(judged, what, "jsonl", tmp_path)), what)
    path = export(judged, what, "sqlite", tmp_path)
    database = sqlite3.connect(path)
    database.row_factory = sqlite3.Row
    found = [dict(row) for row in database.execute(f'SELECT * FROM "{what}"')]
    database.close()
    for row in found:
        for field in TABLES[what]:
            value = row[field.name]
            if pa.types.is_list(field.type):
                row[field.name] = json.loads(value)
            elif field.type == TRUTH and value is not None:
                row[field.name] = bool(value)
    assert found == rows


@pytest.mark.parametrize("what", DATA)
def test_csv_holds_the_values_of_json_lines(judged: Judged, what: str, tmp_path: Path) -> None:
    rows = read_lines(export(judged, what, "jsonl", tmp_path))
    path = export(judged, what, "csv", tmp_path)
    found = read_duckdb(
        f"SELECT * FROM read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"', "
        "escape='\"', parallel=false)"
    )
    assert [read_cells(row, what) for row in found] == [empty(row) for row in rows]


def empty(row: Row) -> Row:
    """Return a row as a table of text holds it: null and no text are the same."""
    return {name: None if value == "" else value for name, value in row.items()}


def read_cells(row: Mapping[str, Any], what: str) -> Row:
    values: Row = {}
    for field in TABLES[what]:
        cell = row[field.name]
        if cell in (None, ""):
            values[field.name] = None
        elif field.type == TEXT:
            values[field.name] = restore(cell)
        else:
            values[field.name] = json.loads(cell)
    return values


@pytest.mark.parametrize("what", DATA)
def test_a_workbook_holds_the_values_of_json_lines(
    judged: Judged, what: str, tmp_path: Path
) -> None:
    rows = read_lines(export(judged, what, "jsonl", tmp_path))
    book = load_workbook(export(judged, what, "xlsx", tmp_path))
    assert book.sheetnames == [what]
    head, *lines = book[what].iter_rows()
    assert [cell.value for cell in head] == [field.name for field in TABLES[what]]
    assert {cell.data_type for line in lines for cell in line} <= {"s", "inlineStr", "n", "b"}
    found = []
    for line in lines:
        row: Row = {}
        for cell, field in zip(line, TABLES[what], strict=True):
            value = unescape(cell.value) if isinstance(cell.value, str) else cell.value
            row[field.name] = json.loads(str(value)) if pa.types.is_list(field.type) else value
        found.append(row)
    assert found == [empty(row) for row in rows]


def test_columns_leave_in_the_order_in_which_they_are_named(
    judged: Judged, invoke: "Invoke", tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    wanted = ("export", judged.folder, "--what", "papers", "--format", "csv", "-o", path)
    assert invoke(*wanted, "--columns", "year, file").exit_code == 0
    head, first, *_ = csv.reader(path.read_text(encoding="utf-8-sig").splitlines())
    assert head == ["year", "file"]
    assert first == ["1999", f"'{LUNG}"]


def test_an_export_is_the_same_every_time(judged: Judged, tmp_path: Path) -> None:
    for what in DATA:
        one = judged.export(what, "jsonl", tmp_path / "one").read_bytes()
        assert judged.export(what, "jsonl", tmp_path / "two").read_bytes() == one


# ---- reference managers ----------------------------------------------------------------------

_SAID = {HEART: (1, 2, "AE"), LUNG: (1, 1, "D"), CLEARED: (0, 0, ""), BROKEN: (1, 1, "D")}


def test_ris_tells_reference_managers_and_asreview_what_was_judged(
    judged: Judged, tmp_path: Path
) -> None:
    text = export(judged, "papers", "ris", tmp_path).read_text(encoding="utf-8")
    found = {entry["id"]: entry for entry in rispy.loads(text)}
    rows = judged.rows("papers")
    assert list(found) == [row["sha256"] for row in rows]
    for row in rows:
        entry = found[row["sha256"]]
        assert entry["title"] == (row["title"] or row["file"])
        assert entry.get("authors", []) == (row["authors"].split("; ") if row["authors"] else [])
        assert entry.get("year") == (str(row["year"]) if row["year"] else None)
        label = {True: "ASReview_relevant", False: "ASReview_irrelevant"}
        wanted = label[bool(row["verdict"])] if row["settled"] else "ASReview_not_seen"
        assert entry["notes"][0] == wanted
    for file, (_, code, criteria) in _SAID.items():
        tags = [tag for tag in found[judged.papers[file]]["keywords"] if tag.startswith("ddr")]
        assert tags == [
            f"ddr-screen: judged code {code}", *(f"ddr-screen: criterion {c}" for c in criteria)
        ]  # fmt: skip
    assert found[judged.papers[OUT]]["keywords"] == ["ddr-screen: out of scope: infant"]


def test_bibtex_is_read_by_bibtexparser(judged: Judged, tmp_path: Path) -> None:
    text = export(judged, "findings", "bibtex", tmp_path).read_text(encoding="utf-8")
    library = parse_string(text)
    assert library.failed_blocks == []
    rows = judged.rows("findings")
    assert [entry.key for entry in library.entries] == [f"sha256-{row['sha256']}" for row in rows]
    for entry, row in zip(library.entries, rows, strict=True):
        fields = {field.key: field.value for field in entry.fields}
        assert fields["keywords"].endswith(
            "; ".join(
                [
                    f"ddr-screen: judged code {row['code']}",
                    *(f"ddr-screen: criterion {name}" for name in row["criteria"]),
                ]
            )
        )
        assert fields.get("author", "") == (row["authors"] or "").replace("; ", " and ")
        assert fields.get("year") == (str(row["year"]) if row["year"] else None)


def test_asreview_is_told_what_was_judged_and_what_was_not(judged: Judged, tmp_path: Path) -> None:
    path = export(judged, "papers", "asreview", tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        found = {row["paper_id"]: row for row in csv.DictReader(file)}
    rows = judged.rows("papers")
    assert list(found) == [row["paper_id"] for row in rows]
    for row in rows:
        wanted = str(int(bool(row["verdict"]))) if row["settled"] else ""
        assert found[row["paper_id"]]["included"] == wanted
        assert restore(found[row["paper_id"]]["title"]) == (row["title"] or row["file"])
        assert found[row["paper_id"]]["doi"] == (row["doi"] or "")


@pytest.mark.parametrize("format_", ["bibtex", "ris", "csv"])
@pytest.mark.parametrize("what", ["papers", "findings"])
def test_what_was_exported_is_read_as_the_same_records(
    judged: Judged, what: str, format_: str, tmp_path: Path
) -> None:
    read = list(read_records(export(judged, what, format_, tmp_path)))
    told = [row for row in judged.rows(what) if format_ != "csv" or row["file"]]
    assert len(read) == len(told)
    names = ("journal", "volume", "issue", "doi", "abstract", "database")
    for record, row in zip(read, told, strict=True):
        assert isinstance(record, Record)
        assert record.title == (row["title"] or ("" if format_ == "csv" else row["file"]))
        assert record.year == row["year"]
        assert record.pages == (row["journal_pages"] or "")
        for name in ("authors", "affiliations", "keywords"):
            assert getattr(record, name) == tuple(
                (row[name] or "").split("; ") if row[name] else ()
            )
        for name in names:
            assert getattr(record, name) == (row[name] or "")


# ---- what counts as a finding ----------------------------------------------------------------


def test_each_paper_is_what_people_made_of_it(judged: Judged) -> None:
    papers = {row["file"]: row for row in judged.rows("papers")}
    findings = {row["file"]: row for row in judged.rows("findings")}
    # By year and title; what has no year comes last.
    assert list(findings) == [LUNG, BROKEN, HEART, PAIR, DRAWN, LOST]
    # Decided by an adjudicator; a code that was taken back.
    assert (findings[LUNG]["code"], findings[LUNG]["adjudicated"]) == (1, True)
    assert (findings[PAIR]["code"], findings[PAIR]["reviewers"]) == (1, 1)
    # A copy is told with its original, and carries its verdict.
    assert findings[HEART]["copies"] == [COPY]
    assert papers[COPY]["verdict_carried"] is True
    assert papers[COPY]["verdict"] == 2
    # A passage that the pack finds no more, one that a sample drew, a paper only people could read.
    (lost,) = (p for p in findings[LOST]["passages"] if p["code"] == 2)
    assert (lost["quote"], lost["rule_code"], lost["criteria"]) == (None, None, ["C"])
    (drawn,) = findings[DRAWN]["passages"]
    assert (drawn["code"], drawn["rule_code"], papers[DRAWN]["flagged"]) == (2, 0, False)
    assert (papers[BROKEN]["flagged"], papers[BROKEN]["verdict"]) == (None, 1)
    assert (papers[OUT]["settled"], papers[OUT]["out_of_scope"]) == (True, "infant")


said = st.tuples(
    st.integers(0, 12), st.sampled_from(REVIEWERS), st.sampled_from((1, 1, 2)),
    st.one_of(st.sampled_from((0, 1, 2)), st.sampled_from((*OUT_OF_SCOPE[:2], "withdrawn"))),
    st.booleans(),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_=st.lists(said, max_size=25), needed=st.sampled_from((1, 2)))
def test_findings_are_what_the_flow_of_prisma_counts(
    judged: Judged, given_: list[tuple[int, str, int, int | str, bool]], needed: int
) -> None:
    files = sorted(judged.papers)
    told: Told = {}
    for number, (place, reviewer, round_, code, whole) in enumerate(given_, start=1):
        file = files[place]
        hit = None if whole or not judged.hits[file] else judged.hits[file][0]
        if isinstance(code, str) and code != "withdrawn" and hit is not None:
            continue
        verdict = Verdict(
            hit, judged.papers[file], reviewer, code if isinstance(code, int) else None, round_,
            ("A",), reason=code if code in OUT_OF_SCOPE else "", withdrawn=code == "withdrawn",
        )  # fmt: skip
        row = {name: getattr(verdict, name) for name in Verdict.__slots__}
        more = {"id": number, "supersedes": None, "order": None}
        told.setdefault((verdict.paper, hit), []).append({**row, **more})
    holdings = Holdings(judged.study, judged.engine, People("names", "names", b""))
    judgements = settle(told, needed)
    vars(holdings).update(told=told, judgements=judgements)
    with patch("screen.study.prisma.read_judgements", return_value=judgements):
        flow = count_flow(judged.study, judged.engine)
    boxes = {name: sum(part[name] for part in flow.values()) for name in INCLUDED}
    codes = [finding.code for finding in holdings.findings]
    assert (codes.count(2), codes.count(1)) == (boxes["code_2"], boxes["code_1"])
    rest = [
        paper
        for paper in holdings.papers
        if paper.status != "excluded" and paper.sha256 not in holdings.groups.originals
        and paper.is_settled and not paper.out_of_scope and not paper.verdict
    ]  # fmt: skip
    assert len(rest) == boxes["code_0"]
    for finding in holdings.findings:
        assert finding.criteria == finding.paper.judged_criteria
        assert finding.reviewers >= 1
