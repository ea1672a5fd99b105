"""The same paper twice: files that are copies of each other, grouped, so that one is read for all.

A group is one original and its copies. Each copy was compared with its original itself, never by
way of a third. A copy with a flagged passage that its original lacks is read all the same.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rapidfuzz import fuzz

from screen.study.contents import read_letters, read_measures
from screen.study.copies.corrections import Pair, Words, read_words, sort_pair
from screen.study.copies.likeness import Likeness, Text, compare, find_likeness
from screen.study.copies.pairing import Pairs, pair_by_signature, pair_by_title
from screen.study.copies.signatures import keep_letters
from screen.study.copies.texts import Texts, keep_texts
from screen.study.database import write
from screen.study.folder import Study
from screen.study.matching import Ties
from screen.study.notes import Part, note, read_notes
from screen.study.queries import list_incomplete
from screen.study.reading_list import READ_ITSELF
from screen.study.schema import copies, hits, papers, records, verdicts
from screen.study.shards import digest
from screen.text.normalise import clean_pages
from screen.types import Page

# What decides which papers are copies, beside the signatures of the shards.
_CODE = ("grouping.py", "pairing.py", "likeness.py", "kernels.py")
# A passage stands in another paper if one there is so much like it, 0-100.
_SAME_PASSAGE = 70
# Lengths that differ by less than such a share are the same, at first sight and on closer look.
_COARSE, _FINE = 0.1, 0.01
# Papers whose passages are held at once.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may be a copy: what decides whether it is the one to be read.

    `verdict` is the number of the first verdict on it, None for none; `unread` its pages that could
    not be read (a file that was cut short lacks at least one), `length` what could in characters,
    `recognised` whether any page of it came from optical character recognition.
    """

    paper: str
    verdict: int | None
    unread: int
    length: int
    recognised: bool
    quality: float
    has_record: bool

    @property
    def rank(self) -> tuple[Any, ...]:
        """Its place among all papers: of copies of each other the lowest is the one to be read."""
        return (
            self.verdict is None,
            self.verdict or 0,
            self.unread > 0,
            -_round_length(self.length, _COARSE),
            self.recognised,
            not self.has_record,
            -_round_length(self.length, _FINE),
            -round(self.quality, 2),
            self.paper,
        )


@dataclass(frozen=True, slots=True)
class Copy:
    """A paper that another one, its original, is read for."""

    paper: str
    original: str
    similarity: float
    reason: str


def regroup(study: Study, engine: sa.Engine) -> bool:
    """Bring the groups up to date if papers, records or what people said have changed.

    Returns whether they had.
    """
    words = read_words(study)
    said = [json.dumps(sorted(pairs)) for pairs in (words.together, words.apart)]
    with engine.connect() as connection:
        states = read_notes(connection)
    wanted = study.settings.copies.find
    code = (Path(__file__).with_name(name).read_bytes() for name in _CODE)
    state = digest(states.get(Part.RECORDS, ""), str(wanted), *said, *code)
    if states.get(Part.COPIES) == state:
        return False
    found = find_copies(study, engine, words) if wanted else []
    with write(engine) as connection:
        connection.execute(copies.delete())
        if found:
            rows = [{name: getattr(item, name) for name in Copy.__slots__} for item in found]
            connection.execute(copies.insert(), rows)
        note(connection, {Part.COPIES: state})
    return True


