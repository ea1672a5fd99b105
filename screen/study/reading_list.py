"""Which papers are read themselves: not copies of another paper, which is read for them."""

import sqlalchemy as sa

from screen.study.schema import copies, drawn

# With this the reason of a copy begins that is read itself, for a passage that its original lacks.
READ_ITSELF = "read itself: "

_not_read = sa.select(copies.c.paper).where(sa.not_(copies.c.reason.startswith(READ_ITSELF)))


def is_read_itself(paper: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition under which a paper, given by its SHA-256, is read itself."""
    return paper.not_in(_not_read)


def is_handed_out(paper: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition under which a paper may be handed out: read itself, or in a sample.

    A sample is judged as it was drawn, whatever is known of its papers later.
    """
    return sa.or_(is_read_itself(paper), paper.in_(sa.select(drawn.c.paper)))
