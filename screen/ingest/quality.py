"""Is this page text? One score from signs that can be counted.

A first version: it knows the damage that shows in single characters. Statistics of character pairs,
which tell random hanzi from Chinese, are not part of it yet.
"""

import re

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
_HANZI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
# A page of Chinese prose has at least this share of common characters among its hanzi.
_COMMON_SHARE = 0.12
_MAX_ACCENTED = 0.25


def text_quality(text: str) -> float:
    """Return how much a page's text looks like readable text, from 0 (nothing) to 1.

    Counted against it: (cid:n) marks, private-use, replacement and control characters, a page full
    of accented letters (GBK read as Latin-1), and hanzi among which the common ones are missing
    (a wrong encoding or a broken font map).
    """
    dense = "".join(text.split())
    if not dense:
        return 0.0
    broken = sum(len(mark) for mark in _CID.findall(dense))
    broken += sum(1 for c in dense if _is_broken(c))
    accented = sum(1 for c in dense if "\u00a1" <= c <= "\u00ff")
    if accented > _MAX_ACCENTED * len(dense):
        broken += accented
    sound = 1 - min(broken / len(dense), 1)
    hanzi = _HANZI.findall(dense.replace("\ufffd", ""))
    if len(hanzi) >= 50:
        common = sum(1 for c in hanzi if c in _COMMON) / len(hanzi)
        sound *= min(common / _COMMON_SHARE, 1.0)
    return round(max(sound, 0.0), 3)


def chinese_share(text: str) -> float:
    """Return the share of common hanzi and of ASCII among a text's characters, 0-1.

    Read in a wrong encoding, Chinese becomes rare hanzi and strange signs, and so has little.
    """
    dense = "".join(text.split())
    common = sum(1 for c in dense if c in _COMMON or c in _COMMON_TRADITIONAL or c < "\x7f")
    return common / max(len(dense), 1)


def _is_broken(character: str) -> bool:
    code = ord(character)
    return (
        code < 32
        or 0x7F <= code < 0xA0
        or 0xE000 <= code <= 0xF8FF
        or code == 0xFFFD
        or 0xD800 <= code <= 0xDFFF
        or code >= 0xF0000
    )
