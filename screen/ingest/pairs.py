"""Which pairs of characters stand in Chinese words: what tells Chinese from random hanzi.

The table, `pairs.npz` beside this module, is made by `labels/pairs.py` from a general dictionary.
"""

from functools import cache
from pathlib import Path

import numpy as np

_FIRST, _LAST = 0x3400, 0x9FFF
_PLACES = 4096


@cache
def _load() -> tuple[np.ndarray, np.ndarray]:
    """Return the place of every code point (0: not a common hanzi), and a bit for every pair."""
    with np.load(Path(__file__).with_name("pairs.npz"), allow_pickle=False) as kept:
        places = np.zeros(0x110000, np.uint16)
        places[_FIRST : _LAST + 1] = kept["places"]
        known = np.cumsum(kept["pairs"], dtype=np.uint32)
    bits = np.zeros(_PLACES * _PLACES, bool)
    bits[known] = True
    return places, np.packbits(bits)


def to_codes(text: str) -> np.ndarray:
    """Return the code points of a text, one a character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def mark_hanzi(codes: np.ndarray) -> np.ndarray:
    """Tell of each code point whether it is a hanzi, common or not."""
    return (codes >= _FIRST) & (codes <= _LAST)


def mark_common(codes: np.ndarray) -> np.ndarray:
    """Tell of each code point whether it is one of the 4,095 commonest hanzi, in either form."""
    common: np.ndarray = _load()[0].take(codes) > 0
    return common


def mark_pairs(codes: np.ndarray) -> np.ndarray:
    """Tell of each code point but the last whether it and the next stand in a Chinese word."""
    places, bits = _load()
    ranks = places.take(codes).astype(np.uint32)
    pairs = ranks[:-1] * _PLACES + ranks[1:]
    return (bits.take(pairs >> 3) >> (7 - (pairs & 7)).astype(np.uint8)) & 1 > 0


def is_common(character: str) -> bool:
    """Tell whether a character is one of the commonest hanzi."""
    return bool(_load()[0][ord(character)])


def is_pair(first: str, second: str) -> bool:
    """Tell whether two characters stand next to each other in a Chinese word."""
    places, bits = _load()
    pair = int(places[ord(first)]) * _PLACES + int(places[ord(second)])
    return bool(bits[pair >> 3] >> (7 - (pair & 7)) & 1)
