"""serve, demo, migrate, doctor, healthcheck."""

from enum import StrEnum
from typing import Annotated

import typer

from aiguillage.cli.common import Json, say, say_json, stop
from aiguillage.settings import load_settings

app = typer.Typer()


class Role(StrEnum):
    """What `serve` runs."""

    ALL = "all"
    NODE = "node"
    DESK = "desk"


@app.command()
def serve(
    role: Annotated[
        Role | None,
        typer.Option(
            help="node: beside an Asterisk, no API; desk: the API, no Asterisk; all: both. Default: AIGUILLAGE_ROLE."
        ),
    ] = None,
) -> None:
    """Run the service beside an Asterisk that is already there; or, of several machines, as a node or the desk."""
    from aiguillage.service import run

    run(load_settings(role.value if role else ""))


@app.command()
def demo() -> None:
    """Run the service with an Asterisk of its own and the example federation. `make run` does this."""
    from aiguillage.demo import run

    run(load_settings())


@app.command()
def migrate() -> None:
    """Bring the database to the schema that this release needs; one that is older is backed up before."""
    from aiguillage.desk import backups

    before = backups.migrate(load_settings())
    if before:
        say(f"How it was before is in {before}.")
    say("The database is up to date.")


@app.command()
def openapi() -> None:
    """Print the description of the REST API (OpenAPI 3.1)."""
    import json

    from aiguillage.admin.app import description

    say(json.dumps(description(), indent=1, ensure_ascii=False, sort_keys=True))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at every part that a call needs, and say what is wrong and how to mend it."""
    from dataclasses import asdict

    from aiguillage.doctor.examining import examine

    findings = examine(load_settings())
    if as_json:
        say_json({"parts": {name: asdict(found) for name, found in findings.items()}})
    else:
        for name, found in findings.items():
            say(f"{'ok  ' if found.ok else 'BAD '} {name}: {found.reason}")
            if found.remedy:
                say(f"     do: {found.remedy}")
    if not all(found.ok for found in findings.values()):
        raise typer.Exit(1)


@app.command()
def healthcheck() -> None:
    """Ask the running service one harmless question over FastAGI, as Asterisk would; a desk, over HTTP. For containers.

    Exit status 0: it answers; 1: it does not. Known within two seconds.
    """
    from aiguillage.doctor import answers

    found = answers(load_settings())
    if not found.ok:
        stop(f"{found.reason}; {found.remedy}")
    say(found.reason)
