"""Pages of a PDF come out with their numbers; what cannot be read is said to be unread."""

import io
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from screen.errors import DocumentError
from screen.ingest.files import Reading, hash_file, read_source
from screen.ingest.pdf import read_pdf
from screen.settings import Limits

FONT = "STSong-Light"
PASSAGE = "供体脑死亡后立即气管插管，\n接呼吸机，肝素3mg/kg静脉注射，\n正中开胸取出供心。"


@pytest.fixture(scope="module", autouse=True)
def _font() -> None:
    registerFont(UnicodeCIDFont(FONT))


def make_pdf(*pages: str, encrypt: StandardEncryption | None = None) -> bytes:
    """Return a PDF with these pages; a page "" has nothing drawn on it."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, encrypt=encrypt)
    for page in pages:
        lines = page.split("\n")
        for index, line in enumerate(lines if page else []):
            canvas.setFont(FONT, 12)
            canvas.drawString(50, 780 - 20 * index, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def make_scan() -> bytes:
    """Return a PDF with one page of text and one that holds only a drawing."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    canvas.drawString(50, 700, "The donor was intubated.")
    canvas.showPage()
    canvas.rect(50, 50, 300, 500, fill=1)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def make_broken_font_map() -> bytes:
    """Return a PDF whose font says that its letters are private-use characters."""
    mapping = b"beginbfrange <41> <5A> <E041> endbfrange"
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
        b"/CMapName /Broken def /CMapType 2 def "
        b"1 begincodespacerange <00> <FF> endcodespacerange 1 " + mapping + b" "
        b"endcmap end end"
    )
    content = b"BT /F1 12 Tf 50 700 Td (" + b"ABCDEFGHIJ" * 6 + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >> stream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        b"<< /Length %d >> stream\n%s\nendstream" % (len(cmap), cmap),
    ]
    data = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size %d /Root 1 0 R >>" % (len(objects) + 1)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return data + head + table + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(data)


def read(folder: Path, data: bytes) -> Reading:
    path = folder / "paper.pdf"
    path.write_bytes(data)
    return read_source(hash_file(path), Limits())


