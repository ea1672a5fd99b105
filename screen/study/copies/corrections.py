"""Corrections of the groups of copies: what people said of two papers, kept in apart.jsonl."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from screen.errors import StudyError
from screen.study.folder import Study
from screen.study.schema import papers, paths
from screen.study.shards import write_atomically

Pair = tuple[str, str]


class _Word(BaseModel):
    """One line of apart.jsonl: what somebody said of two papers, by SHA-256."""

    model_config = ConfigDict(extra="forbid", strict=True)

    papers: tuple[str, str] = Field(strict=False)
    same: bool
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Words:
    """What people said of pairs of papers, each pair sorted: the last word counts."""

    together: frozenset[Pair] = field(default=frozenset())
    apart: frozenset[Pair] = field(default=frozenset())


def sort_pair(one: str, other: str) -> Pair:
    """Return two papers as a pair."""
    return (one, other) if one < other else (other, one)


def read_words(study: Study) -> Words:
    """Return what people said of pairs of papers. Raises StudyError for a damaged line."""
    said: dict[Pair, bool] = {}
    for word in _read_lines(study):
        said[sort_pair(*word.papers)] = word.same
    pairs = {same: frozenset(p for p, s in said.items() if s is same) for same in (True, False)}
    return Words(pairs[True], pairs[False])


def list_words(study: Study) -> list[dict[str, Any]]:
    """Return all that people said of pairs of papers, first to last: `papers, same, by, at`.

    Raises StudyError for a damaged line.
    """
    return [{**word.model_dump(), "papers": list(word.papers)} for word in _read_lines(study)]


def _read_lines(study: Study) -> Iterator[_Word]:
    path = study.folder / "apart.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            yield _Word.model_validate_json(line)
        except ValidationError as error:
            why = str(error).splitlines()[-2].strip()
            raise StudyError(f"{path}:{number}: {why}") from None


def add_word(study: Study, engine: sa.Engine, files: Sequence[str], by: str, *, same: bool) -> Pair:
    """Note that two papers, given by file name or SHA-256, are the same or not; return them.

    Raises StudyError unless each names just one paper of the study, and they are two.
    """
    one, other = (find_paper(engine, name) for name in files)
    if one == other:
        raise StudyError("these are one paper: the same bytes under two names")
    read_words(study)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    row = {"papers": sort_pair(one, other), "same": same, "by": by, "at": now}
    path = study.folder / "apart.jsonl"
    before = path.read_bytes() if path.exists() else b""
    write_atomically(path, before + json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return sort_pair(one, other)


def find_paper(engine: sa.Engine, name: str) -> str:
    """Return the one paper with a SHA-256 (or its beginning), file name or path.

    Raises StudyError if there is none, or more than one.
    """
    by_hash = papers.c.sha256.startswith(name, autoescape=True) if len(name) >= 6 else sa.false()
    queries = (
        sa.select(papers.c.sha256).where(sa.or_(papers.c.file == name, by_hash)),
        sa.select(paths.c.sha256).where(
            sa.or_(paths.c.path == name, paths.c.path.endswith(f"/{name}", autoescape=True))
        ),
    )
    with engine.connect() as connection:
        found = {sha256 for query in queries for sha256 in connection.scalars(query)}
    if len(found) != 1:
        raise StudyError(f"{name}: {len(found) or 'no'} papers of the study are called so")
    return str(found.pop())
