"""The appendix table as a Word file: A4 across, the head repeated on each page."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from screen.findings.appendix.table import COLUMNS, Appendix, Excerpt, Row

# In centimetres: of the columns, and of the page they fill.
_WIDTHS = (1.1, 4.6, 1.2, 2.9, 8.6, 2.6, 3.5, 2.6)
_PAGE, _MARGIN = (29.7, 21.0), 1.3
_LATIN, _CHINESE = "Times New Roman", "SimSun"
_SIZE, _HEAD_SIZE = Pt(8), Pt(11)
# A row of more characters may split across pages: it could be longer than one.
_LONGEST = 1_500
# A file that is written twice is the same twice.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_document(appendix: Appendix, file: BinaryIO) -> None:
    """Write the table as a Word file; the same table gives the same bytes."""
    document = docx.Document()
    _set_up(document, appendix)
    caption = document.add_paragraph()
    caption.paragraph_format.keep_with_next = True
    run = _add_text(caption, appendix.caption, bold=True)
    run.font.size = _HEAD_SIZE
    _add_table(document, appendix.rows)
    document.add_paragraph()
    for name, text in appendix.legend:
        line = document.add_paragraph()
        _add_text(line, f"{name}: ", bold=True)
        _add_text(line, text)
    document.add_paragraph()
    for note in appendix.notes:
        _add_text(document.add_paragraph(), note)
    file.write(_pack(document))


def _set_up(document: Document, appendix: Appendix) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = (Cm(length) for length in _PAGE)
    section.left_margin = section.right_margin = Cm(_MARGIN)
    section.top_margin = section.bottom_margin = Cm(_MARGIN)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _LATIN, _SIZE
    normal.paragraph_format.space_after = Pt(1)
    properties: Any = normal.element.get_or_add_rPr()
    properties.rFonts.set(qn("w:eastAsia"), _CHINESE)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-GB")
    language.set(qn("w:eastAsia"), "zh-CN")
    properties.append(language)
    core = document.core_properties
    core.title, core.author, core.comments = appendix.caption[:255], "", ""
    core.last_modified_by, core.revision = "", 1
    core.created = core.modified = _EPOCH


def _add_table(document: Document, rows: Sequence[Row]) -> None:
    table = document.add_table(rows=1, cols=len(COLUMNS), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, _WIDTHS, strict=True):
        column.width = Cm(width)
    head = table.rows[0]
    _mark_row(head, "w:tblHeader")
    _mark_row(head, "w:cantSplit")
    for cell, name, width in zip(head.cells, COLUMNS, _WIDTHS, strict=True):
        cell.width = Cm(width)
        _add_text(cell.paragraphs[0], name, bold=True)
    for row in rows:
        added = table.add_row()
        if row.length < _LONGEST:
            _mark_row(added, "w:cantSplit")
        cells = added.cells
        for cell, width in zip(cells, _WIDTHS, strict=True):
            cell.width = Cm(width)
        _fill(cells, row)


def _fill(cells: Sequence[_Cell], row: Row) -> None:
    number, reference, year, hospital, excerpts, criteria, verdict, page = cells
    _add_lines(number, [str(row.number)])
    _add_lines(reference, [row.reference])
    _add_lines(year, [row.year])
    _add_lines(hospital, row.hospital)
    for index, excerpt in enumerate(row.excerpts):
        _add_excerpt(excerpts, excerpt, is_first=index == 0)
    _add_lines(criteria, row.criteria)
    first, *rest = row.verdict
    _add_text(verdict.paragraphs[0], first, bold=True)
    for line in rest:
        _add_text(verdict.add_paragraph(), line)
    for line in row.against:
        _add_text(verdict.add_paragraph(), line).italic = True
    _add_lines(page, row.page)


def _add_excerpt(cell: _Cell, excerpt: Excerpt, *, is_first: bool) -> None:
    passage = cell.paragraphs[0] if is_first else cell.add_paragraph()
    if excerpt.letter:
        _add_text(passage, f"{excerpt.letter}) ", bold=True)
    for piece in excerpt.pieces:
        # Bold alone is hardly seen in Chinese.
        run = _add_text(passage, piece.text, bold=piece.is_event)
        run.underline = piece.is_event or None
    if not excerpt.pieces:
        _add_text(passage, f"not found any more: {excerpt.id}")
    translation = cell.add_paragraph()
    _add_text(translation, "Translation: ").italic = True
    by = f" ({excerpt.translator})" if excerpt.translator else ""
    _add_text(translation, excerpt.translation + by)
    translation.paragraph_format.space_after = Pt(5)


def _add_lines(cell: _Cell, lines: Iterable[str]) -> None:
    for index, line in enumerate(lines):
        _add_text(cell.add_paragraph() if index else cell.paragraphs[0], line)


def _add_text(paragraph: Paragraph, text: str, *, bold: bool = False) -> Run:
    run = paragraph.add_run(text)
    if bold:
        run.bold = True
    return run


def _mark_row(row: Any, name: str) -> None:
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement(name))


def _pack(document: Document) -> bytes:
    """Return a Word file whose parts do not tell when they were written."""
    made, packed = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            part = zipfile.ZipInfo(name, _ZIP_EPOCH)
            part.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(part, source.read(name))
    return packed.getvalue()
