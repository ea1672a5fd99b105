"""Records come from JSON Lines and CSV; a bad one costs itself only and is named by its line."""

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screen.errors import RecordsError
from screen.ingest.records import BadRecord, read_records
from screen.types import Record

WHOLE = Record(
    file="p001.pdf",
    title="同种原位心脏移植一例报告",
    authors=("虚文远", "拟思成"),
    affiliations=("虚州医学院附属第二医院胸心外科",),
    journal="拟山外科杂志",
    year=1988,
    volume="6",
    issue="2",
    pages="81-83",
    doi="10.0000/invented",
    abstract="供心冷缺血128分钟，术后循环稳定。",
    keywords=("心脏移植", "心肌病"),
    database="made",
    key="X1",
)

words = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=";"), max_size=12)
names = words.map(str.strip).filter(bool)
lists = st.lists(names, max_size=3).map(tuple)
records = st.builds(
    Record,
    file=names,
    title=words,
    authors=lists,
    affiliations=lists,
    journal=words,
    year=st.none() | st.integers(1800, 2200),
    abstract=words,
    keywords=lists,
    doi=words,
)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def to_json(*items: Record) -> str:
    return "".join(json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in items)


def to_csv(*items: Record) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(asdict(items[0])))
    writer.writeheader()
    for item in items:
        row = asdict(item)
        writer.writerow({k: "; ".join(v) if isinstance(v, tuple) else v for k, v in row.items()})
    return buffer.getvalue()


def good(path: Path) -> list[Record]:
    return [row for row in read_records(path) if isinstance(row, Record)]


def bad(path: Path) -> list[tuple[str, int]]:
    return [(row.file, row.line) for row in read_records(path) if isinstance(row, BadRecord)]


# ---- whole files -------------------------------------------------------------------------------


def test_json_lines_are_read_whole(tmp_path: Path) -> None:
    other = Record(file="p002.txt")
    path = write(tmp_path, "records.jsonl", to_json(WHOLE, other))
    assert list(read_records(path)) == [WHOLE, other]


def test_csv_is_read_whole(tmp_path: Path) -> None:
    other = Record(file="p002.txt", title="two, with a comma", abstract='"quoted"\nand broken')
    path = write(tmp_path, "records.csv", to_csv(WHOLE, other))
    assert list(read_records(path)) == [WHOLE, other]


@given(st.lists(records, min_size=1, max_size=4))
def test_any_record_survives_both_formats(
    tmp_path_factory: pytest.TempPathFactory, items: list[Record]
) -> None:
    folder = tmp_path_factory.mktemp("records")
    assert list(read_records(write(folder, "r.jsonl", to_json(*items)))) == items
    assert list(read_records(write(folder, "r.csv", to_csv(*items)))) == items


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "CSV"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_and_the_kind_of_line_end_change_nothing(
    tmp_path: Path, suffix: str, newline: str
) -> None:
    text = to_csv(WHOLE) if suffix.lower() == "csv" else to_json(WHOLE)
    text = newline.join(text.splitlines()) + newline
    path = write(tmp_path, f"records.{suffix}", text, "utf-8-sig")
    assert list(read_records(path)) == [WHOLE]


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    assert good(write(tmp_path, "r.jsonl", f"\n{to_json(WHOLE)}\n \n")) == [WHOLE]
    assert good(write(tmp_path, "r.csv", "file,title\na.pdf,x\n\nb.pdf,y\n")) == [
        Record("a.pdf", "x"),
        Record("b.pdf", "y"),
    ]


def test_columns_may_be_missing_and_stand_in_any_order(tmp_path: Path) -> None:
    path = write(tmp_path, "r.csv", "year,file\n1999,a.pdf\n,b.pdf\n")
    assert good(path) == [Record("a.pdf", year=1999), Record("b.pdf")]


@pytest.mark.parametrize(
    ("cell", "authors"),
    [("甲;乙", ("甲", "乙")), (" 甲 ; 乙 ;", ("甲", "乙")), ("", ()), ("甲", ("甲",))],
)
def test_lists_in_csv_are_parted_by_semicolons(
    tmp_path: Path, cell: str, authors: tuple[str, ...]
) -> None:
    assert good(write(tmp_path, "r.csv", f"file,authors\na.pdf,{cell}\n"))[0].authors == authors


