"""Say where a call would go, and why, in plain words or as data."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import NumberRefused, Refused
from aiguillage.routing import hours
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.numbers import E164, WITHHELD_WORDS, parse_written
from aiguillage.routing.plan import Plan
from aiguillage.routing.trace import describe_decision

Description = Mapping[str, Any]
YEARS = range(1970, 2200)


def explain(snapshot: Snapshot, caller: str, called: str, at: datetime) -> Description:
    """What would happen to a call: `caller`, `called`, `at`, `route`, `itinerary`, `trace`, `plan_version`.

    `caller` is a number in any spelling or `withheld`; `called` a number or a DID's key. A naive `at` is the
    organisation's wall clock. Raises NumberRefused, or Refused for a year that is not within YEARS.
    """
    plan = snapshot.plan
    if at.year not in YEARS:
        raise Refused(f"{at.year} is no year of ours; write one from {YEARS.start} to {YEARS.stop - 1}")
    instant = at if at.tzinfo else at.replace(tzinfo=hours.zone(plan))
    call = Call(called_number(plan, called), caller_number(plan, caller))
    decision = decide(plan, snapshot.directory, snapshot.presences, call, instant)
    return {
        "at": instant.astimezone(hours.zone(plan)).isoformat(),
        **describe_decision(decision),
        "plan_version": snapshot.plan_version,
    }


def called_number(plan: Plan, called: str) -> E164:
    """The number of a DID's key, or the number itself."""
    if called in plan.dids:
        return plan.dids[called].number
    try:
        return parse_written(called, plan.organisation.country)
    except NumberRefused as wrong:
        known = ", ".join(plan.dids)
        raise NumberRefused(f"{wrong}; or name one of our own numbers: {known}") from None


def caller_number(plan: Plan, caller: str) -> E164 | None:
    """The caller's number; None where the caller withholds it (`withheld`, `anonymous`)."""
    if caller.strip().lower() in WITHHELD_WORDS - {""}:
        return None
    return parse_written(caller, plan.organisation.country)


# --- In words ----------------------------------------------------------------------------------------------


def in_words(description: Description, plan: Plan) -> Iterator[str]:
    """The description as lines that a receptionist reads. `plan` gives keys their names."""
    at = datetime.fromisoformat(description["at"])
    yield f"{_caller(description['caller'], plan)} calls {_called(description['called'], plan)}"
    yield f"on {at:%a %-d %b %Y at %H:%M}, spoken to in {description['caller']['language']}."
    yield from _others(description["caller"], plan)
    yield ""
    yield f"Route: {description['route'] or 'none takes this call; the last resort does'}"
    for number, step in enumerate(description["itinerary"], start=1):
        yield from _step(step, plan, f"{number}.")
    before = [tried for tried in description["trace"]["routes"] if not tried["matched"]]
    if before:
        yield ""
        yield "Not taken by the routes before it:"
        yield from (f"  {tried['route']}: {tried['reason']}" for tried in before)
    if description["trace"]["remarks"]:
        yield ""
        yield "Remarks:"
        yield from (f"  {remark}" for remark in description["trace"]["remarks"])
    yield ""
    yield f"Plan version {description['plan_version']}."


def dialled_in_words(person: str, text: str, description: Description, plan: Plan) -> Iterator[str]:
    """As `in_words`, for what one of our own phones dialled; `person` is a key, or the phone itself."""
    name = plan.people[person].name if person in plan.people else person
    yield f"{name} dials {text}."
    yield ""
    for number, step in enumerate(description["itinerary"], start=1):
        yield from _step(step, plan, f"{number}.")
    yield from (f"  {remark}" for remark in description["trace"]["remarks"])


def _caller(caller: Description, plan: Plan) -> str:
    if caller["number"] is None:
        return "Somebody who withholds the number"
    if caller["name"] is None:
        return f"Somebody unknown ({caller['number']})"
    return f"{_contact(caller, plan)}, {caller['number']},"


def _contact(contact: Description, plan: Plan) -> str:
    category = plan.categories.get(contact["category"] or "")
    unit = plan.units.get(contact["unit"] or "")
    facts = [thing.name for thing in (category, unit) if thing]
    return f"{contact['name']} ({', '.join(facts)})" if facts else str(contact["name"])


def _others(caller: Description, plan: Plan) -> Iterator[str]:
    if len(caller["candidates"]) > 1:
        yield ("The number belongs to " + " and to ".join(_contact(each, plan) for each in caller["candidates"]) + ".")


def _called(called: Description, plan: Plan) -> str:
    did = plan.dids.get(called["did"] or "")
    return f"{did.label or did.key} ({called['number']})" if did else f"{called['number']} (none of our numbers)"


def _step(step: Description, plan: Plan, number: str) -> Iterator[str]:
    match step["kind"]:
        case "ring":
            phones = " and ".join(_leg(leg, plan) for leg in step["legs"])
            yield f"  {number} ring {phones}, {step['seconds']} s"
        case "play":
            yield f"  {number} play {step['prompt']}"
        case "queue":
            offer = "; key 1 asks to be called back" if step["callback"] else ""
            yield f"  {number} wait in {plan.queues[step['queue']].name}, {step['seconds']} s at most{offer}"
        case "menu":
            keys = ", ".join([*step["keys"], *(["an extension"] if step["extensions"] else [])])
            yield f"  {number} ask for a key ({keys}): menu {step['menu']}; without one"
            for inner, otherwise in enumerate(step["otherwise"], start=1):
                yield from _step(otherwise, plan, f"   {number}{inner}.")
        case "voicemail":
            greeting = f", greeting {step['greeting']}" if step["greeting"] else ""
            yield f"  {number} take a message: {_box(step['box'], plan)}{greeting}"
        case "hangup":
            yield f"  {number} hang up: {step['cause']}"
        case "dial-out":
            yield f"  {number} call {step['number']} over {' then '.join(step['trunks'])}, showing {step['shows']}"


def _leg(leg: Description, plan: Plan) -> str:
    asks = " (press 1)" if leg["confirm"] else ""
    person = plan.people.get(leg["person"] or "")
    return f"{person.name}: {leg['phone']}{asks}" if person else f"{leg['number']}{asks}"


def _box(box: str, plan: Plan) -> str:
    if box.startswith("person:"):
        return plan.people[box.removeprefix("person:")].name
    return plan.voicemail_boxes[box].name
