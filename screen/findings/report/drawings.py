"""The drawings of the report as shapes with their places: the templates make SVG of them.

All lengths are in the units of each drawing's own view box.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.cells import cell_len, chop_cells

from screen.findings.places import Province, read_provinces
from screen.findings.report.counts import Counts, Group
from screen.rank.calibration import Bin

# In the flow diagram: the width of half a Chinese character, also in bold, and a line's height.
_CELL, _BOLD, _LINE = 6.4, 7.0, 17
_BOX, _GAP, _PAD = 310, 34, 10

Say = Callable[..., str]


# ---- the flow diagram ----------------------------------------------------------------------------


class Line(NamedTuple):
    """A line of text in a box, `y` units below its upper edge; the first one is its title."""

    text: str
    y: float
    is_title: bool


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the flow diagram: its upper left corner, its size, its lines."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class FlowDrawing:
    """The flow of one way of identification in boxes, with the arrows between them."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[float, float, float, float], ...]


def draw_flow(flow: Mapping[str, Any], say: Say, *, databases: bool) -> FlowDrawing:
    """Lay out the boxes of PRISMA 2020 (Page et al., BMJ 2021;372:n71) with a study's counts.

    Rows hold what is gone through on the left, and what is left out there on the right.
    """
    boxes: list[Box] = []
    arrows = []
    y, last = 4.0, 0.0
    for main, aside in _tell_flow(flow, say, databases):
        left = _make_box(4, y, main)
        boxes.append(left)
        height = left.height
        if last:
            middle = left.x + left.width / 2
            arrows.append((middle, last, middle, y))
        if aside:
            right = _make_box(4 + _BOX + _GAP, y, aside)
            boxes.append(right)
            height = max(height, right.height)
            level = y + min(left.height, right.height) / 2
            arrows.append((left.x + left.width, level, right.x, level))
        last = y + left.height
        y += height + 26
    return FlowDrawing(2 * _BOX + _GAP + 8, y - 22, tuple(boxes), tuple(arrows))


def _tell_flow(
    flow: Mapping[str, Any], say: Say, databases: bool
) -> list[tuple[list[str], list[str]]]:
    """Return the lines of each row: of its left box, and of its right one."""

    def tell(name: str, number: int | None = None) -> str:
        told: str = say(f"flow_{name}", n=_number(flow[name] if number is None else number))
        return told.replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")

    def reasons(name: str) -> list[str]:
        known = [
            (say(f"reason_{reason}") if _is_word(say, reason) else reason, number)
            for reason, number in flow[name].items()
        ]
        return [f"– {reason}: {_number(number)}" for reason, number in known]

    kind = "records" if databases else "files"
    by_database = flow.get("by_database", {})
    identified = [tell("identified" if databases else "identified_files", flow["identified"])]
    if set(by_database) - {"not stated"}:
        identified += [f"– {name}: {_number(number)}" for name, number in by_database.items()]
    lost = [tell("not_retrieved"), tell("unreadable")]
    if flow["waiting"]:
        lost.append(tell("waiting"))
    left_out = [tell("excluded_by_scope"), *reasons("excluded_by_scope_by_reason")]
    left_out += [tell("excluded_by_reviewers"), *reasons("excluded_by_reviewers_by_reason")]
    return [
        (identified, [tell("duplicates_removed")]),
        ([tell(f"screened_{kind}", flow["screened"])],
         [tell("excluded"), *reasons("excluded_by_reason")]),
        ([tell("sought")], lost),
        ([tell("assessed")], left_out),
        ([tell("included"), *(f"– {tell(name)}" for name in
          ("code_2", "code_1", "code_0", "awaiting_judgement", "not_flagged"))], []),
    ]  # fmt: skip


def _is_word(say: Say, reason: str) -> bool:
    try:
        say(f"reason_{reason}")
    except KeyError:
        return False
    return True


def _make_box(x: float, y: float, told: Sequence[str]) -> Box:
    room = _BOX - 2 * _PAD
    lines = [
        Line(part, 0, number == 0)
        for number, text in enumerate(told)
        for part in _wrap(text, int(room / (_CELL if number else _BOLD)))
    ]
    placed = tuple(
        line._replace(y=_PAD + _LINE * (place + 0.75)) for place, line in enumerate(lines)
    )
    return Box(x, y, _BOX, 2 * _PAD + _LINE * len(lines), placed)


def _wrap(text: str, widest: int) -> list[str]:
    """Return a text in lines of so many cells at most, broken at spaces where there are any."""
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= widest:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = chop_cells(word, widest) or [""]
        lines += whole
    return [*lines, line]


