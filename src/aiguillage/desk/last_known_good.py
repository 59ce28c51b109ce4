"""What calls are decided from, kept in one file of the state folder, so that a start needs no database.

The first line names the format and the SHA-256 of all other bytes. Each other line is a JSON object: the plan with
people's live state, then `contacts` in their order, some in each line. A file that is damaged, cut off or of another
format is not used.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import structlog

from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.errors import AiguillageError, NotFound, Refused, StoreUnavailable, Unavailable
from aiguillage.routing.directory import Contact, packed_directory_of
from aiguillage.routing.document import dump, load
from aiguillage.routing.numbers import E164
from aiguillage.routing.presence import Presence
from aiguillage.settings import Settings
from aiguillage.store.database import Database
from aiguillage.store.revisions import revisions

log = structlog.get_logger()

_Item = TypeVar("_Item")

FORMAT = 1
_HEADER = re.compile(rb"aiguillage last-known-good (?P<format>[0-9]{1,4}) (?P<sum>[0-9a-f]{64})\n")
_LONGEST_HEADER = 128
_IN_A_LINE = 500
"""Contacts: writing a line holds up nobody, as long as a directory may be."""
_PART = 1 << 20
_CONFIRM_EVERY = 30.0
_REST = 10
"""Writing takes a tenth of the time at most; a directory of a million numbers takes seconds."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`at` (UTC) is when it was last known to be what the database says."""

    snapshot: Snapshot
    at: datetime


def file_of(settings: Settings) -> Path:
    return settings.state / "last-known-good"


# --- The file ----------------------------------------------------------------------------------------------


def write(file: Path, snapshot: Snapshot) -> None:
    """Replace the file at once, or leave it as it is. Raises OSError."""
    new = file.with_name(f"{file.name}.new")
    try:
        with open(new, "wb", opener=_private) as written:
            os.fchmod(written.fileno(), 0o600)
            found = hashlib.sha256()
            written.write(_header(found.hexdigest()))
            for line in _lines(snapshot):
                found.update(line)
                written.write(line)
            written.seek(0)
            written.write(_header(found.hexdigest()))
            written.flush()
            os.fsync(written.fileno())
        new.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(file: Path) -> Kept:
    """What was written last.

    Raises NotFound where nothing was; Refused for what cannot be read, or is not what was written.
    """
    try:
        with file.open("rb") as kept:
            _check(kept)
            snapshot = _snapshot(kept)
            return Kept(snapshot, datetime.fromtimestamp(os.fstat(kept.fileno()).st_mtime, UTC))
    except FileNotFoundError:
        raise NotFound(f"{file} is not there") from None
    except OSError as wrong:
        raise Refused(f"{file} cannot be read: {wrong.strerror}") from None
    except (AiguillageError, ValueError, LookupError, TypeError, AttributeError) as wrong:
        # A sum that is right with a content that is not: written by another release.
        raise Refused(f"{file} is not used: {wrong}; it is written anew once the database answers") from None


def _private(name: str, flags: int) -> int:
    """For the owner of the folder: the service must be able to read what root has written."""
    opened = os.open(name, flags, 0o600)
    if os.geteuid() == 0:
        folder = Path(name).parent.stat()
        os.fchown(opened, folder.st_uid, folder.st_gid)
    return opened


def _header(sum_: str) -> bytes:
    return f"aiguillage last-known-good {FORMAT} {sum_}\n".encode()


def _check(kept: BinaryIO) -> None:
    """Leaves the file at the line after the header. Raises Refused."""
    header = _HEADER.fullmatch(kept.readline(_LONGEST_HEADER))
    if header is None:
        raise Refused("it does not begin as it should")
    if int(header["format"]) != FORMAT:
        raise Refused(f"it has format {int(header['format'])}, this release reads {FORMAT}")
    found = hashlib.sha256()
    while part := kept.read(_PART):
        found.update(part)
    if found.hexdigest().encode() != header["sum"]:
        raise Refused("it is damaged, or was not written to its end")
    kept.seek(header.end())


def _lines(snapshot: Snapshot) -> Iterator[bytes]:
    yield _line(
        plan=dump(snapshot.plan),
        plan_version=snapshot.plan_version,
        directory_revision=snapshot.directory_revision,
        presence_revision=snapshot.presence_revision,
        presences={person: _state(each) for person, each in snapshot.presences.items()},
    )
    for some in _some(snapshot.directory.contacts()):
        yield _line(contacts=[_contact(each) for each in some])


