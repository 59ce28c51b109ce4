"""Calls are found by their numbers, contacts in their order"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_decisions_caller"), "decisions", ["caller"])
    op.create_index(op.f("ix_decisions_called"), "decisions", ["called"])
    op.create_index(op.f("ix_contacts_position"), "contacts", ["position"])


def downgrade() -> None:
    op.drop_index(op.f("ix_contacts_position"), "contacts")
    op.drop_index(op.f("ix_decisions_called"), "decisions")
    op.drop_index(op.f("ix_decisions_caller"), "decisions")
