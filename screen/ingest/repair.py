"""Put right a text whose bytes were read in a wrong encoding, where the bytes can be had back.

Nothing is guessed: a character of which a byte was lost becomes U+FFFD, and what follows is read
from the next whole character. A line that reads better as it is stays.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby

from screen.ingest.pairs import is_common, is_pair
from screen.ingest.quality import READABLE, chinese_share, text_quality

LOST = "\ufffd"
# What stands for a byte that is lost, and for a character that never was one of those bytes.
_UNKNOWN, _FOREIGN = -1, -2
# A repair that is to be believed raises the score of the text by this, or else turns so many
# characters into hanzi of which so many pairs stand in words.
_GAIN = 0.3
_LEAST_HANZI, _LEAST_PAIRS, _LEAST_SHARE = 4, 2, 0.2
_SOUND = 0.8
_NONSENSE = 0.3
_MOST_LOST = 0.3
_HANZI = re.compile("[\u3400-\u9fff]")

# The byte of every character of Windows' Western encoding, with Latin-1 where that has none.
_WESTERN = {chr(code): code for code in range(0x100)} | {
    bytes([code]).decode("cp1252"): code
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_WESTERN_RUN = re.compile(
    "[" + "".join(re.escape(sign) for sign, code in _WESTERN.items() if code >= 0x80) + "]{4}"
)
_UTF8 = re.compile("[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True, slots=True)
class Repaired:
    """A text put right, and what had been done to it, as "GBK read as Latin-1"."""

    text: str
    what: str


@dataclass(frozen=True, slots=True)
class _Byte:
    """A byte of the text as it was written, or what is in its place; `sign` was read there."""

    value: int
    sign: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a text was written in, what it was read as, and how the bytes come back."""

    what: str
    written: str
    to_bytes: Callable[[str], bytes]
    western: bool


def read_as(method: str, text: str) -> tuple[str, float, str]:
    """Return a page's text, put right if need be; how good it is, 0-1; and that way as a route."""
    quality = text_quality(text)
    route = f"{method} {quality:.2g}"
    if repaired := repair(text):
        text, quality = repaired.text, text_quality(repaired.text)
        route += f", repaired ({repaired.what}) {quality:.2g}"
    return text, quality, route


def repair(text: str) -> Repaired | None:
    """Return a wrongly decoded text put right, or None if no repair makes it clearly better."""
    before = text_quality(text)
    western = _WESTERN_RUN.search(text) is not None
    if before >= _SOUND and not western:
        return None
    best: tuple[float, str, str] | None = None
    for reading in _READINGS:
        if reading.western and not western:
            continue
        fixed = _read_whole(text, reading) or _read_lines(text, reading)
        if fixed == text:
            continue
        after = text_quality(fixed)
        if after < READABLE or not _keeps(text, fixed):
            continue
        if not (after >= before + _GAIN or _reads_well(text, fixed, reading)):
            continue
        if best is None or after > best[0]:
            best = (after, fixed, reading.what)
    return Repaired(best[1], best[2]) if best else None


def _keeps(text: str, fixed: str) -> bool:
    """Tell whether a repair made words, and not only lost what looked bad."""
    made = _count_pairs(fixed)[1] - _count_pairs(text)[1]
    return made >= _LEAST_PAIRS and fixed.count(LOST) <= _MOST_LOST * len(fixed)


def _reads_well(text: str, fixed: str, reading: _Reading) -> bool:
    """Tell whether Western signs became running Chinese, in a text that is sound besides."""
    if not reading.western or len(_HANZI.findall(fixed)) < len(_HANZI.findall(text)) + _LEAST_HANZI:
        return False
    old, new = _count_pairs(text), _count_pairs(fixed)
    gained, known = new[0] - old[0], new[1] - old[1]
    return known >= _LEAST_PAIRS and known >= _LEAST_SHARE * gained


def _count_pairs(text: str) -> tuple[int, int]:
    """Return how many pairs of hanzi a text has, and how many of them stand in words."""
    pairs = re.findall("(?=([\u3400-\u9fff]{2}))", text)
    return len(pairs), sum(is_pair(pair[0], pair[1]) for pair in pairs)


def _western_bytes(character: str) -> bytes:
    code = _WESTERN.get(character)
    return b"" if code is None else bytes([code])


def _encoded(codec: str, character: str) -> bytes:
    try:
        return character.encode(codec)
    except UnicodeEncodeError:
        return b""


# In the order of likelihood: of two that read equally well the first is taken.
_READINGS = (
    _Reading("GBK read as Latin-1", "gb18030", _western_bytes, True),
    _Reading("UTF-8 read as Latin-1", "utf-8", _western_bytes, True),
    _Reading("Big5 read as Latin-1", "big5hkscs", _western_bytes, True),
    _Reading("UTF-8 read as GBK", "utf-8", partial(_encoded, "gb18030"), False),
    _Reading("GBK read as Big5", "gb18030", partial(_encoded, "big5hkscs"), False),
    _Reading("Big5 read as GBK", "big5hkscs", partial(_encoded, "gb18030"), False),
)


def _read_whole(text: str, reading: _Reading) -> str:
    """Return the text as it was written if no byte is missing; else nothing."""
    if LOST in text:
        return ""
    parts = {character: reading.to_bytes(character) for character in set(text)}
    if not all(parts.values()):
        return ""
    try:
        fixed = b"".join(parts[character] for character in text).decode(reading.written)
    except UnicodeDecodeError:
        return ""
    # A byte lost from each of two characters leaves a text that can be decoded and is nonsense
    # between them.
    return fixed if text_quality(fixed) >= _SOUND and not _is_doubtful(fixed) else ""


