"""Trunks that register: the user name is part of the plan, the password is not"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trunks", sa.Column("registers_as", sa.String(), nullable=True))
    op.create_table(
        "trunk_passwords",
        sa.Column("trunk", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False, comment="Asterisk needs it readable; in no plan"),
        sa.PrimaryKeyConstraint("trunk", name=op.f("pk_trunk_passwords")),
    )


def downgrade() -> None:
    op.drop_table("trunk_passwords")
    op.drop_column("trunks", "registers_as")
