"""Say where people are: available, away, not to be disturbed, forwarded. The next call knows it."""

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any, Literal

from aiguillage import text_formats
from aiguillage.desk.editing import Editor
from aiguillage.desk.explaining import YEARS
from aiguillage.desk.snapshot import published_plan
from aiguillage.errors import ChangedMeanwhile, NotFound, Refused
from aiguillage.routing import hours
from aiguillage.routing.numbers import parse_written
from aiguillage.routing.outgoing import may_dial
from aiguillage.routing.plan import Plan, is_ours
from aiguillage.routing.presence import AVAILABLE, Presence
from aiguillage.store import audit, presences
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database

_STATES: Mapping[str, Literal["available", "away", "do not disturb", "forwarded"]] = {
    "available": "available",
    "away": "away",
    "do-not-disturb": "do not disturb",
    "forwarded": "forwarded",
}
"""Words of command line and API -> states."""
Known = Collection[str] | None
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")


def set_presence(  # noqa: PLR0913  who says what of whom, when, having read what, and how long they wait
    database: Database,
    person: str,
    presence: Presence,
    by: str | Editor,
    at: datetime,
    known: Known = None,
    *,
    within: float | None = None,
) -> None:
    """`by` sets the state of a person, a plan key, at `at` (aware). `known` are the revisions that they have read.
    `within` are seconds, as for Database.writing.

    Raises NotFound for an unknown person; Refused for a time that is past, or a number they may not dial;
    ChangedMeanwhile.
    """
    check(published_plan(database), person, presence, at)
    editor = by if isinstance(by, Editor) else Editor(by)
    with database.writing(within) as session:
        before = _still(presences.all_presences(session).get(person, AVAILABLE), at)
        if known is not None and revision(person, before) not in known:
            raise ChangedMeanwhile(f"{person} is {before.state} by now; read it again and say it again")
        presences.replace(session, person, presence, editor.name, at)
        # Without the number: it may be somebody's own, and the audit forgets nothing.
        was, becomes = ({"state": each.state, "until": _text(each.until)} for each in (before, presence))
        deed = Deed(editor.name, "change", f"presence/{person}", was, becomes, request=editor.request)
        audit.append(session, at, deed)


def revision(person: str, presence: Presence) -> str:
    """32 hexadecimal digits."""
    return hashlib.sha256(text_formats.write_json(describe(person, presence)).encode()).hexdigest()[:32]


def _still(presence: Presence, now: datetime) -> Presence:
    return AVAILABLE if presence.until is not None and presence.until <= now else presence


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def said(plan: Plan, state: str, number: str, until: str, now: datetime) -> Presence:
    """The state that the words mean: `available`, `away`, `do-not-disturb`, or `forwarded` and a number.

    `until` is empty, a time of day (the next one after `now`), or a date and a time, on the organisation's clock.
    Raises Refused.
    """
    if state not in _STATES:
        raise Refused(f'"{state}" is no state; write one of {", ".join(_STATES)}')
    if (state == "forwarded") != bool(number):
        raise Refused("a number goes with forwarded, and with nothing else: forwarded 0470000101")
    end = _instant(plan, until, now) if until else None
    if end is not None and state == "available":
        raise Refused("available has no end; leave the time out")
    to = parse_written(number, plan.organisation.country) if number else None
    return Presence(_STATES[state], end, to)


def _instant(plan: Plan, text: str, now: datetime) -> datetime:
    here = hours.zone(plan)
    try:
        if _CLOCK.fullmatch(text):
            return hours.next_time(time.fromisoformat(text), now, here)
        wanted = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f'"{text}" is no time; write "14:00" or "2026-11-24 14:00"') from None
    return wanted if wanted.tzinfo else wanted.replace(tzinfo=here)


def current(database: Database, now: datetime) -> Mapping[str, Presence]:
    """Who is not simply available at `now` (aware)."""
    with database.reading() as session:
        return {
            person: state for person, state in presences.all_presences(session).items() if _still(state, now) is state
        }


def in_words(plan: Plan, person: str, presence: Presence) -> str:
    """`Claire Dubois: away until 2026-11-24 14:00`."""
    name = plan.people[person].name if person in plan.people else person
    to = f" to {presence.forward_to}" if presence.forward_to else ""
    until = f" until {presence.until.astimezone(hours.zone(plan)):%Y-%m-%d %H:%M}" if presence.until else ""
    return f"{name}: {presence.state}{to}{until}"


def check(plan: Plan, person: str, presence: Presence, now: datetime) -> None:
    """Raises as `set_presence`. Forwarding is as dear as dialling, so the same permission is asked for."""
    if person not in plan.people:
        raise NotFound(f'person "{person}" is not in the plan; write one of {", ".join(plan.people)}')
    if presence.until is not None and presence.until <= now:
        raise Refused(f"{presence.until.isoformat(timespec='minutes')} is past; write a time to come")
    if presence.until is not None and presence.until.year not in YEARS:
        raise Refused(f"{presence.until.year} is no year of ours; leave the time out where there is no end")
    number = presence.forward_to
    if number is None or number in {phone.number for phone in plan.people[person].phones.values()}:
        return
    if is_ours(plan, number):
        raise Refused(f"{number} is one of our own numbers: the call would come back; forward to a phone")
    if (forbidden := may_dial(plan, person, number)) is not None:
        raise Refused(f"calls cannot be forwarded there: {forbidden}")


def describe(person: str, presence: Presence) -> dict[str, Any]:
    """The state as plain JSON data."""
    return {
        "person": person,
        "state": presence.state.replace(" ", "-"),
        "until": _text(presence.until),
        "forward_to": presence.forward_to,
    }
