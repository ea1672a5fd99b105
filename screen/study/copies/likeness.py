"""Are two files the same paper? Their texts, stretch by stretch, their titles, their numbers.

Damage is spread over the whole of a text; what two papers of one group of authors share, such as a
paragraph on methods, lies together, and the rest differs. So what counts is not how many n-grams
are in common but how much of the text has, stretch by stretch, enough of them. Where that leaves a
doubt the papers are not the same: one read twice costs an hour, one never read may hide something.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from screen.study.copies.signatures import LENGTH, find_grams, keep_letters

# Pairs of papers by their places, shape (pairs, 2).
Linked = npt.NDArray[np.int32]

# A stretch of so many n-grams is in the other text if this share of its n-grams is. Of two scans
# with a tenth of their characters wrong it is about 0.4; of papers on the same subject, 0.05.
_STRETCH, _IN_COMMON = 50, 0.22
# The shorter text must be in the longer one up to this, and their numbers agree up to that.
_WHOLE, _NUMBERS = 0.85, 0.7
# With the same title so much in one piece is enough: neighbours stand around it.
_PART, _PIECE = 0.5, 0.9
# The shorter one may be a file cut off, but hardly one of less than this share of the longer.
_CUT_OFF, _CUT_OFF_TITLED = 0.5, 0.3
# With fewer numbers nothing is known of them: then title or place must agree.
_FEW_NUMBERS = 8
# Titles, 0-100: the same but for a slip; in a text, where it may be damaged; another paper's.
_SAME_TITLE, _PRINTED_TITLE, _OTHER_TITLE = 95, 88, 75
_SHORTEST_TITLE = 6
# Where a title stands in a text, with the end of another paper above it; further on it is cited.
_TOP = 1000
_SUBTITLE = re.compile(r"\s*(?:[（(：:—–]|-{1,2}|附\s*\d)")
_NUMERALS = str.maketrans("一二三四五六七八九ⅠⅡⅢ", "123456789123")
_NUMERAL = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Text:
    """A paper as it is compared: `letters` and `numbers` as in a signature, and its record.

    `title` is "" where no record gives one. `place` is journal, year, volume, first page; "" unless
    all are known.
    """

    letters: str
    numbers: tuple[str, ...]
    title: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two papers are, whichever comes first.

    `similarity` is the share of n-grams in common (Jaccard). `covered` is the share of stretches of
    the shorter text that are in the longer one; `piece` the share of the shorter text in its
    longest piece that is, `solid` how much of that piece is, in the text where it is less.
    `numbers` is the share of numbers in common, None if there are too few; `title` whether their
    titles agree, None if that is not known. `ratio` is the shorter length over the longer one.
    """

    similarity: float
    covered: float
    piece: float
    solid: float
    numbers: float | None
    title: bool | None
    ratio: float
    same_place: bool

    @property
    def is_copy(self) -> bool:
        """Whether both are the same paper, beyond doubt."""
        if self.title is False or (self.numbers is not None and self.numbers < _NUMBERS):
            return False
        known = self.title or self.same_place
        if self.numbers is None and not known:
            return False
        if self.ratio < (_CUT_OFF_TITLED if known else _CUT_OFF):
            return False
        if self.covered >= _WHOLE:
            return True
        return known is True and self.piece >= _PART and self.solid >= _PIECE

    @property
    def reason(self) -> str:
        """Say in words why both are the same paper."""
        told = f"{self.covered:.0%} of the shorter text stands in the other"
        if self.covered < _WHOLE:
            told = f"{self.piece:.0%} of the shorter text stands in the other in one piece"
        more = [told]
        if self.title:
            more.append("the titles agree")
        if self.same_place:
            more.append("journal, year, volume and first page agree")
        if self.numbers is not None:
            more.append(f"{self.numbers:.0%} of the numbers agree")
        return ", ".join(more)


class Outlines:
    """What is known of many papers at once: enough to tell most pairs apart without their texts.

    Papers are given in order by their lengths in letters, and by whether a record gives a title or
    a place; then, in any order, by their numbers.
    """

    def __init__(self, lengths: Sequence[int], recorded: Sequence[bool]) -> None:
        self._sizes = np.maximum(np.array(lengths, np.int64) - LENGTH + 1, 0)
        self._recorded = np.array(recorded, np.bool_)
        self._numbers = array("H")
        self._starts = np.zeros((len(lengths), 2), np.int64)

    def add_numbers(self, paper: int, numbers: Iterable[str]) -> None:
        """Note the numbers of a paper, each by a short sum.

        Two numbers may have one sum: then a pair stays open that could have been told apart.
        """
        start = len(self._numbers)
        self._numbers.extend(sorted(crc32(number.encode()) & 0xFFFF for number in numbers))
        self._starts[paper] = start, len(self._numbers)

    def leave_open(self, pairs: Linked) -> Linked:
        """Return the pairs that may be copies: all those of which `find_likeness` finds one."""
        if not len(pairs):
            return pairs
        from screen.study.copies.kernels import find_open

        numbers = np.frombuffer(self._numbers, np.uint16)
        return find_open(
            pairs,
            (self._sizes, self._recorded, numbers, self._starts),
            (_CUT_OFF, _CUT_OFF_TITLED, _FEW_NUMBERS, _NUMBERS),
        )


