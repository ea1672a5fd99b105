"""The first step of the cascade: one pass over the text finds all terms of the pack.

A text is worth reading if it holds a trigger term (in the brain-death pack: something done to an
airway) and, where every rule of the pack asks for a donor, a term that can make somebody a donor.
No rule can be met otherwise (packs.py sees to it), so nothing is lost; the text costs this one
pass and no more.
"""

from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from screen.match.schema import Pack, Term, expand


@dataclass(frozen=True, slots=True)
class TermMatch:
    """One term of the pack at its place in clean text."""

    term: Term
    start: int
    end: int


class Sieve:
    """The pack's terms as one automaton. Build it once per process; it holds no state."""

    def __init__(self, pack: Pack) -> None:
        owners: dict[str, Term] = {}
        for term in pack.terms:
            for spelling in term.spellings:
                for words in expand(spelling):
                    owners.setdefault(words, term)
        self._terms = list(owners.values())
        self._automaton = AhoCorasick(list(owners), matchkind=MatchKind.LeftmostLongest)
        self._asks_for_donor = all(
            any(step.actors == ("donor",) for step in rule.sequence)
            for rule in pack.rules
            if not pack.is_supporting(rule)
        )

    def find_terms(self, text: str) -> list[TermMatch]:
        """Return all terms in order, without overlaps: of several the first, then the longest."""
        found = self._automaton.find_matches_as_indexes(text)
        return [TermMatch(self._terms[index], start, end) for index, start, end in found]

    def is_worth_reading(self, terms: list[TermMatch]) -> bool:
        """Tell whether a text with these terms can meet a rule at all."""
        if not any(match.term.trigger for match in terms):
            return False
        return not self._asks_for_donor or any(match.term.actor == "donor" for match in terms)