def find_copies(study: Study, engine: sa.Engine, words: Words) -> list[Copy]:
    """Return the copies among the screened papers of a study, by original and paper."""
    with engine.connect() as connection:
        homes, measured = _read_measures(study, connection)
        titled = _read_titles(connection)
        known = _read_candidates(connection, measured, titled)
    ranked = sorted(known, key=lambda item: item.rank)
    names = [item.paper for item in ranked]
    places = {name: place for place, name in enumerate(names)}
    together, apart = _locate(words.together, places), _locate(words.apart, places)
    lengths, recorded = [item.length for item in ranked], [item.has_record for item in ranked]
    titles = {places[name]: row.title for name, row in titled.items() if name in places}
    found = pair_by_signature(study.folder, homes, names, lengths, recorded)
    pairs = Pairs(found, [*pair_by_title(titles), *together], apart, len(names))
    involved = {names[place] for place in pairs.list_papers()}
    alike: dict[int, Likeness] = {}
    with keep_texts(study.folder) as texts:
        _fill(texts, study, homes, involved, titled)

        def is_alike(original: int, paper: int) -> bool:
            both = texts.read(names[original]), texts.read(names[paper])
            said = (original, paper) in together
            likeness = compare(*both) if said else find_likeness(*both)
            if likeness is not None:
                alike[paper] = likeness
            return likeness is not None

        chosen = choose_originals(pairs, is_alike, apart)
    lacking = _find_lacking_pages(engine, {names[p]: names[o] for p, o in chosen.items()})
    copied = []
    for paper, original in chosen.items():
        told = "somebody said so" if (original, paper) in together else alike[paper].reason
        page = lacking.get(names[paper])
        if page is not None:
            told = f"{READ_ITSELF}its passage on page {page} is not in the original; {told}"
        similarity = round(alike[paper].similarity, 4)
        copied.append(Copy(names[paper], names[original], similarity, told))
    return sorted(copied, key=lambda copy: (copy.original, copy.paper))


def _locate(pairs: Iterable[Pair], places: Mapping[str, int]) -> set[tuple[int, int]]:
    """Return pairs of papers by their places, as far as both have one, the earlier first."""
    found = [[places[paper] for paper in pair if paper in places] for pair in pairs]
    return {(min(both), max(both)) for both in found if len(both) == 2}


def choose_copies(study: Study, connection: sa.Connection, ties: Ties) -> list[str | None]:
    """Return which of several papers of one title stands for all; None unless they are copies.

    It is the one that would be read, as far as nobody has judged any of them.
    """
    wanted = {name for _, papers in ties for name in papers}
    homes, measured = _read_measures(study, connection, wanted)
    found = _read_candidates(connection, measured, {})
    known = {item.paper: replace(item, verdict=None) for item in found}
    apart = read_words(study).apart
    chosen: list[str | None] = []
    with keep_texts(study.folder) as texts:
        _fill(texts, study, homes, measured.keys(), {})

        def is_copy(best: str, other: str, title: str) -> bool:
            both = (replace(texts.read(name), title=title) for name in (best, other))
            return sort_pair(best, other) not in apart and find_likeness(*both) is not None

        for title, alike in ties:
            best = None
            if known.keys() >= set(alike):
                best = min(alike, key=lambda name: known[name].rank)
                if not all(is_copy(best, name, title) for name in alike if name != best):
                    best = None
            chosen.append(best)
    return chosen


def choose_originals(
    pairs: Iterable[tuple[int, int]],
    is_alike: Callable[[int, int], bool],
    apart: Iterable[tuple[int, int]] = (),
) -> dict[int, int]:
    """Return the original of each copy; papers are given by their places in the order of rank.

    `pairs` are those that may be alike, the better one first, ordered by the worse one, then by the
    better one. A paper that is alike to an original is its copy; else it is an original itself. So
    a paper is only compared with originals, the best first, until it is like one. Papers that
    somebody said to be `apart` never share an original.
    """
    parted: dict[int, set[int]] = defaultdict(set)
    for one, other in apart:
        parted[one].add(other)
        parted[other].add(one)
    members: dict[int, set[int]] = defaultdict(set)
    chosen: dict[int, int] = {}
    for original, paper in pairs:
        if paper in chosen or original in chosen:
            continue
        if paper in parted and not parted[paper].isdisjoint((original, *members[original])):
            continue
        if is_alike(original, paper):
            chosen[paper] = original
            if paper in parted:
                members[original].add(paper)
    return chosen


def _round_length(length: int, share: float) -> int:
    """Return a length in steps of this share, the same in every company."""
    return round(log(max(length, 1)) / log(1 + share))


def find_lacking(passages: Sequence[tuple[int, str]], others: Sequence[str]) -> int | None:
    """Return the page of the first passage that has no counterpart among others, None if all have.

    `passages` are pages and texts.
    """
    unsure = [(page, passage) for page, passage in passages if passage not in others]
    theirs = [keep_letters(other) for other in others] if unsure else []
    for page, passage in unsure:
        ours = keep_letters(passage)
        # Passages of copies mostly begin and end alike; to look for one inside another takes long.
        measures = (fuzz.ratio, fuzz.partial_ratio)
        alike = (measure(ours, other) for measure in measures for other in theirs)
        if not any(likeness >= _SAME_PASSAGE for likeness in alike):
            return page
    return None


