"""Plan -> document: the shortest one that loads to an equal plan, in the order of the example.

What equals its default is left out, so that an exported document reads as a person would have written it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, assert_never

from aiguillage.routing import plan as p
from aiguillage.routing.document.spellings import format_days, format_duration, format_hours
from aiguillage.routing.numbers import Pattern

Document = dict[str, Any]
T = TypeVar("T")


def dump(plan: p.Plan) -> Document:
    """Plain data (mappings, lists, texts, whole numbers, booleans) for YAML or JSON."""
    return {
        "format": 1,
        "organisation": {
            "name": plan.organisation.name,
            "country": plan.organisation.country,
            "timezone": plan.organisation.timezone,
            "languages": list(plan.organisation.languages),
        },
        **_without_empty(
            trunks={key: _trunk(trunk) for key, trunk in plan.trunks.items()},
            dids={key: _did(did) for key, did in plan.dids.items()},
            calendars={key: _calendar(calendar) for key, calendar in plan.calendars.items()},
            schedules={key: _schedule(schedule) for key, schedule in plan.schedules.items()},
            units={key: _unit(unit) for key, unit in plan.units.items()},
            categories={key: {"name": category.name} for key, category in plan.categories.items()},
            people={key: _person(person) for key, person in plan.people.items()},
            ring_groups={key: _ring_group(group) for key, group in plan.ring_groups.items()},
            queues={key: _queue(queue) for key, queue in plan.queues.items()},
            prompts={key: _prompt(prompt) for key, prompt in plan.prompts.items()},
            menus={key: _menu(menu) for key, menu in plan.menus.items()},
            voicemail_boxes={key: _voicemail_box(box) for key, box in plan.voicemail_boxes.items()},
            inbound_routes=[_inbound_route(route) for route in plan.inbound_routes],
            outbound_routes=[_outbound_route(route) for route in plan.outbound_routes],
            permissions={key: _patterns(each.numbers) for key, each in plan.permissions.items()},
            never_dial=_patterns(plan.never_dial),
        ),
        "last_resort": {"steps": _steps(plan.last_resort)},
    }


def _without_empty(**fields: Any) -> Document:
    """Leaves out what is None, empty or False; the defaults that are something else are left out by hand."""
    return {key: value for key, value in fields.items() if value not in (None, False, [], {}, "")}


def _unless_default(value: T, default: T) -> T | None:
    return None if value == default else value


def _trunk(trunk: p.Trunk) -> Document:
    return _without_empty(
        server=trunk.server,
        channels=trunk.channels,
        forwarded_caller_id=_unless_default(trunk.forwarded_caller_id, "caller"),
        registers_as=trunk.registers_as,
    )


def _did(did: p.Did) -> Document:
    return _without_empty(number=did.number, trunk=did.trunk, label=did.label)


def _calendar(calendar: p.Calendar) -> Document:
    document = _without_empty(
        public_holidays=calendar.public_holidays, dates=[_date_range(each) for each in calendar.dates]
    )
    return document or {"dates": []}


def _date_range(dates: p.DateRange) -> Document:
    if dates.first == dates.last:
        return _without_empty(day=dates.first.isoformat(), label=dates.label)
    return {
        "from": dates.first.isoformat(),
        "until": dates.last.isoformat(),
        **_without_empty(label=dates.label),
    }


def _schedule(schedule: p.Schedule) -> Document:
    return {
        "open": [{"days": format_days(each.days), "hours": format_hours(each.spans)} for each in schedule.openings],
        **_without_empty(
            **{
                "except": [
                    _without_empty(calendar=each.calendar, hours=format_hours(each.spans))
                    for each in schedule.exceptions
                ]
            }
        ),
    }


def _unit(unit: p.Unit) -> Document:
    return _without_empty(
        name=unit.name,
        level=unit.level,
        parent=unit.parent,
        mandates=[_mandate(mandate) for mandate in unit.mandates],
    )


def _mandate(mandate: p.Mandate) -> Document:
    return _without_empty(
        person=mandate.person,
        **{"from": mandate.first and mandate.first.isoformat()},
        until=mandate.last and mandate.last.isoformat(),
        deputy=mandate.deputy,
    )


def _person(person: p.Person) -> Document:
    document = _without_empty(
        name=person.name,
        extension=person.extension,
        email=person.email,
        languages=list(person.languages),
        phones={key: _phone(phone) for key, phone in person.phones.items()},
        reach=[_reach(reach) for reach in person.reach],
        outbound=person.outbound,
    )
    if person.voicemail is not None:
        document["voicemail"] = _without_empty(email=person.voicemail.email)
    return document


def _phone(phone: p.Phone) -> Document:
    document = _without_empty(kind=phone.kind, endpoint=phone.endpoint, number=phone.number)
    if phone.confirm != (phone.number is not None):
        document["confirm"] = phone.confirm
    return document


def _reach(reach: p.Reach) -> Document:
    return {"ring": list(reach.phones), "for": reach.seconds, **_hours(reach.hours)}


def _hours(hours: p.Hours) -> Document:
    return _without_empty(when=_one_or_list(hours.when), unless=_one_or_list(hours.unless))


def _one_or_list(keys: tuple[str, ...]) -> str | list[str]:
    return keys[0] if len(keys) == 1 else list(keys)


def _ring_group(group: p.RingGroup) -> Document:
    return _without_empty(
        extension=group.extension,
        name=group.name,
        strategy=_unless_default(group.strategy, "ringall"),
        members=list(group.members),
        **{"for": _unless_default(group.seconds, p.DEFAULT_RING_SECONDS)},
    )


def _queue(queue: p.Queue) -> Document:
    return _without_empty(
        extension=queue.extension,
        name=queue.name,
        strategy=_unless_default(queue.strategy, "ringall"),
        members=list(queue.members),
        max_wait=_unless_default(queue.max_wait, 180),
        max_callers=queue.max_callers,
        announce_position=queue.announce_position,
        offer_callback=queue.offer_callback,
    )


def _prompt(prompt: p.Prompt) -> Document:
    return {
        language: {"say": variant.say} if isinstance(variant, p.Spoken) else {"file": variant.file}
        for language, variant in prompt.variants.items()
    }


def _menu(menu: p.Menu) -> Document:
    return {
        "prompt": menu.prompt,
        "wait": menu.wait,
        "attempts": menu.attempts,
        "keys": {key: _steps(steps) for key, steps in menu.keys.items()},
        **_without_empty(otherwise=_steps(menu.otherwise), extensions=menu.extensions),
    }


def _voicemail_box(box: p.VoicemailBox) -> Document:
    return _without_empty(extension=box.extension, name=box.name, email=box.email, greeting=box.greeting)


def _inbound_route(route: p.InboundRoute) -> Document:
    return {
        "name": route.name,
        **_without_empty(to=list(route.to), **{"from": _caller_condition(route.caller)}),
        **_hours(route.hours),
        "steps": _steps(route.steps),
    }


def _caller_condition(condition: p.CallerCondition) -> Document:
    document = _without_empty(
        numbers=_patterns(condition.numbers),
        categories=list(condition.categories),
        units=list(condition.units),
        languages=list(condition.languages),
        returning_call=condition.returning_call and format_duration(condition.returning_call),
    )
    said: Mapping[str, bool | None] = {"known": condition.known, "withheld": condition.withheld}
    return {**document, **{key: value for key, value in said.items() if value is not None}}


def _outbound_route(route: p.OutboundRoute) -> Document:
    return {
        "name": route.name,
        "numbers": _patterns(route.numbers),
        "trunks": list(route.trunks),
        **_without_empty(show=route.show),
    }


def _patterns(patterns: Iterable[Pattern]) -> list[str]:
    return [pattern.text for pattern in patterns]


def _steps(steps: Iterable[p.Step]) -> list[Document]:
    return [dump_step(step) for step in steps]


def dump_step(step: p.Step) -> Document:
    match step:
        case p.Play(prompt):
            return {"play": prompt}
        case p.Ring(target, seconds):
            return {"ring": p.target_text(target), **_without_empty(**{"for": seconds})}
        case p.Dial(number, seconds, confirm):
            document: Document = {"dial": number}
            if seconds != p.DEFAULT_DIAL_SECONDS:
                document["for"] = seconds
            return document if confirm is None else {**document, "confirm": confirm}
        case p.JoinQueue(queue):
            return {"queue": queue}
        case p.EnterMenu(menu):
            return {"menu": menu}
        case p.LeaveMessage(box, person):
            return {"voicemail": box if box is not None else f"person:{person}"}
        case p.HangUp(cause):
            return {"hangup": cause}
        case _:
            assert_never(step)
