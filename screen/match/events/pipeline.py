"""The pipeline itself: from clean text and the terms found in it to events.

    words -> sections -> terms -> actors -> polarity -> order -> events

Each step is a spaCy component in a module of its own and writes on the document what the next
ones read (see `mentions`). The words are jieba's, with the terms of the pack as user words.
"""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import spacy
from spacy.tokens import Doc

from screen.match.events import actors, order, polarity, sections, terms
from screen.match.events.mentions import Mention
from screen.match.events.sections import Layout
from screen.match.lexicon import TermMatch, spell_out
from screen.match.schema import Pack
from screen.text.tokens import DocMaker, Segmenter, find_starts
from screen.types import CleanText, Event

# Importing the modules registers their components; the names keep the imports from looking idle.
COMPONENTS = (sections, terms, actors, polarity, order)
_TEXTS_IN_ZONE = 200
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Account:
    """What one text tells: its structure, its terms, and its events in the order of the text."""

    layout: Layout
    mentions: tuple[Mention, ...]
    events: tuple[Event, ...]


class EventReader:
    """A spaCy pipeline for the terms of one pack. Build it once per process."""

    def __init__(self, pack: Pack) -> None:
        spellings = spell_out(pack.terms)
        self._segmenter = Segmenter(word for word in spellings if _CHINESE.fullmatch(word))
        # spaCy keeps every word it has met; within a zone, until the zone ends.
        self._zone = ExitStack()
        self._texts = 0
        self.nlp = spacy.blank("zh")
        # Nobody asks whether a word looks like a number or an address, and finding out is slow.
        self.nlp.vocab.lex_attr_getters = {}  # type: ignore[attr-defined]
        self.nlp.add_pipe("sections")
        compounds = [compound.model_dump() for compound in pack.compounds]
        self.nlp.add_pipe("terms", config={"compounds": compounds})
        self.nlp.add_pipe("actors")
        self.nlp.add_pipe("polarity")
        self.nlp.add_pipe("order")

    def is_word(self, text: str) -> bool:
        """Tell whether a string is a word of the dictionary or a term of the pack."""
        return self._segmenter.is_word(text)

    def read(
        self,
        clean: CleanText,
        layout: Layout,
        exact: Sequence[TermMatch],
        damaged: Sequence[TermMatch],
    ) -> Account:
        """Return what a text tells, given its structure, its terms and what may be damaged ones."""
        if self._texts % _TEXTS_IN_ZONE == 0:
            self._zone.close()
            self._zone.enter_context(self.nlp.memory_zone())
            self._docs = DocMaker(self.nlp.vocab)
        self._texts += 1
        words = self._segmenter.cut(clean.text)
        doc = self._docs.make(words)
        doc._.clean, doc._.layout, doc._.found = clean, layout, (exact, damaged)
        doc._.words = find_starts(words)
        for _, component in self.nlp.pipeline:
            doc = component(doc)
        return _account(doc)


def _account(doc: Doc) -> Account:
    layout: Layout = doc._.layout
    mentions: Sequence[Mention] = doc._.mentions
    events = [
        Event(
            kind=kind,
            actor=mention.actor,
            polarity=mention.polarity,
            start=mention.start,
            end=mention.end,
            clause=layout.clause(mention.start),
            order=mention.order,
            read_as=mention.match.damaged.spelling if mention.match.damaged else "",
        )
        for mention in mentions
        for kind in mention.kinds
    ]
    return Account(layout, tuple(mentions), tuple(events))