def _find_lacking_pages(engine: sa.Engine, originals: Mapping[str, str]) -> dict[str, int]:
    """Return of each copy with a passage that its original lacks the page of the first one."""
    found = {}
    by_original = sorted(originals.items(), key=lambda item: (item[1], item[0]))
    with engine.connect() as connection:
        for start in range(0, len(by_original), _BATCH):
            batch = by_original[start : start + _BATCH]
            passages = _read_passages(connection, {name for pair in batch for name in pair})
            for paper, original in batch:
                page = find_lacking(passages[paper], [text for _, text in passages[original]])
                if page is not None:
                    found[paper] = page
    return found


def _read_measures(
    study: Study, connection: sa.Connection, wanted: set[str] | None = None
) -> tuple[dict[str, int], dict[str, tuple[int, float]]]:
    """Return the shard of each screened paper; and the length and quality of those signed."""
    query = sa.select(papers.c.sha256, papers.c.shard).where(papers.c.status == "screened")
    homes = {
        row.sha256: row.shard
        for row in connection.execute(query)
        if wanted is None or row.sha256 in wanted
    }
    measured = {
        paper: (length, quality)
        for shard in sorted(set(homes.values()))
        for paper, length, quality in read_measures(study.folder, shard)
        if paper in homes
    }
    return homes, measured


def _read_titles(connection: sa.Connection) -> dict[str, sa.Row[Any]]:
    """Return the record of each paper that has one, as far as it tells copies: the first."""
    names = ("sha256", "title", "journal", "year", "volume", "issue", "pages")
    query = sa.select(*(records.c[name] for name in names)).where(records.c.sha256.is_not(None))
    return {row.sha256: row for row in connection.execute(query.order_by(records.c.number.desc()))}


def _fill(
    texts: Texts,
    study: Study,
    homes: Mapping[str, int],
    wanted: Set[str],
    titled: Mapping[str, sa.Row[Any]],
) -> None:
    """Add the texts of papers, with what their records say."""
    for shard in sorted({homes[name] for name in wanted}):
        for name, (letters, numbers) in read_letters(study.folder, shard).items():
            if name in wanted:
                row = titled.get(name)
                title, place = ("", "") if row is None else (_simplify(row.title), _find_place(row))
                texts.add(name, Text(letters, numbers, title, place))


def _simplify(title: str) -> str:
    """Return a title as a clean text, in simplified characters."""
    return clean_pages([Page("", 1, title, "text", 1.0)]).text if title else ""


def _find_place(row: sa.Row[Any]) -> str:
    """Return where a paper is printed, "" unless all of it is known."""
    parts = [row.journal, row.year, row.volume or row.issue, row.pages.partition("-")[0]]
    return " ".join(map(str, parts)) if all(parts) else ""


def _read_candidates(
    connection: sa.Connection,
    measured: Mapping[str, tuple[int, float]],
    titled: Mapping[str, sa.Row[Any]],
) -> list[Candidate]:
    first = sa.select(verdicts.c.paper, sa.func.min(verdicts.c.id).label("id"))
    query = sa.select(papers.c.sha256, papers.c.unread_pages, papers.c.methods)
    asked = connection.execute(first.group_by(verdicts.c.paper))
    given = {row.paper: row.id for row in asked}
    incomplete = list_incomplete(connection)
    return [
        Candidate(
            paper=row.sha256,
            verdict=given.get(row.sha256),
            unread=row.unread_pages + (row.sha256 in incomplete),
            length=measured[row.sha256][0],
            recognised="ocr" in row.methods,
            quality=measured[row.sha256][1],
            has_record=row.sha256 in titled,
        )
        for row in connection.execute(query)
        if row.sha256 in measured
    ]


def _read_passages(connection: sa.Connection, wanted: set[str]) -> dict[str, list[tuple[int, str]]]:
    """Return the flagged passages of some papers with their pages, in order."""
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in wanted}
    query = sa.select(hits.c.paper, hits.c.page, hits.c.passage).where(
        hits.c.code >= 1, hits.c.paper.in_(wanted)
    )
    for row in connection.execute(query.order_by(hits.c.page, hits.c.start, hits.c.id)):
        found[row.paper].append((row.page, row.passage))
    return found
