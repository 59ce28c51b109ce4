"""Any valid plan, for properties: every class of plan.py, every field, every step.

`plans()` draws whole plans whose names all stand for something, as `load` would give them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

from aiguillage.routing import plan as p
from aiguillage.routing.numbers import E164, Pattern

KEYS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,6}", fullmatch=True)
TRICKY = st.sampled_from(
    [
        "no",
        "on",
        "null",
        "~",
        "true",
        "12:30",
        "010",
        "1e3",
        "0x1F",
        "2026-12-24",
        "- a",
        "a: b",
        "#x",
        "&a",
        "'",
        '"é',
    ]
)
PRINTABLE = st.characters(exclude_categories=("C", "Zl", "Zp"))
TEXTS = st.one_of(TRICKY, st.text(PRINTABLE, min_size=1, max_size=20).filter(lambda text: text.strip() != ""))
DATES = st.dates(date(1900, 1, 1), date(2200, 1, 1))
LANGUAGES = st.sampled_from(["fr", "nl", "de", "en"])
MOBILES = st.integers(0, 999_999).map(lambda number: E164(f"+32470{number:06}"))
PATTERNS = st.one_of(
    MOBILES.map(Pattern),
    st.from_regex(r"\+[1-9][0-9]{0,8}\*", fullmatch=True).map(Pattern),
    st.just(Pattern("+*")),
)
DIALLED_PATTERNS = st.one_of(PATTERNS, st.sampled_from(["112", "100", "1722"]).map(Pattern))
SECONDS = st.integers(1, 600)
EMAILS = st.none() | st.just("somebody@patro.example")
SPANS = st.just(p.Span(0, 1440)) | st.builds(
    lambda start, length: p.Span(start, start + length), st.integers(0, 1439), st.integers(1, 1439)
)


def tuples(of: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=least, max_size=most).map(tuple)


def named(keys: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of `keys`, or none."""
    return st.lists(st.sampled_from(keys), max_size=3).map(tuple) if keys else st.just(())


