"""The appendix table as a journal's editor meets it: read back from Word, HTML and Markdown."""

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from lxml import html
from openpyxl import load_workbook

from screen.errors import ExportError
from screen.findings.appendix.formats import find_format, write_appendix
from screen.findings.appendix.references import cite, make_plain
from screen.findings.appendix.table import Appendix, make_appendix
from screen.findings.appendix.translations import read_translations
from screen.findings.filters import Filters, Years
from screen.findings.finding import Passage
from screen.findings.holdings import Holdings
from screen.findings.people import make_people
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Manifest
from screen.study.database import open_database
from screen.study.folder import Study
from screen.study.queries import list_queue
from screen.study.verdicts import append
from screen.types import Record, Verdict
from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

HOSTILE = "<script>alert(1)</script> | a\x0bb *c* _d_ `e` \\| [f](javascript:g) &amp; \u202eh"
FILES = {
    "a.txt": "1.2 供心切取。供体脑死亡后立即气管插管，接呼吸机，开胸。\n"
    "受者术后恢复良好，随访三年。病人出院后情况平稳，无排斥反应发生。\n"
    "1.3 供肺切取。供体判定脑死亡后行气管插管，面罩|吸氧，<b>肝素化</b>。",
    "b.txt": "供体脑死亡后迅速建立人工呼吸，开胸取心。此前供体已行机械通气，家属签署同意书。",
    "none.txt": "病房护理体会，每日通风两次，饮食清淡。",
}
RECORDS = [
    {
        "file": "a.txt", "title": HOSTILE, "authors": ["甲一", "乙二", "丙三", "丁四"],
        "year": 1999, "journal": "某某杂志", "volume": "5", "issue": "2", "pages": "10-12",
        "doi": "10.1/x", "affiliations": ["某医院心外科"],
    },
    {"file": "b.txt", "title": "心脏移植", "authors": ["戊五"], "year": 2003, "journal": "杂志"},
]  # fmt: skip
HEADS = ["No.", "Reference", "Year", "Hospital", "Excerpt and translation", "Criteria", "Verdict"]
NO_FILTERS = Filters()
Table = list[list[str]]


@dataclass(frozen=True)
class Judged:
    """A study whose passages were judged; `holdings` is what leaves it."""

    made: MadeStudy
    holdings: Holdings
    codebook: Manifest

    @property
    def passages(self) -> list[Passage]:
        return [passage for finding in self.holdings.findings for passage in finding.confirmed]

    def write(
        self,
        output: Path,
        filled: Path | None = None,
        filters: Filters = NO_FILTERS,
        holdings: Holdings | None = None,
    ) -> Appendix:
        left = holdings or self.holdings
        told = read_translations(filled, left.findings).found if filled else {}
        appendix = make_appendix(left, self.codebook, filters, told)
        write_appendix(appendix, find_format(output), output)
        return appendix


@pytest.fixture(scope="module")
def judged(make_study: MakeStudy, invoke: Invoke) -> Judged:
    """Two findings, one of two passages that all agree on, one that an adjudicator decided."""
    made = make_study(FILES, RECORDS)
    settings = made.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    wanted = text.replace("# reviewers_per_passage = 1", "reviewers_per_passage = 2")
    settings.write_text(wanted, encoding="utf-8")
    assert invoke("run", made.folder).exit_code == 0
    study = Study(made.folder)
    engine = open_database(study)
    given = []
    for row in list_queue(engine):
        thing = (row["id"], row["paper"])
        disputed = row["file"] == "b.txt"
        given += [
            Verdict(*thing, "Anna", row["code"], criteria=tuple(row["criteria"])),
            Verdict(*thing, "Bert", 2 if disputed else row["code"], mitigating=disputed),
        ]
        if disputed:
            given.append(Verdict(*thing, "Carl", 1, 2, ("D",), mitigating=True))
    append(engine, given)
    people = make_people(study.folder, "names", "pseudonyms")
    codebook = load_pack(find_pack("brain-death")).manifest
    return Judged(made, Holdings(study, engine, people), codebook)


