"""Read the text of a Word file (.docx): body, tables, text boxes, notes, headers and footers.

The parts are read by name straight from the archive: no other file is opened, and what a part
refers to (templates, pictures, other documents) is not looked at.
"""

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from lxml import etree

from screen.errors import DocumentError
from screen.ingest.quality import READABLE, text_quality
from screen.types import Mark, Page

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# A paper's text is far smaller; a larger part is a bomb.
_MAX_PART = 100_000_000
_MAX_PARTS = 1000
_PARTS = frozenset({"document", "footnotes", "endnotes", "header", "footer"})
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
# What was deleted or moved away is no part of the text any more; properties hold none.
_SKIPPED = frozenset(
    _W + name for name in ("del", "moveFrom", "pPr", "sectPr", "tblPr", "trPr", "tcPr", "instrText")
)
_SIGNS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-", "lastRenderedPageBreak": "\f"}
_SIGN_OF = {_W + name: sign for name, sign in _SIGNS.items()}
_NOTE = {_W + "footnoteReference": "footnotes", _W + "endnoteReference": "endnotes"}
# Word marks the break again where the next page was last seen to begin.
_BREAKS = re.compile(r"[ \t\n]*\f[\s]*")
# Stands around the name of a note where the text refers to it; XML cannot hold the character.
_MARK = "\x01"
_NOTED = re.compile(f"{_MARK}([^{_MARK}]*){_MARK}")


def read_docx(sha256: str, data: bytes) -> list[Page]:
    """Return the pages of a Word file as its breaks, set by hand or by Word, part them.

    Raises DocumentError if it cannot be opened or holds no text.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _read_parts(archive)
    except _ZIP_ERRORS:
        raise DocumentError("parse", "not a Word file that can be opened: damaged") from None
    if "document" not in parts:
        raise DocumentError("parse", "not a Word file that can be opened: it has no document")
    notes = dict(_notes(parts))
    text = "".join(_walk(parts["document"]))
    heads = _running(parts, "header")
    feet = _running(parts, "footer")
    body = _BREAKS.sub("\f", "\n".join(filter(None, (heads, text.strip("\n\f "), feet))))
    if not body.strip():
        raise DocumentError("text", "the file holds no text")
    return [_page(sha256, n, part, notes) for n, part in enumerate(body.split("\f"), start=1)]


def _read_parts(archive: zipfile.ZipFile) -> dict[str, "etree._Element"]:
    """Return the parts that hold text by their names without folder and suffix."""
    names = [n for n in archive.namelist() if re.fullmatch(r"word/[a-z]+\d*\.xml", n)]
    parts: dict[str, etree._Element] = {}
    left = _MAX_PART
    for name in sorted(set(names[:_MAX_PARTS]) | ({"word/document.xml"} & set(names))):
        part = name.removeprefix("word/").removesuffix(".xml")
        if part.rstrip("0123456789") not in _PARTS:
            continue
        with archive.open(name) as file:
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise DocumentError("parse", f"unpacks to more than {_MAX_PART // 10**6} MB of text")
        parts[part] = _parse(content)
    return parts


def _parse(content: bytes) -> "etree._Element":
    """Parse a part. Word writes no document type, and one could name other files: none is taken."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        root = etree.fromstring(content.replace(_STRICT, _W[1:-1].encode()), parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError("parse", f"damaged Word file: {error.msg}") from None
    if root.getroottree().docinfo.doctype:
        raise DocumentError("parse", "not a sound Word file: it declares a document type")
    return root


def _walk(element: "etree._Element") -> Iterator[str]:
    """Yield the text below an element; form feeds part pages, a note is held by _NOTE_MARK.

    The parser lets elements nest 256 deep, so this may call itself.
    """
    for child in element:
        tag = child.tag
        if tag in _SKIPPED or not isinstance(tag, str):
            continue
        if tag == _W + "t":
            yield _plain(child.text or "")
        elif tag == _W + "p":
            yield from _walk(child)
            yield "\n"
        elif tag == _W + "r":
            if child.find(f"{_W}rPr/{_W}vanish") is None:
                yield from _walk(child)
        elif tag == _W + "tr":
            yield from _row(child)
        elif tag == _W + "br":
            yield "\f" if child.get(_W + "type") == "page" else "\n"
        elif tag in _SIGN_OF:
            yield _SIGN_OF[tag]
        elif tag in _NOTE:
            yield f"{_MARK}{_NOTE[tag]} {child.get(_W + 'id', '')}{_MARK}"
        elif tag == _W + "txbxContent":
            yield "\n"
            yield from _walk(child)
        elif tag == _MC + "AlternateContent":
            # The same text in a new and an old form: one of them counts.
            yield from _walk(child[:1] if len(child) else child)
        else:
            yield from _walk(child)


def _row(row: "etree._Element") -> Iterator[str]:
    """Yield a row of a table on a line of its own, its cells parted by tabs."""
    cells = ["".join(_walk(cell)).strip() for cell in row.iterchildren(_W + "tc", _W + "sdt")]
    line = "\t".join(cell.replace("\n", " ") for cell in cells)
    yield line.replace("\f", "") + "\n" + ("\f" if "\f" in line else "")


def _plain(text: str) -> str:
    return text.replace("\f", "").replace(_MARK, "")


def _notes(parts: Mapping[str, "etree._Element"]) -> Iterator[tuple[str, str]]:
    """Yield every note by its mark in the text."""
    for kind in ("footnotes", "endnotes"):
        for note in parts.get(kind, ()):
            if isinstance(note.tag, str) and note.get(_W + "type", "normal") == "normal":
                text = "".join(_walk(note)).replace("\f", "").strip()
                yield f"{kind} {note.get(_W + 'id', '')}", _NOTED.sub("", text)


def _running(parts: Mapping[str, "etree._Element"], kind: str) -> str:
    """Return the running heads or feet, each once: they would cut the sentences of every page."""
    named = (parts[name] for name in sorted(parts) if name.rstrip("0123456789") == kind)
    texts = ("".join(_walk(part)).replace("\f", "").strip() for part in named)
    return _NOTED.sub("", "\n".join(dict.fromkeys(filter(None, texts))))


def _page(sha256: str, number: int, text: str, notes: Mapping[str, str]) -> Page:
    """Return a page, with the notes it refers to at its foot."""
    called = dict.fromkeys(_NOTED.findall(text))
    body = _NOTED.sub("", text).strip("\n")
    marks = []
    for note in called:
        if notes.get(note):
            start = len(body) + 1
            body += "\n" + notes[note]
            marks.append(Mark(start, len(body), "footnote"))
    quality = text_quality(body)
    engine = f"lxml {version('lxml')}"
    route = f"docx {quality:g}"
    if not body.strip():
        return Page(sha256, number, "", "blank", 1.0, engine, route)
    if quality < READABLE:
        return Page(sha256, number, "", "unreadable", quality, engine, route)
    return Page(sha256, number, body, "docx", quality, engine, route, tuple(marks))
