"""The 34 units at the level of a province, with their squares on a map of tiles."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

# Cities that are units of their own: who names the unit names the city.
WHOLE_CITIES = frozenset({"北京", "天津", "上海", "重庆", "香港", "澳门"})


class Province(NamedTuple):
    """A unit by its short names; its square counts from 0, columns eastward and rows southward."""

    name: str
    english: str
    column: int
    row: int


@cache
def read_provinces() -> tuple[Province, ...]:
    """Return the 34 units of `provinces.csv`, from north to south."""
    path = Path(__file__).with_name("provinces.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Province(row["name"], row["english"], int(row["column"]), int(row["row"])) for row in rows
    )
