"""Say where a call would go, or where it went, and why: in plain words or as data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiguillage.desk.snapshot import Snapshot, plan_at
from aiguillage.desk.wording import Words
from aiguillage.desk.wording.stops import box_name
from aiguillage.errors import NumberRefused, Refused
from aiguillage.routing import hours
from aiguillage.routing.decide import Call, OutgoingCall, decide
from aiguillage.routing.notes import Listed, Note, note
from aiguillage.routing.numbers import E164, WITHHELD_WORDS, parse_written
from aiguillage.routing.plan import Plan
from aiguillage.routing.trace import describe_decision, describe_note, read_note
from aiguillage.routing.unfold import Press
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord

Description = Mapping[str, Any]
YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Question:
    """A call that may never be placed. `caller` is a number in any spelling or `withheld`; `called` a number or a DID's
    key; a naive `at` is the organisation's wall clock.

    `presses`: `main:1`, the keys pressed in menus, in order. `returning`: the person of ours who has just called that
    number.
    """

    caller: str
    called: str
    at: datetime
    presses: tuple[str, ...] = ()
    returning: str = ""


def explain(snapshot: Snapshot, question: Question) -> Description:
    """What would happen: `caller`, `called`, `at`, `route`, `itinerary`, `trace`, `plan_version`.

    Raises NumberRefused, or Refused for a year that is not within YEARS, a menu or a person that the plan lacks.
    """
    plan = snapshot.plan
    instant = instant_of(plan, question.at)
    call = Call(called_number(plan, question.called), caller_number(plan, question.caller))
    if question.returning:
        if question.returning not in plan.people:
            raise Refused(f"{question.returning} is nobody of the plan; write one of {', '.join(plan.people)}")
        call = replace(call, last_outgoing=OutgoingCall(question.returning, instant - timedelta(minutes=1)))
    call = replace(call, presses=tuple(_press(plan, text) for text in question.presses))
    decision = decide(plan, snapshot.directory, snapshot.presences, call, instant)
    return {
        "at": instant.astimezone(hours.zone(plan)).isoformat(),
        "presses": [[press.menu, press.keys] for press in call.presses],
        **describe_decision(decision),
        "plan_version": snapshot.plan_version,
    }


def explain_then(database: Database, snapshot: Snapshot, question: Question, now: datetime) -> tuple[Plan, Description]:
    """As `explain`; a call before `now` by the version that was live then, with the plan that it was.

    The directory is today's; people's live state of then is not kept.
    """
    instant = instant_of(snapshot.plan, question.at)
    if instant >= now - timedelta(minutes=1):
        return snapshot.plan, explain(snapshot, question)
    plan, number, live = plan_at(database, instant)
    description = explain(replace(snapshot, plan=plan, plan_version=number, presences={}), question)
    remarks = [note("people's live state at that time is not known: everybody is taken to be available")]
    if not live:
        remarks.append(note("nothing was published yet then: this is the first version"))
    return plan, {**description, "then": [describe_note(remark) for remark in remarks]}


def instant_of(plan: Plan, at: datetime) -> datetime:
    """An aware instant; a naive one is the organisation's wall clock. Raises Refused for a year not within YEARS."""
    if at.year not in YEARS:
        raise Refused(f"{at.year} is no year of ours; write one from {YEARS.start} to {YEARS.stop - 1}")
    return at if at.tzinfo else at.replace(tzinfo=hours.zone(plan))


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


def _press(plan: Plan, text: str) -> Press:
    menu, _, keys = text.partition(":")
    if menu not in plan.menus or not keys:
        raise Refused(f'"{text}" is no key; write MENU:KEY, with one of these menus: {", ".join(plan.menus) or "none"}')
    return Press(menu, keys)


def recorded(decision: DecisionRecord) -> Description:
    """A decision of the journal, with the facts as they were then."""
    return {"itinerary": decision.itinerary, **decision.trace, "plan_version": decision.plan_version}


# --- In words ----------------------------------------------------------------------------------------------


def in_words(words: Words, description: Description, plan: Plan) -> Iterator[str]:
    """The description as lines that a receptionist reads. `plan` gives keys their names."""
    at = datetime.fromisoformat(description["at"])
    caller, called = _caller(words, description["caller"], plan), _called(words, description["called"], plan)
    yield words("{caller} calls {called}", caller=caller, called=called)
    language = description["caller"]["language"]
    yield words("on {moment}, spoken to in {language}.", moment=words.moment(at), language=language)
    yield from _others(words, description["caller"], plan)
    for menu, keys in description.get("presses", ()):
        yield words("Presses {keys} in menu {menu}.", keys=keys, menu=menu)
    yield ""
    yield words("Route: {route}", route=description["route"] or note("none takes this call; the last resort does"))
    yield from steps_in_words(words, description["itinerary"], plan)
    trace = description["trace"]
    before = [tried for tried in trace["routes"] if not tried["matched"]]
    if before:
        yield ""
        yield words("Not taken by the routes before it:")
        yield from (words("  {route}: {reason}", route=tried["route"], reason=_reason(tried)) for tried in before)
    if trace.get("steps"):
        yield ""
        yield words("Why these steps:")
        yield from _weighed(words, trace["steps"])
    others = _other_remarks(trace)
    if others:
        yield ""
        yield words("Remarks:")
        yield from (f"  {words.say(remark)}" for remark in others)
    yield ""
    yield words("Plan version {version}.", version=description["plan_version"])
    yield from (words.say(read_note(remark)) for remark in description.get("then", ()))


def _reason(tried: Description) -> Note:
    """Journals of an earlier release hold the English sentence only."""
    return read_note(tried["note"]) if tried.get("note") else note("{reason}", reason=tried["reason"])


