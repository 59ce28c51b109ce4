"""user, token, audit: who may come in, and who did what."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from aiguillage.cli.common import Json, count, database, say, say_json, stop, who
from aiguillage.settings import load_settings

if TYPE_CHECKING:
    from aiguillage.desk.editing import Editor

app = typer.Typer()
user_app = typer.Typer(help="Users: who signs in with a password, and what they may do.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for the REST API.", no_args_is_help=True)
audit_app = typer.Typer(help="The audit: who changed what, and when.", no_args_is_help=True)
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")
app.add_typer(audit_app, name="audit")


# --- user --------------------------------------------------------------------------------------------------


@user_app.command("create")
def user_create(
    name: Annotated[str, typer.Argument(help="What they sign in with.")],
    role: Annotated[str, typer.Option(help="administrator, receptionist, person, editor or auditor.")],
    full_name: Annotated[str, typer.Option(help="Default: the name.")] = "",
    person: Annotated[str, typer.Option(help="With person: their key in the plan.")] = "",
    unit: Annotated[str, typer.Option(help="With editor: the key of the unit that they answer for.")] = "",
) -> None:
    """Make a user; print the link by which they choose a password, once, within a day."""
    from aiguillage.desk import accounts

    new = accounts.User(name, full_name or name, role, person or None, unit or None)
    with database() as opened:
        _, secret = accounts.add_user(opened, new, _editor(), datetime.now(UTC))
    say(_link(secret))


@user_app.command("invite")
def user_invite(name: Annotated[str, typer.Argument(help="What they sign in with.")]) -> None:
    """Print a new link, for who has forgotten the password or lost the authenticator."""
    from aiguillage.desk import accounts

    with database() as opened:
        say(_link(accounts.invite(opened, name, _editor(), datetime.now(UTC))))


@user_app.command("list")
def user_list(as_json: Json = False) -> None:
    """List the users, by name."""
    from aiguillage.desk import accounts

    with database() as opened:
        found = accounts.users(opened)
    if as_json:
        say_json({"users": [asdict(each.user) | {"invited": each.invited} for each in found]})
        return
    for each in found:
        of = each.user.person or each.user.unit
        states = ("disabled" if each.user.disabled else "", "has not chosen a password yet" if each.invited else "")
        about = ", ".join(filter(None, (f"{each.user.role}{f' ({of})' if of else ''}", *states)))
        say(f"{each.user.name}: {each.user.full_name}, {about}")
    say(f"{count(len(found), 'user')}.")


@user_app.command("delete")
def user_delete(name: Annotated[str, typer.Argument(help="What they sign in with.")]) -> None:
    """Delete a user, with their sessions and tokens."""
    from aiguillage.desk import accounts

    with database() as opened:
        accounts.remove_user(opened, name, None, _editor(), datetime.now(UTC))
    say(f"User {name} is deleted.")


def _editor() -> "Editor":
    from aiguillage.desk.editing import Editor

    return Editor(who())


def _link(secret: str) -> str:
    return f"{load_settings().http_url}/welcome?invitation={secret}"


# --- token -------------------------------------------------------------------------------------------------


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Whose token it is, or what for.")],
    days: Annotated[int, typer.Option(help="Valid for so many days; 0 = until it is deleted.", min=0, max=36500)] = 0,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it is for, as plan:read; once for each. Default: everything.")
    ] = None,
) -> None:
    """Make a token for the REST API. It is shown this once."""
    from aiguillage.desk import accounts

    new = accounts.NewToken(name, scope or None, timedelta(days=days) if days else None)
    with database() as opened:
        _, token = accounts.create_token(opened, new, datetime.now(UTC), _editor())
    say(token)


@token_app.command("list")
def token_list(as_json: Json = False) -> None:
    """List the tokens, without themselves: only hashes are kept."""
    from aiguillage.desk import accounts

    with database() as opened:
        found = accounts.tokens(opened)
    if as_json:
        instants = ("created", "expires")
        say_json(
            {
                "tokens": [
                    {
                        name: value.isoformat() if name in instants and value else value
                        for name, value in asdict(each).items()
                    }
                    for each in found
                ]
            }
        )
        return
    for each in found:
        until = f"until {each.expires:%Y-%m-%d %H:%M} UTC" if each.expires else "until it is deleted"
        scopes = "everything" if each.scopes is None else ", ".join(each.scopes)
        whose = f", of user {each.user}" if each.user else ""
        say(f"{each.id}: {each.name}{whose}, {until}, for {scopes}")
    say(f"{count(len(found), 'token')}.")


@token_app.command("delete")
def token_delete(id_: Annotated[int, typer.Argument(metavar="ID", help="As the list shows it.")]) -> None:
    """Delete a token: it is worth nothing from now on."""
    from aiguillage.desk import accounts

    with database() as opened:
        accounts.remove_token(opened, id_, _editor(), datetime.now(UTC))
    say(f"Token {id_} is deleted.")


# --- audit -------------------------------------------------------------------------------------------------


@audit_app.command("list")
def audit_list(
    thing: Annotated[str, typer.Argument(help="As people/claire, plan or users/marie. Default: all.")] = "",
    last: Annotated[int, typer.Option(help="So many of the newest.", min=1, max=100_000)] = 50,
    as_json: Json = False,
) -> None:
    """List who did what, the newest last."""
    from aiguillage.desk import auditing

    with database() as opened:
        found = auditing.latest(opened, last, thing or None)
    if as_json:
        say_json({"audit": [auditing.describe(each) for each in found]})
        return
    for each in found:
        say(f"{each.number}  {each.at:%Y-%m-%d %H:%M:%S} UTC  {each.actor or 'somebody'}: {each.action} {each.thing}")


@audit_app.command("verify")
def audit_verify(as_json: Json = False) -> None:
    """Verify that no entry was changed, taken out or put in. Keep the last hash elsewhere: it shows whether entries
    were cut off at the end."""
    from aiguillage.desk import auditing

    with database() as opened:
        number, last, fault = auditing.verify(opened)
    if as_json:
        say_json({"entries": number, "last_hash": last or None, "fault": fault})
    elif fault is None:
        say(f"{count(number, 'entry').replace('entrys', 'entries')}, unchanged. The last hash is {last or 'none'}.")
    if fault is not None:
        stop(f"the audit does not fit: {fault}")
