"""Document -> plan: calendars and schedules."""

from collections.abc import Mapping

import holidays

from aiguillage.routing import plan as p
from aiguillage.routing.document.node import NO_DAY, Node
from aiguillage.routing.document.spellings import parse_days, parse_hours


def read_calendar(key: str, node: Node) -> p.Calendar:
    fields = node.fields("public_holidays", "dates")
    if isinstance(node.value, Mapping) and not node.value:
        node.fault("is empty; write dates, or public_holidays with a country")
    return p.Calendar(
        key=key,
        public_holidays=fields.get("public_holidays", _holiday_country, None),
        dates=fields.get("dates", lambda found: found.each(_date_range), ()),
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
    if last < first and last != NO_DAY:
        node.fault(f"ends on {last}, before it begins on {first}")
    return p.DateRange(first, last, fields.get("label", Node.text, None))


def read_schedule(key: str, node: Node) -> p.Schedule:
    fields = node.fields("open", "except", required=("open",))
    return p.Schedule(
        key=key,
        openings=fields.get("open", lambda found: found.each(_opening), ()),
        exceptions=fields.get("except", lambda found: found.each(_exception), ()),
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
