"""Drafts of the plan that were replaced, so that nobody's work is lost"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replaced_drafts",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False, comment="of the document"),
        sa.Column("document", sa.String(), nullable=False, comment="canonical JSON"),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_replaced_drafts")),
    )
    op.create_index(op.f("ix_replaced_drafts_revision"), "replaced_drafts", ["revision"])


def downgrade() -> None:
    op.drop_table("replaced_drafts")
