"""Everything kept that is not the draft: versions, directory, journal, accounts."""

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table

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
    text("caller", nullable=True),
    text("called"),
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

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    text("name"),
    text("hash", unique=True, comment="SHA-256"),
    Column("created", Instant, nullable=False),
    Column("expires", Instant),
)

endpoints = Table("endpoints", metadata, key("endpoint"), text("password", comment="SIP needs it readable"))
