"""The plan as frozen values: one class for each thing that the plan document can say.

`document.py` is the only place that builds a plan from text, so a `Plan` in hand is whole: every name in
it exists, every number is E.164, every time is a time. Keys (`claire`, `office`) are the document's
mapping keys; references between things are keys, kept as strings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, assert_never

from aiguillage.routing.numbers import E164, Pattern

Strategy = Literal["ringall", "hunt", "rotary", "random", "leastrecent"]
STRATEGIES: tuple[Strategy, ...] = ("ringall", "hunt", "rotary", "random", "leastrecent")

ForwardedCallerId = Literal["caller", "ours", "diversion"]
FORWARDED_CALLER_IDS: tuple[ForwardedCallerId, ...] = ("caller", "ours", "diversion")

HangupCause = Literal["normal", "busy", "rejected", "congestion"]
HANGUP_CAUSES: Mapping[HangupCause, int] = {"normal": 16, "busy": 17, "rejected": 21, "congestion": 34}
"""Word of the document -> Q.850 cause that Asterisk's Hangup() takes."""

DEFAULT_RING_SECONDS = 20
DEFAULT_DIAL_SECONDS = 30
DEFAULT_QUEUE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Organisation:
    """`country` is ISO 3166 alpha-2; `timezone` an IANA name; `languages` ISO 639-1, the first is the default."""

    name: str
    country: str
    timezone: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trunk:
    """A SIP trunk to an operator. `server` is `host` or `host:port`; `channels` caps parallel calls.

    `forwarded_caller_id`: what a GSM shows of a call that we forward. `caller`: the caller's number, and ours as the
    asserted one; `ours`: our number; `diversion`: ours in From, the caller's as the asserted one, with a Diversion.

    `registers_as`: the user name by which we register with the operator; None: it knows us by our address. The password
    is no part of the plan.
    """

    key: str
    server: str
    channels: int | None = None
    forwarded_caller_id: ForwardedCallerId = "caller"
    registers_as: str | None = None


