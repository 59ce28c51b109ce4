"""What may be meant so, and mostly is not."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from aiguillage.routing import hours
from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.callers import NONE, Callers, Kind
from aiguillage.routing.notes import Listed, note
from aiguillage.routing.proof.evidence import Evidence, Seen
from aiguillage.routing.proof.problem import ExampleCall, Problem, warning
from aiguillage.routing.timetable import State, Timetable

SOON = timedelta(days=30)
_DAY = timedelta(days=1)


def never_matches(evidence: Evidence) -> Iterator[Problem]:
    taken = {part.route for table in evidence.tables for state in table.spans for part in table.parts(state)}
    for place, route in enumerate(evidence.plan.inbound_routes):
        if place not in taken:
            yield _hidden(evidence, place, route)


def _hidden(evidence: Evidence, place: int, route: p.InboundRoute) -> Problem:
    hiding: dict[str, ExampleCall] = {}
    opens = False
    for table in evidence.tables:
        for state in table.spans if place in table.routes else ():
            if not state.holds(route.hours):
                continue
            opens = True
            for hider, callers in _who_takes_its_calls(table, state, route, place):
                if hider not in hiding:
                    kind = next(table.domain.kinds(callers))
                    hiding[hider] = evidence.example(table, kind, state.at)
    if hiding:
        alone = next((name for name in hiding if _hides_alone(evidence, name, place)), None)
        hiding = {alone: hiding[alone]} if alone is not None else hiding
        message = note("no call is left for it; before it: {routes}", routes=Listed(tuple(hiding)))
        remedy = note('move it before "{route}", or remove it', route=next(iter(hiding)))
    elif opens:
        message = note("asks for what no caller can be at once")
        remedy = note("take one of the conditions out of `from`, or remove the route")
    else:
        schedules = Listed(tuple(dict.fromkeys((*route.hours.when, *route.hours.unless))))
        message = note("its hours never come ({schedules})", schedules=schedules)
        remedy = note("look at the route's `when` and `unless`, or remove it")
    example = next(iter(hiding.values()), None) or evidence.example_row(lambda table, _: place in table.routes)
    named = note('route "{route}": {message}', route=route.name, message=message)
    return warning("route-never-matches", f"inbound_routes[{place}]", named, remedy, example)


def _hides_alone(evidence: Evidence, hider: str, place: int) -> bool:
    """Whether route `hider` takes every call of the route at `place`."""
    plan = evidence.plan
    taking = next(each for each in range(place) if plan.inbound_routes[each].name == hider)
    route, above = plan.inbound_routes[place], plan.inbound_routes[taking]
    for table in evidence.tables:
        states = [state for state in table.spans if place in table.routes and state.holds(route.hours)]
        if not states:
            continue
        if taking not in table.routes or not all(state.holds(above.hours) for state in states):
            return False
        for everybody in table.domain.everybody:
            wanted = table.domain.meant(plan, route.caller, everybody)
            if wanted is not None and table.domain.meant(plan, above.caller, wanted) != wanted:
                return False
    return True


def _who_takes_its_calls(
    table: Timetable, state: State, route: p.InboundRoute, place: int
) -> Iterator[tuple[str, Callers]]:
    for part in table.parts(state):
        if part.route is not None and part.route < place:
            both = table.domain.meant(table.plan, route.caller, part.callers)
            if both is not None:
                yield table.plan.inbound_routes[part.route].name, both


def never_opens(evidence: Evidence) -> Iterator[Problem]:
    plan = evidence.plan
    for schedule in plan.schedules.values():
        changes = hours.changes(plan, schedule, evidence.since, evidence.until)
        if not hours.state(plan, schedule, evidence.since).open and next(changes, None) is None:
            message = note(
                "is never open from {since} to {until}",
                since=_day(plan, evidence.since),
                until=_day(plan, evidence.until),
            )
            remedy = note("give it hours (`open`), or remove it")
            example = _example_of_schedule(evidence, schedule.key)
            yield warning("schedule-never-opens", f"schedules.{schedule.key}", message, remedy, example)


def mandates_that_expire(evidence: Evidence) -> Iterator[Problem]:
    plan = evidence.plan
    today = evidence.since.astimezone(hours.zone(plan)).date()
    for unit in plan.units.values():
        for place, mandate in enumerate(unit.mandates):
            if mandate.last is not None and today <= mandate.last <= today + SOON:
                yield warning(
                    "mandate-expires",
                    f"units.{unit.key}.mandates[{place}].until",
                    note(
                        "{person} answers for {unit} until {day} only",
                        person=plan.people[mandate.person].name,
                        unit=unit.name,
                        day=mandate.last,
                    ),
                    note("put `until` further away, or name who follows (units.{unit}.mandates)", unit=unit.key),
                    _example_of_unit(evidence, unit.key, hours.midnight(plan, mandate.last + _DAY)),
                )


def units_without_anybody(evidence: Evidence) -> Iterator[Problem]:
    """Told of the highest unit only; those below it are counted."""
    plan = evidence.plan
    asked = next((table for table in evidence.tables if table.everything.responsible), None)
    if asked is None:
        return
    gaps = {unit: _without_anybody(plan, asked, unit) for unit in plan.units}
    for unit, gap in gaps.items():
        above = plan.units[unit].parent
        if not gap or (above is not None and gaps[above] == gap):
            continue
        alike = [each for each in plan.units if unit in p.ladder(plan, each) and gaps[each] == gap]
        first = min(state.at for state in gap)
        message = (
            note("nobody answers for {unit}, nor above it", unit=plan.units[unit].name)
            if len(alike) == 1
            else note(
                "nobody answers for {unit}, nor above it; {number} units in all",
                unit=plan.units[unit].name,
                number=len(alike),
            )
        )
        if first > asked.since:
            message = note("{message}, from {day} on", message=message, day=_day(plan, first))
        remedy = note("name somebody (units.{unit}.mandates), or know that the step is passed over", unit=unit)
        example = next(filter(None, (_example_of_unit(evidence, each, first) for each in reversed(alike))), None)
        yield warning("nobody-answers-for-unit", f"units.{unit}", message, remedy, example)


def _without_anybody(plan: p.Plan, table: Timetable, unit: str) -> frozenset[State]:
    """The states in which no mandate of `unit` or above it is held by somebody who has a phone."""
    able = {
        (each, place)
        for each in p.ladder(plan, unit)
        for place, mandate in enumerate(plan.units[each].mandates)
        if plan.people[mandate.person].phones
    }
    return frozenset(state for state in table.spans if able.isdisjoint(state.mandates))


def rung_outside_hours(evidence: Evidence) -> Iterator[Problem]:
    """People whom a route rings at times only when their own `reach` leaves them out."""
    plan = evidence.plan
    taking: dict[int, list[State]] = {}
    for place, route in enumerate(plan.inbound_routes):
        leads = evidence.leads(route.name)
        holders = {mandate.person for unit in plan.units.values() for mandate in unit.mandates}
        people = leads.named | (holders if leads.responsible else set())
        for person in (each for key, each in plan.people.items() if key in people and each.reach):
            states = taking.setdefault(place, _states_taking(evidence, place))
            if states and not any(state.holds(reach.hours) for state in states for reach in person.reach):
                schedules = {key for each in person.reach for key in (*each.hours.when, *each.hours.unless)}
                yield warning(
                    "rung-outside-hours",
                    f"inbound_routes[{place}]",
                    note(
                        'route "{route}" rings {person} only when {schedules} leave them out',
                        route=route.name,
                        person=person.name,
                        schedules=Listed(tuple(sorted(schedules))),
                    ),
                    note("give people.{person}.reach a step for these hours, or ring somebody else", person=person.key),
                    evidence.example_taken_by(route.name),
                )


def _states_taking(evidence: Evidence, place: int) -> list[State]:
    """Those in which the route at `place` takes some call."""
    return [
        state
        for table in evidence.tables
        for state in table.spans
        if any(part.route == place for part in table.parts(state))
    ]


def holidays_not_covered(evidence: Evidence) -> Iterator[Problem]:
    """Schedules that let a route take calls on a public holiday, of which no calendar of theirs knows."""
    plan = evidence.plan
    found: dict[str, list[tuple[date, ExampleCall]]] = {}
    for day in _holidays(evidence):
        for table in evidence.tables:
            for state, at in _states_of(table, day):
                for part in table.parts(state):
                    for schedule in _heedless(plan, part.route, day):
                        days = found.setdefault(schedule, [])
                        if not days or days[-1][0] != day:
                            kind = next(table.domain.kinds(part.callers))
                            days.append((day, evidence.example(table, kind, at)))
    for schedule, days in found.items():
        day, example = days[0]
        name = hours.holiday_label(plan.organisation.country, day, plan.organisation.languages[0])
        message = note("is open on {holiday}, {day}, as on any other day", holiday=name or "", day=day)
        if len(days) > 1:
            message = note("{message}; {number} public holidays in all", message=message, number=len(days))
        remedy = note("add an exception: `except: [{{calendar: …}}]`, with `hours` where it is meant to be open")
        yield warning("holiday-not-covered", f"schedules.{schedule}", message, remedy, example)


def _holidays(evidence: Evidence) -> Iterator[date]:
    plan = evidence.plan
    where = hours.zone(plan)
    day, last = evidence.since.astimezone(where).date() + _DAY, evidence.until.astimezone(where).date()
    while day < last:
        if hours.holiday_label(plan.organisation.country, day, plan.organisation.languages[0]) is not None:
            yield day
        day += _DAY


def _states_of(table: Timetable, day: date) -> Iterator[tuple[State, datetime]]:
    """The states that begin or hold on `day`, each with the first instant of it."""
    start, end = hours.midnight(table.plan, day), hours.midnight(table.plan, day + _DAY)
    yield table.state_at(start), start
    yield from ((state, at) for at, state in table.eras_between(start, end))


def _heedless(plan: p.Plan, route: int | None, day: date) -> Iterable[str]:
    """The schedules that a route asks to be open, where none of them knows that `day` is no other day."""
    asked = plan.inbound_routes[route].hours.when if route is not None else ()
    language = plan.organisation.languages[0]
    for schedule in asked:
        calendars = (plan.calendars[exception.calendar] for exception in plan.schedules[schedule].exceptions)
        if any(hours.calendar_label(calendar, day, language) is not None for calendar in calendars):
            return ()
    return asked


def too_few_channels(evidence: Evidence) -> Iterator[Problem]:
    """A step that rings more outside numbers at once than its trunks carry, one channel kept for emergency calls."""
    plan = evidence.plan
    worst: dict[str, tuple[int, int, Seen]] = {}
    for seen in evidence.seen:
        for step in i.in_line(seen.steps):
            if isinstance(step, i.Ring) and any(leg.trunks for leg in step.legs):
                trunk, needed = _overloaded(plan, seen.table.did, step)
                if trunk is not None and needed > worst.get(trunk, (0,))[0]:
                    worst[trunk] = (needed, len(step.legs), seen)
    for trunk, (needed, _, seen) in worst.items():
        yield warning(
            "too-few-channels",
            f"trunks.{trunk}.channels",
            note(
                "one step needs {needed} channels, with the caller's own; there are {channels}, one of which is kept "
                "for emergency calls",
                needed=needed,
                channels=plan.trunks[trunk].channels or 0,
            ),
            note("order more channels, ring fewer outside numbers at once ({path}), or add a trunk", path=seen.path),
            evidence.example_of(seen),
        )


def _overloaded(plan: p.Plan, did: str | None, ring: i.Ring) -> tuple[str | None, int]:
    """The trunk that lacks a channel, and how many it would need."""
    used = {plan.dids[did].trunk: 1} if did is not None else {}
    for leg in ring.legs:
        if leg.trunks:
            roomy = (trunk for trunk in leg.trunks if used.get(trunk, 0) < _outgoing_channels(plan.trunks[trunk]))
            taken = next(roomy, leg.trunks[0])
            used[taken] = used.get(taken, 0) + 1
    short = (each for each, number in used.items() if number > _outgoing_channels(plan.trunks[each]))
    return next(((each, used[each] + 1) for each in short), (None, 0))


def _outgoing_channels(trunk: p.Trunk) -> float:
    return float("inf") if trunk.channels is None else trunk.channels - 1


def missing_prompts(evidence: Evidence) -> Iterator[Problem]:
    plan = evidence.plan
    languages = plan.organisation.languages
    for prompt in plan.prompts.values():
        missing = [language for language in languages if language not in prompt.variants]
        if missing:
            spoken = next(each for each in (languages[0], *prompt.variants) if each in prompt.variants)
            yield warning(
                "prompt-missing",
                f"prompts.{prompt.key}",
                note("is not there in {languages}: {spoken} is heard", languages=Listed(tuple(missing)), spoken=spoken),
                note("add the text or the file in these languages"),
                evidence.example_hearing(prompt.key, missing),
            )


def without_a_phone(evidence: Evidence) -> Iterator[Problem]:
    """People who are asked to answer calls beside others, and have no phone."""
    for person in evidence.plan.people.values():
        example = None if person.phones else evidence.example_with(person.key)
        if example is not None:
            yield warning(
                "no-phone",
                f"people.{person.key}",
                note("{person} is to be rung, and has no phone", person=person.name),
                note("give them a phone (people.{person}.phones), or take them out", person=person.key),
                example,
            )


# --- Examples ---


def _example_of_schedule(evidence: Evidence, schedule: str) -> ExampleCall | None:
    """A call that some route would take by this schedule."""
    return evidence.example_row(
        lambda table, _: any(schedule in table.plan.inbound_routes[place].hours.when for place in table.routes)
    )


def _example_of_unit(evidence: Evidence, unit: str, after: datetime) -> ExampleCall | None:
    """A call by somebody of `unit`, not before `after`, to a route that asks who is responsible."""
    found = (_first_of_unit(table, unit, after) for table in evidence.tables)
    first = min((each for each in found if each), key=lambda each: each[1], default=None)
    if first is None:
        return None
    table, at, kind = first
    return evidence.example(table, kind, at, unit)


def _first_of_unit(table: Timetable, unit: str, after: datetime) -> tuple[Timetable, datetime, Kind] | None:
    alike = next((each for each, units in table.domain.units.items() if unit in units), NONE)
    start = max(after, table.since)
    for at, state in ((start, table.state_at(start)), *table.eras_between(start, table.until)):
        for part in table.parts(state):
            if part.callers.showing == "known" and alike in part.callers.units and table.leads(part.route).responsible:
                return table, at, next(table.domain.kinds(replace(part.callers, units=frozenset({alike}))))
    return None


def _day(plan: p.Plan, at: datetime) -> date:
    return at.astimezone(hours.zone(plan)).date()
