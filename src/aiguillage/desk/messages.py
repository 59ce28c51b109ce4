"""Voicemail: the table follows Asterisk's folder, new messages are mailed, and people list, hear and delete them.

Asterisk's folder is what counts; the table is what it held a moment ago. So a message that came while the service was
away is found when it is back, and nothing is lost with the table but what was mailed already.

Several nodes share the table. Each looks after the messages that its own Asterisk holds, and leaves all others alone.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from aiguillage import text_formats
from aiguillage.asterisk import voicemail
from aiguillage.asterisk.voicemail import Found, Recording, Spool
from aiguillage.desk import mailing
from aiguillage.desk.editing import NOBODY, Editor
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import AiguillageError, NotFound, Refused, Unavailable
from aiguillage.routing.mailboxes import mailboxes
from aiguillage.routing.numbers import from_signalling
from aiguillage.settings import Settings
from aiguillage.store import audit, messages, webhooks
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, Session
from aiguillage.store.messages import StoredMessage as StoredMessage

log = structlog.get_logger()

EVERY = 2.0
"""Seconds between two looks at Asterisk's folder, and at what is to be mailed."""
CLAIM = timedelta(seconds=90)
"""As long as one attempt to mail may take, and more: until then nobody else tries."""
LAST_ATTEMPT = 5.0
"""Seconds that an attempt under way is given when the service stops."""
PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""Between a failed attempt and the next; the last one again and again."""


def messages_of(database: Database, mailbox: str | None = None) -> list[StoredMessage]:
    """The messages of a mailbox (`claire@people`), or of all, the oldest first."""
    with database.reading() as session:
        return messages.messages_in(session, mailbox)


def as_dict(message: StoredMessage) -> dict[str, Any]:
    """For programs: instants in ISO 8601, UTC."""
    described = {name: value for name, value in asdict(message).items() if name not in {"file", "folder"}}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in described.items()}


def in_words(message: StoredMessage) -> str:
    """A line for people, in the time of this machine."""
    caller = " ".join(filter(None, (message.caller_name, message.caller))) or "number withheld"
    mail = f"mailed to {message.mail_to}" if message.mailed_at else f"to be mailed to {message.mail_to}"
    if message.mail_error:
        mail += f" (tried {message.mail_tries} times: {message.mail_error})"
    told = [
        f"{message.id}: {message.at.astimezone():%Y-%m-%d %H:%M}, {message.seconds} s, from {caller}",
        "listened to" if message.listened else "new",
        *([f"on node {message.node}"] if message.node else []),
        *([mail] if message.mail_to else []),
    ]
    return ", ".join(told)


def message_of(database: Database, id: str) -> StoredMessage:  # noqa: A002  what the table calls it
    """Raises NotFound."""
    return _message(database, id)


def revision(message: StoredMessage) -> str:
    """32 hexadecimal digits, of what is shown of it."""
    return hashlib.sha256(text_formats.write_json(as_dict(message)).encode()).hexdigest()[:32]


def sound_of(settings: Settings, database: Database, id: str) -> bytes:  # noqa: A002  what the table calls it
    """The recording, WAV. Raises NotFound; Unavailable where another node holds it."""
    message = _held(settings, database, id)
    return Spool(settings.voicemail).sound(message.mailbox, message.msg_id)


def delete(settings: Settings, database: Database, id: str, by: Editor = NOBODY) -> None:  # noqa: A002  as above
    """Delete a message for good. From a thread without an event loop.

    Raises NotFound, AsteriskUnavailable; Unavailable where another node holds it.
    """
    message = _held(settings, database, id)
    asyncio.run(voicemail.remove(settings, message.mailbox, message.folder, message.msg_id))
    with database.writing() as session:
        messages.remove(session, [id])
        audit.append(session, datetime.now(UTC), Deed(by.name, "delete", f"voicemail/{id}", request=by.request))


def mark_listened(settings: Settings, database: Database, id: str) -> None:  # noqa: A002  as above
    """Take a message for listened to, as if by telephone; does nothing where it is. Raises as `delete` does."""
    message = _held(settings, database, id)
    if message.listened:
        return
    asyncio.run(voicemail.move_to_old(settings, message.mailbox, message.folder, message.msg_id))
    with database.writing() as session:
        messages.moved(session, id, "Old", message.file, listened=True)


def _message(database: Database, id: str) -> StoredMessage:  # noqa: A002  as above
    with database.reading() as session:
        found = messages.message(session, id)
    if found is None:
        raise NotFound(f'there is no message "{id}"; see: aiguillage voicemail list')
    return found


def _held(settings: Settings, database: Database, id: str) -> StoredMessage:  # noqa: A002  as above
    """A message whose recording is here. Raises NotFound, Unavailable."""
    message = _message(database, id)
    if message.node != settings.node:
        where = f"node {message.node}" if message.node else "the node that had no name"
        raise Unavailable(
            f"message {id} is on {where}, and its recording can be heard and deleted there only: by telephone, or on "
            f"that machine with: aiguillage voicemail delete {id}"
        )
    return message


class MessageBook:
    """Owned by the event loop; looking and writing run in threads. Does nothing before a plan is published."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        snapshot: Callable[[], Snapshot | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._database, self._snapshot, self._now = settings, database, snapshot, now
        self._spool = Spool(settings.voicemail, settings.node)
        self._accepted: dict[str, datetime] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(_again_and_again(self._look, "voicemail"), name="voicemail"),
            asyncio.create_task(_again_and_again(self._mail, "voicemail_mail"), name="voicemail-mail"),
        ]

    async def close(self) -> None:
        """What is not mailed yet is mailed after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- the folder ---

    async def _look(self) -> None:
        snapshot = self._snapshot()
        if snapshot is not None:
            await asyncio.to_thread(self.keep_in_step, snapshot)

    def keep_in_step(self, snapshot: Snapshot) -> None:
        """Make the table say what the folder holds. Raises AsteriskUnavailable, StoreUnavailable.

        A difference is looked at once more while nobody else writes: what `delete` has taken out meanwhile must not
        come back as a new message.
        """
        with self._database.reading() as session:
            stored = self._ours(session)
        if not _differences(self._spool.found(), stored, self._settings.node):
            return
        with self._database.writing() as session:
            differences = _differences(self._spool.found(), self._ours(session), self._settings.node)
            messages.named(session, [(each.nameless_id, each.id) for each in differences.named], self._settings.node)
            messages.remove(session, differences.gone)
            for each in differences.moved:
                messages.moved(session, each.id, each.folder, each.file, listened=each.listened)
            new = [self._stored(each, snapshot) for each in differences.new]
            messages.add(session, new)
            for left in new:
                if not left.listened:
                    webhooks.tell(session, left.at, "voicemail.left", _told(left, snapshot))
        log.info("voicemail", new=len(differences.new), gone=len(differences.gone))

    def _ours(self, session: Session) -> list[StoredMessage]:
        """And those of a time when the only node had no name: what of them is in our folder is ours."""
        return messages.messages_in(session, nodes={self._settings.node, ""})

    def _stored(self, recording: Recording, snapshot: Snapshot) -> StoredMessage:
        """As it is kept: with what the directory knows of the caller, and the address that it is to be mailed to."""
        plan = snapshot.plan
        number = from_signalling(recording.caller or "", plan.organisation.country)
        known = snapshot.directory.candidates(number) if number else ()
        mailbox = mailboxes(plan).get(recording.mailbox)
        mailing_wanted = bool(self._settings.smtp_host) and not recording.listened
        return StoredMessage(
            id=recording.id,
            mailbox=recording.mailbox,
            folder=recording.folder,
            caller=number or recording.caller,
            caller_name=recording.caller_name or " / ".join(dict.fromkeys(each.name for each in known)),
            at=recording.at,
            seconds=recording.seconds,
            listened=recording.listened,
            file=recording.file,
            mail_to=(mailbox.email or "") if mailing_wanted and mailbox else "",
            node=recording.node,
        )

    # --- e-mail ---

    async def _mail(self) -> None:
        snapshot = self._snapshot()
        while snapshot is not None and self._settings.smtp_host:
            attempt = asyncio.ensure_future(self.mail_one(snapshot))
            try:
                if not await asyncio.shield(attempt):
                    return
            except asyncio.CancelledError:  # what the server may have taken is to be written down before we go
                await asyncio.wait([attempt], timeout=LAST_ATTEMPT)
                attempt.cancel()
                raise

    async def mail_one(self, snapshot: Snapshot) -> bool:
        """Try to mail the oldest message that is due; whether there was one."""
        message = await asyncio.to_thread(self._claim)
        if message is None:
            return False
        try:
            sound = await asyncio.to_thread(self._spool.sound, message.mailbox, message.msg_id)
            mail = mailing.compose(self._settings, snapshot.plan, message, sound)
            await mailing.send(self._settings, mail)
        except (NotFound, Refused, Unavailable) as wrong:
            pause = PAUSES[min(message.mail_tries, len(PAUSES)) - 1]
            log.warning("voicemail_not_mailed", message=message.id, tries=message.mail_tries, error=str(wrong))
            await asyncio.to_thread(self._failed, message, str(wrong), self._now() + pause)
        else:
            log.info("voicemail_mailed", message=message.id)
            self._accepted[message.id] = self._now()
            await asyncio.to_thread(self._write_down)
        return True

    def _claim(self) -> StoredMessage | None:
        self._write_down()
        now = self._now()
        with self._database.writing() as session:
            return messages.claim_mail(session, now, now + CLAIM, self._settings.node)

    def _write_down(self) -> None:
        """What the server accepted stays here until the database has it: it is not to be sent again meanwhile."""
        if self._accepted:
            with self._database.writing() as session:
                for id_, at in self._accepted.items():
                    messages.mailed(session, id_, at)
            self._accepted.clear()

    def _failed(self, message: StoredMessage, error: str, due: datetime) -> None:
        with self._database.writing() as session:
            messages.not_mailed(session, message.id, error, due)


def _told(message: StoredMessage, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": message.id,
        "mailbox": message.mailbox,
        "caller": from_signalling(message.caller or "", snapshot.plan.organisation.country),
        "caller_name": message.caller_name,
        "at": message.at.isoformat(),
        "seconds": message.seconds,
    }


@dataclass(frozen=True, slots=True)
class _Differences:
    """Between the folder and the table. `gone` are ids; `named` were left while the node had no name."""

    new: tuple[Recording, ...]
    named: tuple[Recording, ...]
    moved: tuple[Recording, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.named or self.moved or self.gone)


def _differences(found: Found, stored: Collection[StoredMessage], node: str) -> _Differences:
    """A mailbox that could not be read at this moment has none."""
    there = {each.id: each for held in found.values() for each in held or ()}
    ours = [each for each in stored if each.node == node]
    nameless = {each.id for each in stored if each.node != node}
    known = {each.id: each for each in ours if found.get(each.mailbox, ()) is not None}
    unseen = {each.id for each in ours} - known.keys()
    fresh = [each for each in there.values() if each.id not in known and each.id not in unseen]
    return _Differences(
        new=tuple(each for each in fresh if each.nameless_id not in nameless),
        named=tuple(each for each in fresh if each.nameless_id in nameless),
        moved=tuple(each for each in there.values() if each.id in known and _has_moved(known[each.id], each)),
        gone=tuple(each for each in known if each not in there),
    )


def _has_moved(stored: StoredMessage, recording: Recording) -> bool:
    return (stored.folder, stored.file) != (recording.folder, recording.file)


async def _again_and_again(deed: Callable[[], Awaitable[None]], name: str) -> None:
    """Whatever goes wrong is told once, and tried again."""
    told = ""
    while True:
        try:
            await deed()
            told = ""
        except AiguillageError as wrong:
            if str(wrong) != told:
                log.warning(f"{name}_waits", error=str(wrong))
            told = str(wrong)
        except Exception:  # a task that ends would keep messages from everybody until the next start
            log.exception(f"{name}_failed")
        await asyncio.sleep(EVERY)
