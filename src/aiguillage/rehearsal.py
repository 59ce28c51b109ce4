"""Place a real call on a running system with simulated phones, and tell what happened: `make call`, and the tests."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiguillage.desk import explaining, provisioning
from aiguillage.desk.snapshot import published_plan
from aiguillage.desk.telling import story_in_words
from aiguillage.desk.wording import Words as Spoken
from aiguillage.desk.wording import words_in
from aiguillage.errors import CallGone, NumberRefused, Refused
from aiguillage.routing import hours
from aiguillage.routing.numbers import parse_written
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings
from aiguillage.simulator.caller_leg import CallerLeg
from aiguillage.simulator.telephones import Telephones
from aiguillage.store import journal
from aiguillage.store.database import Database, open_database
from aiguillage.store.journal import DecisionRecord, EventRecord

Say = Callable[[str], None]

TALK_SECONDS = 2.0
MESSAGE_SECONDS = 8.5
GREETING_SECONDS = 6.0
"""As long as a greeting may take, where nobody tells when it is over."""
LONGEST_SECONDS = 240.0
QUIET_SECONDS = 25.0
"""A GSM that was picked up is asked to its end, even when a colleague has taken the call meanwhile."""
EVERYBODY = "answer after 3"
_PRESS = re.compile(r"(?P<seconds>[0-9]+(?:\.[0-9]+)?)=(?P<keys>[0-9*#]+)")


@dataclass(frozen=True, slots=True)
class Words:
    """A call as the command line tells it; empty: `called` our first number, `at` now, `answer` everybody.

    `caller` may be a person of the plan, who dials `called` on the desk phone. `keys`: `5=2 9=1`, what the caller
    presses, by seconds since the answer.
    """

    caller: str
    called: str = ""
    at: str = ""
    answer: str = ""
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A call to be placed. `behaviours` by line (SIP endpoint or number); `at` is on the organisation's clock.

    `presses`: the keys that the caller presses, by seconds since the answer. `phone`: the endpoint that dials
    `called`, a text then; `caller` is its owner's key.
    """

    caller: str | None
    called: str
    at: datetime | None
    behaviours: Mapping[str, str]
    presses: Mapping[float, str] = field(default_factory=dict[float, str])
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where calls are rehearsed: telephones that are there, the journal, the plan that is live."""

    telephones: Telephones
    database: Database
    plan: Plan
    simulator_secret: str
    words: Spoken = field(default_factory=lambda: words_in("en"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Asterisk and the service recorded of the call; `decision` None: the service was not asked."""

    status: int | None
    decision: DecisionRecord | None
    events: tuple[EventRecord, ...]


def rehearse_on_the_running_demo(settings: Settings, words: Words, say: Say | None) -> dict[str, Any]:
    """Place the call, telling each thing to `say` as it happens; the outcome as JSON data.

    Raises Refused for words that are wrong, Unavailable when the demo does not run.
    """
    if not settings.simulation:
        raise Refused("calls can be simulated only where AIGUILLAGE_SIMULATION is on, as under make run")
    database = open_database(settings.url)
    try:
        plan = published_plan(database)
        scene = scene_of(plan, words)
        outcome = asyncio.run(_rehearse(settings, database, plan, scene, say or _say_nothing))
    finally:
        database.close()
    return {
        "status": outcome.status,
        "decision": asdict(outcome.decision) | {"at": outcome.decision.at.isoformat()} if outcome.decision else None,
        "events": [asdict(event) | {"at": event.at.isoformat()} for event in outcome.events],
    }


def scene_of(plan: Plan, words: Words) -> Scene:
    """The scene that the words of the command line mean. Raises Refused."""
    try:
        instant = datetime.fromisoformat(words.at) if words.at else None
    except ValueError:
        raise Refused(f'"{words.at}" is no date and time; write "2026-11-24 10:00"') from None
    if words.caller in plan.people:
        return _scene_of_a_phone(plan, words)
    return Scene(
        caller=explaining.caller_number(plan, words.caller),
        called=explaining.called_number(plan, words.called or next(iter(plan.dids))),
        at=instant,
        behaviours=behaviours_of(plan, words.answer),
        presses=_presses(words.keys),
    )


