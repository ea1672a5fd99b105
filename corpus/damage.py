"""Text damage as found in full texts of Chinese medical journals: one small function per kind.

Every function takes a text and returns a damaged text; chance comes only from the `random.Random`
that is passed in, so the same seed gives the same damage. The functions know nothing of papers or
files and may be combined in any order. `rate` is always the share, 0-1, of the places concerned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from random import Random

from opencc import OpenCC

HAN = "\u3400-\u9fff"
BOILERPLATE = (
    "(C)1994-2021 China Academic Journal Electronic Publishing House. All rights reserved."
)

# What a reading machine makes of small print: what stands in the paper -> what it reads there.
# Several of these turn one word into another good one, which no spelling check can notice.
MISREADINGS: dict[str, tuple[str, ...]] = {
    "min": ("而n", "rnin", "mln"),
    "mmHg": ("mrnHg", "mmH9"),
    "kg": ("k9", "kq"),
    "mg": ("m9", "rng"),
    "ml": ("m1", "rnl"),
    "气管": ("气臂", "气菅", "乞管"),
    "插管": ("捅管", "揷管", "插臂"),
    "动脉": ("动胁", "劝脉"),
    "0": ("O", "o"),
    "1": ("l", "I"),
    "5": ("S",),
    "。": (".", "·"),
    "，": (",", "."),
    "；": (";",),
    "：": (":",),
    "体": ("休", "伓"),
    "绀": ("给",),
    "插": ("捅", "揷"),
    "供": ("洪", "拱"),
    "脑": ("恼", "胞"),
    "死": ("夗",),
    "呼": ("乎", "哗"),
    "吸": ("汲",),
    "机": ("杌", "讥"),
    "麻": ("庥",),
    "醉": ("酔",),
    "面": ("而", "囬"),
    "氧": ("氣",),
    "术": ("木", "朮"),
    "切": ("叻",),
    "开": ("幵",),
    "胸": ("脑", "胷"),
    "未": ("末",),
    "入": ("人",),
    "日": ("曰",),
    "注": ("往", "庄"),
    "液": ("掖",),
    "灌": ("罐",),
    "肌": ("肋", "胍"),
    "静": ("诤",),
    "己": ("已",),
    "后": ("店", "斤"),
    "压": ("庄",),
    "阻": ("咀",),
    "肝": ("肚",),
}
_MISREADABLE = re.compile("|".join(sorted(MISREADINGS, key=len, reverse=True)))
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def space_out(text: str, rng: Random, rate: float = 0.1) -> str:
    """Put a space between all hanzi of some clauses: 供 体 脑 死 亡.

    Imitates converters that take the gaps of a justified or letter-spaced line for word spaces.
    Only spaces are added, so that taking white space away gives the text back.
    """

    def spaced(clause: re.Match[str]) -> str:
        if rng.random() >= rate:
            return clause[0]
        return re.sub(f"(?<=[{HAN}])(?=[{HAN}])", " ", clause[0])

    return re.sub(f"[{HAN}]{{2,}}", spaced, text)


def wrap_lines(text: str, rng: Random, width: int = 36) -> str:
    """Break every line after about `width` characters, in the middle of sentences and words.

    Imitates converters that keep the line ends of the printed page; the printed line holds a
    character more or less as punctuation is pushed in or out. Only newlines are added.
    """
    wrapped: list[str] = []
    for line in text.split("\n"):
        start = 0
        while len(line) - start > width + 1:
            end = start + width + rng.randint(-1, 1)
            wrapped.append(line[start:end])
            start = end
        wrapped.append(line[start:])
    return "\n".join(wrapped)


def read_across(text: str, rng: Random, width: int = 24, lines: int = 40) -> str:
    """Set the text in two columns a page of `lines` lines, and read each line across both.

    Imitates converters that do not see the gap between columns: half of one sentence is followed
    by half of another. Not a character is lost.
    """
    column = wrap_lines(text, rng, width).split("\n")
    across: list[str] = []
    for start in range(0, len(column), 2 * lines):
        left, right = column[start : start + lines], column[start + lines : start + 2 * lines]
        across += [f"{a}  {b}".rstrip() for a, b in zip_longest(left, right, fillvalue="")]
    return "\n".join(across)


def run_together(text: str) -> str:
    """Take all white space away, so that headings, paragraphs and English run into one line.

    Imitates collections that keep each full text as a single cell without white space.
    """
    return "".join(text.split())


def widen(text: str, rng: Random, rate: float = 0.7) -> str:
    """Turn numbers, units and Latin words into full-width characters: 30min -> ３０ｍｉｎ.

    Imitates typesetting under GB 2312 and its input methods, where half-width and full-width
    forms alternate within one paper. Unicode compatibility normalisation (NFKC) undoes it.
    """

    def wide(word: re.Match[str]) -> str:
        return word[0].translate(_WIDE) if rng.random() < rate else word[0]

    return re.sub(r"[!-~]+", wide, text)


def dot_stops(text: str, rng: Random, rate: float = 1.0) -> str:
    """Write a dot, ．, for the full stop 。 of Chinese.

    Imitates the house style of many science journals of the 1980s and 1990s, which set a dot so
    that the stop is not taken for the numeral nought; some issues mix both.
    """
    return re.sub("。", lambda stop: "．" if rng.random() < rate else stop[0], text)


def break_pages(text: str, rng: Random, heads: Sequence[str], every: int = 900) -> str:
    """Insert what stands between two pages, one of `heads` in turn, about each `every` characters.

    Imitates converters that go from the last line of a page straight on through the folio, the
    running head and the notice of the database to the next page: all of it lands inside a
    sentence. The break falls between two hanzi, and a head stands on lines of its own.
    """
    pieces: list[str] = []
    start = 0
    for turn in range(len(text) // every):
        place = start + every + rng.randint(-every // 5, every // 5)
        gap = re.compile(f"(?<=[{HAN}])(?=[{HAN}])").search(text, place)
        if gap is None or not heads:
            break
        pieces += [text[start : gap.start()], "\n", heads[turn % len(heads)], "\n"]
        start = gap.start()
    return "".join([*pieces, text[start:]])


def run_in_citations(text: str, rng: Random, highest: int = 8, rate: float = 0.2) -> str:
    """Let superscript citations run into the text: 已有报道[3] becomes 已有报道3.

    Imitates the loss of superscript on conversion, by which a reference number joins a word or,
    worse, a figure. Citations that the text has lose their brackets; besides, a share `rate` of
    sentences gets one with a number up to `highest`. Lines that begin with a bracket, as those of
    a list of references do, keep it.
    """

    def cited(stop: re.Match[str]) -> str:
        if rng.random() >= rate:
            return stop[0]
        first = rng.randint(1, max(1, highest))
        last = min(highest, first + rng.choice((0, 0, 1, 2)))
        return (f"{first}-{last}" if last > first else f"{first}") + stop[0]

    bare = re.sub(r"(?<=[^\n])\[(\d+(?:[-~,，、]\d+)*)\]", r"\1", text)
    return re.sub(f"(?<=[{HAN}])[。．]", cited, bare)


def misread(text: str, rng: Random, rate: float = 0.05) -> str:
    """Replace a share of what `MISREADINGS` lists by what optical character recognition reads.

    Imitates scans of letterpress issues with broken or filled type: min -> 而n, 绀 -> 给,
    插 -> 捅, 0 -> O, 体 -> 休, a full stop as a speck.
    """

    def slip(found: re.Match[str]) -> str:
        return rng.choice(MISREADINGS[found[0]]) if rng.random() < rate else found[0]

    return _MISREADABLE.sub(slip, text)


def add_neighbours(text: str, rng: Random, before: str = "", after: str = "") -> str:
    """Put the end of the paper `before` and the beginning of the paper `after` around the text.

    Imitates short papers that share their first and last page with others: the file of one holds
    whole pages, and so some hundred characters of its neighbours, cut off anywhere.
    """
    tail = before[-rng.randint(250, 450) :] if before else ""
    head = after[: rng.randint(250, 450)]
    return "\n".join(part for part in (tail, text, head) if part)


def traditional(text: str) -> str:
    """Write the text in traditional characters, as papers from Hong Kong and Taiwan have it."""
    converted: str = _to_traditional().convert(text)
    return converted


@cache
def _to_traditional() -> OpenCC:
    return OpenCC("s2t")
