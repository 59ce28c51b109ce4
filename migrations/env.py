"""Alembic's entry: migrates over the connection that `aiguillage.store.migrate` hands in."""

from alembic import context

from aiguillage.store import plan_tables, tables

connection = context.config.attributes["connection"]
assert plan_tables.PLAN_TABLES  # noqa: S101  imported so that all tables are in the metadata
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
