"""Texts read as the cascade reads them: with the shipped pack, or a small one made in a test."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from screen.match.events.mentions import Mention
from screen.match.events.pipeline import Account, EventReader
from screen.match.events.sections import lay_out
from screen.match.lexicon import Lexicon
from screen.match.packs import find_pack, load_pack
from screen.match.schema import Pack
from screen.text.normalise import clean_pages
from screen.types import CleanText, Event, Page


class Reading:
    """A pack made ready to read texts given as one page or as clean text."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.reader = EventReader(pack)
        self._lexicon = Lexicon(pack, self.reader.is_word)

    def account(self, text: str | CleanText) -> Account:
        clean = as_clean(text)
        exact = self._lexicon.find(clean.text)
        damaged = self._lexicon.find_damaged(clean.text, exact)
        return self.reader.read(clean, lay_out(clean), exact, damaged)

    def events(self, text: str, *kinds: str) -> list[Event]:
        """Return the events of a text in its order, all or those of some kinds."""
        found = self.account(text).events
        return [event for event in found if not kinds or event.kind in kinds]

    def kinds(self, text: str) -> list[str]:
        return [event.kind for event in self.events(text)]

    def actors(self, text: str, kind: str) -> list[str]:
        return [event.actor for event in self.events(text, kind)]

    def polarities(self, text: str, kind: str) -> list[str]:
        return [event.polarity for event in self.events(text, kind)]

    def story(self, text: str, *kinds: str) -> list[set[str]]:
        """Return the kinds of event in the order in which they happen, together what is at once."""
        moments: dict[float, set[str]] = {}
        for event in self.events(text, *kinds):
            moments.setdefault(event.order, set()).add(event.kind)
        return [moments[order] for order in sorted(moments)]

    def mention(self, text: str, kind: str) -> Mention:
        """Return the only mention of a term of this kind."""
        (found,) = (m for m in self.account(text).mentions if m.term.kind == kind)
        return found


def as_clean(text: str | CleanText) -> CleanText:
    return text if isinstance(text, CleanText) else clean_pages([Page("", 1, text, "text", 1.0)])


@cache
def shipped() -> Reading:
    """Return the shipped pack, ready to read."""
    return Reading(load_pack(find_pack("brain-death")))


def make_pack(
    terms: Sequence[Mapping[str, Any]],
    compounds: Sequence[Mapping[str, Any]] = (),
    rules: Sequence[Mapping[str, Any]] = (),
) -> Pack:
    """Return a small pack of one criterion."""
    return Pack.model_validate(
        {
            "manifest": {
                "name": "small",
                "version": "1.0.0",
                "title": "t",
                "question": "q",
                "family": "f",
                "criteria": {"A": {"name": "a", "code": 2, "gloss": "g"}},
            },
            "terms": terms,
            "compounds": compounds,
            "phrases": [],
            "rules": rules,
            "cases": [],
            "hash": "0",
        }
    )
