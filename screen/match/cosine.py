"""Windows of a text by the cosine distance of their character counts to phrases: the hot loops.

For a phrase p of `length` characters and a window w of as many, the distance is
1 - (w . p) / (|w| |p|), where w and p count each character (q-grams with q = 1; M. van der Loo,
"The stringdist package for approximate string matching", The R Journal 6, 2014). A text shorter
than the phrase is one window. Ties are decided by the distances as rounded in this formula.

Nearly all windows are passed over unseen, but none that could count:

- w . p in a block of neighbouring windows is at most the sum over all characters that they reach;
  prefix sums over blocks give that bound by one subtraction;
- |w| is at least the square root of the length, so w . p must reach a certain value before |w| is
  worth counting.

Arrays: `points` are a text's code points; `symbols` the same as numbers of the phrases' characters,
0 for others; `weights[symbol, phrase]` counts a character in a phrase; `counts`, all zero before
and after, has a place for every code point. Compiled by numba when first called.
"""

import math

import numpy as np
from numpy.typing import NDArray

from screen.compiled import compiled

Integers = NDArray[np.int32]

# Windows judged by one bound: more of them make fewer bounds, but looser ones.
_BLOCK = 12
# Bounds are taken a little lower, so that rounding passes over nothing.
_ROUNDING = 1e-12
_ANY_DISTANCE = 2.0


@compiled
def sum_blocks(symbols: NDArray[np.uint32], weights: Integers) -> Integers:
    """Return the prefix sums, block by block, of the text's weights in each phrase.

    Shape (phrases, blocks + 1).
    """
    size, phrases = symbols.size, weights.shape[1]
    blocks = (size + _BLOCK - 1) // _BLOCK
    sums = np.empty((phrases, blocks + 1), np.int32)
    sums[:, 0] = 0
    total = np.zeros(phrases, np.int32)
    # Most characters are in no phrase; to list the others first leaves no branch to guess wrong.
    listed = np.empty(size, np.int64)
    count = 0
    for place in range(size):
        listed[count] = place
        count += symbols[place] != 0
    following = 0
    for block in range(blocks):
        while following < count and listed[following] < (block + 1) * _BLOCK:
            symbol = symbols[listed[following]]
            for phrase in range(phrases):
                total[phrase] += weights[symbol, phrase]
            following += 1
        for phrase in range(phrases):
            sums[phrase, block + 1] = total[phrase]
    return sums


@compiled
def bound_blocks(sums: Integers, length: int, size: int) -> Integers:
    """Return the most that w . p can be in each block of windows of a text of `size` characters.

    `sums` are the prefix sums of one phrase.
    """
    last = sums.size - 1
    blocks = (size - length) // _BLOCK + 1
    reach = (_BLOCK + length - 2) // _BLOCK + 1
    bounds = np.empty(blocks, np.int32)
    for block in range(blocks):
        bounds[block] = sums[min(block + reach, last)] - sums[block]
    return bounds


@compiled
def _count(points: NDArray[np.uint32], counts: Integers, start: int, end: int, step: int) -> int:
    """Count characters on (step 1) or off (-1); return by how much that changes |w| squared."""
    change = 0
    for place in range(start, end):
        count = counts[points[place]]
        change += 2 * step * count + 1
        counts[points[place]] = count + step
    return change


@compiled
def _need(limit: float, length: int, norm_square: int) -> tuple[float, float]:
    """Return the least w . p, and the least (w . p)^2 / |w|^2, of a window below a distance."""
    cosine = max(1.0 - limit - _ROUNDING, 0.0)
    return cosine * math.sqrt(length) * math.sqrt(norm_square), cosine**2 * norm_square