def read_docx(path: Path) -> Table:
    [table] = docx.Document(str(path)).tables
    return [[cell.text for cell in row.cells] for row in table.rows]


def read_html(path: Path) -> Table:
    tree = html.fromstring(path.read_bytes())
    return [
        ["\n".join(p.text_content() for p in cell.iter("p")) or cell.text_content() for cell in row]
        for row in tree.iter("tr")
    ]


def read_markdown(path: Path) -> Table:
    """Read the pipe table as GitHub does: cells end at bare pipes, marks are taken off."""
    lines = [x for x in path.read_text("utf-8").splitlines() if x.startswith("|")]
    assert set(lines.pop(1)) == set("| -")
    return [[show(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def show(cell: str) -> str:
    assert "<" not in cell.replace("<br>", "")
    bare = re.sub(r"(?<!\\)[*]", "", cell.strip().replace("<br>", "\n"))
    bare = re.sub(r"\\([^\w\s]|_)", r"\1", bare)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


READERS: dict[str, Callable[[Path], Table]] = {
    "docx": read_docx,
    "html": read_html,
    "md": read_markdown,
}


@pytest.mark.parametrize("suffix", READERS)
def test_the_cells_are_those_of_the_findings(
    invoke: Invoke, judged: Judged, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"appendix.{suffix}"
    done = invoke("appendix", judged.made.folder, "-o", path)
    assert done.exit_code == 0, done.output
    assert "3 excerpts have no translation" in done.stderr
    head, *rows = READERS[suffix](path)
    assert head == [*HEADS, "Page"]
    findings = judged.holdings.findings
    assert len(rows) == len(findings) == 2
    for row, finding in zip(rows, findings, strict=True):
        number, reference, year, hospital, excerpts, criteria, verdict, page = row
        record = finding.paper.record
        assert number == str(finding.number)
        assert make_plain(record.title) in reference
        assert year == str(record.year)
        assert "".join(record.affiliations) in hospital
        for passage in finding.confirmed:
            assert passage.hit is not None
            assert make_plain(passage.hit.passage) in excerpts
        assert excerpts.count("Translation:") == len(finding.confirmed)
        assert tuple(line[0] for line in criteria.splitlines()) == finding.criteria
        assert verdict.startswith(f"{finding.code} ")
        assert ("2 reviewers, adjudicated" in verdict) is finding.is_adjudicated
        assert ("2 reviewers, agreed" in verdict) is not finding.is_adjudicated
        assert ("Mitigating" in verdict) is finding.mitigating
        assert all(f"“{sign.text}” (p. 1)" in verdict for sign in finding.signs)
        assert f"of {finding.paper.file}" in page
        assert f"SHA-256 {finding.paper.sha256[:12]}" in page
    assert [len(finding.confirmed) for finding in findings] == [2, 1]
    assert [finding.is_adjudicated for finding in findings] == [False, True]
    assert findings[1].signs


def test_several_excerpts_have_letters_and_events_stand_out(judged: Judged, tmp_path: Path) -> None:
    path = tmp_path / "appendix.html"
    judged.write(path)
    row = html.fromstring(path.read_bytes()).xpath("//tbody/tr")[0]
    assert [b.text for b in row.xpath(".//p[@class='zh']/b")] == ["a)", "b)"]
    assert any("气管插管" in em.text for em in row.xpath(".//em"))
    assert row.xpath("string(td[8])").startswith("a, b: p. 1")


def test_hostile_titles_and_passages_are_text_and_no_markup(judged: Judged, tmp_path: Path) -> None:
    page, table = tmp_path / "a.html", tmp_path / "a.md"
    judged.write(page)
    judged.write(table)
    tree = html.fromstring(page.read_bytes())
    assert tree.xpath("//script | //a | //img | //link") == []
    assert "<script>" in tree.xpath("string(//tbody/tr[1]/td[2])")
    text = table.read_text("utf-8")
    assert "<script" not in text
    assert re.search(r"(?<!\\)\[f\]", text) is None
    assert not set(text + page.read_text("utf-8")) & {"\x0b", "\u202e"}


def test_the_word_file_is_laid_out_for_print(judged: Judged, tmp_path: Path) -> None:
    last = judged.passages[-1].id
    filled = fill(tmp_path / "t.jsonl", [{"hit_id": last, "translation": "Long. " * 1_000}])
    path, again = tmp_path / "a.docx", tmp_path / "b.docx"
    judged.write(path, filled)
    judged.write(again, filled)
    assert path.read_bytes() == again.read_bytes()
    document = docx.Document(str(path))
    assert document.sections[0].orientation == WD_ORIENT.LANDSCAPE
    rows = [row._tr for row in document.tables[0].rows]
    assert [bool(row.findall(".//" + qn("w:tblHeader"))) for row in rows] == [True, False, False]
    # The last row could not stand on one page.
    assert [bool(row.findall(".//" + qn("w:cantSplit"))) for row in rows] == [True, True, False]
    normal = document.styles["Normal"].element
    assert normal.find(".//" + qn("w:rFonts")).get(qn("w:eastAsia")) == "SimSun"
    assert normal.find(".//" + qn("w:lang")).get(qn("w:eastAsia")) == "zh-CN"
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "Criterion A: " in text
    assert "people judged it" in text
    assert "Recall is unknown" in text
    assert "3 papers screened, 2 of them flagged" in text
    assert "brain-death 0." in text


def test_filters_leave_findings_with_the_numbers_they_have(judged: Judged, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    judged.write(path, filters=Filters(frozenset({1}), frozenset("D"), Years(2000, None)))
    assert [row[0] for row in read_markdown(path)[1:]] == ["2"]
    assert "Only findings of code 1, criterion D, 2000 to ..." in show(path.read_text("utf-8"))


def test_no_names_leave_where_none_are_to(judged: Judged, tmp_path: Path) -> None:
    given = {"hit_id": judged.passages[0].id, "translation": "T.", "translator": "Dora"}
    study, path = judged.holdings.study, tmp_path / "a.md"
    people = make_people(study.folder, "pseudonyms", "pseudonyms")
    holdings = Holdings(study, judged.holdings.engine, people)
    judged.write(path, fill(tmp_path / "t.jsonl", [given]), holdings=holdings)
    text = path.read_text("utf-8")
    assert not re.search("甲一|乙二|戊五|Anna|Bert|Carl|Dora", text)
    assert "T." in text
    assert text.count("author-") == 4


# ---- translations ----------------------------------------------------------------------------


def fill(path: Path, rows: Sequence[dict[str, str]], encoding: str = "utf-8") -> Path:
    if path.suffix == ".jsonl":
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        path.write_text("".join(lines), encoding=encoding)
        return path
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "jsonl"])
def test_the_file_to_be_filled_in_comes_back(
    invoke: Invoke, judged: Judged, tmp_path: Path, suffix: str
) -> None:
    blank, path = tmp_path / f"t.{suffix}", tmp_path / "a.md"
    done = invoke("appendix", judged.made.folder, "--to-translate", blank)
    assert done.exit_code == 0, done.output
    fill_in(blank, "=He was intubated | at once.")
    # Written once more the file keeps what is filled in, or stays as it is.
    assert invoke("appendix", judged.made.folder, "--to-translate", blank).exit_code == 2
    again = invoke("appendix", judged.made.folder, "--to-translate", blank, "--translations", blank)
    assert again.exit_code == 0, again.output
    assert judged.write(path, blank).untranslated == 0
    assert path.read_text("utf-8").count(r"=He was intubated \| at once. (Dora)") == 3


def fill_in(path: Path, words: str) -> None:
    if path.suffix == ".xlsx":
        book = load_workbook(path)
        sheet = book.worksheets[0]
        names = [cell.value for cell in sheet[1]]
        for row in sheet.iter_rows(min_row=2):
            row[names.index("translation")].value = words
            row[names.index("translation")].data_type = "s"
            row[names.index("translator")].value = "Dora"
        book.save(path)
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = (
            list(csv.DictReader(file)) if path.suffix == ".csv" else [json.loads(x) for x in file]
        )
    fill(path, [{**row, "translation": words, "translator": "Dora"} for row in rows])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("name", ["passage", "quote"])
def test_a_passage_is_also_found_by_its_text(
    judged: Judged, tmp_path: Path, name: str, encoding: str
) -> None:
    text = f" {getattr(judged.passages[0].hit, name)}\n"
    filled = fill(tmp_path / "t.csv", [{name: text, "translation": "Found."}], encoding)
    made = judged.write(tmp_path / "a.md", filled)
    assert [one.translation for one in made.rows[0].excerpts] == ["Found.", ""]


def test_what_names_no_passage_is_told_and_the_rest_counts(
    invoke: Invoke, judged: Judged, tmp_path: Path
) -> None:
    rows = [
        {"hit_id": "0000\x1b[31m", "translation": "Of nothing."},
        {"hit_id": judged.passages[0].id, "translation": "Of something."},
        {"hit_id": judged.passages[1].id, "translation": ""},
    ]
    filled = fill(tmp_path / "t.jsonl", rows)
    done = invoke("appendix", judged.made.folder, "-o", tmp_path / "a.md", "--translations", filled)
    assert done.exit_code == 0, done.output
    assert "t.jsonl:1: hit_id 0000" in done.stderr
    assert "\x1b" not in done.stderr
    assert "2 excerpts have no translation" in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", "hit_id,translation\nID,a\nID,b\n", "t.csv:3: ID is translated twice"),
        ("t.csv", "passage,translation\nTEXT,a\nTEXT,b\n", "is translated twice"),
        ("t.csv", "hit_id,text\nID,a\n", "no column translation"),
        ("t.csv", "id,translation\nID,a\n", "no column hit_id"),
        ("t.csv", "hit_id,translation\n,a\n", "t.csv:2: a translation of nothing"),
        ("t.jsonl", '{"hit_id": ["ID"], "translation": "a"}\n', "t.jsonl:1: hit_id is no text"),
        ("t.jsonl", "{\n", "t.jsonl:1: not JSON"),
        ("t.xlsx", "no workbook", "no workbook"),
    ],
)
def test_translations_that_cannot_be_used_are_refused(
    judged: Judged, tmp_path: Path, name: str, content: str, words: str
) -> None:
    hit = judged.passages[0].hit
    assert hit is not None
    text = content.replace("ID", hit.id).replace("TEXT", f'"{hit.passage}"')
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ExportError) as refused:
        read_translations(tmp_path / name, judged.holdings.findings)
    assert words.replace("ID", hit.id) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_is_written_if_translations_cannot_be_used(
    invoke: Invoke, judged: Judged, tmp_path: Path
) -> None:
    filled, output = tmp_path / "t.csv", tmp_path / "a.docx"
    filled.write_text("hit_id,text\na,b\n", encoding="utf-8")
    done = invoke("appendix", judged.made.folder, "--translations", filled, "-o", output)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert not output.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--to-translate"),
        (["-o", "a.odt"], "*.docx"),
        (["--to-translate", "a.docx"], "*.xlsx"),
        (["-o", "a.md", "--criterion", "Z"], "no criterion 'Z'"),
    ],
)
def test_wrong_use_is_one_line(
    invoke: Invoke, judged: Judged, arguments: list[str], words: str
) -> None:
    done = invoke("appendix", judged.made.folder, *arguments)
    assert done.exit_code == 2
    assert words in done.stderr.splitlines()[-1]


# ---- references ------------------------------------------------------------------------------


def test_references_are_told_as_far_as_the_record_goes() -> None:
    whole = Record(
        "a.pdf", "题名", ("甲", "乙", "丙", "丁"), (), "杂志", 1999, "5", "2", "1-3", "10.1/x"
    )
    assert cite(whole) == "甲, 乙, 丙, et al. 题名. 杂志 1999;5(2):1-3. doi:10.1/x"
    assert cite(Record("a.pdf", "题名.", year=1999)) == "题名. 1999."
    assert cite(Record("a.pdf", "题名", issue="2")) == "题名. (2)."
    assert cite(Record("a.pdf")) == "[a.pdf; no bibliographic record]."
