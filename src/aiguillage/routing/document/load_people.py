"""Document -> plan: the organisation's tree and its people."""

import re
from collections.abc import Mapping
from functools import partial

from aiguillage.routing import plan as p
from aiguillage.routing.document.node import NO_DAY, Node, suggestion
from aiguillage.routing.document.readers import (
    read_email,
    read_extension,
    read_hours_condition,
    read_language,
    read_number,
    read_person_key,
    read_ring_seconds,
)

_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def read_unit(key: str, node: Node) -> p.Unit:
    fields = node.fields("name", "level", "parent", "mandates", required=("name",))
    return p.Unit(
        key=key,
        name=fields.get("name", Node.text, ""),
        level=fields.get("level", Node.text, None),
        parent=fields.get("parent", lambda found: found.reference("units", "unit"), None),
        mandates=fields.get("mandates", lambda found: found.each(_mandate), ()),
    )


def _mandate(node: Node) -> p.Mandate:
    fields = node.fields("person", "from", "until", "deputy", required=("person",))
    first, last = fields.get("from", Node.day, None), fields.get("until", Node.day, None)
    if first and last and last < first and last != NO_DAY:
        node.fault(f"ends on {last}, before it begins on {first}")
    return p.Mandate(
        person=fields.get("person", read_person_key, ""),
        first=first,
        last=last,
        deputy=fields.get("deputy", Node.boolean, default=False),
    )


def read_category(key: str, node: Node) -> p.Category:
    return p.Category(key, node.fields("name", required=("name",)).get("name", Node.text, ""))


def read_person(key: str, node: Node) -> p.Person:
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
        extension=fields.get("extension", read_extension, None),
        email=fields.get("email", read_email, None),
        languages=fields.get("languages", lambda found: found.each(read_language), ()),
        phones=phones,
        reach=fields.get("reach", lambda found: found.each(partial(_reach, phones)), ()),
        outbound=fields.get("outbound", lambda found: found.reference("permissions", "permission"), None),
        voicemail=fields.get("voicemail", _personal_voicemail, None),
    )


def _phone(key: str, node: Node) -> p.Phone:
    fields = node.fields("kind", "endpoint", "number", "confirm", required=("kind",))
    if isinstance(node.value, Mapping) and ("endpoint" in fields) == ("number" in fields):
        node.fault("write either endpoint, for a phone that registers with us, or number, for an outside line")
    if "confirm" in fields and "number" not in fields:
        node.fault("confirm goes with number: whoever answers a phone that registers with us is not asked to press 1")
    number = fields.get("number", read_number, None)
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
        phones=fields.get("ring", lambda found: found.one_or_more(partial(_own_phone, phones)), ()),
        seconds=fields.get("for", read_ring_seconds, p.DEFAULT_RING_SECONDS),
        hours=read_hours_condition(fields),
    )


def _own_phone(phones: Mapping[str, p.Phone], node: Node) -> str:
    key = node.text()
    if key and key not in phones:
        node.fault(f'phone "{key}" is not among this person\'s phones{suggestion(key, phones)}')
    return key


def _personal_voicemail(node: Node) -> p.PersonalVoicemail:
    return p.PersonalVoicemail(node.fields("email").get("email", Node.boolean, default=False))
