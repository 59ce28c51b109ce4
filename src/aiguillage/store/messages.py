"""Voicemail messages: what Asterisk's folder holds, and how far each has got as an e-mail."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from aiguillage.store.tables import messages


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """`mailbox` is `claire@people`; `caller` E.164 or as signalled, None when withheld.

    `mail_to` empty: no e-mail is wanted. `mail_due`: the next attempt is not before; None = at once. `node` holds the
    recording; empty: the only one.
    """

    id: str
    mailbox: str
    folder: str
    caller: str | None
    caller_name: str
    at: datetime
    seconds: int
    listened: bool
    file: str
    mail_to: str = ""
    mailed_at: datetime | None = None
    mail_tries: int = 0
    mail_due: datetime | None = None
    mail_error: str = ""
    node: str = ""

    @property
    def msg_id(self) -> str:
        """What Asterisk calls it."""
        return self.id.partition(".")[0]


def messages_in(
    session: Session, mailbox: str | None = None, nodes: Collection[str] | None = None
) -> list[StoredMessage]:
    """The messages of a mailbox, or of all, that those nodes hold, or any; the oldest first."""
    wanted = select(messages).order_by(messages.c.at, messages.c.id)
    if mailbox is not None:
        wanted = wanted.where(messages.c.mailbox == mailbox)
    if nodes is not None:
        wanted = wanted.where(messages.c.node.in_(nodes))
    return [StoredMessage(**row) for row in session.execute(wanted).mappings()]


def message(session: Session, id: str) -> StoredMessage | None:  # noqa: A002  the column's own name
    found = session.execute(select(messages).where(messages.c.id == id)).mappings().first()
    return StoredMessage(**found) if found else None


def add(session: Session, new: Sequence[StoredMessage]) -> None:
    if new:
        session.execute(insert(messages), [asdict(each) for each in new])


def moved(session: Session, id: str, folder: str, file: str, *, listened: bool) -> None:  # noqa: A002  as above
    session.execute(update(messages).where(messages.c.id == id).values(folder=folder, file=file, listened=listened))


def named(session: Session, ids: Iterable[tuple[str, str]], node: str) -> None:
    """What was kept while the only node had no name is this node's, by the other id of each pair."""
    for nameless, id_ in ids:
        session.execute(update(messages).where(messages.c.id == nameless).values(id=id_, node=node))


def remove(session: Session, ids: Collection[str]) -> None:
    if ids:
        session.execute(delete(messages).where(messages.c.id.in_(ids)))


def claim_mail(session: Session, now: datetime, until: datetime, node: str = "") -> StoredMessage | None:
    """The oldest message of `node` whose e-mail is due, counted as tried; nobody gets it before `until` (writing)."""
    due = messages.c.mail_due.is_(None) | (messages.c.mail_due <= now)
    waiting = (messages.c.mail_to != "") & messages.c.mailed_at.is_(None) & due
    found = session.execute(
        select(messages.c.id).where(waiting, messages.c.node == node).order_by(messages.c.at, messages.c.id).limit(1)
    ).first()
    if found is None:
        return None
    tried = {"mail_tries": messages.c.mail_tries + 1, "mail_due": until}
    session.execute(update(messages).where(messages.c.id == found.id).values(tried))
    return message(session, found.id)


def mailed(session: Session, id: str, at: datetime) -> None:  # noqa: A002  as above
    done = {"mailed_at": at, "mail_due": None, "mail_error": ""}
    session.execute(update(messages).where(messages.c.id == id).values(done))


def not_mailed(session: Session, id: str, error: str, due: datetime) -> None:  # noqa: A002  as above
    session.execute(update(messages).where(messages.c.id == id).values(mail_error=error, mail_due=due))