@dataclass(frozen=True, slots=True)
class Did:
    """One of our own numbers, and the trunk that it arrives on."""

    key: str
    number: E164
    trunk: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from `first` to `last`, both inclusive."""

    first: date
    last: date
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that differ from the others: listed dates, a country's public holidays (ISO code), or both."""

    key: str
    public_holidays: str | None = None
    dates: tuple[DateRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes since midnight of the day it starts on: [start, end). `end` over 1440 crosses midnight."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Opening:
    """`spans` on each of `days` (0 = Monday … 6 = Sunday)."""

    days: tuple[int, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ScheduleException:
    """On a day that `calendar` holds, `spans` replace the whole day; no spans = closed."""

    calendar: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekly openings on the organisation's wall clock. The first exception that holds a day decides it."""

    key: str
    openings: tuple[Opening, ...]
    exceptions: tuple[ScheduleException, ...] = ()


@dataclass(frozen=True, slots=True)
class Mandate:
    """`person` answers for a unit from `first` to `last`, both inclusive; None = no limit."""

    person: str
    first: date | None = None
    last: date | None = None
    deputy: bool = False

    def valid(self, day: date) -> bool:
        return (self.first or day) <= day <= (self.last or day)


@dataclass(frozen=True, slots=True)
class Unit:
    """A node of the organisation's tree, e.g. a region or a local group."""

    key: str
    name: str
    level: str | None = None
    parent: str | None = None
    mandates: tuple[Mandate, ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """What a caller can be to the organisation."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A SIP phone that registers with us (`endpoint`) or an outside line (`number`), exactly one of them.

    `confirm`, for an outside line only: whoever answers must press 1 before the caller is connected, so that
    the line's own voicemail cannot swallow the call.
    """

    key: str
    kind: Literal["fixed", "gsm"]
    endpoint: str | None = None
    number: E164 | None = None
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """A condition on schedules: every one of `when` is open and every one of `unless` is closed."""

    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


ALWAYS = Hours()


@dataclass(frozen=True, slots=True)
class Reach:
    """Ring these phones of the person together, for `seconds`; skipped where `hours` does not hold."""

    phones: tuple[str, ...]
    seconds: int = DEFAULT_RING_SECONDS
    hours: Hours = ALWAYS


@dataclass(frozen=True, slots=True)
class PersonalVoicemail:
    """`email`: send each message to the person's address too."""

    email: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the staff; `reach` is tried in its order."""

    key: str
    name: str
    extension: str | None = None
    email: str | None = None
    languages: tuple[str, ...] = ()
    phones: Mapping[str, Phone] = field(default_factory=dict)
    reach: tuple[Reach, ...] = ()
    outbound: str | None = None
    voicemail: PersonalVoicemail | None = None


@dataclass(frozen=True, slots=True)
class RingGroup:
    """Members are people; `seconds` is for the whole group (ringall) or for each member (the others)."""

    key: str
    name: str
    members: tuple[str, ...]
    strategy: Strategy = "ringall"
    extension: str | None = None
    seconds: int = DEFAULT_RING_SECONDS


@dataclass(frozen=True, slots=True)
class Queue:
    """Callers wait in turn, at most `max_wait` seconds, until a member is free."""

    key: str
    name: str
    members: tuple[str, ...]
    strategy: Strategy = "ringall"
    extension: str | None = None
    max_wait: int = DEFAULT_QUEUE_SECONDS
    max_callers: int | None = None
    announce_position: bool = False
    offer_callback: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that a synthesiser speaks."""

    say: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording, by file name."""

    file: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One announcement, by language."""

    key: str
    variants: Mapping[str, Spoken | Recorded]


@dataclass(frozen=True, slots=True)
class VoicemailBox:
    """A shared message box; `greeting` is a prompt."""

    key: str
    name: str
    extension: str | None = None
    email: str | None = None
    greeting: str | None = None


# --- Steps: what a route, a menu key or the last resort asks for -------------------------------------


@dataclass(frozen=True, slots=True)
class PersonTarget:
    """`person:claire`: the person's own `reach`."""

    person: str


@dataclass(frozen=True, slots=True)
class GroupTarget:
    """`group:reception`: the members by the group's strategy."""

    group: str


@dataclass(frozen=True, slots=True)
class Responsible:
    """`responsible`: who answers for the caller's unit today, or for the nearest unit above it."""


@dataclass(frozen=True, slots=True)
class LastColleague:
    """`last-colleague`: the colleague who last called this number."""


RingTarget = PersonTarget | GroupTarget | Responsible | LastColleague


def target_text(target: RingTarget) -> str:
    """The target as the document writes it."""
    match target:
        case PersonTarget(person):
            return f"person:{person}"
        case GroupTarget(group):
            return f"group:{group}"
        case Responsible():
            return "responsible"
        case LastColleague():
            return "last-colleague"
        case _:
            assert_never(target)


@dataclass(frozen=True, slots=True)
class Play:
    prompt: str


@dataclass(frozen=True, slots=True)
class Ring:
    """`seconds` overrides the target's own times; None keeps them."""

    target: RingTarget
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """An outside number. `confirm`: as for a phone; None = yes for a mobile number, no for others."""

    number: E164
    seconds: int = DEFAULT_DIAL_SECONDS
    confirm: bool | None = None


@dataclass(frozen=True, slots=True)
class JoinQueue:
    queue: str


@dataclass(frozen=True, slots=True)
class EnterMenu:
    menu: str


@dataclass(frozen=True, slots=True)
class LeaveMessage:
    """Exactly one of a shared box and a person with a voicemail of their own."""

    box: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    cause: HangupCause


Step = Play | Ring | Dial | JoinQueue | EnterMenu | LeaveMessage | HangUp


@dataclass(frozen=True, slots=True)
class Menu:
    """`wait` seconds for a key after the prompt, `attempts` times; then `otherwise`."""

    key: str
    prompt: str
    keys: Mapping[str, tuple[Step, ...]]
    otherwise: tuple[Step, ...] = ()
    wait: int = 4
    attempts: int = 2
    extensions: bool = False


@dataclass(frozen=True, slots=True)
class CallerCondition:
    """What a route asks of the caller. Every condition that is set must hold, one value of it is enough.

    `units` holds each unit with all below it. `returning_call`: one of us called this number within that
    time. Withheld callers match `withheld=True` and nothing else.
    """

    numbers: tuple[Pattern, ...] = ()
    categories: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    known: bool | None = None
    withheld: bool | None = None
    returning_call: timedelta | None = None


ANYBODY = CallerCondition()


@dataclass(frozen=True, slots=True)
class InboundRoute:
    """The first route whose conditions all hold takes the call. Empty `to` = every number of ours."""

    name: str
    steps: tuple[Step, ...]
    to: tuple[str, ...] = ()
    caller: CallerCondition = ANYBODY
    hours: Hours = ALWAYS


@dataclass(frozen=True, slots=True)
class OutboundRoute:
    """Numbers dialled out over `trunks`, in this order; `show` is the DID that the other side sees.

    A number of two to six digits without `+` (112) is kept as it is dialled.
    """

    name: str
    numbers: tuple[Pattern, ...]
    trunks: tuple[str, ...]
    show: str | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """A class of service: the outside numbers that a person may dial."""

    key: str
    numbers: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole document. Mappings are by key, in document order.

    `worked_out` is no part of it: what many calls ask and the plan alone answers, kept by those who have worked it out.
    """

    organisation: Organisation
    trunks: Mapping[str, Trunk] = field(default_factory=dict)
    dids: Mapping[str, Did] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    ring_groups: Mapping[str, RingGroup] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=dict)
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    menus: Mapping[str, Menu] = field(default_factory=dict)
    voicemail_boxes: Mapping[str, VoicemailBox] = field(default_factory=dict)
    inbound_routes: tuple[InboundRoute, ...] = ()
    outbound_routes: tuple[OutboundRoute, ...] = ()
    permissions: Mapping[str, Permission] = field(default_factory=dict)
    never_dial: tuple[Pattern, ...] = ()
    last_resort: tuple[Step, ...] = ()
    worked_out: dict[tuple[str, ...], Any] = field(default_factory=dict, init=False, compare=False, repr=False)


def ladder(plan: Plan, unit: str | None) -> tuple[str, ...]:
    """`unit` and those above it, nearest first; nothing for a unit that the plan does not know."""
    if unit is None:
        return ()
    known: tuple[str, ...] | None = plan.worked_out.get(("ladder", unit))
    if known is None:
        known = plan.worked_out["ladder", unit] = tuple(_climb(plan, unit))
    return known


def _climb(plan: Plan, unit: str | None) -> Iterator[str]:
    while unit is not None and unit in plan.units:
        yield unit
        unit = plan.units[unit].parent


def language_of(plan: Plan, person: Person | None) -> str:
    """The first of the person's languages that the organisation speaks, else the organisation's first."""
    spoken = plan.organisation.languages
    return next((each for each in (person.languages if person else ()) if each in spoken), spoken[0])


def did_of(plan: Plan, number: str) -> str | None:
    """The key of the DID that is `number` (E.164); None where it is not one of our own."""
    known: dict[str, str] | None = plan.worked_out.get(("dids",))
    if known is None:
        known = plan.worked_out["dids",] = {did.number: did.key for did in plan.dids.values()}
    return known.get(number)


def is_ours(plan: Plan, number: str) -> bool:
    """Whether `number` (E.164) is one of our own."""
    return did_of(plan, number) is not None


def first_number(plan: Plan) -> E164 | None:
    """The number of ours that stands first in the document."""
    return next((did.number for did in plan.dids.values()), None)
