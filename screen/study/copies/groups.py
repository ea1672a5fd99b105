"""What groups of copies mean: a verdict on one counts for all; who is whose copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from screen.study.reading_list import is_copy, list_originals
from screen.study.schema import copies, hits, papers
from screen.study.verdicts import Judgements


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a study: the original of each copy, and the copies that are read themselves.

    `members` are the copies that an original is read for; `flagged` papers have a flagged passage.
    """

    originals: Mapping[str, str]
    read: frozenset[str]
    members: Mapping[str, tuple[str, ...]]
    flagged: frozenset[str] = frozenset()

    def find_read(self, paper: str) -> str:
        """Return the paper that is read for this one: its original, or itself."""
        return paper if paper in self.read else self.originals.get(paper, paper)

    def judge_paper(self, judgements: Judgements, paper: str) -> tuple[int | None, bool]:
        """Return the code of a paper, and whether it was carried over from another of its group.

        What was said of a paper itself counts first; then what was said of its original; then, also
        for the original, of its copies. Nothing is carried to a copy that is read itself.
        """
        source = self.find_source(judgements, paper)
        return judgements.judge_paper(source), source != paper

    def find_source(self, judgements: Judgements, paper: str) -> str:
        """Return the paper of whose verdict that of a paper comes: itself, or one of its group.

        Of copies that differ the highest code counts. A copy in which nothing was flagged clears no
        paper in which something was.
        """
        told = judgements.judge_paper(paper) is not None or paper in judgements.papers
        if told or paper in self.read:
            return paper
        original = self.originals.get(paper, paper)
        if original != paper and _is_told(judgements, original):
            return original
        best, found = paper, -2
        for other in self.members.get(original, ()):
            code = judgements.judge_paper(other)
            clears = not code and paper in self.flagged and other not in self.flagged
            rank = -1 if code is None else code
            if other != paper and _is_told(judgements, other) and not clears and rank > found:
                best, found = other, rank
        return best


def _is_told(judgements: Judgements, paper: str) -> bool:
    """Tell whether it is settled what a paper is, be it out of scope."""
    own = judgements.papers.get(paper)
    return judgements.judge_paper(paper) is not None or (own is not None and own.is_settled)


def read_groups(engine: sa.Engine) -> Groups:
    """Return the groups of a study."""
    members: dict[str, tuple[str, ...]] = {}
    originals, read = {}, set()
    with engine.connect() as connection:
        read_for = list_originals(connection)
        for row in connection.execute(sa.select(copies).order_by(copies.c.paper)):
            originals[row.paper] = row.original
            if row.paper not in read_for:
                read.add(row.paper)
            else:
                members[row.original] = (*members.get(row.original, ()), row.paper)
        coded = sa.select(hits.c.paper).where(hits.c.code >= 1).distinct()
        flagged = frozenset(connection.scalars(coded))
    return Groups(originals, frozenset(read), members, flagged)


def list_groups(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return the groups as plain data, by the file names of their originals.

    Each has `original`, `file` and `copies`: of each copy paper, file, similarity, reason, and
    whether it is read itself.
    """
    original = papers.alias()
    query = (
        sa.select(
            copies,
            papers.c.file,
            original.c.file.label("original_file"),
            is_copy(copies.c.paper).label("is_copy"),
        )
        .join(papers, papers.c.sha256 == copies.c.paper)
        .join(original, original.c.sha256 == copies.c.original)
        .order_by(original.c.file, copies.c.original, papers.c.file, copies.c.paper)
    )
    groups: dict[str, dict[str, Any]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            group = groups.setdefault(
                row.original, {"original": row.original, "file": row.original_file, "copies": []}
            )
            group["copies"].append(
                {
                    "paper": row.paper,
                    "file": row.file,
                    "similarity": row.similarity,
                    "reason": row.reason,
                    "read_itself": not row.is_copy,
                }
            )
    return list(groups.values())


def list_like(connection: sa.Connection, paper: str) -> list[str]:
    """Return the file names of the other papers in a paper's group, in order."""
    return list(connection.scalars(_LIKE, {"paper": paper}))


_paper = sa.bindparam("paper", type_=sa.String)
_own = sa.select(copies.c.original).where(copies.c.paper == _paper)
_LIKE = (
    sa.select(papers.c.file)
    .where(
        papers.c.sha256 != _paper,
        sa.or_(
            papers.c.sha256.in_(_own),
            papers.c.sha256.in_(
                sa.select(copies.c.paper).where(
                    sa.or_(copies.c.original == _paper, copies.c.original.in_(_own))
                )
            ),
        ),
    )
    .order_by(papers.c.file)
)
