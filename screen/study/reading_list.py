"""Which papers are read: what "in the queue" means, said once for all queries.

A paper is left to itself if the scope leaves it out, or if it is a copy of another one, which is
read for it. It keeps its hits and verdicts; it is in no queue and no sample. What the scope leaves
out is read for none: its copies that are in scope are read themselves.
"""

import sqlalchemy as sa

from screen.study.schema import copies, drawn, exclusions

# With this the reason of a copy begins that is read itself, for a passage that its original lacks.
READ_ITSELF = "read itself: "

# Sets rather than a question for each paper: a database makes each set once.
_EXCLUDED = sa.select(exclusions.c.paper).where(exclusions.c.paper.is_not(None))
_READ_BY_ANOTHER = sa.and_(
    sa.not_(copies.c.reason.startswith(READ_ITSELF)),
    sa.or_(copies.c.original.not_in(_EXCLUDED), copies.c.paper.in_(_EXCLUDED)),
)
_COPIES = sa.select(copies.c.paper).where(_READ_BY_ANOTHER)
_DRAWN = sa.select(drawn.c.paper)

Condition = sa.ColumnElement[bool]


def is_in_scope(paper: sa.ColumnElement[str]) -> Condition:
    """Return the condition under which a paper, by its SHA-256, is not left out by the scope."""
    return paper.not_in(_EXCLUDED)


def is_copy(paper: sa.ColumnElement[str]) -> Condition:
    """Return the condition under which another paper is read for this one."""
    return paper.in_(_COPIES)


def is_read_itself(paper: sa.ColumnElement[str]) -> Condition:
    """Return the condition under which a paper is to be read."""
    return sa.and_(is_in_scope(paper), sa.not_(is_copy(paper)))


def is_handed_out(paper: sa.ColumnElement[str]) -> Condition:
    """Return the condition under which a paper may be handed out: to be read, or in a sample.

    A sample is judged as it was drawn, though one of its papers turns out to be a copy.
    """
    return sa.and_(is_in_scope(paper), sa.or_(sa.not_(is_copy(paper)), paper.in_(_DRAWN)))


def list_originals(connection: sa.Connection) -> dict[str, str]:
    """Return the papers that another one is read for, each with that one."""
    query = sa.select(copies.c.paper, copies.c.original).where(_READ_BY_ANOTHER)
    return {row.paper: row.original for row in connection.execute(query)}


def list_excluded(engine: sa.Engine) -> dict[str, str]:
    """Return the papers that the scope leaves out, each with its reason."""
    query = sa.select(exclusions.c.paper, exclusions.c.reason)
    with engine.connect() as connection:
        return {p: why for p, why in connection.execute(query) if p is not None}
