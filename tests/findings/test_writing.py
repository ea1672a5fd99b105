"""Each format holds whatever text there is: nothing is lost, and no spreadsheet runs any of it."""

import csv
import io
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from screen.errors import ExportError
from screen.findings.export import choose_fields
from screen.findings.fields import EVIDENCE, NUMBER, TABLES, TEXT, TRUTH, WHOLE, WORDS, Field
from screen.findings.output import Row
from screen.findings.writing import workbook
from screen.findings.writing.formats import Table, write_table
from screen.ingest.records.cells import restore
from screen.ingest.records.reading import read_records
from screen.review.exchange.cells import unescape
from screen.types import Record

FIELDS = (
    Field("order", WHOLE), Field("text", TEXT), Field("share", NUMBER), Field("is_so", TRUTH),
    Field("words", WORDS), Field("parts", EVIDENCE),
)  # fmt: skip
RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NASTY = (
    "=1+1", "'=1+1", "''@x", "+A1", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r\n=1", "＝1",
    'say "so", and; so\ton', "a\rb\nc\r\nd", "\x00", "a\x00b\x01\x1f", "\ud800", "供\udfff心",
    "\ud83d\ude00", "😀👩‍⚕️", "𠮷野家", "{", "}}{", "\\", "\\{", "100 % & $5 #1 a_b ^ ~",
    "\\input{x}", "x\nER  - \nTY  - JOUR\nTI  - no", "@article{x,", "_x000D_", "_x0041_", "\ufeff",
    "\ufffe\uffff", "\u2028\u2029\x85\x0b\x0c", "null", "NaN", "1e5", "#N/A", "true", "", " a ",
    "</t>]]>&amp;", '"x"',
)  # fmt: skip
# Halves of characters too.
texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(), max_size=12),
    st.text(st.sampled_from("=+-@'\"\\{}%\r\n\t\x00\ud800 供A,;"), max_size=10),
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


