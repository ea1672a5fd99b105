"""Verdicts, orders of reading and elusion samples."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_REFUSAL = "verdicts are never changed or deleted"


def upgrade() -> None:
    """Make the tables, and let the database refuse to change or delete a verdict."""
    op.create_table(
        "samples",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        _text("drawn_at"),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("population", sa.Integer, nullable=False),
    )
    op.create_table(
        "drawn",
        sa.Column("sample", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("paper", _TEXT, nullable=False, index=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("page", "start", "end")),
        *map(_text, ("quote", "passage", "context", "section", "reason", "pack")),
        *(
            sa.Column(name, sa.JSON, nullable=False)
            for name in ("continued", "events", "criteria", "mitigating", "matches")
        ),
        sa.Column("score", sa.Float, nullable=False, index=True),
        sa.Column("code", sa.Integer, nullable=False),
        sa.Column("published_flagged", sa.Boolean),
        sa.Column("published_distance", sa.Float),
        sa.Column("published_target", _TEXT),
    )
    op.create_table(
        "orders",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("model", _TEXT),
        sa.Column("learned_from", sa.Integer, nullable=False),
        _text("strategy"),
        sa.Column("ready", sa.Boolean, nullable=False),
    )
    op.create_table(
        "ranks",
        sa.Column("order", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hit", _TEXT, primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("problematic", sa.Float),
        sa.Column("possible", sa.Float),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("hit", _TEXT, index=True),
        sa.Column("paper", _TEXT, nullable=False, index=True),
        _text("reviewer"),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("code", sa.Integer),
        sa.Column("criteria", sa.JSON, nullable=False),
        *map(_text, ("reason", "note", "at")),
        sa.Column("supersedes", sa.Integer),
        *(sa.Column(name, _TEXT) for name in ("pack", "model")),
        sa.Column("order", sa.Integer),
        sqlite_autoincrement=True,
    )
    for statement in _guards(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def _guards(dialect: str) -> tuple[str, ...]:
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER verdicts_{action.lower()} BEFORE {action} ON verdicts BEGIN "
            f"SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            for action in ("UPDATE", "DELETE")
        )
    return (
        "CREATE FUNCTION verdicts_are_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$",
        *(
            f"CREATE TRIGGER verdicts_{action.lower()} BEFORE {action} ON verdicts "
            "FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_kept()"
            for action in ("UPDATE", "DELETE", "TRUNCATE")
        ),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, nullable=False)
