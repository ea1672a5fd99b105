"""One spelling for what affiliations write in many ways, so that names can be looked up as strings.

Width, spaces, traditional characters, punctuation and case go; so do the ways to write a number
(第三〇九医院, 解放军第309医院), the army (中国人民解放军) and an affiliated hospital
(第一附属医院), and in English the small words, ordinals and abbreviations.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from screen.text.normalise import clean_words

_VALUES = {
    **dict(zip("〇零一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)),
    **dict.fromkeys("○o", 0),
    **{str(value): value for value in range(10)},
}
_DIGIT = f"[{''.join(_VALUES)}]"
_NUMBER = re.compile(
    rf"第({_DIGIT}*[十百]?[十百{''.join(_VALUES)}]*)(?![a-z])|(?<!{_DIGIT})({_DIGIT}{{2,4}})(?=(?:中心)?医院)"
)
_SPACED = re.compile(r"(?<!\d\d)(?<=\d) (?=\d(?!\d))")
_ARMY = re.compile("中国人民解放军|人民解放军|中国解放军")
# A part of the army is known without it.
_PART = re.compile(
    "解放军(?=联勤保障|[东西南北中]部战区|[海空陆]军|火箭军|第二炮兵|战略支援|.{2,4}军区)"
)
_POLICE = re.compile("(?:中国)?(?:人民)?武装警察部队|(?:中国)?武警部队")
_UNIT = re.compile(r"(?<=解放军)[(]?第(?=\d)|(?<=部队)第(?=\d)|第(?=\d{2,}(?:中心)?医院)")
_AFFILIATED = re.compile(r"第(\d+)附[属设]医院|第(\d+)临床(?:医学院|医院|学院)")

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]+|\d+")
_ORDINAL = re.compile(r"(?<![^\W_])(\d+)(?:st|nd|rd|th)\b")
_APOSTROPHE = re.compile("(?<=[a-z])['’‘`´](?=[a-z])")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth"),
    *("sixth", "seventh", "eighth", "ninth", "tenth"),
)
_WORDS = {
    **{word: str(number) for number, word in enumerate(_ORDINALS, 1)},
    "univ": "university",
    "hosp": "hospital",
    "affil": "affiliated",
    "affiliate": "affiliated",
    "people": "peoples",
    "childrens": "children",
    "children's": "children",
    "centre": "center",
    "tumour": "tumor",
}
_DROPPED = frozenset({"the", "of", "at", "in", "to", "and", "for", "no"})
# The school of a university is named or left out at will.
_SCHOOL = re.compile(r"\b(?:school|college|faculty) medicine\b ?|\bmedical school\b ?")
_ENGLISH_ARMY = re.compile(
    r"\b(?:chinese |china )?(?:peoples liberation army|pla)(?: china| chinese)?\b"
)
_ENGLISH_AFFILIATED = re.compile(r"\b(\d+) hospital affiliated\b")


class Spelt(NamedTuple):
    """A text in one spelling, and the offsets in it where punctuation stood."""

    text: str
    breaks: frozenset[int]


def spell(words: str) -> Spelt:
    """Return a name or an affiliation in one spelling, with breaks by code points of the result.

    Chinese characters and the figures among them stand without spaces, foreign words and figures
    with one between them.
    """
    text = clean_words(words).casefold()
    if not _CHINESE.search(text):
        return _spell_english(text)
    text = _POLICE.sub("武警", _ARMY.sub("解放军", _SPACED.sub("", text)))
    text = _PART.sub("", _UNIT.sub("", _NUMBER.sub(_say_number, text)))
    return _join(_AFFILIATED.sub(lambda match: f"附属第{match[1] or match[2]}医院", text))


def _say_number(match: re.Match[str]) -> str:
    said = match[1] if match[2] is None else match[2]
    if not said:
        return match[0]
    ordinal = "第" if match[2] is None else ""
    if not set("十百") & set(said):
        return ordinal + "".join(str(_VALUES[digit]) for digit in said)
    total = digit = 0
    for character in said:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _VALUES[character]
    return f"{ordinal}{total + digit}"


def _join(text: str) -> Spelt:
    """Put the words of a text together, with the breaks between them."""
    text = _ORDINAL.sub(r"\1", _APOSTROPHE.sub("", text))
    found = list(_TOKEN.finditer(text))
    tokens = [_WORDS.get(match[0], match[0]) for match in found]
    kept: list[str] = []
    breaks = {0}
    length = 0
    last_end = 0
    for match, token in zip(found, tokens, strict=True):
        if not text[last_end : match.start()].isspace() and match.start() > last_end:
            breaks.add(length)
        last_end = match.end()
        if token in _DROPPED:
            continue
        if kept and _is_foreign(kept[-1]) and _is_foreign(token):
            kept.append(" ")
            length += 1
        kept.append(token)
        length += len(token)
    return Spelt("".join(kept), frozenset({*breaks, length}))


def _spell_english(text: str) -> Spelt:
    """Spell a text without Chinese: its rewritings change lengths, and its breaks are not asked."""
    joined = _join(text).text
    joined = _ENGLISH_ARMY.sub("pla", joined)
    joined = _ENGLISH_AFFILIATED.sub(r"\1 affiliated hospital", joined)
    return Spelt(_SCHOOL.sub("", joined).strip(), frozenset())


@lru_cache(maxsize=4096)
def _is_foreign(token: str) -> bool:
    return not "\u3400" <= token[0] <= "\u9fff"
