"""A database with the example federation published, as a service finds it."""

from datetime import UTC, datetime
from pathlib import Path

from aiguillage import text_formats
from aiguillage.desk import editing, publishing
from aiguillage.desk.contacts import import_csv
from aiguillage.store import migrate
from aiguillage.store.database import Database, open_database

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def empty(folder: Path) -> Database:
    """Migrated, and nothing in it."""
    url = f"sqlite:///{folder}/aiguillage.db"
    migrate.upgrade(url)
    return open_database(url)


def publish_example(database: Database) -> None:
    editing.apply(database, text_formats.read_yaml((EXAMPLES / "plan.yaml").read_text("utf-8")))
    import_csv(database, (EXAMPLES / "directory.csv").read_bytes())
    publishing.publish(database, datetime.now(UTC), "tests", "the example")
