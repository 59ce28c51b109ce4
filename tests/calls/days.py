"""Days of the stories: the next ones. Asterisk's own timetable goes five weeks, and nobody is away until yesterday."""

from datetime import UTC, date, datetime, timedelta

from tests.calls.system import MORE, example_document

from aiguillage.routing import hours
from aiguillage.routing.document import load

SECRET = "of-the-stage"
"""By which Asterisk knows the simulated trunk, whose calls may bring their time of day."""
OPENING = (10, 12)
"""Hours at which the office is open on a day that is."""


def _day(wanted: str) -> date:
    """The first day from tomorrow on on which the office is open at all those hours, or at none of them."""
    plan = load(example_document(MORE))
    zone, office = hours.zone(plan), plan.schedules["office"]
    tomorrow = datetime.now(UTC).astimezone(zone).date() + timedelta(days=1)
    for day in (tomorrow + timedelta(days=days) for days in range(30)):
        times = (datetime(day.year, day.month, day.day, hour, tzinfo=zone) for hour in OPENING)
        if {hours.state(plan, office, at).open for at in times} == {wanted == "open"}:
            return day
    raise AssertionError(f"the office is never {wanted}")


_DAYS = {wanted: _day(wanted) for wanted in ("open", "closed")}


def when(told: str) -> str:
    """`open 10:00` -> `2026-12-01 10:00`, and so within any text."""
    for wanted, day in _DAYS.items():
        told = told.replace(f"{wanted} ", f"{day} ")
    return told


def at(told: str) -> dict[str, str]:
    """The headers of a simulated call that is placed then."""
    return {"X-Aiguillage-Simulator": SECRET, "X-Aiguillage-At": f"{when(told).replace(' ', 'T')}:00"}


OFFICE_HOURS = at("open 10:00")
