"""Read the pages of a PDF: pypdfium2 first, pdfminer.six for a page it cannot make text of."""

import io
import re
import zlib
from functools import cached_property
from importlib.metadata import version
from itertools import islice

import pypdfium2
from pdfminer.converter import TextConverter
from pdfminer.layout import LAParams
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import PDFStream, resolve1
from pdfminer.psexceptions import PSException

from screen.errors import DocumentError
from screen.ingest.quality import READABLE, text_quality
from screen.types import Page

# A page of a journal holds far more; a larger text is a bomb, not a paper.
_MAX_PAGE_CHARACTERS = 1_000_000
_MAX_PAGES = 5_000
# A page with a picture and less than this is a scan with a running head and a database's mark, or
# a figure that hides a scan.
_LEAST_HANZI, _LEAST_CHARACTERS = 50, 300
_PICTURE = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
_PDFIUM, _PDFMINER = (f"{name} {version(name)}" for name in ("pypdfium2", "pdfminer.six"))
# pdfminer lets Python's own errors through on damaged files.
_PDFMINER_ERRORS = (
    PDFException,
    PSException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
# Operators that paint: text, paths, images, shadings.
_DRAWS = re.compile(rb"(?:^|\s)(?:Tj|TJ|'|\"|Do|BI|sh|[fFSsBb]\*?)(?=\s|$)")
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
    second = _Miner(data)
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


def _read_page(document: pypdfium2.PdfDocument, second: "_Miner", sha256: str, index: int) -> Page:
    """Read one page by the first engine that makes text of it."""
    number = index + 1
    text, kinds = _read_with_pdfium(document, index)
    quality = text_quality(text)
    if _PICTURE in kinds:
        # A scan often carries a line of the database as text: the page itself is not read.
        route = f"pdfium {quality} (little text beside a picture)"
        return Page(sha256, number, text, "unreadable", 0.0, route=route)
    route = f"pdfium {quality}"
    if quality >= READABLE:
        return Page(sha256, number, text, "pdfium", quality, _PDFIUM, route)
    if not text and not kinds and second.draws_nothing(index):
        # Nothing is drawn on the page, so there is nothing to miss.
        return Page(sha256, number, "", "blank", 1.0, _PDFIUM, "pdfium (nothing is drawn)")
    mined = _tidy(second.text(index))
    better = text_quality(mined)
    route += f", pdfminer {better}"
    if better >= READABLE:
        return Page(sha256, number, mined, "pdfminer", better, _PDFMINER, route)
    return Page(sha256, number, "", "unreadable", max(quality, better), route=route)


def _read_with_pdfium(document: pypdfium2.PdfDocument, index: int) -> tuple[str, frozenset[int]]:
    """Return a page's text, and if that is scant the kinds of object on the page.

    Nothing if PDFium cannot load it.
    """
    try:
        page = document[index]
        try:
            text = _tidy(page.get_textpage().get_text_range())
            objects = page.get_objects(max_depth=2) if _is_scant(text) else ()
            return text, frozenset(item.type for item in objects)
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return "", frozenset()


def _is_scant(text: str) -> bool:
    """Tell whether a text is too little to be that of a page of prose, Chinese or not."""
    dense = "".join(text.split())
    hanzi = sum("\u4e00" <= character <= "\u9fff" for character in dense)
    return hanzi < _LEAST_HANZI and len(dense) < _LEAST_CHARACTERS


class _Miner:
    """pdfminer.six on one document, opened only when it is asked, and once for all pages."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @cached_property
    def _pages(self) -> list[PDFPage]:
        try:
            return list(islice(PDFPage.get_pages(io.BytesIO(self._data)), _MAX_PAGES))
        except _PDFMINER_ERRORS:
            return []

    def text(self, index: int) -> str:
        """Return a page's text, empty where there is none to be had."""
        output = io.StringIO()
        resources = PDFResourceManager()
        device = TextConverter(resources, output, laparams=LAParams())
        try:
            PDFPageInterpreter(resources, device).process_page(self._pages[index])
        except _PDFMINER_ERRORS:
            return ""
        return output.getvalue()

    def draws_nothing(self, index: int) -> bool:
        """Tell whether a page's content is there and holds nothing to draw.

        PDFium shows a page whose content is lost or damaged as an empty one.
        """
        try:
            for reference in self._pages[index].contents:
                stream = resolve1(reference)
                if not isinstance(stream, PDFStream):
                    return False
                raw, content = stream.get_rawdata(), stream.get_data()
                if _DRAWS.search(content) or (raw and not content.strip()):
                    return False
        except _PDFMINER_ERRORS:
            return False
        return True


def _tidy(text: str) -> str:
    """Return a page's text without what cannot be stored, with line feeds as its only breaks."""
    text = text[:_MAX_PAGE_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "").replace("\x00", "")
