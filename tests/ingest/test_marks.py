"""Footnotes and tables are told from the running text, by their words and their place."""

import io
from collections.abc import Sequence

import pytest
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from screen.ingest.pdf import read_pdf
from screen.text.normalise import clean_pages
from screen.types import Page

FONT = "STSong-Light"
FIRST = ["供者由所在医院宣布死亡以后，由麻醉师", "立即行气管内插管，接呼吸机，"] * 8
NEXT = ["经中心静脉注入肝素，消毒铺巾，正中", "劈开胸骨，阻断升主动脉后灌注停搏液。"] * 8
FOOTNOTE = [
    "收稿日期：1998-03-12",
    "作者单位：虚州 510000 虚州医学院附属医院",
    "胸心外科（虚文远、拟思成）",
]
TABLE = [
    ("例号", "年龄", "缺血(min)", "存活(月)"),
    ("1", "34", "128", "9"),
    ("2", "41±3", "96.5", "14"),
    ("3", "29", "110", "7.5"),
    ("4", "55", "87", "22"),
]


def draw(
    left: Sequence[str],
    right: Sequence[str],
    foot: Sequence[str] = (),
    table: Sequence[Sequence[str]] = (),
    folio: str = "",
) -> Page:
    """Return a page of two columns, with a footnote below the left one and a table in the right."""
    registerFont(UnicodeCIDFont(FONT))
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(595, 808), invariant=1)

    def write(lines: Sequence[str], x: float, y: float, size: float = 10) -> float:
        for line in lines:
            canvas.setFont(FONT, size)
            canvas.drawString(x, y, line)
            y -= 1.5 * size
        return y

    y = write(left, 50, 740)
    write(foot, 50, y - 12, 8)
    y = write(right[:8], 310, 740)
    if table:
        y = write(["表1 4例受者的资料"], 340, y - 5, 8)
        for row in table:
            for place, cell in enumerate(row):
                write([cell], 310 + 60 * place, y, 8)
            y -= 12
    write(right[8:], 310, y - 5)
    write([folio] if folio else [], 290, 40, 8)
    canvas.save()
    (page,) = read_pdf("", file.getvalue())
    return page


def words(page: Page, kind: str) -> list[str]:
    return [page.text[mark.start : mark.end] for mark in page.marks if mark.kind == kind]


@pytest.mark.parametrize("folio", ["", "·81·"])
def test_a_footnote_below_a_column_is_marked_to_its_last_line(folio: str) -> None:
    page = draw(FIRST, NEXT, FOOTNOTE, folio=folio)
    (found,) = words(page, "footnote")
    assert "".join(found.split()) == "".join("".join(FOOTNOTE).split())


def test_a_sentence_goes_on_over_a_footnote_and_a_table() -> None:
    page = draw(FIRST, NEXT, FOOTNOTE, TABLE)
    clean = clean_pages([page]).text
    joined = "".join([*FIRST, *NEXT]).replace("，", ",").replace("。", "。")
    assert joined.replace(",", "") in clean.replace("，", "").replace(",", "")
    assert "虚州医学院附属医院" in clean, "kept, behind the running text"
    assert "96.5" in clean


def test_a_table_is_marked_with_its_caption() -> None:
    page = draw(FIRST, NEXT, table=TABLE)
    (found,) = words(page, "table")
    assert found.startswith("表1")
    assert found.rstrip().endswith("22")
    assert words(page, "footnote") == []


def test_words_of_a_footnote_amid_the_text_mark_nothing() -> None:
    left = [*FIRST[:6], "收稿日期与作者单位见首页，供者资料见", *FIRST[6:]]
    assert draw(left, NEXT).marks == ()


def test_text_with_many_figures_is_no_table() -> None:
    lines = [
        "心率 98次/min，血压 90/60 mmHg，体温 36.5",
        "尿量 80 ml/h，肌酐 120 μmol/L，血钾 4.2",
    ] * 8
    assert draw(FIRST, lines).marks == ()


def test_columns_without_either_have_no_marks() -> None:
    assert draw(FIRST, NEXT, folio="—81—").marks == ()
