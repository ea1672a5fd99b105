"""The order in which the lines of a page are read, told by where they stand; geometry alone.

Lines over the full width (title, abstract, wide tables) cut a page into bands. In a band whose
lines leave a gutter free, what is left of it is read before what is right of it. Running heads and
page numbers are bands of their own, so that they stay at the edges of the page's text.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple


class Box(NamedTuple):
    """Where a line stands, in any unit, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """The height at which the line stands."""
        return (self.top + self.bottom) / 2

    def joins(self, other: "Box") -> bool:
        """Tell whether another piece of the same printed line follows, not farther than a space."""
        height = max(self.bottom - self.top, other.bottom - other.top)
        return (
            self.top < other.middle < self.bottom and abs(other.left - self.right) < _SPACE * height
        )


# In heights of a line: the least width of a gutter; the gap between running head and text.
_GUTTER, _HEAD_GAP = 0.5, 1.6
# In heights of a line: no space within one is as wide.
_SPACE = 1.2
# A gutter is one if so many lines stand on either side, and at most this share of all crosses it.
_LEAST_LINES, _MOST_CROSSING = 3, 0.35
# A column is at least this share of the width of the type area.
_LEAST_COLUMN = 0.2
# Two pieces of one printed line overlap by this share of the lower one's height.
_SAME_ROW = 0.5


def order_lines(boxes: Sequence[Box]) -> list[int]:
    """Return the indices of lines in reading order; the same whatever the order they come in."""
    indices = [index for index, _ in sorted(enumerate(boxes), key=lambda item: item[1])]
    if not indices:
        return []
    height = median(boxes[index].bottom - boxes[index].top for index in indices)
    head, body, foot = _part_margins(boxes, indices, height)
    ordered = []
    for part in (head, body, foot):
        ordered += _order(boxes, part, height) if part is body else _in_rows(boxes, part)
    return ordered


def reads_across(boxes: Sequence[Box]) -> bool:
    """Tell whether lines in this order go to and fro over a gutter: it was not seen.

    In columns that are read one after the other the text crosses the gutter a few times a page.
    """
    indices = list(range(len(boxes)))
    if len(boxes) < 4 * _LEAST_LINES:
        return False
    height = median(box.bottom - box.top for box in boxes)
    _, body, _ = _part_margins(boxes, indices, height)
    gutter = _find_gutter(boxes, body, height)
    if gutter is None:
        return False
    sides = [
        boxes[index].left >= gutter
        for index in sorted(body)
        if boxes[index].right <= gutter or boxes[index].left >= gutter
    ]
    crossings = sum(one != other for one, other in pairwise(sides))
    fewer = min(sum(sides), len(sides) - sum(sides))
    return crossings > max(4, fewer / 2)


def _part_margins(
    boxes: Sequence[Box], indices: Sequence[int], height: float
) -> tuple[list[int], list[int], list[int]]:
    """Return the running head, the type area and the foot: a row apart from all others."""
    rows = _find_rows(boxes, indices)
    first, last = 0, len(rows)
    for _ in range(2):
        if last - first > 2 and _gap(boxes, rows[first], rows[first + 1]) > _HEAD_GAP * height:
            first += 1
    for _ in range(2):
        if last - first > 2 and _gap(boxes, rows[last - 2], rows[last - 1]) > _HEAD_GAP * height:
            last -= 1
    parts = rows[:first], rows[first:last], rows[last:]
    head, body, foot = ([index for row in part for index in row] for part in parts)
    return head, body, foot


def _gap(boxes: Sequence[Box], above: Sequence[int], below: Sequence[int]) -> float:
    return min(boxes[i].top for i in below) - max(boxes[i].bottom for i in above)


def _find_rows(boxes: Sequence[Box], indices: Sequence[int]) -> list[list[int]]:
    """Return lines that stand at one height together, from top to bottom, each from left to right.

    Lines of two columns seldom stand at quite the same height: a row takes all that overlap.
    """
    rows: list[list[int]] = []
    bottom = 0.0
    for index in sorted(indices, key=lambda index: (boxes[index].middle, boxes[index])):
        box = boxes[index]
        overlap = bottom - box.top
        if rows and overlap > _SAME_ROW * (box.bottom - box.top):
            rows[-1].append(index)
            bottom = min(bottom, box.bottom)
        else:
            rows.append([index])
            bottom = box.bottom
    return [sorted(row, key=lambda index: boxes[index]) for row in rows]


def _in_rows(boxes: Sequence[Box], indices: Sequence[int]) -> list[int]:
    return [index for row in _find_rows(boxes, indices) for index in row]


def _order(boxes: Sequence[Box], indices: Sequence[int], height: float) -> list[int]:
    """Return lines in order: band by band where there is a gutter, else from top to bottom."""
    gutter = _find_gutter(boxes, indices, height)
    if gutter is None:
        return _in_rows(boxes, indices)
    wide = [i for i in indices if boxes[i].left < gutter < boxes[i].right]
    ordered: list[int] = []
    rest = [i for i in indices if i not in set(wide)]
    for row in [*_find_rows(boxes, wide), None]:
        edge = min(boxes[i].middle for i in row) if row else float("inf")
        band = [i for i in rest if boxes[i].middle < edge]
        rest = [i for i in rest if boxes[i].middle >= edge]
        for is_right in (False, True):
            column = [i for i in band if (boxes[i].left >= gutter) == is_right]
            ordered += _order(boxes, column, height)
        ordered += row or []
    return ordered


def _find_gutter(boxes: Sequence[Box], indices: Sequence[int], height: float) -> float | None:
    """Return the middle of the gap between columns that fewest lines cross, None without one."""
    if len(indices) < 2 * _LEAST_LINES:
        return None
    left = min(boxes[i].left for i in indices)
    right = max(boxes[i].right for i in indices)
    least = _LEAST_COLUMN * (right - left)
    best: tuple[float, float] | None = None
    # A gutter begins where a line ends: at that place, and as far as the next line that begins.
    for end in sorted({boxes[i].right for i in indices}):
        if not left + least <= end <= right - least:
            continue
        begins = [boxes[i].left for i in indices if boxes[i].left >= end]
        gap = min(begins, default=end) - end
        if gap < _GUTTER * height:
            continue
        place = end + gap / 2
        crossing = sum(boxes[i].left < place < boxes[i].right for i in indices)
        before = sum(boxes[i].right <= place for i in indices)
        after = len(indices) - crossing - before
        if min(before, after) < _LEAST_LINES or crossing > _MOST_CROSSING * len(indices):
            continue
        if best is None or (crossing, -gap) < best:
            best, found = (crossing, -gap), place
    return None if best is None else found
