"""Messages as e-mails, at a real SMTP server (aiosmtpd) on loopback."""

import asyncio
import email
import email.policy
import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr, ValidationError

from aiguillage.desk import mailing
from aiguillage.desk import messages as desk
from aiguillage.desk.messages import PAUSES, MessageBook, messages_of
from aiguillage.errors import StoreUnavailable
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings
from aiguillage.store import messages as stored
from aiguillage.store.database import Database
from aiguillage.store.messages import StoredMessage
from tests.desk.spool import AT, FakeSpool, settings_for, snapshot_of, with_mail
from tests.ports import free_port
from tests.unit.examples import PLAN

CLAIRE, OFFICE = "claire@people", "reception@boxes"
FIRST, SECOND = "1795510800-00000000", "1795510800-00000001"


@dataclass
class Inbox:
    """What the server accepted. `answers` are given to the next e-mails instead of accepting them."""

    received: list[tuple[list[str], bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        self.received.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        parsed = [email.message_from_bytes(content, policy=email.policy.default) for _, content in self.received]
        return [each for each in parsed if isinstance(each, EmailMessage)]


@contextmanager
def server(inbox: Inbox, port: int, **options: Any) -> Iterator[None]:
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.fixture
def spool(tmp_path: Path) -> FakeSpool:
    return FakeSpool(tmp_path / "voicemail")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def inbox(port: int) -> Iterator[Inbox]:
    inbox = Inbox()
    with server(inbox, port):
        yield inbox


@dataclass
class Office:
    """A message book whose clock stands still until it is moved."""

    settings: Settings
    database: Database
    plan: Plan = PLAN
    now: datetime = AT

    def __post_init__(self) -> None:
        self.book = MessageBook(self.settings, self.database, lambda: snapshot_of(self.plan), lambda: self.now)

    async def work(self) -> None:
        """Look, and mail what is due."""
        await asyncio.to_thread(self.book.keep_in_step, snapshot_of(self.plan))
        while await self.book.mail_one(snapshot_of(self.plan)):
            pass

    def only(self) -> StoredMessage:
        (message,) = messages_of(self.database)
        return message


@pytest.fixture
def office(tmp_path: Path, port: int, database: Database) -> Office:
    return Office(with_mail(tmp_path, port), database)


def body_of(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


async def test_who_when_how_long_which_box_and_the_sound(spool: FakeSpool, office: Office, inbox: Inbox) -> None:
    text = spool.leave(CLAIRE, 0, FIRST, caller='"Anne Lambert" <+32471000201>')
    await office.work()

    ((recipients, _),) = inbox.received
    (mail,) = inbox.mails
    assert recipients == ["claire@patro.example"]
    assert mail["To"] == "Claire Dubois <claire@patro.example>"
    assert mail["From"] == "Fédération Nationale des Patros <standard@patro.example>"
    assert mail["Subject"] == "Message vocal de Anne Lambert, 0471 00 02 01 (1:05)"
    assert mail["Message-ID"] == f"<{FIRST}.claire.people@patro.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    for fact in ("De : Anne Lambert, 0471 00 02 01", "24/11/2026 à 10:00", "1:05", "votre messagerie (Claire Dubois)"):
        assert fact in body_of(mail)
    (sound,) = mail.iter_attachments()
    assert (sound.get_content_type(), sound.get_filename()) == ("audio/wav", "2026-11-24_10-00-00.wav")
    content = sound.get_content()
    assert content == text.with_suffix(".wav").read_bytes()
    with wave.open(io.BytesIO(content)) as played:
        assert played.getnframes() == 8000
    assert office.only().mailed_at == AT
    assert (office.only().mail_tries, office.only().mail_error) == (1, "")


@pytest.mark.parametrize(
    "language,subject,fact",
    [
        ("fr", "Message vocal de numéro masqué (1:05)", "24/11/2026 à 10:00"),
        ("nl", "Voicemailbericht van afgeschermd nummer (1:05)", "24/11/2026 om 10:00"),
        ("de", "Sprachnachricht von unterdrückte Nummer (1:05)", "24.11.2026 um 10:00 Uhr"),
        ("en", "Voice message from number withheld (1:05)", "2026-11-24 at 10:00"),
        ("it", "Message vocal de numéro masqué (1:05)", "24/11/2026 à 10:00"),
    ],
)
async def test_in_the_readers_language(
    spool: FakeSpool, office: Office, inbox: Inbox, language: str, subject: str, fact: str
) -> None:
    claire = replace(PLAN.people["claire"], languages=(language,))
    office.plan = replace(PLAN, people={**PLAN.people, "claire": claire})
    spool.leave(CLAIRE, 0, FIRST)
    await office.work()
    (mail,) = inbox.mails
    assert mail["Subject"] == subject
    assert fact in body_of(mail)
    assert mail["Content-Language"] == (language if language != "it" else "fr")


async def test_a_shared_box_has_its_own_address_and_name(spool: FakeSpool, office: Office, inbox: Inbox) -> None:
    spool.leave(OFFICE, 0, FIRST, caller="+32471000201")
    await office.work()
    ((recipients, _),) = inbox.received
    assert recipients == ["accueil@patro.example"]
    assert "Boîte : Messagerie de l'accueil\n" in body_of(inbox.mails[0]).replace("\r\n", "\n")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x00", "\x0b", "\x85", "\u2028", "=?utf-8?q?=0A?="])
async def test_a_callers_name_adds_no_header(
    spool: FakeSpool, office: Office, inbox: Inbox, database: Database, end: str
) -> None:
    evil = f"Anne{end}Bcc: everybody@evil.example{end}{end}<script>"
    spool.leave(CLAIRE, 0, FIRST)
    await asyncio.to_thread(office.book.keep_in_step, snapshot_of())
    with database.writing() as session:
        row = replace(office.only(), caller_name=evil, caller=f"+32{end}Cc: x@evil.example")
        stored.remove(session, [row.id])
        stored.add(session, [row])
    await office.work()

    ((recipients, content),) = inbox.received
    assert recipients == ["claire@patro.example"]
    head = content.partition(b"\r\n\r\n")[0]
    assert {name for name, _ in inbox.mails[0].items()} <= {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version"),
        *("Content-Type", "X-Peer", "X-MailFrom", "X-RcptTo"),
    }
    assert b"\nBcc:" not in head
    assert "Anne" in inbox.mails[0]["Subject"]


async def test_an_address_that_is_none_is_told(
    spool: FakeSpool, office: Office, inbox: Inbox, database: Database
) -> None:
    for address in (
        "claire",
        "claire@x\nBcc: y@evil.example",
        "a@b.example, c@d.example",
        "=?utf-8?q?=0A?=@b.example",
        "",
    ):
        claire = replace(PLAN.people["claire"], email=address)
        office.plan = replace(PLAN, people={**PLAN.people, "claire": claire})
        spool.leave(CLAIRE, 0, FIRST)
        await office.work()
        assert ("is no e-mail address" in office.only().mail_error) == bool(address)
        with database.writing() as session:
            stored.remove(session, [office.only().id])
    assert inbox.received == []


async def test_sent_exactly_once_whoever_looks(spool: FakeSpool, office: Office, inbox: Inbox) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    another = Office(office.settings, office.database)
    await asyncio.gather(office.work(), another.work())
    for _ in range(3):
        await office.work()
    await Office(office.settings, office.database, now=AT + timedelta(days=1)).work()
    spool.move(CLAIRE, 0, 0, to_folder="Old")
    spool.leave(CLAIRE, 0, SECOND)
    await office.work()
    assert [each["Message-ID"].partition(".")[0] for each in inbox.mails] == [f"<{FIRST}", f"<{SECOND}"]


@pytest.mark.parametrize("answer", ["451 try later", "550 no such person here", "554 you are a spammer"])
async def test_a_server_that_refuses_is_asked_again_later(
    spool: FakeSpool, office: Office, inbox: Inbox, answer: str
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    inbox.answers = [answer] * 5
    waits = [*PAUSES, PAUSES[-1]]
    for tries, wait in enumerate(waits, start=1):
        await office.work()
        failed = office.only()
        assert (failed.mail_tries, failed.mailed_at, failed.mail_due) == (tries, None, office.now + wait)
        assert answer[4:] in failed.mail_error
        office.now += wait - timedelta(seconds=1)
        await office.work()  # too early
        assert office.only().mail_tries == tries
        office.now += timedelta(seconds=1)
    await office.work()
    assert len(inbox.received) == 1
    done = office.only()
    assert (done.mail_tries, done.mailed_at, done.mail_error, done.mail_due) == (6, office.now, "", None)


async def test_a_server_that_is_away_is_asked_again_later(spool: FakeSpool, tmp_path: Path, database: Database) -> None:
    port = free_port()
    office = Office(with_mail(tmp_path, port), database)
    spool.leave(CLAIRE, 0, FIRST)
    await office.work()
    assert f"127.0.0.1:{port}" in office.only().mail_error
    inbox = Inbox()
    with server(inbox, port):
        await office.work()
        assert inbox.received == []
        office.now += PAUSES[0]
        await office.work()
    assert len(inbox.received) == 1


async def test_a_message_that_is_deleted_before_it_is_mailed_is_not(
    spool: FakeSpool, office: Office, inbox: Inbox
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    inbox.answers = ["451 later"]
    await office.work()
    spool.drop(CLAIRE, 0)
    office.now += timedelta(days=1)
    await office.work()
    assert messages_of(office.database) == []
    assert inbox.received == []


async def test_what_was_accepted_is_not_sent_again_while_the_database_is_away(
    spool: FakeSpool, office: Office, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    with monkeypatch.context() as away:

        def mailed(*_: object) -> None:
            raise StoreUnavailable("away")

        away.setattr(stored, "mailed", mailed)
        with pytest.raises(StoreUnavailable):
            await office.work()
        office.now += timedelta(hours=1)
        with pytest.raises(StoreUnavailable):
            await office.work()
    await office.work()
    assert len(inbox.received) == 1
    assert office.only().mailed_at == AT


async def test_a_service_that_is_told_to_stop_finishes_the_e_mail_first(
    spool: FakeSpool, office: Office, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "EVERY", 0.02)
    began = asyncio.Event()
    send = mailing.send

    async def slowly(settings: Settings, mail: EmailMessage) -> None:
        began.set()
        await asyncio.sleep(0.3)
        await send(settings, mail)

    monkeypatch.setattr(mailing, "send", slowly)
    spool.leave(CLAIRE, 0, FIRST)
    office.book.start()
    await asyncio.wait_for(began.wait(), 5)
    await office.book.close()
    assert len(inbox.received) == 1
    assert office.only().mailed_at == AT


async def test_without_a_server_nothing_is_mailed_not_even_later(
    spool: FakeSpool, tmp_path: Path, port: int, inbox: Inbox, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    await Office(settings_for(tmp_path), database).work()
    await Office(with_mail(tmp_path, port), database).work()
    assert inbox.received == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_name_and_password_are_given(spool: FakeSpool, tmp_path: Path, database: Database) -> None:
    given: list[LoginPassword] = []

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        given.append(data)
        return AuthResult(success=data.password == b"right", handled=False)

    inbox, port = Inbox(), free_port()
    office = Office(with_mail(tmp_path, port, smtp_user="pbx", smtp_password=SecretStr("wrong")), database)
    spool.leave(CLAIRE, 0, FIRST)
    with server(inbox, port, authenticator=check, auth_required=True, auth_require_tls=False):
        await office.work()
        assert office.only().mailed_at is None
        assert "wrong" not in office.only().mail_error
        right = with_mail(tmp_path, port, smtp_user="pbx", smtp_password=SecretStr("right"))
        await Office(right, database, now=AT + PAUSES[0]).work()
    assert len(inbox.received) == 1
    assert given[-1] == LoginPassword(b"pbx", b"right")


async def test_a_server_without_tls_is_refused_where_tls_is_wanted(
    spool: FakeSpool, tmp_path: Path, port: int, inbox: Inbox, database: Database
) -> None:
    spool.leave(CLAIRE, 0, FIRST)
    office = Office(with_mail(tmp_path, port, smtp_tls="starttls"), database)
    await office.work()
    assert "STARTTLS" in office.only().mail_error
    assert inbox.received == []


def test_a_server_needs_an_address_that_the_mail_comes_from(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="mail_from"):
        with_mail(tmp_path, 25, mail_from="")
