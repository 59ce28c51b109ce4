"""The plan document as JSON Schema (2020-12): for editors that complete and check while one types, and for the API.

A schema says what can be written; that names point somewhere, that nothing is used twice and that a number is one,
only `load` says. What `dump` writes, and whatever `load` takes in its full form, fits the schema.
"""

from collections.abc import Mapping
from typing import Any

from aiguillage.routing import plan as p

Schema = dict[str, Any]

KEY = "^[a-z0-9][a-z0-9-]{0,62}$"
_NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
_PATTERN = r"^\+([1-9][0-9]{0,14})?\*$|^\+[1-9][0-9]{6,14}$"
_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_WEEKDAY = "(mon|tue|wed|thu|fri|sat|sun)"
_SPAN = "[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}"

ITEMS: Mapping[str, str] = {
    "trunks": "Trunk",
    "dids": "Did",
    "calendars": "Calendar",
    "schedules": "Schedule",
    "units": "Unit",
    "categories": "Category",
    "people": "Person",
    "ring_groups": "RingGroup",
    "queues": "Queue",
    "prompts": "Prompt",
    "menus": "Menu",
    "voicemail_boxes": "VoicemailBox",
    "inbound_routes": "InboundRoute",
    "outbound_routes": "OutboundRoute",
    "permissions": "Permission",
}
"""The definition of one thing of each section."""


