"""The structure of a text, and the component that marks its sections."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from spacy.language import Language
from spacy.tokens import Doc, Span

from screen.text.neighbours import Neighbour, find_neighbours
from screen.text.segment import Section, find_clauses, find_sections, find_sentences, locate
from screen.types import CleanText


@dataclass(frozen=True, slots=True)
class Layout:
    """The structure of one text: sections, and where sentences and clauses begin."""

    sections: tuple[Section, ...]
    sentences: tuple[int, ...]
    clauses: tuple[int, ...]
    section_starts: tuple[int, ...]
    parents: tuple[int | None, ...]
    neighbours: tuple[Neighbour, ...] = ()

    def neighbour(self, offset: int) -> Neighbour | None:
        """Return the stretch of another paper that holds an offset, if one does."""
        return next((part for part in self.neighbours if part.start <= offset < part.end), None)

    def section(self, offset: int) -> int:
        """Return the index of the section that holds an offset."""
        return locate(self.section_starts, offset)

    def sentence(self, offset: int) -> int:
        """Return the index of the sentence that holds an offset."""
        return locate(self.sentences, offset)

    def clause(self, offset: int) -> int:
        """Return the index of the clause that holds an offset."""
        return locate(self.clauses, offset)

    def place(self, scope: str, offset: int) -> int:
        """Return the index of the section, sentence or clause that holds an offset."""
        starts = {"section": self.section_starts, "sentence": self.sentences}
        return locate(starts.get(scope, self.clauses), offset)


@Language.component("sections", assigns=["doc.spans"])
def mark_sections(doc: Doc) -> Doc:
    """Mark the sections of a text on its words."""
    starts, words = doc._.layout.section_starts, doc._.words
    edges = [bisect_left(words, start) for start in starts] + [len(doc)]
    doc.spans["sections"] = [
        Span(doc, first, last) for first, last in pairwise(edges) if last > first
    ]
    return doc


def lay_out(clean: CleanText) -> Layout:
    """Find the sections, sentences and clauses of a text."""
    neighbours = find_neighbours(clean)
    edges = {part.end if part.is_before else part.start for part in neighbours}
    sections = find_sections(clean, edges)
    sentences = find_sentences(clean.text, sections)
    clauses = find_clauses(clean.text, sentences)
    starts = tuple(section.start for section in sections)
    return Layout(sections, sentences, clauses, starts, _find_parents(sections), neighbours)


def _find_parents(sections: tuple[Section, ...]) -> tuple[int | None, ...]:
    """Return for each section the nearest one before it whose heading stands above its own."""
    parents: list[int | None] = []
    open_headings: list[tuple[int, int]] = []
    for place, section in enumerate(sections):
        if section.is_apart:
            open_headings.clear()
        depth = _depth(section.title)
        while open_headings and open_headings[-1][0] >= depth:
            open_headings.pop()
        parents.append(open_headings[-1][1] if open_headings else None)
        if section.title:
            open_headings.append((depth, place))
    return tuple(parents)


def _depth(title: str) -> int:
    """Return how deep a heading stands: 一、 0, (一) 1, 1 2, (1) 6, 1.2 3, 1.2.1 4; none 9.

    The list of references stands under nothing.
    """
    if title.startswith("参考文献"):
        return -1
    if re.match(r"[一二三四五六七八九十]+、|【|\[", title):
        return 0
    if re.match(r"\([一二三四五六七八九十]", title):
        return 1
    decimal = re.match(r"\d+((?:\s?\.\s?\d+)*)", title)
    if decimal:
        return 2 + decimal.group(1).count(".")
    return 6 if title.startswith("(") else 9
