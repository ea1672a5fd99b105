"""Paths are found by their paper: to load shards again would otherwise look through all of them."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_paths_sha256", "paths", ["sha256"])
