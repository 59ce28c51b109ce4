"""Put a backup in the place of what is there: all of it, or nothing; and erase again who was erased since it was made.

Only while the service does not run. Calls go on meanwhile: Asterisk has its own timetable.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO

from aiguillage.desk.backups.archive import RECORDINGS, TABLES, VOICEMAIL, Archive, lines_of
from aiguillage.desk.backups.erasing_again import WATCHED, erase_again
from aiguillage.desk.backups.folders import Staged, is_empty, staged
from aiguillage.desk.backups.making import Progress, Wanted, keep_before
from aiguillage.desk.editing import Editor
from aiguillage.desk.erasures import Erased, Erasures
from aiguillage.desk.last_known_good import file_of
from aiguillage.errors import Conflict, Refused
from aiguillage.settings import Settings
from aiguillage.store import audit, erasure
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import knows
from aiguillage.store.replacing import Replacement, replacing, rows_in

BACKUP = "backup"
"""What the audit calls it."""
MARGIN = timedelta(minutes=5)
"""An erasure that ended so shortly before a backup may have begun after it: it is done again."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`rows` were put in; `replaced`: rows by table that were there before, kept in the backup `before`.

    `erased`: how many people, numbers and pseudonyms were erased again; `warnings` are for whoever restores.
    """

    rows: int
    recordings: int
    voicemail_files: int
    replaced: dict[str, int]
    before: Path | None
    erased: int
    warnings: tuple[str, ...]


def restore(
    settings: Settings,
    archive: Archive,
    by: Editor,
    now: datetime,
    *,
    force: bool = False,
    progress: Progress = lambda _: None,
) -> Restored:
    """Put what `read_archive` has read in the place of database, recordings, and voicemail where it is in it.

    `force`: although there is something; that is first kept as a backup beside. Raises Refused for a newer schema and
    for what does not fit, Conflict for what is there without `force`, StoreUnavailable.
    """
    if not knows(archive.manifest.schema):
        release = archive.manifest.application
        raise Refused(
            f"{archive.file} has schema {archive.manifest.schema}, made by release {release}, which is newer than "
            f"this one; install that release"
        )
    erased = Erasures(settings.state).since(archive.manifest.created - MARGIN)
    database = open_database(settings.url, creates=True)
    try:
        before = _keep_what_is_there(settings, database, archive, progress) if force else None
        restored = _replace(settings, database, archive, _Deed(by, now, force, erased, before), progress)
        if restored.erased:
            database.compact(table.name for table in erasure.TABLES)
        return restored
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class _Deed:
    by: Editor
    now: datetime
    force: bool
    erased: Erased
    before: Path | None


def _keep_what_is_there(settings: Settings, database: Database, archive: Archive, progress: Progress) -> Path | None:
    """A backup of it; None where there is nothing."""
    rows = rows_in(database)
    if rows is None or (not rows and not _files_there(settings, archive)):
        return None
    wanted = Wanted(voicemail=archive.manifest.voicemail)
    return keep_before(settings, database, "restore", wanted, progress).file


def _files_there(settings: Settings, archive: Archive) -> list[Path]:
    """Folders with files that would be replaced."""
    return [folder for _, folder in _folders(settings, archive) if not is_empty(folder)]


def _folders(settings: Settings, archive: Archive) -> list[tuple[str, Path]]:
    folders = [(RECORDINGS, settings.recordings_dir)]
    return folders + ([(VOICEMAIL, settings.voicemail)] if archive.manifest.voicemail else [])


def _replace(settings: Settings, database: Database, archive: Archive, deed: _Deed, progress: Progress) -> Restored:
    with ExitStack() as stack:
        new = {name: stack.enter_context(staged(folder)) for name, folder in _folders(settings, archive)}
        target = stack.enter_context(replacing(database))
        replaced = target.rows()
        if not deed.force:
            _check_free(settings, database, archive, replaced)
        words, rows = _fill(target, archive, deed.erased, progress)
        with target.finish() as session:
            progress("Erasing again who was erased since")
            number, kept = erase_again(session, deed.erased, words)
            files = {name: _stage(archive, name, each, deed.erased, progress) for name, each in new.items()}
            told = {"created": archive.manifest.created.isoformat(), "rows": rows, "erased": number}
            audit.append(session, deed.now, Deed(deed.by.name, "restore", BACKUP, None, told, request=deed.by.request))
            session.flush()
            with ExitStack() as swapped:
                for each in new.values():
                    swapped.enter_context(each.in_place())
                target.keep()
    file_of(settings).unlink(missing_ok=True)  # of before: the next start is to ask the database
    warnings = (*kept, *_warnings(archive))
    return Restored(rows, files[RECORDINGS], files.get(VOICEMAIL, 0), replaced, deed.before, number, warnings)


def _check_free(settings: Settings, database: Database, archive: Archive, rows: dict[str, int]) -> None:
    there = [f"{database.name} holds {sum(rows.values()):,} rows"] if rows else []
    there += [f"{folder} holds files" for folder in _files_there(settings, archive)]
    if there:
        raise Conflict(f"{' and '.join(there)}; write --force to replace them (they are kept as a backup first)")


def _fill(target: Replacement, archive: Archive, erased: Erased, progress: Progress) -> tuple[set[str], int]:
    """Numbers and pseudonyms of erased people that were met, and how many rows were put in."""
    target.empty()
    tables, words, rows = target.make(archive.manifest.schema), set[str](), 0
    if set(tables) != archive.manifest.tables.keys():
        odd = ", ".join(sorted(set(tables) ^ archive.manifest.tables.keys()))
        raise Refused(f"{archive.file} has not the tables of its schema {archive.manifest.schema}: {odd}")
    with archive.opened() as read:
        for table in tables:
            progress(f"Putting {table} back")
            name = f"{TABLES}/{table}.jsonl"
            lines = lines_of(read(name), name)
            rows += target.fill(table, _watched(lines, erased, words) if erased and table in WATCHED else lines)
    return words, rows


def _watched(lines: Iterator[bytes], erased: Erased, words: set[str]) -> Iterator[bytes]:
    for line in lines:
        words.update(erased.words_in(line.decode("utf-8", "replace")))
        yield line


def _stage(archive: Archive, folder: str, new: Staged, erased: Erased, progress: Progress) -> int:
    """How many files. A voicemail message of somebody who was erased is none of them."""
    names = archive.below(folder)
    with archive.opened() as read:
        gone = {_message(name) for name in names if folder == VOICEMAIL and _is_of_erased(name, read(name), erased)}
        wanted = [name for name in names if _message(name) not in gone]
        for name in wanted:
            progress(f"Putting {name} back")
            new.add(name.removeprefix(f"{folder}/"), read(name))
    return len(wanted)


def _message(name: str) -> str:
    """`…/msg0003` of `…/msg0003.txt` and `…/msg0003.wav`."""
    return str(PurePosixPath(name).with_suffix(""))


def _is_of_erased(name: str, content: IO[bytes], erased: Erased) -> bool:
    if not erased or not name.endswith(".txt"):
        return False
    return any(erased.words_in(content.read(100_000).decode("utf-8", "replace")))


def _warnings(archive: Archive) -> Iterator[str]:
    yield "everybody signs in again; tokens and passwords are those of the backup: see aiguillage token list"
    if not archive.manifest.voicemail:
        yield "voicemail messages are not in this backup; those in Asterisk's folder stay"