def _scene_of_a_phone(plan: Plan, words: Words) -> Scene:
    phones = plan.people[words.caller].phones.values()
    phone = next((phone.endpoint for phone in phones if phone.endpoint), None)
    if phone is None:
        raise Refused(f"{plan.people[words.caller].name} has no desk phone to dial with")
    if not words.called or words.at:
        raise Refused("a desk phone dials now, and needs to know what: FROM=sophie TO=0471000201, without AT")
    dialled = "".join(words.called.split())
    behaviours = dict(behaviours_of(plan, words.answer))
    with contextlib.suppress(NumberRefused):
        behaviours.setdefault(parse_written(dialled, plan.organisation.country), EVERYBODY)
    return Scene(words.caller, dialled, None, behaviours, _presses(words.keys), phone)


def _presses(words: str) -> Mapping[float, str]:
    """`5=2 9=1` -> what is pressed, by seconds since the answer. Raises Refused."""
    presses = {}
    for word in words.split():
        written = _PRESS.fullmatch(word)
        if written is None:
            raise Refused(f'"{word}" is no key; write seconds since the answer and keys, as in 5=2')
        presses[float(written["seconds"])] = written["keys"]
    return presses


def behaviours_of(plan: Plan, answer: str) -> Mapping[str, str]:
    """`claire.desk=busy claire.gsm=press 1` -> what each line does; a name alone answers. Nothing: all answer."""
    lines = _lines(plan)
    if not answer.strip():
        return {line: _answering(line, EVERYBODY) for line in lines.values()}
    told: dict[str, str] = {}
    for word in answer.replace(",", " ").split():
        name, is_given, behaviour = word.partition("=")
        line = lines.get(name)
        if line is not None:
            told[line] = behaviour if is_given else _answering(line, "answer after 3")
        elif told:  # a behaviour of several words: press 1 after 2
            last = next(reversed(told))
            told[last] = f"{told[last]} {word}"
        else:
            raise Refused(f'"{name}" is no phone of the plan; write one of {", ".join(lines)}')
    return told


def _lines(plan: Plan) -> Mapping[str, str]:
    """`person.phone`, and outside numbers that the plan dials, each with the line that it means."""
    phones = {
        f"{person.key}.{phone.key}": phone.endpoint or phone.number or ""
        for person in plan.people.values()
        for phone in person.phones.values()
    }
    return phones | {number: number for number in _dialled(plan)}


def _dialled(plan: Plan) -> Iterator[str]:
    steps = [step for route in plan.inbound_routes for step in route.steps]
    yield from (step.number for step in (*steps, *plan.last_resort) if hasattr(step, "number"))


def _answering(line: str, behaviour: str) -> str:
    """Whoever answers an outside line must press 1 as well."""
    return behaviour.replace("answer", "press 1") if line.startswith("+") else behaviour


def _say_nothing(_: str) -> None:
    return


# --- The call ----------------------------------------------------------------------------------------------


async def _rehearse(settings: Settings, database: Database, plan: Plan, scene: Scene, say: Say) -> Outcome:
    trunk = next(iter(plan.trunks.values())).server
    site = provisioning.site(settings, database, plan)
    async with Telephones(trunk, f"{settings.sip_host}:{settings.sip_port}") as telephones:
        for endpoint, password in site.passwords.items():
            await telephones.register(endpoint, password)
        secret = settings.simulator_secret.get_secret_value()
        stage = Stage(telephones, database, plan, secret, words_in(settings.language or "en"))
        return await play(stage, scene, say)


async def play(stage: Stage, scene: Scene, say: Say = _say_nothing) -> Outcome:
    """Place the call of `scene`, let it run to its end, and give back what was recorded."""
    for line, behaviour in scene.behaviours.items():
        stage.telephones.behave(line, behaviour)
    headers = {"X-Aiguillage-Simulator": stage.simulator_secret}
    if scene.at is not None:
        wall = scene.at.astimezone(hours.zone(stage.plan)) if scene.at.tzinfo else scene.at
        headers["X-Aiguillage-At"] = wall.strftime("%Y-%m-%dT%H:%M:%S")
    began = datetime.now(UTC)
    if scene.phone is None:
        leg = await stage.telephones.call(scene.caller, scene.called, headers)
    else:
        leg = await stage.telephones.dial(scene.phone, scene.called)
    teller = _Teller(stage, scene, began, say)
    pressing = asyncio.create_task(_press(leg, scene.presses))
    deadline = time.monotonic() + LONGEST_SECONDS
    while leg.state != "ended":
        await asyncio.sleep(0.2)
        await teller.look()
        if teller.enough(stage.telephones, leg) or time.monotonic() > deadline:
            await leg.hang_up()
    await pressing
    await stage.telephones.wait_quiet(QUIET_SECONDS)
    return await teller.finish(leg)


