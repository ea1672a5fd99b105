"""Figures of a review: who judged how much, the recall curve, and how well reviewers agree."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from screen.review.agreement import Agreement, measure_agreement
from screen.study.completeness import Read
from screen.study.verdicts import Told, find_in_force, read_told

_CODES = ("0", "1", "2")
# The drawing's size, in its own units, and the room for its axes.
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 300, 46, 34


@dataclass(frozen=True, slots=True)
class Curve:
    """What was found against what was read, as a line in a drawing, with its ends in numbers."""

    width: int
    height: int
    left: int
    bottom: int
    points: str
    even: str
    read: int
    total: int
    found: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """How well reviewers agree about one thing: `what` is a key of interface.yml or a criterion."""

    what: str
    is_criterion: bool
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Comparisons:
    """All comparisons; `unblinded` verdicts were given after the program's reading was shown."""

    rows: tuple[Comparison, ...]
    unblinded: int
    verdicts: int


def list_progress(told: Told) -> list[dict[str, Any]]:
    """Return of each reviewer what stands: passages and papers by round, and when the last was."""
    found: dict[str, dict[str, Any]] = {}
    for (_, hit), rows in told.items():
        for (round_, reviewer), row in find_in_force(rows).items():
            mine = found.setdefault(
                reviewer,
                {"reviewer": reviewer, "passages": 0, "papers": 0, "decided": 0, "last": ""},
            )
            mine["decided" if round_ > 1 else "passages" if hit else "papers"] += 1
            mine["last"] = max(mine["last"], row["at"])
    return [found[name] for name in sorted(found)]


def draw_recall(read: Sequence[Read], total: int) -> Curve:
    """Return the curve of relevant passages found, in the order in which they were `read`.

    `total` is how many passages the queue has.
    """
    found = sum(item.highest for item in read)
    across, up = _WIDTH - _LEFT - 8, _HEIGHT - _BOTTOM - 8
    places = [(_LEFT, _HEIGHT - _BOTTOM)]
    so_far = 0
    for number, item in enumerate(read, start=1):
        so_far += item.highest
        x = _LEFT + across * number / max(total, 1)
        y = _HEIGHT - _BOTTOM - up * so_far / max(found, 1)
        places.append((round(x, 1), round(y, 1)))  # type: ignore[arg-type]
    last = places[-1]
    return Curve(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        bottom=_BOTTOM,
        points=" ".join(f"{x},{y}" for x, y in places),
        even=f"{_LEFT},{_HEIGHT - _BOTTOM} {last[0]},{last[1]}",
        read=len(read),
        total=total,
        found=found,
    )


def compare(engine: sa.Engine, criteria: Sequence[str]) -> Comparisons:
    """Return how well reviewers agree in the first round: on codes, criteria, and whole papers."""
    codes: dict[Any, dict[str, str]] = defaultdict(dict)
    papers: dict[Any, dict[str, str]] = defaultdict(dict)
    ticked: dict[str, dict[Any, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    unblinded = count = 0
    with engine.connect() as connection:
        told = read_told(connection)
    for (paper, hit), given in told.items():
        for (round_, reviewer), row in find_in_force(given).items():
            if round_ > 1:
                continue
            count += 1
            unblinded += not row["blind"]
            if hit is None:
                code = row["code"]
                papers[paper][reviewer] = "out_of_scope" if code is None else str(code)
                continue
            codes[hit][reviewer] = str(row["code"])
            for name in criteria:
                ticked[name][hit][reviewer] = "yes" if name in row["criteria"] else "no"
            ticked["mitigating"][hit][reviewer] = "yes" if row["mitigating"] else "no"
    rows = [
        Comparison("codes_of_passages", False, measure_agreement(codes, _CODES)),
        Comparison("codes_ordinal", False, measure_agreement(codes, _CODES, ordinal=True)),
        Comparison("codes_of_papers", False, measure_agreement(papers, (*_CODES, "out_of_scope"))),
    ]
    for name in (*criteria, "mitigating"):
        agreement = measure_agreement(ticked[name], ("no", "yes"))
        rows.append(Comparison(name, name in criteria, agreement))
    return Comparisons(tuple(rows), unblinded, count)
