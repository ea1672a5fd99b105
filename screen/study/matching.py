"""Tie bibliographic records to papers: by the name of the file, then by the title.

Wrong bibliographic data on a finding is worse than none. So a name counts where exactly one paper
has it, and a title where paper and record are each other's best by a clear margin. A title is
looked for in the name of the file and in the first lines of the text; it may be spaced, broken over
lines, and, where an author of the record stands there too, damaged. Where several papers have it
alike, they may be copies of one another; whoever can compare their texts is asked. Nothing depends
on the order in which papers or records were added.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import NamedTuple, TypeVar

from opencc import OpenCC
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from screen.types import Record

T = TypeVar("T")

# Raised when the same records and papers would be matched otherwise, so that studies load anew.
VERSION = 2
# In normalised characters. A short title (编者按, 肾移植) says too little; in the name of a file,
# where nothing else stands, it may be shorter than in a text.
_LEAST, _LEAST_IN_NAME, _LEAST_ALONE = 6, 5, 10
# So much of a text is looked at: what comes later may be the title of the next paper.
HEAD = 800
_LINES_A_TITLE = 4
# A title is found by its first characters, or else, by an author, if this share of its pieces of
# three characters are there: one wrong character costs three pieces.
_START, _PIECE, _SURVIVING = 8, 3, 0.3
_LONGEST_NAME = 20
# More records of one title than these are no work told by several databases.
_DATABASES = 8
# The least likeness of a damaged title, 0-1; and how much better than the next a match must be.
_LIKENESS, _MARGIN = 0.85, 0.05
# What an author, or the year, that stands in the text adds.
_AUTHOR, _YEAR = 0.1, 0.06
# A title that differs in one of these is that of another paper, not a damaged one: numbers, parts
# of a series, organs, parties, animals, and what is done or left.
_TELLING = frozenset(
    "0123456789一二三四五六七八九十两百上中下续前后心肝肾肺胰脾肠供受男女老幼犬鼠兔猪猴羊再非无不"
)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_DOWNLOADED_AGAIN = re.compile(r"\s*(?:[(（]\d{1,2}[)）]|-副本|[-_ ]copy)$", re.IGNORECASE)
_PERSON = re.compile(r"[\u3400-\u9fff·]{2,5}(?:等)?")
_OMITTED = "省略"


# Papers that have one title alike, for each such title.
Ties = Sequence[tuple[str, tuple[str, ...]]]


class Match(NamedTuple):
    """The paper that a record belongs to, by its SHA-256, and what told: file or title."""

    sha256: str
    by: str


@dataclass(frozen=True, slots=True)
class _Work:
    """Records of one paper, perhaps from several databases: the same title, year and authors."""

    title: str
    authors: frozenset[str]
    years: frozenset[int]
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Paper:
    """What is known of a paper's title: the beginnings and ends of lines are places in `text`."""

    names: tuple[str, ...]
    persons: frozenset[str]
    text: str
    starts: tuple[int, ...]


def match_records(
    records: Sequence[Record],
    names: Mapping[str, Iterable[str]],
    read_heads: Callable[[set[str]], Mapping[str, str]],
    choose: Callable[[Ties], Sequence[str | None]],
) -> list[Match | None]:
    """Return for each record the paper that it belongs to, or None.

    `names` gives the paths and names of each paper, by its SHA-256. `read_heads` returns the first
    lines of those of the given papers that have a text; it is asked only if a title may decide.
    `choose` is given titles with the papers that have them alike, and returns for each the one that
    stands for all, or None if they are not the same paper.
    """
    found = _match_by_name(records, names)
    taken = {match.sha256 for match in found if match}
    open_records = [
        n for n, match in enumerate(found) if match is None and len(plain(records[n].title)) >= 5
    ]
    open_papers = set(names) - taken
    if not open_records or not open_papers:
        return found
    works = _find_works(records, open_records)
    heads = read_heads(open_papers)
    papers = {paper: _know(names[paper], heads.get(paper, "")) for paper in sorted(open_papers)}
    pairs = _pair(works, papers)
    ties = [(works[work].title, alike) for work, alike in pairs if len(alike) > 1]
    chosen = dict(zip(ties, choose(ties) if ties else (), strict=True))
    for work, alike in pairs:
        paper = alike[0] if len(alike) == 1 else chosen[works[work].title, alike]
        if paper is not None:
            for number in works[work].records:
                found[number] = Match(paper, "title")
    return found


