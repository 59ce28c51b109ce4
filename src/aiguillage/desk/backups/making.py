"""Make a backup, while others write: by hand, before each migration, and before a restore that replaces something."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiguillage.desk.backups.archive import RECORDINGS, TABLES, VOICEMAIL, ArchiveWriter, Manifest
from aiguillage.errors import Refused, StoreUnavailable
from aiguillage.settings import Settings
from aiguillage.store import dump
from aiguillage.store import migrate as migrating
from aiguillage.store.database import Database, open_database
from aiguillage.store.dump import Dump

Progress = Callable[[str], None]
KEPT = 5
"""Backups made before migrations, and before restores, that stay in the state folder."""


@dataclass(frozen=True, slots=True)
class Made:
    """`skipped`: links and the like in the folders, which are not in it."""

    file: Path
    bytes: int
    manifest: Manifest
    skipped: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into it besides the database."""

    recordings: bool = True
    voicemail: bool = False


def make_backup(
    settings: Settings,
    database: Database,
    file: Path,
    wanted: Wanted = Wanted(),
    progress: Progress = lambda _: None,
) -> Made:
    """Write a new file, for its owner's eyes only; it has its name once it is whole and on the disk.

    Raises Refused for a file that is there already or cannot be written, StoreUnavailable.
    """
    if file.exists():
        raise Refused(f"{file} is there already; choose another name")
    partial = file.with_name(f".{file.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as out:
            os.fchmod(out.fileno(), 0o600)
            manifest, skipped = _write(settings, database, ArchiveWriter(out, file.parent), wanted, progress)
            out.flush()
            os.fsync(out.fileno())
        file.hardlink_to(partial)  # never over one that somebody made meanwhile
        return Made(file, file.stat().st_size, manifest, skipped)
    except OSError as wrong:
        raise Refused(f"{file} cannot be written: {wrong.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


def _write(
    settings: Settings, database: Database, writer: ArchiveWriter, wanted: Wanted, progress: Progress
) -> tuple[Manifest, int]:
    created = datetime.now(UTC)  # before the state that it shows: an erasure in between is done again
    with dump.dump(database) as dumped:
        tables = {name: _add_table(writer, dumped, name, progress) for name in dumped.tables}
        schema = dumped.schema
    folders = [(RECORDINGS, settings.recordings_dir)] if wanted.recordings else []
    folders += [(VOICEMAIL, settings.voicemail)] if wanted.voicemail else []
    counts = {name: _add_folder(writer, name, folder, progress) for name, folder in folders}
    recordings, skipped = counts.get(RECORDINGS, (0, 0))
    manifest = Manifest(schema, created, tables, recordings, wanted.voicemail)
    writer.finish(manifest)
    return manifest, skipped + counts.get(VOICEMAIL, (0, 0))[1]


def _add_table(writer: ArchiveWriter, dumped: Dump, name: str, progress: Progress) -> int:
    """How many rows. A tar says first how long a file is: so it is written beside it before."""
    rows = -1
    with tempfile.TemporaryFile(dir=writer.folder) as lines:
        for rows, line in enumerate(dumped.lines(name)):
            lines.write(line.encode() + b"\n")
            if rows % 10_000 == 0:
                progress(f"{name}: {rows:,} rows")
        size = lines.tell()
        lines.seek(0)
        writer.add(f"{TABLES}/{name}.jsonl", lines, size)
    return rows


def _add_folder(writer: ArchiveWriter, name: str, folder: Path, progress: Progress) -> tuple[int, int]:
    """How many files were added, and how many were left out."""
    added = skipped = 0
    for path in _files_below(folder):
        if path.is_symlink() or not path.is_file():
            skipped += 1
            continue
        with suppress(FileNotFoundError), path.open("rb") as content:  # gone since: somebody deleted the message
            progress(f"{name}/{path.relative_to(folder)}")
            writer.add(f"{name}/{path.relative_to(folder).as_posix()}", content, os.fstat(content.fileno()).st_size)
            added += 1
    return added, skipped


def _files_below(folder: Path) -> Iterator[Path]:
    """What is no folder; those that begin with a point are nobody's recordings."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        yield from (Path(place, each) for each in sorted(files) if not each.startswith("."))


# --- By itself ---------------------------------------------------------------------------------------------


def migrate(settings: Settings, progress: Progress = lambda _: None) -> Path | None:
    """Bring the database to this release's schema; before that, make a backup of one that is older and return it.

    Raises StoreUnavailable; Refused where the backup cannot be made: then nothing is migrated.
    """
    made = None
    database = open_database(settings.url, creates=True)
    try:
        if migrating.is_older(database):
            made = keep_before(settings, database, "migration", Wanted(recordings=False), progress)
    finally:
        database.close()
    migrating.upgrade(settings.url)
    return made.file if made else None


def keep_before(settings: Settings, database: Database, deed: str, wanted: Wanted, progress: Progress) -> Made:
    """A backup in the state folder, from before a deed; the oldest of them go. Raises Refused, StoreUnavailable."""
    folder = _backups_folder(settings)
    made = make_backup(settings, database, folder / named(f"before-{deed}"), wanted, progress)
    for old in sorted(folder.glob(f"before-{deed}-*.tar"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return made


def forget_own(settings: Settings, before: datetime) -> None:
    """Delete those that were made by themselves before an instant (aware): they hold callers, too."""
    for old in settings.backups_dir.glob("before-*.tar"):
        with suppress(OSError):
            if old.stat().st_mtime < before.timestamp():
                old.unlink()


def new_file(settings: Settings) -> Path:
    """A place in the state folder, for a backup that is given none. Raises StoreUnavailable."""
    return _backups_folder(settings) / named("aiguillage")


def _backups_folder(settings: Settings) -> Path:
    folder = settings.backups_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as wrong:
        raise StoreUnavailable(f"{folder}: {wrong.strerror}; mend it, or its owner") from None
    return folder


def named(what: str) -> str:
    """A file name that sorts by time."""
    return f"{what}-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.tar"
