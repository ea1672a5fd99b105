"""The workbench: what a verdict says besides its code, accounts, and who has which paper."""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns to the verdicts, make the tables, and tally what was judged before."""
    for name in ("mitigating", "blind", "withdrawn"):
        op.add_column(
            "verdicts", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        )
    op.add_column("verdicts", sa.Column("key", _TEXT))
    op.create_index("ix_verdicts_key", "verdicts", ["key"], unique=True)
    for name in ("reviewer", "supersedes"):
        op.create_index(f"ix_verdicts_{name}", "verdicts", [name])
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql(
            "CREATE TRIGGER verdicts_insert BEFORE INSERT ON verdicts "
            "WHEN EXISTS (SELECT 1 FROM verdicts WHERE id = NEW.id OR key = NEW.key) BEGIN "
            "SELECT RAISE(ABORT, 'verdicts are never changed or deleted'); END"
        )
    op.create_index("ix_ranks_place", "ranks", ["order", "place"])
    _make_tables()
    _tally()
    op.execute("DROP TABLE IF EXISTS meta")


def _make_tables() -> None:
    op.create_table(
        "tallies",
        sa.Column("paper", _TEXT, primary_key=True),
        sa.Column("hit", _TEXT, primary_key=True, index=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("judged", "round")),
        sa.Column("disputed", sa.Boolean, nullable=False, index=True),
    )
    op.create_table(
        "leases",
        *(sa.Column(name, _TEXT, primary_key=True) for name in ("paper", "reviewer")),
        sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
    op.create_table(
        "skips",
        *(sa.Column(name, _TEXT, primary_key=True) for name in ("paper", "reviewer")),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_table(
        "reveals",
        *(sa.Column(name, _TEXT, primary_key=True) for name in ("hit", "reviewer")),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_table(
        "reviewers",
        sa.Column("name", _TEXT, primary_key=True),
        *map(_text, ("role", "password", "added_at")),
        sa.Column("closed_at", _TEXT),
    )
    op.create_table(
        "sessions",
        sa.Column("token", _TEXT, primary_key=True),
        *map(_text, ("reviewer", "role", "csrf")),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("began", "seen")),
    )
    op.create_table(
        "tries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *map(_text, ("name", "address")),
        sa.Column("at", sa.Float, nullable=False, index=True),
    )


def _tally() -> None:
    """Count, of each passage and paper: reviewers of round 1, the last round, whether they differ.

    There were no withdrawals before this revision.
    """
    connection = op.get_bind()
    verdicts = sa.Table("verdicts", sa.MetaData(), autoload_with=connection)
    tallies = sa.Table("tallies", sa.MetaData(), autoload_with=connection)
    told: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(verdicts).order_by(verdicts.c.id)):
        told[row.paper, row.hit or ""].append(row)
    for (paper, hit), rows in told.items():
        last = max(row.round for row in rows)
        said = {
            row.reviewer: (row.code, None if row.code is not None else row.reason)
            for row in rows
            if row.round == last
        }
        connection.execute(
            tallies.insert().values(
                paper=paper,
                hit=hit,
                judged=len({row.reviewer for row in rows if row.round == 1}),
                round=last,
                disputed=len(set(said.values())) > 1,
            )
        )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, nullable=False)