def _match_by_name(
    records: Sequence[Record], names: Mapping[str, Iterable[str]]
) -> list[Match | None]:
    exact: dict[str, set[str]] = defaultdict(set)
    near: dict[str, set[str]] = defaultdict(set)
    for paper, known in names.items():
        for name in known:
            for form in {name, PurePath(name).name}:
                exact[form].add(paper)
                near[_loose(form)].add(paper)
    found: list[Match | None] = []
    for record in records:
        owners = exact.get(record.file) or near.get(_loose(record.file)) or set()
        sure = record.file and len(owners) == 1
        found.append(Match(min(owners), "file") if sure else None)
    return found


def _loose(name: str) -> str:
    """Return a file name without its suffix, case and the width of its letters."""
    return _SUFFIX.sub("", unicodedata.normalize("NFKC", name).casefold().replace("\\", "/"))


def plain(words: str) -> str:
    """Return the letters and digits of a title: NFKC, simplified, case-folded."""
    folded = unicodedata.normalize("NFKC", words).casefold()
    return "".join(filter(str.isalnum, _simplifier().convert(folded)))


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def _find_works(records: Sequence[Record], numbers: Iterable[int]) -> list[_Work]:
    """Return the records that are one paper's together, however many databases tell of it."""
    by_title: dict[str, list[_Work]] = defaultdict(list)
    for number in numbers:
        record = records[number]
        authors = frozenset(map(plain, record.authors)) - {""}
        years = frozenset({record.year} if record.year else ())
        by_title[plain(record.title)].append(_Work(plain(record.title), authors, years, (number,)))
    works = []
    for title, same in by_title.items():
        whole = _Work(
            title,
            frozenset().union(*(work.authors for work in same)),
            frozenset().union(*(work.years for work in same)),
            tuple(number for work in same for number in work.records),
        )
        # Only if all agree with all, so that the order does not decide who goes with whom.
        few = len(same) <= _DATABASES
        agree = few and all(_agree(a, b) for i, a in enumerate(same) for b in same[:i])
        works += [whole] if agree else same
    return works


def _agree(one: _Work, other: _Work) -> bool:
    same_year = one.years == other.years or not one.years or not other.years
    same_authors = bool(one.authors & other.authors) or not one.authors or not other.authors
    return same_year and same_authors


def _know(names: Iterable[str], head: str) -> _Paper:
    forms: dict[str, None] = {}
    persons = set()
    for name in sorted(names):
        stem = _DOWNLOADED_AGAIN.sub("", _SUFFIX.sub("", PurePath(name).name))
        forms[plain(stem)] = None
        title, _, person = stem.rpartition("_")
        if title and (_PERSON.fullmatch(person) or re.fullmatch(r"[A-Za-z .,]{3,40}", person)):
            forms[plain(title)] = None
            persons.add(plain(person.removesuffix("等")))
    starts = []
    text = ""
    for line in head.split("\n"):
        letters = plain(line)
        if letters:
            starts.append(len(text))
            text += letters
        if len(text) >= HEAD:
            break
    return _Paper(tuple(forms), frozenset(persons), text[: HEAD + 100], (*starts, len(text)))


def _pair(
    works: Sequence[_Work], papers: Mapping[str, _Paper]
) -> list[tuple[int, tuple[str, ...]]]:
    """Return the works and papers that are each other's best by a clear margin.

    A work may have several papers, equally good, of each of which it is the best.
    """
    scores: dict[int, dict[str, float]] = defaultdict(dict)
    claims: dict[str, dict[int, float]] = defaultdict(dict)
    index = _index(works)
    for name, paper in papers.items():
        for number in _find_candidates(paper, index):
            score = _score(works[number], paper)
            if score:
                scores[number][name] = claims[name][number] = score
    pairs = []
    for number, found in scores.items():
        best = tuple(sorted(_find_best(found)))
        if all(_is_best(number, works, claims[paper]) for paper in best):
            pairs.append((number, best))
    return pairs


def _is_best(number: int, works: Sequence[_Work], claims: Mapping[int, float]) -> bool:
    """Tell whether a work has the best claim to a paper, given all the claims to it."""
    # A title that is a part of a longer one that stands there too is not the paper's.
    if any(n != number and _holds(works[n].title, works[number].title) for n in claims):
        return False
    rivals = {
        n: score
        for n, score in claims.items()
        if n == number or not _holds(works[number].title, works[n].title)
    }
    return _find_best(rivals) == [number]


def _holds(longer: str, shorter: str) -> bool:
    return len(longer) > len(shorter) and shorter in longer


def _find_best(scores: Mapping[T, float]) -> list[T]:
    """Return the best, and what is not worse by a clear margin."""
    best = max(scores.values())
    return [name for name, score in scores.items() if best - score < _MARGIN]


