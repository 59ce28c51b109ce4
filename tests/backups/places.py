"""An installation: its settings, and its database."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from aiguillage.desk.backups import Made, Restored, Wanted, make_backup, read_archive, restore
from aiguillage.desk.editing import Editor
from aiguillage.settings import Settings
from aiguillage.store import dump
from aiguillage.store.columns import metadata
from aiguillage.store.database import Database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEFT_OUT = {"audit", "sessions", "invitations", "idempotent_answers"}
"""A restore is in the audit; nobody is signed in after it."""


@dataclass(frozen=True)
class Place:
    settings: Settings
    database: Database

    def back_up(self, name: str = "backup.tar", **wanted: bool) -> Path:
        return self.make(name, **wanted).file

    def make(self, name: str = "backup.tar", **wanted: bool) -> Made:
        return make_backup(self.settings, self.database, self.settings.state.parent / name, Wanted(**wanted))

    def restore(self, file: Path, *, force: bool = False) -> Restored:
        self.database.close()
        return restore(self.settings, read_archive(file), Editor("tests"), NOW, force=force)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything, by table."""
        with self.database.reading() as session:
            return {
                name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
                for name, table in metadata.tables.items()
                if name not in LEFT_OUT
            }

    def lines(self) -> dict[str, list[str]]:
        """Everything as a backup has it."""
        with dump.dump(self.database) as dumped:
            return {name: list(dumped.lines(name)) for name in dumped.tables}

    def record(self, name: str, content: bytes) -> None:
        place = self.settings.recordings_dir / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
