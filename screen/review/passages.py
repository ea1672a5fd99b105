"""What is shown of a passage: the clean text around it, its events marked, its words glossed.

The events are those that were stored with the passage; the glosses come from the pack's words,
wherever they stand. Nothing here is a judgement: a study that hides what the program makes of a
passage shows the same text.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from screen.match.lexicon import Lexicon
from screen.match.schema import Pack, Term
from screen.study.contents import read_pages
from screen.study.folder import Study
from screen.text.normalise import clean_pages
from screen.text.segment import Section, find_sections
from screen.text.tokens import Segmenter
from screen.types import CleanText, Page, Run

# Papers and shards that are kept in memory.
_MOST_PAPERS = 256
# Of a section longer than this, in characters, only what is near the passage is shown at once.
_LONGEST = 4000
# And of a text that is longer than any paper.
_FARTHEST = 100_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `role` is "" for plain text, `event` for a marked one, `term` for a gloss.

    `kind`, `actor` and `polarity` are those of the event; `gloss` is English.
    """

    text: str
    role: str = ""
    gloss: str = ""
    kind: str = ""
    actor: str = ""
    polarity: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a paper: a heading, the passage, or text; `page` is given where one begins."""

    pieces: tuple[Piece, ...]
    kind: str = "text"
    page: int | None = None


class Texts:
    """The clean texts of a study's papers, the last ones used kept in memory."""

    def __init__(self, study: Study) -> None:
        self._folder = study.folder
        self._papers = lru_cache(_MOST_PAPERS)(self._clean)

    def find(self, shard: int, paper: str) -> CleanText | None:
        """Return a paper's text, None if the shard is not there or lacks it. Raises StudyError."""
        try:
            stamp = (self._folder / "text" / f"{shard:05d}.parquet").stat().st_mtime_ns
        except OSError:
            return None
        with suppress(OSError):
            stamp += (self._folder / "ocr" / f"{shard:05d}.parquet").stat().st_mtime_ns
        return self._papers(shard, stamp, paper)

    def find_pages(self, shard: int, paper: str) -> Sequence[Page]:
        """Return a paper's pages as they were read, none if they are not there."""
        clean = self.find(shard, paper)
        return clean.pages if clean is not None else ()

    def _clean(self, shard: int, _: int, paper: str) -> CleanText | None:
        pages = read_pages(self._folder, shard, paper).get(paper)
        return clean_pages(pages) if pages is not None else None