def _weighed(words: Words, steps: Iterable[Description]) -> Iterator[str]:
    for weighed in steps:
        (action, target), *_ = weighed["step"].items()
        step = f"{action} {target}"
        if weighed["origin"] == "last resort":
            step = words("{step} (last resort)", step=step)
        remarks = [words.say(read_note(remark)) for remark in weighed["remarks"]]
        if not weighed["kept"]:
            remarks = remarks or [words("nobody to ring")]
        kept = words("kept") if weighed["kept"] else words("skipped")
        yield words("  {step}: {kept}", step=step, kept=kept) + (f" ({words('; ').join(remarks)})" if remarks else "")


def _other_remarks(trace: Description) -> list[Note]:
    """Those that belong to no step."""
    if "notes" not in trace:
        return [note("{remark}", remark=remark) for remark in trace["remarks"]]
    of_steps = [remark for weighed in trace.get("steps", ()) for remark in weighed["remarks"]]
    return [read_note(remark) for remark in trace["notes"] if remark not in of_steps]


def dialled_in_words(words: Words, person: str, text: str, description: Description, plan: Plan) -> Iterator[str]:
    """As `in_words`, for what one of our own phones dialled; `person` is a key, or the phone itself."""
    yield words("{person} dials {text}.", person=_name_of(plan, person), text=text)
    yield from _itinerary_and_remarks(words, description, plan)


def asked_for_in_words(words: Words, person: str, text: str, description: Description, plan: Plan) -> Iterator[str]:
    """As `dialled_in_words`, for what `person` asked for by click-to-call: which of their phones ring first."""
    yield words("{person} asks for a call to {text}.", person=_name_of(plan, person), text=text)
    yield from _itinerary_and_remarks(words, description, plan)


def _name_of(plan: Plan, person: str) -> str:
    return plan.people[person].name if person in plan.people else person


def _itinerary_and_remarks(words: Words, description: Description, plan: Plan) -> Iterator[str]:
    yield ""
    yield from steps_in_words(words, description["itinerary"], plan)
    yield from (f"  {words.say(remark)}" for remark in _other_remarks(description["trace"]))


def _caller(words: Words, caller: Description, plan: Plan) -> str:
    if caller["number"] is None:
        return words("Somebody who withholds the number")
    if caller["name"] is None:
        return words("Somebody unknown ({number})", number=caller["number"])
    return f"{_contact(caller, plan)}, {caller['number']},"


def _contact(contact: Description, plan: Plan) -> str:
    category = plan.categories.get(contact["category"] or "")
    unit = plan.units.get(contact["unit"] or "")
    facts = [thing.name for thing in (category, unit) if thing]
    return f"{contact['name']} ({', '.join(facts)})" if facts else str(contact["name"])


def _others(words: Words, caller: Description, plan: Plan) -> Iterator[str]:
    if len(caller["candidates"]) > 1:
        people = Listed(tuple(_contact(each, plan) for each in caller["candidates"]))
        yield words("The number belongs to {people}.", people=people)


def _called(words: Words, called: Description, plan: Plan) -> str:
    did = plan.dids.get(called["did"] or "")
    if did is None:
        return words("{number} (none of our numbers)", number=called["number"])
    return f"{did.label or did.key} ({called['number']})"


def steps_in_words(words: Words, itinerary: Iterable[Description], plan: Plan) -> Iterator[str]:
    """The steps, numbered."""
    for number, step in enumerate(itinerary, start=1):
        yield from _step(words, step, plan, f"{number}.")


def _step(words: Words, step: Description, plan: Plan, number: str) -> Iterator[str]:
    yield f"  {number} {_step_in_words(words, step, plan)}"
    if step["kind"] == "menu":
        for inner, otherwise in enumerate(step["otherwise"], start=1):
            yield from _step(words, otherwise, plan, f"   {number}{inner}.")


def _step_in_words(words: Words, step: Description, plan: Plan) -> str:
    match step["kind"]:
        case "ring":
            phones = Listed(tuple(_leg(words, leg, plan) for leg in step["legs"]))
            return words("ring {phones}, {seconds} s", phones=phones, seconds=step["seconds"])
        case "play":
            return words("play {prompt}", prompt=step["prompt"])
        case "queue":
            template = "wait in {queue}, {seconds} s at most"
            if step["callback"]:
                template = "wait in {queue}, {seconds} s at most; key 1 asks to be called back"
            queue = plan.queues.get(step["queue"])
            return words(template, queue=queue.name if queue else step["queue"], seconds=step["seconds"])
        case "menu":
            keys = ", ".join([*step["keys"], *([words("an extension")] if step["extensions"] else [])])
            return words("ask for a key ({keys}): menu {menu}; without one", keys=keys, menu=step["menu"])
        case "voicemail":
            box = box_name(plan, step["box"])
            if step["greeting"]:
                return words("take a message: {box}, greeting {greeting}", box=box, greeting=step["greeting"])
            return words("take a message: {box}", box=box)
        case "hangup":
            return words("hang up: {cause}", cause=step["cause"])
        case _:
            trunks = Listed(tuple(step["trunks"]), "then")
            template = "call {number} over {trunks}, showing {shows}"
            return words(template, number=step["number"], trunks=trunks, shows=step["shows"])


def _leg(words: Words, leg: Description, plan: Plan) -> str:
    person = plan.people.get(leg["person"] or "")
    line = words("{person}: {phone}", person=person.name, phone=leg["phone"]) if person else str(leg["number"])
    return words("{line} (press 1)", line=line) if leg["confirm"] else line
