"""Show everything that is kept of one caller, and erase it: in the directory, the journal, voicemail, and beside them.

What is known of staff is in the plan. A number that the plan uses is not erased: calls would go astray. Take it out of
the plan first; the versions that were published before keep it, and so does the audit.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from aiguillage import text_formats
from aiguillage.asterisk.call_file import SETTLED
from aiguillage.desk import catching_up, editing, last_known_good, messages
from aiguillage.desk.editing import Editor
from aiguillage.desk.erasures import Erasures
from aiguillage.errors import Conflict, NotFound, NumberRefused, Refused
from aiguillage.routing.numbers import E164, national_digits, parse_written
from aiguillage.settings import Settings
from aiguillage.store import audit, directory, erasure, journal, presences, retention
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, Session
from aiguillage.store.directory import KeptContact
from aiguillage.store.erasure import Found, Sought
from aiguillage.store.revisions import changed
from aiguillage.store.tables import callbacks, last_outgoing, webhook_deliveries

PRIVACY = "privacy"
"""What the audit calls it: whose data it was, is not said."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data is meant: a `number` in any spelling, or a `contact` of the directory, by its id, with every number
    that no other contact has."""

    number: str | None = None
    contact: int | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was taken out, by what it is; and what is `kept`, each with its reason."""

    erased: Mapping[str, int]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """`contacts` go; `others` share a number with the subject, and lose it. `shared` numbers are theirs as well."""

    numbers: tuple[E164, ...]
    contacts: tuple[KeptContact, ...]
    others: tuple[KeptContact, ...]
    shared: tuple[E164, ...]
    sought: Sought


# --- Who ---------------------------------------------------------------------------------------------------


def known_in(session: Session, subject: Subject, country: str) -> Known:
    """Raises NotFound, NumberRefused, Refused."""
    if (subject.number is None) == (subject.contact is None):
        raise Refused("write a number, or the id of a contact")
    shared: tuple[E164, ...] = ()
    contacts: tuple[KeptContact, ...]
    others: tuple[KeptContact, ...] = ()
    if subject.contact is not None:
        contact = directory.contact(session, subject.contact)
        if contact is None:
            raise NotFound(f"there is no contact {subject.contact}")
        of_others = {number for number in contact.contact.numbers if len(_with(session, number)) > 1}
        shared = tuple(number for number in contact.contact.numbers if number in of_others)
        numbers = tuple(number for number in contact.contact.numbers if number not in of_others)
        contacts = (contact,)
    else:
        numbers = (parse_written(subject.number or "", country),)
        having = _with(session, numbers[0])
        contacts = tuple(each for each in having if each.contact.numbers == numbers)
        others = tuple(each for each in having if each not in contacts)
    hidden = [name for number in numbers for name in retention.pseudonyms_of(session, number)]
    names = tuple({each.contact.name for each in contacts if not _has_namesake(session, each, contacts)})
    sought = Sought(frozenset([*numbers, *hidden]), tuple(national_digits(number) for number in numbers), names)
    return Known(numbers, contacts, others, shared, sought)


def _with(session: Session, number: E164) -> tuple[KeptContact, ...]:
    found = directory.page(session, directory.Wanted(number=number), 0, 10_000)
    return tuple(each for each in found if number in each.contact.numbers)


def _has_namesake(session: Session, contact: KeptContact, gone: tuple[KeptContact, ...]) -> bool:
    """Whether somebody of the same name stays in the directory: what names them is not to be taken out."""
    found = directory.page(session, directory.Wanted(text=contact.contact.name), 0, 10_000)
    return any(each.contact.name == contact.contact.name and each not in gone for each in found)


def country_in(session: Session) -> str:
    """Where numbers without a country are."""
    try:
        return editing.check(editing.draft_in(session)).organisation.country
    except NotFound:
        return "BE"


# --- Shown -------------------------------------------------------------------------------------------------


def export(database: Database, subject: Subject, by: Editor, now: datetime) -> dict[str, Any]:
    """Everything that is kept of somebody, as JSON data; instants in UTC. The audit notes that it was read.

    Raises NotFound, NumberRefused, Refused, StoreUnavailable.
    """
    with database.reading() as session:
        country = country_in(session)
        known = known_in(session, subject, country)
        found = erasure.find(session, known.sought)
        calls = list(erasure.calls(session, found.decisions))
        told: dict[str, list[journal.EventRecord]] = {each.call: [] for each in calls}
        for event in journal.ends_of(session, told.keys()):
            told[event.call].append(event)
        data = {
            "numbers": list(known.numbers),
            "shared_numbers": list(known.shared),
            "contacts": [_contact(each) for each in (*known.contacts, *known.others)],
            "calls": [_call(each, told[each.call]) for each in calls],
            "callbacks": erasure.rows(session, callbacks, found.callbacks),
            "called_last": erasure.rows(session, last_outgoing, found.last_outgoing),
            "webhooks": [
                {"webhook": row["webhook"], "created": row["created"], **text_formats.read_json(row["payload"])}
                for row in erasure.rows(session, webhook_deliveries, found.deliveries)
            ],
            "kept_elsewhere": erasure.kept(session, known.sought),
        }
    wanted = set(found.messages)
    data["messages"] = [messages.as_dict(each) for each in messages.messages_of(database) if each.id in wanted]
    with database.writing() as session:
        audit.append(session, now, Deed(by.name, "export", PRIVACY, None, {"calls": len(calls)}, request=by.request))
    return {name: _plain(value) for name, value in data.items()}


