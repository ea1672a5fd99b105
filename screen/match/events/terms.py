"""The component that marks terms, damaged ones among them, and the events that they tell."""

from collections.abc import Iterator, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from screen.match.events.mentions import Mention
from screen.match.events.sections import Layout
from screen.match.lexicon import settle
from screen.match.schema import Compound

_STEPS = {"before": (-1,), "after": (1,), "any": (-1, 1)}


@Language.factory("terms", assigns=["doc._.mentions"])
class TermMarker:
    """Marks the terms of a text; `compounds` are those of the pack, as plain data."""

    def __init__(self, nlp: Language, name: str, compounds: list[dict[str, Any]]) -> None:
        self._compounds: dict[str, list[Compound]] = {}
        for compound in map(Compound.model_validate, compounds):
            self._compounds.setdefault(compound.part, []).append(compound)

    def __call__(self, doc: Doc) -> Doc:
        """Settle which terms stand in the text and which events they tell."""
        exact, damaged = doc._.found
        layout: Layout = doc._.layout
        mentions = [
            Mention(match) for match in settle(doc._.clean.text, exact, damaged, set(doc._.words))
        ]
        for index, mention in enumerate(mentions):
            mention.order = mention.start
            mention.kinds = list(self._kinds(mentions, index, layout))
        doc._.mentions = mentions
        return doc

    def _kinds(self, mentions: Sequence[Mention], index: int, layout: Layout) -> Iterator[str]:
        """Yield the kinds of event that a term tells, alone or with a term beside it."""
        term = mentions[index].term
        if term.tells_event:
            yield term.kind
        compounds = self._compounds.get(term.kind)
        if compounds is None:
            return
        kinds = (
            compound.kind
            for compound in compounds
            if any(
                _stands_beside(mentions, index, compound, step, layout)
                for step in _STEPS[compound.order]
            )
        )
        yield from dict.fromkeys(kinds)


def _stands_beside(
    mentions: Sequence[Mention], index: int, compound: Compound, step: int, layout: Layout
) -> bool:
    home = layout.place(compound.scope, mentions[index].start)
    for other in look_around(mentions, index, step, compound.within):
        if layout.place(compound.scope, other.start) != home:
            return False
        if other.term.kind in compound.beside:
            return True
        if other.term.kind in compound.without:
            return False
    return False


def look_around(
    mentions: Sequence[Mention], index: int, step: int, reach: int
) -> Iterator[Mention]:
    """Yield the mentions before (step -1) or after (1) one, the nearest first, within reach."""
    mention = mentions[index]
    place = index + step
    while 0 <= place < len(mentions):
        other = mentions[place]
        if (mention.start - other.end if step < 0 else other.start - mention.end) > reach:
            return
        yield other
        place += step
