"""privacy: what is kept of one caller, and for how long."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aiguillage.cli.common import Json, count, database, say, say_json, stop, who
from aiguillage.cli.directory import directory_app
from aiguillage.settings import load_settings

if TYPE_CHECKING:
    from aiguillage.desk.erasing import Subject

app = typer.Typer()
privacy_app = typer.Typer(help="What is kept of callers: shown, erased, forgotten in time.", no_args_is_help=True)
app.add_typer(privacy_app, name="privacy")

Number = Annotated[str, typer.Argument(metavar="[NUMBER]", help="A caller's number, in any spelling.")]
Contact = Annotated[
    int | None, typer.Option("--contact", help="In place of a number: a contact, by its id, with all its numbers.")
]


@privacy_app.command("export")
def privacy_export(number: Number = "", contact: Contact = None) -> None:
    """Print everything that is kept of somebody, as JSON. The audit notes it, without saying of whom."""
    from aiguillage.desk import erasing
    from aiguillage.desk.editing import Editor

    with database() as opened:
        say_json(erasing.export(opened, _subject(number, contact), Editor(who()), datetime.now(UTC)))


def privacy_erase(
    number: Number = "",
    contact: Contact = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase somebody for good: from the directory, the journal, voicemail, call-back requests and the outbox."""
    from aiguillage.desk import erasing
    from aiguillage.desk.editing import Editor

    settings, subject = load_settings(), _subject(number, contact)
    if not yes and not typer.confirm(f"Erase {number or f'contact {contact}'} for good?"):
        stop("nothing was erased")
    with database(settings) as opened:
        done = erasing.erase(settings, opened, subject, Editor(who()), datetime.now(UTC))
    if as_json:
        say_json(asdict(done))
        return
    told = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in done.erased.items() if number)
    say(f"Erased: {told or 'nothing was kept'}.")
    for reason in done.kept:
        say(f"Kept: {reason}.")


privacy_app.command("erase")(privacy_erase)
directory_app.command("erase")(privacy_erase)


@privacy_app.command("retain")
def privacy_retain(as_json: Json = False) -> None:
    """Forget what is old enough, as the service does every night: numbers, then calls."""
    from aiguillage.desk.retaining import retain

    settings = load_settings()
    with database(settings) as opened:
        done = retain(settings, opened, datetime.now(UTC))
    if as_json:
        say_json(asdict(done))
        return
    say(
        f"{count(done.hidden, 'decision')} lost their numbers and {count(done.counted, 'decision')} became counts; "
        f"{count(done.messages, 'message')} and {count(done.events + done.others, 'other row')} were taken out."
    )
    if done.not_deleted:
        say(f"Asterisk did not delete {count(done.not_deleted, 'message')}; start it, and do this again.")


def _subject(number: str, contact: int | None) -> "Subject":
    from aiguillage.desk.erasing import Subject

    return Subject(number or None, contact)
