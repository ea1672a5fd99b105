"""The picture of a page of a PDF, and where a quote stands on it."""

import io
import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2

from screen.errors import DocumentError
from screen.types import Page, Quote

# A page of A4 that is 3,000 pixels wide has 13 million, at 3 bytes each.
_MAX_PIXELS = 30_000_000
_MAX_HEIGHT = 20_000
# PDFium gives places in whole pixels: those of a picture as fine as this are as good as fractions.
_DEVICE = 1_000_000
# In heights of a character: words of one line stand nearer to each other, columns farther apart.
_MAX_GAP = 1.2
# Characters of one line share at least this much of the lower one's height, raised figures too.
_MIN_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the picture of a page: fractions (0-1) of its width and height.

    `left` and `top` are counted from the top left corner of the page as a reader sees it.
    """

    left: float
    top: float
    width: float
    height: float


class _Rectangle(NamedTuple):
    """A rectangle on the page in points, y upwards; or with x and y exchanged."""

    left: float
    bottom: float
    right: float
    top: float

    def turned(self) -> "_Rectangle":
        return _Rectangle(self.bottom, self.left, self.top, self.right)

    def joined(self, other: "_Rectangle") -> "_Rectangle":
        return _Rectangle(
            min(self.left, other.left),
            min(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self.top, other.top),
        )


def render_page(path: Path, number: int, width: int) -> bytes:
    """Return a page, counted from 1, as a PNG that is `width` pixels wide.

    Form fields and annotations are drawn as a reader sees them; no script of the PDF is run.
    Raises DocumentError if the file cannot be opened, has no such page, or if the page is too long
    for its width to be drawn.
    """
    with _open_page(path, number) as page:
        scale = _find_scale(page, width)
        picture = page.render(scale=scale).to_pil()
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _find_scale(page: Any, width: int) -> float:
    """Return the pixels a point that make a picture as wide as wanted."""
    if width < 1:
        raise ValueError(f"a picture cannot be {width} pixels wide")
    points_wide, points_high = page.get_size()
    if not (0 < points_wide < math.inf and 0 < points_high < math.inf):
        raise DocumentError("render", "the page has no size")
    # PDFium rounds upwards, so half a pixel less makes exactly as many.
    scale = (width - 0.5) / points_wide
    height = points_high * scale
    if not (height <= _MAX_HEIGHT and width * height <= _MAX_PIXELS):
        raise DocumentError(
            "render",
            f"a page of {points_wide:.4g} by {points_high:.4g} points is too large"
            f" for a picture {width} pixels wide",
        )
    return float(scale)


def find_boxes(path: Path, number: int, quote: Quote, text: str) -> list[Box]:
    """Return where `quote.start:quote.end` of a page's raw text stands, one box a line.

    `text` is the page as it was read, by either engine. Pages are counted from 1. Boxes come in the
    order of the text; none means that the place is not known. Raises DocumentError if the file
    cannot be opened or has no such page.
    """
    with _open_page(path, number) as page:
        textpage = page.get_textpage()
        places = _find_places(textpage, text, quote.start, quote.end)
        lines = _join_lines([_find_rectangle(textpage, place) for place in places])
        boxes = [_to_box(page, line) for line in lines]
    return [box for box in boxes if box.width > 0 and box.height > 0]


def find_line_boxes(page: Page, quote: Quote) -> list[Box]:
    """Return the lines that a quote stands in, of a page that was read from its picture."""
    return [
        Box(line.left, line.top, line.right - line.left, line.bottom - line.top)
        for line in page.lines
        if line.start < quote.end and quote.start < line.end
    ]


@contextmanager
def _open_page(path: Path, number: int) -> Iterator[Any]:
    """Open one page, form fields included."""
    try:
        document = pypdfium2.PdfDocument(path)
    except OSError as error:
        raise DocumentError("read", error.strerror or "not a regular file") from None
    except pypdfium2.PdfiumError:
        raise DocumentError("render", "not a PDF that can be opened") from None
    try:
        document.init_forms()
        if not 1 <= number <= len(document):
            raise DocumentError("render", f"there is no page {number} of {len(document)}")
        yield document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise DocumentError("render", f"page {number}: {error}") from None
    finally:
        document.close()


# ---- from the text to characters of the page ------------------------------------------------


def _find_places(textpage: Any, text: str, start: int, end: int) -> list[int]:
    """Return PDFium's indices of the characters that `text[start:end]` came from.

    The text lacks some of PDFium's characters and has others: line feeds, hyphens, halves of
    surrogate pairs, other forms of one letter. So only letters and signs that ink stands for are
    compared, in their plain form. If others stand at the quote's place in this order, the page was
    read in another one: then the nearest place with the quote's characters is taken.
    """
    wanted = _strip(text[start:end])
    if not wanted:
        return []
    expected = len(_strip(text[:start]))
    letters: list[str] = []
    indices: list[int] = []
    for index in range(textpage.count_chars()):
        code = pypdfium2.raw.FPDFText_GetUnicode(textpage, index)
        for letter in _plain(chr(code)) if code <= 0xFFFF else "":
            letters.append(letter)
            indices.append(index)
    written = "".join(letters)
    found = _find_nearest(written, wanted, expected)
    if found is not None:
        spans = [(found, len(wanted))]
    else:
        # The page was read in another order, by columns say: its lines are in both.
        lines = [_strip(line) for line in text[start:end].split("\n")]
        spans = [(written.find(line), len(line)) for line in lines if written.count(line) == 1]
    places = (place for first, length in spans for place in indices[first : first + length])
    return list(dict.fromkeys(places))


def _find_nearest(text: str, wanted: str, expected: int) -> int | None:
    """Return the place of the occurrence nearest to the expected one, None without any."""
    if text.startswith(wanted, expected):
        return expected
    before = text.rfind(wanted, 0, expected + len(wanted))
    after = text.find(wanted, expected)
    return min(
        (place for place in (before, after) if place >= 0),
        key=lambda place: abs(place - expected),
        default=None,
    )


def _strip(text: str) -> str:
    return "".join(map(_plain, text))


@lru_cache(maxsize=20_000)
def _plain(character: str) -> str:
    """Return what is compared of a character: nothing of one that may differ between readings.

    Those are spaces, controls, private and unassigned characters, hyphens at the end of lines, and
    characters beyond 16 bits, which PDFium gives in halves. ﬁ becomes fi, and ⼀ (a radical) 一.
    """
    return "".join(
        part
        for part in unicodedata.normalize("NFKC", character)
        if part <= "\uffff" and not unicodedata.category(part).startswith(("C", "Z", "Pd"))
    )


# ---- from characters to boxes ----------------------------------------------------------------


def _find_rectangle(textpage: Any, index: int) -> _Rectangle | None:
    """Return where a character stands, with the height of its font; None if it has no size."""
    for loose in (True, False):
        rectangle = _Rectangle(*textpage.get_charbox(index, loose=loose))
        sized = rectangle.left < rectangle.right and rectangle.bottom < rectangle.top
        if sized and all(map(math.isfinite, rectangle)):
            return rectangle
    return None


def _join_lines(places: list[_Rectangle | None]) -> list[_Rectangle]:
    """Join the rectangles of characters, in the order of the text, to one for each line.

    A character is compared with the one before it and not with the line, so that in a page that
    lies askew the next line stays apart.
    """
    characters = [place for place in places if place is not None]
    upright = _runs_upright(characters)
    if upright:
        characters = [character.turned() for character in characters]
    lines = characters[:1]
    for before, character in pairwise(characters):
        if _stand_in_line(before, character):
            lines[-1] = lines[-1].joined(character)
        else:
            lines.append(character)
    return [line.turned() for line in lines] if upright else lines


def _runs_upright(characters: list[_Rectangle]) -> bool:
    """Tell whether a text runs up or down the page: written so, or on a page to be turned."""
    steps = [
        abs(after.bottom + after.top - before.bottom - before.top)
        > abs(after.left + after.right - before.left - before.right)
        for before, after in pairwise(characters)
    ]
    return sum(steps) * 2 > len(steps)


def _stand_in_line(one: _Rectangle, other: _Rectangle) -> bool:
    heights = (one.top - one.bottom, other.top - other.bottom)
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    gap = max(one.left, other.left) - min(one.right, other.right)
    return overlap >= _MIN_OVERLAP * min(heights) and gap <= _MAX_GAP * max(heights)


def _to_box(page: Any, line: _Rectangle) -> Box:
    """Return a rectangle as it lies on the picture, cut off at the page's edges."""
    place = pypdfium2.PdfPosConv(page, (0, 0, _DEVICE, _DEVICE, 0))
    corners = (place.to_bitmap(line.left, line.bottom), place.to_bitmap(line.right, line.top))
    (left, right), (top, bottom) = (
        sorted(min(max(value / _DEVICE, 0.0), 1.0) for value in values)
        for values in zip(*corners, strict=True)
    )
    return Box(left, top, right - left, bottom - top)
