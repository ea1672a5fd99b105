"""Is this page text? One score from signs that can be counted.

A page is readable if a reader could make out most of its sentences. Up to about a third of its
characters may be wrong; beyond that hardly a clause is whole. Each sign is scaled so that the score
passes READABLE there: see docs/documents.md, and `python -m benchmarks.quality` for how it does.
"""

import re
from enum import IntEnum

import numpy as np

from screen.ingest.pairs import mark_common, mark_hanzi, mark_pairs, to_codes

READABLE = 0.5

_CID = re.compile(r"\(cid:\d+\)")
_MAX_ACCENTED = 0.25
# Of the characters of a font without a table to Unicode, many land on signs that prose has few of.
_MAX_SIGNS = 0.35
# A page with this share of its characters lost has nothing whole left.
_LOST = 0.66
# The same among its hanzi alone, if they and what was lost are more than a tenth of the page.
_LOST_HANZI, _LEAST_HANZI = 0.8, 0.1
# Of the pairs of neighbours in running Chinese 40-55 % stand within a word of the table, of random
# hanzi, even of common ones, 0-14 %. Between these bounds the score rises from 0 to 1.
_RANDOM_PAIRS, _CHINESE_PAIRS = 0.16, 0.38
# What a few pairs say is little: so many imagined pairs of good Chinese stand beside the real ones.
_IMAGINED_PAIRS = 10
# The families that nearly all Chinese names begin with, in either form. A name set apart is text,
# but no dictionary has it.
_FAMILIES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏"
    "魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万"
    "钱严覃武戴莫孔向汤管费左温季俞鲍施葛柳章庄洪倪詹"
    "張劉陳楊黃趙吳孫馬羅鄭謝許韓馮鄧蔣葉蘇魏呂盧鐘鍾譚陸賈韋鄒龍賀顧龔萬錢嚴湯費溫莊"
    "安包毕边卞卜柴车成褚楚丛代单党狄刁窦樊房丰封符傅甘戈耿宫巩关桂海杭华滑霍姬吉纪冀简焦"
    "解靳荆井景居康柯寇匡况来兰蓝乐冷连廉练蔺凌令隆娄楼芦鲁路栾骆麻满茅梅蒙米苗闵明穆那南"
    "聂宁牛农欧区庞裴皮平蒲濮浦戚祁齐强乔仇裘曲屈瞿冉饶荣容阮芮桑沙商尚佘申盛师时舒司宿粟"
    "隋谈檀滕佟童涂屠危隗卫文闻翁邬巫伍奚席习冼咸相项萧辛邢幸宣荀鄢晏燕阳仰伊易殷应游虞郁"
    "喻元原苑岳云臧查翟展湛招甄支仲诸竺祝卓宗祖缪邸亓綦逄郗訾禚麴晁仝昝阚逯岑束晋敖谌邊車"
    "單黨竇豐關華紀簡欒駱滿閔寧農歐龐齊喬榮師時談衛聞鄔蕭項陽應嶽雲蘭藍樂連練藺婁樓蘆魯諸"
    "鞏滾閻闞繆遊"
)
_NAME = re.compile(
    f"(?<![\u3400-\u9fff])[{_FAMILIES}][ \u3000]?[\u3400-\u9fff]{{1,2}}(?![\u3400-\u9fff])"
)


class _Kind(IntEnum):
    """Into which one of these kinds a character falls."""

    OTHER = 0
    ASCII = 1
    SIGN = 2
    BROKEN = 3
    ACCENTED = 4