@dataclass(frozen=True, slots=True)
class _Index:
    """The works by what finds them: how the title begins, and the names of the authors."""

    starts: Mapping[str, list[int]]
    authors: Mapping[str, list[int]]
    lengths: tuple[int, ...]
    titles: Sequence[str]
    pieces: Sequence[frozenset[str]]


def _index(works: Sequence[_Work]) -> _Index:
    starts: dict[str, list[int]] = defaultdict(list)
    authors: dict[str, list[int]] = defaultdict(list)
    for number, work in enumerate(works):
        # Short titles begin with themselves.
        starts[work.title[:_START]].append(number)
        for name in work.authors:
            if 1 < len(name) <= _LONGEST_NAME:
                authors[name].append(number)
    lengths = tuple(sorted(set(map(len, authors))))
    titles = [work.title for work in works]
    return _Index(starts, authors, lengths, titles, list(map(_cut, titles)))


def _cut(words: str) -> frozenset[str]:
    return frozenset(words[i : i + _PIECE] for i in range(len(words) - _PIECE + 1))


def _find_candidates(paper: _Paper, index: _Index) -> list[int]:
    """Return the works whose title may stand in the text or the names of a paper, in order."""
    found: set[int] = set()
    begun = [paper.text[start : start + _START] for start in paper.starts]
    begun += [name[:_START] for name in paper.names]
    for start in begun:
        for length in range(_LEAST_IN_NAME, len(start) + 1):
            begin = index.starts.get(start[:length], ())
            # Thousands may begin alike.
            found.update(n for n in begin if _stands(index.titles[n], paper))
    windows = {
        paper.text[i : i + length] for length in index.lengths for i in range(len(paper.text))
    }
    near: set[int] = set()
    for name in (windows | paper.persons) & index.authors.keys():
        near.update(index.authors[name])
    pieces = _cut(paper.text).union(*map(_cut, paper.names))
    for number in near - found:
        cut = index.pieces[number]
        if len(cut & pieces) >= _SURVIVING * len(cut):
            found.add(number)
    return sorted(found)


def _stands(title: str, paper: _Paper) -> bool:
    return title in paper.text or any(title == n or _OMITTED in n for n in paper.names)


def _score(work: _Work, paper: _Paper) -> float:
    """Return how surely a work is this paper, from 0; 1 is its title to the letter."""
    authored = any(len(name) > 1 and name in paper.text for name in work.authors)
    signed = bool(work.authors & paper.persons)
    if paper.persons and work.authors and not signed and not authored:
        return 0.0
    sure = authored or signed
    likeness = max(_in_name(work.title, paper), _in_text(work, paper, sure=sure))
    if not likeness:
        return 0.0
    dated = any(str(year) in paper.text for year in work.years)
    return likeness + _AUTHOR * sure + _YEAR * dated


def _in_name(title: str, paper: _Paper) -> float:
    if len(title) < _LEAST_IN_NAME:
        return 0.0
    for name in paper.names:
        if name == title:
            return 1.0
        # CNKI leaves out the middle of a long title: 同种异体_省略_移植的体会_虚文远.
        before, omitted, after = name.partition(_OMITTED)
        enough = omitted and len(before) + len(after) >= _LEAST_ALONE
        if enough and title.startswith(before) and title.removeprefix(before).endswith(after):
            return 1.0
    return 0.0


def _in_text(work: _Work, paper: _Paper, *, sure: bool) -> float:
    """Return the likeness of a title to lines of the text; `sure` if an author stands there."""
    title, best = work.title, 0.0
    if len(title) < _LEAST:
        return 0.0
    for i, start in enumerate(paper.starts[:-1]):
        for end in paper.starts[i + 1 : i + 1 + _LINES_A_TITLE]:
            lines = paper.text[start:end]
            if lines.startswith(title):
                # Where no author follows at once, the title may go on on the next line.
                after = paper.text[start + len(title) :]
                if any(len(name) > 1 and after.startswith(name) for name in work.authors):
                    return 1.0
                if lines == title and len(title) >= _LEAST_ALONE:
                    return 1.0
            if sure and len(title) >= _LEAST_ALONE:
                best = max(best, _liken(title, lines))
            if len(lines) > 2 * len(title):
                break
    return best


def _liken(title: str, lines: str) -> float:
    """Return the likeness of a title to lines that may be a damaged one, 0 if it is another."""
    likeness: float = fuzz.ratio(title, lines, score_cutoff=100 * _LIKENESS) / 100
    if not likeness:
        return 0.0
    for edit in Levenshtein.editops(title, lines):
        lost = title[edit.src_pos] if edit.tag != "insert" else ""
        come = lines[edit.dest_pos] if edit.tag != "delete" else ""
        if {lost, come} & _TELLING:
            return 0.0
    return min(likeness, 0.99)
