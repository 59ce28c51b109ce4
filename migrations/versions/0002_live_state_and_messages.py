"""People's live state, ring group turns, outgoing calls, call-back requests, voicemail"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "presences",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.String(),
            nullable=False,
            comment="away, do not disturb, forwarded; available people have no row",
        ),
        sa.Column("until", instant, nullable=True),
        sa.Column("forward_to", sa.String(), nullable=True),
        sa.Column("changed_at", instant, nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_presences")),
    )
    op.create_table(
        "turns",
        sa.Column("ring_group", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False, comment="how many calls a rotary group has been rung for"),
        sa.PrimaryKeyConstraint("ring_group", name=op.f("pk_turns")),
    )
    op.create_table(
        "last_outgoing",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False, comment="who of us called it last"),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_last_outgoing")),
    )
    op.create_table(
        "outgoing_counts",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="on the organisation's calendar"),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "day", name=op.f("pk_outgoing_counts")),
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False, comment="Asterisk's Linkedid"),
        sa.Column("waiting_since", instant, nullable=False, comment="the place that is kept"),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("taken_at", instant, nullable=True),
        sa.Column("done_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index("ix_callbacks_call", "callbacks", ["call"], unique=False)
    op.create_index("ix_callbacks_done_at", "callbacks", ["done_at"], unique=False)
    op.create_table(
        "pins",
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("pin", sa.String(), nullable=False, comment="Asterisk needs it readable"),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_pins")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(), nullable=False, comment="Asterisk's msg_id, and the mailbox"),
        sa.Column("mailbox", sa.String(), nullable=False, comment="box@boxes or person@people"),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=True),
        sa.Column("caller_name", sa.String(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("listened", sa.Boolean(), nullable=False),
        sa.Column("file", sa.String(), nullable=False, comment="below Asterisk's voicemail folder, without its ending"),
        sa.Column("mail_to", sa.String(), nullable=False, comment="empty: no e-mail is wanted"),
        sa.Column("mailed_at", instant, nullable=True),
        sa.Column("mail_tries", sa.Integer(), nullable=False),
        sa.Column(
            "mail_due", instant, nullable=True, comment="when to try next; while somebody tries, when another may"
        ),
        sa.Column("mail_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_mailbox", "messages", ["mailbox"], unique=False)


def downgrade() -> None:
    for table in (
        "messages",
        "pins",
        "callbacks",
        "outgoing_counts",
        "last_outgoing",
        "turns",
        "presences",
    ):
        op.drop_table(table)
