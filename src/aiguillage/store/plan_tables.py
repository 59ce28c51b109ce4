"""The draft of the plan: a table for each class of `routing.plan`, every name in it a foreign key.

Things are identified by the document's keys. Renaming one is a single UPDATE that the references follow (ON UPDATE
CASCADE); constraints are checked at commit, so that a whole document can be put in whatever its order. Small
notations of the document (weekdays, hours, languages) are kept as the document writes them.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Integer,
    Table,
)

from aiguillage.store.columns import goes_with, key, metadata, owner, position, reference, text

organisation = Table(
    "organisation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    text("name"),
    text("country"),
    text("timezone"),
    text("languages"),
    CheckConstraint("id = 1", name="only_one"),
)

trunks = Table(
    "trunks",
    metadata,
    key(),
    position(),
    text("server"),
    Column("channels", Integer),
    text("forwarded_caller_id"),
    text("registers_as", nullable=True),
)

dids = Table(
    "dids",
    metadata,
    key(),
    position(),
    text("number", unique=True),
    reference("trunk", "trunks.key"),
    text("label", nullable=True),
)

calendars = Table("calendars", metadata, key(), position(), text("public_holidays", nullable=True))

calendar_dates = Table(
    "calendar_dates",
    metadata,
    owner("calendar", "calendars.key"),
    position(primary_key=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    text("label", nullable=True),
    CheckConstraint("first <= last", name="first_before_last"),
)

schedules = Table("schedules", metadata, key(), position())

schedule_openings = Table(
    "schedule_openings",
    metadata,
    owner("schedule", "schedules.key"),
    position(primary_key=True),
    text("days"),
    text("hours"),
)

schedule_exceptions = Table(
    "schedule_exceptions",
    metadata,
    owner("schedule", "schedules.key"),
    position(primary_key=True),
    reference("calendar", "calendars.key"),
    text("hours", nullable=True),
)

units = Table(
    "units",
    metadata,
    key(),
    position(),
    text("name"),
    text("level", nullable=True),
    reference("parent", "units.key", nullable=True),
)

mandates = Table(
    "mandates",
    metadata,
    owner("unit", "units.key"),
    position(primary_key=True),
    reference("person", "people.key"),
    Column("first", Date),
    Column("last", Date),
    Column("deputy", Boolean, nullable=False),
)

categories = Table("categories", metadata, key(), position(), text("name"))

permissions = Table("permissions", metadata, key(), position())

permission_numbers = Table(
    "permission_numbers",
    metadata,
    owner("permission", "permissions.key"),
    position(primary_key=True),
    text("pattern"),
)

people = Table(
    "people",
    metadata,
    key(),
    position(),
    text("name"),
    text("extension", nullable=True, unique=True),
    text("email", nullable=True),
    text("languages"),
    reference("outbound", "permissions.key", nullable=True),
    Column("voicemail", Boolean, nullable=False),
    Column("voicemail_email", Boolean, nullable=False),
)

phones = Table(
    "phones",
    metadata,
    owner("person", "people.key"),
    key(),
    position(),
    text("kind"),
    text("endpoint", nullable=True, unique=True),
    text("number", nullable=True),
    Column("confirm", Boolean, nullable=False),
    CheckConstraint("(endpoint IS NULL) <> (number IS NULL)", name="endpoint_or_number"),
)

reach = Table(
    "reach",
    metadata,
    owner("person", "people.key"),
    position(primary_key=True),
    Column("seconds", Integer, nullable=False),
)

reach_phones = Table(
    "reach_phones",
    metadata,
    text("person", primary_key=True),
    Column("reach", Integer, primary_key=True, autoincrement=False),
    position(primary_key=True),
    text("phone"),
    goes_with(["person", "reach"], ["reach.person", "reach.position"]),
    goes_with(["person", "phone"], ["phones.person", "phones.key"]),
)

reach_schedules = Table(
    "reach_schedules",
    metadata,
    text("person", primary_key=True),
    Column("reach", Integer, primary_key=True, autoincrement=False),
    position(primary_key=True),
    reference("schedule", "schedules.key"),
    Column("open", Boolean, nullable=False),
    goes_with(["person", "reach"], ["reach.person", "reach.position"]),
)

ring_groups = Table(
    "ring_groups",
    metadata,
    key(),
    position(),
    text("name"),
    text("extension", nullable=True, unique=True),
    text("strategy"),
    Column("seconds", Integer, nullable=False),
)

ring_group_members = Table(
    "ring_group_members",
    metadata,
    owner("ring_group", "ring_groups.key"),
    position(primary_key=True),
    reference("person", "people.key"),
)

queues = Table(
    "queues",
    metadata,
    key(),
    position(),
    text("name"),
    text("extension", nullable=True, unique=True),
    text("strategy"),
    Column("max_wait", Integer, nullable=False),
    Column("max_callers", Integer),
    Column("announce_position", Boolean, nullable=False),
    Column("offer_callback", Boolean, nullable=False),
)

queue_members = Table(
    "queue_members",
    metadata,
    owner("queue", "queues.key"),
    position(primary_key=True),
    reference("person", "people.key"),
)

prompts = Table("prompts", metadata, key(), position())

prompt_variants = Table(
    "prompt_variants",
    metadata,
    owner("prompt", "prompts.key"),
    key("language"),
    position(),
    text("say", nullable=True),
    text("file", nullable=True),
    CheckConstraint("(say IS NULL) <> (file IS NULL)", name="say_or_file"),
)

menus = Table(
    "menus",
    metadata,
    key(),
    position(),
    reference("prompt", "prompts.key"),
    Column("wait", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("extensions", Boolean, nullable=False),
)

menu_keys = Table("menu_keys", metadata, owner("menu", "menus.key"), key(), position())

voicemail_boxes = Table(
    "voicemail_boxes",
    metadata,
    key(),
    position(),
    text("name"),
    text("extension", nullable=True, unique=True),
    text("email", nullable=True),
    reference("greeting", "prompts.key", nullable=True),
)

inbound_routes = Table(
    "inbound_routes",
    metadata,
    key("name"),
    position(),
    Column("known", Boolean),
    Column("withheld", Boolean),
    Column("returning_call", Integer, comment="minutes"),
)

inbound_route_dids = Table(
    "inbound_route_dids",
    metadata,
    owner("route", "inbound_routes.name"),
    position(primary_key=True),
    reference("did", "dids.key"),
)

inbound_route_numbers = Table(
    "inbound_route_numbers",
    metadata,
    owner("route", "inbound_routes.name"),
    position(primary_key=True),
    text("pattern"),
)

inbound_route_categories = Table(
    "inbound_route_categories",
    metadata,
    owner("route", "inbound_routes.name"),
    position(primary_key=True),
    reference("category", "categories.key"),
)

inbound_route_units = Table(
    "inbound_route_units",
    metadata,
    owner("route", "inbound_routes.name"),
    position(primary_key=True),
    reference("unit", "units.key"),
)

inbound_route_languages = Table(
    "inbound_route_languages",
    metadata,
    owner("route", "inbound_routes.name"),
    position(primary_key=True),
    text("language"),
)

inbound_route_schedules = Table(
    "inbound_route_schedules",
    metadata,
    owner("route", "inbound_routes.name"),
    position(primary_key=True),
    reference("schedule", "schedules.key"),
    Column("open", Boolean, nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("id", Integer, primary_key=True),
    reference("route", "inbound_routes.name", nullable=True),
    reference("menu", "menus.key", nullable=True),
    text("menu_key", nullable=True, comment="with menu; NULL = otherwise"),
    Column("last_resort", Boolean, nullable=False),
    position(),
    text("kind"),
    reference("person", "people.key", nullable=True),
    reference("ring_group", "ring_groups.key", nullable=True),
    reference("prompt", "prompts.key", nullable=True),
    reference("queue", "queues.key", nullable=True),
    reference("entered_menu", "menus.key", nullable=True),
    reference("box", "voicemail_boxes.key", nullable=True),
    text("number", nullable=True),
    Column("seconds", Integer),
    Column("confirm", Boolean),
    text("cause", nullable=True),
    goes_with(["menu", "menu_key"], ["menu_keys.menu", "menu_keys.key"]),
    CheckConstraint(
        "CASE WHEN route IS NULL THEN 0 ELSE 1 END + CASE WHEN menu IS NULL THEN 0 ELSE 1 END"
        " + CASE WHEN last_resort THEN 1 ELSE 0 END = 1",
        name="one_owner",
    ),
)

outbound_routes = Table(
    "outbound_routes",
    metadata,
    key("name"),
    position(),
    reference("show", "dids.key", nullable=True),
)

outbound_route_numbers = Table(
    "outbound_route_numbers",
    metadata,
    owner("route", "outbound_routes.name"),
    position(primary_key=True),
    text("pattern"),
)

outbound_route_trunks = Table(
    "outbound_route_trunks",
    metadata,
    owner("route", "outbound_routes.name"),
    position(primary_key=True),
    reference("trunk", "trunks.key"),
)

never_dial = Table("never_dial", metadata, position(primary_key=True), text("pattern"))

PLAN_TABLES: tuple[Table, ...] = (
    organisation,
    trunks,
    dids,
    calendars,
    calendar_dates,
    schedules,
    schedule_openings,
    schedule_exceptions,
    units,
    mandates,
    categories,
    permissions,
    permission_numbers,
    people,
    phones,
    reach,
    reach_phones,
    reach_schedules,
    ring_groups,
    ring_group_members,
    queues,
    queue_members,
    prompts,
    prompt_variants,
    menus,
    menu_keys,
    voicemail_boxes,
    inbound_routes,
    inbound_route_dids,
    inbound_route_numbers,
    inbound_route_categories,
    inbound_route_units,
    inbound_route_languages,
    inbound_route_schedules,
    steps,
    outbound_routes,
    outbound_route_numbers,
    outbound_route_trunks,
    never_dial,
)
