"""Document -> plan: the organisation, its trunks and numbers, and what may be dialled out."""

import functools
import re
from collections.abc import Collection
from zoneinfo import available_timezones

import phonenumbers

from aiguillage.routing import plan as p
from aiguillage.routing.document.node import Node, suggestion
from aiguillage.routing.document.readers import read_dialled_pattern, read_language, read_number
from aiguillage.routing.numbers import E164

_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_USER_NAME = re.compile(r"[A-Za-z0-9+][A-Za-z0-9._+-]{0,63}")


def read_organisation(node: Node) -> p.Organisation:
    fields = node.fields(
        "name", "country", "timezone", "languages", required=("name", "country", "timezone", "languages")
    )
    return p.Organisation(
        name=fields.get("name", Node.text, ""),
        country=fields.get("country", _country, ""),
        timezone=fields.get("timezone", _timezone, ""),
        languages=fields.get("languages", lambda found: found.one_or_more(read_language), ()),
    )


def _country(node: Node) -> str:
    country = node.text()
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        node.fault(f'"{country}" is no country code; write two capital letters, as in BE')
    return country


def _timezone(node: Node) -> str:
    zone = node.text()
    if zone and zone not in _timezones():
        near = suggestion(zone, _timezones())
        node.fault(f'"{zone}" is no time zone{near or "; write one as Europe/Brussels"}')
    return zone


@functools.cache
def _timezones() -> Collection[str]:
    """Each look for them walks through all files of the time zone database."""
    return available_timezones()


def read_trunk(key: str, node: Node) -> p.Trunk:
    fields = node.fields("server", "channels", "forwarded_caller_id", "registers_as", required=("server",))
    return p.Trunk(
        key=key,
        server=fields.get("server", _server, ""),
        channels=fields.get("channels", lambda found: found.integer(1, 10_000, "channels"), None),
        forwarded_caller_id=fields.get(
            "forwarded_caller_id", lambda found: found.one_of(p.FORWARDED_CALLER_IDS), "caller"
        ),
        registers_as=fields.get(
            "registers_as", lambda found: found.digits(_USER_NAME, "a user name; use letters, digits and . _ + -"), None
        ),
    )


def _server(node: Node) -> str:
    server = node.matching(_SERVER, "a server; write host or host:port, as in sip.operator.example:5060")
    port = server.partition(":")[2]
    if port.isdecimal() and not 0 < int(port) < 65536:
        node.fault(f"port {port} is out of range; 1 to 65535")
    return server


def read_did(key: str, node: Node) -> p.Did:
    fields = node.fields("number", "trunk", "label", required=("number", "trunk"))
    return p.Did(
        key=key,
        number=fields.get("number", read_number, E164("")),
        trunk=fields.get("trunk", lambda found: found.reference("trunks", "trunk"), ""),
        label=fields.get("label", Node.text, None),
    )


def read_outbound_route(node: Node) -> p.OutboundRoute:
    fields = node.fields("name", "numbers", "trunks", "show", required=("name", "numbers", "trunks"))
    return p.OutboundRoute(
        name=fields.get("name", Node.text, ""),
        numbers=fields.get("numbers", lambda found: found.one_or_more(read_dialled_pattern), ()),
        trunks=fields.get("trunks", lambda found: found.references("trunks", "trunk"), ()),
        show=fields.get("show", lambda found: found.reference("dids", "number of ours"), None),
    )


def read_permission(key: str, node: Node) -> p.Permission:
    return p.Permission(key, node.each(read_dialled_pattern))
