"""The words of a pack, found in clean text: unharmed in one pass, and then damaged ones."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from screen.match.damage import Damaged, DamageFinder, is_damage, may_be_damage
from screen.match.schema import Pack, Term, expand

# Of damaged terms only a remainder this short may be found as an event by itself.
_SHORT = 3


class TermMatch(NamedTuple):
    """One term of the pack at its place in clean text.

    `damaged` is None where the text has the term as the pack spells it, else what stands there.
    A paper has hundreds of them, and tuples are made faster than other objects.
    """

    term: Term
    start: int
    end: int
    damaged: Damaged | None = None


class Lexicon:
    """The spellings of a pack made ready. Build it once per process; it holds no state."""

    def __init__(self, pack: Pack, is_word: Callable[[str], bool]) -> None:
        self._owners = spell_out(pack.terms)
        self._terms = list(self._owners.values())
        self._exact = AhoCorasick(list(self._owners), matchkind=MatchKind.LeftmostLongest)
        self._damage = DamageFinder(_cores(self._owners), is_word)

    def find(self, text: str) -> list[TermMatch]:
        """Return all unharmed terms in order, without overlaps: the first, then the longest."""
        found = self._exact.find_matches_as_indexes(text)
        return [TermMatch(self._terms[index], start, end) for index, start, end in found]

    def find_damaged(self, text: str, found: Sequence[TermMatch]) -> list[TermMatch]:
        """Return the places that may be damaged terms, given the unharmed ones; they may overlap.

        Whether one is, only the words of the text can tell: see `settle`. Those that are none
        whatever its words are left out.
        """
        known = [(match.start, match.end) for match in found]
        matches = (
            TermMatch(self._owners[item.spelling], item.start, item.end, item)
            for item in self._damage.find(text, known)
            if may_be_damage(item, text)
        )
        ends = [match.end for match in found]
        return [
            match
            for match in matches
            if all(
                _gives_way(other, match)
                for other in islice(found, *_overlapped(known, ends, match))
                if other.end - other.start > 1
            )
        ]


def _overlapped(
    known: Sequence[tuple[int, int]], ends: Sequence[int], match: TermMatch
) -> tuple[int, int]:
    """Return from which to which of the known places a match overlaps."""
    return bisect_right(ends, match.start), bisect_left(known, (match.end,))


def spell_out(terms: Iterable[Term]) -> dict[str, Term]:
    """Return every spelling of the terms with its term; of two terms the first keeps it."""
    owners: dict[str, Term] = {}
    for term in terms:
        for spelling in term.spellings:
            for words in expand(spelling):
                owners.setdefault(words, term)
    return owners


def settle(
    text: str, exact: Sequence[TermMatch], damaged: Iterable[TermMatch], words: Collection[int]
) -> list[TermMatch]:
    """Return the terms that stand in a text, in order and without overlaps.

    `words` holds the offsets at which the words of the text begin, and its length. A term of one
    character counts only where it is a word of its own. Damaged terms count where they are left
    over as no words, and where nothing but a remainder was found unharmed.
    """
    kept = [
        match
        for match in exact
        if match.end - match.start > 1 or (match.start in words and match.end in words)
    ]
    real = [match for match in damaged if match.damaged and is_damage(match.damaged, text, words)]
    taken: list[TermMatch] = []
    for match in sorted(real, key=lambda match: (match.start - match.end, match.start)):
        free = not any(_overlap(match, other) for other in taken)
        if free and all(_gives_way(other, match) for other in kept if _overlap(match, other)):
            taken.append(match)
    if taken:
        kept = [match for match in kept if not any(_overlap(match, other) for other in taken)]
    return sorted([*kept, *taken], key=lambda match: (match.start, match.end))


def _overlap(one: TermMatch, other: TermMatch) -> bool:
    return one.start < other.end and other.start < one.end


def _gives_way(found: TermMatch, damaged: TermMatch) -> bool:
    """Tell whether an unharmed term is but a remainder of a damaged one: 插管 in 气臂插管.

    A single character is, and a part that could not stand alone; of the others only short ones,
    and never what names somebody.
    """
    item = damaged.damaged
    length = found.end - found.start
    if item is None or length > len(item.spelling) - 2:
        return False
    if length == 1 or found.term.role == "part":
        return True
    return length <= _SHORT and found.term.role != "actor" and item.error is not None


def _cores(owners: dict[str, Term]) -> list[str]:
    """Return the spellings to be found damaged, without those that hold a much shorter one.

    Whatever happens to the longer one, the shorter one in it is found unharmed or damaged.
    """
    wanted: dict[str, set[str]] = {}
    for spelling, term in owners.items():
        if term.damaged:
            wanted.setdefault(term.kind, set()).add(spelling)
    return [
        spelling
        for spellings in wanted.values()
        for spelling in sorted(spellings)
        if not any(part in spellings for part in _parts(spelling))
    ]


def _parts(spelling: str) -> Iterable[str]:
    for start in range(len(spelling)):
        for end in range(start + 3, len(spelling) + 1):
            if end - start < len(spelling) - 1:
                yield spelling[start:end]