class Glossary:
    """English glosses for the words of a pack, for readers without Chinese."""

    def __init__(self, pack: Pack) -> None:
        self._lexicon = Lexicon(pack, Segmenter().is_word)
        self._kinds = {term.kind: term.gloss for term in pack.terms if term.gloss}

    def explain(self, kind: str) -> str:
        """Return what a kind of event is in English."""
        return self._kinds.get(kind) or kind.replace("_", " ")

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield the words that have a gloss, with their places in a text."""
        for match in self._lexicon.find(text):
            gloss = self._gloss(match.term)
            # One character may be a part of another word.
            if gloss and match.end - match.start > 1:
                yield match.start, match.end, gloss

    def _gloss(self, term: Term) -> str:
        if term.role == "neutral":
            return term.gloss or ""
        if term.role == "polarity":
            return term.gloss or term.polarity or ""
        return term.gloss or self._kinds.get(term.kind, "")


class Reader:
    """Makes of a passage what is shown of it."""

    def __init__(self, texts: Texts, glossary: Glossary) -> None:
        self._texts = texts
        self._glossary = glossary

    def show_section(self, passage: Mapping[str, Any]) -> tuple[Block, ...]:
        """Return the section around a passage; its stored context if the text is not there."""
        clean = self._texts.find(passage["home"], passage["paper"])
        span = _find_span(clean, passage) if clean else None
        if clean is None or span is None:
            return tuple(self._show_context(passage))
        sections = find_sections(clean)
        first, last = _surround(sections, span)
        return tuple(self._cut(clean, sections, span, _events(clean, passage), first, last))

    def show_paper(self, passage: Mapping[str, Any]) -> tuple[Block, ...]:
        """Return the whole paper with a passage in it; nothing if the text is not there."""
        clean = self._texts.find(passage["home"], passage["paper"])
        if clean is None:
            return ()
        span = _find_span(clean, passage) or (0, 0)
        first, last = max(span[0] - _FARTHEST, 0), min(span[1] + _FARTHEST, len(clean.text))
        marks = _events(clean, passage)
        return tuple(self._cut(clean, find_sections(clean), span, marks, first, last))

    def list_events(self, passage: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the kinds of event in a passage, in the order of the text, with their glosses."""
        kinds = dict.fromkeys(event["kind"] for event in passage["events"])
        return [(kind, self._glossary.explain(kind)) for kind in kinds]

    def _show_context(self, passage: Mapping[str, Any]) -> Iterator[Block]:
        context, words = passage["context"], passage["passage"]
        before, words, after = context.partition(words) if words else (context, "", "")
        for text, kind in ((before, "text"), (words, "passage"), (after, "text")):
            if text:
                yield Block(tuple(self._pieces(text, 0, len(text), [])), kind)

    def _cut(
        self,
        clean: CleanText,
        sections: Sequence[Section],
        span: tuple[int, int],
        marks: Sequence[tuple[int, int, Mapping[str, Any]]],
        first: int,
        last: int,
    ) -> Iterator[Block]:
        """Cut `first:last` of a text at headings, at the passage and where pages begin."""
        starts = {run.start: clean.pages[run.page].number for run in _first_runs(clean)}
        cuts = {first, last, *span, *starts}
        headings = set()
        lines = sorted(clean.lines)
        for section in sections:
            if section.title:
                end = _end_heading(clean.text, section, lines)
                inside = span[0] < end and section.start < span[1]
                if not inside:
                    headings.add(section.start)
                    cuts |= {section.start, end}
        places = sorted(cut for cut in cuts if first <= cut <= last)
        for start, end in pairwise(places):
            pieces = tuple(self._pieces(clean.text, start, end, marks))
            kind = "text"
            if span[0] <= start and end <= span[1]:
                kind = "passage"
            elif start in headings:
                kind = "heading"
            yield Block(pieces, kind, starts.get(start))

    def _pieces(
        self,
        text: str,
        start: int,
        end: int,
        marks: Sequence[tuple[int, int, Mapping[str, Any]]],
    ) -> Iterator[Piece]:
        found = [
            (max(s, start), min(e, end), event) for s, e, event in marks if s < end > start < e
        ]
        taken = [(s, e) for s, e, _ in found]
        spans: list[tuple[int, int, Piece]] = []
        for s, e, event in found:
            gloss = self._glossary.explain(event["kind"])
            told = (gloss, event["kind"], event["actor"], event["polarity"])
            spans.append((s, e, Piece(text[s:e], "event", *told)))
        for s, e, gloss in self._glossary.find(text[start:end]):
            place = (s + start, e + start)
            if not any(place[0] < other_e and other_s < place[1] for other_s, other_e in taken):
                spans.append((*place, Piece(text[slice(*place)], "term", gloss)))
        position = start
        for s, e, piece in sorted(spans, key=lambda item: item[:2]):
            if s < position:
                continue
            if s > position:
                yield Piece(text[position:s])
            yield piece
            position = e
        if position < end:
            yield Piece(text[position:end])


def _find_span(clean: CleanText, passage: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return where a passage is in the clean text, by its verbatim quotes."""
    quotes = [(passage["page"], passage["start"], passage["end"])]
    quotes += [(part["page"], part["start"], part["end"]) for part in passage["continued"]]
    found = [clean.locate(*quote) for quote in quotes]
    places = [place for place in found if place is not None]
    return (min(s for s, _ in places), max(e for _, e in places)) if places else None


def _events(
    clean: CleanText, passage: Mapping[str, Any]
) -> list[tuple[int, int, Mapping[str, Any]]]:
    found = []
    for event in passage["events"]:
        place = clean.locate(event["page"], event["start"], event["end"])
        if place is not None:
            # What goes on on the next page is in the words, but not between the offsets.
            found.append((place[0], max(place[1], place[0] + len(event["text"])), event))
    return sorted(found, key=lambda item: item[:2])


def _surround(sections: Sequence[Section], span: tuple[int, int]) -> tuple[int, int]:
    """Return the sections that a passage touches, and of long ones what is near it."""
    touched = [s for s in sections if s.start < span[1] and s.end > span[0]] or list(sections)
    first, last = touched[0].start, touched[-1].end
    room = max((_LONGEST - (span[1] - span[0])) // 2, 0)
    return max(first, span[0] - room), min(last, span[1] + room)


def _end_heading(text: str, section: Section, lines: Sequence[int]) -> int:
    """Return where the heading of a section ends: its title, unless a line ends before."""
    end = min(section.start + len(section.title), section.end)
    following = bisect_right(lines, section.start)
    if following < len(lines):
        end = min(end, lines[following])
    return end + (text[end : end + 1] in {"】", "]"} and end < section.end)


def _first_runs(clean: CleanText) -> list[Run]:
    """Return the run with which each page begins."""
    seen: dict[int, Run] = {}
    for run in clean.runs:
        seen.setdefault(run.page, run)
    return list(seen.values())