def test_lists_in_json_may_be_lists_or_words_with_semicolons(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "r.jsonl",
        '{"file": "a.pdf", "authors": ["甲", "乙"]}\n{"file": "b.pdf", "authors": "甲;乙"}\n',
    )
    assert [record.authors for record in good(path)] == [("甲", "乙"), ("甲", "乙")]


@pytest.mark.parametrize(("value", "year"), [("1998", 1998), ('"1998"', 1998), ("null", None)])
def test_years_may_be_numbers_words_or_missing(
    tmp_path: Path, value: str, year: int | None
) -> None:
    path = write(tmp_path, "r.jsonl", f'{{"file": "a.pdf", "year": {value}}}\n')
    assert good(path)[0].year == year


# ---- bad lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "{not json}",
        "[1, 2]",
        '"words"',
        "null",
        "{}",
        '{"journal": "no file and no title"}',
        '{"file": ""}',
        '{"file": "b.pdf", "colour": "red"}',
        '{"file": "b.pdf", "year": "MCMXCVIII"}',
        '{"file": "b.pdf", "year": 12}',
        '{"file": "b.pdf", "year": true}',
        '{"file": "b.pdf", "year": 1998.5}',
        '{"file": "b.pdf", "authors": [1, 2]}',
        '{"file": "b.pdf", "authors": {"first": "甲"}}',
        '{"file": "b.pdf", "title": ["a", "b"]}',
        '{"file": "b.pdf", "title": true}',
        '{"file": ["b.pdf"]}',
        "[" * 100_000,
        '{"file": "b.pdf", "title": "half a pair \\ud800"}',
        '{"file": "b.pdf", "authors": ["half a pair \\ud800"]}',
        '{"file": "b.pdf", "title": ' + "1" * 5000 + "}",
    ],
    ids=lambda line: line[:60],
)
def test_a_bad_line_of_json_costs_itself_only_and_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, "r.jsonl", f'{{"file": "a.pdf"}}\n\n{line}\n{{"file": "c.pdf"}}\n')
    assert good(path) == [Record("a.pdf"), Record("c.pdf")]
    assert bad(path) == [(str(path), 3)]


@pytest.mark.parametrize(
    "line",
    [
        "b.pdf,1998,too,many",
        ",1998",
        "b.pdf,about 1998",
        "b.pdf,12",
        '"b.pdf" oops,1998',
    ],
)
def test_a_bad_line_of_csv_costs_itself_only_and_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, "r.csv", f"file,year\na.pdf,1990\n{line}\nc.pdf,1991\n")
    assert good(path) == [Record("a.pdf", year=1990), Record("c.pdf", year=1991)]
    assert bad(path) == [(str(path), 3)]


def test_the_reason_names_what_is_wrong(tmp_path: Path) -> None:
    lines = '{"file": "a.pdf", "colour": "red"}\n{"file": "b", "year": 3}'
    path = write(tmp_path, "r.jsonl", lines)
    reasons = [row.reason for row in read_records(path) if isinstance(row, BadRecord)]
    assert "colour" in reasons[0]
    assert "year" in reasons[1]


# ---- files that cannot be read ------------------------------------------------------------------


def test_a_csv_without_a_column_of_file_names_is_refused(tmp_path: Path) -> None:
    for text in ("subject,year\nx,1998\n", ""):
        path = write(tmp_path, "r.csv", text)
        with pytest.raises(RecordsError, match=r"r\.csv:1: .*file"):
            list(read_records(path))


def test_records_as_a_chinese_spreadsheet_saves_them_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "gbk.csv", "file,title\na.pdf,原位心脏移植三例临床体会\n", "gbk")
    assert good(path) == [Record("a.pdf", title="原位心脏移植三例临床体会")]


def test_a_file_that_is_not_there_or_without_the_column_is_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", write(tmp_path, "other.csv", "path,心脏\n", "gbk")):
        with pytest.raises(RecordsError, match=path.name):
            list(read_records(path))
