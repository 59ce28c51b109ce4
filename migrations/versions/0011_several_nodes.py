"""Several nodes with one database: who they are, and which of them holds a message"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_HOLDS = "whose Asterisk holds the recording; empty: the only one"


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False, comment="that its calls follow; 0: none yet"),
        sa.Column("directory_revision", sa.Integer(), nullable=False),
        sa.Column("refused_version", sa.Integer(), nullable=False, comment="that its Asterisk did not take; 0: none"),
        sa.Column("fault", sa.String(), nullable=False, comment="why it did not"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_nodes")),
    )
    with op.batch_alter_table("messages") as batch:  # the default is for services of the release before, too
        batch.add_column(sa.Column("node", sa.String(), nullable=False, server_default=sa.text("''"), comment=_HOLDS))


def downgrade() -> None:
    with op.batch_alter_table("messages") as batch:
        batch.drop_column("node")
    op.drop_table("nodes")
