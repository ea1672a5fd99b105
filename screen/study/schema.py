"""The tables of a study's database.

All but the verdicts are loaded from the files of the study and can be built anew from them.
Verdicts are only ever added: the database itself refuses to change or delete one.
"""

from typing import Any

import sqlalchemy as sa

# Schema 3 only added tables to schema 2.
SCHEMA, UPGRADED = 3, frozenset({2})

# What the published search says of a paper or hit: null where it was not asked.
PUBLISHED = ("published_flagged", "published_distance", "published_target")


def _published() -> tuple[sa.Column[Any], ...]:
    types = (sa.Boolean, sa.Float, sa.String)
    return tuple(sa.Column(name, kind) for name, kind in zip(PUBLISHED, types, strict=True))


def _passage() -> tuple[sa.Column[Any], ...]:
    """Return the columns of a passage: those of `types.Hit` but for its id, and its pack."""
    return (
        sa.Column("paper", sa.String, nullable=False, index=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("page", "start", "end")),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("quote", "passage", "context", "section", "reason", "pack")
        ),
        # lists, as JSON
        *(
            sa.Column(name, sa.JSON, nullable=False)
            for name in ("continued", "events", "criteria", "mitigating", "matches")
        ),
        sa.Column("score", sa.Float, nullable=False, index=True),
        sa.Column("code", sa.Integer, nullable=False),
        *_published(),
    )


metadata = sa.MetaData()
meta = sa.Table("meta", metadata, sa.Column("schema", sa.Integer, primary_key=True))
loaded = sa.Table(
    "loaded",
    metadata,
    sa.Column("shard", sa.Integer, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
)
papers = sa.Table(
    "papers",
    metadata,
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("file", sa.String, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("media_type", sa.String, nullable=False),
    sa.Column("shard", sa.Integer, nullable=False, index=True),
    # waiting (not worked on yet), screened, or unreadable (nothing of it could be read)
    sa.Column("status", sa.String, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("unread_pages", sa.Integer, nullable=False),
    *_published(),
)
paths = sa.Table(
    "paths",
    metadata,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, primary_key=True),
)
records = sa.Table(
    "records",
    metadata,
    sa.Column("file", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, index=True),
    *(
        sa.Column(name, sa.String, nullable=False)
        for name in ("title", "authors", "affiliations", "journal")
    ),
    sa.Column("year", sa.Integer),
    *(
        sa.Column(name, sa.String, nullable=False)
        for name in ("volume", "issue", "pages", "doi", "abstract", "keywords", "database", "key")
    ),
)
failures = sa.Table(
    "failures",
    metadata,
    sa.Column("shard", sa.Integer, index=True),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("error", sa.String, nullable=False),
)
hits = sa.Table(
    "hits",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("shard", sa.Integer, nullable=False, index=True),
    *_passage(),
)
# Papers that were drawn at random from the unflagged, each with the passage that stands for it in
# the queue; that may be one of its hits.
samples = sa.Table(
    "samples",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("drawn_at", sa.String, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("population", sa.Integer, nullable=False),
)
drawn = sa.Table(
    "drawn",
    metadata,
    sa.Column("sample", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    *_passage(),
)
# The order of reading that is in force; the earlier ones are in the folder orders/.
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    # what gave the probabilities; null if there was no classifier
    sa.Column("model", sa.String),
    sa.Column("learned_from", sa.Integer, nullable=False),
    sa.Column("strategy", sa.String, nullable=False),
    sa.Column("ready", sa.Boolean, nullable=False),
)
ranks = sa.Table(
    "ranks",
    metadata,
    sa.Column("order", sa.Integer, primary_key=True),
    sa.Column("hit", sa.String, primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    # probabilities of code 2, and of code 1 or 2
    sa.Column("problematic", sa.Float),
    sa.Column("possible", sa.Float),
)
verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    # the passage, or null for a verdict on the whole paper
    sa.Column("hit", sa.String, index=True),
    sa.Column("paper", sa.String, nullable=False, index=True),
    sa.Column("reviewer", sa.String, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    # null if the paper is out of scope; `reason` then says why
    sa.Column("code", sa.Integer),
    sa.Column("criteria", sa.JSON, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("supersedes", sa.Integer),
    # the pack and the model that were shown, and the order in which the passage stood
    sa.Column("pack", sa.String),
    sa.Column("model", sa.String),
    sa.Column("order", sa.Integer),
    sqlite_autoincrement=True,
)
for _action in ("UPDATE", "DELETE"):
    sa.event.listen(
        verdicts,
        "after_create",
        sa.DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER verdicts_{_action.lower()} BEFORE {_action} ON verdicts BEGIN "
            "SELECT RAISE(ABORT, 'verdicts are never changed or deleted'); END"
        ),
    )