def _contact(kept: KeptContact) -> dict[str, Any]:
    return {"id": kept.id, **asdict(kept.contact)}


def _call(placed: journal.PlacedCall, events: list[journal.EventRecord]) -> dict[str, Any]:
    told = {name: getattr(placed, name) for name in placed.__slots__ if name != "id"}
    return {**told, "outcome": journal.outcome_of(events)}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value


# --- Erased ------------------------------------------------------------------------------------------------


def erase(settings: Settings, database: Database, subject: Subject, by: Editor, now: datetime) -> Erased:
    """Erase somebody. From a thread without an event loop; done again, it erases what was left.

    Calls stay in the journal without their number, name and reasons. Raises NotFound, NumberRefused, Refused; Conflict
    for a number that the plan or somebody's state uses; AsteriskUnavailable where it does not delete their messages:
    then nothing else is erased yet.
    """
    catching_up.take_in(settings, database, None, now, patience=SETTLED)  # Asterisk's file has their number, too
    with database.reading() as session:
        country = country_in(session)
        known = known_in(session, subject, country)
        found = erasure.find(session, known.sought)
    _check_unused(database, known, country)
    for message in found.messages:
        _delete_message(settings, database, message, by)
    _erase_calls(database, known.sought, found)
    with database.writing() as session:
        leave_directory(session, known)
        erasure.remove_rows(session, found)
        Erasures(settings.state).note(known.sought, [each.contact for each in known.contacts])
        kept = erasure.kept(session, known.sought)
        counts = _counts(known, found)
        audit.append(session, now, Deed(by.name, "erase", PRIVACY, None, counts, request=by.request))
    shutil.rmtree(settings.prompts_dir / "callers", ignore_errors=True)
    last_known_good.leave_out_erased(settings, database)
    database.compact(table.name for table in erasure.TABLES)
    return Erased(counts, (*_reasons(known, kept), *_in_backups(settings)))


def _check_unused(database: Database, known: Known, country: str) -> None:
    for name in ("draft", "live"):
        try:
            document = editing.document_of(database, name)
        except NotFound:
            continue
        places = [path for number in known.numbers for path in _places(document, number, country)]
        if places:
            which = "the draft" if name == "draft" else "the published plan"
            raise Conflict(f"{which} uses this number: {', '.join(places)}; take it out there, publish, and erase then")
    with database.reading() as session:
        for person, presence in presences.all_presences(session).items():
            if presence.forward_to in known.numbers:
                raise Conflict(f"{person} forwards calls to this number; end that first, and erase then")


def _places(value: Any, number: E164, country: str, path: str = "") -> Iterator[str]:
    """Where a document names a number, in any spelling."""
    match value:
        case Mapping():
            for name, each in value.items():
                yield from _places(each, number, country, f"{path}.{name}" if path else str(name))
        case list():
            for position, each in enumerate(value):
                yield from _places(each, number, country, f"{path}[{position}]")
        case str():
            try:
                if parse_written(value, country) == number:
                    yield path
            except NumberRefused:
                return


def _delete_message(settings: Settings, database: Database, message: str, by: Editor) -> None:
    try:
        messages.delete(settings, database, message, by)
    except NotFound:  # its owner was faster
        return


def _erase_calls(database: Database, sought: Sought, found: Found) -> None:
    """In parts, so that calls are written down meanwhile."""
    for decisions in erasure.parts(found.decisions):
        with database.writing() as session:
            erasure.remove_decisions(session, decisions, sought)
    for events in erasure.parts(found.events):
        with database.writing() as session:
            erasure.remove_lines(session, events, sought)


def leave_directory(session: Session, known: Known) -> None:
    for each in known.contacts:
        directory.remove(session, each.id)
    for each in known.others:
        left = tuple(number for number in each.contact.numbers if number not in known.numbers)
        directory.replace(session, each.id, replace(each.contact, numbers=left))
    changed(session, "directory")  # running services forget whom of ours this number was called by, too


def _counts(known: Known, found: Found) -> dict[str, int]:
    return {
        "contacts": len(known.contacts) + len(known.others),
        "decisions": len(found.decisions),
        "events": len(found.events),
        "callbacks": len(found.callbacks),
        "messages": len(found.messages),
        "called_last": len(found.last_outgoing),
        "webhook_deliveries": len(found.deliveries),
        "stored_answers": len(found.answers),
    }


def _reasons(known: Known, kept: Mapping[str, int]) -> Iterator[str]:
    if known.shared:
        yield f"{', '.join(known.shared)}: other contacts have it, too; erase the number to take it from all"
    for name, number in kept.items():
        yield f"{number} {name}: what was once published or entered in the audit is not changed any more"


def _in_backups(settings: Settings) -> Iterator[str]:
    made = sorted(settings.backups_dir.glob("*.tar"))
    if made:
        yield (
            f"{len(made)} backups in {settings.backups_dir} may hold it; a restore erases it again, and whoever may "
            f"not wait for them to grow old deletes them"
        )
