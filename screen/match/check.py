"""Run a pack's own cases against its rules."""

from collections.abc import Iterator
from dataclasses import dataclass

from screen.match.cascade import Cascade
from screen.match.schema import Case, Pack
from screen.text.normalise import clean_pages
from screen.types import Page


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a pack made of one case: criteria and signs that were met, the code, and the reasons."""

    case: Case
    criteria: tuple[str, ...]
    signs: tuple[str, ...]
    code: int
    reasons: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether criterion or sign was met as it should be, and the code is the wanted one."""
        met = self.case.criterion in self.criteria or self.case.sign in self.signs
        return met == self.case.match and self.code == self.case.code


def run_cases(pack: Pack) -> Iterator[CaseResult]:
    """Yield the result of each of the pack's cases in order."""
    cascade = Cascade(pack)
    for case in pack.cases:
        clean = clean_pages([Page(case.id, 1, case.text, "text", 1.0)])
        analysis = cascade.analyse(case.id, clean)
        criteria = sorted({name for hit in analysis.hits for name in hit.criteria})
        signs = sorted({sign.kind for sign in analysis.signs})
        code = max((hit.code for hit in analysis.hits), default=0)
        reasons = tuple(hit.reason for hit in analysis.hits)
        yield CaseResult(case, tuple(criteria), tuple(signs), code, reasons)
