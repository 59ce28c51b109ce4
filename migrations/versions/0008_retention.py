"""What is kept for how long: how far calls were reduced, the keys of pseudonyms, and the counts that remain"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention",
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="of the last row that was treated"),
        sa.Column("row", sa.String(), nullable=False, comment="its id"),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_retention")),
    )
    op.create_table(
        "pseudonym_keys",
        sa.Column("month", sa.String(), nullable=False, comment="as 2026-11, UTC"),
        sa.Column("secret", sa.String(), nullable=False, comment="destroyed once the month is treated"),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_pseudonym_keys")),
    )
    op.create_table(
        "call_counts",
        sa.Column("day", sa.Date(), nullable=False, comment="on the organisation's calendar"),
        sa.Column("route", sa.String(), nullable=False, comment="empty: none"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "route", "kind", "outcome", name=op.f("pk_call_counts")),
    )


def downgrade() -> None:
    op.drop_table("call_counts")
    op.drop_table("pseudonym_keys")
    op.drop_table("retention")
