"""What a paper is known by among many: a MinHash signature of its character n-grams.

Two papers with much in common have much in common in their signatures, which are small enough to
look through those of a hundred thousand papers at once. Only Chinese characters count: punctuation,
figures and Latin letters are what damage and converters change most, and what papers that have
nothing to do with each other share most.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from screen.types import CleanText, Page

Grams = npt.NDArray[np.uint64]

# Four characters a gram, so that a gram fits into 64 bits. `benchmarks/copies.py` says why four.
LENGTH = 4
# A signature holds so many numbers, in bands of so many: papers that agree in all of a band are
# looked at. Of pairs with a third of their grams in common that finds 19 of 20.
SIZE, _BAND = 240, 3
_SEED = 20_091
# A text with fewer Chinese characters is known by its letters of all scripts.
_FEWEST = 200
# Below this nothing can be said of a text.
SHORTEST = 300
# Papers that agree in a band are compared with so many of them, the first. A paper that is there
# thousands of times would otherwise make millions of pairs in each band.
_MOST = 64
_HAN = re.compile("[^\u3400-\u9fff]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Signature:
    """A paper as it is compared with others.

    `letters` are its characters without punctuation, figures and spaces; `numbers` its numbers of
    two digits and more, as printed, in order. `values` has `SIZE` numbers, or none if the text is
    too short to be compared. `quality` is the mean of its readable pages, 0-1.
    """

    paper: str
    letters: str
    numbers: tuple[str, ...]
    quality: float
    values: npt.NDArray[np.uint32]


def make_signature(paper: str, pages: Sequence[Page], clean: CleanText) -> Signature:
    """Return the signature of a paper's clean text: the same on every machine and in every run."""
    letters = keep_letters(clean.text)
    numbers = tuple(n for n in _NUMBER.findall(clean.text) if len(n) > 1)
    read = [page.quality for page in pages if page.is_read]
    quality = round(sum(read) / len(read), 4) if read else 0.0
    return Signature(paper, letters, numbers, quality, _sign(letters))


def keep_letters(text: str) -> str:
    """Return the Chinese characters of a clean text, or all its letters if it has hardly any."""
    han = _HAN.sub("", text)
    if len(han) >= _FEWEST:
        return han
    return "".join(letter for letter in text.lower() if letter.isalpha())


def find_grams(letters: str) -> Grams:
    """Return the n-grams of a text in order, each as one number; shape (len(letters) - 3,)."""
    codes = np.frombuffer(letters.encode("utf-32-le", "replace"), np.uint32) & np.uint32(0xFFFF)
    wide = codes.astype(np.uint64)
    number = max(len(wide) - LENGTH + 1, 0)
    grams = np.zeros(number, np.uint64)
    for place in range(LENGTH):
        grams = (grams << np.uint64(16)) | wide[place : place + number]
    return grams


def _sign(letters: str) -> npt.NDArray[np.uint32]:
    if len(letters) < SHORTEST:
        return np.zeros(0, np.uint32)
    tokens = _mix(find_grams(letters))
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(tokens, [0, len(tokens)], SIZE, _SEED)
    return np.array(matrix.to_rows()[0], np.uint32)


def _mix(values: Grams) -> Grams:
    """Spread numbers over all 64 bits, as the last step of SplitMix64 does."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def find_candidates(
    values: npt.NDArray[np.uint32], least: float
) -> Iterator[npt.NDArray[np.int32]]:
    """Yield the pairs of signatures that may be copies, each pair once; shape (pairs, 2).

    `values` is one signature a row, shape (papers, SIZE). Of a pair the lower row comes first. A
    pair agrees in a band, and in all in at least this share of its values. Of many rows that agree
    in a band each is compared with the lowest ones: those that are likely to be originals belong
    there.
    """
    needed = ceil(least * SIZE - 1e-9)
    if len(values) <= _MOST:
        yield _compare_all(values, needed)
        return
    from screen.study.copies.kernels import link_buckets

    words = values.astype(np.uint8).view(np.uint64)
    for band in range(0, SIZE, _BAND):
        part = values[:, band : band + _BAND].astype(np.uint64)
        keys = _mix(_mix((part[:, 0] << np.uint64(32)) | part[:, 1]) ^ part[:, 2])
        order = np.argsort(keys, kind="stable").astype(np.int32)
        keys = keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] ^ np.uint64(1))).astype(np.int32)
        ends = np.append(starts[1:], np.int32(len(order)))
        several = ends - starts > 1
        buckets = (order, starts[several], ends[several])
        yield link_buckets(values, words, *buckets, band, _BAND, needed, _MOST)


def _compare_all(values: npt.NDArray[np.uint32], needed: int) -> npt.NDArray[np.int32]:
    """Return the pairs of a few signatures, without the time that the kernels take to start."""
    found = [np.zeros((0, 2), np.int32)]
    for row in range(len(values) - 1):
        agree = values[row + 1 :] == values[row]
        in_band = agree.reshape(-1, SIZE // _BAND, _BAND).all(axis=2).any(axis=1)
        others = row + 1 + np.flatnonzero(in_band & (agree.sum(axis=1) >= needed))
        found.append(np.stack([np.full_like(others, row), others], axis=1).astype(np.int32))
    return np.concatenate(found)
