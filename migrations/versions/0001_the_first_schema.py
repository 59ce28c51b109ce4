"""The first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_holidays", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_calendars")),
    )
    op.create_table(
        "call_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call", sa.String(), nullable=False, comment="Asterisk's Linkedid"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("leg", sa.String(), nullable=True, comment="Asterisk's Uniqueid"),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_events")),
    )
    with op.batch_alter_table("call_events", schema=None) as batch_op:
        batch_op.create_index("ix_call_events_call", ["call"], unique=False)

    op.create_table(
        "categories",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_categories")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False, comment="Asterisk's Linkedid"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=True),
        sa.Column("called", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=True),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("itinerary", sa.JSON(), nullable=False),
        sa.Column("trace", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index("ix_decisions_at", ["at"], unique=False)
        batch_op.create_index("ix_decisions_call", ["call"], unique=False)

    op.create_table(
        "endpoints",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False, comment="SIP needs it readable"),
        sa.PrimaryKeyConstraint("endpoint", name=op.f("pk_endpoints")),
    )
    op.create_table(
        "inbound_routes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known", sa.Boolean(), nullable=True),
        sa.Column("withheld", sa.Boolean(), nullable=True),
        sa.Column("returning_call", sa.Integer(), nullable=True, comment="minutes"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_inbound_routes")),
    )
    op.create_table(
        "never_dial",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_never_dial")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("languages", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_organisation_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "permissions",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_permissions")),
    )
    op.create_table(
        "plan_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.String(), nullable=False, comment="canonical JSON"),
        sa.Column("checksum", sa.String(), nullable=False, comment="SHA-256 of the document"),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_plan_versions")),
    )
    op.create_table(
        "prompts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_prompts")),
    )
    op.create_table(
        "queues",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("extension", sa.String(), nullable=True),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("max_wait", sa.Integer(), nullable=False),
        sa.Column("max_callers", sa.Integer(), nullable=True),
        sa.Column("announce_position", sa.Boolean(), nullable=False),
        sa.Column("offer_callback", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_queues")),
        sa.UniqueConstraint("extension", name=op.f("uq_queues_extension")),
    )
    op.create_table(
        "revisions",
        sa.Column("thing", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("thing", name=op.f("pk_revisions")),
    )
    op.create_table(
        "ring_groups",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("extension", sa.String(), nullable=True),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ring_groups")),
        sa.UniqueConstraint("extension", name=op.f("uq_ring_groups_extension")),
    )
    op.create_table(
        "schedules",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_schedules")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False, comment="SHA-256"),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_table(
        "trunks",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("forwarded_caller_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_trunks")),
    )
    op.create_table(
        "units",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("parent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent"],
            ["units.key"],
            name=op.f("fk_units_parent"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_units")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index("ix_units_parent", ["parent"], unique=False)

    op.create_table(
        "calendar_dates",
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.CheckConstraint("first <= last", name=op.f("ck_calendar_dates_first_before_last")),
        sa.ForeignKeyConstraint(
            ["calendar"],
            ["calendars.key"],
            name=op.f("fk_calendar_dates_calendar"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("calendar", "position", name=op.f("pk_calendar_dates")),
    )
    op.create_table(
        "contact_numbers",
        sa.Column("contact", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact"], ["contacts.id"], name=op.f("fk_contact_numbers_contact"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact", "position", name=op.f("pk_contact_numbers")),
    )
    with op.batch_alter_table("contact_numbers", schema=None) as batch_op:
        batch_op.create_index("ix_contact_numbers_number", ["number"], unique=False)

    op.create_table(
        "dids",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("trunk", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["trunk"],
            ["trunks.key"],
            name=op.f("fk_dids_trunk"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_dids")),
        sa.UniqueConstraint("number", name=op.f("uq_dids_number")),
    )
    with op.batch_alter_table("dids", schema=None) as batch_op:
        batch_op.create_index("ix_dids_trunk", ["trunk"], unique=False)

    op.create_table(
        "inbound_route_categories",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category"],
            ["categories.key"],
            name=op.f("fk_inbound_route_categories_category"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["route"],
            ["inbound_routes.name"],
            name=op.f("fk_inbound_route_categories_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_inbound_route_categories")),
    )
    with op.batch_alter_table("inbound_route_categories", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_route_categories_category", ["category"], unique=False)

    op.create_table(
        "inbound_route_languages",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route"],
            ["inbound_routes.name"],
            name=op.f("fk_inbound_route_languages_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_inbound_route_languages")),
    )
    op.create_table(
        "inbound_route_numbers",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route"],
            ["inbound_routes.name"],
            name=op.f("fk_inbound_route_numbers_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_inbound_route_numbers")),
    )
    op.create_table(
        "inbound_route_schedules",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route"],
            ["inbound_routes.name"],
            name=op.f("fk_inbound_route_schedules_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["schedule"],
            ["schedules.key"],
            name=op.f("fk_inbound_route_schedules_schedule"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_inbound_route_schedules")),
    )
    with op.batch_alter_table("inbound_route_schedules", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_route_schedules_schedule", ["schedule"], unique=False)

    op.create_table(
        "inbound_route_units",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route"],
            ["inbound_routes.name"],
            name=op.f("fk_inbound_route_units_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["units.key"],
            name=op.f("fk_inbound_route_units_unit"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_inbound_route_units")),
    )
    with op.batch_alter_table("inbound_route_units", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_route_units_unit", ["unit"], unique=False)

    op.create_table(
        "menus",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("extensions", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt"],
            ["prompts.key"],
            name=op.f("fk_menus_prompt"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_menus")),
    )
    with op.batch_alter_table("menus", schema=None) as batch_op:
        batch_op.create_index("ix_menus_prompt", ["prompt"], unique=False)

    op.create_table(
        "people",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("extension", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("languages", sa.String(), nullable=False),
        sa.Column("outbound", sa.String(), nullable=True),
        sa.Column("voicemail", sa.Boolean(), nullable=False),
        sa.Column("voicemail_email", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outbound"],
            ["permissions.key"],
            name=op.f("fk_people_outbound"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_people")),
        sa.UniqueConstraint("extension", name=op.f("uq_people_extension")),
    )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.create_index("ix_people_outbound", ["outbound"], unique=False)

    op.create_table(
        "permission_numbers",
        sa.Column("permission", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission"],
            ["permissions.key"],
            name=op.f("fk_permission_numbers_permission"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("permission", "position", name=op.f("pk_permission_numbers")),
    )
    op.create_table(
        "prompt_variants",
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("say", sa.String(), nullable=True),
        sa.Column("file", sa.String(), nullable=True),
        sa.CheckConstraint("(say IS NULL) <> (file IS NULL)", name=op.f("ck_prompt_variants_say_or_file")),
        sa.ForeignKeyConstraint(
            ["prompt"],
            ["prompts.key"],
            name=op.f("fk_prompt_variants_prompt"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("prompt", "language", name=op.f("pk_prompt_variants")),
    )
    op.create_table(
        "schedule_exceptions",
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["calendar"],
            ["calendars.key"],
            name=op.f("fk_schedule_exceptions_calendar"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["schedule"],
            ["schedules.key"],
            name=op.f("fk_schedule_exceptions_schedule"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("schedule", "position", name=op.f("pk_schedule_exceptions")),
    )
    with op.batch_alter_table("schedule_exceptions", schema=None) as batch_op:
        batch_op.create_index("ix_schedule_exceptions_calendar", ["calendar"], unique=False)

    op.create_table(
        "schedule_openings",
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("days", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule"],
            ["schedules.key"],
            name=op.f("fk_schedule_openings_schedule"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("schedule", "position", name=op.f("pk_schedule_openings")),
    )
    op.create_table(
        "voicemail_boxes",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("extension", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("greeting", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["greeting"],
            ["prompts.key"],
            name=op.f("fk_voicemail_boxes_greeting"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_voicemail_boxes")),
        sa.UniqueConstraint("extension", name=op.f("uq_voicemail_boxes_extension")),
    )
    with op.batch_alter_table("voicemail_boxes", schema=None) as batch_op:
        batch_op.create_index("ix_voicemail_boxes_greeting", ["greeting"], unique=False)

    op.create_table(
        "inbound_route_dids",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("did", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["did"],
            ["dids.key"],
            name=op.f("fk_inbound_route_dids_did"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["route"],
            ["inbound_routes.name"],
            name=op.f("fk_inbound_route_dids_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_inbound_route_dids")),
    )
    with op.batch_alter_table("inbound_route_dids", schema=None) as batch_op:
        batch_op.create_index("ix_inbound_route_dids_did", ["did"], unique=False)

    op.create_table(
        "mandates",
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("deputy", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["people.key"],
            name=op.f("fk_mandates_person"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["units.key"],
            name=op.f("fk_mandates_unit"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("unit", "position", name=op.f("pk_mandates")),
    )
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.create_index("ix_mandates_person", ["person"], unique=False)

    op.create_table(
        "menu_keys",
        sa.Column("menu", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["menu"],
            ["menus.key"],
            name=op.f("fk_menu_keys_menu"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("menu", "key", name=op.f("pk_menu_keys")),
    )
    op.create_table(
        "outbound_routes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("show", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["show"],
            ["dids.key"],
            name=op.f("fk_outbound_routes_show"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_outbound_routes")),
    )
    with op.batch_alter_table("outbound_routes", schema=None) as batch_op:
        batch_op.create_index("ix_outbound_routes_show", ["show"], unique=False)

    op.create_table(
        "phones",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(endpoint IS NULL) <> (number IS NULL)", name=op.f("ck_phones_endpoint_or_number")),
        sa.ForeignKeyConstraint(
            ["person"],
            ["people.key"],
            name=op.f("fk_phones_person"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("person", "key", name=op.f("pk_phones")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_phones_endpoint")),
    )
    op.create_table(
        "queue_members",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["people.key"],
            name=op.f("fk_queue_members_person"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["queue"],
            ["queues.key"],
            name=op.f("fk_queue_members_queue"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("queue", "position", name=op.f("pk_queue_members")),
    )
    with op.batch_alter_table("queue_members", schema=None) as batch_op:
        batch_op.create_index("ix_queue_members_person", ["person"], unique=False)

    op.create_table(
        "reach",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["people.key"],
            name=op.f("fk_reach_person"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("person", "position", name=op.f("pk_reach")),
    )
    op.create_table(
        "ring_group_members",
        sa.Column("ring_group", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["people.key"],
            name=op.f("fk_ring_group_members_person"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["ring_group"],
            ["ring_groups.key"],
            name=op.f("fk_ring_group_members_ring_group"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("ring_group", "position", name=op.f("pk_ring_group_members")),
    )
    with op.batch_alter_table("ring_group_members", schema=None) as batch_op:
        batch_op.create_index("ix_ring_group_members_person", ["person"], unique=False)

    op.create_table(
        "outbound_route_numbers",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route"],
            ["outbound_routes.name"],
            name=op.f("fk_outbound_route_numbers_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_outbound_route_numbers")),
    )
    op.create_table(
        "outbound_route_trunks",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trunk", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route"],
            ["outbound_routes.name"],
            name=op.f("fk_outbound_route_trunks_route"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["trunk"],
            ["trunks.key"],
            name=op.f("fk_outbound_route_trunks_trunk"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("route", "position", name=op.f("pk_outbound_route_trunks")),
    )
    with op.batch_alter_table("outbound_route_trunks", schema=None) as batch_op:
        batch_op.create_index("ix_outbound_route_trunks_trunk", ["trunk"], unique=False)

    op.create_table(
        "reach_phones",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("reach", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person", "phone"],
            ["phones.person", "phones.key"],
            name=op.f("fk_reach_phones_person_phone"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person", "reach"],
            ["reach.person", "reach.position"],
            name=op.f("fk_reach_phones_person_reach"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("person", "reach", "position", name=op.f("pk_reach_phones")),
    )
    op.create_table(
        "reach_schedules",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("reach", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person", "reach"],
            ["reach.person", "reach.position"],
            name=op.f("fk_reach_schedules_person_reach"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["schedule"],
            ["schedules.key"],
            name=op.f("fk_reach_schedules_schedule"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("person", "reach", "position", name=op.f("pk_reach_schedules")),
    )
    with op.batch_alter_table("reach_schedules", schema=None) as batch_op:
        batch_op.create_index("ix_reach_schedules_schedule", ["schedule"], unique=False)

    op.create_table(
        "steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(), nullable=True),
        sa.Column("menu", sa.String(), nullable=True),
        sa.Column("menu_key", sa.String(), nullable=True, comment="with menu; NULL = otherwise"),
        sa.Column("last_resort", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("ring_group", sa.String(), nullable=True),
        sa.Column("prompt", sa.String(), nullable=True),
        sa.Column("queue", sa.String(), nullable=True),
        sa.Column("entered_menu", sa.String(), nullable=True),
        sa.Column("box", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("confirm", sa.Boolean(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN route IS NULL THEN 0 ELSE 1 END + CASE WHEN menu IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN last_resort THEN 1 ELSE 0 END = 1",
            name=op.f("ck_steps_one_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["box"],
            ["voicemail_boxes.key"],
            name=op.f("fk_steps_box"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["entered_menu"],
            ["menus.key"],
            name=op.f("fk_steps_entered_menu"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["menu", "menu_key"],
            ["menu_keys.menu", "menu_keys.key"],
            name=op.f("fk_steps_menu_menu_key"),
            onupdate="CASCADE",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["menu"],
            ["menus.key"],
            name=op.f("fk_steps_menu"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person"],
            ["people.key"],
            name=op.f("fk_steps_person"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["prompt"],
            ["prompts.key"],
            name=op.f("fk_steps_prompt"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["queue"],
            ["queues.key"],
            name=op.f("fk_steps_queue"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["ring_group"],
            ["ring_groups.key"],
            name=op.f("fk_steps_ring_group"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["route"],
            ["inbound_routes.name"],
            name=op.f("fk_steps_route"),
            onupdate="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
    )
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.create_index("ix_steps_box", ["box"], unique=False)
        batch_op.create_index("ix_steps_entered_menu", ["entered_menu"], unique=False)
        batch_op.create_index("ix_steps_menu", ["menu"], unique=False)
        batch_op.create_index("ix_steps_person", ["person"], unique=False)
        batch_op.create_index("ix_steps_prompt", ["prompt"], unique=False)
        batch_op.create_index("ix_steps_queue", ["queue"], unique=False)
        batch_op.create_index("ix_steps_ring_group", ["ring_group"], unique=False)
        batch_op.create_index("ix_steps_route", ["route"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.drop_index("ix_steps_route")
        batch_op.drop_index("ix_steps_ring_group")
        batch_op.drop_index("ix_steps_queue")
        batch_op.drop_index("ix_steps_prompt")
        batch_op.drop_index("ix_steps_person")
        batch_op.drop_index("ix_steps_menu")
        batch_op.drop_index("ix_steps_entered_menu")
        batch_op.drop_index("ix_steps_box")

    op.drop_table("steps")
    with op.batch_alter_table("reach_schedules", schema=None) as batch_op:
        batch_op.drop_index("ix_reach_schedules_schedule")

    op.drop_table("reach_schedules")
    op.drop_table("reach_phones")
    with op.batch_alter_table("outbound_route_trunks", schema=None) as batch_op:
        batch_op.drop_index("ix_outbound_route_trunks_trunk")

    op.drop_table("outbound_route_trunks")
    op.drop_table("outbound_route_numbers")
    with op.batch_alter_table("ring_group_members", schema=None) as batch_op:
        batch_op.drop_index("ix_ring_group_members_person")

    op.drop_table("ring_group_members")
    op.drop_table("reach")
    with op.batch_alter_table("queue_members", schema=None) as batch_op:
        batch_op.drop_index("ix_queue_members_person")

    op.drop_table("queue_members")
    op.drop_table("phones")
    with op.batch_alter_table("outbound_routes", schema=None) as batch_op:
        batch_op.drop_index("ix_outbound_routes_show")

    op.drop_table("outbound_routes")
    op.drop_table("menu_keys")
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.drop_index("ix_mandates_person")

    op.drop_table("mandates")
    with op.batch_alter_table("inbound_route_dids", schema=None) as batch_op:
        batch_op.drop_index("ix_inbound_route_dids_did")

    op.drop_table("inbound_route_dids")
    with op.batch_alter_table("voicemail_boxes", schema=None) as batch_op:
        batch_op.drop_index("ix_voicemail_boxes_greeting")

    op.drop_table("voicemail_boxes")
    op.drop_table("schedule_openings")
    with op.batch_alter_table("schedule_exceptions", schema=None) as batch_op:
        batch_op.drop_index("ix_schedule_exceptions_calendar")

    op.drop_table("schedule_exceptions")
    op.drop_table("prompt_variants")
    op.drop_table("permission_numbers")
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_index("ix_people_outbound")

    op.drop_table("people")
    with op.batch_alter_table("menus", schema=None) as batch_op:
        batch_op.drop_index("ix_menus_prompt")

    op.drop_table("menus")
    with op.batch_alter_table("inbound_route_units", schema=None) as batch_op:
        batch_op.drop_index("ix_inbound_route_units_unit")

    op.drop_table("inbound_route_units")
    with op.batch_alter_table("inbound_route_schedules", schema=None) as batch_op:
        batch_op.drop_index("ix_inbound_route_schedules_schedule")

    op.drop_table("inbound_route_schedules")
    op.drop_table("inbound_route_numbers")
    op.drop_table("inbound_route_languages")
    with op.batch_alter_table("inbound_route_categories", schema=None) as batch_op:
        batch_op.drop_index("ix_inbound_route_categories_category")

    op.drop_table("inbound_route_categories")
    with op.batch_alter_table("dids", schema=None) as batch_op:
        batch_op.drop_index("ix_dids_trunk")

    op.drop_table("dids")
    with op.batch_alter_table("contact_numbers", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_numbers_number")

    op.drop_table("contact_numbers")
    op.drop_table("calendar_dates")
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_index("ix_units_parent")

    op.drop_table("units")
    op.drop_table("trunks")
    op.drop_table("tokens")
    op.drop_table("schedules")
    op.drop_table("ring_groups")
    op.drop_table("revisions")
    op.drop_table("queues")
    op.drop_table("prompts")
    op.drop_table("plan_versions")
    op.drop_table("permissions")
    op.drop_table("organisation")
    op.drop_table("never_dial")
    op.drop_table("inbound_routes")
    op.drop_table("endpoints")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index("ix_decisions_call")
        batch_op.drop_index("ix_decisions_at")

    op.drop_table("decisions")
    op.drop_table("contacts")
    op.drop_table("categories")
    with op.batch_alter_table("call_events", schema=None) as batch_op:
        batch_op.drop_index("ix_call_events_call")

    op.drop_table("call_events")
    op.drop_table("calendars")
