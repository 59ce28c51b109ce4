"""Put what a folder holds aside, and new files in its place, until the database has been replaced, too."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from aiguillage.errors import Refused

_CHUNK = 1 << 20


class Staged:
    """New files for a folder, in a hidden folder within it: on the same disk, and where we may write."""

    def __init__(self, folder: Path, new: Path) -> None:
        self._folder = folder
        self._new = new

    def add(self, name: str, content: IO[bytes]) -> None:
        """`name` is below the folder, and was looked at by whoever read the archive."""
        place = self._new / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            shutil.copyfileobj(content, file, _CHUNK)
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The new files are the folder's; an error within the block brings the old ones back."""
        old = Path(tempfile.mkdtemp(prefix=".replaced-", dir=self._folder))
        with ExitStack() as back:
            for source, target in ((self._folder, old), (self._new, self._folder)):
                for each in sorted(source.iterdir()):
                    if source == self._folder and each.name.startswith("."):
                        continue
                    each.rename(target / each.name)
                    back.callback((target / each.name).rename, each)
            yield
            back.pop_all()
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def staged(folder: Path) -> Iterator[Staged]:
    """Raises Refused where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".restoring-", dir=folder))
        new.chmod(0o755)
    except OSError as wrong:
        raise Refused(f"{folder}: {wrong.strerror}; restore as a user who may write there") from None
    try:
        yield Staged(folder, new)
    except OSError as wrong:
        raise Refused(f"{folder}: {wrong.strerror}; nothing was changed") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def is_empty(folder: Path) -> bool:
    """Whether there is nothing that a restore would put aside."""
    return not folder.is_dir() or all(each.name.startswith(".") for each in folder.iterdir())
