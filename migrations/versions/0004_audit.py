"""The audit of what was changed, and answers to requests that may be repeated"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REFUSED = "the audit is append-only"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("thing", sa.String(), nullable=False, comment="as people/claire"),
        sa.Column("before", sa.String(), nullable=True, comment="canonical JSON"),
        sa.Column("after", sa.String(), nullable=True, comment="canonical JSON"),
        sa.Column("revision", sa.String(), nullable=True, comment="ETag afterwards"),
        sa.Column("request", sa.String(), nullable=True),
        sa.Column("previous", sa.String(), nullable=False, comment="hash of the entry before"),
        sa.Column("hash", sa.String(), nullable=False, comment="SHA-256 of all other columns"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_thing"), "audit", ["thing"])
    op.create_table(
        "idempotent_answers",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.String(), nullable=False, comment="SHA-256 of method, path and body"),
        sa.Column("answer", sa.String(), nullable=True, comment="JSON: status, headers, body; none while it is made"),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotent_answers")),
    )
    op.create_index(op.f("ix_idempotent_answers_asked_at"), "idempotent_answers", ["asked_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
    else:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_append_only_{deed.lower()} BEFORE {deed} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )


def downgrade() -> None:
    op.drop_table("idempotent_answers")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")