@compiled
def scan(
    points: NDArray[np.uint32],
    symbols: NDArray[np.uint32],
    weights: Integers,
    norm_square: int,
    length: int,
    bounds: Integers,
    blocks: tuple[int, int],
    limit: float,
    keep_all: bool,
    counts: Integers,
    starts: NDArray[np.int64],
    distances: NDArray[np.float64],
) -> int:
    """Look at the windows of some blocks for one phrase and return how many were kept.

    `weights` and `norm_square`, |p| squared, are those of the phrase. Into `starts` and
    `distances` go all windows with a distance below `limit`, in order; or, unless `keep_all`, the
    first of those with the least.
    """
    norm = math.sqrt(norm_square)
    windows = points.size - length + 1
    needed, least_share = _need(limit, length, norm_square)
    kept = 0
    dot, dot_at = 0, -2
    square, counted = 0, -1
    for block in range(blocks[0], blocks[1]):
        if bounds[block] < needed:
            continue
        for start in range(block * _BLOCK, min((block + 1) * _BLOCK, windows)):
            if dot_at == start - 1:
                dot += weights[symbols[start + length - 1]] - weights[symbols[start - 1]]
            else:
                dot = 0
                for place in range(start, start + length):
                    dot += weights[symbols[place]]
            dot_at = start
            if dot < needed:
                continue
            if counted >= 0 and start < counted + length:
                square += _count(points, counts, counted, start, -1)
                square += _count(points, counts, counted + length, start + length, 1)
            else:
                if counted >= 0:
                    _count(points, counts, counted, counted + length, -1)
                square = _count(points, counts, start, start + length, 1)
            counted = start
            # Cheaper than the distance itself, and true of hardly any window that does not count.
            if dot * dot < least_share * square:
                continue
            distance = 1.0 - dot / (math.sqrt(square) * norm)
            if dot * dot == square * norm_square:
                distance = 0.0
            if distance >= limit:
                continue
            if keep_all:
                kept += 1
            else:
                kept = 1
                limit = distance
                needed, least_share = _need(limit, length, norm_square)
            starts[kept - 1] = start
            distances[kept - 1] = distance
    if counted >= 0:
        _count(points, counts, counted, counted + length, -1)
    return kept


@compiled
def find_best(
    points: NDArray[np.uint32],
    symbols: NDArray[np.uint32],
    weights: Integers,
    columns: Integers,
    squares: NDArray[np.int64],
    lengths: NDArray[np.int64],
    counts: Integers,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return start and distance of the first window with the least distance to each phrase.

    `columns` are the weights phrase by phrase, `squares` |p| squared. The text must not be empty.
    """
    phrases = lengths.size
    starts, distances = np.zeros(phrases, np.int64), np.ones(phrases)
    sums = sum_blocks(symbols, weights)
    for phrase in range(phrases):
        length = min(lengths[phrase], points.size)
        bounds = bound_blocks(sums[phrase], length, points.size)
        # The most promising block first: its best distance lets most others be passed over.
        top = int(np.argmax(bounds))
        limit = _ANY_DISTANCE
        for blocks in ((top, top + 1), (0, bounds.size)):
            scan(
                points,
                symbols,
                columns[phrase],
                squares[phrase],
                length,
                bounds,
                blocks,
                limit,
                False,
                counts,
                starts[phrase : phrase + 1],
                distances[phrase : phrase + 1],
            )
            limit = np.nextafter(distances[phrase], _ANY_DISTANCE)
    return starts, distances


@compiled
def find_below(
    points: NDArray[np.uint32],
    symbols: NDArray[np.uint32],
    weights: Integers,
    norm_square: int,
    length: int,
    sums: Integers,
    limit: float,
    counts: Integers,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return starts and distances of all windows below a distance to one phrase, in order.

    `weights`, `norm_square` (|p| squared) and `sums` (of `sum_blocks`) are those of the phrase. The
    text must not be empty.
    """
    length = min(length, points.size)
    windows = points.size - length + 1
    starts, distances = np.empty(windows, np.int64), np.empty(windows)
    bounds = bound_blocks(sums, length, points.size)
    kept = scan(
        points,
        symbols,
        weights,
        norm_square,
        length,
        bounds,
        (0, bounds.size),
        limit,
        True,
        counts,
        starts,
        distances,
    )
    return starts[:kept].copy(), distances[:kept].copy()
