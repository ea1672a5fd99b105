"""A collection of papers as large as wanted, put together by seed from paragraphs of the corpus.

Papers differ in more than their bytes: each is drawn from several sources, with its numbers drawn
anew, so that hardly any two are alike enough to be compared as copies. Their lengths are those of
journal papers. Most of them, as in a collection that a search by keywords brought together, come
from sources that were judged code 0 and do not tell of donors; some tell of donors, some of a
procurement.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random

from benchmarks.material import ROOT
from corpus.reading import Paper, read_paper

# Characters in a paper: the median, and how far they spread (two thirds within half and double).
_MEDIAN, _SPREAD = 4500, 0.6
_SHORTEST, _LONGEST = 800, 20_000
# The shares of papers that tell of donors, and of a procurement.
_ON_DONORS, _ON_PROCUREMENT = 0.1, 0.03
_SOURCES = 24
_DONOR = re.compile("供|脑死|宣告|取[心肺材]|器官|消毒|肝素")
_NUMBER = re.compile(r"\d+")
_HEADINGS = (
    ("一、临床资料", "二、方法", "三、结果", "四、讨论"),
    ("1 资料与方法", "2 结果", "3 讨论"),
    ("1.1 一般资料", "1.2 手术方法", "1.3 术后处理", "2 结果", "3 讨论"),
)
PAPERS_A_FOLDER = 1000


def write_folder(home: Path, first: int, number: int, seed: int = 1) -> None:
    """Write so many papers from the serial number `first` on as text files into a new folder.

    Every fourth is in GB 18030, the others in UTF-8. The folder is there wholly or not at all.
    """
    unfinished = home.with_name(f"{home.name}.unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    for serial in range(first, first + number):
        encoding = "utf-8" if serial % 4 else "gb18030"
        text = make_paper(serial, seed)
        (unfinished / f"{serial:06d}.txt").write_bytes(text.encode(encoding))
    unfinished.rename(home)


def make_paper(serial: int, seed: int = 1) -> str:
    """Return the text of one paper of the collection, the same on every machine."""
    rng = Random(f"{seed} {serial}")
    kind = rng.random()
    every, negative = _read_sources()
    on_donors = kind < _ON_DONORS
    drawn = rng.sample(negative if on_donors else every, _SOURCES)
    paragraphs = [line for paper in drawn for line in _cut(paper)]
    if not on_donors:
        paragraphs = [line for line in paragraphs if not _DONOR.search(line)]
    rng.shuffle(paragraphs)
    length = min(max(rng.lognormvariate(0, _SPREAD) * _MEDIAN, _SHORTEST), _LONGEST)
    body = list(_compose(paragraphs, rng.choice(_HEADINGS), length))
    if kind < _ON_PROCUREMENT:
        told = [line for line in _cut(rng.choice(every)) if _DONOR.search(line)]
        body[2:2] = told[:2]
    cited = [line for paper in drawn for line in paper.body if line.startswith("[")]
    references = rng.sample(cited, min(len(cited), rng.randint(3, 15)))
    text = "\n".join((*_make_front(rng, drawn), *body, "参考文献", *references, ""))
    return _NUMBER.sub(lambda found: _redraw(rng, found[0]), text)


@cache
def _read_sources() -> tuple[tuple[Paper, ...], tuple[Paper, ...]]:
    """Return all sources, and those judged code 0."""
    rows = map(json.loads, (ROOT / "labels" / "papers.jsonl").read_text("utf-8").splitlines())
    negative = {row["id"] for row in rows if row["code"] == 0}
    paths = sorted((ROOT / "corpus" / "sources").glob("*.txt"))
    every = tuple(read_paper(path) for path in paths)
    return every, tuple(paper for paper in every if paper.id in negative)


@cache
def _cut(paper: Paper) -> tuple[str, ...]:
    """Return the paragraphs of a paper, without headings and references."""
    body = paper.body
    end = next((n for n, line in enumerate(body) if "参考文献" in line), len(body))
    return tuple(line for line in body[:end] if not line.startswith("#"))


def _make_front(rng: Random, drawn: Sequence[Paper]) -> Iterator[str]:
    one, other = rng.sample(drawn, 2)
    names = sorted({name for paper in drawn for name in paper.authors})
    yield f"{one.journal} 第{rng.randint(1, 40)}卷"
    yield one.title[: len(one.title) // 2 + 1] + other.title[len(other.title) // 2 :]
    yield "　".join(rng.sample(names, rng.randint(1, 6)))
    yield f"（{other.affiliations[0]}）"


def _compose(paragraphs: list[str], headings: Sequence[str], length: float) -> Iterator[str]:
    """Yield headings with paragraphs under them, of together about so many characters."""
    waiting = iter(paragraphs)
    for heading in headings:
        yield heading
        room = length / len(headings)
        while room > 0:
            paragraph = next(waiting, "")[: int(room) + 100]
            if not paragraph:
                return
            yield paragraph
            room -= len(paragraph)


def _redraw(rng: Random, number: str) -> str:
    """Return another number of as many digits; years stay what they are, as markers of headings."""
    if len(number) == 1 or (len(number) == 4 and number[:2] in ("19", "20")):
        return number
    return "".join(rng.choice("123456789") for _ in number)