def compare(one: Text, other: Text) -> Likeness:
    """Compare two papers; the order of the two makes no difference."""
    return _lay_side_by_side(one, other, _compare_marks(one, other))


def find_likeness(one: Text, other: Text) -> Likeness | None:
    """Return how alike two papers are if they are the same paper, None if they are not."""
    best = _compare_marks(one, other)
    if not best.is_copy:
        return None
    likeness = _lay_side_by_side(one, other, best)
    return likeness if likeness.is_copy else None


def _compare_marks(one: Text, other: Text) -> Likeness:
    """Return how alike two papers are at best, by all but their letters: most are told apart so."""
    short, long = sorted((one, other), key=lambda text: len(text.letters))
    ours, theirs = (max(len(text.letters) - LENGTH + 1, 0) for text in (short, long))
    return Likeness(
        similarity=1.0,
        covered=1.0,
        piece=1.0,
        solid=1.0,
        numbers=_compare_numbers(short.numbers, long.numbers),
        title=_compare_titles(one, other),
        ratio=ours / max(theirs, 1),
        same_place=bool(one.place) and one.place == other.place,
    )


def _lay_side_by_side(one: Text, other: Text, best: Likeness) -> Likeness:
    short, long = sorted((one, other), key=lambda text: (len(text.letters), text.letters))
    if short.letters == long.letters and len(short.letters) >= LENGTH:
        return best
    from screen.study.copies.kernels import find_shared

    shared, others, common, different = find_shared(
        find_grams(short.letters), find_grams(long.letters)
    )
    inside, outside = _find_stretches(shared), _find_stretches(others)
    start, end = _find_piece(inside)
    begin, stop = _find_piece(outside)
    return replace(
        best,
        similarity=common / max(different, 1),
        covered=_mean(inside),
        piece=(end - start) / max(len(inside), 1),
        solid=min(_mean(inside[start:end]), _mean(outside[begin:stop])),
    )


def _find_stretches(shared: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return for each stretch of a text whether enough of its n-grams are in the other text."""
    if not len(shared):
        return np.zeros(0, np.bool_)
    starts = np.arange(0, max(len(shared) - _STRETCH // 2, 1), _STRETCH)
    sizes = np.diff([*starts, len(shared)])
    return np.asarray(np.add.reduceat(shared.astype(np.int64), starts) >= _IN_COMMON * sizes)


def _find_piece(stretches: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return the longest piece of a text that is in the other one but for a stray stretch."""
    best, piece, start, total = 0, (0, 0), 0, 0
    for index, is_in in enumerate(stretches):
        if total <= 0:
            start, total = index, 0
        total += 1 if is_in else -2
        if total > best:
            best, piece = total, (start, index + 1)
    return piece


def _mean(stretches: npt.NDArray[np.bool_]) -> float:
    return float(stretches.mean()) if len(stretches) else 0.0


def _compare_numbers(short: Sequence[str], long: Sequence[str]) -> float | None:
    few, many = sorted((Counter(short), Counter(long)), key=lambda count: count.total())
    if few.total() < _FEW_NUMBERS:
        return None
    return (few & many).total() / few.total()


def _compare_titles(one: Text, other: Text) -> bool | None:
    """Tell whether titles agree; where one is known, whether it stands in the other text."""
    if one.title and other.title:
        return are_alike(one.title, other.title)
    for title, text in ((one.title, other), (other.title, one)):
        letters = keep_letters(title)
        if len(letters) >= _SHORTEST_TITLE:
            return bool(fuzz.partial_ratio(letters, text.letters[:_TOP]) >= _PRINTED_TITLE) or None
    return None


def are_alike(one: str, other: str) -> bool | None:
    """Tell whether two titles are of the same paper; None if they may be or not.

    Part one is not part two, and a report of three cases not one of thirty. One of them may lack
    the subtitle.
    """
    first, second = (title.translate(_NUMERALS) for title in (one, other))
    numbers = [Counter(_NUMERAL.findall(title)) for title in (first, second)]
    if numbers[0] != numbers[1] and all(numbers):
        return False
    alike = fuzz.ratio(_words(first), _words(second))
    if alike >= _SAME_TITLE:
        return True
    short, long = sorted((first, second), key=len)
    head = _SUBTITLE.split(long, maxsplit=1)[0]
    if len(_words(short)) >= _SHORTEST_TITLE and _words(head) == _words(short):
        return True
    return None if alike >= _OTHER_TITLE else False


def _words(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum())
