"""The same paper twice: files that are copies of each other, grouped, so that one is read for all.

A group is one original and its copies. Each copy was compared with its original itself, never by
way of a third. A copy with a flagged passage that its original lacks is read all the same.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from rapidfuzz import fuzz

from screen.study.corrections import Pair, Words, read_words, sort_pair
from screen.study.database import write
from screen.study.folder import Study
from screen.study.likeness import Text, compare
from screen.study.matching import Ties
from screen.study.notes import Part, note, read_notes
from screen.study.queries import list_incomplete
from screen.study.reading_list import READ_ITSELF
from screen.study.schema import copies, hits, papers, records, verdicts
from screen.study.shards import digest, read_letters, read_values
from screen.study.signatures import SIZE, find_candidates, keep_letters
from screen.text.normalise import clean_pages
from screen.types import Page

# Signatures that agree in less are not looked at: different papers hardly reach 0.1.
_LEAST = 0.15
# More papers under one title are a heading, such as 简讯, and not looked at for that.
_MOST_TITLED = 20
_SHORTEST_TITLE = 8
# A passage stands in another paper if one there is so much like it, 0-100.
_SAME_PASSAGE = 70


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

    def rank(self, longest: int) -> tuple[Any, ...]:
        """Return its place among its like, the one to be read first."""
        return (
            self.verdict is None,
            self.verdict or 0,
            self.unread > 0,
            -round(10 * self.length / max(longest, 1)),
            self.recognised,
            not self.has_record,
            -round(100 * self.length / max(longest, 1)),
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
    code = (Path(__file__).with_name(name).read_bytes() for name in ("copies.py", "likeness.py"))
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
        homes, signed = _read_signatures(study, connection)
    names = sorted(signed)
    known = [name for name in names if len(signed[name][2]) == 4 * SIZE]
    values = np.frombuffer(b"".join(signed[name][2] for name in known), "<u4").reshape(-1, SIZE)
    pairs = {(known[i], known[j]) for i, j, _ in find_candidates(values, _LEAST)}
    with engine.connect() as connection:
        titled = _read_titles(connection)
    pairs |= _pair_by_title({name: titled[name] for name in known if name in titled})
    pairs = {*pairs, *words.together} - words.apart
    pairs = {pair for pair in pairs if pair[0] in signed and pair[1] in signed}
    texts = _read_texts(study, homes, {name for pair in pairs for name in pair}, titled)
    alike = {}
    for one, other in sorted(pairs):
        likeness = compare(texts[one], texts[other])
        if likeness.is_copy or (one, other) in words.together:
            alike[one, other] = likeness
    involved = {name for pair in alike for name in pair}
    with engine.connect() as connection:
        candidates = _read_candidates(connection, involved, signed, titled)
    chosen = choose_originals(candidates, alike, words.apart)
    passages = _read_passages(engine, {name for pair in chosen.items() for name in pair})
    found = []
    for paper, original in chosen.items():
        pair = sort_pair(paper, original)
        told = "somebody said so" if pair in words.together else alike[pair].reason
        lacking = find_lacking(passages[paper], [text for _, text in passages[original]])
        if lacking is not None:
            told = f"{READ_ITSELF}its passage on page {lacking} is not in the original; {told}"
        found.append(Copy(paper, original, round(alike[pair].similarity, 4), told))
    return sorted(found, key=lambda copy: (copy.original, copy.paper))


def choose_copies(study: Study, connection: sa.Connection, ties: Ties) -> list[str | None]:
    """Return which of several papers of one title stands for all; None unless they are copies.

    It is the one that would be read, as far as nobody has judged any of them.
    """
    wanted = {name for _, papers in ties for name in papers}
    homes, signed = _read_signatures(study, connection, wanted)
    texts = _read_texts(study, homes, wanted & signed.keys(), {})
    known = {item.paper: item for item in _read_candidates(connection, wanted, signed, {})}
    apart = read_words(study).apart
    chosen: list[str | None] = []
    for title, alike in ties:
        best = None
        if known.keys() >= set(alike):
            longest = max(known[name].length for name in alike)
            items = (replace(known[name], verdict=None) for name in alike)
            best = min(items, key=lambda item: item.rank(longest)).paper
            texts.update({name: replace(texts[name], title=title) for name in alike})
            others = [name for name in alike if name != best]
            if any(
                sort_pair(best, other) in apart or not compare(texts[best], texts[other]).is_copy
                for other in others
            ):
                best = None
        chosen.append(best)
    return chosen


def choose_originals(
    candidates: Iterable[Candidate], alike: Iterable[Pair], apart: Iterable[Pair] = ()
) -> dict[str, str]:
    """Return the original of each copy, given the papers and the pairs of them that are alike.

    The first by rank of a group is the original of all that are like it itself; of what is left the
    next. Papers that somebody said to be apart never share an original.
    """
    near: dict[str, set[str]] = defaultdict(set)
    for one, other in alike:
        near[one].add(other)
        near[other].add(one)
    parted = {sort_pair(*pair) for pair in apart}
    known = {item.paper: item for item in candidates if item.paper in near}
    reach = {
        name: max(known[other].length for other in (name, *near[name])) for name in sorted(known)
    }
    chosen: dict[str, str] = {}
    originals: set[str] = set()
    for item in sorted(known.values(), key=lambda item: item.rank(reach[item.paper])):
        if item.paper in chosen:
            continue
        originals.add(item.paper)
        members = [item.paper]
        for other in sorted(near[item.paper] - chosen.keys() - originals):
            if not any(sort_pair(member, other) in parted for member in members):
                chosen[other] = item.paper
                members.append(other)
    return chosen


def find_lacking(passages: Sequence[tuple[int, str]], others: Sequence[str]) -> int | None:
    """Return the page of the first passage that has no counterpart among others, None if all have.

    `passages` are pages and texts.
    """
    theirs = [keep_letters(other) for other in others]
    for page, passage in passages:
        ours = keep_letters(passage)
        if not any(fuzz.partial_ratio(ours, other) >= _SAME_PASSAGE for other in theirs):
            return page
    return None


def _read_signatures(
    study: Study, connection: sa.Connection, wanted: set[str] | None = None
) -> tuple[dict[str, int], dict[str, tuple[int, float, bytes]]]:
    """Return the shard of each screened paper; and its length, quality and signature."""
    query = sa.select(papers.c.sha256, papers.c.shard).where(papers.c.status == "screened")
    homes = {
        row.sha256: row.shard
        for row in connection.execute(query)
        if wanted is None or row.sha256 in wanted
    }
    signed = {
        paper: (length, quality, values)
        for shard in sorted(set(homes.values()))
        for paper, length, quality, values in read_values(study.folder, shard)
        if paper in homes
    }
    return homes, signed


def _read_titles(connection: sa.Connection) -> dict[str, sa.Row[Any]]:
    """Return the record of each paper that has one: the first."""
    query = (
        sa.select(records).where(records.c.sha256.is_not(None)).order_by(records.c.number.desc())
    )
    return {row.sha256: row for row in connection.execute(query)}


def _pair_by_title(titled: Mapping[str, sa.Row[Any]]) -> set[Pair]:
    """Return the pairs of papers whose records have the same title."""
    named: dict[str, list[str]] = defaultdict(list)
    for paper, row in titled.items():
        title = keep_letters(row.title)
        if len(title) >= _SHORTEST_TITLE:
            named[title].append(paper)
    return {
        pair
        for those in named.values()
        if len(those) <= _MOST_TITLED
        for pair in combinations(sorted(those), 2)
    }


def _read_texts(
    study: Study, homes: Mapping[str, int], wanted: set[str], titled: Mapping[str, sa.Row[Any]]
) -> dict[str, Text]:
    texts = {}
    for shard in sorted({homes[name] for name in wanted}):
        for name, (letters, numbers) in read_letters(study.folder, shard).items():
            if name in wanted:
                row = titled.get(name)
                title, place = ("", "") if row is None else (_simplify(row.title), _find_place(row))
                texts[name] = Text(letters, numbers, title, place)
    return texts


def _simplify(title: str) -> str:
    """Return a title as a clean text, in simplified characters."""
    return clean_pages([Page("", 1, title, "text", 1.0)]).text if title else ""


def _find_place(row: sa.Row[Any]) -> str:
    """Return where a paper is printed, "" unless all of it is known."""
    parts = [row.journal, row.year, row.volume or row.issue, row.pages.partition("-")[0]]
    return " ".join(map(str, parts)) if all(parts) else ""


def _read_candidates(
    connection: sa.Connection,
    wanted: set[str],
    signed: Mapping[str, tuple[int, float, bytes]],
    titled: Mapping[str, sa.Row[Any]],
) -> list[Candidate]:
    first = sa.select(verdicts.c.paper, sa.func.min(verdicts.c.id).label("id"))
    query = sa.select(papers.c.sha256, papers.c.unread_pages, papers.c.methods)
    asked = connection.execute(first.group_by(verdicts.c.paper))
    given = {row.paper: row.id for row in asked}
    rows = [row for row in connection.execute(query) if row.sha256 in wanted]
    incomplete = list_incomplete(connection)
    return [
        Candidate(
            paper=row.sha256,
            verdict=given.get(row.sha256),
            unread=row.unread_pages + (row.sha256 in incomplete),
            length=signed[row.sha256][0],
            recognised="ocr" in row.methods,
            quality=signed[row.sha256][1],
            has_record=row.sha256 in titled,
        )
        for row in rows
        if row.sha256 in signed
    ]


def _read_passages(engine: sa.Engine, wanted: set[str]) -> dict[str, list[tuple[int, str]]]:
    """Return the flagged passages of some papers with their pages, in order."""
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in wanted}
    query = sa.select(hits.c.paper, hits.c.page, hits.c.passage).where(hits.c.code >= 1)
    with engine.connect() as connection:
        for row in connection.execute(query.order_by(hits.c.page, hits.c.start, hits.c.id)):
            if row.paper in found:
                found[row.paper].append((row.page, row.passage))
    return found
