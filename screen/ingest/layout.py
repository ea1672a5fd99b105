"""The order in which the lines of a page are read, from where they stand on it.

A page is read band by band: lines that cross the gutter (a title, a caption over both columns) cut
it, and between them one column is read after the other. A gutter is a strip that lines keep clear
of, row after row, with filled columns on both sides: cells of a table stand apart as well, but
leave most of the width empty, and are read row by row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple


class Box(NamedTuple):
    """Where a line stands, in any unit, counted downwards from the top left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float


class _Item(NamedTuple):
    """A box set upright, with its place in the input, by which none of what is read is decided."""

    middle: float
    left: float
    right: float
    height: float
    place: int


@dataclass(frozen=True, slots=True)
class _Gutter:
    """A place between two columns; `rows` speak for it, `turn` is the page's skew."""

    place: float
    rows: int
    turn: float


# Shares of the usual height of a line.
_ROW = 0.6  # lines whose middles are no farther apart can stand in one row
_LEAST_GUTTER = 0.6
_OVERLAP = 0.3  # boxes of recognised characters reach into the gutter
_SPECK = 1.5  # what is narrower, between two columns, is no line over both
_HEAD_GAP = 1.0
# Rows that must keep clear of a gutter, and how much of a column its lines must fill.
_LEAST_ROWS, _LEAST_FILL = 3, 0.5
_MOST_ACROSS = 3
_STEPS = 90
_TURNS = (0.0, 0.006, -0.006, 0.012, -0.012, 0.018, -0.018)
# A run of text changes the column for each row where a converter saw no gutter.
_ACROSS = 0.6
_ACROSS_ROWS = 6


def order_lines(boxes: Sequence[Box]) -> list[int]:
    """Return the indices of the boxes in the order in which they are read."""
    if not boxes:
        return []
    unit = _unit(boxes)
    gutter = _find_turned(boxes, unit)
    items = _upright(boxes, gutter.turn if gutter else 0.0)
    return [item.place for item in _read(items, unit, 0)]


def reads_across(boxes: Sequence[Box]) -> bool:
    """Tell whether boxes in the order of a text jump between two columns, line by line."""
    if _leap_count(boxes) < _ACROSS_ROWS:
        return False
    gutter = _find_turned(boxes, unit := _unit(boxes))
    if gutter is None or gutter.rows < _ACROSS_ROWS:
        return False
    items = _upright(boxes, gutter.turn)
    sides = {item.place: _side(item, gutter.place, unit) for item in items}
    pairs = pairwise(sides[index] for index in range(len(boxes)))
    jumps = sum(one * other < 0 for one, other in pairs)
    return jumps > 2 * _ACROSS * gutter.rows


def _leap_count(boxes: Sequence[Box]) -> int:
    """Count where a text goes on in the same row beyond a blank; cheap, and few do."""
    count = 0
    for last, box in pairwise(boxes):
        height = box.bottom - box.top
        if last.top < (box.top + box.bottom) / 2 < last.bottom:
            count += box.left - last.right > _LEAST_GUTTER * height
    return count


def _unit(boxes: Sequence[Box]) -> float:
    """Return the usual height of a line."""
    return median(box.bottom - box.top for box in boxes) or 1.0


def _upright(boxes: Sequence[Box], turn: float) -> list[_Item]:
    """Return the boxes turned back by a small angle, from the top down."""
    items = []
    for index, box in enumerate(boxes):
        middle, centre = (box.top + box.bottom) / 2, (box.left + box.right) / 2
        shift = turn * middle
        items.append(
            _Item(
                middle - turn * centre,
                box.left + shift,
                box.right + shift,
                box.bottom - box.top,
                index,
            )
        )
    return sorted(items)


def _find_turned(boxes: Sequence[Box], unit: float) -> _Gutter | None:
    """Return the clearest gutter; a page counts as turned only where that makes it clearer."""
    best: _Gutter | None = None
    for turn in _TURNS:
        found = _find_gutter(_upright(boxes, turn), unit, turn)
        if found and (best is None or found.rows > best.rows * 1.1):
            best = found
    return best


