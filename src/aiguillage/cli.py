"""The command line. Each command is one deed of `desk`; heavy parts are imported by the command that needs them.

Exit status: 0 done, 1 refused or not well (the reason is on standard error), 2 wrong use.
"""

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from aiguillage.errors import AiguillageError, DocumentRefused, Refused
from aiguillage.settings import Settings, load_settings

if TYPE_CHECKING:
    from aiguillage.store.database import Database

app = typer.Typer(
    help="Steers every call on one central number to the right person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
plan_app = typer.Typer(help="The plan: everything that decides where a call goes.", no_args_is_help=True)
directory_app = typer.Typer(help="The directory: who calls from which number.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for the REST API.", no_args_is_help=True)
phone_app = typer.Typer(help="The desk phones that register with us.", no_args_is_help=True)
presence_app = typer.Typer(help="Where people are: available, away, forwarded.", no_args_is_help=True)
callback_app = typer.Typer(help="Callers who wait to be called back.", no_args_is_help=True)
app.add_typer(plan_app, name="plan")
app.add_typer(directory_app, name="directory")
app.add_typer(token_app, name="token")
app.add_typer(phone_app, name="phone")
app.add_typer(presence_app, name="presence")
app.add_typer(callback_app, name="callback")
voicemail_app = typer.Typer(help="Voicemail: the messages, and the PINs that open the boxes.", no_args_is_help=True)
app.add_typer(voicemail_app, name="voicemail")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
PlanFile = Annotated[Path, typer.Argument(help="A plan document, YAML or JSON; - reads standard input.")]


def main() -> None:
    try:
        app(prog_name="aiguillage")
    except DocumentRefused as wrong:
        _stop(f"{wrong}\n{_count(len(wrong.faults), 'fault')}; nothing was changed")
    except AiguillageError as wrong:
        _stop(str(wrong))


def _stop(message: str) -> NoReturn:
    typer.echo(f"aiguillage: {message}", err=True)
    raise SystemExit(1)


def _say(text: str) -> None:
    typer.echo(text)


def _say_json(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


@contextlib.contextmanager
def _database(settings: Settings | None = None) -> Iterator["Database"]:
    """The database of the settings, closed at the end."""
    from aiguillage.store.database import open_database

    database = open_database((settings or load_settings()).url)
    try:
        yield database
    finally:
        database.close()


def _read_bytes(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise Refused(f"{file}: {wrong.strerror}") from None


def _read_document(file: Path) -> Any:
    from aiguillage import text_formats

    try:
        text = _read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{file}: is not UTF-8") from None
    return text_formats.read_yaml(text)


# --- Running -----------------------------------------------------------------------------------------------


@app.command()
def serve() -> None:
    """Run the service beside an Asterisk that is already there."""
    from aiguillage.service import run

    run(load_settings())


@app.command()
def demo() -> None:
    """Run the service with an Asterisk of its own and the example federation. `make run` does this."""
    from aiguillage.demo import run

    run(load_settings())


@app.command()
def migrate() -> None:
    """Bring the database to the schema that this release needs."""
    from aiguillage.store.migrate import upgrade

    upgrade(load_settings().url)
    _say("The database is up to date.")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at every part that a call needs, and say what is wrong and how to mend it."""
    from aiguillage.doctor import examine

    findings = examine(load_settings())
    if as_json:
        _say_json({"parts": {name: {"ok": found.ok, "reason": found.reason} for name, found in findings.items()}})
    else:
        for name, found in findings.items():
            _say(f"{'ok  ' if found.ok else 'BAD '} {name}: {found.reason}")
    if not all(found.ok for found in findings.values()):
        raise typer.Exit(1)


@app.command()
def healthcheck() -> None:
    """Ask the running service one harmless question over FastAGI, as Asterisk would; for containers."""
    from aiguillage.doctor import agi_exchange

    found = agi_exchange(load_settings())
    if not found.ok:
        _stop(found.reason)
    _say(found.reason)


# --- The plan ----------------------------------------------------------------------------------------------


@plan_app.command("check")
def plan_check(file: PlanFile, as_json: Json = False) -> None:
    """Read a plan document and resolve every name in it; change nothing."""
    from aiguillage.desk import editing

    try:
        plan = editing.check(_read_document(file))
    except DocumentRefused as wrong:
        if not as_json:
            raise
        _say_json({"ok": False, "faults": [{"path": f.path, "message": f.message} for f in wrong.faults]})
        raise typer.Exit(1) from None
    if as_json:
        _say_json({"ok": True, "faults": []})
    else:
        routes, people = _count(len(plan.inbound_routes), "inbound route"), _count(len(plan.people), "person")
        _say(f"{file} is a good plan: {routes}, {people.replace('persons', 'people')}.")


@plan_app.command("apply")
def plan_apply(
    file: PlanFile,
    publish: Annotated[bool, typer.Option("--publish", help="Publish it at once.")] = False,
    comment: Annotated[str, typer.Option(help="With --publish: what changed, for whoever looks back.")] = "",
) -> None:
    """Replace the draft by a plan document. Calls follow it once it is published."""
    from aiguillage.desk import editing

    with _database() as database:
        editing.apply(database, _read_document(file))
        _say(f"The draft is now {file}.")
        if publish:
            _publish(database, comment)
            return
    _say("Calls still follow the published plan; publish the draft with: aiguillage plan publish")


@plan_app.command("export")
def plan_export(as_json: Json = False) -> None:
    """Print the draft as one document, YAML or JSON."""
    from aiguillage import text_formats
    from aiguillage.desk import editing

    with _database() as database:
        document = editing.draft(database)
    if as_json:
        _say_json(document)
    else:
        typer.echo(text_formats.write_yaml(document), nl=False)


@plan_app.command("publish")
def plan_publish(
    comment: Annotated[str, typer.Option(help="What changed, for whoever looks back.")] = "",
) -> None:
    """Make the draft the plan that calls follow, from the next call on."""
    with _database() as database:
        _publish(database, comment)


def _publish(database: "Database", comment: str) -> None:
    import getpass

    from aiguillage.desk.publishing import publish

    number = publish(database, datetime.now(UTC), getpass.getuser(), comment)
    _say(f"Published as version {number}; the next call follows it.")


@app.command()
def explain(
    caller: Annotated[str, typer.Option("--from", help="The caller's number in any spelling, or: withheld.")],
    called: Annotated[str, typer.Option("--to", help="Our number, or its name in the plan. Default: the first.")] = "",
    at: Annotated[str, typer.Option("--at", help='When, on our clock: "2026-11-24 10:00". Default: now.')] = "",
    as_json: Json = False,
) -> None:
    """Say where a call would go by the published plan, and why. Nothing rings."""
    from aiguillage.desk import explaining
    from aiguillage.desk.snapshot import load_snapshot

    with _database() as database:
        snapshot = load_snapshot(database)
    first = next(iter(snapshot.plan.dids), "")
    description = explaining.explain(snapshot, caller, called or first, _instant(at))
    if as_json:
        _say_json(description)
    else:
        for line in explaining.in_words(description, snapshot.plan):
            _say(line)


def _instant(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f'"{text}" is no date and time; write "2026-11-24 10:00"') from None


# --- Directory, tokens, phones -----------------------------------------------------------------------------


@directory_app.command("import")
def directory_import(
    file: Annotated[Path, typer.Argument(help="CSV (name, numbers, unit, category, language, note) or vCards.")],
    add: Annotated[bool, typer.Option("--add", help="Add and complete contacts; remove none.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Name every contact, not 20 of each kind.")] = False,
    as_json: Json = False,
) -> None:
    """Replace the directory by the contacts in a file. What has no name or no number is left out and named."""
    from aiguillage.desk import contacts
    from aiguillage.desk.contacts import telling

    content = _read_bytes(file)
    with _database() as database:
        if dry_run:
            changes = contacts.compare(database, contacts.read_file(database, content), add=add)
        else:
            changes = contacts.import_file(database, content, add=add)
    if as_json:
        _say_json({"dry_run": dry_run, **telling.as_data(changes)})
        return
    for line in telling.in_words(changes, None if everything else 20):
        _say(line)
    has = "Nothing was changed; the directory would have" if dry_run else "The directory now has"
    _say(f"{has} {_count(len(changes.contacts), 'contact')}.")


@directory_app.command("export")
def directory_export(
    vcard: Annotated[bool, typer.Option("--vcard", help="Print vCards for a telephone or an address book.")] = False,
) -> None:
    """Print the directory as a CSV file for a spreadsheet, which `directory import` reads again."""
    from aiguillage.desk import contacts

    with _database() as database:
        typer.echo(contacts.export(database, vcard=vcard), nl=False)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Whose token it is, or what for.")],
    days: Annotated[int, typer.Option(help="Valid for so many days; 0 = until it is deleted.", min=0, max=36500)] = 0,
) -> None:
    """Make a token for the REST API. It is shown this once."""
    from aiguillage.desk import tokens

    with _database() as database:
        _say(tokens.create(database, name, datetime.now(UTC), timedelta(days=days) if days else None))


@phone_app.command("show")
def phone_show(as_json: Json = False) -> None:
    """Show what to enter in each desk phone: server, user name and password."""
    from aiguillage.desk.provisioning import phone_accounts

    settings = load_settings()
    with _database(settings) as database:
        accounts = phone_accounts(settings, database)
    if as_json:
        _say_json({"phones": [account.as_dict() for account in accounts]})
        return
    for account in accounts:
        _say(f"{account.owner}: server {account.server}, user {account.endpoint}, password {account.password}")


# --- People's live state and call-back requests -------------------------------------------------------------


@presence_app.command("set")
def presence_set(
    person: Annotated[str, typer.Argument(help="The person's key in the plan.")],
    state: Annotated[str, typer.Argument(help="available, away, do-not-disturb or forwarded.")],
    number: Annotated[str, typer.Argument(help="With forwarded: where to.")] = "",
    until: Annotated[str, typer.Option(help='Ends by itself: "14:00", or "2026-11-24 14:00", on our clock.')] = "",
) -> None:
    """Say where somebody is. The next call knows it."""
    import getpass

    from aiguillage.desk import presence
    from aiguillage.desk.snapshot import published_plan

    with _database() as database:
        plan, now = published_plan(database), datetime.now(UTC)
        said = presence.said(plan, state, number, until, now)
        presence.set_presence(database, person, said, getpass.getuser(), now)
        _say(presence.in_words(plan, person, said))


@presence_app.command("show")
def presence_show(as_json: Json = False) -> None:
    """Show who is not simply available, and until when."""
    from aiguillage.desk import presence
    from aiguillage.desk.snapshot import published_plan

    with _database() as database:
        plan = published_plan(database)
        states = presence.current(database, datetime.now(UTC))
    if as_json:
        _say_json({"presences": [presence.describe(person, state) for person, state in states.items()]})
        return
    for person, state in states.items():
        _say(presence.in_words(plan, person, state))
    if not states:
        _say("Everybody is available.")


@callback_app.command("list")
def callback_list(as_json: Json = False) -> None:
    """Show who waits to be called back, in the order of their places."""
    from aiguillage.desk import callbacks

    with _database() as database:
        requests = callbacks.waiting(database)
    if as_json:
        _say_json({"callbacks": [callbacks.describe(request) for request in requests]})
        return
    for request in requests:
        taken = f", taken by {request.taken_by}" if request.taken_by else ""
        since = f"{request.waiting_since:%Y-%m-%d %H:%M} UTC"
        _say(f"{since}  {request.number}  {request.name or '-'}  {request.queue}{taken}")
    if not requests:
        _say("Nobody waits to be called back.")


# --- Voicemail ---------------------------------------------------------------------------------------------


@voicemail_app.command("list")
def voicemail_list(
    mailbox: Annotated[str, typer.Argument(help='"claire@people" or "reception@boxes". Default: all.')] = "",
    as_json: Json = False,
) -> None:
    """List the messages, the oldest first, as they were a moment ago."""
    from aiguillage.desk.messages import as_dict, in_words, messages_of

    with _database() as database:
        found = messages_of(database, mailbox or None)
    if as_json:
        _say_json({"messages": [as_dict(message) for message in found]})
        return
    for message in found:
        _say(in_words(message))
    _say(f"{_count(len(found), 'message')}.")


@voicemail_app.command("delete")
def voicemail_delete(id_: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")]) -> None:
    """Delete a message for good."""
    from aiguillage.desk.messages import delete

    settings = load_settings()
    with _database(settings) as database:
        delete(settings, database, id_)
    _say(f"Message {id_} is deleted.")


@voicemail_app.command("pins")
def voicemail_pins(as_json: Json = False) -> None:
    """Show how each mailbox is opened from a telephone: extension and PIN."""
    from aiguillage.desk.provisioning import mailbox_pins

    settings = load_settings()
    with _database(settings) as database:
        found = mailbox_pins(settings, database)
    if as_json:
        _say_json({"mailboxes": [each.as_dict() for each in found]})
        return
    for each in found:
        opened = f"PIN {each.pin}" if each.pin else "a PIN that its owner has chosen"
        _say(f"{each.owner} ({each.mailbox}): extension {each.extension or 'none'}, {opened}")


# --- A call to try -----------------------------------------------------------------------------------------


@app.command()
def call(
    caller: Annotated[
        str, typer.Option("--from", help="Who calls: a number in any spelling, withheld, or a person of the plan.")
    ],
    called: Annotated[
        str, typer.Option("--to", help="Our number, or its name (default: the first); or what the person dials.")
    ] = "",
    at: Annotated[str, typer.Option("--at", help='Pretend that it is "2026-11-24 10:00". Default: now.')] = "",
    answer: Annotated[
        str,
        typer.Option(help='Who does what: "claire.gsm" or "claire.desk=busy claire.gsm=press 1". Default: all answer.'),
    ] = "",
    keys: Annotated[str, typer.Option(help="What the caller presses, by seconds since the answer: 5=2 9=1.")] = "",
    as_json: Json = False,
) -> None:
    """Place a real SIP call on the running demo, with simulated phones, and tell what happened."""
    from aiguillage.rehearsal import Words, rehearse_on_the_running_demo

    words = Words(caller, called, at, answer, keys)
    outcome = rehearse_on_the_running_demo(load_settings(), words, None if as_json else _say)
    if as_json:
        _say_json(outcome)
