"""What every command needs: how it speaks, stops, and reaches the database."""

import contextlib
import getpass
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from aiguillage.errors import Refused
from aiguillage.settings import Settings, load_settings

if TYPE_CHECKING:
    from aiguillage.desk.wording import Words
    from aiguillage.routing.plan import Plan
    from aiguillage.store.database import Database

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Language = Annotated[
    str, typer.Option("--lang", help="en or fr. Default: AIGUILLAGE_LANGUAGE, or the organisation's first language.")
]


def stop(message: str) -> NoReturn:
    typer.echo(f"aiguillage: {message}", err=True)
    raise SystemExit(1)


def say(text: str) -> None:
    typer.echo(text)


def say_json(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def who() -> str:
    """The user of this machine who gives the command."""
    return getpass.getuser()


@contextlib.contextmanager
def database(settings: Settings | None = None) -> Iterator["Database"]:
    """The database of the settings, closed at the end."""
    from aiguillage.store.database import open_database

    opened = open_database((settings or load_settings()).url)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def database_if_any(settings: Settings) -> Iterator["Database | None"]:
    """None where SQLite's file is not there yet: looking at a file must not make one."""
    prefix = "sqlite:///"
    if settings.url.startswith(prefix) and not Path(settings.url.removeprefix(prefix)).exists():
        yield None
        return
    with database(settings) as opened:
        yield opened


def words_of(plan: "Plan", language: str) -> "Words":
    """What to answer in: the language asked for, else that of the settings or of the organisation. Raises Refused."""
    from aiguillage.desk.wording import words_for

    return words_for(plan, language or load_settings().language)


def read_bytes(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise Refused(f"{file}: {wrong.strerror}") from None


def read_text(file: Path) -> str:
    try:
        return read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{file}: is not UTF-8") from None


def instant(text: str) -> datetime:
    """Now, where the text is empty. Raises Refused."""
    if not text:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f'"{text}" is no date and time; write "2026-11-24 10:00"') from None


def day(text: str) -> date | None:
    """None, where the text is empty. Raises Refused."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f'"{text}" is no date; write 2026-11-24') from None
