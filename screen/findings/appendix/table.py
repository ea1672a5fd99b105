"""What the appendix table says, cell by cell: the one source of all its formats."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from screen.findings.appendix.notes import CODES, explain, list_notes
from screen.findings.appendix.references import cite, make_plain
from screen.findings.appendix.translations import Translation
from screen.findings.filters import Filters
from screen.findings.finding import Finding, Given, Judged, Passage
from screen.findings.holdings import Holdings
from screen.findings.rows import make_finding_row
from screen.match.schema import Manifest
from screen.types import Hit

COLUMNS = (
    "No.", "Reference", "Year", "Hospital", "Excerpt and translation", "Criteria", "Verdict",
    "Page",
)  # fmt: skip
# First digits of a SHA-256 that are printed.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an excerpt; `is_event` for the words that the software read as events."""

    text: str
    is_event: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage with room for its translation ("" where there is none).

    `letter` tells the excerpts of one paper apart, "" if there is one only. No pieces: a changed
    pack finds the passage no more, and `letter` and `id` are all there is of it.
    """

    id: str
    letter: str
    pieces: tuple[Piece, ...]
    translation: str = ""
    translator: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A finding: cells of one or several lines. `against` is what speaks against it."""

    number: int
    reference: str
    year: str
    hospital: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]
    criteria: tuple[str, ...]
    verdict: tuple[str, ...]
    against: tuple[str, ...]
    page: tuple[str, ...]

    @property
    def length(self) -> int:
        """How many characters its excerpts have."""
        pieces = sum(len(piece.text) for one in self.excerpts for piece in one.pieces)
        return pieces + sum(len(one.translation) for one in self.excerpts)


@dataclass(frozen=True, slots=True)
class Appendix:
    """The whole table; `legend` explains letters and codes, `notes` say what it rests on."""

    caption: str
    rows: tuple[Row, ...]
    legend: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def untranslated(self) -> int:
        """How many excerpts have no translation."""
        return sum(not one.translation for row in self.rows for one in row.excerpts)


def choose_findings(holdings: Holdings, filters: Filters) -> tuple[Finding, ...]:
    """Return the findings that leave."""
    rows = map(make_finding_row, holdings.findings)
    kept = {row["number"] for row in filters.choose("findings", rows)}
    return tuple(finding for finding in holdings.findings if finding.number in kept)


def make_appendix(
    holdings: Holdings,
    codebook: Manifest,
    filters: Filters,
    translations: Mapping[str, Translation],
) -> Appendix:
    """Return the table of a study's findings, with translations by hit id."""
    maker = _RowMaker(holdings, codebook, translations)
    findings = choose_findings(holdings, filters)
    rows = tuple(map(maker.make, findings))
    codes = {finding.code for finding in findings} or {1, 2}
    words = " or ".join(CODES[code][0] for code in sorted(codes, reverse=True))
    excerpts = [one for row in rows for one in row.excerpts]
    translated = sum(bool(one.translation) for one in excerpts)
    number = f"{len(rows)} paper{'' if len(rows) == 1 else 's'}"
    return Appendix(
        caption=make_plain(f"{codebook.title}: {number} that people judged {words}"),
        rows=rows,
        legend=tuple(explain(codebook, sorted(codes, reverse=True))),
        notes=tuple(map(make_plain, list_notes(holdings, filters, len(excerpts), translated))),
    )


def name_criterion(codebook: Manifest, letter: str) -> str:
    """Return a letter with the short name of its criterion."""
    known = codebook.criteria.get(letter)
    return f"{letter} {known.name.replace('_', ' ')}" if known else letter


