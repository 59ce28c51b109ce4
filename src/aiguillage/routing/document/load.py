"""Document -> plan: one reading function for each class of `plan.py`, in its order."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar
from zoneinfo import available_timezones

import holidays
import phonenumbers

from aiguillage.errors import DocumentRefused, Fault
from aiguillage.routing import plan as p
from aiguillage.routing.document.node import NO_DAY, Fields, Names, Node, suggestion
from aiguillage.routing.document.spellings import parse_days, parse_duration, parse_hours
from aiguillage.routing.numbers import E164, Pattern, parse_e164, parse_pattern

T = TypeVar("T")

FORMAT = 1

KEYED_SECTIONS = (
    "trunks",
    "dids",
    "calendars",
    "schedules",
    "units",
    "categories",
    "people",
    "ring_groups",
    "queues",
    "prompts",
    "menus",
    "voicemail_boxes",
    "permissions",
)
SECTIONS = (
    "format",
    "organisation",
    *KEYED_SECTIONS,
    "inbound_routes",
    "outbound_routes",
    "never_dial",
    "last_resort",
)

_LANGUAGE = re.compile(r"[a-z]{2}")
_EXTENSION = re.compile(r"[0-9]{2,6}")
_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_EMAIL = re.compile(r"[^@\s,;<>\"|]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_MENU_KEY = re.compile(r"[0-9*#]")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_NO_NUMBER = E164("")
_NO_PATTERN = Pattern("")


def load(document: Any) -> p.Plan:
    """The plan that `document` (a mapping, as YAML or JSON gives it) describes.

    Raises DocumentRefused with all faults, each with its path in the document.
    """
    names = Names({section: _keys(document, section) for section in KEYED_SECTIONS})
    plan = _plan(Node(document, "", names))
    if not names.faults:
        names.faults += _faults_across(plan)
    if names.faults:
        raise DocumentRefused(tuple(names.faults))
    return plan


def _keys(document: Any, section: str) -> list[str]:
    found = document.get(section) if isinstance(document, Mapping) else None
    return [str(key) for key in found] if isinstance(found, Mapping) else []


def _plan(node: Node) -> p.Plan:
    fields = node.fields(*SECTIONS, required=("format", "organisation", "last_resort"))
    fields.get("format", _format, None)

    def section(name: str, read: Callable[[str, Node], T]) -> dict[str, T]:
        return fields.get(name, lambda found: found.section(read), {})

    return p.Plan(
        organisation=fields.get("organisation", _organisation, p.Organisation("", "", "", ())),
        trunks=section("trunks", _trunk),
        dids=section("dids", _did),
        calendars=section("calendars", _calendar),
        schedules=section("schedules", _schedule),
        units=section("units", _unit),
        categories=section("categories", _category),
        people=section("people", _person),
        ring_groups=section("ring_groups", _ring_group),
        queues=section("queues", _queue),
        prompts=section("prompts", _prompt),
        menus=section("menus", _menu),
        voicemail_boxes=section("voicemail_boxes", _voicemail_box),
        inbound_routes=fields.get("inbound_routes", lambda found: _each(found, _inbound_route), ()),
        outbound_routes=fields.get("outbound_routes", lambda found: _each(found, _outbound_route), ()),
        permissions=section("permissions", _permission),
        never_dial=fields.get("never_dial", _patterns, ()),
        last_resort=fields.get("last_resort", _last_resort, ()),
    )


def _format(node: Node) -> None:
    if node.value != FORMAT:
        node.fault(f"{node.value} is not a format that this release reads; write {FORMAT}")


# --- The organisation and its lines ---------------------------------------------------------------------


def _organisation(node: Node) -> p.Organisation:
    fields = node.fields(
        "name", "country", "timezone", "languages", required=("name", "country", "timezone", "languages")
    )
    languages = fields.get("languages", _languages, ())
    if "languages" in fields and not languages:
        fields.found["languages"].fault("is empty; the first language is spoken where nothing better is known")
    return p.Organisation(
        name=fields.get("name", Node.text, ""),
        country=fields.get("country", _country, ""),
        timezone=fields.get("timezone", _timezone, ""),
        languages=languages,
    )


def _country(node: Node) -> str:
    country = node.text()
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        node.fault(f'"{country}" is no country code; write two capital letters, as in BE')
    return country


def _timezone(node: Node) -> str:
    zone = node.text()
    if zone and zone not in available_timezones():
        near = suggestion(zone, available_timezones())
        node.fault(f'"{zone}" is no time zone{near or "; write one as Europe/Brussels"}')
    return zone


def _language(node: Node) -> str:
    return node.matching(_LANGUAGE, "a language code; write two letters, as in fr")


def _languages(node: Node) -> tuple[str, ...]:
    return _each(node, _language)


def _trunk(key: str, node: Node) -> p.Trunk:
    fields = node.fields("server", "channels", "forwarded_caller_id", required=("server",))
    return p.Trunk(
        key=key,
        server=fields.get("server", _server, ""),
        channels=fields.get("channels", lambda found: found.integer(1, 10_000, "channels"), None),
        forwarded_caller_id=fields.get(
            "forwarded_caller_id", lambda found: found.one_of(("caller", "ours")), "caller"
        ),
    )


def _server(node: Node) -> str:
    server = node.matching(_SERVER, "a server; write host or host:port, as in sip.operator.example:5060")
    if ":" in server and not 0 < int(server.rpartition(":")[2]) < 65536:
        node.fault("has a port out of range; 1 to 65535")
    return server


def _did(key: str, node: Node) -> p.Did:
    fields = node.fields("number", "trunk", "label", required=("number", "trunk"))
    return p.Did(
        key=key,
        number=fields.get("number", _number, _NO_NUMBER),
        trunk=fields.get("trunk", lambda found: found.reference("trunks", "trunk"), ""),
        label=fields.get("label", Node.text, None),
    )


def _number(node: Node) -> E164:
    return node.parsed(parse_e164, _NO_NUMBER)


def _pattern(node: Node) -> Pattern:
    return node.parsed(parse_pattern, _NO_PATTERN)


def _patterns(node: Node) -> tuple[Pattern, ...]:
    return _each(node, _pattern)


# --- Days and hours ---------------------------------------------------------------------------------------


def _calendar(key: str, node: Node) -> p.Calendar:
    fields = node.fields("public_holidays", "dates")
    if isinstance(node.value, Mapping) and not fields.found:
        node.fault("is empty; write dates, or public_holidays with a country")
    return p.Calendar(
        key=key,
        public_holidays=fields.get("public_holidays", _holiday_country, None),
        dates=fields.get("dates", lambda found: _each(found, _date_range), ()),
    )


def _holiday_country(node: Node) -> str:
    country = node.text()
    if country and country not in holidays.list_supported_countries():
        node.fault(f'the public holidays of "{country}" are not known; write a country code, as in BE')
    return country


def _date_range(node: Node) -> p.DateRange:
    fields = node.fields("day", "from", "until", "label")
    if ("day" in fields) == ("from" in fields or "until" in fields) or ("from" in fields) != ("until" in fields):
        node.fault("write either day, or from and until")
    first = fields.get("day", Node.day, None) or fields.get("from", Node.day, NO_DAY)
    last = fields.get("until", Node.day, None) or first
    if last < first:
        node.fault(f"ends on {last}, before it begins on {first}")
    return p.DateRange(first, last, fields.get("label", Node.text, None))


def _schedule(key: str, node: Node) -> p.Schedule:
    fields = node.fields("open", "except", required=("open",))
    return p.Schedule(
        key=key,
        openings=fields.get("open", lambda found: _each(found, _opening), ()),
        exceptions=fields.get("except", lambda found: _each(found, _exception), ()),
    )


def _opening(node: Node) -> p.Opening:
    fields = node.fields("days", "hours", required=("days", "hours"))
    return p.Opening(
        days=fields.get("days", lambda found: found.parsed(parse_days, ()), ()),
        spans=fields.get("hours", _hours, ()),
    )


def _hours(node: Node) -> tuple[p.Span, ...]:
    return node.parsed(parse_hours, ())


def _exception(node: Node) -> p.ScheduleException:
    fields = node.fields("calendar", "hours", required=("calendar",))
    return p.ScheduleException(
        calendar=fields.get("calendar", lambda found: found.reference("calendars", "calendar"), ""),
        spans=fields.get("hours", _hours, ()),
    )


def _open_schedules(node: Node) -> tuple[str, ...]:
    return tuple(found.reference("schedules", "schedule") for found in node.one_or_more())


def _condition_on_hours(fields: Fields) -> p.Hours:
    return p.Hours(fields.get("when", _open_schedules, ()), fields.get("unless", _open_schedules, ()))


# --- The organisation's tree and its people ---------------------------------------------------------------


def _unit(key: str, node: Node) -> p.Unit:
    fields = node.fields("name", "level", "parent", "mandates", required=("name",))
    return p.Unit(
        key=key,
        name=fields.get("name", Node.text, ""),
        level=fields.get("level", Node.text, None),
        parent=fields.get("parent", lambda found: found.reference("units", "unit"), None),
        mandates=fields.get("mandates", lambda found: _each(found, _mandate), ()),
    )


def _mandate(node: Node) -> p.Mandate:
    fields = node.fields("person", "from", "until", "deputy", required=("person",))
    first, last = fields.get("from", Node.day, None), fields.get("until", Node.day, None)
    if first and last and last < first:
        node.fault(f"ends on {last}, before it begins on {first}")
    return p.Mandate(
        person=fields.get("person", _person_key, ""),
        first=first,
        last=last,
        deputy=fields.get("deputy", Node.boolean, default=False),
    )


def _person_key(node: Node) -> str:
    return node.reference("people", "person")


def _category(key: str, node: Node) -> p.Category:
    return p.Category(key, node.fields("name", required=("name",)).get("name", Node.text, ""))


def _person(key: str, node: Node) -> p.Person:
    fields = node.fields(
        "name",
        "extension",
        "email",
        "languages",
        "phones",
        "reach",
        "outbound",
        "voicemail",
        required=("name",),
    )
    phones = fields.get("phones", lambda found: found.section(_phone), {})
    return p.Person(
        key=key,
        name=fields.get("name", Node.text, ""),
        extension=fields.get("extension", _extension, None),
        email=fields.get("email", _email, None),
        languages=fields.get("languages", _languages, ()),
        phones=phones,
        reach=fields.get("reach", lambda found: _each(found, partial(_reach, phones)), ()),
        outbound=fields.get("outbound", lambda found: found.reference("permissions", "permission"), None),
        voicemail=fields.get("voicemail", _personal_voicemail, None),
    )


def _extension(node: Node) -> str:
    return node.digits(_EXTENSION, "an extension; write two to six digits")


def _email(node: Node) -> str:
    return node.matching(_EMAIL, "an e-mail address")


def _phone(key: str, node: Node) -> p.Phone:
    fields = node.fields("kind", "endpoint", "number", "confirm", required=("kind",))
    if isinstance(node.value, Mapping) and ("endpoint" in fields) == ("number" in fields):
        node.fault("write either endpoint, for a phone that registers with us, or number, for an outside line")
    number = fields.get("number", _number, None)
    return p.Phone(
        key=key,
        kind=fields.get("kind", lambda found: found.one_of(("fixed", "gsm")), "fixed"),
        endpoint=fields.get("endpoint", _endpoint, None),
        number=number,
        confirm=fields.get("confirm", Node.boolean, default=number is not None),
    )


def _endpoint(node: Node) -> str:
    return node.matching(_ENDPOINT, "an endpoint; use letters, digits, - and _")


def _reach(phones: Mapping[str, p.Phone], node: Node) -> p.Reach:
    fields = node.fields("ring", "for", "when", "unless", required=("ring",))
    return p.Reach(
        phones=fields.get("ring", lambda found: _each(found, partial(_own_phone, phones)), ()),
        seconds=fields.get("for", _ring_seconds, p.DEFAULT_RING_SECONDS),
        hours=_condition_on_hours(fields),
    )


def _own_phone(phones: Mapping[str, p.Phone], node: Node) -> str:
    key = node.text()
    if key and key not in phones:
        node.fault(f'phone "{key}" is not among this person\'s phones{suggestion(key, phones)}')
    return key


def _ring_seconds(node: Node) -> int:
    return node.integer(1, 600, "seconds")


def _personal_voicemail(node: Node) -> p.PersonalVoicemail:
    return p.PersonalVoicemail(node.fields("email").get("email", Node.boolean, default=False))


# --- Where calls can go ------------------------------------------------------------------------------------


def _strategy(node: Node) -> p.Strategy:
    strategy: p.Strategy = node.one_of(p.STRATEGIES)
    return strategy


def _members(node: Node) -> tuple[str, ...]:
    members = _each(node, _person_key)
    if not members and isinstance(node.value, list):
        node.fault("is empty; name at least one person")
    return members


def _ring_group(key: str, node: Node) -> p.RingGroup:
    fields = node.fields("extension", "name", "strategy", "members", "for", required=("name", "members"))
    return p.RingGroup(
        key=key,
        name=fields.get("name", Node.text, ""),
        members=fields.get("members", _members, ()),
        strategy=fields.get("strategy", _strategy, "ringall"),
        extension=fields.get("extension", _extension, None),
        seconds=fields.get("for", _ring_seconds, p.DEFAULT_RING_SECONDS),
    )


def _queue(key: str, node: Node) -> p.Queue:
    fields = node.fields(
        "name",
        "strategy",
        "members",
        "extension",
        "max_wait",
        "max_callers",
        "announce_position",
        "offer_callback",
        required=("name", "members"),
    )
    return p.Queue(
        key=key,
        name=fields.get("name", Node.text, ""),
        members=fields.get("members", _members, ()),
        strategy=fields.get("strategy", _strategy, "ringall"),
        extension=fields.get("extension", _extension, None),
        max_wait=fields.get("max_wait", lambda found: found.integer(1, 7200, "seconds"), 180),
        max_callers=fields.get("max_callers", lambda found: found.integer(1, 1000, "callers"), None),
        announce_position=fields.get("announce_position", Node.boolean, default=False),
        offer_callback=fields.get("offer_callback", Node.boolean, default=False),
    )


def _prompt(key: str, node: Node) -> p.Prompt:
    variants: dict[str, p.Spoken | p.Recorded] = {}
    for language, variant in node.entries():
        if not _LANGUAGE.fullmatch(language):
            variant.fault(f'"{language}" is no language code; write two letters, as in fr')
        variants[language] = _variant(variant)
    if isinstance(node.value, Mapping) and not variants:
        node.fault("is empty; write at least one language, as in fr: {say: …}")
    return p.Prompt(key, variants)


def _variant(node: Node) -> p.Spoken | p.Recorded:
    fields = node.fields("say", "file")
    if isinstance(node.value, Mapping) and ("say" in fields) == ("file" in fields):
        node.fault("write either say, a text to be spoken, or file, a recording")
    if "file" in fields:
        return p.Recorded(fields.found["file"].matching(_FILE, "a file name; no folders, as in welcome.wav"))
    return p.Spoken(fields.get("say", lambda found: found.text(most=2000), ""))


def _menu(key: str, node: Node) -> p.Menu:
    fields = node.fields(
        "prompt",
        "wait",
        "attempts",
        "keys",
        "otherwise",
        "extensions",
        required=("prompt", "keys"),
    )
    return p.Menu(
        key=key,
        prompt=fields.get("prompt", _prompt_key, ""),
        keys=fields.get("keys", _menu_keys, {}),
        otherwise=fields.get("otherwise", _steps, ()),
        wait=fields.get("wait", lambda found: found.integer(1, 60, "seconds"), 4),
        attempts=fields.get("attempts", lambda found: found.integer(1, 10, "attempts"), 2),
        extensions=fields.get("extensions", Node.boolean, default=False),
    )


def _menu_keys(node: Node) -> dict[str, tuple[p.Step, ...]]:
    keys = {}
    for key, steps in node.entries():
        if not _MENU_KEY.fullmatch(key):
            steps.fault(f'"{key}" is no key of a telephone; write one of 0 to 9, * and #')
        keys[key] = _steps(steps)
    return keys


def _prompt_key(node: Node) -> str:
    return node.reference("prompts", "prompt")


def _voicemail_box(key: str, node: Node) -> p.VoicemailBox:
    fields = node.fields("extension", "name", "email", "greeting", required=("name",))
    return p.VoicemailBox(
        key=key,
        name=fields.get("name", Node.text, ""),
        extension=fields.get("extension", _extension, None),
        email=fields.get("email", _email, None),
        greeting=fields.get("greeting", _prompt_key, None),
    )


# --- Routes ------------------------------------------------------------------------------------------------


def _inbound_route(node: Node) -> p.InboundRoute:
    fields = node.fields("name", "to", "from", "when", "unless", "steps", required=("name", "steps"))
    return p.InboundRoute(
        name=fields.get("name", Node.text, ""),
        steps=fields.get("steps", _steps, ()),
        to=fields.get("to", lambda found: _references(found, "dids", "number of ours"), ()),
        caller=fields.get("from", _caller_condition, p.ANYBODY),
        hours=_condition_on_hours(fields),
    )


def _references(node: Node, section: str, thing: str) -> tuple[str, ...]:
    return tuple(found.reference(section, thing) for found in node.one_or_more())


def _caller_condition(node: Node) -> p.CallerCondition:
    fields = node.fields("numbers", "categories", "units", "languages", "known", "withheld", "returning_call")
    return p.CallerCondition(
        numbers=fields.get("numbers", _patterns, ()),
        categories=fields.get("categories", lambda found: _references(found, "categories", "category"), ()),
        units=fields.get("units", lambda found: _references(found, "units", "unit"), ()),
        languages=fields.get("languages", _languages, ()),
        known=fields.get("known", Node.boolean, None),
        withheld=fields.get("withheld", Node.boolean, None),
        returning_call=fields.get("returning_call", lambda found: found.parsed(parse_duration, None), None),
    )


def _outbound_route(node: Node) -> p.OutboundRoute:
    fields = node.fields("name", "numbers", "trunks", "show", required=("name", "numbers", "trunks"))
    return p.OutboundRoute(
        name=fields.get("name", Node.text, ""),
        numbers=fields.get("numbers", _patterns, ()),
        trunks=fields.get("trunks", lambda found: _references(found, "trunks", "trunk"), ()),
        show=fields.get("show", lambda found: found.reference("dids", "number of ours"), None),
    )


def _permission(key: str, node: Node) -> p.Permission:
    return p.Permission(key, _patterns(node))


def _last_resort(node: Node) -> tuple[p.Step, ...]:
    fields = node.fields("steps", required=("steps",))
    steps = fields.get("steps", _steps, ())
    if "steps" in fields and not steps:
        fields.found["steps"].fault("is empty; name where a call goes when nothing else took it")
    return steps


# --- Steps -------------------------------------------------------------------------------------------------

_STEP_FIELDS = {
    "play": (),
    "ring": ("for",),
    "dial": ("for", "confirm"),
    "queue": (),
    "menu": (),
    "voicemail": (),
    "hangup": (),
}


def _steps(node: Node) -> tuple[p.Step, ...]:
    return tuple(step for step in _each(node, _step) if step is not None)


def _step(node: Node) -> p.Step | None:
    kinds = [kind for kind in _STEP_FIELDS if isinstance(node.value, Mapping) and kind in node.value]
    if len(kinds) != 1:
        node.fields(*_STEP_FIELDS, *{field for fields in _STEP_FIELDS.values() for field in fields})
        node.fault(f"a step is one of {', '.join(_STEP_FIELDS)}; found {' and '.join(kinds) or 'none'}")
        return None
    kind = kinds[0]
    fields = node.fields(kind, *_STEP_FIELDS[kind])
    what = fields.found[kind]
    match kind:
        case "play":
            return p.Play(_prompt_key(what))
        case "ring":
            target = _ring_target(what)
            return p.Ring(target, fields.get("for", _ring_seconds, None)) if target else None
        case "dial":
            seconds = fields.get("for", _ring_seconds, p.DEFAULT_DIAL_SECONDS)
            return p.Dial(_number(what), seconds, fields.get("confirm", Node.boolean, None))
        case "queue":
            return p.JoinQueue(what.reference("queues", "queue"))
        case "menu":
            return p.EnterMenu(what.reference("menus", "menu"))
        case "voicemail":
            return _leave_message(what)
        case _:
            return p.HangUp(what.one_of(p.HANGUP_CAUSES))


def _ring_target(node: Node) -> p.RingTarget | None:
    kind, _, key = node.text().partition(":")
    named = Node(key, node.path, node.names)
    match kind:
        case "responsible" if not key:
            return p.Responsible()
        case "last-colleague" if not key:
            return p.LastColleague()
        case "person":
            return p.PersonTarget(named.reference("people", "person"))
        case "group":
            return p.GroupTarget(named.reference("ring_groups", "group"))
        case _:
            targets = ("person:…", "group:…", "responsible", "last-colleague")
            near = suggestion(str(node.value), targets)
            node.fault(f'"{node.value}" cannot be rung{near or "; write one of " + ", ".join(targets)}')
            return None


def _leave_message(node: Node) -> p.LeaveMessage:
    kind, colon, key = node.text().partition(":")
    if colon and kind == "person":
        return p.LeaveMessage(person=Node(key, node.path, node.names).reference("people", "person"))
    return p.LeaveMessage(box=node.reference("voicemail_boxes", "voicemail box"))


# --- What only the whole document shows --------------------------------------------------------------------


def _faults_across(plan: p.Plan) -> Iterable[Fault]:
    yield from _repeated("number", ((f"dids.{key}.number", did.number) for key, did in plan.dids.items()))
    yield from _repeated("extension", _extensions(plan))
    yield from _repeated("endpoint", _endpoints(plan))
    for section in ("inbound_routes", "outbound_routes"):
        routes = getattr(plan, section)
        yield from _repeated("name", ((f"{section}[{i}].name", route.name) for i, route in enumerate(routes)))
    for key in plan.units:
        if _is_its_own_ancestor(plan.units, key):
            yield Fault(f"units.{key}.parent", f'unit "{key}" stands above itself; one of the parents is wrong')
    for path, person in _personal_boxes(plan):
        if plan.people[person].voicemail is None:
            yield Fault(path, f'person "{person}" has no voicemail; write voicemail: {{}} at people.{person}')


def _extensions(plan: p.Plan) -> Iterable[tuple[str, str]]:
    for section in ("people", "ring_groups", "queues", "voicemail_boxes"):
        for key, thing in getattr(plan, section).items():
            if thing.extension is not None:
                yield f"{section}.{key}.extension", thing.extension


def _endpoints(plan: p.Plan) -> Iterable[tuple[str, str]]:
    for person in plan.people.values():
        for phone in person.phones.values():
            if phone.endpoint is not None:
                yield f"people.{person.key}.phones.{phone.key}.endpoint", phone.endpoint


def _personal_boxes(plan: p.Plan) -> Iterable[tuple[str, str]]:
    for path, steps in every_steps(plan):
        for index, step in enumerate(steps):
            if isinstance(step, p.LeaveMessage) and step.person is not None:
                yield f"{path}[{index}].voicemail", step.person


def every_steps(plan: p.Plan) -> Iterable[tuple[str, tuple[p.Step, ...]]]:
    """Every list of steps in the plan, each with its path in the document."""
    for index, route in enumerate(plan.inbound_routes):
        yield f"inbound_routes[{index}].steps", route.steps
    for menu in plan.menus.values():
        for key, steps in menu.keys.items():
            yield f"menus.{menu.key}.keys.{key}", steps
        yield f"menus.{menu.key}.otherwise", menu.otherwise
    yield "last_resort.steps", plan.last_resort


def _repeated(thing: str, values: Iterable[tuple[str, str]]) -> Iterable[Fault]:
    listed = list(values)
    count = Counter(value for _, value in listed)
    first = {value: path for path, value in reversed(listed)}
    for path, value in listed:
        if count[value] > 1 and path != first[value]:
            yield Fault(path, f'{thing} "{value}" is already used at {first[value]}')


def _is_its_own_ancestor(units: Mapping[str, p.Unit], key: str) -> bool:
    above, seen = units[key].parent, set[str]()
    while above is not None and above not in seen:
        if above == key:
            return True
        seen.add(above)
        above = units[above].parent
    return False


def _each(node: Node, read: Callable[[Node], T]) -> tuple[T, ...]:
    return tuple(read(found) for found in node.items())
