"""The first step of the cascade: one pass over the text finds all terms, and where to look closer.

A window opens where a trigger term (in the brain-death pack: something done to an airway) stands
within the pack's reach of a context term (a donor, a procurement). A text without windows costs
this one pass and no more.
"""

from bisect import bisect_left
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from screen.match.packs import Pack, Term, expand


@dataclass(frozen=True, slots=True)
class TermMatch:
    """One term of the pack at its place in clean text."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of clean text worth a closer look."""

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
        self._reach = pack.manifest.sieve.reach
        self._automaton = AhoCorasick(list(owners), matchkind=MatchKind.LeftmostLongest)

    def find_terms(self, text: str) -> list[TermMatch]:
        """Return all terms in order, without overlaps: of several the first, then the longest."""
        found = self._automaton.find_matches_as_indexes(text)
        return [TermMatch(self._terms[index], start, end) for index, start, end in found]

    def find_windows(self, text: str, terms: list[TermMatch]) -> list[Window]:
        """Return the windows of a text, in order, joined where they overlap."""
        contexts = [match.start for match in terms if match.term.sieve == "context"]
        windows: list[Window] = []
        for match in terms:
            if match.term.sieve != "trigger" or not self._near(contexts, match):
                continue
            start, end = max(match.start - self._reach, 0), min(match.end + self._reach, len(text))
            if windows and start <= windows[-1].end:
                start = windows.pop().start
            windows.append(Window(start, end))
        return windows

    def _near(self, contexts: list[int], trigger: TermMatch) -> bool:
        """Tell whether a context term begins within reach of the trigger."""
        index = bisect_left(contexts, trigger.start - self._reach)
        return index < len(contexts) and contexts[index] <= trigger.end + self._reach
