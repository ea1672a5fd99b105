"""What the shards hold: papers, records, failures, hits."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "loaded",
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        _text("state"),
    )
    op.create_table(
        "papers",
        sa.Column("sha256", _TEXT, primary_key=True),
        _text("file"),
        sa.Column("size", sa.BigInteger, nullable=False),
        _text("media_type"),
        sa.Column("shard", sa.Integer, nullable=False, index=True),
        _text("status"),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("pages", "unread_pages")),
    )
    op.create_table(
        "paths",
        sa.Column("path", _TEXT, primary_key=True),
        sa.Column("sha256", _TEXT, primary_key=True),
    )
    op.create_table(
        "records",
        sa.Column("file", _TEXT, primary_key=True),
        sa.Column("sha256", _TEXT, index=True),
        *map(_text, ("title", "authors", "affiliations", "journal")),
        sa.Column("year", sa.Integer),
        *map(_text, ("volume", "issue", "pages", "doi", "abstract", "keywords", "database", "key")),
    )
    op.create_table(
        "failures",
        sa.Column("shard", sa.Integer, index=True),
        *map(_text, ("sha256", "path")),
        sa.Column("page", sa.Integer),
        *map(_text, ("stage", "error")),
    )
    op.create_table(
        "hits",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("paper", _TEXT, nullable=False, index=True),
        sa.Column("shard", sa.Integer, nullable=False, index=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("page", "start", "end")),
        *map(_text, ("quote", "passage", "context", "section", "reason", "pack")),
        *(
            sa.Column(name, sa.JSON, nullable=False)
            for name in ("continued", "events", "criteria", "mitigating", "matches")
        ),
        sa.Column("score", sa.Float, nullable=False, index=True),
        sa.Column("code", sa.Integer, nullable=False),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, nullable=False)