def _tabulate() -> np.ndarray:
    """Return the kind of every code point: counting by table is far faster than by character."""
    table = np.full(0x110000, _Kind.OTHER, np.uint8)
    for kind, first, last in (
        (_Kind.BROKEN, 0x00, 0x1F),
        (_Kind.ASCII, 0x20, 0x7E),
        # control characters again, surrogates and private use, what replaces the undecodable
        (_Kind.BROKEN, 0x7F, 0x9F),
        (_Kind.BROKEN, 0xD800, 0xF8FF),
        (_Kind.BROKEN, 0xFFFD, 0xFFFF),
        (_Kind.BROKEN, 0xF0000, 0x10FFFF),
        (_Kind.ACCENTED, 0xA1, 0xFF),
        # half-width katakana: Chinese read as Shift-JIS
        (_Kind.ACCENTED, 0xFF61, 0xFF9F),
    ):
        table[first : last + 1] = kind
    # What Chinese text itself has of them, in figures and between names.
    table[[ord(sign) for sign in "·°±×÷"]] = _Kind.OTHER
    # Dots, dashes and rules are left out: tables and lists of contents are full of them.
    table[[ord(sign) for sign in "!\"#$%&'*/:;<>?@[\\]^`{}~"]] = _Kind.SIGN
    # What fonts and printers put for a character that they do not have.
    table[[ord(sign) for sign in "\u25a0\u25a1\u25af\u3013"]] = _Kind.SIGN
    return table


_KINDS = _tabulate()


def text_quality(text: str) -> float:
    """Return how much a page's text looks like readable text, from 0 (nothing) to 1.

    Counted against it: (cid:n) marks, private-use, replacement and control characters; a page full
    of accented letters (GBK read as Latin-1) or of signs; and hanzi of which too few neighbours
    stand in a Chinese word (a wrong encoding, a broken font map, random characters).
    """
    whole = _CID.sub("\ufffd", text) if "(cid:" in text else text
    dense = "".join(whole.split())
    if not dense:
        return 0.0
    codes = to_codes(dense)
    counts = np.bincount(_KINDS.take(codes), minlength=len(_Kind)).tolist()
    broken = counts[_Kind.BROKEN]
    for kind, most in ((_Kind.ACCENTED, _MAX_ACCENTED), (_Kind.SIGN, _MAX_SIGNS)):
        if counts[kind] > most * len(dense):
            broken += counts[kind]
    lost = broken / len(dense) / _LOST
    letters = broken + int(np.count_nonzero(mark_hanzi(codes)))
    if letters > _LEAST_HANZI * len(dense):
        lost = max(lost, broken / letters / _LOST_HANZI)
    sound = max(1 - lost, 0.0)
    chinese = _chinese(codes)
    if chinese < 1 and (named := _NAME.sub("、", whole)) != whole:
        chinese = max(chinese, _chinese(to_codes("".join(named.split()))))
    return round(float(sound * chinese), 3)


def _chinese(codes: np.ndarray) -> float:
    """Return how much the hanzi of a text are running Chinese, 0-1; 1 if there are none."""
    hanzi = mark_hanzi(codes)
    neighbours = int(np.count_nonzero(hanzi[:-1] & hanzi[1:]))
    known = int(np.count_nonzero(mark_pairs(codes)))
    share = (known + _IMAGINED_PAIRS * _CHINESE_PAIRS) / (neighbours + _IMAGINED_PAIRS)
    return min(max((share - _RANDOM_PAIRS) / (_CHINESE_PAIRS - _RANDOM_PAIRS), 0.0), 1.0)


def chinese_share(text: str) -> float:
    """Return the share of ASCII and of hanzi that are Chinese among a text's characters, 0-1.

    A common hanzi counts a half, and whole if it and a neighbour stand in a word. Read in a wrong
    encoding, Chinese becomes rare hanzi and strange signs, and so has little.
    """
    codes = to_codes("".join(text.split()))
    if not len(codes):
        return 0.0
    known = mark_pairs(codes)
    paired = np.zeros(len(codes), bool)
    paired[:-1] |= known
    paired[1:] |= known
    common = np.count_nonzero(mark_common(codes))
    total = np.count_nonzero(codes < 0x7F) + (common + np.count_nonzero(paired)) / 2
    return float(total) / len(codes)