def _some(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while found := list(islice(iterator, _IN_A_LINE)):
        yield found


def _line(**facts: Any) -> bytes:
    # Not ASCII only: names are to be found by whoever looks for them in the file.
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def _contact(contact: Contact) -> tuple[Any, ...]:
    return contact.name, contact.numbers, contact.unit, contact.category, contact.language, contact.note


def _state(presence: Presence) -> tuple[str, str | None, str | None]:
    return presence.state, presence.until.isoformat() if presence.until else None, presence.forward_to


def _snapshot(kept: BinaryIO) -> Snapshot:
    lines = (json.loads(line.decode("utf-8", "surrogatepass")) for line in kept)
    first: Mapping[str, Any] = next(lines)
    return Snapshot(
        plan=load(first["plan"]),
        plan_version=first["plan_version"],
        directory=packed_directory_of(_contacts(lines)),
        directory_revision=first["directory_revision"],
        presences={person: _presence(*state) for person, state in first["presences"].items()},
        presence_revision=first["presence_revision"],
    )


def _contacts(lines: Iterable[Mapping[str, Any]]) -> Iterator[Contact]:
    for line in lines:
        yield from (Contact(name, tuple(numbers), *rest) for name, numbers, *rest in line["contacts"])


def _presence(state: Any, until: str | None, forward_to: E164 | None) -> Presence:
    return Presence(state, datetime.fromisoformat(until) if until else None, forward_to)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Nobody else writes the file within the block. Raises OSError."""
    with open(file.with_name(f"{file.name}.lock"), "wb", opener=_private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- While the service runs --------------------------------------------------------------------------------


class LastKnownGood:
    """Owned by the event loop; reading and writing are done in threads."""

    def __init__(self, file: Path, database: Database) -> None:
        self._file, self._database = file, database
        self._wanted: Snapshot | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._confirmed = 0.0

    async def recall(self) -> Kept | None:
        """None where nothing is kept, or nothing that can be used: the log says what is wrong with it."""
        try:
            return await asyncio.to_thread(read, self._file)
        except NotFound:
            return None
        except Refused as wrong:
            log.error("last_known_good_refused", error=str(wrong))
            return None

    def keep(self, snapshot: Snapshot) -> None:
        """Write it, soon; never waits. Of several only the last is written."""
        self._wanted = snapshot
        self._changed.set()

    def confirm(self) -> None:
        """From a thread: what is kept is what the database says at this moment."""
        now = time.monotonic()
        if self._wanted is None and now - self._confirmed >= _CONFIRM_EVERY:
            self._confirmed = now
            with contextlib.suppress(OSError):
                os.utime(self._file)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="last-known-good")

    async def close(self) -> None:
        """Write what is wanted, then stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._write()

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            began = time.monotonic()
            if not await self._write():
                self._changed.set()
            await asyncio.sleep(1 + _REST * (time.monotonic() - began))

    async def _write(self) -> bool:
        """Whether nothing is left to write."""
        wanted = self._wanted
        if wanted is None:
            return True
        try:
            await asyncio.to_thread(self._replace, wanted)
        except OSError as wrong:
            log.error("last_known_good_not_written", error=f"{self._file}: {wrong.strerror}")
            return False
        if self._wanted is wanted:
            self._wanted = None
        return True

    def _replace(self, snapshot: Snapshot) -> None:
        """Not with a directory that was changed since: somebody may be erased, and the next look brings the new one."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self._file):
            if self._is_of_now(snapshot):
                write(self._file, snapshot)

    def _is_of_now(self, snapshot: Snapshot) -> bool:
        try:
            with self._database.reading() as session:
                return revisions(session).directory == snapshot.directory_revision
        except StoreUnavailable:
            return True


# --- Erased ------------------------------------------------------------------------------------------------


def leave_out_erased(settings: Settings, database: Database) -> None:
    """Let what is kept have the directory and people's state that the database has now, whether the service runs or
    not. Where that cannot be written, nothing is kept. Raises StoreUnavailable; Unavailable where the file stays."""
    file = file_of(settings)
    if not file.parent.exists():
        return
    try:
        _leave_out(file, database)
    except OSError as wrong:
        raise Unavailable(f"{file} still names who is erased: {wrong.strerror}; delete it, and erase again") from None


def _leave_out(file: Path, database: Database) -> None:
    with _alone(file):
        try:
            kept = read(file).snapshot
            now = load_snapshot(database)
            # Not the newest plan: calls follow another one where Asterisk did not take it.
            write(file, replace(now, plan=kept.plan, plan_version=kept.plan_version))
        except (NotFound, Refused, OSError):
            file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.new").unlink(missing_ok=True)
