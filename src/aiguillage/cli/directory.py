"""The directory, the desk phones, and the trunks' passwords."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from aiguillage.cli.common import Json, count, database, read_bytes, say, say_json, who
from aiguillage.settings import load_settings

app = typer.Typer()
directory_app = typer.Typer(help="The directory: who calls from which number.", no_args_is_help=True)
phone_app = typer.Typer(help="The desk phones that register with us.", no_args_is_help=True)
app.add_typer(directory_app, name="directory")
app.add_typer(phone_app, name="phone")
trunk_app = typer.Typer(help="The trunks that register with their operators.", no_args_is_help=True)
app.add_typer(trunk_app, name="trunk")


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

    content = read_bytes(file)
    with database() as opened:
        if dry_run:
            changes = contacts.compare(opened, contacts.read_file(opened, content), add=add)
        else:
            changes = contacts.import_file(opened, content, add=add)
    if as_json:
        say_json({"dry_run": dry_run, **telling.as_data(changes)})
        return
    for line in telling.in_words(changes, None if everything else 20):
        say(line)
    has = "Nothing was changed; the directory would have" if dry_run else "The directory now has"
    say(f"{has} {count(len(changes.contacts), 'contact')}.")


@directory_app.command("export")
def directory_export(
    vcard: Annotated[bool, typer.Option("--vcard", help="Print vCards for a telephone or an address book.")] = False,
) -> None:
    """Print the directory as a CSV file for a spreadsheet, which `directory import` reads again."""
    from aiguillage.desk import contacts

    with database() as opened:
        typer.echo(contacts.export(opened, vcard=vcard), nl=False)


@phone_app.command("show")
def phone_show(as_json: Json = False) -> None:
    """Show what to enter in each desk phone: server, user name and password."""
    from aiguillage.desk.provisioning import phone_accounts

    settings = load_settings()
    with database(settings) as opened:
        accounts = phone_accounts(settings, opened)
    if as_json:
        say_json({"phones": [account.as_dict() for account in accounts]})
        return
    for account in accounts:
        say(f"{account.owner}: server {account.server}, user {account.endpoint}, password {account.password}")


@trunk_app.command("password")
def trunk_password(
    trunk: Annotated[str, typer.Argument(metavar="KEY", help="The trunk's key in the plan.")],
    remove: Annotated[bool, typer.Option("--remove", help="It registers no more.")] = False,
) -> None:
    """Set the password by which a trunk registers; asked for, or the first line of standard input."""
    from aiguillage.desk.editing import Editor
    from aiguillage.desk.trunk_passwords import set_password
    from aiguillage.errors import Refused

    if remove:
        password = ""
    elif sys.stdin.isatty():
        password = typer.prompt("Password at the operator", hide_input=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not (password or remove):
        raise Refused("no password was given; to take it away: --remove")
    with database() as opened:
        set_password(opened, trunk, password, Editor(who()), datetime.now(UTC))
    say(f"Trunk {trunk} {'has no password any more' if remove else 'registers with it'} within half a minute.")