def _find_gutter(items: Sequence[_Item], unit: float, turn: float = 0.0) -> _Gutter | None:
    """Return the place that most rows keep clear of, if it parts columns of text."""
    left, right = min(item.left for item in items), max(item.right for item in items)
    width = right - left
    if width < 8 * unit or len(items) < 2 * _LEAST_ROWS:
        return None
    found: list[tuple[int, float]] = []
    for step in range(_STEPS // 10, _STEPS - _STEPS // 10 + 1):
        place = left + width * step / _STEPS
        found.append((_count_rows(items, place, left, right, unit), place))
    rows = max(count for count, _ in found)
    if rows < _LEAST_ROWS:
        return None
    places = [place for count, place in found if count == rows]
    place = places[len(places) // 2]
    if sum(_side(item, place, unit) == 0 for item in items) > _MOST_ACROSS * rows:
        # Where most lines run across, a few that are broken at one place are no columns.
        return None
    return _Gutter(place, rows, turn)


def _count_rows(
    items: Sequence[_Item], place: float, left: float, right: float, unit: float
) -> int:
    """Count the rows of text on both sides of a place that nothing crosses."""
    count = 0
    for band in _bands(items, place, unit):
        one = [item for item in band if _side(item, place, unit) < 0]
        two = [item for item in band if _side(item, place, unit) > 0]
        if min(len(one), len(two)) < _LEAST_ROWS:
            continue
        if not (_fills(one, place - left, unit) and _fills(two, right - place, unit)):
            continue
        if _clear(one, two, unit):
            count += _common_rows(one, two, unit)
    return count


def _clear(one: Sequence[_Item], two: Sequence[_Item], unit: float) -> bool:
    """Tell whether the usual row of a band leaves a gutter open."""
    ends = sorted(item.right for item in one)
    starts = sorted(item.left for item in two)
    gap = starts[len(starts) // 4] - ends[len(ends) * 3 // 4]
    return gap >= _LEAST_GUTTER * unit


def _common_rows(one: Sequence[_Item], two: Sequence[_Item], unit: float) -> int:
    """Count the rows that stand at the same height on both sides."""
    first = max(one[0].middle, two[0].middle) - unit
    last = min(one[-1].middle, two[-1].middle) + unit
    inside = [[item for item in side if first <= item.middle <= last] for side in (one, two)]
    return min(_row_count(side, unit) for side in inside)


def _row_count(items: Sequence[_Item], unit: float) -> int:
    return sum(1 for _ in _rows(items, unit))


def _fills(items: Sequence[_Item], width: float, unit: float) -> bool:
    """Tell whether lines fill a column as text does; cells of a table leave most of it empty."""
    covered = sum(item.right - item.left for item in items)
    return covered >= _LEAST_FILL * width * _row_count(items, unit)


def _side(item: _Item, place: float, unit: float) -> int:
    """Return -1 for a box left of a gutter, 1 for one right of it, 0 for one across."""
    slack = _OVERLAP * unit
    centre = (item.left + item.right) / 2
    if item.right <= place + slack and centre < place:
        return -1
    if item.left >= place - slack and centre >= place:
        return 1
    return 0


def _bands(items: Sequence[_Item], place: float, unit: float) -> Iterator[list[_Item]]:
    """Yield what is between the lines across a place, and each of those lines by itself."""
    band: list[_Item] = []
    for item in items:
        if _side(item, place, unit) or _is_speck(item, items, unit):
            band.append(item)
            continue
        if band:
            yield band
        yield [item]
        band = []
    if band:
        yield band


def _is_speck(item: _Item, items: Sequence[_Item], unit: float) -> bool:
    """Tell whether a box in a gutter is dirt: tiny, with lines beside it on both sides."""
    if item.right - item.left > _SPECK * unit:
        return False
    beside = [other for other in items if abs(other.middle - item.middle) < unit and other != item]
    return any(other.right <= item.right for other in beside) and any(
        other.left >= item.left for other in beside
    )


def _read(items: Sequence[_Item], unit: float, depth: int) -> Iterator[_Item]:
    """Yield boxes as they are read: head, then band by band and column by column, then folio."""
    gutter = _find_gutter(items, unit) if items and depth < 3 else None
    if gutter is None:
        for row in _rows(items, unit):
            yield from row
        return
    head, body = _part_head(items, unit) if depth == 0 else ([], items)
    yield from sorted(head, key=lambda item: item.left)
    width = max(item.right for item in items) - min(item.left for item in items)
    for whole in _bands(body, gutter.place, unit):
        band, foot = _part_foot(whole, width, unit)
        if _is_tabular(band, width, unit):
            for row in _rows(band, unit):
                yield from row
        else:
            firsts = {item for item in band if item.left + item.right < 2 * gutter.place}
            yield from _read([item for item in band if item in firsts], unit, depth + 1)
            yield from _read([item for item in band if item not in firsts], unit, depth + 1)
        yield from sorted(foot, key=lambda item: item.left)


def _is_tabular(band: Sequence[_Item], width: float, unit: float) -> bool:
    """Tell whether a band is a table: three boxes a row or more, and little filled."""
    rows = _row_count(band, unit)
    covered = sum(item.right - item.left for item in band)
    return rows > 1 and len(band) >= 3 * rows and covered < _LEAST_FILL * width * rows


def _part_head(items: Sequence[_Item], unit: float) -> tuple[list[_Item], list[_Item]]:
    """Return the running head and the rest: the blank that sets it off goes through all columns."""
    rows = list(_rows(items, unit))
    if len(rows) < _LEAST_ROWS or not _is_apart(rows[0], rows[1], unit):
        return [], list(items)
    return rows[0], [item for item in items if item not in rows[0]]


def _part_foot(band: Sequence[_Item], width: float, unit: float) -> tuple[list[_Item], list[_Item]]:
    """Return columns and what stands below both, small: a folio, or the rubric of a next title."""
    rows = list(_rows(band, unit))
    if len(rows) < _LEAST_ROWS or not _is_apart(rows[-2], rows[-1], unit):
        return list(band), []
    if any(item.right - item.left > width / 4 for item in rows[-1]):
        return list(band), []
    return [item for item in band if item not in rows[-1]], rows[-1]


def _is_apart(above: Sequence[_Item], below: Sequence[_Item], unit: float) -> bool:
    """Tell whether two rows are farther apart than lines of text are."""
    end = max(item.middle + item.height / 2 for item in above)
    return min(item.middle - item.height / 2 for item in below) - end >= _HEAD_GAP * unit


def _rows(items: Sequence[_Item], unit: float) -> Iterator[list[_Item]]:
    """Yield boxes, ordered from the top down, in rows, each from left to right.

    Boxes one above the other are in different rows however near they are.
    """
    row: list[_Item] = []
    for item in items:
        if row and (item.middle - row[0].middle > _ROW * unit or _is_below(item, row)):
            yield sorted(row, key=lambda other: (other.left, other.middle))
            row = []
        row.append(item)
    if row:
        yield sorted(row, key=lambda other: (other.left, other.middle))


def _is_below(item: _Item, row: Sequence[_Item]) -> bool:
    """Tell whether a box shares most of its width with one of a row."""
    for other in row:
        shared = min(item.right, other.right) - max(item.left, other.left)
        if shared > 0.5 * min(item.right - item.left, other.right - other.left):
            return True
    return False
