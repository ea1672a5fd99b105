"""Turn the raw pages of a paper into one clean text that remembers where each character was.

Four things happen, in this order:

1. running heads, page numbers, database boilerplate and citation marks are blanked;
2. spaces and line breaks are dropped unless they part two non-Chinese words;
3. each character is normalised (NFKC) and simplified (OpenCC t2s, character by character);
4. the pages are joined, so that a sentence that crosses a page break is whole again; footnotes and
   tables, which would stand inside it, follow the running text.

Normalising character by character, never over a whole string, is what makes the map exact: a
character may become several (㎎ to mg, ㈠ to (一)), but never does a neighbour take part.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from opencc import OpenCC

from screen.types import CleanText, Page, Run

# Variant characters that OpenCC leaves alone because they are not traditional characters.
_VARIANTS = {"揷": "插", "甦": "苏", "癥": "症"}

# Zero-width and directional marks, soft hyphens and control characters carry no text.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffe\x00-\x08\x0e-\x1b\x7f]"
)
_VISIBLE = re.compile(r"\S+")
# A gap is a real space only between what ends and what begins a foreign word or figure.
_WORD_END = re.compile(r"[^\W\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[.,;:)%°]")
_WORD_START = re.compile(r"[^\W\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[(±<>=+]")


def _letters(words: str) -> str:
    """Return a pattern for words whose letters a converter may have set apart."""
    return r"\s*".join(re.escape(letter) for letter in words if not letter.isspace())


_YEAR = r"(?:1\s*9|2\s*0)\s*\d\s*\d"
_BOILERPLATE = re.compile(
    # Few characters can begin one: looking at the others is most of the time spent here.
    r"(?=[(（©12万维])(?:"
    rf"(?:(?:[(（]\s*[CcＣ]\s*[)）]|©)\s*)?{_YEAR}\s*[-－—–]\s*{_YEAR}\s*"
    + _letters("China Academic Journal Electronic Publishing House")
    + r"\s*[.．]?(?:\s*"
    + _letters("All rights reserved")
    + r"\s*[.．]?)?(?:\s*h\s*t\s*t\s*p\s*s?\s*[:：]\s*/\s*/[A-Za-z\s.]{0,24}?n\s*e\s*t/?)?"
    r"|万\s*方\s*数\s*据(?![库])"
    r"|维\s*普\s*资\s*讯(?:\s*http://(?:www\.)?[A-Za-z]{2,12}\.(?:com|net)(?:\.cn)?)?)",
    re.IGNORECASE,
)
# The bracket comes first and what stands before it second: a search is fast with a first character.
_CITATION = re.compile(
    r"[\[［〔](?<=\S[\[［〔])\s*\d{1,3}(?:\s*[,，、~～\-－—–]\s*\d{1,3})*\s*[\]］〕]"
)
_PAGE_NUMBER = re.compile(r"[\s·•・.\-－—–~～第]*\d{1,4}[\s·•・.\-－—–~～页]*")
_JOURNAL_HEAD = re.compile(
    r"第\s*\d+\s*卷.{0,8}第\s*\d+\s*期|vol\s*[.．]?\s*\d+.{0,4}no\s*[.．]?\s*\d+"
    r"|(?:19|20)\d\d\s*年.{0,8}第\s*\d+\s*[卷期]",
    re.IGNORECASE,
)
_PROSE = re.compile(r"[\u4e00-\u9fff]\s*[，。；：！？,;]\s*(?:[\u4e00-\u9fff]|$)")
_LINE = re.compile(r"[^\r\n]+")
# Only a footnote begins like this, and only near the foot of a page is it taken for one.
_FOOTNOTE = re.compile(
    r"\s*[*＊△▲①]?\s*[\[【［]?\s*(?:"
    + "|".join(
        map(_letters, ("收稿日期", "作者单位", "基金项目", "通讯作者", "通信作者", "作者简介"))
    )
    + r")\s*[\]】］:：]"
)
_FOOT_LINES = 5
_EDGE_LINES = 3
# Without volume and issue a running head is short; the mark of a database is known by its words.
_HEAD_LENGTH = 48


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


class _Table(dict[int, str]):
    """Maps a code point to its clean form, for str.translate; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = clean = _clean_character(chr(code))
        return clean