parts = st.fixed_dictionaries(
    {
        **{name: maybe(texts) for name in ("kind", "actor", "polarity", "text")},
        **{name: maybe(st.integers(0, 2**31)) for name in ("page", "start", "end")},
    }
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "order": maybe(st.integers(-(2**53), 2**53)),
            "text": maybe(texts),
            "share": maybe(st.floats(allow_nan=False, allow_infinity=False)),
            "is_so": maybe(st.booleans()),
            "words": st.lists(texts, max_size=3),
            "parts": st.lists(parts, max_size=2),
        }
    ),
    max_size=4,
)
each_row = given(rows)
lightly = settings(
    # A failing table is told as it was found: to make it smaller takes minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def write(given_: list[Row], format_: str, folder: Path) -> Path:
    path = folder / f"out.{format_}"
    written = write_table(Table("some table", FIELDS, iter(given_)), format_, path)
    assert written == (len(given_), 0)
    return path


def whole(value: Any) -> Any:
    """Return a value with halves of characters written out, as docs/formats.md has it."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [whole(part) for part in value]
    return {k: whole(v) for k, v in value.items()} if isinstance(value, dict) else value


def pair(value: Any) -> Any:
    """Return a value as JSON gives it back: two halves in a row are one character."""
    return json.loads(json.dumps(value))


@lightly
@each_row
def test_json_lines_hold_every_value(tmp_path: Path, given_: list[Row]) -> None:
    text = write(given_, "jsonl", tmp_path).read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.split("\n")[:-1]] == pair(given_)


@lightly
@each_row
def test_parquet_holds_every_value(tmp_path: Path, given_: list[Row]) -> None:
    path = write(given_, "parquet", tmp_path)
    assert pq.read_table(path).to_pylist() == whole(given_)


@lightly
@each_row
def test_sqlite_holds_every_value(tmp_path: Path, given_: list[Row]) -> None:
    database = sqlite3.connect(write(given_, "sqlite", tmp_path))
    found = [list(row) for row in database.execute('SELECT * FROM "some table"')]
    database.close()
    for cells, row in zip(found, given_, strict=True):
        cells[3] = None if cells[3] is None else bool(cells[3])
        assert cells[:4] == whole([row[field.name] for field in FIELDS[:4]])
        assert pair([json.loads(cell) for cell in cells[4:]]) == pair([row["words"], row["parts"]])


@lightly
@each_row
def test_csv_holds_every_value_and_nothing_that_is_run(tmp_path: Path, given_: list[Row]) -> None:
    text = write(given_, "csv", tmp_path).read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    head, *lines = csv.reader(io.StringIO(text[1:], newline=""))
    assert head == [field.name for field in FIELDS]
    for cells, row in zip(lines, given_, strict=True):
        assert not cells[1].startswith(RUN)
        assert restore(cells[1]) == whole(row["text"] or "")
        assert [json.loads(cell) if cell else None for cell in (cells[0], *cells[2:4])] == [
            row[name] for name in ("order", "share", "is_so")
        ]
        assert pair([json.loads(cell) for cell in cells[4:]]) == pair([row["words"], row["parts"]])


@settings(lightly, max_examples=40)
@each_row
def test_a_workbook_holds_every_value_and_nothing_that_is_run(
    tmp_path: Path, given_: list[Row]
) -> None:
    sheet = load_workbook(write(given_, "xlsx", tmp_path)).active
    assert sheet is not None
    _, *lines = sheet.iter_rows()
    for cells, row in zip(lines, given_, strict=True):
        assert all(cell.data_type != "f" for cell in cells)
        number, text, share, is_so = (cell.value for cell in cells[:4])
        assert [number, is_so] == [row["order"], row["is_so"]]
        # Of a number a workbook has 16 digits.
        assert share == (None if row["share"] is None else float(f"{row['share']:.16g}"))
        assert unescape(str(text or "")) == (row["text"] or "")
        if str(text or "").lstrip("'").startswith(RUN):
            assert cells[1].quotePrefix
        lists = [json.loads(unescape(str(cell.value))) for cell in cells[4:]]
        assert pair(lists) == pair([row["words"], row["parts"]])


def test_a_cell_that_is_too_long_is_cut_and_counted(tmp_path: Path) -> None:
    longest = ["a" * 32_767, "供" * 32_767, "😀" * 16_383]
    longer = ["a" * 32_768, "a" * 32_758 + "\r" * 9, "😀" * 16_384, "a" * 70_000]
    table = [dict.fromkeys((f.name for f in FIELDS), None) | {"text": t} for t in longest + longer]
    path = tmp_path / "long.xlsx"
    assert write_table(Table("t", FIELDS, table), "xlsx", path) == (7, 4)
    sheet = load_workbook(path).active
    assert sheet is not None
    cells = [str(sheet.cell(number, 2).value) for number in range(2, 9)]
    assert cells[:3] == longest
    for cell, text in zip(cells[3:], longer, strict=True):
        assert len(cell.encode("utf-16-le")) // 2 <= 32_767
        kept = unescape(cell.removesuffix("… [cut]"))
        assert text.startswith(kept)
        assert len(cell) > 16_000
        assert not re.search(r"_x?[0-9A-F]*…", cell)


def test_a_sheet_refuses_more_rows_than_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "_ROWS", 3)
    row = dict.fromkeys((field.name for field in FIELDS), None)
    write_table(Table("t", FIELDS, [row] * 2), "xlsx", tmp_path / "x")
    with pytest.raises(ExportError, match="a sheet holds 2 rows and no more"):
        write_table(Table("t", FIELDS, [row] * 3), "xlsx", tmp_path / "y")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


# ---- publications ----------------------------------------------------------------------------

han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF), min_size=2, max_size=4)
names = st.one_of(han, st.sampled_from(("Smith, John", "O'Neil, A. B.", "de la Cruz, María")))
spans = st.sampled_from(("", "81-83", "7", "e12", "1-2, 9", "12+15", "5-5", "1-2-3", "S1-S4"))
publications = st.lists(
    st.fixed_dictionaries(
        {
            "title": maybe(texts),
            "abstract": maybe(texts),
            "journal": maybe(texts),
            "authors": st.lists(names, max_size=3, unique=True),
            "keywords": st.lists(han, max_size=3, unique=True),
            "year": maybe(st.integers(1850, 2100)),
            "journal_pages": spans,
            "verdict": st.sampled_from((None, 0, 1, 2)),
        }
    ),
    min_size=1,
    max_size=4,
)


def make_papers(given_: list[Row]) -> list[Row]:
    """Return rows of the table of papers."""
    empty: Row = dict.fromkeys((field.name for field in TABLES["papers"]), None)
    made = []
    for number, row in enumerate(given_):
        said = {k: "; ".join(row[k]) or None for k in ("authors", "keywords")}
        sha256 = f"{number:064x}"
        more: Row = {"file": f"p{number}.txt", "sha256": sha256, "paper_id": sha256}
        more |= {"settled": row["verdict"] is not None, "judged_criteria": ["A"], "criteria": []}
        made.append(empty | row | said | more | {"code": 2, "flagged": True})
    return made


def one_line(text: str | None) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", whole(text or "")).split())


def write_papers(given_: list[Row], format_: str, folder: Path) -> str:
    path = folder / f"papers.{format_}"
    fields = choose_fields("papers", ())
    assert write_table(Table("papers", fields, iter(given_)), format_, path).rows == len(given_)
    return path.read_bytes().decode("utf-8")


@lightly
@given(publications)
def test_ris_holds_every_record_on_lines_of_its_own(tmp_path: Path, given_: list[Row]) -> None:
    rows_ = make_papers(given_)
    text = write_papers(rows_, "ris", tmp_path)
    assert all(re.match("[A-Z][A-Z0-9]  - ", line) for line in text.splitlines() if line)
    for entry, row in zip(rispy.loads(text), rows_, strict=True):
        assert entry["id"] == row["sha256"]
        assert entry["title"] == (one_line(row["title"]) or row["file"])
        assert entry.get("abstract", "") == one_line(row["abstract"])
        assert (
            entry.get("authors", [])
            == (row["authors"] or "").split("; ")[: len(entry.get("authors", []))]
        )
        assert entry["notes"][0].startswith("ASReview_")


@lightly
@given(publications)
def test_bibtex_holds_every_entry_whatever_braces_are_in_it(
    tmp_path: Path, given_: list[Row]
) -> None:
    rows_ = make_papers(given_)
    text = write_papers(rows_, "bibtex", tmp_path)
    # BibTeX itself counts braces, also behind a backslash.
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    library = parse_string(text)
    assert library.failed_blocks == []
    assert [entry.key[7:] for entry in library.entries] == [row["sha256"] for row in rows_]


@lightly
@given(publications)
@example([{"title": '"x"', "abstract": "{\\", "journal": "~^", "authors": [], "keywords": [],
           "year": None, "journal_pages": "", "verdict": 2}])  # fmt: skip
def test_publications_are_read_back_as_records(tmp_path: Path, given_: list[Row]) -> None:
    rows_ = make_papers(given_)
    for format_ in ("bibtex", "ris", "csv"):
        write_papers(rows_, format_, tmp_path)
        read = list(read_records(tmp_path / f"papers.{format_}"))
        for record, row in zip(read, rows_, strict=True):
            assert isinstance(record, Record)
            is_csv = format_ == "csv"
            title = whole(row["title"] or "") if is_csv else one_line(row["title"]) or row["file"]
            texts_ = [(record.title, title)]
            for name in ("abstract", "journal"):
                wanted = whole(row[name] or "") if is_csv else one_line(row[name])
                texts_.append((getattr(record, name), wanted))
            for found, wanted in texts_:
                # Of foreign formats markup is taken out.
                if is_csv or not re.search("[&<]", wanted):
                    assert found == wanted, format_
            assert record.authors == tuple(
                (row["authors"] or "").split("; ") if row["authors"] else ()
            )
            assert record.keywords == tuple(filter(None, (row["keywords"] or "").split("; ")))
            assert (record.year, record.pages) == (row["year"], row["journal_pages"])


@lightly
@given(publications)
def test_the_table_for_asreview_holds_every_publication(tmp_path: Path, given_: list[Row]) -> None:
    rows_ = make_papers(given_)
    text = write_papers(rows_, "asreview", tmp_path)
    found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    for cells, row in zip(found, rows_, strict=True):
        assert all(not cell.startswith(RUN) for cell in cells.values())
        assert restore(cells["title"]) == whole(row["title"] or row["file"])
        wanted = {None: "", 0: "0", 1: "1", 2: "1"}[row["verdict"]]
        assert cells["included"] == wanted
