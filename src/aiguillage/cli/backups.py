"""backup, restore."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiguillage.cli.common import Json, count, database, say, say_json, who
from aiguillage.errors import Conflict
from aiguillage.settings import Settings, load_settings

if TYPE_CHECKING:
    from aiguillage.desk.backups import Archive

app = typer.Typer()


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="A new file. Default: one in backups/ of the state folder, named by the time.")
    ] = None,
    voicemail: Annotated[bool, typer.Option("--voicemail", help="Put voicemail messages in, too.")] = False,
    as_json: Json = False,
) -> None:
    """Write the database and the recordings into one file, while the service runs.

    It holds phones' passwords, PINs and callers: keep it where nobody else reads it. The secrets of the environment
    and secret files are not in it.
    """
    from aiguillage.desk import backups

    settings = load_settings()
    with database(settings) as opened:
        place = file or backups.new_file(settings)
        made = backups.make_backup(settings, opened, place, backups.Wanted(voicemail=voicemail), _progress())
    if as_json:
        say_json({"file": str(made.file), "bytes": made.bytes, "skipped": made.skipped, **_told(made.manifest)})
        return
    holds = f"{count(made.manifest.rows, 'row')} and {count(made.manifest.recordings, 'recording')}"
    say(f"{made.file} holds {holds} ({made.bytes:,} bytes). It holds passwords, too: keep it safe.")
    if made.skipped:
        say(f"Left out, for they are no plain files: {made.skipped}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `aiguillage backup` wrote, on SQLite or PostgreSQL.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there; it is kept as a backup first.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read the file, and say what it holds.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup in place, all of it or nothing, while the service is stopped.

    Whoever was erased since it was made is erased again. A backup of an older release is migrated.
    """
    from aiguillage.desk import backups
    from aiguillage.desk.editing import Editor

    settings = load_settings()
    archive = backups.read_archive(file, _progress())
    if dry_run:
        _say_archive(archive, as_json=as_json)
        return
    _check_stopped(settings)
    done = backups.restore(settings, archive, Editor(who()), datetime.now(UTC), force=force, progress=_progress())
    if as_json:
        say_json({**asdict(done), "before": str(done.before) if done.before else None, **_told(archive.manifest)})
        return
    if done.replaced:
        told = ", ".join(f"{name} {number:,}" for name, number in done.replaced.items())
        say(f"Replaced {count(sum(done.replaced.values()), 'row')} ({told}); they are kept in {done.before}.")
    files = f"{count(done.recordings, 'recording')} and {count(done.voicemail_files, 'voicemail file')}"
    say(f"Put back: {count(done.rows, 'row')}, {files}, from {archive.manifest.created:%Y-%m-%d %H:%M} UTC.")
    if done.erased:
        say(f"Erased again {done.erased} contacts and numbers that were erased after this backup was made.")
    for warning in done.warnings:
        say(f"Note: {warning}.")


def _say_archive(archive: "Archive", *, as_json: bool) -> None:
    held = archive.manifest
    if as_json:
        say_json({"dry_run": True, **_told(held)})
        return
    holds = f"{count(held.rows, 'row')}, {count(held.recordings, 'recording')}, schema {held.schema}"
    say(f"{archive.file} is whole: {holds}.")
    say(f"Made {held.created:%Y-%m-%d %H:%M} UTC by release {held.application}. Nothing was changed.")


def _told(manifest: Any) -> dict[str, Any]:
    return {**asdict(manifest), "created": manifest.created.isoformat()}


def _check_stopped(settings: Settings) -> None:
    """A service that runs holds plan and directory in memory, and would write into what is put back."""
    from aiguillage.doctor import agi_exchange

    if agi_exchange(settings).ok:
        raise Conflict(
            "the service is running; stop it first (Asterisk steers calls meanwhile), and start it afterwards"
        )


def _progress() -> Callable[[str], None]:
    """Tells a person at a terminal what is being done."""
    if not sys.stderr.isatty():
        return lambda _: None

    def tell(what: str) -> None:
        sys.stderr.write(f"\r\x1b[K{what[:100]}")
        sys.stderr.flush()

    return tell
