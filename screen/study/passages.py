"""Passages of all papers one by one, or of one paper: what leaves a study asks for these."""

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from screen.study.contents import as_hit
from screen.study.queries import rank, select_passages
from screen.study.schema import drawn, hits
from screen.types import Hit

# Rows in memory at a time.
_AT_A_TIME = 1000


def list_hits(engine: sa.Engine) -> Iterator[dict[str, Any]]:
    """Yield all hits as `list_queue` with `every` has them, some at a time: they may be many."""
    source = sa.select(hits).subquery()
    query = select_passages(source).order_by(*rank(source, "reading"))
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # There the rows wait at the server, which keeps them for as long as a transaction.
            connection.execution_options(isolation_level="REPEATABLE READ")
        rows = connection.execution_options(yield_per=_AT_A_TIME).execute(query)
        yield from map(dict, rows.mappings())


def list_criteria(engine: sa.Engine) -> dict[str, tuple[str, ...]]:
    """Return the criteria that the passages of each paper with hits meet."""
    found: dict[str, set[str]] = {}
    with engine.connect() as connection:
        for paper, criteria in connection.execute(sa.select(hits.c.paper, hits.c.criteria)):
            found.setdefault(paper, set()).update(criteria)
    return {paper: tuple(sorted(criteria)) for paper, criteria in found.items()}


def list_passages(engine: sa.Engine, paper: str, drawn_too: Collection[str]) -> list[Hit]:
    """Return the hits of a paper, and those of the passages that stand for it in samples."""
    found = {}
    with engine.connect() as connection:
        # Of a passage that is both the hit is what the pack finds now.
        for table in (drawn, hits):
            query = sa.select(table).where(table.c.paper == paper)
            for row in connection.execute(query).mappings():
                if table is hits or row["id"] in drawn_too:
                    found[row["id"]] = as_hit(dict(row))
    return list(found.values())
