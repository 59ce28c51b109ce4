"""Document -> plan: the whole of it. `load_*.py` read its parts, `faults_across.py` looks at what joins them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aiguillage.errors import DocumentRefused
from aiguillage.routing import plan as p
from aiguillage.routing.document.faults_across import faults_across
from aiguillage.routing.document.load_hours import read_calendar, read_schedule
from aiguillage.routing.document.load_lines import (
    read_did,
    read_organisation,
    read_outbound_route,
    read_permission,
    read_trunk,
)
from aiguillage.routing.document.load_people import read_category, read_person, read_unit
from aiguillage.routing.document.load_routes import read_inbound_route, read_last_resort
from aiguillage.routing.document.load_targets import (
    read_menu,
    read_prompt,
    read_queue,
    read_ring_group,
    read_voicemail_box,
)
from aiguillage.routing.document.node import Names, Node
from aiguillage.routing.document.readers import read_dialled_pattern

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


def load(document: Any) -> p.Plan:
    """The plan that `document` (a mapping, as YAML or JSON gives it) describes.

    Raises DocumentRefused with all faults, each with its path in the document.
    """
    names = Names({section: _keys(document, section) for section in KEYED_SECTIONS}, _with_voicemail(document))
    plan = _plan(Node(document, "", names))
    faults = (*names.faults, *faults_across(plan))
    if faults:
        raise DocumentRefused(faults)
    return plan


def _keys(document: Any, section: str) -> dict[str, None]:
    found = document.get(section) if isinstance(document, Mapping) else None
    return {str(key): None for key in found} if isinstance(found, Mapping) else {}


def _with_voicemail(document: Any) -> set[str]:
    people = document.get("people") if isinstance(document, Mapping) else None
    each = people.items() if isinstance(people, Mapping) else ()
    return {str(key) for key, person in each if isinstance(person, Mapping) and "voicemail" in person}


def _plan(node: Node) -> p.Plan:
    fields = node.fields(*SECTIONS, required=("format", "organisation", "last_resort"))
    fields.get("format", _format, None)

    def section(name: str, read: Callable[[str, Node], T]) -> dict[str, T]:
        return fields.get(name, lambda found: found.section(read), {})

    return p.Plan(
        organisation=fields.get("organisation", read_organisation, p.Organisation("", "", "", ())),
        trunks=section("trunks", read_trunk),
        dids=section("dids", read_did),
        calendars=section("calendars", read_calendar),
        schedules=section("schedules", read_schedule),
        units=section("units", read_unit),
        categories=section("categories", read_category),
        people=section("people", read_person),
        ring_groups=section("ring_groups", read_ring_group),
        queues=section("queues", read_queue),
        prompts=section("prompts", read_prompt),
        menus=section("menus", read_menu),
        voicemail_boxes=section("voicemail_boxes", read_voicemail_box),
        inbound_routes=fields.get("inbound_routes", lambda found: found.each(read_inbound_route), ()),
        outbound_routes=fields.get("outbound_routes", lambda found: found.each(read_outbound_route), ()),
        permissions=section("permissions", read_permission),
        never_dial=fields.get("never_dial", lambda found: found.each(read_dialled_pattern), ()),
        last_resort=fields.get("last_resort", read_last_resort, ()),
    )


def _format(node: Node) -> None:
    if type(node.value) is not int or node.value != FORMAT:
        node.fault(f"this release reads format {FORMAT} only; write format: {FORMAT}")