def spoil(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    """Let PDFium's text of every page come out changed."""
    original = pypdfium2.PdfTextPage.get_text_range

    def get_text_range(page: pypdfium2.PdfTextPage) -> str:
        return change(str(original(page)))

    monkeypatch.setattr(pypdfium2.PdfTextPage, "get_text_range", get_text_range)


# ---- pages -----------------------------------------------------------------------------------


def test_pages_come_with_their_text_and_their_number_from_1() -> None:
    pages = read_pdf("sha", make_pdf(PASSAGE, "受体全麻插管", "The donor was intubated."))
    assert [(page.sha256, page.number, page.text) for page in pages] == [
        ("sha", 1, PASSAGE),
        ("sha", 2, "受体全麻插管"),
        ("sha", 3, "The donor was intubated."),
    ]
    assert {page.method for page in pages} == {"pdfium"}
    assert min(page.quality for page in pages) >= 0.9


def test_a_blank_page_is_no_failure_and_keeps_its_number(tmp_path: Path) -> None:
    reading = read(tmp_path, make_pdf(PASSAGE, "", "受体全麻插管"))
    assert [(page.number, page.text) for page in reading.pages] == [
        (1, PASSAGE),
        (2, ""),
        (3, "受体全麻插管"),
    ]
    assert "unreadable" not in {page.method for page in reading.pages}
    assert reading.failures == ()


def test_a_page_with_a_drawing_and_no_text_is_unreadable(tmp_path: Path) -> None:
    reading = read(tmp_path, make_scan())
    assert [(page.number, page.method) for page in reading.pages] == [
        (1, "pdfium"),
        (2, "unreadable"),
    ]
    assert [(failure.page, failure.stage) for failure in reading.failures] == [(2, "text")]


def test_a_page_that_cannot_be_read_is_kept_as_such(tmp_path: Path) -> None:
    reading = read(tmp_path, make_broken_font_map())
    assert [(page.number, page.method) for page in reading.pages] == [(1, "unreadable")]
    assert [failure.page for failure in reading.failures] == [1]


# ---- text that is none -----------------------------------------------------------------------


def test_a_page_of_character_numbers_is_unreadable() -> None:
    pages = read_pdf("sha", make_pdf("(cid:123)(cid:45)" * 6, PASSAGE))
    assert [(page.method, page.text) for page in pages] == [
        ("unreadable", ""),
        ("pdfium", PASSAGE),
    ]
    assert pages[0].quality < 0.5


def test_a_page_whose_font_maps_to_private_characters_is_unreadable() -> None:
    document = pypdfium2.PdfDocument(make_broken_font_map())
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert "\ue041" in text
    pages = read_pdf("sha", make_broken_font_map())
    assert [(page.method, page.text) for page in pages] == [("unreadable", "")]


@pytest.mark.parametrize("damage", ["(cid:7)", "\ue123", "\ufffd", ""])
def test_the_second_engine_gets_its_chance_where_the_first_has_no_readable_text(
    monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    data = make_pdf(PASSAGE, "受体全麻插管")
    spoil(monkeypatch, lambda text: text if text.startswith("受体") else damage * 20)
    pages = read_pdf("sha", data)
    assert [page.method for page in pages] == ["pdfminer", "pdfium"]
    assert pages[0].text.split() == PASSAGE.split()
    assert pages[1].text == "受体全麻插管"


def test_what_cannot_be_stored_does_not_reach_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, lambda text: f"{text}\r\n\x00\ud800\f\rend")
    text = read_pdf("sha", make_pdf(PASSAGE))[0].text
    assert text.encode()
    assert text.startswith(PASSAGE)
    assert not set("\r\f\x00") & set(text)


# ---- files that cannot be opened ----------------------------------------------------------------


def test_a_pdf_with_a_password_is_refused_and_the_reason_says_so(tmp_path: Path) -> None:
    data = make_pdf(PASSAGE, encrypt=StandardEncryption("secret", ownerPassword="owner"))
    with pytest.raises(DocumentError, match="password") as caught:
        read_pdf("sha", data)
    assert caught.value.stage == "parse"
    assert [failure.stage for failure in read(tmp_path, data).failures] == ["parse"]


def test_a_pdf_that_anyone_may_open_but_not_change_is_read() -> None:
    data = make_pdf(PASSAGE, encrypt=StandardEncryption("", ownerPassword="owner"))
    assert read_pdf("sha", data)[0].text == PASSAGE


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.8, 0.95, 0.99])
def test_a_truncated_pdf_is_never_taken_for_a_whole_one(tmp_path: Path, share: float) -> None:
    data = make_pdf(PASSAGE, "受体全麻插管", "随访")
    reading = read(tmp_path, data[: max(int(len(data) * share), 9)])
    assert reading.failures
    assert reading.failures[0].page is None


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4\n%%EOF", b"%PDF-" + b"\x00" * 900])
def test_what_only_begins_like_a_pdf_is_a_failure(tmp_path: Path, data: bytes) -> None:
    reading = read(tmp_path, data)
    assert reading.pages == ()
    assert [failure.stage for failure in reading.failures] == ["parse"]


def draw_scans(*marks: str) -> bytes:
    """Return a PDF of pages that are pictures, each with a line of text, "" for a blank page."""
    picture = ImageReader(Image.new("L", (60, 80), 200))
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    for mark in marks:
        if mark:
            canvas.drawImage(picture, 0, 0, 595, 842)
            canvas.drawString(50, 20, mark)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize(
    "marks",
    [
        ("", "x", "x"),
        ("", ""),
        (
            "(C)1994-2021 China Academic Journal Electronic Publishing House. All rights reserved. "
            "Chin J Mock Thorac Surg, October 2003, Vol 10, No. 1, page 27",
        ),
    ],
    ids=["blank and scans", "only blank", "mark and running head"],
)
def test_a_paper_of_which_no_text_was_read_has_no_page_that_counts_as_read(
    marks: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(draw_scans(*marks))
    reading = read_source(hash_file(path), Limits())
    assert not any(page.is_read for page in reading.pages)
    assert reading.failures
