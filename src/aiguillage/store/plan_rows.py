"""A plan as rows and back, both pure: table name -> rows, in the order of `routing.plan`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from aiguillage.routing import plan as p
from aiguillage.routing.document.spellings import format_days, format_hours, parse_days, parse_hours
from aiguillage.routing.numbers import Pattern

Row = Mapping[str, Any]
Rows = Mapping[str, list[dict[str, Any]]]


def rows_of(plan: p.Plan) -> Rows:
    """Every row that keeps `plan`."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, row in _rows(plan):
        rows[table].append(row)
    return rows


def _rows(plan: p.Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    organisation = plan.organisation
    yield (
        "organisation",
        {
            "id": 1,
            "name": organisation.name,
            "country": organisation.country,
            "timezone": organisation.timezone,
            "languages": " ".join(organisation.languages),
        },
    )
    for table, things in (
        ("trunks", plan.trunks),
        ("dids", plan.dids),
        ("categories", plan.categories),
    ):
        for position, thing in enumerate(things.values()):
            yield table, {"position": position, **_columns(thing)}
    yield from _hours_rows(plan)
    yield from _people_rows(plan)
    yield from _target_rows(plan)
    yield from _route_rows(plan)


def _columns(thing: Any, *leave_out: str) -> dict[str, Any]:
    """The fields of a flat dataclass as columns."""
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__ if name not in leave_out}


