"""`make run`: the service with an Asterisk of its own, or beside yours, and the example federation."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import typer

from aiguillage import event_loop, logs, text_formats
from aiguillage.asterisk.process import PrivateAsterisk
from aiguillage.desk import accounts, backups, editing, publishing
from aiguillage.desk.contacts import import_file
from aiguillage.desk.provisioning import provision
from aiguillage.desk.snapshot import Snapshot, is_published, load_snapshot
from aiguillage.errors import AsteriskUnavailable, SettingRefused
from aiguillage.ports import port_taken
from aiguillage.service import Service, first_link
from aiguillage.settings import Settings
from aiguillage.shipped import shipped
from aiguillage.store.database import Database, open_database

_LOOK_SECONDS = 0.5


def run(settings: Settings) -> None:
    """Migrate, load the example where nothing has been published, start Asterisk and the service.

    Ctrl-C or SIGTERM ends both.
    """
    logs.configure(settings)
    _check_ports(settings)
    settings.state.mkdir(parents=True, exist_ok=True)
    _say("Preparing the database")
    backups.migrate(settings)
    database = open_database(settings.url)
    token = _load_example(database)
    link = first_link(settings, database)
    with _asterisk(settings, database, load_snapshot(database)):
        database.close()
        event_loop.run(Service(settings).run_until_stopped(lambda: _say_what_listens(settings, token, link)))


@contextlib.contextmanager
def _asterisk(settings: Settings, database: Database, known: Snapshot) -> Iterator[None]:
    """The plan written for Asterisk, and one of our own started with it unless there is one already."""
    own = (
        PrivateAsterisk(settings.asterisk_root, settings.state / "asterisk", settings.prompts_dir, settings.node)
        if settings.start_asterisk
        else None
    )
    if own is not None:
        own.lay_out()
    _say("Writing Asterisk's configuration (announcements are spoken once)")
    provision(settings, database, known.plan, known.directory)
    if own is None:
        yield
        return
    _say("Starting Asterisk")
    with own, _started_again(own):
        yield
        _say("Stopping Asterisk")


@contextlib.contextmanager
def _started_again(asterisk: PrivateAsterisk) -> Iterator[None]:
    """Within the block an Asterisk that dies is started again, as a supervisor does with an installed one."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if not asterisk.wait_gone(_LOOK_SECONDS):
                continue
            if not over.is_set():
                _say("Asterisk has died; starting it again")
                with contextlib.suppress(AsteriskUnavailable):
                    asterisk.start()
            over.wait(_LOOK_SECONDS)

    watching = threading.Thread(target=watch, name="asterisk", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _check_ports(settings: Settings) -> None:
    """Raises SettingRefused, naming the first port that something else holds."""
    ours = (
        ("HTTP", socket.SOCK_STREAM, settings.http_host, settings.http_port, "AIGUILLAGE_HTTP_PORT"),
        ("FastAGI", socket.SOCK_STREAM, settings.agi_host, settings.agi_port, "AIGUILLAGE_AGI_PORT"),
    )
    asterisks = (
        ("SIP", socket.SOCK_DGRAM, settings.sip_host, settings.sip_port, "AIGUILLAGE_SIP_PORT"),
        ("AMI", socket.SOCK_STREAM, settings.ami_host, settings.ami_port, "AIGUILLAGE_AMI_PORT"),
    )
    for what, kind, host, port, setting in ours + asterisks if settings.start_asterisk else ours:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
            try:
                probe.bind((host, port))
            except OSError as wrong:
                raise SettingRefused(port_taken(what, f"{host}:{port}", setting, wrong)) from None


def _load_example(database: Database) -> str | None:
    """The example federation, where nothing has been published yet; then a token for its API, shown once."""
    if is_published(database):
        return None
    _say("Loading the example federation")
    now = datetime.now(UTC)
    editing.apply(database, text_formats.read_yaml((shipped("examples") / "plan.yaml").read_text("utf-8")))
    import_file(database, (shipped("examples") / "directory.csv").read_bytes())
    publishing.publish(database, now, "demo", "The example federation")
    return accounts.create_token(database, accounts.NewToken("demo"), now)[1]


def _say_what_listens(settings: Settings, token: str | None, link: str | None) -> None:
    http = f"http://{settings.http_host}:{settings.http_port}"
    _say("The switchboard is open. Ctrl-C closes it.")
    lines = [
        ("SIP (Asterisk)", f"{settings.sip_host}:{settings.sip_port}/udp, phones: tools/aiguillage phone show"),
        ("REST API", f"{http}/api/v1/plan, described by {http}/api/openapi.json; well? {http}/readyz"),
        ("FastAGI, AMI", f"{settings.agi_host}:{settings.agi_port}, {settings.ami_host}:{settings.ami_port}"),
    ]
    for what, where in lines:
        typer.echo(f"    {what:15} {where}")
    if token:
        typer.echo(f"    {'API token':15} {token}   (shown this once)")
    if link:
        typer.echo(f"    {'administrator':15} choose a password within a day: {link}")
    typer.echo('    In a second shell: make call FROM=+32471000201 AT="2026-11-24 10:00"')


def _say(text: str) -> None:
    typer.echo(f"==> {text}")
