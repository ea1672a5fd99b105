"""What groups of copies mean: a verdict on one counts for all; who is whose copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from screen.study.reading_list import READ_ITSELF
from screen.study.schema import copies, papers
from screen.study.verdicts import Judgements


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a study: the original of each copy, and the copies that are read themselves."""

    originals: Mapping[str, str]
    read: frozenset[str]
    members: Mapping[str, tuple[str, ...]]

    def judge_paper(self, judgements: Judgements, paper: str) -> tuple[int | None, bool]:
        """Return the code of a paper, and whether it was carried over from another of its group."""
        judged = self.find_judged(judgements, paper)
        return judgements.judge_paper(judged), judged != paper

    def find_judged(self, judgements: Judgements, paper: str) -> str:
        """Return the paper whose verdicts count for a paper: itself, or another of its group.

        What was said of a paper itself counts first; then what was said of its original; then, also
        for the original, of its copies. Nothing is carried to a copy that is read itself.
        """
        code = judgements.judge_paper(paper)
        if code is not None or paper in judgements.papers or paper in self.read:
            return paper
        original = self.originals.get(paper, paper)
        for other in (original, *self.members.get(original, ())):
            carried, own = judgements.judge_paper(other), judgements.papers.get(other)
            if other != paper and (carried is not None or (own is not None and own.is_settled)):
                return other
        return paper


def read_groups(engine: sa.Engine) -> Groups:
    """Return the groups of a study."""
    members: dict[str, tuple[str, ...]] = {}
    originals, read = {}, set()
    with engine.connect() as connection:
        for row in connection.execute(sa.select(copies).order_by(copies.c.paper)):
            originals[row.paper] = row.original
            if row.reason.startswith(READ_ITSELF):
                read.add(row.paper)
            else:
                members[row.original] = (*members.get(row.original, ()), row.paper)
    return Groups(originals, frozenset(read), members)


def list_groups(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return the groups as plain data, by the file names of their originals.

    Each has `original`, `file` and `copies`: of each copy paper, file, similarity, reason, and
    whether it is read itself.
    """
    original = papers.alias()
    query = (
        sa.select(copies, papers.c.file, original.c.file.label("original_file"))
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
                    "read_itself": row.reason.startswith(READ_ITSELF),
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