def _number(number: int) -> str:
    return f"{number:,}"


# ---- by year -------------------------------------------------------------------------------------


class Bar(NamedTuple):
    """A bar of one year: its left edge and width, its upper edge and height, and what it counts."""

    year: int
    x: float
    width: float
    y: float
    height: float
    papers: int
    kind: str


class Tick(NamedTuple):
    """A mark at an axis, with its number."""

    place: float
    number: int


@dataclass(frozen=True, slots=True)
class YearsDrawing:
    """Findings by year above, and the papers screened behind them below, on one axis of years."""

    width: float
    height: float
    base: float
    floor: float
    left: float
    findings: tuple[Bar, ...]
    screened: tuple[Bar, ...]
    years: tuple[Tick, ...]
    up: tuple[Tick, ...]
    down: tuple[Tick, ...]


def draw_years(years: Mapping[int, Group]) -> YearsDrawing | None:
    """Draw findings by year over the papers behind them; None where no year is known."""
    if not years:
        return None
    width, left, upper, lower, base = 720.0, 44.0, 130.0, 90.0, 150.0
    step = (width - left - 6) / len(years)
    wide = min(step * 0.8, 40)
    most = max(1, *(group.findings for group in years.values()))
    all_papers = max(1, *(group.screened for group in years.values()))
    floor = base + 22
    bars, papers, ticks = [], [], []
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 1000) if step * n >= 34)
    for place, (year, group) in enumerate(years.items()):
        x = left + step * place + (step - wide) / 2
        y = base
        for code in (2, 1):
            number = group.by_code[code]
            tall = upper * number / most
            y -= tall
            if number:
                bars.append(Bar(year, x, wide, y, tall, number, f"code{code}"))
        if group.screened:
            tall = lower * group.screened / all_papers
            papers.append(Bar(year, x, wide, floor, tall, group.screened, "screened"))
        if year % every == 0:
            ticks.append(Tick(x + wide / 2, year))
    return YearsDrawing(
        width, floor + lower + 14, base, floor, left, tuple(bars), tuple(papers), tuple(ticks),
        tuple(Tick(base - upper * number / most, number) for number in _round_marks(most)),
        tuple(Tick(floor + lower * number / all_papers, number)
              for number in _round_marks(all_papers)),
    )  # fmt: skip


def _round_marks(most: int) -> list[int]:
    """Return two or three round numbers up to the greatest, to be written at an axis."""
    step = next(
        unit * 10**power
        for power in range(12)
        for unit in (1, 2, 5)
        if unit * 10**power * 3 >= most
    )
    return list(range(step, most + 1, step))


# ---- by province ---------------------------------------------------------------------------------


class Tile(NamedTuple):
    """A province on the map: its place, its counts, and its shade from 0 (no finding) to 4."""

    province: Province
    x: float
    y: float
    findings: int
    screened: int
    shade: int


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """A square for each province, about where it lies."""

    width: float
    height: float
    side: float
    tiles: tuple[Tile, ...]


def draw_map(counts: Counts) -> MapDrawing:
    """Draw the provinces with their findings and the papers behind them."""
    wide, tall, gap = 78.0, 54.0, 4.0
    provinces = read_provinces()
    most = max((group.findings for group in counts.provinces.values()), default=0)
    tiles = []
    for province in provinces:
        group = counts.provinces.get(province.name, Group())
        shade = -(-4 * group.findings // most) if most else 0
        x, y = province.column * (wide + gap), province.row * (tall + gap)
        tiles.append(Tile(province, x, y, group.findings, group.screened, shade))
    across = max(tile.x for tile in tiles) + wide
    down = max(tile.y for tile in tiles) + tall
    return MapDrawing(across, down, wide, tuple(tiles))


# ---- how far probabilities can be trusted --------------------------------------------------------


class Dot(NamedTuple):
    """Passages of about one probability: the dot, and the ends of its interval."""

    x: float
    y: float
    low: float
    high: float
    passages: int


@dataclass(frozen=True, slots=True)
class TrustDrawing:
    """A square of what was given against what was true; `side` is its length, `edge` the margin."""

    side: float
    edge: float
    dots: tuple[Dot, ...]


def draw_trust(bins: Sequence[Bin]) -> TrustDrawing:
    """Draw a calibration curve: given probability across, share that was true upwards."""
    side, edge = 260.0, 40.0

    def up(share: float) -> float:
        return round(10 + side * (1 - share), 1)

    dots = tuple(
        Dot(round(edge + side * one.given, 1), up(one.true), up(one.low), up(one.high), one.count)
        for one in bins
    )
    return TrustDrawing(side, edge, dots)
