"""What webhooks are told of: each event is in the outbox with the deed itself, and only then."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from aiguillage.admin.app import description
from aiguillage.asterisk.fastagi import AgiHeader
from aiguillage.desk import editing, webhooks
from aiguillage.desk.editing import Editor
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.publishing import publish
from aiguillage.desk.receivers import PUBLIC
from aiguillage.desk.webhooks import Event, Wish
from aiguillage.errors import PlanUnsound
from aiguillage.routing.document import dump
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord, EventRecord
from tests.desk.spool import AT, FakeSpool, book, settings_for, snapshot_of
from tests.desk.test_answering import FakeJournalling, answering_with
from tests.unit.examples import PLAN

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLAIRE = "claire@people"


def _described() -> dict[str, Draft202012Validator]:
    """By event, the schema that the API's description has of its payload."""
    found = description()
    schemas = json.dumps({"$defs": found["components"]["schemas"]})
    definitions = json.loads(schemas.replace("#/components/schemas/", "#/$defs/"))
    told = {name: each["post"]["requestBody"]["content"] for name, each in found["webhooks"].items()}
    return {
        name: Draft202012Validator(
            {**definitions, "$ref": each["application/json"]["schema"]["$ref"].replace("components/schemas", "$defs")}
        )
        for name, each in told.items()
    }


DESCRIBED = _described()


@pytest.fixture(autouse=True)
def crm(database: Database) -> None:
    """A webhook for everything."""
    webhooks.add(database, PUBLIC, "crm", Wish("https://crm.example/", get_args(Event)), Editor("tests"))


def told(database: Database) -> list[dict[str, Any]]:
    """What is in the outbox, in the order in which it happened."""
    found = [json.loads(each.payload) for each in reversed(webhooks.deliveries(database, "crm", 100))]
    for each in found:
        DESCRIBED[each["type"]].validate(each)
    return found


def test_every_event_is_described() -> None:
    assert set(DESCRIBED) == {*get_args(Event), "ping"}
    assert not DESCRIBED["plan.published"].is_valid({"type": "plan.published", "timestamp": "now", "data": {}})


# --- plan.published ---


def test_a_publication(database: Database) -> None:
    editing.apply(database, dump(PLAN))
    assert told(database) == []
    publish(database, NOON, "claire", "the first")
    assert told(database) == [
        {
            "type": "plan.published",
            "timestamp": "2026-11-24T12:00:00+00:00",
            "data": {"version": 1, "by": "claire", "comment": "the first"},
        }
    ]


def test_a_publication_that_is_refused_is_not_told(database: Database) -> None:
    editing.apply(database, dump(PLAN))
    with pytest.raises(PlanUnsound):
        publish(database, NOON, "claire", "", longest_ringing=1)
    assert told(database) == []


# --- voicemail.left ---


def test_a_message(database: Database, tmp_path: Path) -> None:
    spool = FakeSpool(tmp_path / "voicemail")
    spool.leave(CLAIRE, 0, "1-00000000", caller='"Anne Lambert" <+32471000201>')
    spool.leave(CLAIRE, 1, "1-00000001", caller='"x" <anonymous>')
    spool.leave(CLAIRE, 0, "1-00000002", folder="Old")  # listened to before we looked
    messages = book(settings_for(tmp_path), database)
    for _ in range(2):
        messages.keep_in_step(snapshot_of())
    first, second = sorted(told(database), key=lambda each: str(each["data"]["id"]))
    assert first == {
        "type": "voicemail.left",
        "timestamp": AT.isoformat(),
        "data": {
            "id": f"1-00000000.{CLAIRE}",
            "mailbox": CLAIRE,
            "caller": "+32471000201",
            "caller_name": "Anne Lambert",
            "at": AT.isoformat(),
            "seconds": 65,
        },
    }
    assert second["data"]["caller"] is None


# --- callback.requested ---


async def test_a_caller_who_leaves_a_queue(database: Database) -> None:
    answering = replace(answering_with(FakeJournalling()), database=database)
    asked = AgiHeader(
        script="callback",
        uniqueid="1796000000.1",
        channel="PJSIP/operator-00000001",
        caller="0471000201",
        caller_name="",
        called="s",
        context="steps",
        language="fr",
        args=("front-desk", "1795521600"),
    )
    for _ in range(2):  # who asks again has asked already
        await answering.callback(asked)
    (request,) = told(database)
    assert request["type"] == "callback.requested"
    data = request["data"]
    assert (data["queue"], data["number"], data["name"]) == ("front-desk", "+32471000201", "Anne Lambert")
    assert data["waiting_since"] == "2026-11-24T12:00:00+00:00"
    assert data["asked_at"] == request["timestamp"]
    assert set(data) == {"id", "queue", "number", "name", "waiting_since", "asked_at"}


