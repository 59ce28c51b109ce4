"""What changes from hour to hour: where people are, call-back requests, voicemail."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from aiguillage.cli.common import Json, count, database, say, say_json, who
from aiguillage.settings import load_settings

app = typer.Typer()
presence_app = typer.Typer(help="Where people are: available, away, forwarded.", no_args_is_help=True)
callback_app = typer.Typer(help="Callers who wait to be called back.", no_args_is_help=True)
voicemail_app = typer.Typer(help="Voicemail: the messages, and the PINs that open the boxes.", no_args_is_help=True)
app.add_typer(presence_app, name="presence")
app.add_typer(callback_app, name="callback")
app.add_typer(voicemail_app, name="voicemail")


@presence_app.command("set")
def presence_set(
    person: Annotated[str, typer.Argument(help="The person's key in the plan.")],
    state: Annotated[str, typer.Argument(help="available, away, do-not-disturb or forwarded.")],
    number: Annotated[str, typer.Argument(help="With forwarded: where to.")] = "",
    until: Annotated[str, typer.Option(help='Ends by itself: "14:00", or "2026-11-24 14:00", on our clock.')] = "",
) -> None:
    """Say where somebody is. The next call knows it."""
    from aiguillage.desk import presence
    from aiguillage.desk.snapshot import published_plan

    with database() as opened:
        plan, now = published_plan(opened), datetime.now(UTC)
        said = presence.said(plan, state, number, until, now)
        presence.set_presence(opened, person, said, who(), now)
        say(presence.in_words(plan, person, said))


@presence_app.command("show")
def presence_show(as_json: Json = False) -> None:
    """Show who is not simply available, and until when."""
    from aiguillage.desk import presence
    from aiguillage.desk.snapshot import published_plan

    with database() as opened:
        plan = published_plan(opened)
        states = presence.current(opened, datetime.now(UTC))
    if as_json:
        say_json({"presences": [presence.describe(person, state) for person, state in states.items()]})
        return
    for person, state in states.items():
        say(presence.in_words(plan, person, state))
    if not states:
        say("Everybody is available.")


@callback_app.command("list")
def callback_list(as_json: Json = False) -> None:
    """Show who waits to be called back, in the order of their places."""
    from aiguillage.desk import callbacks

    with database() as opened:
        requests = callbacks.waiting(opened)
    if as_json:
        say_json({"callbacks": [callbacks.describe(request) for request in requests]})
        return
    for request in requests:
        taken = f", taken by {request.taken_by}" if request.taken_by else ""
        since = f"{request.waiting_since:%Y-%m-%d %H:%M} UTC"
        say(f"{since}  {request.number}  {request.name or '-'}  {request.queue}{taken}")
    if not requests:
        say("Nobody waits to be called back.")


# --- Voicemail ---------------------------------------------------------------------------------------------


@voicemail_app.command("list")
def voicemail_list(
    mailbox: Annotated[str, typer.Argument(help='"claire@people" or "reception@boxes". Default: all.')] = "",
    as_json: Json = False,
) -> None:
    """List the messages, the oldest first, as they were a moment ago."""
    from aiguillage.desk.messages import as_dict, in_words, messages_of

    with database() as opened:
        found = messages_of(opened, mailbox or None)
    if as_json:
        say_json({"messages": [as_dict(message) for message in found]})
        return
    for message in found:
        say(in_words(message))
    say(f"{count(len(found), 'message')}.")


@voicemail_app.command("delete")
def voicemail_delete(id_: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")]) -> None:
    """Delete a message for good."""
    from aiguillage.desk.messages import delete

    settings = load_settings()
    with database(settings) as opened:
        delete(settings, opened, id_)
    say(f"Message {id_} is deleted.")


@voicemail_app.command("pins")
def voicemail_pins(as_json: Json = False) -> None:
    """Show how each mailbox is opened from a telephone: extension and PIN."""
    from aiguillage.desk.provisioning import mailbox_pins

    settings = load_settings()
    with database(settings) as opened:
        found = mailbox_pins(settings, opened)
    if as_json:
        say_json({"mailboxes": [each.as_dict() for each in found]})
        return
    for each in found:
        how = f"PIN {each.pin}" if each.pin else "a PIN that its owner has chosen"
        say(f"{each.owner} ({each.mailbox}): extension {each.extension or 'none'}, {how}")
