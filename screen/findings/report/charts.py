"""The charts and the map of the report as shapes with their places: the templates make SVG of them.

All lengths are in the units of each drawing's own view box.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from screen.findings.provinces import Province, read_provinces
from screen.findings.report.counts import Counts, Group
from screen.rank.calibration import Bin

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