def _is_doubtful(text: str) -> bool:
    """Tell whether a text has a line of nonsense."""
    return any(text_quality(line) < _NONSENSE for line in text.split("\n") if line.strip())


def _read_lines(text: str, reading: _Reading) -> str:
    """Return the text with each line as it was written, as far as its bytes are there."""
    return "".join(_read_line(line, reading) for line in re.split("(\n)", text))


def _read_line(line: str, reading: _Reading) -> str:
    if line.isascii():
        return line
    row: list[_Byte] = []
    for character in line:
        data = b"" if character == LOST else reading.to_bytes(character)
        row += [_Byte(value, character) for value in data]
        if not data:
            row.append(_Byte(_UNKNOWN if character == LOST else _FOREIGN, character))
    read = _read_utf8 if reading.written == "utf-8" else partial(_read_doubles, reading.written)
    fixed = _join(read(row), reading.western)
    return line if not reading.western and _score(line) >= _score(fixed) else fixed


def _score(line: str) -> tuple[float, float]:
    """Return what tells the better of two readings of a line, however short."""
    return text_quality(line), chinese_share(line)


# A piece of a line: how many bytes, what they are; whether it was decoded, or stands as it did.
_Piece = tuple[Sequence[_Byte], str, bool]


def _join(pieces: Sequence[_Piece], western: bool) -> str:
    """Return the pieces as one text: stray bytes beside what was decoded are lost characters."""
    out: list[str] = []
    for _, group in groupby(enumerate(pieces), lambda piece: _is_stray(piece[1])):
        run = list(group)
        first, last = run[0][0], run[-1][0]
        beside = [*pieces[max(first - 1, 0) : first], *pieces[last + 1 : last + 2]]
        if _is_stray(run[0][1]) and (not western or any(decoded for _, _, decoded in beside)):
            out.append(LOST * max(len(run) // 2, 1))
        else:
            out += [text for _, (_, text, _) in run]
    return "".join(out)


def _is_stray(piece: _Piece) -> bool:
    row, _, decoded = piece
    return not decoded and (row[0].value >= 0x80 or row[0].value == _UNKNOWN)


def _read_utf8(row: Sequence[_Byte]) -> list[_Piece]:
    """Return a row of bytes as UTF-8, which tells by itself where a character begins."""
    line = "".join(chr(byte.value) if byte.value >= 0 else "\u0100" for byte in row)
    pieces: list[_Piece] = []
    end = 0
    for found in _UTF8.finditer(line):
        pieces += [((byte,), byte.sign, False) for byte in row[end : found.start()]]
        end = found.end()
        whole = found[0].encode("latin-1").decode("utf-8", "replace")
        pieces.append((row[found.start() : end], whole, True))
    return pieces + [((byte,), byte.sign, False) for byte in row[end:]]


@cache
def _doubles(codec: str) -> dict[tuple[int, int], tuple[str, float]]:
    """Return the characters of two bytes of an encoding, with what speaks for each."""
    table = {}
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            character = bytes((lead, trail)).decode(codec, "ignore")
            if len(character) == 1 and ord(character) >= 0x80:
                rare = _HANZI.match(character) or "\ue000" <= character <= "\uf8ff"
                worth = 2.0 if is_common(character) else -2.0 if rare else 1.0
                table[lead, trail] = (character, worth)
    return table


def _read_doubles(codec: str, row: Sequence[_Byte]) -> list[_Piece]:
    """Return a row of bytes as an encoding of two bytes a character, along the likeliest way.

    Where a byte is missing all that follows would be read askew: of the ways to part the row into
    characters the one is taken that yields most common hanzi and most pairs of them.
    """
    table = _doubles(codec)
    ways: list[tuple[float, int, _Piece]] = [(0.0, 0, ((), "", False))]
    for end in range(1, len(row) + 1):
        last = row[end - 1]
        alone = 0.0 if 0 <= last.value < 0x80 or last.value == _FOREIGN else -3.0
        single: _Piece = ((last,), last.sign, False)
        best = (ways[end - 1][0] + alone, end - 1, single)
        if end >= 2 and (double := _double(table, row[end - 2], last)):
            character, worth = double
            score, _, (_, before, decoded) = ways[end - 2]
            if decoded and is_pair(before, character):
                worth += 2.0
            elif not decoded and 0 <= last.value < 0x80:
                # An accented letter and the plain one behind it, as in any French word.
                worth = -4.0
            if score + worth >= best[0]:
                best = (score + worth, end - 2, (row[end - 2 : end], character, True))
        ways.append(best)
    pieces: list[_Piece] = []
    end = len(row)
    while end:
        _, start, piece = ways[end]
        pieces.append(piece)
        end = start
    return pieces[::-1]


def _double(
    table: dict[tuple[int, int], tuple[str, float]], lead: _Byte, trail: _Byte
) -> tuple[str, float] | None:
    """Return the character of two bytes and what speaks for it; U+FFFD if one of them is lost."""
    if lead.value >= 0x81 and trail.value == _UNKNOWN:
        return LOST, -1.0
    if lead.value == _UNKNOWN and trail.value >= 0x80:
        return LOST, -1.0
    return table.get((lead.value, trail.value))
