"""Find what belongs to another paper that ends or begins on a page of this one.

Short papers share pages in print, and files hold whole pages. A paper is taken to end where its
list of references does, if the beginning of a paper follows: an abstract, keywords, or headings
that count from one again. Without both signs there is no boundary: in doubt all is one paper.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from screen.types import CleanText


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stretch `start:end` of clean text of another paper, before this one or after it."""

    start: int
    end: int
    is_before: bool

    @property
    def reason(self) -> str:
        """Say where it stands, in words."""
        verb = "ends" if self.is_before else "begins"
        return f"stands in another paper that {verb} on this page"


# How a reference ends: year, volume, number, pages; or publisher, year, pages. The first character
# comes first and what stands before it second: a search is fast with a first character.
_DASH = r"[-~–—−一]"
_PAGES = rf"\d{{1,5}}(?:\s?{_DASH}{{1,2}}\s?\d{{1,5}})?"
_YEAR = r"(?:19|20)\d\d"
_REFERENCE = re.compile(
    r"[12出PpBb](?:"
    r"(?:(?<=1)(?<!\d1)9|(?<=2)(?<!\d2)0)\d\d\s?[,;.:、]{1,2}\s?(?:[Vv]ol\.?)?\d{1,3}\s?"
    rf"(?:\(\s?(?:[Ss]uppl\.?\s?\d?|增刊\d?|\d{{1,2}}(?:[-~,]\d{{1,2}})?)\s?\)\s?)?[:.,]\s?{_PAGES}"
    r"|(?:(?<=出)版社|(?<=[Pp])ress|(?<=[Bb])ooks?)"
    rf",?\s?{_YEAR}\s?(?:[.,:;]\s?{_PAGES})?)"
)
_TITLE = re.compile(r"[【\[]?参\s?考\s?文\s?献[】\]]?")
# What stands below a list of references and still belongs to its paper.
_AFTER = re.compile(
    r"(?:[.。,;、\s]*[(\[【](?=[^)\]】]{0,30}(?:收稿|修回|接受|编辑|校对))[^)\]】]{0,48}[)\]】])*"
    r"[.。,;、\s]*"
)
_BEGINS = re.compile(
    r"[【\[]?(?:内容)?(?:摘要|提要)[】\]:]|[【\[]摘要|[【\[]?关键词[】\]:]"
    r"|(?<![\d.])1[.、]?\s?(?:资料[与和]方法|材料[与和]方法|对象[与和]方法|临床资料|一般资料|病例资料"
    r"|病例报告|资料(?=1\.1)|资料|材料|对象)|一、(?:资料|材料|对象|临床资料|一般资料|病例)"
    r"|(?<=[。)])(?:临床资料|资料与方法|病例介绍|病历摘要)(?!表明|显示)"
)
_LONGEST_REFERENCE = 260
_LEAST_REFERENCES = 2
# The beginning of a paper: its title, authors and perhaps an abstract stand above the sign.
_REACH = 700
_LEAST_TEXT = 60
_HANZI = re.compile("[一-鿿]")
# A file with several whole papers has no neighbours: nobody can say which one is meant.
_LEAST_OWN = 0.45


def find_neighbours(clean: CleanText) -> tuple[Neighbour, ...]:
    """Return what belongs to other papers, in order: none, one before, one after, or both."""
    text = clean.text[: clean.running]
    edges = [0, *_find_boundaries(text), len(text)]
    pieces = list(pairwise(edges))
    start, end = max(pieces, key=lambda piece: piece[1] - piece[0])
    if len(pieces) == 1 or end - start < _LEAST_OWN * len(text):
        return ()
    found = []
    several = sum(page.is_read for page in clean.pages) > 1
    if start and not (several and _page(clean, start - 1) > _page(clean, 0)):
        found.append(Neighbour(0, start, is_before=True))
    last = len(text)
    if end < last and not (several and _page(clean, end) < _page(clean, last - 1)):
        found.append(Neighbour(end, last, is_before=False))
    return tuple(found)


def _page(clean: CleanText, offset: int) -> int:
    """Return the index of the page that an offset of the clean text is on."""
    index = bisect_right(clean.runs, offset, key=lambda run: run.start) - 1
    return clean.runs[max(index, 0)].page


def _find_boundaries(text: str) -> list[int]:
    """Return where lists of references end and another paper begins."""
    return [
        end
        for end, following in _reference_lists(text)
        if _begins_paper(text[end : min(end + _REACH, following)])
    ]


def _reference_lists(text: str) -> list[tuple[int, int]]:
    """Return where each list of references ends, and where the next reference of any ends."""
    matches = list(_REFERENCE.finditer(text))
    ends = [match.end() for match in matches] + [len(text)]
    lists: list[tuple[int, int]] = []
    count, begin = 0, 0
    for place, match in enumerate(matches):
        if not count:
            begin = match.start()
        count += 1
        here, following = ends[place], ends[place + 1]
        broken = place + 1 == len(matches) or following - here > _LONGEST_REFERENCE
        broken = broken or _BEGINS.search(text, here, following) is not None
        if not broken:
            continue
        named = _TITLE.search(text, max(begin - _LONGEST_REFERENCE, 0), begin) is not None
        if named or count >= _LEAST_REFERENCES:
            after = _AFTER.match(text, here)
            lists.append((after.end() if after else here, following))
        count = 0
    return lists


def _begins_paper(text: str) -> bool:
    """Tell whether a text begins as a paper does, after a title, and is Chinese."""
    sign = _BEGINS.search(text)
    if sign is None or len(text) < _LEAST_TEXT:
        return False
    return sign.start() > 3 and len(_HANZI.findall(text)) > len(text) / 3
