"""What the published search says of papers and hits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add its columns; the next run loads everything anew and fills them."""
    for table in ("papers", "hits"):
        op.add_column(table, sa.Column("published_flagged", sa.Boolean))
        op.add_column(table, sa.Column("published_distance", sa.Float))
        op.add_column(table, sa.Column("published_target", _TEXT))
    _let_paths_be_shared()
    op.execute("DELETE FROM loaded")


def _let_paths_be_shared() -> None:
    """Key paths by path and paper: the first databases had them by path alone."""
    key = sa.inspect(op.get_bind()).get_pk_constraint("paths")
    if key["constrained_columns"] != ["path"]:
        return
    op.rename_table("paths", "former_paths")
    op.create_table(
        "paths",
        sa.Column("path", _TEXT, primary_key=True),
        sa.Column("sha256", _TEXT, primary_key=True),
    )
    op.execute("INSERT INTO paths SELECT path, sha256 FROM former_paths")
    op.drop_table("former_paths")
