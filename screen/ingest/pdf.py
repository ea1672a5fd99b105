"""Read the pages of a PDF: pypdfium2 first, pdfminer.six for a page it cannot make text of.

So too for a page that PDFium reads across its columns: it takes the text in the order in which it
was written into the file.
"""

import re
from importlib.metadata import version
from typing import Any

import pypdfium2

from screen.errors import DocumentError
from screen.ingest.layout import Box, reads_across
from screen.ingest.miner import MINER, Miner
from screen.ingest.quality import READABLE, text_quality
from screen.ingest.repair import repair
from screen.types import Page

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


def _read_page(document: pypdfium2.PdfDocument, second: Miner, sha256: str, index: int) -> Page:
    """Read one page by the first engine that makes text of it."""
    number = index + 1
    text, kinds, across = _read_with_pdfium(document, index)
    text, quality, route = _judge("pdfium", text)
    if _PICTURE in kinds:
        # A scan often carries a line of the database as text: the page itself is not read.
        route += " (little text beside a picture)"
        return Page(sha256, number, text, "unreadable", 0.0, route=route)
    if quality >= READABLE and not across:
        return Page(sha256, number, text, "pdfium", quality, _PDFIUM, route)
    if not text and not kinds and second.draws_nothing(index):
        # Nothing is drawn on the page, so there is nothing to miss.
        return Page(sha256, number, "", "blank", 1.0, _PDFIUM, "pdfium (nothing is drawn)")
    mined, better, more = _judge("pdfminer", _tidy(second.read(index)))
    route += f"{' (across columns)' if across else ''}, {more}"
    if better >= READABLE:
        return Page(sha256, number, mined, "pdfminer", better, MINER, route)
    if quality >= READABLE:
        return Page(sha256, number, text, "pdfium", quality, _PDFIUM, route)
    return Page(sha256, number, "", "unreadable", max(quality, better), route=route)


def _judge(method: str, text: str) -> tuple[str, float, str]:
    """Return a page's text, repaired if it was read in a wrong encoding; its score; the route."""
    quality = text_quality(text)
    route = f"{method} {quality:.2g}"
    if repaired := repair(text):
        text, quality = repaired.text, text_quality(repaired.text)
        route += f", repaired ({repaired.what}) {quality:.2g}"
    return text, quality, route


def _read_with_pdfium(
    document: pypdfium2.PdfDocument, index: int
) -> tuple[str, frozenset[int], bool]:
    """Return a page's text, if that is scant the kinds of object on it, and whether it is across.

    Nothing if PDFium cannot load it.
    """
    try:
        page = document[index]
        try:
            textpage = page.get_textpage()
            raw = textpage.get_text_range()
            text = _tidy(raw)
            objects = page.get_objects(max_depth=2) if _is_scant(text) else ()
            across = reads_across(_find_pieces(textpage, raw))
            return text, frozenset(item.type for item in objects), across
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return "", frozenset(), False


def _find_pieces(textpage: Any, text: str) -> list[Box]:
    """Return where the pieces of lines stand that a gap parts, in the order of the text.

    PDFium puts a space for the gutter between two columns. Where its characters are not those of
    the text nothing is told.
    """
    if len(text) != textpage.count_chars():
        return []
    pieces: list[Box] = []
    for match in _PIECE.finditer(text):
        left, low, _, high = textpage.get_charbox(match.start(), loose=True)
        _, _, right, _ = textpage.get_charbox(match.end() - 1, loose=True)
        piece = Box(left, -high, right, -low)
        last = pieces[-1] if pieces else None
        if last and _continues(last, piece):
            pieces[-1] = Box(last.left, last.top, right, last.bottom)
        elif left < right and low < high:
            pieces.append(piece)
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