class _EvenTable(dict[int, str]):
    """Likewise, but a character that became several, or none, stays: so no length changes.

    `uneven` finds such characters, of those met.
    """

    def __init__(self) -> None:
        super().__init__()
        self._met: list[str] = []
        self.uneven = re.compile("(?!)")

    def __missing__(self, code: int) -> str:
        character, clean = chr(code), _TABLE[code]
        if len(clean) != 1:
            self._met.append(re.escape(character))
            self.uneven = re.compile(f"[{''.join(self._met)}]")
        self[code] = even = clean if len(clean) == 1 else character
        return even


def _clean_character(character: str) -> str:
    if _INVISIBLE.match(character):
        return ""
    normal = unicodedata.normalize("NFKC", character)
    simple = "".join(_VARIANTS.get(c, c) for c in _simplifier().convert(normal))
    # NFKC turns some marks into a space and a combining mark: no new space may arise here.
    return "".join(simple.split())


_TABLE, _EVEN = _Table(), _EvenTable()


def clean_pages(pages: Sequence[Page]) -> CleanText:
    """Return the clean text of a paper from its pages, in order.

    Pages of method "unreadable" have no text and add none.
    """
    builder = _Builder()
    asides: list[tuple[int, int, str]] = []
    for index, blanked in enumerate(_blank_furniture(pages)):
        running = blanked
        for start, end in _find_asides(pages[index], blanked):
            asides.append((index, start, blanked[start:end]))
            running = running[:start] + " " * (end - start) + running[end:]
        builder.add(running, index, 0, "\n" if index else "")
    for index, start, words in asides:
        builder.part()
        builder.add(words, index, start, "\n")
    return builder.finish(pages)


class _Builder:
    """A clean text under construction."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._runs: list[Run] = []
        self._lines: set[int] = set()
        self._breaks: set[int] = set()
        self._length = 0
        self._gap = self._last = ""

    def part(self) -> None:
        """Let nothing go on from what is there into what follows."""
        self._breaks.add(self._length)
        self._last = ""

    def add(self, raw: str, page: int, offset: int, gap: str) -> None:
        """Add raw text that begins at an offset of a page, by its index, after a gap."""
        self._gap += gap
        # One translation of all is cheaper than one a piece; few pieces need one of their own.
        even = raw.translate(_EVEN)
        uneven = [match.start() for match in _EVEN.uneven.finditer(raw)]
        position = 0
        for match in _VISIBLE.finditer(raw):
            start, end = match.span()
            gap = self._gap + raw[position:start]
            position = end
            odd = uneven[bisect_left(uneven, start) : bisect_left(uneven, end)] if uneven else []
            clean = raw[start:end].translate(_TABLE) if odd else even[start:end]
            if not clean:
                self._gap = gap
                continue
            if gap and self._last and _parts_words(self._last, clean[0]):
                self._kept.append(" ")
                self._length += 1
            if not self._kept or "\n" in gap or "\r" in gap:
                self._lines.add(self._length)
            self._gap = ""
            parts = _part(raw, start, end, odd) if odd else ((start, end, end - start),)
            for first, last, width in parts:
                length = self._length + width
                self._runs.append(Run(self._length, length, page, offset + first, offset + last))
                self._length = length
            self._kept.append(clean)
            self._last = clean[-1]
        self._gap += raw[position:]

    def finish(self, pages: Sequence[Page]) -> CleanText:
        """Return the clean text; a break with nothing behind it is none."""
        breaks = frozenset(place for place in self._breaks if 0 < place < self._length)
        text = "".join(self._kept)
        return CleanText(text, tuple(pages), tuple(self._runs), frozenset(self._lines), breaks)


def _find_asides(page: Page, text: str) -> list[tuple[int, int]]:
    """Return the stretches of a page that stand apart from its running text, in order.

    They are as they are marked; on a page without marks what begins, in its last lines, with words
    that only a footnote begins with.
    """
    if page.marks:
        edges = sorted((max(mark.start, 0), min(mark.end, len(text))) for mark in page.marks)
        asides: list[tuple[int, int]] = []
        for start, end in edges:
            first = max(start, asides[-1][1]) if asides else start
            if first < end:
                asides.append((first, end))
        return asides
    spans = [match.span() for match in _LINE.finditer(text) if not match.group().isspace()]
    for start, end in spans[-_FOOT_LINES:] if len(spans) > 2 * _FOOT_LINES else ():
        if _FOOTNOTE.match(text, start, end):
            return [(start, spans[-1][1])]
    return []


def clean_words(words: str) -> str:
    """Return the clean form of a few words, such as a title: characters and spaces as in a text.

    Nothing is taken away as furniture of a page, since there is no page.
    """
    kept = ""
    for piece in _VISIBLE.findall(words):
        clean = piece.translate(_TABLE)
        if kept and clean and _parts_words(kept[-1], clean[0]):
            kept += " "
        kept += clean
    return kept


def _parts_words(before: str, after: str) -> bool:
    """Tell whether a gap between two characters is a real space: only between foreign words."""
    if not (_ends_word(before) and _begins_word(after)):
        return False
    return before.isalnum() or after.isalnum()


@cache
def _ends_word(character: str) -> bool:
    return _WORD_END.match(character) is not None


@cache
def _begins_word(character: str) -> bool:
    return _WORD_START.match(character) is not None


def _part(raw: str, start: int, end: int, uneven: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield the stretches of `raw[start:end]`, parted at its uneven characters.

    Each is given by its start, its end, and its length once it is clean; what leaves nothing is not
    given.
    """
    for place in uneven:
        if place > start:
            yield start, place, place - start
        width = len(_TABLE[ord(raw[place])])
        if width:
            yield place, place + 1, width
        start = place + 1
    if end > start:
        yield start, end, end - start


