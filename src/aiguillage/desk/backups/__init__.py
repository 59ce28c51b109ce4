"""Backups: one file with the whole database and the recordings, made while the service runs; and back from it."""

from aiguillage.desk.backups.archive import Archive, Manifest, read_archive
from aiguillage.desk.backups.making import Made, Wanted, forget_own, make_backup, migrate, new_file
from aiguillage.desk.backups.restoring import Restored, restore

__all__ = [
    "Archive",
    "Made",
    "Manifest",
    "Restored",
    "Wanted",
    "forget_own",
    "make_backup",
    "migrate",
    "new_file",
    "read_archive",
    "restore",
]
