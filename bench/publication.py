"""From a plan document to the files that Asterisk reads: how long each part of the way takes."""

import tempfile
from pathlib import Path

from pydantic import SecretStr

from aiguillage import text_formats
from aiguillage.desk import editing
from aiguillage.desk.provisioning import provision
from aiguillage.desk.publishing import publish
from aiguillage.desk.snapshot import published_plan
from aiguillage.settings import Settings
from aiguillage.store import migrate
from aiguillage.store.database import Database, open_database
from bench.federation import AT
from bench.timing import rounds, row, seconds, sums


def measure(document: str, number: int) -> None:
    """`document` is YAML; `number` of rounds. Provisioning is cold once: with no prompt rendered yet."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            state_dir=Path(folder),
            database_url="",
            asterisk_dir=Path(folder) / "asterisk",
            ami_secret=SecretStr("bench"),
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        )
        migrate.upgrade(settings.url)
        database = open_database(settings.url)
        _measure(document, number, settings, database)
        database.close()


def _measure(document: str, number: int, settings: Settings, database: Database) -> None:
    read = rounds(lambda: text_formats.read_yaml(document), number)
    data = text_formats.read_yaml(document)
    check = rounds(lambda: editing.check(data), number)
    keep = rounds(lambda: editing.apply(database, data), number)
    published = rounds(lambda: publish(database, AT, "bench", ""), number)
    load = rounds(lambda: published_plan(database), number)
    plan = published_plan(database)
    cold = seconds(lambda: provision(settings, database, plan))
    warm = rounds(lambda: provision(settings, database, plan), number)
    for what, taken in (
        ("read the plan document (YAML)", read),
        ("check it", check),
        ("keep it as the draft in SQLite", keep),
        ("publish it", published),
        ("load the published plan", load),
        ("provision Asterisk, cold", [cold]),
        ("provision Asterisk, warm", warm),
    ):
        row(what, [1000 * each for each in taken], "ms")
    row("publish and provision, warm", sums(published, load, warm), "s", limit=10)
