"""Stories of calls that are asked for by the API: one of us is rung, then the other side. On the real Asterisk."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.calls.system import System
from tests.calls.test_identity import OFFICE_HOURS
from tests.calls.test_memory import first_rung
from tests.calls.test_phones import CENTRAL, SWISS

from aiguillage.desk import tokens
from aiguillage.simulator.telephones import Telephones

PRESIDENT = "+32471000201"
JULIES_GSM = "+32470000103"


class Api:
    """The running service's API, as the console or a contact database asks it."""

    def __init__(self, system: System) -> None:
        self._url = f"http://127.0.0.1:{system.settings.http_port}/api/v1/calls"
        self._token = tokens.create(system.database, "tests", datetime.now(UTC))

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
def api(system: System) -> Iterator[Api]:
    yield Api(system)


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
    telephones.behave(PRESIDENT, "answer after 2")
    call = await api.placed("sophie", "0471 00 02 01")
    following = asyncio.create_task(api.events(call))
    await api.reaches(call, "ringing")
    await asyncio.sleep(1)
    assert telephones.called("sophie").heard_seconds > 0.3, "she hears that it rings"
    await api.reaches(call, "answered")
    before = telephones.called("sophie").heard_seconds
    await asyncio.sleep(1.5)
    assert telephones.called("sophie").heard_seconds > before + 1
    assert telephones.called(PRESIDENT).heard_seconds > 1
    desk, outside = telephones.ringings
    assert (desk.who, desk.caller_number) == ("sophie", CENTRAL)
    assert desk.caller_name.startswith("Anne Lambert"), "she sees whom she is about to talk with"
    assert (outside.who, outside.caller_number, outside.caller_name) == (PRESIDENT, CENTRAL, "")
    await telephones.called(PRESIDENT).hang_up()
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
    assert answered == ["sophie", PRESIDENT]


async def test_a_colleague_on_the_road_presses_1_first(telephones: Telephones, api: Api) -> None:
    """Claire's desk phone stays silent; her GSM rings beside it in the second round, in office hours or not."""
    telephones.behave(PIETS_GSM, "press 1 after 1")
    telephones.behave(PRESIDENT, "answer after 1")
    call = await api.placed("piet", PRESIDENT)
    await api.reaches(call, "answered", 20)
    gsm, outside = telephones.ringings
    assert (gsm.who, gsm.caller_number) == (PIETS_GSM, CENTRAL), "a GSM is shown our number, not the other side's"
    assert (outside.who, outside.caller_number) == (PRESIDENT, CENTRAL)
    before = telephones.called(PIETS_GSM).heard_seconds, telephones.called(PRESIDENT).heard_seconds
    await asyncio.sleep(1.5)
    assert telephones.called(PIETS_GSM).heard_seconds > before[0] + 1
    assert telephones.called(PRESIDENT).heard_seconds > before[1] + 1
    await telephones.called(PIETS_GSM).hang_up()
    assert (await api.reaches(call, "ended"))["outcome"] == "talked"
