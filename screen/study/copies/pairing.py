"""Which papers of a study may be copies of one another, by signature and by title of the record.

What is known of each paper is small enough to be held for a hundred thousand at once; of the pairs
only those that may be copies are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screen.study.contents import read_values
from screen.study.copies.likeness import Linked, Outlines
from screen.study.copies.signatures import SHORTEST, SIZE, find_candidates, keep_letters

# Signatures that agree in less are not looked at: different papers hardly reach 0.1.
_LEAST = 0.15
# More papers under one title are a heading, such as 简讯, and not looked at for that.
_MOST_TITLED = 20
_SHORTEST_TITLE = 8


def pair_by_signature(
    folder: Path,
    homes: Mapping[str, int],
    papers: Sequence[str],
    lengths: Sequence[int],
    recorded: Sequence[bool],
) -> Iterator[Linked]:
    """Yield the pairs of papers that may be copies, by place, the earlier first; shape (pairs, 2).

    `homes` gives the shard of each, `lengths` those in letters, `recorded` whether it has a record.
    Papers come in the order of rank: of one that is there many times all are compared with the
    first.
    """
    places = [place for place, length in enumerate(lengths) if length >= SHORTEST]
    rows = {papers[place]: row for row, place in enumerate(places)}
    values = np.zeros((len(places), SIZE), np.uint32)
    is_there = np.zeros(len(places), np.bool_)
    outlines = Outlines([lengths[n] for n in places], [recorded[n] for n in places])
    for shard in sorted({homes[paper] for paper in rows}):
        for paper, numbers, signature in read_values(folder, shard):
            row = rows.get(paper)
            # A shard that waits to be made anew may hold signatures of another size.
            if row is not None and len(signature) == 4 * SIZE:
                values[row] = np.frombuffer(signature, "<u4")
                is_there[row] = True
                outlines.add_numbers(row, numbers)
    there = np.flatnonzero(is_there).astype(np.int32)
    if len(there) < len(places):
        values = values[there]
    known = np.array(places, np.int32)
    for pairs in find_candidates(values, _LEAST):
        yield known[outlines.leave_open(there[pairs])]


def pair_by_title(titles: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of papers whose records have the same title, each pair in ascending order."""
    named: dict[str, list[int]] = defaultdict(list)
    for place, title in sorted(titles.items()):
        letters = keep_letters(title)
        if len(letters) >= _SHORTEST_TITLE:
            named[letters].append(place)
    for those in named.values():
        if len(those) <= _MOST_TITLED:
            yield from combinations(those, 2)


class Pairs:
    """Pairs of so many `papers`, found in several ways, without those `apart`.

    They come in the order of the later paper of each pair, then of the earlier one.
    """

    def __init__(
        self,
        found: Iterable[Linked],
        more: Collection[tuple[int, int]],
        apart: Collection[tuple[int, int]],
        papers: int,
    ) -> None:
        self._papers = max(papers, 1)
        parts = [self._number(pairs) for pairs in found]
        if more:
            parts.append(self._number(np.array(list(more))))
        known = np.concatenate([np.zeros(0, np.int64), *parts])
        del parts
        known.sort()
        known = known[np.diff(known, prepend=-1) > 0]
        if apart:
            known = np.setdiff1d(known, self._number(np.array(list(apart))), assume_unique=True)
        self._numbers = known

    def __iter__(self) -> Iterator[tuple[int, int]]:
        # Not all at once: ten millions of pairs as objects would take a gigabyte.
        for start in range(0, len(self._numbers), 100_000):
            later, earlier = np.divmod(self._numbers[start : start + 100_000], self._papers)
            yield from zip(earlier.tolist(), later.tolist(), strict=True)

    def list_papers(self) -> list[int]:
        """Return the papers that are in any pair."""
        found = np.zeros(self._papers, np.bool_)
        found[self._numbers % self._papers] = True
        found[self._numbers // self._papers] = True
        return np.flatnonzero(found).tolist()

    def _number(self, pairs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return pairs, the earlier paper first, as one number each."""
        return np.asarray(pairs[:, 1].astype(np.int64) * self._papers + pairs[:, 0])
