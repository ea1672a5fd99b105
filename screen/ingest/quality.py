"""Is this page text? One score from signs that can be counted.

A first version: it knows the damage that shows in single characters. Statistics of character pairs,
which tell random hanzi from Chinese, are not part of it yet.
"""

import re
from enum import IntEnum

import numpy as np

READABLE = 0.5

_CID = re.compile(r"\(cid:\d+\)")
# The commonest characters of Chinese clinical prose; text read in a wrong encoding has few.
_COMMON = frozenset(
    "的一是不了在有人中大为上个时后以本术例者心肺肝肾移植供受体死亡脑管气呼吸血流动静脉切开"
    "行用及与和均无组高低等灌注液保护病患医院手术前方法结果讨论年月日天周期感染排斥反应功能"
    "正常性化取出入内外下左右主要疗药物治可能发生成经过程临床资料料男女岁重度量小于其中所得到"
)
_COMMON_TRADITIONAL = frozenset(
    "時為後術應無組護與結論們來會這個過點臟腎體腦氣動靜脈開統變發關診斷療藥費華醫學長門間"
    "損傷確認麻醉師機維持輸採獲摘剖劈縫紮鉗夾導測壓導報導於沒條達導從將給兩進對數據區導"
)
# A page of Chinese prose has at least this share of common characters among its hanzi.
_COMMON_SHARE = 0.12
_MAX_ACCENTED = 0.25


class _Kind(IntEnum):
    """Into which one of these kinds a character falls."""

    OTHER = 0
    ASCII = 1
    ASCII_CONTROL = 2
    BROKEN = 3
    ACCENTED = 4
    COMMON_HANZI = 5
    COMMON_TRADITIONAL = 6
    OTHER_HANZI = 7


def _tabulate() -> np.ndarray:
    """Return the kind of every code point: counting by table is far faster than by character."""
    table = np.full(0x110000, _Kind.OTHER, np.uint8)
    for kind, first, last in (
        (_Kind.ASCII_CONTROL, 0x00, 0x1F),
        (_Kind.ASCII, 0x20, 0x7E),
        # control characters again, surrogates and private use, what replaces the undecodable
        (_Kind.BROKEN, 0x7F, 0x9F),
        (_Kind.BROKEN, 0xD800, 0xF8FF),
        (_Kind.BROKEN, 0xFFFD, 0xFFFD),
        (_Kind.BROKEN, 0xF0000, 0x10FFFF),
        (_Kind.ACCENTED, 0xA1, 0xFF),
        (_Kind.OTHER_HANZI, 0x3400, 0x4DBF),
        (_Kind.OTHER_HANZI, 0x4E00, 0x9FFF),
    ):
        table[first : last + 1] = kind
    table[[ord(c) for c in _COMMON_TRADITIONAL]] = _Kind.COMMON_TRADITIONAL
    table[[ord(c) for c in _COMMON]] = _Kind.COMMON_HANZI
    return table


_KINDS = _tabulate()


def _count_kinds(text: str) -> list[int]:
    """Return how many characters of a text are of each kind."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    counts: list[int] = np.bincount(_KINDS.take(codes), minlength=len(_Kind)).tolist()
    return counts


def text_quality(text: str) -> float:
    """Return how much a page's text looks like readable text, from 0 (nothing) to 1.

    Counted against it: (cid:n) marks, private-use, replacement and control characters, a page full
    of accented letters (GBK read as Latin-1), and hanzi among which the common ones are missing
    (a wrong encoding or a broken font map).
    """
    dense = "".join(text.split())
    if not dense:
        return 0.0
    counts = _count_kinds(dense)
    broken = counts[_Kind.ASCII_CONTROL] + counts[_Kind.BROKEN]
    broken += sum(len(mark) for mark in _CID.findall(dense))
    accented = counts[_Kind.ACCENTED]
    if accented > _MAX_ACCENTED * len(dense):
        broken += accented
    sound = 1 - min(broken / len(dense), 1)
    common = counts[_Kind.COMMON_HANZI]
    hanzi = common + counts[_Kind.COMMON_TRADITIONAL] + counts[_Kind.OTHER_HANZI]
    if hanzi >= 50:
        sound *= min(common / hanzi / _COMMON_SHARE, 1.0)
    return round(max(sound, 0.0), 3)


def chinese_share(text: str) -> float:
    """Return the share of common hanzi and of ASCII among a text's characters, 0-1.

    Read in a wrong encoding, Chinese becomes rare hanzi and strange signs, and so has little.
    """
    dense = "".join(text.split())
    counts = _count_kinds(dense)
    kinds = (_Kind.ASCII, _Kind.ASCII_CONTROL, _Kind.COMMON_HANZI, _Kind.COMMON_TRADITIONAL)
    return sum(counts[kind] for kind in kinds) / max(len(dense), 1)
