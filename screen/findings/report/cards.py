"""What the report shows of each finding: excerpts with their words explained, pages, pictures."""

import base64
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from screen.errors import DocumentError
from screen.findings.finding import Finding, Passage
from screen.findings.holdings import Holdings
from screen.match.schema import Pack
from screen.review.pages import PagePictures, find_source
from screen.review.passages import Glossary, Texts
from screen.review.pictures import Box, find_line_boxes
from screen.study.folder import Study
from screen.types import Evidence, Hit, Page, Quote

# Of a picture in the report: its width in pixels, and the quality of its JPEG.
_WIDTH, _QUALITY = 1000, 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an excerpt: `is_passage` or what stands around it; `gloss` of a known word."""

    text: str
    is_passage: bool
    gloss: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a JPEG in a data URL, with the passage boxed; or `why` there is none."""

    page: int
    url: str = ""
    boxes: tuple[Box, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage of a finding as it is shown; `rules` are those met, English and Chinese."""

    passage: Passage
    pieces: tuple[Piece, ...]
    words: tuple[tuple[str, str], ...]
    rules: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A finding with its excerpts; `signs` are those of the rules, each told once, with glosses."""

    finding: Finding
    excerpts: tuple[Excerpt, ...]
    others: tuple[Passage, ...]
    signs: tuple[tuple[Evidence, str, str], ...]


class CardMaker:
    """Makes cards; with `pictures` it draws pages, in a process that `close` ends."""

    def __init__(self, holdings: Holdings, pack: Pack, *, pictures: bool) -> None:
        self._holdings = holdings
        self._pack = pack
        self._glossary = Glossary(pack)
        self._rules = {rule.id: rule for rule in pack.rules}
        self._texts = Texts(holdings.study)
        self._pages = PagePictures() if pictures else None
        self._homes = _find_homes(holdings.study) if pictures else {}

    def close(self) -> None:
        """End the process that draws pages."""
        if self._pages is not None:
            self._pages.close()

    def make(self, finding: Finding) -> Card:
        """Return what is shown of a finding."""
        shown = finding.confirmed
        names = {sign: self._pack.manifest.signs.get(sign.kind) for sign in finding.signs}
        return Card(
            finding,
            tuple(self._make_excerpt(finding, passage) for passage in shown),
            tuple(passage for passage in finding.passages if passage not in shown),
            tuple(
                (sign, known.gloss if known else sign.kind, known.gloss_zh if known else "")
                for sign, known in names.items()
            ),
        )

    def _make_excerpt(self, finding: Finding, passage: Passage) -> Excerpt:
        hit = passage.hit
        if hit is None:
            return Excerpt(passage, (), (), (), ())
        known = {event.text: self._glossary.explain(event.kind) for event in hit.events}
        pieces = tuple(self._cut(hit, known))
        words = dict.fromkeys((p.text, p.gloss) for p in pieces if p.gloss and p.is_passage)
        rules = [self._rules[m.rule] for m in hit.matches if m.rule in self._rules]
        # A weaker rule that is met too says nothing beside those that decided the criteria.
        told = [rule for rule in rules if rule.criterion in hit.criteria] or rules
        return Excerpt(
            passage,
            pieces,
            tuple(words),
            tuple(dict.fromkeys((rule.gloss, rule.gloss_zh) for rule in told)),
            tuple(self._draw(finding.judged_as, hit)) if self._pages is not None else (),
        )

    def _cut(self, hit: Hit, known: Mapping[str, str]) -> Iterator[Piece]:
        """Cut the context of a passage at its ends, and at words that have a gloss.

        Those of its events have one though they are damaged.
        """
        before, words, after = hit.context.partition(hit.passage)
        if not words:
            before, words, after = "", hit.passage, ""
        for text, is_passage in ((before, False), (words, True), (after, False)):
            position = 0
            places = [*_find_all(text, known), *self._glossary.find(text)] if is_passage else []
            for start, end, gloss in sorted(places, key=lambda place: (place[0], -place[1])):
                if start < position:
                    continue
                if start > position:
                    yield Piece(text[position:start], is_passage)
                yield Piece(text[start:end], is_passage, gloss)
                position = end
            if position < len(text):
                yield Piece(text[position:], is_passage)

    # ---- pictures of pages -----------------------------------------------------------------

    def _draw(self, paper: str, hit: Hit) -> Iterator[Picture]:
        numbers = dict.fromkeys(quote.page for quote in hit.quotes)
        for number in numbers:
            try:
                yield self._draw_page(paper, number, [q for q in hit.quotes if q.page == number])
            except DocumentError as error:
                yield Picture(number, why=error.reason)

    def _draw_page(self, paper: str, number: int, quotes: Sequence[Quote]) -> Picture:
        shard = self._homes[paper]
        path = find_source(self._holdings.study, shard, paper)
        pages: Mapping[int, Page] = {
            page.number: page for page in self._texts.find_pages(shard, paper)
        }
        assert self._pages is not None  # noqa: S101 - only asked with pictures
        drawn = self._pages.picture(path, paper, number, _WIDTH)
        boxes: list[Box] = []
        for quote in quotes if number in pages else ():
            page = pages[number]
            if page.lines:
                boxes += find_line_boxes(page, quote)
            else:
                boxes += self._pages.boxes(path, paper, number, quote, page.text)
        return Picture(number, _as_url(drawn), tuple(boxes))


def _find_all(text: str, known: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    for word, gloss in known.items():
        for found in re.finditer(re.escape(word), text) if word else ():
            yield *found.span(), gloss


def _find_homes(study: Study) -> dict[str, int]:
    """Return the shard of every paper."""
    numbers = study.shard_numbers()
    return {paper: number for number in numbers for paper in study.shard_papers(number)}


def _as_url(png: bytes) -> str:
    """Return a picture as a JPEG in a data URL: a tenth of the size of the PNG of a scan."""
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(file, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