def maybe(keys: list[str]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(keys) if keys else st.none()


@dataclass(frozen=True)
class Names:
    """The keys of each section, drawn before the things themselves, so that these can name each other."""

    calendars: list[str]
    schedules: list[str]
    units: list[str]
    categories: list[str]
    queues: list[str]
    menus: list[str]
    permissions: list[str]
    trunks: list[str]
    dids: list[str]
    people: list[str]
    groups: list[str]
    prompts: list[str]
    boxes: list[str]


SOME = st.lists(KEYS, max_size=3, unique=True)
AT_LEAST_ONE = st.lists(KEYS, min_size=1, max_size=3, unique=True)
NAMES = st.builds(Names, *7 * [SOME], *6 * [AT_LEAST_ONE])


def _extension(section: int, keys: list[str], key: str) -> st.SearchStrategy[str | None]:
    """None, or one that nobody else has."""
    return st.none() | st.just(f"{section}0{keys.index(key)}")


def _hours(names: Names) -> st.SearchStrategy[p.Hours]:
    return st.builds(p.Hours, when=named(names.schedules), unless=named(names.schedules))


def _steps(names: Names, with_voicemail: list[str], least: int = 0) -> st.SearchStrategy[tuple[p.Step, ...]]:
    targets = [
        st.builds(p.PersonTarget, st.sampled_from(names.people)),
        st.builds(p.GroupTarget, st.sampled_from(names.groups)),
        st.just(p.Responsible()),
        st.just(p.LastColleague()),
    ]
    steps: list[st.SearchStrategy[Any]] = [
        st.builds(p.Play, st.sampled_from(names.prompts)),
        st.builds(p.Ring, st.one_of(targets), st.none() | SECONDS),
        st.builds(p.Dial, MOBILES, SECONDS, st.none() | st.booleans()),
        st.builds(p.LeaveMessage, box=st.sampled_from(names.boxes)),
        st.builds(p.HangUp, st.sampled_from(list(p.HANGUP_CAUSES))),
    ]
    if names.queues:
        steps.append(st.builds(p.JoinQueue, st.sampled_from(names.queues)))
    if names.menus:
        steps.append(st.builds(p.EnterMenu, st.sampled_from(names.menus)))
    if with_voicemail:
        steps.append(st.builds(p.LeaveMessage, person=st.sampled_from(with_voicemail)))
    return tuples(st.one_of(steps), least)


def _calendar(key: str) -> st.SearchStrategy[p.Calendar]:
    ranges = st.tuples(DATES, DATES, st.none() | TEXTS).map(
        lambda drawn: p.DateRange(min(drawn[:2]), max(drawn[:2]), drawn[2])
    )
    countries = st.sampled_from([None, "BE", "FR", "DE"])
    return st.builds(p.Calendar, st.just(key), public_holidays=countries, dates=tuples(ranges))


def _schedule(key: str, names: Names) -> st.SearchStrategy[p.Schedule]:
    days = st.sets(st.integers(0, 6), min_size=1).map(lambda drawn: tuple(sorted(drawn)))
    openings = tuples(st.builds(p.Opening, days, tuples(SPANS, 1)))
    exceptions: st.SearchStrategy[tuple[Any, ...]] = st.just(())
    if names.calendars:
        exceptions = tuples(st.builds(p.ScheduleException, st.sampled_from(names.calendars), tuples(SPANS)))
    return st.builds(p.Schedule, st.just(key), openings, exceptions)


def _mandate(person: str, days: tuple[date, date], limits: tuple[bool, bool], deputy: bool) -> p.Mandate:
    return p.Mandate(person, min(days) if limits[0] else None, max(days) if limits[1] else None, deputy)


def _unit(key: str, names: Names) -> st.SearchStrategy[p.Unit]:
    """Its parent is a unit that was drawn before it: no unit stands above itself."""
    mandates = st.builds(
        _mandate,
        st.sampled_from(names.people),
        st.tuples(DATES, DATES),
        st.tuples(st.booleans(), st.booleans()),
        st.booleans(),
    )
    parents = maybe(names.units[: names.units.index(key)])
    return st.builds(p.Unit, st.just(key), TEXTS, st.none() | TEXTS, parents, tuples(mandates))


@st.composite
def _phones(draw: st.DrawFn, person: str) -> dict[str, p.Phone]:
    phones = {}
    for key in draw(SOME):
        kind: Literal["fixed", "gsm"] = draw(st.sampled_from(["fixed", "gsm"]))
        ours = st.just(p.Phone(key, kind, endpoint=f"{person}_{key}"))
        outside = st.builds(p.Phone, st.just(key), st.just(kind), number=MOBILES, confirm=st.booleans())
        phones[key] = draw(ours | outside)
    return phones


@st.composite
def _person(draw: st.DrawFn, key: str, names: Names) -> p.Person:
    phones = draw(_phones(key))
    reach: st.SearchStrategy[tuple[p.Reach, ...]] = st.just(())
    if phones:
        reach = tuples(st.builds(p.Reach, tuples(st.sampled_from(list(phones)), 1), SECONDS, _hours(names)))
    return p.Person(
        key,
        draw(TEXTS),
        draw(_extension(2, names.people, key)),
        draw(EMAILS),
        draw(tuples(LANGUAGES)),
        phones,
        draw(reach),
        draw(maybe(names.permissions)),
        draw(st.none() | st.builds(p.PersonalVoicemail, st.booleans())),
    )


def _ring_group(key: str, names: Names) -> st.SearchStrategy[p.RingGroup]:
    return st.builds(
        p.RingGroup,
        st.just(key),
        TEXTS,
        tuples(st.sampled_from(names.people), 1),
        st.sampled_from(p.STRATEGIES),
        _extension(3, names.groups, key),
        SECONDS,
    )


def _queue(key: str, names: Names) -> st.SearchStrategy[p.Queue]:
    return st.builds(
        p.Queue,
        st.just(key),
        TEXTS,
        tuples(st.sampled_from(names.people), 1),
        st.sampled_from(p.STRATEGIES),
        _extension(4, names.queues, key),
        st.integers(1, 7200),
        st.none() | st.integers(1, 1000),
        st.booleans(),
        st.booleans(),
    )


def _prompt(key: str) -> st.SearchStrategy[p.Prompt]:
    variants = st.one_of(st.builds(p.Spoken, TEXTS), st.just(p.Recorded("welcome-2.wav")))
    return st.builds(p.Prompt, st.just(key), st.dictionaries(LANGUAGES, variants, min_size=1))


def _menu(key: str, names: Names, steps: st.SearchStrategy[tuple[p.Step, ...]]) -> st.SearchStrategy[p.Menu]:
    return st.builds(
        p.Menu,
        st.just(key),
        st.sampled_from(names.prompts),
        st.dictionaries(st.sampled_from("0123456789*#"), steps, max_size=3),
        steps,
        st.integers(1, 60),
        st.integers(1, 10),
        st.booleans(),
    )


def _voicemail_box(key: str, names: Names) -> st.SearchStrategy[p.VoicemailBox]:
    return st.builds(p.VoicemailBox, st.just(key), TEXTS, _extension(5, names.boxes, key), EMAILS, maybe(names.prompts))


def _trunk(key: str) -> st.SearchStrategy[p.Trunk]:
    return st.builds(
        p.Trunk,
        st.just(key),
        st.sampled_from(["127.0.0.1", "127.0.0.1:5090", "sip.operator.example"]),
        st.none() | st.integers(1, 10_000),
        st.sampled_from(["caller", "ours"]),
        st.sampled_from([None, "patro", "3271000001"]),
    )


def _did(key: str, names: Names) -> st.SearchStrategy[p.Did]:
    number = E164(f"+327100000{names.dids.index(key)}")
    return st.builds(p.Did, st.just(key), st.just(number), st.sampled_from(names.trunks), st.none() | TEXTS)


def _caller_condition(names: Names) -> st.SearchStrategy[p.CallerCondition]:
    durations = st.integers(1, 999 * 7 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
    with_a_number = st.builds(
        p.CallerCondition,
        numbers=tuples(PATTERNS),
        categories=named(names.categories),
        units=named(names.units),
        languages=tuples(LANGUAGES),
        known=st.none() | st.booleans(),
        withheld=st.sampled_from([None, False]),
        returning_call=st.none() | durations,
    )
    return st.just(p.ANYBODY) | st.just(p.CallerCondition(withheld=True)) | with_a_number


def _inbound_routes(names: Names, steps: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[p.InboundRoute, ...]]:
    return tuples(
        st.builds(
            p.InboundRoute,
            TEXTS,
            steps,
            to=named(names.dids),
            caller=_caller_condition(names),
            hours=_hours(names),
        )
    ).map(_each_name_once)


def _outbound_routes(names: Names) -> st.SearchStrategy[tuple[p.OutboundRoute, ...]]:
    return tuples(
        st.builds(
            p.OutboundRoute,
            TEXTS,
            tuples(DIALLED_PATTERNS, 1),
            tuples(st.sampled_from(names.trunks), 1),
            maybe(names.dids),
        )
    ).map(_each_name_once)


def _each_name_once(routes: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple({route.name: route for route in routes}.values())


@st.composite
def plans(draw: st.DrawFn) -> p.Plan:
    """A whole plan, as `load` would give it."""
    names = draw(NAMES)
    people = {key: draw(_person(key, names)) for key in names.people}
    with_voicemail = [key for key, person in people.items() if person.voicemail is not None]
    steps = _steps(names, with_voicemail)
    return p.Plan(
        organisation=p.Organisation(
            draw(TEXTS), "BE", draw(st.sampled_from(["Europe/Brussels", "UTC"])), draw(tuples(LANGUAGES, 1))
        ),
        trunks={key: draw(_trunk(key)) for key in names.trunks},
        dids={key: draw(_did(key, names)) for key in names.dids},
        calendars={key: draw(_calendar(key)) for key in names.calendars},
        schedules={key: draw(_schedule(key, names)) for key in names.schedules},
        units={key: draw(_unit(key, names)) for key in names.units},
        categories={key: p.Category(key, draw(TEXTS)) for key in names.categories},
        people=people,
        ring_groups={key: draw(_ring_group(key, names)) for key in names.groups},
        queues={key: draw(_queue(key, names)) for key in names.queues},
        prompts={key: draw(_prompt(key)) for key in names.prompts},
        menus={key: draw(_menu(key, names, steps)) for key in names.menus},
        voicemail_boxes={key: draw(_voicemail_box(key, names)) for key in names.boxes},
        inbound_routes=draw(_inbound_routes(names, steps)),
        outbound_routes=draw(_outbound_routes(names)),
        permissions={key: p.Permission(key, draw(tuples(DIALLED_PATTERNS))) for key in names.permissions},
        never_dial=draw(tuples(DIALLED_PATTERNS)),
        last_resort=draw(_steps(names, with_voicemail, least=1)),
    )
