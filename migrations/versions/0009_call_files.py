"""How far the files have been read in which Asterisk writes what happens to calls"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_files",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False, comment="bytes of Asterisk's file that are in the journal"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when they were read"),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_call_files")),
    )


def downgrade() -> None:
    op.drop_table("call_files")