def _blank_furniture(pages: Sequence[Page]) -> list[str]:
    """Return the pages' texts with running heads, boilerplate and citations as spaces.

    Lengths do not change, so offsets still hold.
    """
    several = len(pages) > 1
    heads = _running_heads(pages) if several else frozenset()
    blanked = []
    for page in pages:
        text = page.text
        for side, start, end in _edge_lines(text) if several else ():
            if _is_furniture(side, text[start:end], heads):
                text = text[:start] + " " * (end - start) + text[end:]
        for pattern in (_BOILERPLATE, _CITATION):
            text = pattern.sub(lambda match: " " * len(match.group()), text)
        blanked.append(text)
    return blanked


def _is_furniture(side: str, line: str, heads: frozenset[tuple[str, str]]) -> bool:
    """Tell whether a line at the edge of a page is no part of the text; in doubt it is part."""
    if _PAGE_NUMBER.fullmatch(line):
        return True
    rest, found = _JOURNAL_HEAD.subn("", line)
    if len(rest.strip()) > _HEAD_LENGTH or _PROSE.search(rest):
        return False
    return found > 0 or (side, _digest(line)) in heads


def _running_heads(pages: Sequence[Page]) -> frozenset[tuple[str, str]]:
    """Return the digests of lines that stand at the same edge of two or more pages.

    A page that is there twice counts once: its lines are its own.
    """
    seen = Counter(
        head
        for text in {page.text for page in pages}
        for head in {(side, _digest(text[start:end])) for side, start, end in _edge_lines(text)}
    )
    return frozenset(head for head, count in seen.items() if count > 1 and head[1])


def _digest(line: str) -> str:
    """Return a line without spaces and with its digits alike, to compare running heads by."""
    return re.sub(r"\d+", "#", re.sub(r"\s+", "", unicodedata.normalize("NFKC", line)))


def _edge_lines(text: str) -> list[tuple[str, int, int]]:
    """Return the first and last few lines of a page that hold anything: (side, start, end)."""
    spans = [match.span() for match in _LINE.finditer(text) if not match.group().isspace()]
    top = spans[:_EDGE_LINES]
    bottom = spans[max(len(spans) - _EDGE_LINES, len(top)) :]
    return [("top", *span) for span in top] + [("bottom", *span) for span in bottom]
