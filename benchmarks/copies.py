"""Measure how well copies of one paper are told from papers that only share something.

    python -m benchmarks.copies [--more FOLDER] [--show]

Copies are made of every paper of the corpus, in each way that reprints, scans and converters change
a text; against them stand all pairs of different papers, and papers made to be taken for copies:
another one with the same methods, the same report with other patients, a second part, a series that
takes up a case, a correction, an abstract. `--more` adds a folder of text files as further
different papers. Every figure is given for papers with odd and with even numbers, without records
and with them; the rules were made with both in sight. What the signatures let through is measured
too.
"""

import argparse
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.material import ROOT, read_texts
from corpus import damage
from corpus.converted import plain_text
from corpus.reading import Paper, read_paper
from screen.ingest.files import hash_file, read_source
from screen.settings import Limits
from screen.study.copies.likeness import Likeness, Text, compare
from screen.study.copies.signatures import Signature, find_candidates, make_signature
from screen.text.normalise import clean_pages
from screen.types import Page

_LEAST = 0.1
_NOISE = (0.01, 0.03, 0.05, 0.1)
_PLACES = ("odd papers", "even papers")


@dataclass(frozen=True, slots=True)
class Made:
    """Two files and whether they are the same paper; `kind` says how they were made."""

    kind: str
    half: int
    texts: tuple[str, str]
    titles: tuple[str, str]


def blur(text: str, rng: random.Random, rate: float) -> str:
    """Return a text with Chinese characters replaced by others of it, a few left out."""
    pool = [c for c in text if "\u4e00" <= c <= "\u9fff"]
    kept = []
    for character in text:
        if not "\u4e00" <= character <= "\u9fff" or rng.random() >= rate:
            kept.append(character)
        elif rng.random() < 0.8:
            kept.append(rng.choice(pool))
    return "".join(kept)


