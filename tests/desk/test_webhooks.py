"""Webhooks at a real HTTP server on loopback: delivered, signed, tried again, and never sent where they must not go."""

import asyncio
import json
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
import standardwebhooks
from structlog.testing import capture_logs

from aiguillage.desk import auditing, delivering, editing, posting, webhooks
from aiguillage.desk.delivering import PAUSES, Delivering
from aiguillage.desk.editing import Editor
from aiguillage.desk.posting import Poster, Resolve
from aiguillage.desk.publishing import publish
from aiguillage.desk.receivers import PUBLIC, Receivers
from aiguillage.desk.webhooks import Delivery, Event, Wish
from aiguillage.errors import ChangedMeanwhile, Conflict, DocumentRefused, NotFound, ReceiverUnavailable, Refused
from aiguillage.routing.document import dump
from aiguillage.store import webhooks as stored
from aiguillage.store.database import Database
from tests.desk.receiving import NEVER, Receiver, receiver, status
from tests.ports import free_port
from tests.unit.examples import PLAN

CLAIRE = Editor("token claire", "request-1")
LOOPBACK = Receivers((ip_network("127.0.0.1/32"),), http=True)
ANYWHERE = Receivers((), http=True)


@dataclass
class Office:
    """A worker whose clock stands still until it is moved, and a webhook `crm` for everything."""

    database: Database
    receiver: Receiver
    receivers: Receivers = LOOPBACK
    resolve: Resolve = posting.resolve
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """As a service that starts does: with nothing but the database."""
        self.worker = Delivering(self.database, Poster(self.receivers, self.resolve), lambda: self.now)

    def add(self, key: str = "crm", url: str = "", *events: Event) -> webhooks.Webhook:
        wish = Wish(url or f"http://127.0.0.1:{self.receiver.port}/hook", events or ("plan.published", "call.missed"))
        return webhooks.add(self.database, self.receivers, key, wish, CLAIRE)

    def happens(self, event: Event = "plan.published") -> None:
        with self.database.writing() as session:
            stored.tell(session, self.now, event, {"version": 3})

    async def work(self, key: str = "crm") -> Delivery:
        """Deliver what is due; the last delivery, as it is then."""
        while await self.worker.deliver_one(key):
            pass
        return self.deliveries(key)[0]

    def deliveries(self, key: str = "crm") -> list[Delivery]:
        return webhooks.deliveries(self.database, key, 100)


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with receiver() as there:
        yield Office(database, there)


# --- delivered ---


async def test_a_publication_is_told_and_signed(office: Office) -> None:
    secret = office.add().secret
    editing.apply(office.database, dump(PLAN))
    publish(office.database, office.now, CLAIRE, "the first")
    delivery = await office.work()

    (request,) = office.receiver.requests
    assert request.line == "POST /hook HTTP/1.1"
    assert request.headers["host"] == f"127.0.0.1:{office.receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == delivery.id
    assert request.headers["webhook-timestamp"] == str(int(office.now.timestamp()))
    assert standardwebhooks.Webhook(secret).verify(request.body, request.headers) == {
        "type": "plan.published",
        "timestamp": office.now.isoformat(),
        "data": {"version": 1, "by": "token claire", "comment": "the first"},
    }
    assert (delivery.tries, delivery.delivered_at, delivery.due) == (1, office.now, None)


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    signed = posting.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_whoever_has_another_secret_does_not_believe_it(office: Office) -> None:
    office.add()
    office.happens()
    await office.work()
    (request,) = office.receiver.requests
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(posting.new_secret()).verify(request.body, request.headers)


async def test_a_receiver_changes_over_to_a_new_secret_within_a_day(office: Office) -> None:
    first = office.add().secret
    second, third = (webhooks.renew_secret(office.database, "crm", CLAIRE).secret for _ in range(2))
    webhooks.change(office.database, LOOPBACK, "crm", {"events": ["plan.published"]}, None, CLAIRE)
    office.happens()
    await office.work()
    (request,) = office.receiver.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 3
    for secret in (first, second, third):
        assert standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    webhook = webhooks.one(office.database, "crm")
    assert webhook.secrets(office.now + timedelta(hours=25)) == (third,)
    assert first not in repr(webhook)
    for _ in range(3):
        webhooks.renew_secret(office.database, "crm", CLAIRE)
    assert len(webhooks.one(office.database, "crm").secrets(office.now)) == 4
    assert "whsec_" not in repr(auditing.page(office.database, 0, 100))
    with pytest.raises(NotFound):
        webhooks.renew_secret(office.database, "help-desk", CLAIRE)