def _list(table: str, owner: Row, column: str, values: Iterable[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, value in enumerate(values):
        yield table, {**owner, "position": position, column: value}


def _conditions(table: str, owner: Row, hours: p.Hours) -> Iterator[tuple[str, dict[str, Any]]]:
    wanted = [(key, True) for key in hours.when] + [(key, False) for key in hours.unless]
    for position, (schedule, is_open) in enumerate(wanted):
        yield table, {**owner, "position": position, "schedule": schedule, "open": is_open}


def _hours_rows(plan: p.Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, calendar in enumerate(plan.calendars.values()):
        yield "calendars", {"position": position, **_columns(calendar, "dates")}
        for inner, dates in enumerate(calendar.dates):
            yield "calendar_dates", {"calendar": calendar.key, "position": inner, **_columns(dates)}
    for position, schedule in enumerate(plan.schedules.values()):
        yield "schedules", {"key": schedule.key, "position": position}
        owner = {"schedule": schedule.key}
        for inner, opening in enumerate(schedule.openings):
            written = {"days": format_days(opening.days), "hours": format_hours(opening.spans)}
            yield "schedule_openings", {**owner, "position": inner, **written}
        for inner, exception in enumerate(schedule.exceptions):
            hours = format_hours(exception.spans) or None
            yield (
                "schedule_exceptions",
                {**owner, "position": inner, "calendar": exception.calendar, "hours": hours},
            )


def _people_rows(plan: p.Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, unit in enumerate(plan.units.values()):
        yield "units", {"position": position, **_columns(unit, "mandates")}
        for inner, mandate in enumerate(unit.mandates):
            yield "mandates", {"unit": unit.key, "position": inner, **_columns(mandate)}
    for position, permission in enumerate(plan.permissions.values()):
        yield "permissions", {"key": permission.key, "position": position}
        yield from _list("permission_numbers", {"permission": permission.key}, "pattern", _texts(permission.numbers))
    for position, person in enumerate(plan.people.values()):
        yield (
            "people",
            {
                "position": position,
                **_columns(person, "languages", "phones", "reach", "voicemail"),
                "languages": " ".join(person.languages),
                "voicemail": person.voicemail is not None,
                "voicemail_email": person.voicemail is not None and person.voicemail.email,
            },
        )
        for inner, phone in enumerate(person.phones.values()):
            yield "phones", {"person": person.key, "position": inner, **_columns(phone)}
        for inner, reach in enumerate(person.reach):
            yield "reach", {"person": person.key, "position": inner, "seconds": reach.seconds}
            owner = {"person": person.key, "reach": inner}
            yield from _list("reach_phones", owner, "phone", reach.phones)
            yield from _conditions("reach_schedules", owner, reach.hours)


def _target_rows(plan: p.Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, group in enumerate(plan.ring_groups.values()):
        yield "ring_groups", {"position": position, **_columns(group, "members")}
        yield from _list("ring_group_members", {"ring_group": group.key}, "person", group.members)
    for position, queue in enumerate(plan.queues.values()):
        yield "queues", {"position": position, **_columns(queue, "members")}
        yield from _list("queue_members", {"queue": queue.key}, "person", queue.members)
    for position, prompt in enumerate(plan.prompts.values()):
        yield "prompts", {"key": prompt.key, "position": position}
        for inner, (language, variant) in enumerate(prompt.variants.items()):
            say, file = (variant.say, None) if isinstance(variant, p.Spoken) else (None, variant.file)
            owner = {"prompt": prompt.key, "language": language}
            yield "prompt_variants", {**owner, "position": inner, "say": say, "file": file}
    for position, menu in enumerate(plan.menus.values()):
        yield "menus", {"position": position, **_columns(menu, "keys", "otherwise")}
        for inner, (key, steps) in enumerate(menu.keys.items()):
            yield "menu_keys", {"menu": menu.key, "key": key, "position": inner}
            yield from _step_rows({"menu": menu.key, "menu_key": key}, steps)
        yield from _step_rows({"menu": menu.key}, menu.otherwise)
    for position, box in enumerate(plan.voicemail_boxes.values()):
        yield "voicemail_boxes", {"position": position, **_columns(box)}


def _route_rows(plan: p.Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, route in enumerate(plan.inbound_routes):
        caller, owner = route.caller, {"route": route.name}
        yield (
            "inbound_routes",
            {
                "name": route.name,
                "position": position,
                "known": caller.known,
                "withheld": caller.withheld,
                "returning_call": caller.returning_call and caller.returning_call // timedelta(minutes=1),
            },
        )
        yield from _list("inbound_route_dids", owner, "did", route.to)
        yield from _list("inbound_route_numbers", owner, "pattern", _texts(caller.numbers))
        yield from _list("inbound_route_categories", owner, "category", caller.categories)
        yield from _list("inbound_route_units", owner, "unit", caller.units)
        yield from _list("inbound_route_languages", owner, "language", caller.languages)
        yield from _conditions("inbound_route_schedules", owner, route.hours)
        yield from _step_rows(owner, route.steps)
    for position, out in enumerate(plan.outbound_routes):
        yield "outbound_routes", {"name": out.name, "position": position, "show": out.show}
        yield from _list("outbound_route_numbers", {"route": out.name}, "pattern", _texts(out.numbers))
        yield from _list("outbound_route_trunks", {"route": out.name}, "trunk", out.trunks)
    yield from _list("never_dial", {}, "pattern", _texts(plan.never_dial))
    yield from _step_rows({"last_resort": True}, plan.last_resort)


def _texts(patterns: Iterable[Pattern]) -> Iterator[str]:
    return (pattern.text for pattern in patterns)


_NO_STEP: Row = dict.fromkeys(
    (
        "route",
        "menu",
        "menu_key",
        "person",
        "ring_group",
        "prompt",
        "queue",
        "entered_menu",
        "box",
        "number",
        "seconds",
        "confirm",
        "cause",
    )
)


def _step_rows(owner: Row, steps: Iterable[p.Step]) -> Iterator[tuple[str, dict[str, Any]]]:
    for position, step in enumerate(steps):
        yield "steps", {**_NO_STEP, "last_resort": False, **owner, "position": position, **_step_row(step)}


def _step_row(step: p.Step) -> dict[str, Any]:
    match step:
        case p.Play(prompt):
            return {"kind": "play", "prompt": prompt}
        case p.Ring(p.PersonTarget(person), seconds):
            return {"kind": "ring", "person": person, "seconds": seconds}
        case p.Ring(p.GroupTarget(group), seconds):
            return {"kind": "ring", "ring_group": group, "seconds": seconds}
        case p.Ring(p.Responsible(), seconds):
            return {"kind": "ring responsible", "seconds": seconds}
        case p.Ring(p.LastColleague(), seconds):
            return {"kind": "ring last-colleague", "seconds": seconds}
        case p.Dial(number, seconds, confirm):
            return {"kind": "dial", "number": number, "seconds": seconds, "confirm": confirm}
        case p.JoinQueue(queue):
            return {"kind": "queue", "queue": queue}
        case p.EnterMenu(menu):
            return {"kind": "menu", "entered_menu": menu}
        case p.LeaveMessage(box, person):
            return {"kind": "voicemail", "box": box, "person": person}
        case p.HangUp(cause):
            return {"kind": "hangup", "cause": cause}
        case _:
            raise AssertionError(f"no row for {step}")


# --- Rows -> plan -------------------------------------------------------------------------------------------


class _Reader:
    """The rows of one plan, each table in the order of its positions, grouped by owner where asked."""

    def __init__(self, rows: Rows) -> None:
        self._rows = {name: sorted(found, key=lambda row: row.get("position", 0)) for name, found in rows.items()}

    def all(self, table: str) -> list[dict[str, Any]]:
        return self._rows.get(table, [])

    def grouped(self, table: str, *owner: str) -> Mapping[tuple[Any, ...], list[dict[str, Any]]]:
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in self.all(table):
            groups[tuple(row[column] for column in owner)].append(row)
        return groups

    def lists(self, table: str, owner: str, column: str) -> Mapping[str, tuple[Any, ...]]:
        groups = self.grouped(table, owner)
        return defaultdict(tuple, {key: tuple(row[column] for row in found) for (key,), found in groups.items()})

    def patterns(self, table: str, owner: str) -> Mapping[str, tuple[Pattern, ...]]:
        found = self.lists(table, owner, "pattern")
        return defaultdict(tuple, {key: tuple(map(Pattern, texts)) for key, texts in found.items()})


def plan_of(rows: Rows) -> p.Plan | None:
    """The plan that the rows keep; None where there is none."""
    reader = _Reader(rows)
    found = reader.all("organisation")
    if not found:
        return None
    organisation = found[0]
    steps = reader.grouped("steps", "route", "menu", "menu_key")
    permissions = reader.patterns("permission_numbers", "permission")
    mandates = reader.grouped("mandates", "unit")
    return p.Plan(
        organisation=p.Organisation(
            organisation["name"],
            organisation["country"],
            organisation["timezone"],
            tuple(organisation["languages"].split()),
        ),
        trunks={row["key"]: p.Trunk(**_without(row, "position")) for row in reader.all("trunks")},
        dids={row["key"]: p.Did(**_without(row, "position")) for row in reader.all("dids")},
        calendars=_calendars(reader),
        schedules=_schedules(reader),
        units={
            row["key"]: p.Unit(
                **_without(row, "position"),
                mandates=tuple(p.Mandate(**_without(each, "unit", "position")) for each in mandates[row["key"],]),
            )
            for row in reader.all("units")
        },
        categories={row["key"]: p.Category(row["key"], row["name"]) for row in reader.all("categories")},
        people=_people(reader),
        ring_groups=_with_members(reader, "ring_groups", "ring_group_members", "ring_group", p.RingGroup),
        queues=_with_members(reader, "queues", "queue_members", "queue", p.Queue),
        prompts=_prompts(reader),
        menus=_menus(reader, steps),
        voicemail_boxes={
            row["key"]: p.VoicemailBox(**_without(row, "position")) for row in reader.all("voicemail_boxes")
        },
        inbound_routes=_inbound_routes(reader, steps),
        outbound_routes=_outbound_routes(reader),
        permissions={
            row["key"]: p.Permission(row["key"], permissions[row["key"]]) for row in reader.all("permissions")
        },
        never_dial=tuple(Pattern(row["pattern"]) for row in reader.all("never_dial")),
        last_resort=_steps(row for row in steps[None, None, None] if row["last_resort"]),
    )


def _without(row: Row, *columns: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in columns}


def _calendars(reader: _Reader) -> dict[str, p.Calendar]:
    dates = reader.grouped("calendar_dates", "calendar")
    return {
        row["key"]: p.Calendar(
            row["key"],
            row["public_holidays"],
            tuple(p.DateRange(each["first"], each["last"], each["label"]) for each in dates[row["key"],]),
        )
        for row in reader.all("calendars")
    }


def _schedules(reader: _Reader) -> dict[str, p.Schedule]:
    openings = reader.grouped("schedule_openings", "schedule")
    exceptions = reader.grouped("schedule_exceptions", "schedule")
    return {
        row["key"]: p.Schedule(
            row["key"],
            tuple(p.Opening(parse_days(each["days"]), parse_hours(each["hours"])) for each in openings[row["key"],]),
            tuple(
                p.ScheduleException(each["calendar"], parse_hours(each["hours"]) if each["hours"] else ())
                for each in exceptions[row["key"],]
            ),
        )
        for row in reader.all("schedules")
    }


def _hours(rows: Iterable[Row]) -> p.Hours:
    listed = list(rows)
    return p.Hours(
        tuple(row["schedule"] for row in listed if row["open"]),
        tuple(row["schedule"] for row in listed if not row["open"]),
    )


def _people(reader: _Reader) -> dict[str, p.Person]:
    phones = reader.grouped("phones", "person")
    reach = reader.grouped("reach", "person")
    reach_phones = reader.grouped("reach_phones", "person", "reach")
    reach_schedules = reader.grouped("reach_schedules", "person", "reach")

    def reach_of(row: Row) -> p.Reach:
        owner = (row["person"], row["position"])
        rung = tuple(each["phone"] for each in reach_phones[owner])
        return p.Reach(rung, row["seconds"], _hours(reach_schedules[owner]))

    return {
        row["key"]: p.Person(
            **_without(row, "position", "languages", "voicemail", "voicemail_email"),
            languages=tuple(row["languages"].split()),
            phones={each["key"]: p.Phone(**_without(each, "person", "position")) for each in phones[row["key"],]},
            reach=tuple(map(reach_of, reach[row["key"],])),
            voicemail=p.PersonalVoicemail(row["voicemail_email"]) if row["voicemail"] else None,
        )
        for row in reader.all("people")
    }


def _with_members(reader: _Reader, table: str, members_table: str, owner: str, make: Any) -> dict[str, Any]:
    members = reader.lists(members_table, owner, "person")
    return {row["key"]: make(**_without(row, "position"), members=members[row["key"]]) for row in reader.all(table)}


def _prompts(reader: _Reader) -> dict[str, p.Prompt]:
    variants = reader.grouped("prompt_variants", "prompt")
    return {
        row["key"]: p.Prompt(
            row["key"],
            {
                each["language"]: p.Recorded(each["file"]) if each["say"] is None else p.Spoken(each["say"])
                for each in variants[row["key"],]
            },
        )
        for row in reader.all("prompts")
    }


Steps = Mapping[tuple[Any, ...], list[dict[str, Any]]]


def _menus(reader: _Reader, steps: Steps) -> dict[str, p.Menu]:
    keys = reader.grouped("menu_keys", "menu")
    return {
        row["key"]: p.Menu(
            **_without(row, "position"),
            keys={each["key"]: _steps(steps[None, row["key"], each["key"]]) for each in keys[row["key"],]},
            otherwise=_steps(steps[None, row["key"], None]),
        )
        for row in reader.all("menus")
    }


def _inbound_routes(reader: _Reader, steps: Steps) -> tuple[p.InboundRoute, ...]:
    dids = reader.lists("inbound_route_dids", "route", "did")
    numbers = reader.patterns("inbound_route_numbers", "route")
    categories = reader.lists("inbound_route_categories", "route", "category")
    units = reader.lists("inbound_route_units", "route", "unit")
    languages = reader.lists("inbound_route_languages", "route", "language")
    schedules = reader.grouped("inbound_route_schedules", "route")

    def route_of(row: Row) -> p.InboundRoute:
        name, minutes = row["name"], row["returning_call"]
        caller = p.CallerCondition(
            numbers=numbers[name],
            categories=categories[name],
            units=units[name],
            languages=languages[name],
            known=row["known"],
            withheld=row["withheld"],
            returning_call=timedelta(minutes=minutes) if minutes else None,
        )
        return p.InboundRoute(name, _steps(steps[name, None, None]), dids[name], caller, _hours(schedules[name,]))

    return tuple(map(route_of, reader.all("inbound_routes")))


def _outbound_routes(reader: _Reader) -> tuple[p.OutboundRoute, ...]:
    numbers = reader.patterns("outbound_route_numbers", "route")
    trunks = reader.lists("outbound_route_trunks", "route", "trunk")
    return tuple(
        p.OutboundRoute(row["name"], numbers[row["name"]], trunks[row["name"]], row["show"])
        for row in reader.all("outbound_routes")
    )


def _steps(rows: Iterable[Row]) -> tuple[p.Step, ...]:
    return tuple(map(_step, rows))


def _step(row: Row) -> p.Step:
    match row["kind"]:
        case "play":
            return p.Play(row["prompt"])
        case "ring":
            person, group = row["person"], row["ring_group"]
            return p.Ring(p.PersonTarget(person) if person else p.GroupTarget(group), row["seconds"])
        case "ring responsible":
            return p.Ring(p.Responsible(), row["seconds"])
        case "ring last-colleague":
            return p.Ring(p.LastColleague(), row["seconds"])
        case "dial":
            return p.Dial(row["number"], row["seconds"], row["confirm"])
        case "queue":
            return p.JoinQueue(row["queue"])
        case "menu":
            return p.EnterMenu(row["entered_menu"])
        case "voicemail":
            return p.LeaveMessage(row["box"], row["person"])
        case "hangup":
            return p.HangUp(row["cause"])
        case kind:
            raise AssertionError(f"no step for {kind}")
