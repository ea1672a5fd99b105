"""Which rows of a table leave: by code, criterion, year, and whether people settled them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from screen.errors import ExportError

Chosen = TypeVar("Chosen", bound=Mapping[str, Any])
_YEARS = re.compile(r"(\d{4})?(-)?(\d{4})?")


class Years(NamedTuple):
    """Years from `first` to `last`, both included; None for an open end."""

    first: int | None
    last: int | None

    def holds(self, year: int | None) -> bool:
        """Tell whether a year is among them; one that is not known is not."""
        if year is None:
            return False
        return (self.first or year) <= year <= (self.last or year)


def read_years(text: str) -> Years:
    """Read 2000-2010, 2000-, -2010 or 2005. Raises ValueError for anything else."""
    found = _YEARS.fullmatch(text.strip())
    if found is None or not (found[1] or found[3]):
        raise ValueError(f"{text!r} is no year and no range of years, such as 2000-2010")
    first, last = (int(part) if part else None for part in (found[1], found[3]))
    if not found[2]:
        return Years(first or last, first or last)
    if first is not None and last is not None and first > last:
        raise ValueError(f"{text!r} ends before it begins")
    return Years(first, last)


class _Meant(NamedTuple):
    """The fields of a table that a filter asks: of the rules, and of what people settled."""

    code: str
    criteria: str
    settled_code: str
    settled_criteria: str


_MEANT: Mapping[str, _Meant] = {
    "hits": _Meant("code", "criteria", "judged_code", "judged_criteria"),
    "papers": _Meant("code", "criteria", "verdict", "judged_criteria"),
    "findings": _Meant("code", "criteria", "code", "criteria"),
    "verdicts": _Meant("code", "criteria", "code", "criteria"),
    "queue": _Meant("code", "criteria", "", ""),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows leave. Codes, or criteria, are alternatives; what is empty asks nothing.

    Of hits and papers `codes` and `criteria` are what the rules say, or with `settled` what people
    settled; findings are always settled. Of verdicts they are what each verdict says, and `settled`
    leaves those that are in force. A row whose year is not known is in no range of years.
    """

    codes: frozenset[int] = frozenset()
    criteria: frozenset[str] = frozenset()
    years: Years | None = None
    settled: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether all rows leave."""
        return self == Filters()

    def check(self, what: str, known: Iterable[str]) -> None:
        """Raise ExportError for a filter that a table cannot answer, or an unknown criterion."""
        names = sorted(known)
        if unknown := sorted(self.criteria - set(names)):
            raise ExportError(f"no criterion {unknown[0]!r:.40}: the pack has {', '.join(names)}")
        if what not in _MEANT and not self.is_empty:
            raise ExportError(f"{what} have neither codes nor years to choose by")
        if what == "queue" and self.settled:
            raise ExportError("the queue is what is not settled")
        if what == "verdicts" and self.years:
            raise ExportError("verdicts have no year of publication: choose papers or findings")

    def choose(self, what: str, rows: Iterable[Chosen]) -> Iterator[Chosen]:
        """Yield the rows that leave."""
        return iter(rows) if self.is_empty else filter(lambda row: self._takes(what, row), rows)

    def _takes(self, what: str, row: Mapping[str, Any]) -> bool:
        meant = _MEANT[what]
        code, criteria = row[meant.code], row[meant.criteria]
        if self.settled and what == "verdicts":
            if not row["in_force"]:
                return False
        elif self.settled:
            code, criteria = row[meant.settled_code], row[meant.settled_criteria]
            if not row.get("settled", code is not None):
                return False
            if code is None and not row.get("out_of_scope"):
                code = 0
        if self.codes and code not in self.codes:
            return False
        if self.criteria and not self.criteria.intersection(criteria or ()):
            return False
        # A row of the queue has "" for what is not known.
        return self.years is None or self.years.holds(row.get("year") or None)