async def test_it_delivers_by_itself_and_a_slow_receiver_holds_nobody_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "EVERY", 0.02)
    monkeypatch.setattr(delivering, "LAST_TRY", 0.1)
    async with receiver() as slow:
        slow.answers = [NEVER]
        office.add("slow", f"http://127.0.0.1:{slow.port}/")
        office.add()
        for _ in range(20):
            office.happens()
        office.worker.start()
        async with asyncio.timeout(5):
            while len(office.receiver.requests) < 20 or not slow.requests:  # noqa: ASYNC110  it wakes nobody
                await asyncio.sleep(0.02)
        await office.worker.close()
    assert len(slow.requests) == 1
    assert len({each.headers["webhook-id"] for each in office.receiver.requests}) == 20


async def test_a_worker_whose_database_is_away_goes_on_when_it_is_back(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(delivering, "EVERY", 0.02)
    office.add()
    office.happens()
    file = tmp_path / "test.db"
    office.database.close()
    file.rename(tmp_path / "away.db")
    with capture_logs() as logs:
        office.worker.start()
        await asyncio.sleep(0.2)
    assert [each["event"] for each in logs] == ["webhooks_wait"]
    office.database.close()
    (tmp_path / "away.db").rename(file)
    async with asyncio.timeout(5):
        while not office.receiver.requests:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.02)
    await office.worker.close()


# --- tried again ---


async def test_what_failed_is_tried_again_by_the_next_service_too(office: Office) -> None:
    office.add()
    office.happens()
    office.receiver.answers = [status(500)]
    delivery = await office.work()
    assert (delivery.tries, delivery.due, delivery.last_error) == (1, office.now + PAUSES[0], "answered 500")

    await office.worker.close()
    office.start()
    office.now += timedelta(seconds=4)
    await office.work()
    assert len(office.receiver.requests) == 1
    office.now += timedelta(seconds=1)
    assert (await office.work()).delivered_at == office.now
    first, second = office.receiver.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


async def test_a_try_that_died_with_its_service_is_made_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "EVERY", 0.02)
    monkeypatch.setattr(delivering, "LAST_TRY", 0.1)
    office.add()
    office.happens()
    office.receiver.answers = [NEVER]
    office.worker.start()
    async with asyncio.timeout(5):
        while not office.receiver.requests:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.02)
    await office.worker.close()
    office.start()
    office.now += delivering.CLAIM
    assert (await office.work()).tries == 2
    assert len(office.receiver.requests) == 2


async def test_after_the_last_try_it_is_given_up(office: Office) -> None:
    office.add()
    office.happens()
    began = office.now
    office.receiver.answers = [status(503)] * 20
    tried = []
    while (delivery := await office.work()).due is not None:
        tried.append(office.now - began)
        office.now = delivery.due
    assert [each.total_seconds() for each in tried] == [
        *(0, 5, 305, 2105, 9305, 27305, 63305, 113705, 185705)  # 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h later
    ]
    assert (delivery.tries, delivery.given_up_at, delivery.last_error) == (10, office.now, "answered 503")
    assert office.now - began == timedelta(seconds=272105)
    office.now += timedelta(days=365)
    await office.work()
    assert len(office.receiver.requests) == 10


