"""Webhooks and their outbox, on both databases."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiguillage.errors import NotFound
from aiguillage.store import webhooks
from aiguillage.store.database import Database
from aiguillage.store.webhooks import Delivery, EarlierSecret, Webhook

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
CRM = Webhook("crm", "https://crm.example/hook", ("plan.published", "call.missed"), "whsec_c2VjcmV0", True, NOON)
HELP = replace(CRM, key="help-desk", events=("call.missed",))


@pytest.fixture
def told(database: Database) -> Database:
    """CRM and help desk are to be told of a missed call."""
    with database.writing() as session:
        webhooks.add(session, CRM)
        webhooks.add(session, HELP)
        webhooks.tell(session, NOON, "call.missed", {"caller": "+32471000201"})
    return database


def of(database: Database, key: str = "crm") -> list[Delivery]:
    with database.reading() as session:
        return webhooks.deliveries(session, key, 100)


def test_webhooks_come_and_go(database: Database) -> None:
    with database.writing() as session:
        webhooks.add(session, HELP)
        webhooks.add(session, CRM)
        assert webhooks.webhooks(session) == [CRM, HELP]
        webhooks.change(session, replace(CRM, url="https://elsewhere.example/"), NOON)
    with database.reading() as session:
        assert webhooks.webhook(session, "crm") == replace(CRM, url="https://elsewhere.example/")
        assert webhooks.webhook(session, "help-desk") == HELP
        assert webhooks.find(session, "nobody") is None
        with pytest.raises(NotFound, match='no webhook "nobody"'):
            webhooks.webhook(session, "nobody")


def test_a_webhook_that_is_printed_keeps_its_secret() -> None:
    assert CRM.secret not in repr(CRM)


def test_earlier_secrets_are_kept_with_their_ends(database: Database) -> None:
    earlier = (EarlierSecret("whsec_b2xk", LATER), EarlierSecret("whsec_b2xkZXI=", NOON))
    changed = replace(CRM, secret="whsec_bmV3", earlier=earlier)
    with database.writing() as session:
        webhooks.add(session, CRM)
        assert webhooks.webhook(session, "crm").secrets(NOON) == (CRM.secret,)
        webhooks.change(session, changed, NOON)
    with database.reading() as session:
        assert webhooks.webhook(session, "crm") == changed
    assert changed.secrets(NOON) == ("whsec_bmV3", "whsec_b2xk")
    assert changed.secrets(LATER) == ("whsec_bmV3",)


def test_each_is_told_what_it_wants_and_nothing_while_it_is_disabled(database: Database) -> None:
    with database.writing() as session:
        webhooks.add(session, CRM)
        webhooks.add(session, HELP)
        webhooks.add(session, replace(CRM, key="off", enabled=False))
        webhooks.tell(session, NOON, "plan.published", {"version": 3})
        assert webhooks.waiting(session, NOON) == ["crm"]
        assert webhooks.waiting(session, NOON - timedelta(seconds=1)) == []
    (delivery,) = of(database)
    assert delivery.id.startswith("msg_")
    assert (delivery.type, delivery.created, delivery.due) == ("plan.published", NOON, NOON)
    assert json.loads(delivery.payload) == {
        "type": "plan.published",
        "timestamp": "2026-11-24T12:00:00+00:00",
        "data": {"version": 3},
    }
    assert of(database, "off") == of(database, "help-desk") == []


def test_nobody_is_told_of_a_deed_that_failed(database: Database) -> None:
    with database.writing() as session:
        webhooks.add(session, CRM)
    with pytest.raises(RuntimeError), database.writing() as session:
        webhooks.tell(session, NOON, "plan.published", {"version": 3})
        raise RuntimeError
    assert of(database) == []


def test_only_what_is_due_is_claimed_and_only_once(told: Database) -> None:
    (first,) = of(told)
    with told.writing() as session:
        assert webhooks.claim(session, "crm", NOON, LATER) == replace(first, tries=1, due=LATER)
        assert webhooks.claim(session, "crm", NOON, LATER) is None
        assert webhooks.waiting(session, NOON) == ["help-desk"]
        assert webhooks.claim(session, "crm", LATER, LATER) == replace(first, tries=2, due=LATER)
        webhooks.failed(session, first.id, "answered 500", NOON, NOON + timedelta(seconds=5))
        assert webhooks.claim(session, "crm", NOON + timedelta(seconds=4), LATER) is None
        assert webhooks.claim(session, "crm", NOON + timedelta(seconds=5), LATER) is not None
        webhooks.delivered(session, first.id, LATER)
        assert webhooks.claim(session, "crm", NOON + timedelta(days=9), LATER) is None
    assert of(told) == [replace(first, tries=3, due=None, delivered_at=LATER)]


def test_what_is_given_up_is_not_tried_again(told: Database) -> None:
    (first,) = of(told)
    with told.writing() as session:
        webhooks.failed(session, first.id, "answered 500", LATER, None)
        assert webhooks.claim(session, "crm", NOON + timedelta(days=9), LATER) is None
    assert of(told) == [replace(first, due=None, given_up_at=LATER, last_error="answered 500")]


def test_what_is_over_may_be_due_again(told: Database) -> None:
    (first,) = of(told)
    with told.writing() as session:
        webhooks.claim(session, "crm", NOON, LATER)
        webhooks.failed(session, first.id, "answered 500", LATER, None)
        webhooks.again(session, first.id, LATER)
        assert webhooks.claim(session, "crm", LATER, LATER) == replace(
            first, tries=1, due=LATER, last_error="answered 500"
        )
        webhooks.delivered(session, first.id, LATER)
        webhooks.again(session, first.id, LATER)
        assert sorted(webhooks.waiting(session, LATER)) == ["crm", "help-desk"]
    assert of(told) == [replace(first, due=LATER)]


def test_what_a_disabled_webhook_waited_for_is_given_up(told: Database) -> None:
    (first,) = of(told)
    with told.writing() as session:
        webhooks.claim(session, "crm", NOON, LATER)
        webhooks.change(session, replace(CRM, enabled=False), LATER)
        webhooks.failed(session, first.id, "answered 500", LATER, LATER)  # the try that was under way
    (over,) = of(told)
    assert (over.due, over.given_up_at, over.last_error) == (None, LATER, "the webhook was disabled")
    with told.reading() as session:
        assert webhooks.waiting(session, LATER) == ["help-desk"]


def test_a_webhook_takes_its_deliveries_along(told: Database) -> None:
    with told.writing() as session:
        webhooks.remove(session, "crm")
    assert of(told) == []
    assert len(of(told, "help-desk")) == 1


def test_deliveries_are_listed_the_newest_first_and_page_by_page(database: Database) -> None:
    with database.writing() as session:
        webhooks.add(session, CRM)
        for minute in (0, 1, 1, 1, 2):  # three at the same moment
            webhooks.tell(session, NOON + timedelta(minutes=minute), "plan.published", {})
        everything = webhooks.deliveries(session, "crm", 100)
        assert [each.created.minute for each in everything] == [2, 1, 1, 1, 0]
        found: list[Delivery] = []
        while page := webhooks.deliveries(session, "crm", 2, found[-1].id if found else None):
            found += page
        assert found == everything
        with pytest.raises(NotFound, match="no delivery"):
            webhooks.deliveries(session, "crm", 2, "msg_nobody")


def test_what_is_over_is_forgotten_and_what_waits_is_not(told: Database) -> None:
    with told.writing() as session:
        (first,) = webhooks.deliveries(session, "crm", 1)
        webhooks.delivered(session, first.id, NOON)
        assert webhooks.forget(session, NOON) == 0
        assert webhooks.forget(session, LATER) == 1
    assert of(told) == []
    assert len(of(told, "help-desk")) == 1
