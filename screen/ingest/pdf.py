"""Read the pages of a PDF: pypdfium2 first, pdfminer.six for a page it cannot make text of.

So too for a page that PDFium reads across its columns: it takes the text in the order in which it
was written into the file.
"""

import re
from bisect import bisect_left
from importlib.metadata import version
from typing import Any, NamedTuple

import pypdfium2

from screen.errors import DocumentError
from screen.ingest.layout import Box, reads_across
from screen.ingest.marks import Piece, find_marks
from screen.ingest.miner import MINER, Miner
from screen.ingest.quality import READABLE
from screen.ingest.repair import read_as
from screen.types import Mark, Page

# A page of a journal holds far more; a larger text is a bomb, not a paper.
_MAX_PAGE_CHARACTERS = 1_000_000
_MAX_PAGES = 5_000
# A page with a picture and less than this is a scan with a running head and a database's mark, or
# a figure that hides a scan.
_LEAST_HANZI, _LEAST_CHARACTERS = 50, 300
_PICTURE = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
_PDFIUM = f"pypdfium2 {version('pypdfium2')}"
# In heights of a line: no space within one is as wide.
_SPACE = 1.2
# What `_tidy` leaves out.
_UNTIDY = re.compile("\r(?=\n)|[\f\x00]")
_PIECE = re.compile(r"\S+")
# Mailers and proxies append bytes after the end mark.
_TAIL = 4096


def read_pdf(sha256: str, data: bytes) -> list[Page]:
    """Return the pages of a PDF, numbered from 1.

    A page without readable text has method "unreadable". Raises DocumentError if the PDF cannot
    be opened (damaged, password) or has no pages.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise DocumentError("parse", _open_reason(error)) from None
    second = Miner(data, _MAX_PAGES)
    try:
        if len(document) > _MAX_PAGES:
            raise DocumentError("parse", f"{len(document)} pages, the limit is {_MAX_PAGES}")
        pages = [_read_page(document, second, sha256, index) for index in range(len(document))]
    finally:
        document.close()
    if not pages:
        raise DocumentError("parse", "the PDF has no pages")
    return pages


def is_cut_short(data: bytes) -> bool:
    """Tell whether a PDF lacks its end mark: PDFium rebuilds such files and says nothing."""
    return b"%%EOF" not in data[-_TAIL:]


def _open_reason(error: pypdfium2.PdfiumError) -> str:
    text = str(error).lower()
    if "password" in text or "security" in text:
        return "the PDF is protected by a password"
    return "not a PDF that can be opened: damaged or cut short"


class _Seen(NamedTuple):
    """What PDFium makes of a page: its text, and what its layout tells.

    `kinds` are the kinds of object on it, told if the text is scant. `is_across` says that the text
    runs across the columns.
    """

    text: str
    kinds: frozenset[int] = frozenset()
    is_across: bool = False
    marks: tuple[Mark, ...] = ()


def _read_page(document: pypdfium2.PdfDocument, second: Miner, sha256: str, index: int) -> Page:
    """Read one page by the first engine that makes text of it."""
    number = index + 1
    seen = _read_with_pdfium(document, index)
    text, quality, route = read_as("pdfium", seen.text)
    marks = seen.marks if text == seen.text else ()
    if _PICTURE in seen.kinds:
        # A scan often carries a line of the database as text: the page itself is not read.
        route += " (little text beside a picture)"
        return Page(sha256, number, text, "unreadable", 0.0, route=route)
    if quality >= READABLE and not seen.is_across:
        return Page(sha256, number, text, "pdfium", quality, _PDFIUM, route, marks)
    if not text and not seen.kinds and second.draws_nothing(index):
        # Nothing is drawn on the page, so there is nothing to miss.
        return Page(sha256, number, "", "blank", 1.0, _PDFIUM, "pdfium (nothing is drawn)")
    mined, better, more = read_as("pdfminer", _tidy(second.read(index)))
    route += f"{' (across columns)' if seen.is_across else ''}, {more}"
    if better >= READABLE:
        return Page(sha256, number, mined, "pdfminer", better, MINER, route)
    if quality >= READABLE:
        return Page(sha256, number, text, "pdfium", quality, _PDFIUM, route)
    return Page(sha256, number, "", "unreadable", max(quality, better), route=route)


def _read_with_pdfium(document: pypdfium2.PdfDocument, index: int) -> _Seen:
    """Read a page; there is nothing on it if PDFium cannot load it."""
    try:
        page = document[index]
        try:
            textpage = page.get_textpage()
            raw = textpage.get_text_range()
            text = _tidy(raw)
            objects = page.get_objects(max_depth=2) if _is_scant(text) else ()
            kinds = frozenset(item.type for item in objects)
            pieces = _find_pieces(textpage, raw)
            across = reads_across([piece.box for piece in pieces])
            return _Seen(text, kinds, across, () if across else find_marks(text, pieces))
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return _Seen("")


def _find_pieces(textpage: Any, raw: str) -> list[Piece]:
    """Return the pieces of lines that a gap parts, in the order of the text, as `_tidy` leaves it.

    PDFium puts a space for the gutter between two columns. Where its characters are not those of
    the text nothing is told.
    """
    if len(raw) != textpage.count_chars():
        return []
    lost = [match.start() for match in _UNTIDY.finditer(raw)]
    pieces: list[Piece] = []
    for match in _PIECE.finditer(raw):
        left, low, _, high = textpage.get_charbox(match.start(), loose=True)
        _, _, right, _ = textpage.get_charbox(match.end() - 1, loose=True)
        box = Box(left, -high, right, -low)
        end = match.end() - bisect_left(lost, match.end())
        last = pieces[-1] if pieces else None
        if last and _continues(last.box, box):
            joined = Box(last.box.left, last.box.top, right, last.box.bottom)
            pieces[-1] = Piece(last.start, end, joined)
        elif left < right and low < high:
            pieces.append(Piece(match.start() - bisect_left(lost, match.start()), end, box))
    return pieces


def _continues(last: Box, piece: Box) -> bool:
    """Tell whether a piece goes on where the last one ends, with no more than a space between."""
    height = max(last.bottom - last.top, piece.bottom - piece.top)
    middle = (piece.top + piece.bottom) / 2
    return last.top < middle < last.bottom and abs(piece.left - last.right) < _SPACE * height


def _is_scant(text: str) -> bool:
    """Tell whether a text is too little to be that of a page of prose, Chinese or not."""
    dense = "".join(text.split())
    hanzi = sum("\u4e00" <= character <= "\u9fff" for character in dense)
    return hanzi < _LEAST_HANZI and len(dense) < _LEAST_CHARACTERS


def _tidy(text: str) -> str:
    """Return a page's text without what cannot be stored, with line feeds as its only breaks."""
    text = text[:_MAX_PAGE_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "").replace("\x00", "")
