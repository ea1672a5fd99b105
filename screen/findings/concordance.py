"""Keyword in context: where a wording stands in the clean texts of a study, to find more of it.

Wording is given literally, as a regular expression, or to be found in spite of damage, by the same
measure as the phrases of a pack: so it can be tried before it is put into one.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import sqlalchemy as sa

from screen.errors import ExportError
from screen.ingest.limits import within
from screen.match.phrases import PhraseFinder
from screen.match.schema import Phrase
from screen.study.contents import read_pages
from screen.study.folder import Study
from screen.study.reading_list import is_read_itself
from screen.study.schema import papers
from screen.study.work.isolation import GRACE, Death, Isolated
from screen.text.normalise import clean_pages, clean_words
from screen.text.segment import find_sections, locate
from screen.types import CleanText, Quote

# What a regular expression may take for one paper, in seconds, and in megabytes.
_SECONDS, _MEGABYTES = 2.0, 500.0
# After so many papers that it took too long for, before any that it did not, it is given up.
_PATIENCE = 3

Sort = Literal["place", "left", "right", "distance"]


class Place(NamedTuple):
    """Where a wording stands in a clean text, and how far it is from what was asked, 0-1."""

    start: int
    end: int
    distance: float = 0.0


Find = Callable[[str], list[Place]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a concordance.

    `left`, `keyword` and `right` are clean text; `quotes` the verbatim raw text of the keyword with
    its place, one a page. `distance` is 0 but for fuzzy search.
    """

    paper: str
    file: str
    section: str
    left: str
    keyword: str
    right: str
    quotes: tuple[Quote, ...]
    distance: float


@dataclass(slots=True)
class Searched:
    """What was searched so far; `given_up` are files that the regular expression took too long for.

    Papers that could not be read, and pages of the others, are not among the papers searched.
    """

    papers: int = 0
    found_in: int = 0
    lines: int = 0
    given_up: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What is looked for: `text` literally, as a regular expression, or as alike as `similarity`.

    Literal and fuzzy wording is cleaned as the papers are: 氣管 插管 is 气管插管.
    """

    text: str
    is_regex: bool = False
    similarity: float | None = None

    def check(self) -> None:
        """Raise ExportError for wording that cannot be looked for."""
        if self.is_regex:
            if self.similarity is not None:
                raise ExportError("a regular expression is not looked for by similarity")
            try:
                found = re.compile(self.text).match("")
            except (re.error, OverflowError, RecursionError) as error:
                raise ExportError(f"no regular expression: {error}") from None
            if found is not None:
                raise ExportError("this regular expression finds nothing at all everywhere")
        elif not clean_words(self.text).strip():
            raise ExportError("nothing to look for")


def list_lines(
    study: Study,
    engine: sa.Engine,
    wording: Wording,
    width: int,
    searched: Searched,
    *,
    every: bool,
) -> Iterator[Line]:
    """Yield the lines of a concordance in the order of the study, and count in `searched`.

    `width` counts the characters on either side. Papers that are not read (out of scope, copies)
    are left out but with `every`. Raises ExportError as `Wording.check` does.
    """
    wording.check()
    searched.given_up = []
    apart = Isolated()
    find = _ask_apart(apart, wording) if wording.is_regex else make_finder(wording)
    try:
        for number, files in sorted(_list_papers(engine, every).items()):
            texts = read_pages(study.folder, number)
            for paper, pages in texts.items():
                if paper not in files:
                    continue
                clean = clean_pages(pages)
                found = find(clean.text)
                if found is None:
                    searched.given_up.append(files[paper])
                    if not searched.papers and len(searched.given_up) == _PATIENCE:
                        raise ExportError(
                            f"this regular expression takes more than {_SECONDS:g} seconds a paper"
                        )
                    continue
                searched.papers += 1
                searched.found_in += bool(found)
                searched.lines += len(found)
                yield from _make_lines(paper, files[paper], clean, found, width)
    finally:
        apart.close()


def make_finder(wording: Wording) -> Find:
    """Return what finds a wording in a clean text, its places in order and without overlaps."""
    if wording.is_regex:
        pattern = re.compile(wording.text)
        return lambda text: [Place(*m.span()) for m in pattern.finditer(text) if m[0]]
    text = clean_words(wording.text)
    if wording.similarity is None:
        literal = re.compile(re.escape(text))
        return lambda clean: [Place(*m.span()) for m in literal.finditer(clean)]
    # A pack asks for longer phrases, since they flag; here people look.
    phrase = Phrase.model_construct(
        id="wording", text=text, criterion="", similarity=wording.similarity
    )
    phrases = PhraseFinder([phrase])
    return lambda clean: [Place(m.start, m.end, m.distance) for m in phrases.find(clean)]


def _ask_apart(apart: Isolated, wording: Wording) -> Callable[[str], list[Place] | None]:
    """Return a finder that works in a process of its own: an expression may take for ever."""

    def find(text: str) -> list[Place] | None:
        found = apart.ask(_find_regex, wording.text, text, seconds=_SECONDS + GRACE)
        return None if isinstance(found, Death) else found

    return find


def _find_regex(expression: str, text: str) -> list[Place]:
    with within(_SECONDS, _MEGABYTES):
        return make_finder(Wording(expression, is_regex=True))(text)


def _list_papers(engine: sa.Engine, every: bool) -> dict[int, dict[str, str]]:
    """Return the papers to be searched with their files, by shard."""
    query = sa.select(papers.c.shard, papers.c.sha256, papers.c.file).where(
        papers.c.status == "screened"
    )
    if not every:
        query = query.where(is_read_itself(papers.c.sha256))
    shards: dict[int, dict[str, str]] = {}
    with engine.connect() as connection:
        for shard, sha256, file in connection.execute(query):
            shards.setdefault(shard, {})[sha256] = file
    return shards


def _make_lines(
    paper: str, file: str, clean: CleanText, found: list[Place], width: int
) -> Iterator[Line]:
    sections = find_sections(clean) if found else ()
    starts = [section.start for section in sections]
    for place in found:
        section = sections[locate(tuple(starts), place.start)].title if sections else ""
        yield Line(
            paper=paper,
            file=file,
            section=section,
            left=clean.text[max(place.start - width, 0) : place.start],
            keyword=clean.text[place.start : place.end],
            right=clean.text[place.end : place.end + width],
            quotes=clean.source(place.start, place.end),
            distance=place.distance,
        )


def sort_lines(lines: list[Line], by: Sort) -> list[Line]:
    """Return lines by what stands before the keyword, read backwards, or after it; or by distance.

    Ties keep the order of the study.
    """
    if by == "left":
        return sorted(lines, key=lambda line: line.left[::-1])
    if by == "right":
        return sorted(lines, key=lambda line: (line.keyword, line.right))
    if by == "distance":
        return sorted(lines, key=lambda line: line.distance)
    return lines
