"""Users, their sessions, one-time links, and what a token is for"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True, comment="a key of the plan"),
        sa.Column("unit", sa.String(), nullable=True, comment="a key of the plan"),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("password", sa.String(), nullable=True, comment="argon2id; none until the user has chosen one"),
        sa.Column(
            "totp_secret", sa.String(), nullable=True, comment="the codes are made from it, so it must be readable"
        ),
        sa.Column("totp_confirmed", sa.Boolean(), nullable=False),
        sa.Column(
            "totp_step",
            sa.Integer(),
            nullable=False,
            comment="of the last code that was taken: none is taken twice",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )
    with op.batch_alter_table("tokens") as tokens:
        tokens.add_column(sa.Column("scopes", sa.JSON(), comment="a list; none = all"))
        tokens.add_column(sa.Column("user", sa.String(), comment="none = the service's"))
        tokens.create_foreign_key(op.f("fk_tokens_user"), "users", ["user"], ["name"], ondelete="CASCADE")
    op.create_index(op.f("ix_tokens_user"), "tokens", ["user"])
    _of_users("sessions", sa.Column("created", sa.DateTime(timezone=True), nullable=False))
    op.create_index(op.f("ix_sessions_expires"), "sessions", ["expires"])
    _of_users("invitations")
    op.create_table(
        "login_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False, comment="as it was given"),
        sa.Column("address", sa.String(), nullable=False, comment="that it came from"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_at"), "login_failures", ["at"])


def _of_users(name: str, *more: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("hash", sa.String(), nullable=False, comment="SHA-256"),
        sa.Column("user", sa.String(), nullable=False),
        *more,
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f(f"fk_{name}_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_user"), name, ["user"])


def downgrade() -> None:
    for name in ("login_failures", "invitations", "sessions"):
        op.drop_table(name)
    with op.batch_alter_table("tokens") as tokens:
        tokens.drop_index(op.f("ix_tokens_user"))
        tokens.drop_constraint(op.f("fk_tokens_user"), type_="foreignkey")
        tokens.drop_column("user")
        tokens.drop_column("scopes")
    op.drop_table("users")
