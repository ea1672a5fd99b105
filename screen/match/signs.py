"""What speaks against a hit: which signs reach a passage, and how near they stand.

A text may hold hundreds of passages and of signs, so each passage looks at its neighbourhood only.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from screen.match.criteria import RuleMatch
from screen.match.events.sections import Layout
from screen.match.schema import Sign

_MOST_SHOWN = 12
# No sign is longer than its rule's reach from event to event.
_LONGEST = 400
_REACHES = ("passage", "section", "paper")
# The share of a sign's weight that counts: in the passage itself, in its section, elsewhere.
_SHARES = (1.0, 0.5, 0.2)


class Signs:
    """The signs of one text, in the order of their places."""

    def __init__(self, matches: Sequence[RuleMatch], layout: Layout, book: dict[str, Sign]) -> None:
        self._layout = layout
        self._book = book
        self._matches = sorted(matches, key=_start)
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
        return sorted(near, key=_start)

    def lower(self, score: float, start: int, end: int) -> float:
        """Return a passage's score, lowered by each sign of the text at its nearest."""
        inside = {match.rule.sign for match in self._inside(start, end)}
        section = self._layout.section(start)
        for name, sections in sorted(self._sections.items()):
            remoteness = 0 if name in inside else 1 if section in sections else 2
            sign = self._book[name]
            if remoteness <= _REACHES.index(sign.reach):
                score *= 1 - sign.weight * _SHARES[remoteness]
        return score

    def _inside(self, start: int, end: int) -> Iterator[RuleMatch]:
        """Yield the signs that a passage holds, wholly or in part."""
        first = bisect_left(self._starts, start - _LONGEST)
        last = bisect_left(self._starts, end)
        return (match for match in self._matches[first:last] if match.end > start)

    def _reaching(self, places: range, start: int, end: int) -> Iterator[RuleMatch]:
        section = self._layout.section(start)
        for place in places:
            match = self._matches[place]
            reach = self._book[match.rule.sign or ""].reach
            inside = match.start < end and match.end > start
            if (
                inside
                or reach == "paper"
                or (reach == "section" and self._layout.section(match.start) == section)
            ):
                yield match


def _start(match: RuleMatch) -> int:
    return match.start
