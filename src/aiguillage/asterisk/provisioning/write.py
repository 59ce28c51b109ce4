"""Put generated files in place: none before all are on the disk, and only what changed is read again."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from aiguillage.asterisk.provisioning.files import RELOADED_BY
from aiguillage.errors import AsteriskUnavailable


def write(files: Mapping[str, str], folder: Path) -> list[str]:
    """Write what differs, each file by rename, the one before kept as `NAME.previous`.

    Returns the modules that must read their file again. Raises AsteriskUnavailable when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        changed = [name for name, text in files.items() if _read(folder / name) != text.encode()]
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as scratch:
            prepared = [_prepare(Path(scratch) / name, files[name], folder) for name in changed]
            for file in prepared:
                _swap(folder / file.name, file)
    except OSError as wrong:
        raise AsteriskUnavailable(f"cannot write Asterisk's files to {folder}: {wrong.strerror}") from None
    return [RELOADED_BY[name] for name in changed if name in RELOADED_BY]


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
