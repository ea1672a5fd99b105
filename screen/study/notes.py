"""What the tables of the database were made from, noted, so that only what changed is made again.

A note is the hash of all that decides a part: the files of one shard, or one of the parts below.
"""

from enum import IntEnum

import sqlalchemy as sa

from screen.study.schema import loaded


class Part(IntEnum):
    """A part of the database that belongs to no shard; shards have their numbers, from 0."""

    RECORDS = -1
    SCOPE = -2
    COPIES = -3


def read_notes(connection: sa.Connection) -> dict[int, str]:
    """Return all notes, by shard or part, in order."""
    query = sa.select(loaded.c.shard, loaded.c.state).order_by(loaded.c.shard)
    return {row.shard: row.state for row in connection.execute(query)}


def read_note(connection: sa.Connection, part: Part) -> str | None:
    """Return the note of one part, None if it was never made."""
    note: str | None = connection.scalar(sa.select(loaded.c.state).where(loaded.c.shard == part))
    return note


def note(connection: sa.Connection, states: dict[int, str]) -> None:
    """Note what shards or parts were made from."""
    connection.execute(loaded.delete().where(loaded.c.shard.in_([int(part) for part in states])))
    rows = [{"shard": int(part), "state": state} for part, state in states.items()]
    if rows:
        connection.execute(loaded.insert(), rows)
