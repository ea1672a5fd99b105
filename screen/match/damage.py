"""Find terms of the pack that scanning or conversion damaged.

A term of three Chinese characters or more is found again if one of its characters is wrong or
missing, or if a speck, read as a mark, got behind its first or before its last one. What such an
error leaves of the term stands in the text unharmed, so one automaton over all these remains finds
every place worth comparing.

What only looks like a damaged term is told by the words of the text, since damage leaves strings
that are no words. 食管 is a word, so 气管食管 is not a damaged 气管插管; 死亡 is a word by itself,
so 者死亡 is not a damaged 脑死亡.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, MatchKind

_ELIGIBLE = re.compile(r"[\u4e00-\u9fff]{3,12}")
_SHORTEST = 3
# Of a term shorter than this too little is its own once the first or last character is missing.
_LONG = 5
# Particles, prepositions, conjunctions and adverbs: between two words they are no scanner's error.
_PARTICLES = frozenset(
    "的了地得在是有和与及或而并则其之于以均都皆时后前再即便又也仍不未将被由从为所可已"
)
# Specks that are read as marks. What parts words or clauses (、;) is taken at its word.
_MARKS = frozenset(".,·'\"`^*|~_-")


@dataclass(frozen=True, slots=True)
class Damaged:
    """A place that reads like a term but for one error.

    `error` is where the wrong character or the mark stands; None if a character is missing.
    """

    spelling: str
    start: int
    end: int
    error: int | None


@dataclass(slots=True)
class _Remains:
    """What belongs to one intact part of a term: the other part, by the error between them.

    `wrong` and `missing` lack the character in error, `marked` lacks none. All map the other part,
    before or after the intact one, to a spelling.
    """

    wrong: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)


class DamageFinder:
    """Spellings made ready to be found with one error. Build it once per process.

    `is_word` tells whether a string is a word of the language; it decides which errors leave so
    little of a short term that what is left is a common word.
    """

    def __init__(self, spellings: Iterable[str], is_word: Callable[[str], bool]) -> None:
        before: dict[str, _Remains] = {}
        after: dict[str, _Remains] = {}
        for spelling in spellings:
            if _ELIGIBLE.fullmatch(spelling):
                for head, tail, error in _break(spelling, is_word):
                    if len(head) >= len(tail):
                        remains, other = after.setdefault(head, _Remains()), tail
                    else:
                        remains, other = before.setdefault(tail, _Remains()), head
                    getattr(remains, error).setdefault(other, spelling)
        parts = list(dict.fromkeys([*before, *after]))
        self._parts = [
            (
                _Sides(before[part], beside=-1) if part in before else None,
                _Sides(after[part], beside=0) if part in after else None,
            )
            for part in parts
        ]
        self._automaton = AhoCorasick(parts, matchkind=MatchKind.Standard)

    def find(self, text: str, known: Sequence[tuple[int, int]]) -> list[Damaged]:
        """Return the places that may be damaged terms, in order; they may overlap.

        `known` holds the places of terms found unharmed, in order and without overlaps: nothing
        is looked for inside them.
        """
        starts = [start for start, _ in known]
        found: list[Damaged] = []
        for part, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            home = bisect_right(starts, start) - 1
            if home >= 0 and known[home][1] >= end and end - start < known[home][1] - starts[home]:
                continue
            before, after = self._parts[part]
            if before:
                before.look_back(text, start, end, found)
            if after:
                after.look_on(text, start, end, found)
        return sorted(set(found), key=lambda item: (item.start, -item.end, item.spelling))


# The other parts of damaged terms by their length; each maps to a spelling.
_ByLength = list[tuple[int, dict[str, str]]]


class _Others:
    """The other parts of damaged terms, by their character `beside` the intact part or the error.

    Hardly ever does one stand where it is looked for, and that character tells at once.
    """

    def __init__(self, others: dict[str, str], beside: int) -> None:
        # An error at the end of a term leaves no other part: that one is found beside anything.
        nothing: dict[str, str] = {other: others[other] for other in others if not other}
        kept: dict[str, dict[str, str]] = {}
        for other, spelling in others.items():
            if other:
                kept.setdefault(other[beside], dict(nothing))[other] = spelling
        self.by_character = {character: _by_length(some) for character, some in kept.items()}
        self.elsewhere = _by_length(nothing)


class _Sides:
    """The remains on one side of an intact part."""

    def __init__(self, remains: _Remains, beside: int) -> None:
        self._wrong = _Others(remains.wrong, beside)
        self._missing = _Others(remains.missing, beside)
        self._marked = _Others(remains.marked, beside)

    def look_on(self, text: str, start: int, end: int, found: list[Damaged]) -> None:
        """Add the damaged terms whose intact part is `text[start:end]` and begins them."""
        parts = self._missing
        for length, others in parts.by_character.get(text[end : end + 1], parts.elsewhere):
            if spelling := others.get(text[end : end + length]):
                found.append(Damaged(spelling, start, end + length, None))
        if end == len(text):
            return
        for parts in (self._wrong, self._marked) if text[end] in _MARKS else (self._wrong,):
            first = end + 1
            for length, others in parts.by_character.get(text[first : first + 1], parts.elsewhere):
                if spelling := others.get(text[first : first + length]):
                    found.append(Damaged(spelling, start, first + length, end))

    def look_back(self, text: str, start: int, end: int, found: list[Damaged]) -> None:
        """Add the damaged terms whose intact part is `text[start:end]` and ends them."""
        parts = self._missing
        before = text[start - 1] if start else ""
        for length, others in parts.by_character.get(before, parts.elsewhere):
            first = start - length
            if first >= 0 and (spelling := others.get(text[first:start])):
                found.append(Damaged(spelling, first, end, None))
        if start == 0:
            return
        error = start - 1
        for parts in (self._wrong, self._marked) if text[error] in _MARKS else (self._wrong,):
            before = text[error - 1] if error else ""
            for length, others in parts.by_character.get(before, parts.elsewhere):
                first = error - length
                if first >= 0 and (spelling := others.get(text[first:error])):
                    found.append(Damaged(spelling, first, end, error))


def _by_length(others: dict[str, str]) -> _ByLength:
    lengths: dict[int, dict[str, str]] = {}
    for other, spelling in others.items():
        lengths.setdefault(len(other), {})[other] = spelling
    return sorted(lengths.items(), key=lambda item: item[0])


def _break(spelling: str, is_word: Callable[[str], bool]) -> Iterator[tuple[str, str, str]]:
    """Yield what each error leaves of a spelling: (what is before it, after it, kind of error)."""
    length = len(spelling)
    for place in range(length):
        head, tail = spelling[:place], spelling[place + 1 :]
        inner = bool(head and tail)
        if inner or length > _SHORTEST:
            yield head, tail, "wrong"
        if (inner or length >= _LONG) and not is_word(head + tail):
            yield head, tail, "missing"
        if head and 1 in (len(head), length - len(head)):
            yield head, spelling[place:], "marked"


def may_be_damage(item: Damaged, text: str) -> bool:
    """Tell whether a place may be a damaged term, whatever the words of the text are.

    No grammar accounts for a wrong character: 供心在获取 is what it says.
    """
    if item.error is None:
        return True
    character = text[item.error]
    return character not in _PARTICLES and (character.isalpha() or character in _MARKS)


def is_damage(item: Damaged, text: str, words: Collection[int]) -> bool:
    """Tell whether a place is a damaged term and not just words that resemble one.

    `words` holds the offsets at which the words of the text begin. A wrong character must be left
    over as a word of one character, and the place must begin and end with words. Where the error is
    next to its first or last character, that one may have joined its neighbour outside: 行气臂插管
    begins with the word 行气.
    """
    if not may_be_damage(item, text):
        return False
    error = item.error
    if error is not None and (error not in words or error + 1 not in words):
        return False
    begins = item.start in words or (error == item.start + 1 and item.start - 1 in words)
    ends = item.end in words or (error == item.end - 2 and item.end + 1 in words)
    return begins and ends
