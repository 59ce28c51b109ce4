"""Put generated files in place: none before all are on the disk, and only what changed is read again."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiguillage.asterisk.provisioning.files import RELOADED_BY
from aiguillage.errors import AsteriskUnavailable


@dataclass(frozen=True, slots=True)
class Swap:
    """The files that were replaced; those that were not there before are `new`."""

    folder: Path
    changed: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def modules(self) -> list[str]:
        """Those that must read their file again."""
        return list(dict.fromkeys(RELOADED_BY[name] for name in self.changed if name in RELOADED_BY))

    def undo(self) -> None:
        """Put back what stood there before. Raises AsteriskUnavailable when the folder cannot be written."""
        try:
            for name in self.changed:
                if name in self.new:
                    (self.folder / name).unlink(missing_ok=True)
                else:
                    (self.folder / f"{name}.previous").replace(self.folder / name)
        except OSError as wrong:
            raise AsteriskUnavailable(f"cannot put files back in {self.folder}: {wrong.strerror}") from None


def write(files: Mapping[str, str], folder: Path) -> Swap:
    """Write what differs, each file by rename, the one before kept as `NAME.previous`.

    Raises AsteriskUnavailable when the folder cannot be written.
    """
    try:
        _make(folder)
        changed = tuple(name for name, text in files.items() if _read(folder / name) != text.encode())
        new = tuple(name for name in changed if not (folder / name).exists())
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as scratch:
            prepared = [_prepare(Path(scratch) / name, files[name], folder) for name in changed]
            for file in prepared:
                _swap(folder / file.name, file)
    except OSError as wrong:
        raise AsteriskUnavailable(f"cannot write Asterisk's files to {folder}: {wrong.strerror}") from None
    return Swap(folder, changed, new)


def _make(folder: Path) -> None:
    """As Asterisk's own folder is, so that it can read what is in there."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        shutil.copymode(folder.parent, folder)
        os.chown(folder, -1, folder.parent.stat().st_gid)
        os.chown(folder, folder.parent.stat().st_uid, -1)


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _prepare(file: Path, text: str, folder: Path) -> Path:
    """The file on the disk. It may hold passwords: only owner and group read it."""
    with file.open("w", encoding="utf-8") as opened:
        file.chmod(0o640)
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    with contextlib.suppress(PermissionError):  # root writes for the user that Asterisk runs as
        shutil.chown(file, folder.stat().st_uid, folder.stat().st_gid)
    return file


def _swap(file: Path, prepared: Path) -> None:
    """By a link and a rename, so that Asterisk finds one or the other at any moment."""
    if file.exists():
        previous = file.with_name(f"{file.name}.previous")
        previous.unlink(missing_ok=True)
        previous.hardlink_to(file)
    prepared.replace(file)
