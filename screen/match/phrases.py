"""Find the pack's phrases again in spite of damage, inside the windows of the sieve.

Edit distance keeps the order of characters, unlike the character counts of the published search:
气管插管供者 is not 供者气管插管.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from screen.match.packs import Phrase
from screen.match.sieve import Window


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A phrase of the pack at its most similar place in a window; `distance` is 0-1."""

    phrase: Phrase
    start: int
    end: int
    distance: float


def find_phrases(
    text: str, windows: Sequence[Window], phrases: Sequence[Phrase]
) -> list[PhraseMatch]:
    """Return the best place of each phrase in each window that is similar enough, in order."""
    found = []
    for window in windows:
        words = text[window.start : window.end]
        for phrase in phrases:
            best = fuzz.partial_ratio_alignment(
                phrase.text, words, score_cutoff=100 * phrase.similarity
            )
            if best is not None and best.dest_end > best.dest_start:
                start, end = window.start + best.dest_start, window.start + best.dest_end
                found.append(PhraseMatch(phrase, start, end, 1 - best.score / 100))
    return sorted(found, key=lambda match: (match.start, match.end, match.phrase.id))
