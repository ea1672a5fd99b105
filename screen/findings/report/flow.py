"""The flow diagram of the report, as boxes and arrows: the templates make SVG of them.

Lengths are in the units of the drawing's own view box.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.cells import cell_len, chop_cells

# The width of half a Chinese character, also in bold, and a line's height.
_CELL, _BOLD, _LINE = 6.4, 7.0, 17
_BOX, _GAP, _PAD = 310, 34, 10

Say = Callable[..., str]


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