async def _press(leg: CallerLeg, presses: Mapping[float, str]) -> None:
    if not presses:
        return
    await leg.wait_answered(LONGEST_SECONDS)
    for seconds, keys in sorted(presses.items()):
        since = time.monotonic() - (leg.answered or 0)
        await asyncio.sleep(max(0.0, seconds - since))
        with contextlib.suppress(CallGone):
            await leg.press(keys)


class _Teller:
    """Reads the journal while the call runs, and tells what is new."""

    def __init__(self, stage: Stage, scene: Scene, began: datetime, say: Say) -> None:
        self._database, self._plan, self._words = stage.database, stage.plan, stage.words
        self._scene, self._began, self._say = scene, began, say
        self._decision: DecisionRecord | None = None
        self._events: list[EventRecord] = []
        self._message_since: float | None = None

    async def look(self) -> None:
        if self._decision is None:
            self._decision = await asyncio.to_thread(self._find_decision)
            if self._decision is not None:
                self._tell_decision(self._decision)
        if self._decision is not None:
            events = await asyncio.to_thread(self._read_events, self._decision.call)
            told = len(story_in_words(self._words, self._events, self._plan, self._decision.at))
            for line in story_in_words(self._words, events, self._plan, self._decision.at)[told:]:
                self._say(line)
            self._events = events
            if self._message_since is None and any(_takes_message(event) for event in events):
                self._message_since = time.monotonic()

    def enough(self, telephones: Telephones, leg: CallerLeg) -> bool:
        """Whether the caller has talked with somebody, or left a message."""
        if self._message_since is not None:
            return time.monotonic() > self._message_since + MESSAGE_SECONDS
        if self._decision is None:  # the service is away: what the phones know must do
            taken = [each for each in telephones.ringings if each.outcome == "answered"]
            if not taken and not self._scene.presses and leg.answered is not None:
                return time.monotonic() > leg.answered + GREETING_SECONDS + MESSAGE_SECONDS
            return any(each.talked_seconds > TALK_SECONDS for each in taken)
        since = next((event.at for event in self._events if event.kind == "answered"), None)
        return since is not None and (datetime.now(UTC) - since).total_seconds() > TALK_SECONDS

    async def finish(self, leg: CallerLeg) -> Outcome:
        """Wait until the journal has the end of the call; it is written behind it."""
        for attempt in range(25):
            await self.look()
            if any(event.kind == "call-ended" for event in self._events) or (self._decision is None and attempt > 5):
                break
            await asyncio.sleep(0.2)
        if self._decision is None:
            self._say(self._words("The service was not asked; Asterisk took its own timetable, or the last resort."))
        return Outcome(leg.status, self._decision, tuple(self._events))

    def _tell_decision(self, decision: DecisionRecord) -> None:
        words, description = self._words, explaining.recorded(decision)
        if self._scene.phone is None:
            lines = explaining.in_words(words, description, self._plan)
        else:
            who, dialled = decision.caller or "", self._scene.called
            lines = explaining.dialled_in_words(words, who, dialled, description, self._plan)
        for line in lines:
            self._say(line)
        self._say("")
        self._say(words("What happened:"))

    def _find_decision(self) -> DecisionRecord | None:
        with self._database.reading() as session:
            mine = [
                decision
                for decision in journal.recent(session, 20)
                if decision.at >= self._began and decision.caller == self._scene.caller
            ]
        return mine[-1] if mine else None  # the first question; keys in a menu ask more

    def _read_events(self, call: str) -> list[EventRecord]:
        with self._database.reading() as session:
            return journal.story(session, call)


def _takes_message(event: EventRecord) -> bool:
    return event.kind == "step" and event.detail["kind"] == "voicemail"
