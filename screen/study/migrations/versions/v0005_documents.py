"""Real documents: how pages were read, records without a file, near-duplicates, scope."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_WORDS = (
    "title", "authors", "affiliations", "journal", "volume", "issue", "pages", "doi", "abstract",
    "keywords", "database", "key",
)  # fmt: skip


def upgrade() -> None:
    """Add what is new. What comes from files of the study is loaded anew by the next run."""
    for table in ("hits", "drawn"):
        op.add_column(
            table, sa.Column("neighbour", sa.Boolean, nullable=False, server_default=sa.false())
        )
    op.add_column("papers", sa.Column("methods", sa.JSON, nullable=False, server_default="{}"))
    _renew_records()
    op.create_table(
        "copies",
        sa.Column("paper", _TEXT, primary_key=True),
        sa.Column("original", _TEXT, nullable=False, index=True),
        sa.Column("similarity", sa.Float, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
    )
    op.create_table(
        "exclusions",
        sa.Column("subject", _TEXT, primary_key=True),
        sa.Column("paper", _TEXT, index=True),
        sa.Column("record", sa.Integer, index=True),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("rule", "stage", "reason")),
    )
    op.execute("DELETE FROM loaded")


def _renew_records() -> None:
    """Give records a number in place of the file, which a record need not name."""
    connection = op.get_bind()
    old = sa.Table("records", sa.MetaData(), autoload_with=connection)
    rows = connection.execute(sa.select(old).order_by(old.c.file)).mappings().all()
    op.drop_table("records")
    new = op.create_table(
        "records",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("file", _TEXT, nullable=False),
        sa.Column("sha256", _TEXT, index=True),
        sa.Column("matched", _TEXT),
        *(sa.Column(name, _TEXT, nullable=False) for name in _WORDS[:4]),
        sa.Column("year", sa.Integer),
        *(sa.Column(name, _TEXT, nullable=False) for name in _WORDS[4:]),
    )
    if rows:
        kept = [
            {**row, "number": number, "matched": row["sha256"] and "file"}
            for number, row in enumerate(rows, start=1)
        ]
        connection.execute(new.insert(), kept)