async def test_what_is_over_is_told_again_on_request(office: Office) -> None:
    office.add()
    office.happens()
    office.receiver.answers = [status(503)] * 10
    while (delivery := await office.work()).due is not None:
        office.now = delivery.due
    webhooks.retry(office.database, "crm", delivery.id, CLAIRE)
    office.receiver.answers = [status(503)]
    waiting = await office.work()
    assert (waiting.tries, waiting.due, waiting.given_up_at) == (1, office.now + PAUSES[0], None)
    with pytest.raises(Conflict, match="not over yet"):
        webhooks.retry(office.database, "crm", delivery.id, CLAIRE)
    office.now += PAUSES[0]
    assert (await office.work()).delivered_at == office.now
    webhooks.retry(office.database, "crm", delivery.id, CLAIRE)
    assert (await office.work()).delivered_at == office.now
    assert {each.headers["webhook-id"] for each in office.receiver.requests} == {delivery.id}
    assert len({each.body for each in office.receiver.requests}) == 1
    assert len(office.receiver.requests) == 13


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(office: Office, code: int) -> None:
    office.add()
    office.happens()
    office.receiver.answers = [status(code, f"location: http://127.0.0.1:{office.receiver.port}/elsewhere")]
    delivery = await office.work()
    assert delivery.last_error == f"answered {code}, which is not followed"
    assert [each.line for each in office.receiver.requests] == ["POST /hook HTTP/1.1"]


async def test_a_receiver_that_is_gone_is_asked_no_more(office: Office) -> None:
    office.add()
    for _ in range(3):
        office.happens()
    office.receiver.answers = [status(410)]
    await office.work()
    assert len(office.receiver.requests) == 1
    assert not webhooks.one(office.database, "crm").enabled
    assert {each.due for each in office.deliveries()} == {None}
    assert "410 Gone" in next(each for each in office.deliveries() if each.tries).last_error
    office.happens()
    assert len(office.deliveries()) == 3
    *_, entry = auditing.page(office.database, 0, 10)
    assert (entry.actor, entry.action, entry.thing) == ("webhooks", "change", "webhooks/crm")


