"""Which papers are read at all: what "in the queue" means, said once for all queries.

A paper is left to itself if the scope leaves it out, or if it is a near-duplicate of one that is
read for it. It keeps its hits and verdicts; it is in no queue, sample or count of flags.
"""

import sqlalchemy as sa

from screen.study.schema import copies, exclusions

# Sets rather than a question for each paper: a database makes each set once.
_EXCLUDED = sa.select(exclusions.c.paper).where(exclusions.c.paper.is_not(None))
_COPIES = sa.select(copies.c.paper)


def is_read_itself(paper: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition under which a paper, by its SHA-256, is to be read."""
    return sa.and_(paper.not_in(_EXCLUDED), paper.not_in(_COPIES))


def list_excluded(engine: sa.Engine) -> dict[str, str]:
    """Return the papers that the scope leaves out, each with its reason."""
    query = sa.select(exclusions.c.paper, exclusions.c.reason)
    with engine.connect() as connection:
        return {p: why for p, why in connection.execute(query) if p is not None}