class _RowMaker:
    """Makes the rows of one table."""

    def __init__(
        self, holdings: Holdings, codebook: Manifest, translations: Mapping[str, Translation]
    ) -> None:
        self._holdings = holdings
        self._codebook = codebook
        self._translations = translations
        people = holdings.people
        # A translator is a person too.
        self._names_translators = people.authors == "names" and people.reviewers != "none"

    def make(self, finding: Finding) -> Row:
        """Return a finding as a row."""
        record, shown = finding.paper.record, finding.confirmed
        letters = _letter(len(shown))
        return Row(
            number=finding.number,
            reference=cite(record),
            year=str(record.year or "not known"),
            hospital=_plain(_tell_hospital(finding)),
            excerpts=tuple(map(self._make_excerpt, shown, letters)),
            criteria=_plain(name_criterion(self._codebook, one) for one in finding.criteria)
            or ("none named",),
            verdict=_plain(self._tell_verdict(finding, shown, letters)),
            against=_plain(self._tell_against(finding)),
            page=_plain(self._tell_page(finding, shown, letters)),
        )

    def _make_excerpt(self, passage: Passage, letter: str) -> Excerpt:
        told = self._translations.get(passage.id, Translation("", ""))
        return Excerpt(
            passage.id,
            letter,
            tuple(_cut(passage.hit)) if passage.hit else (),
            make_plain(told.text),
            make_plain(told.translator) if self._names_translators else "",
        )

    def _tell_verdict(
        self, finding: Finding, shown: Sequence[Passage], letters: Sequence[str]
    ) -> Iterator[str]:
        yield f"{finding.code} {CODES[finding.code][0]}"
        parts = [(letter, passage.judged) for letter, passage in zip(letters, shown, strict=True)]
        parts.append(("the whole paper" if parts else "", finding.whole))
        told = []
        for name, judged in parts:
            if judged is not None and judged.in_force:
                code = "not settled" if judged.code is None else f"code {judged.code}"
                who = self._tell_people(judged)
                told.append(
                    (name, f"{', '.join([code, *judged.criteria])}; {who}" if name else who)
                )
        yield from _join(told)

    def _tell_people(self, judged: Judged) -> str:
        """Return how many judged a thing, and whether they agreed or others decided."""
        changed = {one.supersedes for one in judged.verdicts}
        last = [g for g in judged.verdicts if g.id not in changed and not g.verdict.withdrawn]
        first = self._count(one for one in last if one.verdict.round == 1)
        told = f"{first} reviewer{'' if first == 1 else 's'}"
        if any(one.verdict.round > 1 for one in judged.in_force):
            return f"{told}, adjudicated" if first else "adjudicated"
        if judged.code is None:
            return f"{told}, who differ" if first > 1 else told
        return f"{told}, agreed" if first > 1 else told

    def _count(self, given: Iterator[Given]) -> int:
        return len({self._holdings.names[one.id] for one in given})

    def _tell_against(self, finding: Finding) -> Iterator[str]:
        """Yield what speaks against a problematic reading: by people, then by the software."""
        if finding.mitigating:
            yield "Mitigating: a reviewer said that something speaks against this reading."
        told: dict[str, list[str]] = {}
        for sign in finding.signs:
            told.setdefault(sign.kind, []).append(f"“{sign.text}” (p. {sign.page})")
        for kind, words in told.items():
            known = self._codebook.signs.get(kind)
            what = known.gloss if known else kind.replace("_", " ")
            yield f"Speaks against it, by the rules: {what}: {', '.join(words)}."

    def _tell_page(
        self, finding: Finding, shown: Sequence[Passage], letters: Sequence[str]
    ) -> Iterator[str]:
        told = []
        for letter, passage in zip(letters, shown, strict=True):
            if passage.hit is not None:
                pages = [quote.page for quote in passage.hit.quotes]
                where = f"p. {pages[0]}" if len(set(pages)) == 1 else f"pp. {pages[0]}-{pages[-1]}"
                told.append((letter, where))
        yield from _join(told)
        read = self._holdings.paper[finding.judged_as]
        yield f"of {read.file}"
        yield f"SHA-256 {read.sha256[:_DIGITS]}"
        if read.sha256 != finding.paper.sha256:
            own = finding.paper
            yield f"read for its copy {own.file}, SHA-256 {own.sha256[:_DIGITS]}"


def _letter(count: int) -> list[str]:
    """Return a, b ... z, aa, ab ...; "" for one thing only."""
    if count == 1:
        return [""]
    letters = []
    for number in range(count):
        word, left = "", number + 1
        while left:
            left, digit = divmod(left - 1, 26)
            word = chr(ord("a") + digit) + word
        letters.append(word)
    return letters


def _join(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield what is told of excerpts by their letters, once for those of which it is the same."""
    names: dict[str, list[str]] = {}
    for name, words in told:
        names.setdefault(words, []).append(name)
    for words, own in names.items():
        yield f"{', '.join(own)}: {words}" if any(own) else words


def _cut(hit: Hit) -> Iterator[Piece]:
    """Cut a passage at the words of its events."""
    passage = make_plain(hit.passage)
    words = {word for event in hit.events if (word := make_plain(event.text))}
    if not words:
        yield Piece(passage)
        return
    known = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    # Words that stand side by side stand out as one.
    for number, text in enumerate(re.split(f"((?:{known})+)", passage)):
        if text:
            yield Piece(text, number % 2 == 1)


def _plain(lines: Iterator[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(make_plain, lines)))


def _tell_hospital(finding: Finding) -> Iterator[str]:
    place = finding.paper.place
    if not place.hospital:
        yield next(iter(finding.paper.record.affiliations), "not known")
        return
    yield place.hospital
    yield place.english
    yield ", ".join(dict.fromkeys(filter(None, (place.city, place.province))))
