"""Runs the migrations within the transaction that `database` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