def make_copies(paper: Paper, others: list[Paper], half: int) -> Iterator[Made]:
    """Yield pairs of files that are the same paper."""
    rng = random.Random(paper.id)
    text = plain_text(paper)
    around = [plain_text(other) for other in rng.sample(others, 4)]
    heads = [f"{damage.BOILERPLATE}\n·{page}· {paper.running_head}" for page in range(80, 90)]
    lines = text.split("\n")
    middle = len(lines) // 2
    ways = {
        "misread 20 %": damage.misread(text, rng, 0.2),
        "traditional": damage.traditional(text),
        "run together": damage.run_together(text),
        "full width": damage.widen(text, rng),
        "running heads": damage.break_pages(text, rng, heads),
        "citations run in": damage.run_in_citations(text, rng),
        "spaces": damage.space_out(text, rng, 0.5),
        "lines broken": damage.wrap_lines(text, rng),
        "columns read across": damage.read_across(text, rng),
        "neighbours": damage.add_neighbours(text, rng, around[0], around[1]),
        "pages out of order": "\n".join(lines[middle:] + lines[:middle]),
        "cut off": text[: len(text) * 2 // 3],
        "reprint": "\n".join(["虚构医学文摘 1999年第3卷第1期", *lines[1:2], *lines[4:]]),
    }
    for kind, changed in ways.items():
        yield Made(kind, half, (text, changed), (paper.title, paper.title))
    for rate in _NOISE:
        once, twice = blur(text, rng, rate), blur(text, rng, rate)
        yield Made(f"scan, {rate:.0%} wrong", half, (text, once), (paper.title, paper.title))
        yield Made(f"two scans, {rate:.0%}", half, (twice, once), (paper.title, paper.title))
    both = [
        damage.add_neighbours(blur(text, rng, 0.03), rng, *around[place : place + 2])
        for place in (0, 2)
    ]
    yield Made("two scans, 3 %, neighbours", half, (both[0], both[1]), (paper.title, paper.title))
    printed = ROOT / "corpus" / "papers" / f"{paper.id}.pdf"
    if printed.exists():
        source = hash_file(printed)
        read = "\f".join(page.text for page in read_source(source, Limits()).pages)
        yield Made("PDF and text", half, (text, read), (paper.title, paper.title))


def make_traps(paper: Paper, others: list[Paper], half: int) -> Iterator[Made]:
    """Yield pairs of files that are different papers with something in common."""
    rng = random.Random(f"{paper.id} trap")
    text, other = plain_text(paper), plain_text(rng.choice(others))
    title = f"{paper.title}的进一步观察"
    for share in (0.3, 0.5, 0.65):
        size = int(len(text) * share)
        start = (len(text) - size) // 2
        rest = len(text) - size
        mixed = other[: rest // 2] + text[start : start + size] + other[-(rest - rest // 2) :]
        yield Made(f"same methods, {share:.0%}", half, (text, mixed), (paper.title, title))

    def change(number: re.Match[str]) -> str:
        low = 10 ** (len(number[0]) - 1)
        return str(rng.randrange(low, 10 * low))

    changed = re.sub(r"\d{2,}", change, text)
    yield Made("other patients, same words", half, (text, changed), (paper.title, title))
    ends = f"{paper.title}（一）", f"{paper.title}（二）"
    head = "\n".join(text.split("\n")[2:4])
    yield Made("second part", half, (text, f"{ends[1]}\n{head}\n{other}"), ends)
    series = other[:600] + text[300:1500] + other[600:] + other[::-1]
    yield Made("series with the case", half, (text, series), (paper.title, title))
    correction = f"更正：本刊《{paper.title}》一文，作者单位有误，特此更正并致歉。{other[:150]}"
    yield Made("correction", half, (text, correction), (paper.title, f"《{paper.title}》更正"))
    abstract = f"{paper.title}\n{paper.abstract}"
    yield Made("abstract", half, (text, abstract), (paper.title, paper.title))


def sign(text: str) -> Signature:
    """Return the signature of a text, as the stage of a study makes it."""
    pages = [Page("", 1, text, "text", 1.0)]
    return make_signature("", pages, clean_pages(pages))


def judge(made: Made, known: dict[str, Signature], *, titled: bool) -> tuple[Likeness, bool]:
    """Return how alike two files are, and whether their signatures let them be compared."""
    signed = [known.setdefault(text, sign(text)) for text in made.texts]
    one, other = (
        Text(item.letters, item.numbers, title if titled else "")
        for item, title in zip(signed, made.titles, strict=True)
    )
    values = [item.values for item in signed]
    found = find_candidates(np.array(values), _LEAST) if all(map(len, values)) else ()
    return compare(one, other), any(len(pairs) for pairs in found)


def main() -> None:
    """Print a table of copies found, and of others taken for copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--more", type=Path)
    parser.add_argument("--show", action="store_true", help="the worst figures of every kind")
    options = parser.parse_args()
    papers = [read_paper(path) for path in sorted((ROOT / "corpus" / "sources").glob("p*.txt"))]
    texts = [(plain_text(paper), paper.title) for paper in papers]
    texts += [(text, "") for text in read_texts(options.more)] if options.more else []
    results = _Results()
    for is_same, item in [*_make_all(papers), *((False, item) for item in _pair(texts))]:
        results.add(item, is_same=is_same)
    results.tell(show=options.show)
    started = time.perf_counter()
    for text, _ in texts:
        sign(text)
    print(f"{1000 * (time.perf_counter() - started) / len(texts):.2f} ms a paper, with cleaning")


def _make_all(papers: list[Paper]) -> Iterator[tuple[bool, Made]]:
    for number, paper in enumerate(papers):
        others = [other for other in papers if other is not paper]
        yield from ((True, item) for item in make_copies(paper, others, number % 2))
        yield from ((False, item) for item in make_traps(paper, others, number % 2))


def _pair(texts: list[tuple[str, str]]) -> Iterator[Made]:
    """Yield all pairs of different papers, given by text and title."""
    for first, second in combinations(range(len(texts)), 2):
        (one, title), (other, others_title) = texts[first], texts[second]
        kind, half = "different papers", (first + second) % 2
        yield Made(kind, half, (one, other), (title, others_title))


class _Results:
    """What was found, by kind; of each kind without and with records, in each half."""

    def __init__(self) -> None:
        self._known: dict[str, Signature] = {}
        self._asked: Counter[tuple[bool, str, int]] = Counter()
        self._found: Counter[tuple[bool, str, int]] = Counter()
        self._shown: dict[tuple[bool, str], list[Likeness]] = defaultdict(list)

    def add(self, item: Made, *, is_same: bool) -> None:
        for titled in (False, True):
            likeness, is_found = judge(item, self._known, titled=titled)
            column = 2 * titled + item.half
            self._asked[is_same, item.kind, column] += 1
            self._found[is_same, item.kind, column] += likeness.is_copy and is_found
            self._shown[is_same, item.kind].append(likeness)

    def tell(self, *, show: bool) -> None:
        print(f"{'':34} without records     with records")
        print(f"{'':34} {'  '.join(_PLACES)}  {'  '.join(_PLACES)}")
        for (is_same, kind), likenesses in self._shown.items():
            keys = [(is_same, kind, column) for column in range(4)]
            shares = (f"{self._found[key]:>4}/{self._asked[key]:<4}" for key in keys)
            print(f"{'copy' if is_same else 'TRAP'}  {kind:28} {'  '.join(shares)}")
            if show:
                worst = sorted(likenesses, key=lambda x: x.covered, reverse=not is_same)
                print(*(f"      {likeness}" for likeness in worst[:4]), sep="\n")
        for column in range(4):
            asked, found, wrong = (
                sum(count[key] for key in self._asked if key[0] is same and key[2] == column)
                for count, same in ((self._asked, True), (self._found, True), (self._found, False))
            )
            where = f"{'with' if column > 1 else 'without'} records, {_PLACES[column % 2]}"
            print(
                f"{where}: recall {found}/{asked} = {found / asked:.4f}; "
                f"precision {found}/{found + wrong} = {found / (found + wrong):.4f}"
            )


if __name__ == "__main__":
    main()
