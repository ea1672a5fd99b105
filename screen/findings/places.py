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
