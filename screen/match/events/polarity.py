"""The component that tells how an event is said: reported, negated, advised and so on.

In the manner of ConText (Harkema and others 2009): a term of the pack changes the events after it,
before it, or on both sides, and reaches as far as its clause or its sentence, or until a term of
polarity "reported" (本组, 我们) says that the text is back at what was done.
"""

import re
from collections.abc import Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from screen.match.events.mentions import Mention
from screen.match.events.sections import Layout
from screen.match.schema import Polarity

_CLAUSE_REACH = 8
_MOST_TERMS = 16
# What is said of one thing does not reach the next: 未及插管即锯开胸骨.
_TURN = re.compile("[即便就而但前]")
# Where several apply the first counts: what did not happen did not happen however it is told.
_PRECEDENCE: tuple[Polarity, ...] = ("negated", "quoted", "general", "hypothetical", "advised")


@Language.component("polarity", requires=["doc._.mentions"])
def mark_polarity(doc: Doc) -> Doc:
    """Set the polarity of every mention that tells an event."""
    text, mentions, layout = doc._.clean.text, doc._.mentions, doc._.layout
    for index, mention in enumerate(mentions):
        if mention.kinds:
            said = set(_said(text, mentions, index, layout))
            mention.polarity = next((p for p in _PRECEDENCE if p in said), "reported")
    return doc


def _said(text: str, mentions: Sequence[Mention], index: int, layout: Layout) -> Iterator[Polarity]:
    """Yield the polarities of the terms around an event that reach it."""
    event = mentions[index]
    sentence, clause = layout.sentence(event.start), layout.clause(event.start)
    before = reversed(mentions[max(index - _MOST_TERMS, 0) : index])
    after = mentions[index + 1 : index + 1 + _MOST_TERMS]
    for others, sides in ((before, {"after", "both"}), (after, {"before", "both"})):
        for other in others:
            term = other.term
            if term.polarity is None or term.changes not in sides:
                continue
            if term.polarity == "reported" or layout.sentence(other.start) != sentence:
                break
            between = text[min(other.end, event.end) : max(other.start, event.start)]
            same = layout.clause(other.start) == clause and not _TURN.search(between)
            near = same and len(between) <= _CLAUSE_REACH
            if near or term.reach == "sentence":
                yield term.polarity
