"""Records in which each line begins with a tag: RefWorks, EndNote, NoteExpress, and labelled text.

What follows without a tag goes on with the value before it, and so does what only looks like one
in a title or an abstract. A record begins with the tag that
begins the first one; or, where that is missing, after a blank line with what cannot be a part of
the record before.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from screen.ingest.records.making import Row
from screen.ingest.records.names import find_field, plain

REFWORKS = {
    "T1": "title", "A1": "authors", "AU": "authors", "AD": "affiliations", "JF": "journal",
    "JO": "journal", "YR": "year", "FD": "date", "VO": "volume", "IS": "issue", "SP": "start",
    "OP": "pages", "K1": "keywords", "AB": "abstract", "DO": "doi", "DS": "database",
    "DB": "database", "AN": "key", "ID": "key", "L1": "file",
}  # fmt: skip
ENDNOTE = {
    "%T": "title", "%A": "authors", "%+": "affiliations", "%J": "journal", "%B": "journal",
    "%D": "year", "%8": "date", "%V": "volume", "%N": "issue", "%P": "pages", "%K": "keywords",
    "%X": "abstract", "%R": "doi", "%W": "database", "%~": "database", "%M": "key", "%F": "key",
    "%>": "file",
}  # fmt: skip

_REFWORKS = re.compile(r"([A-Z][A-Z0-9])(?:[ \t]+(.*)|)$")
# Two capitals may also begin a line of an abstract (CT 检查); these are the format's.
_CAPITALS = (
    "RT SR ID A1 A2 A3 A4 A5 A6 AU T1 T2 T3 JF JO YR FD VO IS SP OP K1 AB NO ED PB PP SN AV AD AN "
    "LA CL SF OT LK DO CN DB DS IP RD ST UL L1 L2 WT WV RP CR U1 U2 U3 U4 U5 FN"
)
_REFWORKS_TAGS = frozenset(_CAPITALS.split())
_ENDNOTE = re.compile(r"(%[A-Z0-9@!#$&*()~^+>=?\[\]<;,:])(?:[ \t]*(.*))$")
_NOTEEXPRESS = re.compile(r"\{([^{}]{1,40})\}[ \t]*[:：](.*)$")
_BRACKETED = re.compile(r"[【\[［]([^】\]］【\[［]{1,24})[】\]］][ \t]*[:：]?(.*)$")
_DOUBLE = re.compile(r"([A-Za-z]{2,20}-[A-Za-z\u3400-\u9fff]{1,12})[ \t]*[:：](.*)$")
_LABEL = re.compile(r"([^\s:：,，。;；][^:：,，。;；]{0,23})[:：](.*)$")
# Parts of an abstract that look like labels of their own.
_SECTIONS = "目的 方法 结果 结论 背景 讨论 材料与方法 资料与方法 objective methods"
_PARTS = frozenset(map(plain, _SECTIONS.split()))
# What else stands in the exports, where a bare word with a colon might belong to an abstract.
_PASSED_OVER = (
    "英文题名 英文标题 英文篇名 英文作者 英文摘要 英文关键词 英文刊名 分类号 中图分类号 基金 "
    "基金项目 第一作者 通讯作者 第一责任人 语种 语言 网址 链接 url link issn cn 出版者 出版社 "
    "主办单位 页数 总页数 文献类型 被引频次 下载频次 作者简介 收稿日期 机标分类号 机标关键词 "
    "isbn clc fund firstduty srcdatabase 全文链接 在线出版日期 doi链接"
)
_OTHERS = frozenset(map(plain, _PASSED_OVER.split()))


@dataclass(slots=True)
class _Item:
    line: int
    # Of each field its values, each with the lines that it takes; and the one that goes on.
    values: dict[str, list[list[str]]] = field(default_factory=dict)
    value: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    last: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    bad: str = ""


Tag = tuple[str, str | None, str]


def tag_refworks(line: str) -> Tag | None:
    """Return tag, field and value of a line of RefWorks, or None for one that goes on."""
    found = _REFWORKS.match(line)
    return (found[1], REFWORKS.get(found[1]), found[2] or "") if found else None


def tag_endnote(line: str) -> Tag | None:
    """Return tag, field and value of a line of EndNote, or None for one that goes on."""
    found = _ENDNOTE.match(line)
    return (found[1], ENDNOTE.get(found[1]), found[2]) if found else None


def tag_noteexpress(line: str) -> Tag | None:
    """Return tag, field and value of a line of NoteExpress, or None for one that goes on."""
    found = _NOTEEXPRESS.match(line)
    return (found[1], find_field(found[1]), found[2]) if found else None


def tag_labelled(line: str) -> Tag | None:
    """Return tag, field and value of a line with a label: 【题名】, Title-题名: or 题名：."""
    for pattern in (_BRACKETED, _DOUBLE, _LABEL):
        found = pattern.match(line)
        if found is None or plain(found[1]) in _PARTS or plain(found[1]).isdigit():
            continue
        return plain(found[1]), find_field(found[1]), found[2].lstrip(":： ")
    return None


# The tag that begins a record, where the format has one.
STARTS: dict[Callable[[str], Tag | None], str] = {
    tag_refworks: "RT",
    tag_endnote: "%0",
    tag_noteexpress: "Reference Type",
}


def read_tagged(text: str, tag: Callable[[str], Tag | None]) -> Iterator[Row]:
    """Yield the records of a text in which `tag` knows the lines that begin a value."""
    item: _Item | None = None
    start = STARTS.get(tag)
    sure = _REFWORKS_TAGS if tag is tag_refworks else _OTHERS if tag is tag_labelled else None
    after_blank = free = False
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip().lstrip("\ufeff")
        if not line:
            after_blank = True
            continue
        found = tag(line)
        if found and free and found[1] is None and sure is not None and found[0] not in sure:
            found = None
        if found is None:
            item = item or _Item(number, bad=f"begins without a tag: {line[:40]!r}")
            item.value.append(line)
            continue
        start = start or found[0]
        if item is None or not item.last or _begins(item, found, start, after_blank):
            if item is not None:
                yield _row(item)
            item = _Item(number)
        _take(item, *found)
        after_blank = False
        free = found[1] in ("abstract", "title")
    if item is not None:
        yield _row(item)


def _begins(item: _Item, found: Tag, start: str, blank: bool) -> bool:
    """Tell whether a tag begins the next record."""
    name, known, _ = found
    if name == start:
        # A tag that may be repeated begins a record only once others came between.
        return item.last != name or start in STARTS.values()
    return blank and known in ("title", "file", "authors") and name in item.tags


def _take(item: _Item, name: str, known: str | None, said: str) -> None:
    said = said.strip()
    item.tags.add(name)
    item.last = name
    item.value = [said]
    if known is not None:
        item.values.setdefault(known, []).append(item.value)
    if known == "title" and item.titles.setdefault(name, said) != said:
        item.bad = "two titles: the beginning of a record is missing"


def _row(item: _Item) -> Row:
    values = {name: ["\n".join(lines) for lines in said] for name, said in item.values.items()}
    return Row(item.line, item.bad or values)
