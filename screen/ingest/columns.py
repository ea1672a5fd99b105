"""Lines of PDF pages with their places: whether PDFium read across the columns, and a way round it.

PDFium gives text in the order in which it was drawn. Some converters draw row by row over both
columns; such a page is read again from pdfminer's lines, in the order of the layout.
"""

from collections.abc import Iterable

from pdfminer.layout import LAParams, LTPage, LTTextContainer, LTTextLine
from pypdfium2 import PdfTextPage

from screen.ingest.layout import Box, order_lines, reads_across

# A bomb has more; a page of text has some hundred.
_MAX_BOXES = 5_000
# Small enough that a gutter of one and a half characters parts lines; order is the layout's work.
COLUMNS = LAParams(char_margin=1.2, boxes_flow=None)


def line_boxes(page: PdfTextPage) -> list[Box]:
    """Return where the lines of a page stand, in the order of its text, in points.

    Parts of a line that follow one another are one box. Empty for more than some thousand parts.
    """
    count = page.count_rects()
    if count > _MAX_BOXES:
        return []
    boxes: list[Box] = []
    for index in range(count):
        left, bottom, right, top = page.get_rect(index)
        box = Box(left, -top, right, -bottom)
        if boxes and _continues(boxes[-1], box):
            last = boxes.pop()
            box = Box(last.left, min(last.top, box.top), right, max(last.bottom, box.bottom))
        boxes.append(box)
    return boxes


def is_read_across(page: PdfTextPage) -> bool:
    """Tell whether PDFium's text of a page runs across its columns, line by line."""
    return reads_across(line_boxes(page))


def _continues(last: Box, box: Box) -> bool:
    """Tell whether a box goes on where the last one ends, in the same line."""
    height = max(last.bottom - last.top, box.bottom - box.top)
    middle = (box.top + box.bottom) / 2
    return last.top <= middle <= last.bottom and -height < box.left - last.right < 0.8 * height


def ordered_text(page: LTPage) -> str:
    """Return the text of a page that pdfminer laid out with `COLUMNS`, in reading order."""
    lines = list(_text_lines(page))
    boxes = [Box(line.x0, -line.y1, line.x1, -line.y0) for line in lines]
    return "".join(lines[index].get_text().rstrip("\n") + "\n" for index in order_lines(boxes))


def _text_lines(page: LTPage) -> Iterable[LTTextLine]:
    for item in page:
        if isinstance(item, LTTextContainer):
            parts = [item] if isinstance(item, LTTextLine) else item
            for line in parts:
                if isinstance(line, LTTextLine) and line.get_text().strip():
                    yield line