@pytest.mark.parametrize("answer", [NEVER, b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1"])
async def test_a_slow_receiver_has_its_time_and_no_more(
    office: Office, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.3)
    office.add()
    office.happens()
    office.receiver.answers = [answer]
    office.receiver.endless = b"" if answer == NEVER else b"x-more: 1\r\n" if answer.endswith(b"\n") else b" "
    began = time.monotonic()
    delivery = await office.work()
    assert time.monotonic() - began < 2
    assert delivery.last_error.startswith(("no answer within 0.3 seconds", "no answer that can be read"))
    assert delivery.delivered_at is None


async def test_a_huge_answer_is_not_read(office: Office) -> None:
    office.add()
    office.happens()
    office.receiver.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n"]
    office.receiver.endless = b"x" * 65536
    began = time.monotonic()
    assert (await office.work()).delivered_at is not None
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("answer", [b"220 smtp.example ESMTP\r\n", b"\0" * 9, b"HTTP/1.1 9999 No\r\n\r\n"])
async def test_what_is_no_answer_is_a_failed_try(office: Office, answer: bytes) -> None:
    office.add()
    office.happens()
    office.receiver.answers = [answer]
    delivery = await office.work()
    assert delivery.last_error.startswith("no answer that can be read")
    assert "smtp" not in delivery.last_error


async def test_where_nobody_listens_it_says_so(office: Office) -> None:
    office.add(url=f"http://127.0.0.1:{free_port()}/")
    office.happens()
    assert (await office.work()).last_error == "cannot connect: Connection refused"


async def test_a_name_without_an_address_is_a_failed_try(office: Office) -> None:
    async def nothing(host: str, port: int) -> list[str]:
        raise ReceiverUnavailable(f"{host} has no address: Name or service not known")

    office.resolve = nothing
    office.start()
    office.add(url="http://nowhere.example/")
    office.happens()
    assert "nowhere.example has no address" in (await office.work()).last_error


# --- never sent where it must not go ---

NOT_PUBLIC = [
    *("127.0.0.1", "127.1", "127.255.0.1", "2130706433", "0177.0.0.1", "0x7f000001", "0x7f.1", "017700000001"),
    *("0.0.0.0", "0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "198.18.0.1"),
    *("192.0.2.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "localhost"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[::8.8.8.8]"),
    *("[fc00::1]", "[fd12::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[64:ff9b::808:808]"),
    *("[64:ff9b:1::1]", "[2001::1]", "[2002:7f00:1::]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[4000::1]"),
]


@pytest.mark.parametrize("host", NOT_PUBLIC)
async def test_an_address_that_is_not_public_is_refused(office: Office, host: str) -> None:
    office.receivers = ANYWHERE
    office.start()
    webhook = office.add(url=f"http://{host}:{office.receiver.port}/")
    office.happens()
    (delivery,) = office.deliveries()
    with pytest.raises(Refused, match=r"not on the public internet; .*AIGUILLAGE_WEBHOOKS_MAY_REACH"):
        await Poster(ANYWHERE).post(webhook, delivery, office.now)
    assert "AIGUILLAGE_WEBHOOKS_MAY_REACH" in (await office.work()).last_error
    assert office.receiver.connections == 0


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a02:a03f::1"])
def test_a_public_address_is_not(address: str) -> None:
    PUBLIC.check_address("crm.example", address)


def test_a_network_that_is_listed_may_be_reached_and_its_neighbour_not() -> None:
    listed = Receivers((ip_network("10.1.2.0/24"), ip_network("fd00:1::/32")))
    for address in ("10.1.2.3", "fd00:1::7", "1.1.1.1"):
        listed.check_address("crm.example", address)
    for address in ("10.1.3.3", "fd00:2::7", "127.0.0.1", "::ffff:10.1.2.3"):
        with pytest.raises(Refused):
            listed.check_address("crm.example", address)


async def test_a_name_that_points_elsewhere_when_asked_again_leads_nowhere_else(office: Office) -> None:
    """DNS rebinding: what was checked is what is connected to."""
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1" if len(asked) == 1 else "127.0.0.2"]

    async with receiver("127.0.0.2", office.receiver.port) as victim:
        office.resolve = rebinding
        office.start()
        office.add(url=f"http://hooks.example:{office.receiver.port}/hook")
        office.happens()
        assert (await office.work()).delivered_at is not None
        assert asked == ["hooks.example"]
        (request,) = office.receiver.requests
        assert request.headers["host"] == f"hooks.example:{office.receiver.port}"

        office.now += timedelta(seconds=1)
        office.happens()
        assert "hooks.example is at 127.0.0.2" in (await office.work()).last_error
        assert (len(office.receiver.requests), victim.connections) == (1, 0)


async def test_a_name_with_one_bad_address_is_refused_whole(office: Office) -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "10.0.0.1"]

    office.resolve = both
    office.start()
    office.add()
    office.happens()
    assert "is at 10.0.0.1" in (await office.work()).last_error
    assert office.receiver.connections == 0


async def test_the_next_address_is_tried_where_nobody_listens_at_the_first(office: Office) -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["127.0.0.3", "127.0.0.1"]

    office.receivers, office.resolve = Receivers((ip_network("127.0.0.0/8"),), http=True), both
    office.start()
    office.add()
    office.happens()
    assert (await office.work()).delivered_at is not None


async def test_a_proxy_of_the_environment_is_not_asked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    office.add()
    office.happens()
    assert (await office.work()).delivered_at is not None


async def test_tls_is_for_the_name_at_the_address_that_was_checked(office: Office, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days"]
    named = ["2", "-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"]
    subprocess.run([*made, *named, "-keyout", key, "-out", certificate], check=True, capture_output=True)  # noqa: ASYNC221  nothing else runs
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)

    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    office.resolve = here
    async with receiver(tls=tls) as there:
        poster = Poster(LOOPBACK, here)
        office.worker = Delivering(office.database, poster, lambda: office.now)
        office.add(url=f"https://hooks.example:{there.port}/")
        office.add("other", f"https://other.example:{there.port}/")
        office.happens()
        assert (
            await office.work()
        ).last_error == "cannot connect: its certificate does not hold: self-signed certificate"
        poster._tls = ssl.create_default_context(cafile=str(certificate))
        office.now += PAUSES[0]
        assert (await office.work()).delivered_at is not None
        assert there.requests[0].headers["host"] == f"hooks.example:{there.port}"
        assert "certificate is not valid for 'other.example'" in (await office.work("other")).last_error
        assert len(there.requests) == 1


# --- added, changed, taken out ---


@pytest.mark.parametrize(
    "url, fault",
    [
        ("http://crm.example/", "AIGUILLAGE_WEBHOOKS_HTTP"),
        ("ftp://crm.example/", "no URL of a web server"),
        ("file:///etc/passwd", "no URL of a web server"),
        ("gopher://127.0.0.1:5038/_Action", "no URL of a web server"),
        ("crm.example", "no URL of a web server"),
        ("https://", "no URL of a web server"),
        ("https://crm.example:99999/", "no URL"),
        ("https://crm.example:0/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://claire:secret@crm.example/", "leave it out"),
        ("https://crm.example@evil.example/", "leave it out"),
        ("https://crm.example/#part", "leave it out"),
        ("https://crm.example/\r\nHost: x", "visible ASCII"),
        ("https://crm.example/ x", "visible ASCII"),
        ("https://crmé.example/", "xn--"),
        ("https://crm.example/" + "x" * 2000, "up to 2000"),
        ("", "visible ASCII"),
    ],
)
def test_a_url_that_is_none_is_refused(database: Database, url: str, fault: str) -> None:
    with pytest.raises(DocumentRefused, match=fault):
        webhooks.add(database, PUBLIC, "crm", Wish(url, ("call.missed",)), CLAIRE)
    assert webhooks.all_of(database) == []


def test_every_change_is_in_the_audit_and_no_secret(database: Database) -> None:
    wish = Wish("https://crm.example/hook?password=hush", ("voicemail.left", "call.missed"))
    made = webhooks.add(database, PUBLIC, "crm", wish, CLAIRE)
    assert made.events == ("call.missed", "voicemail.left")
    first = webhooks.revision(made)
    changed = webhooks.change(database, PUBLIC, "crm", {"enabled": False}, [first], CLAIRE)
    assert changed == replace(made, enabled=False)
    assert webhooks.change(database, PUBLIC, "crm", {"enabled": False}, None, CLAIRE) == changed  # no entry
    webhooks.remove(database, "crm", [webhooks.revision(changed)], CLAIRE)
    entries = auditing.page(database, 0, 10)
    assert [(each.action, each.thing, each.actor, each.request) for each in entries] == [
        (action, "webhooks/crm", "token claire", "request-1") for action in ("add", "change", "remove")
    ]
    assert json.loads(entries[0].after or "")["url"] == "https://crm.example/hook?…"
    for each in entries:
        for text in (each.before or "", each.after or ""):
            assert made.secret not in text
            assert "whsec_" not in text
            assert "hush" not in text
    assert auditing.verify(database)[2] is None


def test_two_who_change_the_same_webhook(database: Database) -> None:
    wish = Wish("https://crm.example/", ("call.missed",))
    known = [webhooks.revision(webhooks.add(database, PUBLIC, "crm", wish, CLAIRE))]
    with pytest.raises(Conflict, match='a webhook "crm" already'):
        webhooks.add(database, PUBLIC, "crm", wish, CLAIRE)
    webhooks.change(database, PUBLIC, "crm", {"enabled": False}, known, CLAIRE)
    with pytest.raises(ChangedMeanwhile):
        webhooks.change(database, PUBLIC, "crm", {"enabled": True}, known, CLAIRE)
    with pytest.raises(ChangedMeanwhile):
        webhooks.remove(database, "crm", known, CLAIRE)
    with pytest.raises(NotFound):
        webhooks.remove(database, "help-desk", None, CLAIRE)


async def test_a_ping(office: Office) -> None:
    secret = office.add().secret
    webhooks.ping(office.database, "crm")
    office.now += timedelta(seconds=1)
    assert (await office.work()).delivered_at == office.now
    (request,) = office.receiver.requests
    told = standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    assert (told["type"], told["data"]) == ("ping", {"webhook": "crm"})
    webhooks.change(office.database, LOOPBACK, "crm", {"enabled": False}, None, CLAIRE)
    with pytest.raises(Conflict, match="enable it first"):
        webhooks.ping(office.database, "crm")


async def test_no_secret_is_ever_in_the_log(office: Office) -> None:
    with capture_logs() as logs:
        secret = office.add(url=f"http://127.0.0.1:{office.receiver.port}/?password=hush").secret
        office.happens()
        office.receiver.answers = [status(500), status(302), b"garbage\r\n\r\n", status(200), status(410)]
        for _ in range(4):
            delivery = await office.work()
            office.now = delivery.due or office.now
        office.happens()
        await office.work()
    assert [each["event"] for each in logs] == [*["webhook_not_delivered"] * 3, "webhook_delivered", "webhook_disabled"]
    said = repr(logs) + repr(office.deliveries()) + repr(webhooks.all_of(office.database))
    assert secret not in said
    assert "hush" not in repr(logs)
