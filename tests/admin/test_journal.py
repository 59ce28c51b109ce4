"""The journal over the API: pages, filters, and one call with everything that happened."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aiguillage.desk import auditing, editing, publishing, recalling
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.document import dump
from aiguillage.routing.numbers import E164
from aiguillage.routing.trace import describe_decision
from aiguillage.store import journal
from aiguillage.store.journal import DecisionRecord, EventRecord
from tests.admin.asking import Service, problem
from tests.unit.examples import DIRECTORY, PLAN

API = "/api/v1/calls"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def call(number: int, caller: str | None, **of: Any) -> DecisionRecord:
    facts: dict[str, Any] = {"kind": "inbound", "called": "+3271000001", "route": "all", "trace": {}, "itinerary": []}
    known = {"id": f"d{number}", "call": f"17.{number}", "at": NOON + number * MINUTE, "caller": caller}
    return DecisionRecord(**{**facts, **known, "plan_version": 1, **of})


def happened(number: int, what: str, seconds: int, person: str | None = None, **detail: str) -> EventRecord:
    at = NOON + number * MINUTE + timedelta(seconds=seconds)
    return EventRecord(f"17.{number}", at, what, "17.x", person, "desk" if person else None, detail)


@pytest.fixture
def admin(client: TestClient, service: Service) -> TestClient:
    """Six calls: answered, missed, a message left, withheld and going on, one of ours dialling out, and a menu."""
    editing.apply(service.database, dump(PLAN))
    publishing.publish(service.database, NOON, "tests", "")
    at = NOON + MINUTE
    decision = decide(PLAN, DIRECTORY, {}, Call(E164("+3271000001"), E164("+32471000201")), at)
    facts = describe_decision(decision)
    itinerary = facts.pop("itinerary")
    ended = {"cause": "16", "cause_text": "", "tech_cause": ""}
    with service.database.writing() as session:
        journal.write(
            session,
            [
                call(
                    1,
                    "+32471000201",
                    itinerary=itinerary,
                    trace={**facts, "at": at.isoformat(), "presses": []},
                ),
                call(2, "+32471000202"),
                call(3, "+32499000001", route="shop"),
                call(4, None),
                call(5, "claire", kind="dialled", called="+32471000202", route="out"),
                call(6, "+32471000201"),
                call(6, "+32471000201", id="d6b", kind="menu", at=NOON + 7 * MINUTE),
            ],
            [
                happened(1, "ringing", 1, "claire"),
                happened(1, "answered", 4, "claire"),
                happened(1, "call-ended", 60, **ended),
                happened(2, "call-ended", 30, **ended),
                happened(3, "step", 5, decision="d3", step="2", kind="voicemail", outcome=""),
                happened(3, "call-ended", 20, **ended),
            ],
        )
    return client


def found(client: TestClient, **query: Any) -> list[str]:
    return [each["call"].removeprefix("17.") for each in client.get(API, params=query).json()["items"]]


def test_calls_are_listed_the_newest_first(admin: TestClient) -> None:
    items = admin.get(API).json()["items"]
    assert [each["call"] for each in items] == ["17.6", "17.5", "17.4", "17.3", "17.2", "17.1"]
    assert [each["outcome"] for each in items] == [None, None, None, "voicemail", "missed", "answered"]
    last = items[-1]
    assert (last["person"], last["seconds"], last["caller"]) == ("claire", 60, "+32471000201")
    assert last["answered_at"] == "2026-11-24T12:01:04Z"


def test_calls_are_found(admin: TestClient) -> None:
    assert found(admin, number="+32471") == ["6", "5", "2", "1"]
    assert found(admin, number="+32471000202") == ["5", "2"]
    assert found(admin, number="+3249") == ["3"]
    assert found(admin, number="+999") == []
    assert found(admin, route="shop") == ["3"]
    assert found(admin, since="2026-11-24T13:04:00+01:00", until="2026-11-24T12:06:00Z") == ["5", "4"]
    pages, query = [], {"limit": 4}
    while True:
        page = admin.get(API, params=query).json()
        pages.append(len(page["items"]))
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert pages == [4, 2]


def test_calls_are_found_by_how_they_ended(admin: TestClient, service: Service) -> None:
    assert found(admin, outcome="answered") == ["1"]
    assert found(admin, outcome="missed") == ["2"]
    assert found(admin, outcome="voicemail") == ["3"]
    assert found(admin, outcome="missed", number="+3249") == []
    entry = auditing.latest(service.database, 1)[0]
    assert json.loads(entry.after or "") == {"calls": 0, "number": True, "outcome": True}


@pytest.mark.parametrize("chunk, most, limit", [(2, 4, 1), (2, 4, 100), (1, 1, 3), (7, 7, 2), (500, 1500, 3)])
def test_pages_of_an_outcome_look_at_few_calls_and_miss_none(
    admin: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch, chunk: int, most: int, limit: int
) -> None:
    monkeypatch.setattr(recalling, "CHUNK", chunk)
    monkeypatch.setattr(recalling, "MOST_LOOKED_AT", most)
    answered = [each for each in range(10, 40) if each % 7 == 0]
    with service.database.writing() as session:
        calls = [call(each, "+32471000203", at=NOON + each // 3 * MINUTE) for each in range(10, 40)]  # three at once
        ends = [happened(each, "call-ended", 60) for each in range(10, 40)]
        journal.write(session, calls, [*(happened(each, "answered", 5, "claire") for each in answered), *ends])
    for outcome, wanted in (("answered", [*answered[::-1], 1]), ("voicemail", [3])):
        pages: list[list[int]] = []
        query: dict[str, Any] = {"limit": limit, "outcome": outcome}
        while True:
            page = admin.get(API, params=query).json()
            pages.append([int(each["call"].removeprefix("17.")) for each in page["items"]])
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        assert [each for page in pages for each in page] == wanted
        assert max(len(each) for each in pages) <= limit
        assert len(pages) >= 36 // most


@pytest.mark.parametrize(
    "query",
    [
        "number=0471",
        "since=2026-11-24T12:00:00",
        "since=x",
        "limit=0",
        "cursor=WzFd",
        "route=%00",
        "cursor=x",
        "sort=at",
        "outcome=busy",
        "outcome=",
    ],
)
def test_a_query_that_cannot_be_is_refused(admin: TestClient, query: str) -> None:
    problem(admin.get(f"{API}?{query}"), 422)


def test_a_call_is_told(admin: TestClient) -> None:
    told = admin.get(f"{API}/17.1", headers={"accept-language": "en"})
    assert told.headers["etag"]
    assert [each["kind"] for each in told.json()["events"]] == ["ringing", "answered", "call-ended"]
    assert "Claire Dubois (desk) takes the call, 3 s after it began to ring" in "\n".join(told.json()["text"])
    assert admin.get(f"{API}/17.1", headers={"if-none-match": told.headers["etag"]}).status_code in {200, 304}
    problem(admin.get(f"{API}/17.99"), 404)
    problem(admin.get(f"{API}/a%00b"), 422)


def test_reading_the_journal_is_in_the_audit(admin: TestClient, service: Service) -> None:
    found(admin, number="+32471000201")
    entry = auditing.latest(service.database, 1)[0]
    assert (entry.actor, entry.action, entry.thing) == ("token claire", "read", "calls")
    assert "+32471000201" not in (entry.after or "")


@pytest.mark.parametrize("name", ["17.1", "d1"])
def test_reading_a_call_is_in_the_audit(admin: TestClient, service: Service, name: str) -> None:
    assert admin.get(f"{API}/{name}", headers={"x-request-id": "my-request"}).status_code == 200
    entry = auditing.latest(service.database, 1)[0]
    assert (entry.actor, entry.action, entry.thing) == ("token claire", "read", "calls/17.1")
    assert (entry.before, entry.after, entry.request) == (None, None, "my-request")
    problem(admin.get(f"{API}/17.99"), 404)
    assert auditing.latest(service.database, 1)[0] == entry
