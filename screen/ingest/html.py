"""Read the text of a page of the web (.html): what a reader sees, without its navigation."""

import re
from collections.abc import Iterator
from importlib.metadata import version

from lxml import etree

from screen.errors import DocumentError
from screen.ingest.quality import READABLE, text_quality
from screen.types import Page

# A form is not among them: those of some servers hold the whole page.
_SKIPPED = frozenset(
    {
        "head",
        "script",
        "style",
        "template",
        "noscript",
        "nav",
        "button",
        "select",
        "textarea",
        "iframe",
        "object",
        "embed",
        "applet",
        "svg",
        "math",
        "audio",
        "video",
        "canvas",
    }
)
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    }
)
_CELLS = frozenset({"td", "th"})
# Twice as deep, the parser begins to leave out text without a word.
_MAX_DEPTH = 1000
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*>")


def read_html(sha256: str, text: str) -> list[Page]:
    """Return a page of the web, decoded, as one page. Raises DocumentError if it holds no text."""
    # Without huge_tree, text is left out from a depth of 256.
    parser = etree.HTMLParser(
        no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        parser.feed(_DECLARATION.sub("", text).replace("\x00", ""))
        root = parser.close()
    except etree.XMLSyntaxError as error:
        raise DocumentError("parse", f"not a page of the web: {error.msg}") from None
    if root is None:
        raise DocumentError("text", "the file holds no text")
    lines = ("\t".join(_words(cell) for cell in line.split("\t")) for line in _flow(root))
    body = "\n".join(line for line in lines if line.strip())
    if not body:
        raise DocumentError("text", "the file holds no text")
    quality = text_quality(body)
    readable = quality >= READABLE
    return [
        Page(
            sha256,
            1,
            body if readable else "",
            "html" if readable else "unreadable",
            quality,
            f"lxml {version('lxml')}",
            f"html {quality:g}",
        )
    ]


def _words(text: str) -> str:
    return " ".join(text.split())


def _flow(root: "etree._Element") -> list[str]:
    """Return the lines of a page; the cells of a row are parted by tabs."""
    return "".join(_pieces(root)).split("\n")


def _pieces(root: "etree._Element") -> Iterator[str]:
    """Yield text as it is met, with line feeds where blocks begin and end."""
    walk = etree.iterwalk(root, events=("start", "end"))
    skipped: etree._Element | None = None
    depth = 0
    for event, element in walk:
        depth += 1 if event == "start" else -1
        if depth > _MAX_DEPTH:
            raise DocumentError("parse", "its elements are nested too deeply")
        if event == "start":
            if skipped is not None or _is_hidden(element):
                skipped = element if skipped is None else skipped
                continue
            if element.tag in _BLOCKS:
                yield "\n"
            yield _inline(element.text)
            continue
        if skipped is None:
            if element.tag in _CELLS:
                yield "\t"
            elif element.tag in _BLOCKS:
                yield "\n"
        elif skipped is element:
            skipped = None
        if skipped is None:
            yield _inline(element.tail)


def _inline(text: str | None) -> str:
    """Return text in which line breaks and tabs are spaces, as they are on a page of the web."""
    return re.sub(r"\s+", " ", text or "")


def _is_hidden(element: "etree._Element") -> bool:
    if not isinstance(element.tag, str) or element.tag in _SKIPPED:
        return True
    return (
        "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or element.get("role") == "navigation"
        or _HIDDEN.search(element.get("style", "")) is not None
    )
