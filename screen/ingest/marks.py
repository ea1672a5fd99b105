"""Footnotes and tables: stretches of a page that part sentences of its running text.

They are told by words and by place together, so that in doubt a line is running text: a footnote
begins with words that nothing else begins with and reaches down to the foot of its column; a table
is row upon row of figures.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median
from typing import NamedTuple

from screen.ingest.layout import Box
from screen.types import Mark


class Piece(NamedTuple):
    """A stretch `start:end` of a page's text that stands in one place: a line, a cell."""

    start: int
    end: int
    box: Box


_GAP = r"\s*"
_WORDS = (
    "收稿日期", "修回日期", "作者单位", "基金项目", "资助项目", "课题来源", "通讯作者", "通信作者",
    "作者简介", "第一作者", "現單位", "现单位", "收稿",
)  # fmt: skip
_FOOTNOTE = re.compile(
    r"\s*[*＊※△▲#①②]?\s*[\[【［(（]?\s*(?:" + "|".join(_GAP.join(word) for word in _WORDS) + ")"
)
_CAPTION = re.compile(r"\s*(?:续\s*)?[表Tt](?:able)?\s*[\d一二三四五六七八九]")
_FIGURES = re.compile(r"[\d.,%()（）±<>=~～/\-－—–+＋*]")
# A footnote has at most so many lines; those of a table at least so many rows, of so many cells, of
# which this share of the characters are figures and signs.
_MOST_LINES, _LEAST_ROWS, _LEAST_CELLS, _LEAST_FIGURES = 8, 3, 3, 0.4
# In heights of a line: lines of one footnote stand no farther apart.
_APART = 1.5
# Above the figures of a table stand its caption and the heads of its columns.
_MOST_HEADS = 4


def find_marks(text: str, pieces: Sequence[Piece]) -> tuple[Mark, ...]:
    """Return the footnotes and tables of a page, by the places of what stands on it, in order."""
    if len(pieces) < _LEAST_ROWS:
        return ()
    height = median(piece.box.bottom - piece.box.top for piece in pieces) or 1.0
    rows = _find_rows(pieces)
    marks = [*_find_footnotes(text, rows, height), *_find_tables(text, rows)]
    return tuple(sorted(marks))


Row = list[Piece]


def _find_rows(pieces: Sequence[Piece]) -> list[Row]:
    """Return pieces that follow each other at one height together."""
    number = 0
    numbers = []
    for index, piece in enumerate(pieces):
        before = pieces[index - 1].box if index else piece.box
        middle = (piece.box.top + piece.box.bottom) / 2
        if not (before.top < middle < before.bottom and before.left <= piece.box.left):
            number += 1
        numbers.append(number)
    pairs = groupby(zip(numbers, pieces, strict=True), key=lambda pair: pair[0])
    return [[piece for _, piece in row] for _, row in pairs]


def _find_footnotes(text: str, rows: Sequence[Row], height: float) -> Iterator[Mark]:
    last = -1
    for index, row in enumerate(rows):
        if index <= last or not _FOOTNOTE.match(text, row[0].start, row[-1].end):
            continue
        last = index
        while last + 1 < len(rows) and _goes_on(rows[last], rows[last + 1], height):
            last += 1
        block = rows[index : last + 1]
        if len(block) <= _MOST_LINES and _reaches_foot(block, rows, height):
            yield Mark(row[0].start, block[-1][-1].end, "footnote")


def _goes_on(row: Row, below: Row, height: float) -> bool:
    """Tell whether a row stands right below another, in the same column."""
    distance = below[0].box.top - row[-1].box.bottom
    return -height < distance < _APART * height and _share_column(row, below)


def _share_column(one: Row, other: Row) -> bool:
    left = max(one[0].box.left, other[0].box.left)
    return min(one[-1].box.right, other[-1].box.right) > left


def _reaches_foot(block: Sequence[Row], rows: Sequence[Row], height: float) -> bool:
    """Tell whether below a block there is nothing more in its column than the foot of the page."""
    foot = block[-1][-1].box.bottom
    below = [row for row in rows if row[0].box.top > foot and _share_column(block[-1], row)]
    return all(row[0].box.top - foot > _APART * height for row in below) and len(below) <= 2


def _find_tables(text: str, rows: Sequence[Row]) -> Iterator[Mark]:
    for is_table, numbers in groupby(range(len(rows)), key=lambda n: _is_tabular(text, rows[n])):
        found = list(numbers)
        if not is_table or len(found) < _LEAST_ROWS:
            continue
        first = found[0]
        for above in range(first - 1, max(first - 1 - _MOST_HEADS, -1), -1):
            if _CAPTION.match(text, rows[above][0].start):
                first = above
                break
        yield Mark(rows[first][0].start, rows[found[-1]][-1].end, "table")


def _is_tabular(text: str, row: Row) -> bool:
    if len(row) < _LEAST_CELLS:
        return False
    dense = "".join("".join(text[piece.start : piece.end].split()) for piece in row)
    return len(_FIGURES.findall(dense)) >= _LEAST_FIGURES * len(dense)
