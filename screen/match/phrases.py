"""Find the pack's phrases again in spite of damage.

Edit distance keeps the order of characters, unlike the character counts of the published search:
气管插管供者 is not 供者气管插管.

A phrase is only compared where it can be: if at most k characters are added or missing, at least
one of k + 1 pieces of the phrase stands in the text unharmed (the pigeonhole filter of Navarro and
Baeza-Yates 1999). One automaton finds the pieces of all phrases in one pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ahocorasick_rs import AhoCorasick, MatchKind
from rapidfuzz import fuzz

from screen.match.schema import Phrase


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A phrase of the pack at a place that is similar enough; `distance` is 0-1."""

    phrase: Phrase
    start: int
    end: int
    distance: float


class PhraseFinder:
    """The pack's phrases made ready. Build it once per process; it holds no state."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._phrases = phrases
        owners: dict[str, set[int]] = {}
        for index, phrase in enumerate(phrases):
            for piece in _pieces(phrase):
                owners.setdefault(piece, set()).add(index)
        self._owners = [sorted(indexes) for indexes in owners.values()]
        self._automaton = AhoCorasick(list(owners), matchkind=MatchKind.Standard)

    def find(self, text: str) -> list[PhraseMatch]:
        """Return the places of each phrase, the best first where they overlap, in order."""
        stretches: dict[int, list[list[int]]] = {}
        for piece, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            for index in self._owners[piece]:
                margin = 2 * len(self._phrases[index].text)
                first, last = max(start - margin, 0), min(end + margin, len(text))
                mine = stretches.setdefault(index, [])
                if mine and first <= mine[-1][1]:
                    mine[-1][1] = max(mine[-1][1], last)
                else:
                    mine.append([first, last])
        found: list[PhraseMatch] = []
        for index, mine in stretches.items():
            for first, last in mine:
                found.extend(_compare(self._phrases[index], text, first, last))
        return sorted(found, key=lambda match: (match.start, match.end, match.phrase.id))


def _compare(phrase: Phrase, text: str, first: int, last: int) -> Iterator[PhraseMatch]:
    """Yield the place in text[first:last] most similar to the phrase, then those beside it."""
    stretches = [(first, last)]
    while stretches:
        first, last = stretches.pop()
        if last - first < len(phrase.text):
            continue
        best = fuzz.partial_ratio_alignment(
            phrase.text, text[first:last], score_cutoff=100 * phrase.similarity
        )
        if best is None or best.dest_end <= best.dest_start:
            continue
        start, end = first + best.dest_start, first + best.dest_end
        # Of a stretch as long as the phrase the alignment also scores parts of the phrase.
        alike = fuzz.ratio(phrase.text, text[start:end]) / 100
        if alike >= phrase.similarity:
            yield PhraseMatch(phrase, start, end, 1 - alike)
        stretches += [(first, start), (end, last)]


def _pieces(phrase: Phrase) -> list[str]:
    """Cut a phrase into k + 1 pieces, where k is the most characters added or missing.

    Similarity is 1 - d / (length of the phrase + length of the place), d the number of characters
    added or missing, and a place is at most as long as the phrase: so d <= (1 - similarity) * 2m.
    """
    length = len(phrase.text)
    count = min(int((1 - phrase.similarity) * 2 * length) + 1, length)
    cuts = [length * index // count for index in range(count + 1)]
    return [phrase.text[first:last] for first, last in pairwise(cuts)]