def document_schema() -> Schema:
    """Of the whole document, with everything that it refers to."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aiguillage call plan",
        **definitions("#/$defs/")["Plan"],
        "$defs": {name: schema for name, schema in definitions("#/$defs/").items() if name != "Plan"},
    }


def definitions(place: str) -> dict[str, Schema]:
    """All definitions by name; they refer to each other at `place`, as `#/components/schemas/`."""

    def of(name: str) -> Schema:
        return {"$ref": place + name}

    return {**_words(), **_lines(of), **_hours(of), **_people(of), **_targets(of), **_routes(of), "Plan": _plan(of)}


def _plan(of: Any) -> Schema:
    def each(name: str) -> Schema:
        return {"type": "object", "propertyNames": of("Key"), "additionalProperties": of(name)}

    listed = ("inbound_routes", "outbound_routes")
    sections = {section: _list(of(name)) if section in listed else each(name) for section, name in ITEMS.items()}
    return _object(
        ("format", "organisation", "last_resort"),
        format={"const": 1},
        organisation=of("Organisation"),
        **sections,
        never_dial=_list(of("DialledPattern")),
        last_resort=of("LastResort"),
    )


def _words() -> dict[str, Schema]:
    return {
        "Key": {"type": "string", "pattern": KEY, "examples": ["front-desk"]},
        "Text": {"type": "string", "pattern": _NO_CONTROL, "minLength": 1, "maxLength": 500},
        "Language": {"type": "string", "pattern": "^[a-z]{2}$", "examples": ["fr"], "description": "ISO 639-1"},
        "Number": {
            "type": "string",
            "pattern": r"^\+[1-9][0-9]{6,14}$",
            "examples": ["+32470000101"],
            "description": "E.164",
        },
        "NumberPattern": {
            "type": "string",
            "pattern": _PATTERN,
            "examples": ["+3265999*"],
            "description": "E.164; * at the end only",
        },
        "DialledPattern": {
            "type": "string",
            "pattern": _PATTERN + "|^[0-9]{3,6}$",
            "examples": ["+32*"],
            "description": "E.164 with * at the end only, or a short number",
        },
        "Extension": {"type": "string", "pattern": "^[0-9]{2,6}$", "examples": ["201"]},
        "Email": {"type": "string", "pattern": r"^[^@\s,;<>\"|]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", "maxLength": 500},
        "Day": {"type": "string", "format": "date", "pattern": _DAY, "examples": ["2027-07-01"]},
        "Hours": {
            "type": "string",
            "pattern": rf"^{_SPAN}([,\s]+{_SPAN})*$",
            "maxLength": 500,
            "examples": ["09:00-12:30 13:30-17:00"],
            "description": "spans of the organisation's wall clock; 22:00-06:00 crosses midnight",
        },
        "Days": {
            "type": "string",
            "pattern": rf"^{_WEEKDAY}(-{_WEEKDAY})?([,\s]+{_WEEKDAY}(-{_WEEKDAY})?)*$",
            "maxLength": 500,
            "examples": ["mon-thu"],
        },
        "RingSeconds": _whole(1, 600, p.DEFAULT_RING_SECONDS),
        "Strategy": {"enum": list(p.STRATEGIES), "default": "ringall"},
    }


def _lines(of: Any) -> dict[str, Schema]:
    return {
        "Organisation": _object(
            ("name", "country", "timezone", "languages"),
            name=of("Text"),
            country={"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["BE"], "description": "ISO 3166"},
            timezone={"type": "string", "maxLength": 100, "examples": ["Europe/Brussels"]},
            languages=_one_or_more(of("Language")),
        ),
        "Trunk": _object(
            ("server",),
            server={"type": "string", "examples": ["sip.operator.example:5060"], "description": "host or host:port"},
            channels=_whole(1, 10_000, None),
            forwarded_caller_id={"enum": list(p.FORWARDED_CALLER_IDS), "default": "caller"},
            registers_as={
                "type": "string",
                "pattern": "^[A-Za-z0-9+][A-Za-z0-9._+-]{0,63}$",
                "description": "the user name at the operator; its password: aiguillage trunk password",
            },
        ),
        "Did": _object(("number", "trunk"), number=of("Number"), trunk=of("Key"), label=of("Text")),
        "OutboundRoute": _object(
            ("name", "numbers", "trunks"),
            name=of("Text"),
            numbers=_one_or_more(of("DialledPattern")),
            trunks=_one_or_more(of("Key")),
            show=of("Key"),
        ),
        "Permission": _list(of("DialledPattern")),
    }


def _hours(of: Any) -> dict[str, Schema]:
    dates = {
        "oneOf": [
            _object(("day",), day=of("Day"), label=of("Text")),
            _object(("from", "until"), **{"from": of("Day")}, until=of("Day"), label=of("Text")),
        ]
    }
    exception = _object(("calendar",), calendar=of("Key"), hours=of("Hours"))
    return {
        "Calendar": {
            **_object((), public_holidays={"type": "string", "examples": ["BE"]}, dates=_list(dates)),
            "minProperties": 1,
        },
        "Schedule": _object(
            ("open",),
            open=_list(_object(("days", "hours"), days=of("Days"), hours=of("Hours"))),
            **{"except": _list(exception)},
        ),
    }


def _people(of: Any) -> dict[str, Schema]:
    registers = _object(("kind", "endpoint"), kind={"enum": ["fixed", "gsm"]}, endpoint=of("Endpoint"))
    outside = _object(
        ("kind", "number"),
        kind={"enum": ["fixed", "gsm"]},
        number=of("Number"),
        confirm={"type": "boolean", "default": True},
    )
    mandate = _object(
        ("person",),
        person=of("Key"),
        **{"from": of("Day")},
        until=of("Day"),
        deputy={"type": "boolean", "default": False},
    )
    return {
        "Endpoint": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", "examples": ["claire"]},
        "Unit": _object(("name",), name=of("Text"), level=of("Text"), parent=of("Key"), mandates=_list(mandate)),
        "Category": _object(("name",), name=of("Text")),
        "Phone": {"oneOf": [registers, outside]},
        "Reach": _object(("ring",), ring=_one_or_more(of("Key")), **_conditions(of), **{"for": of("RingSeconds")}),
        "Person": _object(
            ("name",),
            name=of("Text"),
            extension=of("Extension"),
            email=of("Email"),
            languages=_list(of("Language")),
            phones={"type": "object", "propertyNames": of("Key"), "additionalProperties": of("Phone")},
            reach=_list(of("Reach")),
            outbound=of("Key"),
            voicemail=_object((), email={"type": "boolean", "default": False}),
        ),
    }


def _targets(of: Any) -> dict[str, Schema]:
    spoken = _object(("say",), say={"type": "string", "pattern": _NO_CONTROL, "minLength": 1, "maxLength": 2000})
    recorded = _object(("file",), file={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$", "maxLength": 500})
    key = {"type": "string", "pattern": "^[0-9*#]$"}
    return {
        "RingGroup": _object(
            ("name", "members"),
            name=of("Text"),
            extension=of("Extension"),
            strategy=of("Strategy"),
            members=_one_or_more(of("Key")),
            **{"for": of("RingSeconds")},
        ),
        "Queue": _object(
            ("name", "members"),
            name=of("Text"),
            extension=of("Extension"),
            strategy=of("Strategy"),
            members=_one_or_more(of("Key")),
            max_wait=_whole(1, 7200, p.DEFAULT_QUEUE_SECONDS),
            max_callers=_whole(1, 1000, None),
            announce_position={"type": "boolean", "default": False},
            offer_callback={"type": "boolean", "default": False},
        ),
        "Prompt": {
            "type": "object",
            "propertyNames": of("Language"),
            "additionalProperties": {"oneOf": [spoken, recorded]},
            "minProperties": 1,
        },
        "Menu": _object(
            ("prompt", "keys"),
            prompt=of("Key"),
            wait=_whole(1, 60, 4),
            attempts=_whole(1, 10, 2),
            keys={"type": "object", "propertyNames": key, "additionalProperties": _list(of("Step"))},
            otherwise=_list(of("Step")),
            extensions={"type": "boolean", "default": False},
        ),
        "VoicemailBox": _object(
            ("name",), name=of("Text"), extension=of("Extension"), email=of("Email"), greeting=of("Key")
        ),
    }


def _routes(of: Any) -> dict[str, Schema]:
    flag = {"type": "boolean"}
    caller = _object(
        (),
        numbers=_one_or_more(of("NumberPattern")),
        categories=_one_or_more(of("Key")),
        units=_one_or_more(of("Key")),
        languages=_one_or_more(of("Language")),
        known=flag,
        withheld=flag,
        returning_call={"type": "string", "examples": ["P7D"], "description": "ISO 8601 duration, weeks to minutes"},
    )
    target = {
        "type": "string",
        "pattern": "^(responsible|last-colleague|(person|group):[a-z0-9][a-z0-9-]{0,62})$",
        "examples": ["person:claire"],
    }
    box = {"type": "string", "pattern": "^(person:)?[a-z0-9][a-z0-9-]{0,62}$"}
    seconds = {"for": of("RingSeconds")}
    return {
        "CallerCondition": {**caller, "minProperties": 1},
        "Step": {
            "oneOf": [
                _object(("play",), play=of("Key")),
                _object(("ring",), ring=target, **seconds),
                _object(("dial",), dial=of("Number"), confirm=flag, **seconds),
                _object(("queue",), queue=of("Key")),
                _object(("menu",), menu=of("Key")),
                _object(("voicemail",), voicemail=box),
                _object(("hangup",), hangup={"enum": list(p.HANGUP_CAUSES)}),
            ]
        },
        "InboundRoute": _object(
            ("name", "steps"),
            name=of("Text"),
            to=_one_or_more(of("Key")),
            **{"from": of("CallerCondition")},
            **_conditions(of),
            steps=_list(of("Step")),
        ),
        "LastResort": _object(("steps",), steps={**_list(of("Step")), "minItems": 1}),
    }


def _conditions(of: Any) -> dict[str, Schema]:
    return {"when": _one_or_more(of("Key")), "unless": _one_or_more(of("Key"))}


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    said = {"required": list(required)} if required else {}
    return {"type": "object", **said, "properties": properties, "additionalProperties": False}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _one_or_more(of: Schema) -> Schema:
    return {"oneOf": [of, {**_list(of), "minItems": 1}]}


def _whole(least: int, most: int, default: int | None) -> Schema:
    said = {} if default is None else {"default": default}
    return {"type": "integer", "minimum": least, "maximum": most, **said}
