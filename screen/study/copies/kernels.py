"""The hot loops of the search for copies: pairs of like signatures, n-grams in common."""

import numpy as np
import numpy.typing as npt

from screen.compiled import compiled

Rows = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Sums = npt.NDArray[np.uint16]

# Every byte of a word but its highest bit; the lowest bit of every byte; how far to move bits.
_LOW, _ONES = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x0101010101010101)
_TO_LOWEST, _TO_SUM = np.uint64(7), np.uint64(56)
# Spreads n-grams, which differ little, over a table (Fibonacci hashing).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
# A slot of a table, and whose the n-gram in it is.
_FREE, _OURS, _THEIRS, _SHARED = 0, 1, 2, 3


@compiled
def _count_bytes(one: npt.NDArray[np.uint64], other: npt.NDArray[np.uint64]) -> int:
    """Return how many bytes of two rows of words agree; of at most 248 bytes."""
    total = np.uint64(0)
    for word in range(one.size):
        differing = one[word] ^ other[word]
        # The highest bit of each byte that is zero, and no other bit.
        agreeing = ~(((differing & _LOW) + _LOW) | differing | _LOW)
        total += agreeing >> _TO_LOWEST
    return int(np.int64((total * _ONES) >> _TO_SUM))


@compiled
def _agree_before(
    one: npt.NDArray[np.uint32], other: npt.NDArray[np.uint32], band: int, width: int
) -> bool:
    """Tell whether two signatures agree in a band before this one."""
    for start in range(0, band, width):
        agreeing = 0
        for place in range(start, start + width):
            agreeing += one[place] == other[place]
        if agreeing == width:
            return True
    return False


@compiled
def link_buckets(
    values: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint64],
    rows: Rows,
    starts: Rows,
    ends: Rows,
    band: int,
    width: int,
    needed: int,
    most: int,
) -> Rows:
    """Return the pairs of rows in one bucket that agree in enough values; shape (pairs, 2).

    A bucket is `rows[start:end]`, in ascending order, of rows that agree in the `width` values from
    `band` on; each row is compared with the first `most` of its bucket. A pair that agrees in a
    band before this one was found there. `words` holds the lowest byte of each value.
    """
    found = np.empty((1024, 2), np.int32)
    count = 0
    for bucket in range(starts.size):
        start = starts[bucket]
        for later in range(start + 1, ends[bucket]):
            second = rows[later]
            for earlier in range(start, min(later, start + most)):
                first = rows[earlier]
                # No pair is lost by this: where values agree, so do their bytes.
                if _count_bytes(words[first], words[second]) < needed:
                    continue
                one, other = values[first], values[second]
                if _agree_before(one, other, band, width):
                    continue
                agreeing = 0
                for place in range(one.size):
                    agreeing += one[place] == other[place]
                if agreeing < needed:
                    continue
                if count == found.shape[0]:
                    more = np.empty((2 * count, 2), np.int32)
                    more[:count] = found
                    found = more
                found[count, 0] = first
                found[count, 1] = second
                count += 1
    return found[:count].copy()


@compiled
def _share_enough(one: Sums, other: Sums, least: float) -> bool:
    """Tell whether at least this share of the numbers of one paper are those of the other.

    Both are in ascending order, `one` has no more.
    """
    spare = one.size - int(least * one.size) + 1
    first = second = common = 0
    while first < one.size and second < other.size and first - common <= spare:
        here, there = one[first], other[second]
        common += here == there
        first += here <= there
        second += here >= there
    return common / one.size >= least


@compiled
def find_open(
    pairs: Rows,
    papers: tuple[npt.NDArray[np.int64], Flags, Sums, npt.NDArray[np.int64]],
    limits: tuple[float, float, int, float],
) -> Rows:
    """Return the pairs of papers that lengths and numbers do not tell apart.

    `papers` are their lengths, whether there is a record of each, the numbers of all, and where
    those of each begin and end. `limits` are the least share of lengths, the same with a record,
    how many numbers are too few to tell without a record, and the least share of numbers.
    """
    lengths, recorded, numbers, starts = papers
    cut_off, cut_off_recorded, few, least = limits
    kept = np.empty_like(pairs)
    count = 0
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        known = recorded[one] or recorded[other]
        ratio = min(lengths[one], lengths[other]) / max(lengths[one], lengths[other], 1)
        if ratio < (cut_off_recorded if known else cut_off):
            continue
        ours = numbers[starts[one, 0] : starts[one, 1]]
        theirs = numbers[starts[other, 0] : starts[other, 1]]
        if ours.size > theirs.size:
            ours, theirs = theirs, ours
        if known if ours.size < few else _share_enough(ours, theirs, least):
            kept[count] = pairs[pair]
            count += 1
    return kept[:count].copy()


@compiled
def _find_slot(
    table: npt.NDArray[np.uint64], states: npt.NDArray[np.uint8], gram: np.uint64
) -> int:
    """Return where an n-gram stands in a table, or the free slot where it would."""
    last = np.uint64(table.size - 1)
    slot = (gram * _SPREAD) >> np.uint64(32) & last
    while states[slot] != _FREE and table[slot] != gram:
        slot = (slot + np.uint64(1)) & last
    return int(np.int64(slot))


@compiled
def find_shared(
    ours: npt.NDArray[np.uint64], theirs: npt.NDArray[np.uint64]
) -> tuple[Flags, Flags, int, int]:
    """Return of each n-gram of two texts whether the other text has it.

    And how many different ones both have, and how many there are in all.
    """
    size = 16
    while size < 2 * (ours.size + theirs.size):
        size *= 2
    table, states = np.empty(size, np.uint64), np.zeros(size, np.uint8)
    inside, outside = np.empty(ours.size, np.bool_), np.empty(theirs.size, np.bool_)
    common = different = 0
    for gram in ours:
        slot = _find_slot(table, states, gram)
        if states[slot] == _FREE:
            states[slot] = _OURS
            table[slot] = gram
            different += 1
    for place in range(theirs.size):
        slot = _find_slot(table, states, theirs[place])
        if states[slot] == _FREE:
            states[slot] = _THEIRS
            table[slot] = theirs[place]
            different += 1
        elif states[slot] == _OURS:
            states[slot] = _SHARED
            common += 1
        outside[place] = states[slot] == _SHARED
    for place in range(ours.size):
        inside[place] = states[_find_slot(table, states, ours[place])] == _SHARED
    return inside, outside, common, different
