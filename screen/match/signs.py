"""What speaks against a hit: which signs reach a passage, and how near they stand.

A text may hold hundreds of passages and of signs, so each passage looks at its neighbourhood only.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter

from screen.match.criteria import RuleMatch
from screen.match.events.sections import Layout
from screen.match.schema import Sign

_MOST_SHOWN = 12
_REACHES = ("passage", "section", "paper")
# The share of a sign's weight that counts: in the passage itself, in its section, elsewhere.
_SHARES = (1.0, 0.5, 0.2)


class Signs:
    """The signs of one text; `matches` come in the order of their places."""

    def __init__(self, matches: Sequence[RuleMatch], layout: Layout, book: dict[str, Sign]) -> None:
        self._layout = layout
        self._book = book
        self._matches = matches
        self._longest = max((match.end - match.start for match in matches), default=0)
        self._starts = [match.start for match in self._matches]
        self._sections: dict[str, set[int]] = {}
        for match in self._matches:
            mine = self._sections.setdefault(match.rule.sign or "", set())
            mine.add(layout.section(match.start))

    def nearest(self, start: int, end: int) -> list[RuleMatch]:
        """Return the signs nearest to a passage that reach it, in the order of the text."""
        place = bisect_left(self._starts, start)
        after = islice(self._reaching(range(place, len(self._starts)), start, end), _MOST_SHOWN)
        before = islice(self._reaching(range(place - 1, -1, -1), start, end), _MOST_SHOWN)
        near = sorted([*after, *before], key=lambda sign: abs(sign.start - start))[:_MOST_SHOWN]
        return sorted(near, key=attrgetter("start"))

    def lower(self, score: float, start: int, end: int) -> float:
        """Return a passage's score, lowered by each sign of the text at its nearest."""
        inside = {match.rule.sign for match in self._inside(start, end)}
        section = self._layout.section(start)
        for name, sections in sorted(self._sections.items()):
            remoteness = 0 if name in inside else 1 if section in sections else 2
            if self._counts(name, remoteness):
                score *= 1 - self._book[name].weight * _SHARES[remoteness]
        return score

    def _inside(self, start: int, end: int) -> Iterator[RuleMatch]:
        """Yield the signs that a passage holds, wholly or in part."""
        first = bisect_left(self._starts, start - self._longest)
        last = bisect_left(self._starts, end)
        return (match for match in self._matches[first:last] if match.end > start)

    def _reaching(self, places: range, start: int, end: int) -> Iterator[RuleMatch]:
        section = self._layout.section(start)
        for place in places:
            match = self._matches[place]
            inside = match.start < end and match.end > start
            beside = self._layout.section(match.start) == section
            if self._counts(match.rule.sign or "", 0 if inside else 1 if beside else 2):
                yield match

    def _counts(self, name: str, remoteness: int) -> bool:
        """Tell whether a sign reaches so far: 0 the passage, 1 its section, 2 the paper."""
        return remoteness <= _REACHES.index(self._book[name].reach)
