"""Stories of calls that are asked for by the API: one of us is rung, then the other side. On the real Asterisk."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.admin.asking import token_for
from tests.calls.system import System
from tests.calls.test_phones import CENTRAL, SWISS

from aiguillage.routing import hours
from aiguillage.simulator.sound import AUDIBLE, loudness
from aiguillage.simulator.telephones import Telephones

SCOUTS = "+3281000208"
"""Nobody else is called by these tests: whom we have called is steered back to who called, in the stories too."""
LEAS_GSM = "+32470000252"
AWAY_FROM_ASTERISK = "127.0.0.2"


class Api:
    """The running service's API, as the console or a contact database asks it."""

    def __init__(self, system: System) -> None:
        self._url = f"http://127.0.0.1:{system.settings.http_port}/api/v1/calls"
        self._token = token_for(system.database, datetime.now(UTC))

    async def place(self, person: str, to: str, key: str = "") -> tuple[int, Any]:
        """The status, and the call or the problem."""
        body = json.dumps({"person": person, "to": to}).encode()
        headers = {"Idempotency-Key": key or uuid.uuid4().hex, "Content-Type": "application/json"}
        return await asyncio.to_thread(self._ask, "", body, headers)

    async def placed(self, person: str, to: str) -> str:
        """The id of a call that is being placed."""
        status, call = await self.place(person, to)
        assert status == 202, call
        found: str = call["id"]
        return found

    async def get(self, call: str) -> Mapping[str, Any]:
        status, found = await asyncio.to_thread(self._ask, f"/placed/{call}")
        assert status == 200, found
        told: Mapping[str, Any] = found
        return told

    async def reaches(self, call: str, state: str, seconds: float = 10) -> Mapping[str, Any]:
        deadline = time.monotonic() + seconds
        while (found := await self.get(call))["state"] != state:
            assert time.monotonic() < deadline, f"still {found}"
            await asyncio.sleep(0.1)
        return found

    async def events(self, call: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Kind and data of every event, once the stream has closed."""
        return await asyncio.to_thread(self._events, call)

    def _events(self, call: str) -> list[tuple[str, Mapping[str, Any]]]:
        with urlopen(self._request(f"/placed/{call}/events"), timeout=60) as stream:
            text: str = stream.read().decode()
        fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
        return [(each["event"], json.loads(each["data"])) for each in fields]

    def _ask(self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        try:
            with urlopen(self._request(path, body, headers or {}), timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def _request(self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Request:
        return Request(
            self._url + path, data=body, headers={"Authorization": f"Bearer {self._token}", **(headers or {})}
        )


@pytest.fixture
def api(system: System) -> Api:
    return Api(system)


@pytest.fixture
async def telephones(system: System) -> AsyncIterator[Telephones]:
    """All desk phones registered, nobody answering."""
    async with system.telephones() as telephones:
        await system.stage(telephones)
        yield telephones


def rung(telephones: Telephones) -> list[str]:
    return [each.who for each in telephones.ringings]


async def test_the_desk_phone_answers_then_the_president_and_they_talk(
    system: System, telephones: Telephones, api: Api
) -> None:
    telephones.behave("sophie", "answer after 1")
    telephones.behave(SCOUTS, "answer after 2")
    call = await api.placed("sophie", "081 00 02 08")
    following = asyncio.create_task(api.events(call))
    await api.reaches(call, "ringing")
    await asyncio.sleep(1)
    assert loudness(telephones.called("sophie").heard) > AUDIBLE, "she hears that it rings"
    await api.reaches(call, "answered")
    before = telephones.called("sophie").heard_seconds
    await asyncio.sleep(1.5)
    assert telephones.called("sophie").heard_seconds > before + 1
    assert telephones.called(SCOUTS).heard_seconds > 1
    desk, outside = telephones.ringings
    assert (desk.who, desk.caller_number) == ("sophie", CENTRAL)
    assert desk.caller_name.startswith("Fédération des Scouts"), "she sees whom she is about to talk with"
    assert (outside.who, outside.caller_number, outside.caller_name) == (SCOUTS, CENTRAL, "")
    await telephones.called(SCOUTS).hang_up()
    events = await following
    states = ["asked", "ringing-colleague", "colleague-answered", "ringing", "answered", "ended"]
    assert [data["state"] for _, data in events] == states
    assert [kind for kind, _ in events] == ["state"] * 5 + ["ended"]
    assert (events[-1][1]["outcome"], events[-1][1]["cause"]) == ("talked", 16)
    assert events[-1][1] == await api.get(call)
    await telephones.wait_quiet(5)
    await asyncio.sleep(0.5)
    story = json.loads(system.command("explain", "--call", call, "--json"))
    assert [each["kind"] for each in story["decisions"]] == ["click-to-call", "outgoing"]
    answered = [each["detail"]["line"] for each in story["events"] if each["kind"] == "answered"]
    assert answered == ["sophie", SCOUTS]


async def test_a_colleague_on_the_road_presses_1_first(telephones: Telephones, api: Api) -> None:
    telephones.behave(LEAS_GSM, "press 1 after 1")
    telephones.behave(SCOUTS, "answer after 1")
    call = await api.placed("lea", SCOUTS)
    await api.reaches(call, "answered", 20)
    gsm, outside = telephones.ringings
    assert (gsm.who, gsm.caller_number, gsm.caller_name) == (LEAS_GSM, CENTRAL, ""), "nothing of the other side's"
    assert (outside.who, outside.caller_number) == (SCOUTS, CENTRAL)
    before = [telephones.called(who).heard_seconds for who in (LEAS_GSM, SCOUTS)]
    await asyncio.sleep(1.5)
    after = [telephones.called(who).heard_seconds for who in (LEAS_GSM, SCOUTS)]
    assert all(later > earlier + 1 for earlier, later in zip(before, after, strict=True))
    await telephones.called(LEAS_GSM).hang_up()
    assert (await api.reaches(call, "ended"))["outcome"] == "talked"


@pytest.mark.parametrize(
    "who, line, behaviour",
    [
        ("lea", LEAS_GSM, "voicemail"),
        ("lea", LEAS_GSM, "press 2"),
        ("lea", LEAS_GSM, "off"),
        ("sophie", "sophie", "busy"),
        ("sophie", "sophie", "silent"),
    ],
)
async def test_without_the_colleague_the_other_side_never_rings(
    telephones: Telephones, api: Api, who: str, line: str, behaviour: str
) -> None:
    telephones.behave(line, behaviour)
    call = await api.placed(who, SCOUTS)
    ended = await api.reaches(call, "ended", 40)
    assert (ended["outcome"], ended["colleague_answered_at"]) == ("colleague-did-not-answer", None)
    assert rung(telephones) == [line]


@pytest.mark.parametrize(
    "behaviour, outcome, cause", [("busy", "busy", 17), ("refuse", "refused", 21), ("off", "no-answer", 19)]
)
async def test_the_colleague_hears_and_the_api_tells_why_the_other_side_was_not_reached(
    telephones: Telephones, api: Api, behaviour: str, outcome: str, cause: int
) -> None:
    telephones.behave("sophie", "answer")
    telephones.behave(SCOUTS, behaviour)
    call = await api.placed("sophie", SCOUTS)
    ended = await api.reaches(call, "ended", 15)
    assert (ended["outcome"], ended["cause"], ended["answered_at"]) == (outcome, cause, None)
    assert loudness(telephones.called("sophie").heard) > AUDIBLE, "a tone"
    assert rung(telephones) == ["sophie", SCOUTS]


async def test_a_colleague_who_hangs_up_stops_the_ringing(telephones: Telephones, api: Api) -> None:
    telephones.behave("sophie", "answer")
    call = await api.placed("sophie", SCOUTS)
    await api.reaches(call, "ringing")
    await telephones.called("sophie").hang_up()
    ended = await api.reaches(call, "ended")
    assert ended["outcome"] == "given-up"
    await telephones.wait_quiet(5)
    assert telephones.ringings[1].outcome == "cancelled"


async def test_a_colleague_is_called_by_extension(telephones: Telephones, api: Api) -> None:
    telephones.behave("sophie", "answer")
    telephones.behave("tom", "answer after 1")
    call = await api.placed("sophie", "211")
    await api.reaches(call, "answered")
    hers, his = telephones.ringings
    assert hers.caller_name == "Tom Peeters"
    assert (his.who, his.caller_number, his.caller_name) == ("tom", "210", "Sophie Renard")
    await telephones.called("tom").hang_up()
    assert (await api.reaches(call, "ended"))["outcome"] == "talked"


@pytest.mark.parametrize(
    "person, to, status, why",
    [
        ("claire", SWISS, 422, 'permission "national" does not hold +41446681800'),
        ("marc", SCOUTS, 422, "this phone may not call outside numbers"),
        ("sophie", "0900 12 345", 422, "never dialled"),
        ("sophie", "112", 422, "emergency number"),
        ("toto", SCOUTS, 404, 'person "toto" is not in the plan'),
    ],
)
async def test_what_a_colleague_may_not_call_rings_nobody(
    telephones: Telephones, api: Api, person: str, to: str, status: int, why: str
) -> None:
    told, problem = await api.place(person, to)
    assert (told, why in problem["detail"]) == (status, True), problem
    await asyncio.sleep(0.5)
    assert telephones.ringings == ()


async def test_a_third_call_at_once_is_refused_as_one_that_is_dialled(telephones: Telephones, api: Api) -> None:
    telephones.behave("sophie", "answer")
    legs = [await telephones.dial("sophie", f"047100090{number}") for number in (1, 2)]
    await asyncio.sleep(0.5)
    call = await api.placed("sophie", SCOUTS)
    ended = await api.reaches(call, "ended", 15)
    assert (ended["outcome"], ended["cause"]) == ("refused", 21)
    assert telephones.called("sophie").heard_seconds > 0.5, "she hears why"
    assert SCOUTS not in rung(telephones)
    for leg in legs:
        await leg.hang_up()


async def test_two_requests_with_one_key_place_one_call(telephones: Telephones, api: Api) -> None:
    key = uuid.uuid4().hex
    (first, call), (second, again) = [await api.place("sophie", SCOUTS, key) for _ in range(2)]
    assert (first, second) == (202, 202)
    assert call["id"] == again["id"]
    await api.reaches(call["id"], "ringing-colleague")
    told, problem = await api.place("sophie", SCOUTS)
    assert (told, "being rung already" in problem["detail"]) == (409, True)
    await asyncio.sleep(1)
    assert rung(telephones) == ["sophie"]
    await telephones.reset()
    await api.reaches(call["id"], "ended")


async def test_afterwards_the_president_reaches_the_colleague_who_called(
    system: System, telephones: Telephones, api: Api
) -> None:
    president = "+32471000297"
    telephones.behave("sophie", "answer")
    call = await api.placed("sophie", president)
    await api.reaches(call, "ringing")
    await telephones.called("sophie").hang_up()
    await api.reaches(call, "ended")
    headers = {"X-Aiguillage-Simulator": "of-the-stage", "X-Aiguillage-At": _next_office_hour(system)}
    telephones.behave("sophie", "answer after 1")
    began = datetime.now(UTC)
    leg = await telephones.call(president, CENTRAL, headers)
    await leg.wait_answered(8)
    (decision,) = system.wait_for_decisions(1, began)
    assert decision.route == "somebody calls us back"
    assert rung(telephones) == ["sophie", president, "sophie"]
    await leg.hang_up()


def _next_office_hour(system: System) -> str:
    """Ten o'clock on the next day on which the office is open, as a simulated call brings it."""
    here = hours.zone(system.plan)
    days = (datetime.now(here).date() + timedelta(days=ahead) for ahead in range(1, 7))
    tens = (datetime.combine(day, clock(10), here) for day in days)
    office = system.plan.schedules["office"]
    return next(f"{ten:%Y-%m-%dT%H:%M:%S}" for ten in tens if hours.state(system.plan, office, ten).open)


async def test_the_colleague_hands_the_president_on(telephones: Telephones, api: Api) -> None:
    for who in ("sophie", SCOUTS):
        telephones.behave(who, "answer")
    telephones.behave("tom", "answer after 1")
    call = await api.placed("sophie", SCOUTS)
    await api.reaches(call, "answered")
    await asyncio.sleep(0.5)
    assert await telephones.called("sophie").transfer("211") == 200
    await asyncio.sleep(2)
    before = telephones.called(SCOUTS).heard_seconds
    await asyncio.sleep(1.5)
    assert telephones.called("tom").heard_seconds > 0.5
    assert telephones.called(SCOUTS).heard_seconds > before + 0.5
    assert (await api.get(call))["state"] == "answered"
    await telephones.called("tom").hang_up()
    assert (await api.reaches(call, "ended"))["outcome"] == "talked"


async def test_a_restart_of_the_service_while_the_colleague_is_rung_lets_the_call_go_on(
    system: System, telephones: Telephones, api: Api
) -> None:
    telephones.behave("sophie", "answer after 9")
    telephones.behave(SCOUTS, "answer")
    call = await api.placed("sophie", SCOUTS)
    await api.reaches(call, "ringing-colleague")
    following = asyncio.create_task(api.events(call))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(system.stop_service)
    async with asyncio.timeout(1):
        assert (await following)[-1][1]["state"] == "ringing-colleague", "whoever follows does not hold up the stop"
    await asyncio.to_thread(system.start_service)
    await asyncio.sleep(7)
    assert rung(telephones) == ["sophie", SCOUTS]
    assert telephones.called(SCOUTS).heard_seconds > 0.3
    await telephones.called(SCOUTS).hang_up()


# --- The link to Asterisk is lost --------------------------------------------------------------------------


class Wire:
    """Stands between the service and Asterisk's manager interface. `cut`: what becomes of an Originate that passes.

    carried: it goes through and the connection is lost before the answer; dropped: it is lost with the connection.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut = ""
        self.originates = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, AWAY_FROM_ASTERISK, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.lose()

    async def lose(self) -> None:
        """All connections, and none is taken any more."""
        self._server.close()
        self._drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, ours]
        for source, sink, watched in ((reader, ours, True), (theirs, writer, False)):
            task = asyncio.create_task(self._carry(source, sink, watched=watched))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, watched: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if watched and b"Action: Originate" in data:
                    self.originates += 1
                    if self.cut:
                        await self._cut(sink, data)
                        return
                sink.write(data)
                await sink.drain()
        sink.close()

    async def _cut(self, sink: asyncio.StreamWriter, data: bytes) -> None:
        if self.cut == "carried":
            sink.write(data)
            await sink.drain()
            self._writers.remove(sink)
            sink.close()  # after what was written
        self._drop()


@pytest.fixture
async def wire(system: System) -> AsyncIterator[Wire]:
    """The service reaches Asterisk's manager interface by it alone."""
    settings = system.settings
    async with Wire(settings.ami_port) as wire:
        await asyncio.to_thread(system.stop_service)
        system.settings = settings.model_copy(update={"ami_host": AWAY_FROM_ASTERISK})
        try:
            await asyncio.to_thread(system.start_service)
            await _link_is_up(system)
            yield wire
            await asyncio.to_thread(system.stop_service)
        finally:
            system.settings = settings
            await asyncio.to_thread(system.start_service)


async def _link_is_up(system: System) -> None:
    deadline = time.monotonic() + 10
    while not (await asyncio.to_thread(system.readiness))["ami"]["ok"]:
        assert time.monotonic() < deadline, "the link does not come up"
        await asyncio.sleep(0.1)


async def test_the_link_is_lost_before_the_answer_and_one_call_is_placed(
    system: System, wire: Wire, telephones: Telephones, api: Api
) -> None:
    telephones.behave("sophie", "answer after 3")
    telephones.behave(SCOUTS, "answer after 1")
    wire.cut = "carried"
    key = uuid.uuid4().hex
    status, call = await api.place("sophie", SCOUTS, key)
    assert status == 202, "nobody knows yet: to say no would have it asked for again"
    wire.cut = ""
    await _link_is_up(system)
    assert (await api.place("sophie", SCOUTS, key))[1]["id"] == call["id"]
    await api.reaches(call["id"], "answered", 15)
    await asyncio.sleep(2)
    assert rung(telephones) == ["sophie", SCOUTS]
    assert wire.originates == 1
    await telephones.called(SCOUTS).hang_up()
    assert (await api.reaches(call["id"], "ended"))["outcome"] == "talked"


async def test_a_call_that_asterisk_never_got_is_ended_and_not_placed_later(
    system: System, wire: Wire, telephones: Telephones, api: Api
) -> None:
    wire.cut = "dropped"
    status, call = await api.place("sophie", SCOUTS)
    assert (status, call["state"]) == (202, "asked")
    wire.cut = ""
    assert (await api.reaches(call["id"], "ended", 20))["outcome"] == "unknown"
    assert (telephones.ringings, wire.originates) == ((), 1)


async def test_without_a_link_no_call_is_placed_then_or_later(
    system: System, wire: Wire, telephones: Telephones, api: Api
) -> None:
    await wire.lose()
    status, problem = await api.place("sophie", SCOUTS)
    assert (status, "manager interface" in problem["detail"]) == (503, True)
    async with Wire(system.settings.ami_port) as again:
        await _link_is_up(system)
        await asyncio.sleep(2)
        assert (telephones.ringings, again.originates) == ((), 0)
