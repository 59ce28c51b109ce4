"""Everything kept that is not the draft: versions, directory, journal, accounts, live state, messages, webhooks."""

from sqlalchemy import JSON, Boolean, Column, Date, ForeignKey, Index, Integer, String, Table
from sqlalchemy import text as sql

from aiguillage.store.columns import Instant, key, metadata, position, text

plan_versions = Table(
    "plan_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    text("document", comment="canonical JSON"),
    text("checksum", comment="SHA-256 of the document"),
    Column("published_at", Instant, nullable=False),
    text("published_by"),
    text("comment"),
)

replaced_drafts = Table(
    "replaced_drafts",
    metadata,
    Column("number", Integer, primary_key=True),
    text("revision", index=True, comment="of the document"),
    text("document", comment="canonical JSON"),
    Column("replaced_at", Instant, nullable=False),
    text("replaced_by"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    text("actor"),
    text("action"),
    text("thing", index=True, comment="as people/claire"),
    text("before", nullable=True, comment="canonical JSON"),
    text("after", nullable=True, comment="canonical JSON"),
    text("revision", nullable=True, comment="ETag afterwards"),
    text("request", nullable=True),
    text("previous", comment="hash of the entry before"),
    text("hash", comment="SHA-256 of all other columns"),
)

idempotent_answers = Table(
    "idempotent_answers",
    metadata,
    key("owner"),
    key("key"),
    Column("asked_at", Instant, nullable=False, index=True),
    text("question", comment="SHA-256 of method, path and body"),
    text("answer", nullable=True, comment="JSON: status, headers, body; none while it is made"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    position(),
    text("name"),
    text("unit", nullable=True),
    text("category", nullable=True),
    text("language", nullable=True),
    text("note"),
)

Index(None, contacts.c.position)

contact_numbers = Table(
    "contact_numbers",
    metadata,
    Column("contact", Integer, ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    position(primary_key=True),
    text("number", index=True),
)

revisions = Table("revisions", metadata, key("thing"), Column("revision", Integer, nullable=False))

decisions = Table(
    "decisions",
    metadata,
    text("id", primary_key=True),
    text("call", index=True, comment="Asterisk's Linkedid"),
    Column("at", Instant, nullable=False, index=True),
    text("kind"),
    text("caller", nullable=True, index=True),
    text("called", index=True),
    text("route", nullable=True),
    Column("plan_version", Integer, nullable=False),
    Column("itinerary", JSON, nullable=False),
    Column("trace", JSON, nullable=False),
)

call_events = Table(
    "call_events",
    metadata,
    Column("id", Integer, primary_key=True),
    text("call", index=True, comment="Asterisk's Linkedid"),
    Column("at", Instant, nullable=False),
    text("kind"),
    text("leg", nullable=True, comment="Asterisk's Uniqueid"),
    text("person", nullable=True),
    text("phone", nullable=True),
    Column("detail", JSON, nullable=False),
)

call_files = Table(
    "call_files",
    metadata,
    key("identity"),
    Column("offset", Integer, nullable=False, comment="bytes of Asterisk's file that are in the journal"),
    Column("at", Instant, nullable=False, comment="when they were read"),
)

retention = Table(
    "retention",
    metadata,
    key("purpose"),
    Column("at", Instant, nullable=False, comment="of the last row that was treated"),
    text("row", comment="its id"),
)

pseudonym_keys = Table(
    "pseudonym_keys",
    metadata,
    Column("month", String, primary_key=True, comment="as 2026-11, UTC"),
    text("secret", comment="destroyed once the month is treated"),
)

call_counts = Table(
    "call_counts",
    metadata,
    Column("day", Date, primary_key=True, comment="on the organisation's calendar"),
    Column("route", String, primary_key=True, comment="empty: none"),
    Column("kind", String, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("calls", Integer, nullable=False),
)

users = Table(
    "users",
    metadata,
    key("name"),
    text("full_name"),
    text("role"),
    text("person", nullable=True, comment="a key of the plan"),
    text("unit", nullable=True, comment="a key of the plan"),
    Column("disabled", Boolean, nullable=False),
    Column("created", Instant, nullable=False),
    text("password", nullable=True, comment="argon2id; none until the user has chosen one"),
    text("totp_secret", nullable=True, comment="the codes are made from it, so it must be readable"),
    Column("totp_confirmed", Boolean, nullable=False),
    Column("totp_step", Integer, nullable=False, comment="of the last code that was taken: none is taken twice"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    text("name"),
    text("hash", unique=True, comment="SHA-256"),
    Column("created", Instant, nullable=False),
    Column("expires", Instant),
    Column("scopes", JSON, comment="a list; none = all"),
    Column("user", String, ForeignKey("users.name", ondelete="CASCADE"), index=True, comment="none = the service's"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String, primary_key=True, comment="SHA-256"),
    Column("user", String, ForeignKey("users.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False, index=True),
)

invitations = Table(
    "invitations",
    metadata,
    Column("hash", String, primary_key=True, comment="SHA-256"),
    Column("user", String, ForeignKey("users.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires", Instant, nullable=False),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    text("account", comment="as it was given"),
    text("address", comment="that it came from"),
)

endpoints = Table("endpoints", metadata, key("endpoint"), text("password", comment="SIP needs it readable"))

trunk_passwords = Table(
    "trunk_passwords", metadata, key("trunk"), text("password", comment="Asterisk needs it readable; in no plan")
)

presences = Table(
    "presences",
    metadata,
    key("person"),
    text("state", comment="away, do not disturb, forwarded; available people have no row"),
    Column("until", Instant),
    text("forward_to", nullable=True),
    Column("changed_at", Instant, nullable=False),
    text("changed_by"),
)

turns = Table(
    "turns",
    metadata,
    key("ring_group"),
    Column("turn", Integer, nullable=False, comment="how many calls a rotary group has been rung for"),
)

last_outgoing = Table(
    "last_outgoing",
    metadata,
    key("number"),
    text("person", comment="who of us called it last"),
    Column("at", Instant, nullable=False),
)

outgoing_counts = Table(
    "outgoing_counts",
    metadata,
    key("endpoint"),
    Column("day", Date, primary_key=True, comment="on the organisation's calendar"),
    Column("calls", Integer, nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    text("id", primary_key=True),
    text("queue"),
    text("number"),
    text("name"),
    text("call", index=True, comment="Asterisk's Linkedid"),
    Column("waiting_since", Instant, nullable=False, comment="the place that is kept"),
    Column("asked_at", Instant, nullable=False),
    text("taken_by", nullable=True),
    Column("taken_at", Instant),
    Column("done_at", Instant, index=True),
)

pins = Table("pins", metadata, key("mailbox"), text("pin", comment="Asterisk needs it readable"))

messages = Table(
    "messages",
    metadata,
    text("id", primary_key=True, comment="Asterisk's msg_id, and the mailbox"),
    text("mailbox", index=True, comment="box@boxes or person@people"),
    text("folder"),
    text("caller", nullable=True),
    text("caller_name"),
    Column("at", Instant, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("listened", Boolean, nullable=False),
    text("file", comment="below Asterisk's voicemail folder, without its ending"),
    text("mail_to", comment="empty: no e-mail is wanted"),
    Column("mailed_at", Instant),
    Column("mail_tries", Integer, nullable=False),
    Column("mail_due", Instant, comment="when to try next; while somebody tries, when another may"),
    text("mail_error"),
    text("node", server_default=sql("''"), comment="whose Asterisk holds the recording; empty: the only one"),
)

nodes = Table(
    "nodes",
    metadata,
    key("name"),
    Column("seen_at", Instant, nullable=False),
    Column("plan_version", Integer, nullable=False, comment="that its calls follow; 0: none yet"),
    Column("directory_revision", Integer, nullable=False),
    Column("refused_version", Integer, nullable=False, comment="that its Asterisk did not take; 0: none"),
    text("fault", comment="why it did not"),
)

webhooks = Table(
    "webhooks",
    metadata,
    key(),
    text("url"),
    Column("events", JSON, nullable=False),
    text("secret", comment="signing needs it readable"),
    Column("enabled", Boolean, nullable=False),
    Column("created", Instant, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    text("id", primary_key=True, comment="msg_…, the same at every try"),
    Column("webhook", ForeignKey("webhooks.key", ondelete="CASCADE"), nullable=False, index=True),
    text("type"),
    text("payload", comment="JSON, as it is signed and sent"),
    Column("created", Instant, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column(
        "due",
        Instant,
        index=True,
        comment="when to try next; while somebody tries, when another may; none once it is over",
    ),
    Column("delivered_at", Instant),
    Column("given_up_at", Instant),
    text("last_error"),
)
