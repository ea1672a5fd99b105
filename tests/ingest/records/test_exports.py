"""Every export of the databases tells the same two records, whatever its form and its quirks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from screen.errors import RecordsError
from screen.ingest.records import BadRecord, read_records
from screen.ingest.records.making import part_names
from screen.types import Record

EXPORTS = sorted((Path(__file__).parent / "exports").iterdir())
FIRST = Record(
    file="",
    title="同种原位心脏移植五例报告",
    authors=("虚文远", "拟思成"),
    affiliations=("虚州医学院附属第二医院", "例城大学"),
    journal="拟山外科杂志",
    year=1998,
    volume="26",
    issue="03",
    pages="45-47+52",
    abstract="目的探讨供心保存。方法回顾5例，冷缺血128分钟，P<0.05。结论可行。",
    keywords=("心脏移植", "供心"),
    database="CNKI",
)
SECOND = Record(
    file="",
    title="肾移植术后感染&排斥",
    authors=("样其明",),
    journal="例城医学",
    year=2005,
    issue="1",
    pages="9-11",
    database="CNKI",
)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def told(path: Path) -> list[Record]:
    """Return records without keys, and abstracts without the spaces that broken lines leave."""
    found = []
    for row in read_records(path):
        assert isinstance(row, Record), row
        fields = {name: getattr(row, name) for name in Record.__slots__}
        found.append(Record(**{**fields, "key": "", "abstract": "".join(row.abstract.split())}))
    return found


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.name)
def test_an_export_tells_its_records(path: Path) -> None:
    assert told(path) == [FIRST, SECOND]


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.name)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_encoding_and_line_ends_change_nothing(tmp_path: Path, path: Path, encoding: str) -> None:
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n").replace('charset="utf-8"', "")
    assert told(write(tmp_path, path.name, text, encoding)) == [FIRST, SECOND]


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.name)
def test_the_content_tells_the_format_and_not_the_suffix(tmp_path: Path, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert told(write(tmp_path, "savedrecs.txt", text)) == [FIRST, SECOND]
    if path.suffix != ".csv":
        assert told(write(tmp_path, "savedrecs.jsonl", text)) == [FIRST, SECOND]


@pytest.mark.parametrize("name", ["cnki_refworks.txt", "cnki_noteexpress.net", "cnki_endnote.txt"])
def test_a_missing_blank_line_and_joined_files_cost_nothing(tmp_path: Path, name: str) -> None:
    text = (Path(__file__).parent / "exports" / name).read_text(encoding="utf-8")
    tight = "\n".join(line for line in text.split("\n") if line.strip())
    assert told(write(tmp_path, name, f"{tight}\n\ufeff{tight}")) == [FIRST, SECOND] * 2


def test_a_workbook_is_read_with_its_rows_as_lines(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["检索结果"])
    sheet.append(["文件名", "题名", "作者", "年", "期", "颜色"])
    sheet.append(["a.pdf", "肝移植二例", "虚文远；拟思成", 1999.0, 3, "red"])
    sheet.append(["b.pdf", "肝移植三例", "", "about 1999"])
    sheet.append([])
    sheet.append(["c.pdf"])
    book.save(tmp_path / "r.xlsx")
    rows = list(read_records(tmp_path / "r.xlsx"))
    assert rows[0] == Record("a.pdf", "肝移植二例", ("虚文远", "拟思成"), year=1999, issue="3")
    assert isinstance(rows[1], BadRecord)
    assert rows[1].line == 4
    assert rows[2] == Record("c.pdf")


def test_the_columns_of_the_published_replication_are_known(tmp_path: Path) -> None:
    text = (
        "file_name,title_ch,author_ch,journal,year,issue,abstract_ch\n"
        "0001.txt,肝移植二例,虚文远;拟思成,例城医学,1999,2,摘要一\n"
    )
    assert list(read_records(write(tmp_path, "r.csv", text))) == [
        Record(
            "0001.txt", "肝移植二例", ("虚文远", "拟思成"), journal="例城医学", year=1999,
            issue="2", abstract="摘要一",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("虚文远;拟思成", ["虚文远", "拟思成"]),
        ("虚文远；拟思成；", ["虚文远", "拟思成"]),
        ("虚文远,拟思成，样明", ["虚文远", "拟思成", "样明"]),
        ("虚文远 拟思成 样 明", ["虚文远", "拟思成", "样明"]),
        ("虚文远1,2，拟思成*", ["虚文远", "拟思成"]),
        ("Xu, Wenyuan; Ni, Sicheng", ["Xu, Wenyuan", "Ni, Sicheng"]),
        ("Xu WY, Ni SC", ["Xu WY", "Ni SC"]),
        ("Xu, Wenyuan", ["Xu, Wenyuan"]),
    ],
)
def test_names_are_parted_however_a_database_joins_them(words: str, names: list[str]) -> None:
    assert part_names(words) == names


# ---- round trips -------------------------------------------------------------------------------

han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9EFF), min_size=2, max_size=12)
people = st.lists(han.map(lambda name: name[:4]), max_size=3, unique=True).map(tuple)
made = st.builds(
    Record,
    file=st.just(""),
    title=han,
    authors=people,
    journal=han,
    year=st.integers(1800, 2200),
    abstract=han,
    keywords=people,
    doi=st.just("10.0000/x"),
)


def as_refworks(record: Record) -> str:
    return (
        f"RT Journal Article\nA1 {';'.join(record.authors)}\nT1 {record.title}\n"
        f"JF {record.journal}\nYR {record.year}\nK1 {';'.join(record.keywords)}\n"
        f"AB {record.abstract}\nDO {record.doi}\n"
    )


def as_ris(record: Record) -> str:
    return (
        f"TY  - JOUR\nTI  - {record.title}\n"
        + "".join(f"AU  - {name}\n" for name in record.authors)
        + "".join(f"KW  - {word}\n" for word in record.keywords)
        + f"JO  - {record.journal}\nPY  - {record.year}\nAB  - {record.abstract}\n"
        f"DO  - {record.doi}\nER  - \n\n"
    )


def as_bibtex(record: Record) -> str:
    return (
        f"@article{{,\n title={{{record.title}}},\n author={{{' and '.join(record.authors)}}},\n"
        f" journal={{{record.journal}}}, year={record.year}, doi={{{record.doi}}},\n"
        f" keywords={{{';'.join(record.keywords)}}}, abstract={{{record.abstract}}}\n}}\n"
    )


@given(st.lists(made, min_size=1, max_size=4))
def test_any_record_survives_the_exchange_formats(
    tmp_path_factory: pytest.TempPathFactory, items: list[Record]
) -> None:
    folder = tmp_path_factory.mktemp("records")
    for name, make in (("r.txt", as_refworks), ("r.ris", as_ris), ("r.bib", as_bibtex)):
        assert list(read_records(write(folder, name, "".join(map(make, items))))) == items, name


# ---- what is wrong with them -------------------------------------------------------------------


def split(path: Path) -> tuple[list[str], list[int]]:
    rows = list(read_records(path))
    titles = [row.title for row in rows if isinstance(row, Record)]
    return titles, [row.line for row in rows if isinstance(row, BadRecord)]


@pytest.mark.parametrize(
    ("name", "text", "titles", "lines"),
    [
        ("r.txt", "RT J\nT1 甲甲\n\nRT J\nYR 1999\n\nRT J\nT1 乙乙\n", ["甲甲", "乙乙"], [4]),
        ("r.txt", "RT J\nT1 甲甲\nYR 20\n\nRT J\nT1 乙乙\n", ["乙乙"], [1]),
        ("r.txt", "RT J\nT1 甲甲\nT1 丙丙\n\nRT J\nT1 乙乙\n", ["乙乙"], [1]),
        ("r.txt", "RT J\nT1 甲甲\n\nT1 乙乙\nA1 虚文\n", ["甲甲", "乙乙"], []),
        ("r.txt", "导出\n\n%0 J\n%T 甲甲\n%Z 注\n%0 J\n%T 乙乙\n", ["甲甲", "乙乙"], [1]),
        ("r.ris", "TY  - JOUR\nTI  - 甲甲\nTY  - JOUR\nTI  - 乙乙\nER  - \n", ["甲甲", "乙乙"], []),
        ("r.ris", "TI  - 甲甲\nER  - \n\nTY  - JOUR\nTI  - 乙乙\n", ["乙乙"], [1]),
        ("r.bib", "@article{a, title={甲甲\n}\n@article{b, title={乙乙}}\n", ["乙乙"], [1]),
        ("r.bib", "@article{a, title={甲甲}}\n@article{b, title={乙乙}, ti", ["甲甲"], [2]),
        ("r.csv", "题名,年\n甲甲,1999\n乙乙,x\n丙丙,2000\n", ["甲甲", "丙丙"], [3]),
    ],
)
def test_a_malformed_record_costs_itself_only_and_is_named(
    tmp_path: Path, name: str, text: str, titles: list[str], lines: list[int]
) -> None:
    assert split(write(tmp_path, name, text)) == (titles, lines)


def test_a_line_of_an_abstract_that_begins_like_a_tag_goes_on_with_it(tmp_path: Path) -> None:
    text = "RT J\nT1 甲甲\nAB 方法\nCT 检查。\nHLA 配型。\nLA 中文\n"
    (record,) = read_records(write(tmp_path, "r.txt", text))
    assert isinstance(record, Record)
    assert record.abstract == "方法 CT 检查。 HLA 配型。"


def test_a_stray_byte_costs_its_record_only(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    lines = [f"RT J\nT1 心脏移植{'一二三四五六七八九十' * 9}{n}\n\n".encode() for n in range(9)]
    lines[4] = lines[4].replace("心".encode(), b"\xff")
    path.write_bytes(b"".join(lines))
    titles, bad = split(path)
    assert len(titles) == 8
    assert bad == [13]


@pytest.mark.parametrize("name", ["r.txt", "r.csv", "r.ris", "r.bib", "r.xls", "r.xlsx"])
@pytest.mark.parametrize(
    "text",
    ["", "something else\n", "<html><body>none</body></html>", "颜色,形状\n红,圆\n"],
)
def test_a_file_in_which_nothing_is_understood_is_refused(
    tmp_path: Path, name: str, text: str
) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(RecordsError, match=name):
        list(read_records(path))


@pytest.mark.parametrize(
    "text",
    [
        "@article{a, title={" + "{" * 100_000,
        "@article{a, title={" + "\\'{" * 100_000 + "}" * 100_000 + "}}",
        "RT J\n" * 50_000,
        "%0 " * 50_000,
        "{" * 100_000,
        "【" * 100_000,
        "<table>" * 20_000,
        "<table><tr>" + "<td>" * 50_000 + "题名",
        "题名\n" + "<" * 100_000,
        "题名\n" + "1998,26(" * 20_000,
        "题名,年卷期\na," + " " * 50_000 + "1998" + " " * 50_000 + "x",
        "题名,作者\na," + "[1," * 50_000,
        "题名,作者\na," + "1" * 200_000 + "某",
        "题名,年卷期\na,1998," + "第 " * 100_000 + "x",
        "题名\n" + "&amp;" * 50_000,
        "TY  - JOUR\n" * 20_000,
        "TY  - JOUR\n" + "AU" * 100_000,
    ],
    ids=lambda text: text[:24],
)
def test_a_hostile_file_ends_in_records_or_one_error(tmp_path: Path, text: str) -> None:
    for name in ("r.txt", "r.csv"):
        try:
            for _ in read_records(write(tmp_path, name, text)):
                pass
        except RecordsError:
            pass


def test_an_old_excel_file_and_a_broken_workbook_are_refused_with_a_word_on_why(
    tmp_path: Path,
) -> None:
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    (tmp_path / "new.xlsx").write_bytes(b"PK\x03\x04" + bytes(600))
    for name, words in (("old.xls", "old Excel"), ("new.xlsx", "not a workbook")):
        with pytest.raises(RecordsError, match=words):
            list(read_records(tmp_path / name))


def test_a_file_too_large_to_be_one_of_records_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(RecordsError, match="too large: 200 MB"):
        list(read_records(path))
