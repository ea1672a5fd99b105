"""Stub until the real one is merged."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where."""

    hospital: str = ""
    english: str = ""
    city: str = ""
    province: str = ""
    method: str = "unknown"


def find_paper_place(affiliations: Sequence[str]) -> Place:
    """Return."""
    return Place()


@dataclass(frozen=True, slots=True)
class Province:
    """A province."""

    name: str
    english: str
    column: int
    row: int


def read_provinces() -> tuple[Province, ...]:
    """Return."""
    return (
        Province("广东", "Guangdong", 5, 5),
        Province("北京", "Beijing", 5, 1),
        Province("新疆", "Xinjiang", 0, 0),
    )
