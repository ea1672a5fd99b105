"""What becomes of the text of a page when its characters themselves are lost or replaced.

As in `corpus/damage.py`: one small function per kind, chance only from the `random.Random` passed
in, `rate` the share of the places concerned.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

_HANZI = re.compile("[\u4e00-\u9fff]")
_FIRST_HANZI, _LAST_HANZI = 0x4E00, 0x9FA5


def read_as(text: str, written: str, read: str) -> str:
    """Write the text in one encoding and read it in another; what does not fit is replaced."""
    return text.encode(written, "ignore").decode(read, "replace")


def number_characters(text: str, rng: Random, rate: float) -> str:
    """Turn hanzi into (cid:n), as converters do for a font that says nothing of its characters."""
    return _each(text, rng, rate, lambda _: f"(cid:{rng.randint(100, 20000)})")


def privatise(text: str, rng: Random, rate: float) -> str:
    """Turn hanzi into private-use characters, always the same one for the same hanzi."""
    return _each(text, rng, rate, lambda sign: chr(0xE000 + ord(sign) % 0x1900))


def lose_characters(text: str, rng: Random, rate: float) -> str:
    """Turn hanzi into the replacement character."""
    return _each(text, rng, rate, lambda _: "\ufffd")


def randomise(text: str, rng: Random, rate: float, characters: str = "") -> str:
    """Turn hanzi into others by chance, out of `characters` or of all that Unicode had first."""

    def other(_: str) -> str:
        if characters:
            return rng.choice(characters)
        return chr(rng.randint(_FIRST_HANZI, _LAST_HANZI))

    return _each(text, rng, rate, other)


def remap_font(text: str, rng: Random, characters: str) -> str:
    """Replace each hanzi throughout by another of `characters`, as a wrong table of a font does."""
    before = sorted(set(_HANZI.findall(characters)))
    after = before[:]
    rng.shuffle(after)
    return text.translate(str.maketrans("".join(before), "".join(after)))


def shift_font(text: str, steps: int) -> str:
    """Replace each hanzi by the one so many places on, as a table of a font with a gap does."""
    return _HANZI.sub(lambda sign: chr(ord(sign[0]) + steps), text)


def break_lines(text: str, rng: Random, rate: float, characters: str) -> str:
    """Remap the font of a share of the stretches of about a printed line, and leave the others."""
    rows = re.findall("(?s).{1,40}", text)
    broken = set(rng.sample(range(len(rows)), round(rate * len(rows))))
    return "".join(
        remap_font(row, rng, characters) if number in broken else row
        for number, row in enumerate(rows)
    )


def _each(text: str, rng: Random, rate: float, change: Callable[[str], str]) -> str:
    return _HANZI.sub(lambda sign: change(sign[0]) if rng.random() < rate else sign[0], text)
