"""Run a pack's own cases against its rules."""

from collections.abc import Iterator
from dataclasses import dataclass

from screen.match.cascade import Cascade
from screen.match.schema import Case, Pack
from screen.text.normalise import clean_pages
from screen.types import Page


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a pack made of one case: the criteria it met, its code, and whether that is right."""

    case: Case
    criteria: tuple[str, ...]
    code: int
    reasons: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the named criterion was met as it should be, and the code is the wanted one."""
        return (self.case.criterion in self.criteria) == self.case.match and (
            self.code == self.case.code
        )


def run_cases(pack: Pack) -> Iterator[CaseResult]:
    """Yield the result of each of the pack's cases in order."""
    cascade = Cascade(pack)
    for case in pack.cases:
        hits = cascade.find_hits(case.id, clean_pages([Page(case.id, 1, case.text, "text", 1.0)]))
        criteria = sorted({name for hit in hits for name in hit.criteria})
        code = max((hit.code for hit in hits), default=0)
        yield CaseResult(case, tuple(criteria), code, tuple(hit.reason for hit in hits))
