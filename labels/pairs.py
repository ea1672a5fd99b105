"""Make the table of the character pairs of Chinese words: screen/ingest/pairs.npz.

The words and how often they occur are those of the dictionary of jieba (MIT licence), a general
one: no paper, real or made, takes part, so that the score of a page is measured on texts that the
table has not seen. Traditional characters share the place of their simplified form (OpenCC).

    python labels/pairs.py           writes the file
    python labels/pairs.py --check   exits with 1 if it is not up to date
"""

import sys
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
from opencc import OpenCC

TARGET = Path(__file__).resolve().parent.parent / "screen" / "ingest" / "pairs.npz"
# Of so many characters, the commonest, pairs are known; any other is rare in modern prose.
CHARACTERS = 4096
# A pair is known if its words occur at least so often in jieba's sixty million.
LEAST = 20
FIRST, LAST = 0x3400, 0x9FFF


def read_words() -> Iterator[tuple[str, int]]:
    """Yield the words of jieba's dictionary of hanzi alone, simplified, with their counts."""
    simplify = OpenCC("t2s")
    lines = files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        word, count, *_ = line.split(" ")
        if all(FIRST <= ord(character) <= LAST for character in word):
            yield simplify.convert(word), int(count)


def make_table() -> dict[str, np.ndarray]:
    """Return `places`, the place 1-4095 of each code point from U+3400 (0: rare), and `pairs`.

    `pairs` holds first * 4096 + second of each known pair, ascending, as differences.
    """
    characters: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for word, count in read_words():
        for character in word:
            characters[character] += count
        for pair in pairwise(word):
            pairs[pair] += count
    ranked = sorted(characters, key=lambda character: (-characters[character], character))
    place = {character: number for number, character in enumerate(ranked[: CHARACTERS - 1], 1)}
    simplify = OpenCC("t2s")
    places = np.array(
        [place.get(simplify.convert(chr(code)), 0) for code in range(FIRST, LAST + 1)], "<u2"
    )
    known = sorted(
        place[first] * CHARACTERS + place[second]
        for (first, second), count in pairs.items()
        if count >= LEAST and first in place and second in place
    )
    return {"places": places, "pairs": np.diff(np.array(known, "<u4"), prepend=np.uint32(0))}


def main() -> None:
    """Write the file, or check it."""
    made = make_table()
    if "--check" in sys.argv:
        with np.load(TARGET, allow_pickle=False) as kept:
            same = sorted(kept) == sorted(made)
            sys.exit(not (same and all(np.array_equal(kept[name], made[name]) for name in made)))
    np.savez_compressed(TARGET, allow_pickle=False, **made)


if __name__ == "__main__":
    main()
