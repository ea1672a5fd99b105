"""The pages of a PDF by pdfminer.six: far slower than PDFium, with an eye for where lines stand."""

import io
import re
import zlib
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTContainer, LTTextLine
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import PDFStream, resolve1
from pdfminer.psexceptions import PSException

from screen.ingest.layout import Box, order_lines

MINER = f"pdfminer.six {version('pdfminer.six')}"
# pdfminer lets Python's own errors through on damaged files.
_ERRORS = (
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
# Characters farther apart than this, in their own width, stand in two columns.
_MARGIN = 1.2


class Miner:
    """One document, opened only when it is asked for, and once for all of its pages."""

    def __init__(self, data: bytes, most_pages: int) -> None:
        self._data = data
        self._most_pages = most_pages

    @cached_property
    def _pages(self) -> list[PDFPage]:
        try:
            return list(islice(PDFPage.get_pages(io.BytesIO(self._data)), self._most_pages))
        except _ERRORS:
            return []

    def read(self, index: int) -> str:
        """Return a page's text in reading order, empty where there is none to be had."""
        resources = PDFResourceManager()
        device = PDFPageAggregator(
            resources, laparams=LAParams(char_margin=_MARGIN, boxes_flow=None, all_texts=True)
        )
        try:
            PDFPageInterpreter(resources, device).process_page(self._pages[index])
            lines = list(_find_lines(device.get_result()))
        except _ERRORS:
            return ""
        boxes = [Box(line.x0, -line.y1, line.x1, -line.y0) for line in lines]
        return "\n".join(lines[place].get_text().rstrip("\n") for place in order_lines(boxes))

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
        except _ERRORS:
            return False
        return True


def _find_lines(container: LTContainer[Any]) -> Iterator[LTTextLine]:
    """Yield the lines of a page, those inside figures too."""
    for item in container:
        if isinstance(item, LTTextLine):
            yield item
        elif isinstance(item, LTContainer):
            yield from _find_lines(item)
