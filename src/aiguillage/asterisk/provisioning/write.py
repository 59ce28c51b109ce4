"""Put generated files in place: all of them or none, and only what changed is read again."""

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
        changed = [name for name, text in files.items() if _read(folder / name) != text]
        prepared = {name: _prepare(folder, name, files[name]) for name in changed}
        for name, temporary in prepared.items():
            if (folder / name).exists():
                (folder / name).replace(folder / f"{name}.previous")
            temporary.replace(folder / name)
    except OSError as wrong:
        raise AsteriskUnavailable(f"cannot write Asterisk's files to {folder}: {wrong.strerror}") from None
    return [RELOADED_BY[name] for name in changed if name in RELOADED_BY]


def _read(file: Path) -> str | None:
    return file.read_text("utf-8") if file.exists() else None


def _prepare(folder: Path, name: str, text: str) -> Path:
    """The file under a temporary name, on the disk. It may hold passwords: only owner and group read it."""
    descriptor, path = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(path).chmod(0o640)
    with contextlib.suppress(PermissionError):  # root writes for the user that Asterisk runs as
        shutil.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    return Path(path)