# --- call.missed ---

RINGS = [{"kind": "ring", "target": "claire", "seconds": 20, "legs": []}]
CLOSED = [{"kind": "play", "prompt": "closed"}, {"kind": "voicemail", "box": "reception@boxes", "greeting": ""}]


def decided(number: int = 1, **facts: object) -> DecisionRecord:
    given = {
        "id": f"decision-{number}",
        "call": "call-1",
        "at": NOON + number * SECOND,
        "kind": "inbound",
        "caller": "+32471000201",
        "called": "+3271000001",
        "route": "local leaders to their region",
        "plan_version": 3,
        "itinerary": RINGS,
        "trace": {"caller": {"name": "Anne Lambert"}},
        **facts,
    }
    return DecisionRecord(**given)  # type: ignore[arg-type]


def event(kind: str, second: int, person: str | None = None, call: str = "call-1") -> EventRecord:
    return EventRecord(call, NOON + second * SECOND, kind, "leg-1" if person else None, person)


async def written(database: Database, records: Iterable[DecisionRecord | EventRecord]) -> list[dict[str, Any]]:
    """Let a journal of its own write them; what is told then."""
    journalling = Journalling(database)
    for each in records:
        if isinstance(each, DecisionRecord):
            journalling.decided(each)
        else:
            journalling.happened(each)
    await journalling.close()
    return told(database)


Records = list[DecisionRecord | EventRecord]
RANG: Records = [
    decided(),
    event("dialled", 2, "claire"),
    event("ringing", 3, "claire"),
    event("leg-ended", 20, "claire"),
]
ENDED = event("call-ended", 25)


async def test_a_call_that_nobody_answers(database: Database) -> None:
    assert await written(database, [*RANG, ENDED]) == [
        {
            "type": "call.missed",
            "timestamp": "2026-11-24T12:00:25+00:00",
            "data": {
                "call": "call-1",
                "caller": "+32471000201",
                "caller_name": "Anne Lambert",
                "called": "+3271000001",
                "route": "local leaders to their region",
                "began": "2026-11-24T12:00:01+00:00",
                "ended": "2026-11-24T12:00:25+00:00",
                "rang": ["claire"],
            },
        }
    ]


async def test_a_call_whose_service_was_started_anew_in_the_middle(database: Database) -> None:
    assert await written(database, RANG) == []
    (missed,) = await written(database, [ENDED])
    assert missed["data"]["rang"] == ["claire"]


async def test_a_withheld_number_and_a_caller_who_gives_up_before_it_rings(database: Database) -> None:
    withheld = decided(caller=None, trace={"caller": {"name": None}})
    (missed,) = await written(database, [withheld, ENDED])
    assert (missed["data"]["caller"], missed["data"]["caller_name"], missed["data"]["rang"]) == (None, None, [])


async def test_a_key_in_a_menu_leads_to_people(database: Database) -> None:
    menu = decided(itinerary=[{"kind": "menu", "menu": "main"}])
    pressed = decided(2, kind="menu", itinerary=[{"kind": "queue", "queue": "front-desk"}])
    (missed,) = await written(database, [menu, pressed, ENDED])
    assert missed["data"]["began"] == "2026-11-24T12:00:01+00:00"


@pytest.mark.parametrize(
    "records",
    [
        [*RANG, event("answered", 21, "sophie"), ENDED],
        [decided(itinerary=CLOSED), ENDED],
        [decided(itinerary=[{"kind": "hangup", "cause": "rejected"}]), ENDED],
        [decided(itinerary=[{"kind": "menu", "menu": "main"}]), ENDED],
        [decided(kind="outgoing"), ENDED],
        [decided(kind="internal"), ENDED],
        [ENDED],  # decided by Asterisk's own timetable, while the service was away
        [*RANG, event("call-ended", 25, call="call-2")],
        RANG,
    ],
    ids=["answered", "closed", "rejected", "menu", "outgoing", "internal", "unknown", "another", "not over"],
)
async def test_calls_that_are_not_missed(database: Database, records: Records) -> None:
    assert await written(database, records) == []


async def test_what_the_example_really_decides_reaches_people(database: Database) -> None:
    """The itinerary as the answer to Asterisk writes it, not as this file does."""
    journal = FakeJournalling()
    question = AgiHeader("inbound", "call-1", "PJSIP/operator-1", "+32471000201", "", "s", "from-trunk", "en", _args())
    answering_with(journal, simulation=True).inbound(question)
    (missed,) = await written(database, [*journal.decisions, ENDED])
    assert missed["data"]["caller_name"].startswith("Anne Lambert")


def _args() -> tuple[str, ...]:
    return ("+3271000001", "2026-11-24T10:00:00", "")
