"""The small print of the appendix table: what its letters and codes mean, and what it rests on."""

from collections import Counter
from collections.abc import Iterator, Sequence

from screen import __version__
from screen.findings.appendix.references import make_plain
from screen.findings.filters import Filters
from screen.findings.holdings import Holdings
from screen.match.schema import Manifest

CODES = {
    2: ("problematic", "the text itself shows it"),
    1: ("possible", "the text fits it, but does not say all that would show it"),
    0: ("not problematic", "about something else, or as it should be"),
}


def explain(codebook: Manifest, codes: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Yield the criteria and codes with their meanings."""
    for letter, criterion in codebook.criteria.items():
        added = ", supporting: never by itself" if criterion.supporting else ""
        yield f"Criterion {letter}", make_plain(f"{criterion.gloss} (code {criterion.code}{added})")
    for code in codes:
        yield f"Code {code}", ": ".join(CODES[code])


def list_notes(
    holdings: Holdings, filters: Filters, excerpts: int, translated: int
) -> Iterator[str]:
    """Yield what the table rests on: who judged, what was screened, what may have been missed."""
    named = f", pack {' and '.join(holdings.packs)}" if holdings.packs else ""
    yield (
        f"The software (ddr-screen {__version__}{named}) flags text; people judged it. The table "
        "tells what the texts say, and does not assert what happened."
    )
    if chosen := ", ".join(_tell_filters(filters)):
        yield f"Only findings of {chosen}. Numbers count the findings of the whole study."
    counts = Counter(paper.status for paper in holdings.papers)
    rest = [
        f"{counts[name]} {name}" for name in ("unreadable", "waiting", "excluded") if counts[name]
    ]
    flagged = sum(bool(paper.is_flagged) for paper in holdings.papers)
    left = f"; not screened: {', '.join(rest)}" if rest else ""
    yield (
        f"Behind the table are {counts['screened']} papers screened, {flagged} of them flagged"
        f"{left}."
    )
    yield holdings.completeness.statement
    yield (
        "Excerpts are verbatim, but for spaces and line breaks of the print and the width and form "
        "of signs; letters tell several of one paper apart. Words that stand out are those that "
        "the software read as events. Pages count from the first of the file."
    )
    yield f"Translations are not the software's; {translated} of {excerpts} excerpts have one."


def _tell_filters(filters: Filters) -> Iterator[str]:
    if filters.codes:
        yield "code " + " or ".join(map(str, sorted(filters.codes, reverse=True)))
    if filters.criteria:
        yield "criterion " + " or ".join(sorted(filters.criteria))
    if filters.years:
        first, last = filters.years
        yield f"{first}" if first == last else f"{first or '...'} to {last or '...'}"
