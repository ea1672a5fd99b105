"""Find the structure of clean text: sections by their headings, sentences, clauses.

Headings of these papers are numbered and often run into the text that follows ("1.2.1供心切取
供体年龄22~37岁"), so a section is known by where its number stands, not by a line of its own.
"""

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass

from screen.types import CleanText

# Words that open a heading of a clinical paper in any field: they tell a run-in number from a
# figure in running text. What a heading says about donors and recipients is the pack's to know.
_HEADING_WORDS = (
    "资料|材料|对象|方法|临床|一般|病例|病人|患者|手术|术前|术中|术后|麻醉|护理|监测|监护|统计|结果|"
    "讨论|结论|体会|小结|供|受|脑死|动物|实验|分组|移植|器官|心脏|心肺|肺|肝|肾|配合|准备|处理|"
    "免疫|抗|并发|随访|适应|评估|选择|保护|切取|获取|摘取|诊断|治疗|体外|植入|围|背景|伦理|"
    "洗手|巡回|器械|物品|仪器|概述|定义|标准|判定|管理|维护"
)
# Figures followed by a unit or a counted noun are not headings: 1.2例, 3.5小时, 2个.
_NOT_HEADING = (
    r"(?![例岁年月日个次倍万千百亿小分秒时周天只头条支根名位项组类种级度℃以左上下升克米]"
    r"|公斤|毫|厘|单位)"
)
_HEADING = re.compile(
    # Few characters can begin a heading: looking at the others is most of the time spent here.
    r"(?=[1-9一二三四五六七八九十(【\[参])(?:"
    # 1.2, 1.2.1 run into the text anywhere, if a heading word or Chinese after a stop follows
    r"(?<![\d.\-~A-Za-z(+])(?P<decimal>[1-9]\d?(?:\s?\.\s?[1-9]\d?){1,3})\.?"
    rf"(?:(?={_HEADING_WORDS})|(?=[\u4e00-\u9fff]){_NOT_HEADING}(?P<weak>))"
    # 2手术方法, 2.手术方法, 2、手术方法
    rf"|(?<![\d.\-~A-Za-z(+=/])(?P<plain>[1-9]\d?)[.、]?(?={_HEADING_WORDS})"
    # 一、移植技术 (一)供体手术 (1)供体手术
    rf"|(?:[一二三四五六七八九十]{{1,2}}、|\([一二三四五六七八九十]{{1,2}}\))(?={_HEADING_WORDS})"
    rf"|(?P<item>\(\d{{1,2}}\))(?={_HEADING_WORDS})"
    # 【资料与方法】 [方法] and the parts that need no number
    rf"|(?P<bracket>[【\[](?=摘要|关键词|{_HEADING_WORDS}))"
    r"|(?P<named>参考文献))"
)
# After these a number in brackets counts the items of a sentence.
_LISTING = frozenset(";、")
_STOPS = frozenset("。;!?.:])》】")
# The stop comes first and what stands before it second: a search is fast with a first character.
_SENTENCE_END = re.compile(
    r"[。!?;.](?:(?<=[。!?;])|(?<=[\u4e00-\u9fff]\.)|(?<=[)\]%]\.)(?!\d)"
    r"|(?<=[A-Za-z\d]\.)(?=[\u4e00-\u9fff(]))"
)
_CLAUSE_END = re.compile(r"[,、:]")
_TITLE_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of text under one heading; `title` is the heading's first words.

    `is_apart` says that no heading before it holds for it: here another text begins.
    """

    start: int
    end: int
    title: str
    is_apart: bool = False


def find_sections(clean: CleanText, breaks: Collection[int] = ()) -> tuple[Section, ...]:
    """Return the sections of a text in order; the first begins at 0 and may have no title.

    At each of `breaks`, and at those of the text, one begins that has nothing to do with those
    before it.
    """
    text = clean.text
    starts = [0]
    titled = False
    for match in _HEADING.finditer(text):
        start = match.start()
        opens = start == 0 or start in clean.lines or text[start - 1] in _STOPS
        if match["weak"] is not None and not opens:
            continue
        if match["item"] and start and text[start - 1] in _LISTING:
            continue
        if match["plain"] and not opens and not _ends_title(text, start):
            continue
        if start > starts[-1]:
            starts.append(start)
        elif start == 0:
            titled = True
    breaks = clean.breaks.union(breaks)
    headings = set(starts)
    starts = sorted({*starts, *breaks})
    return tuple(
        Section(
            start,
            end,
            _title(text, start, end) if start in headings and (start or titled) else "",
            start in breaks,
        )
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    )


def _ends_title(text: str, start: int) -> bool:
    """Tell whether the text before a bare number can close another heading: 方法2手术."""
    return text[max(start - 2, 0) : start] in {"方法", "资料", "结果", "讨论", "对象", "材料"}


def _title(text: str, start: int, end: int) -> str:
    head = text[start : min(end, start + _TITLE_LENGTH)]
    return re.split(r"[,:。;】\]]", head, maxsplit=1)[0]


def find_sentences(text: str, sections: tuple[Section, ...]) -> tuple[int, ...]:
    """Return the offsets at which sentences begin, in order, 0 included.

    A heading begins a sentence, whatever stands before it.
    """
    starts = {0, *(section.start for section in sections)}
    return _add_ends(starts, _SENTENCE_END, text)


def find_clauses(text: str, sentences: tuple[int, ...]) -> tuple[int, ...]:
    """Return the offsets at which clauses begin, in order; every sentence begins one."""
    return _add_ends(set(sentences), _CLAUSE_END, text)


def _add_ends(starts: set[int], pattern: re.Pattern[str], text: str) -> tuple[int, ...]:
    """Return the starts, 0 among them, and where matches end with text to follow, in order."""
    starts.update(match.end() for match in pattern.finditer(text))
    starts.discard(len(text))
    starts.add(0)
    return tuple(sorted(starts))


def locate(starts: tuple[int, ...], offset: int) -> int:
    """Return the index of the stretch that holds `offset`, given where the stretches begin."""
    return bisect_right(starts, offset) - 1
