"""The file of a backup: an uncompressed tar of plain files, the manifest last but one, its checksum last.

    tables/contacts.jsonl      one for each table, see store/dump.py
    recordings/welcome.wav     what `file:` prompts name
    voicemail/people/claire/…  Asterisk's voicemail folder, where that was asked for
    manifest.json              what made it, when, of which schema; length and SHA-256 of every file before
    manifest.sha256

Nothing in it is believed before all of it was read and fits: not a name, a length or a kind of file.
"""

import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from aiguillage import __version__, text_formats
from aiguillage.errors import AiguillageError, Refused

FORMAT = 1
MANIFEST, SEAL = "manifest.json", "manifest.sha256"
TABLES, RECORDINGS, VOICEMAIL = "tables", "recordings", "voicemail"
LONGEST_LINE = 64 * 1024 * 1024
LONGEST_MANIFEST = 64 * 1024 * 1024
MOST_FILES = 1_000_000
_CHUNK = 1 << 20
_TABLE = re.compile(r"tables/[a-z][a-z0-9_]{0,62}\.jsonl")
_FILE = re.compile(r"(?:recordings|voicemail)(?:/[^/\\\x00-\x1f\x7f]{1,200}){1,12}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`schema` is the database's; `created` is aware; `holds` counts: rows by table, recordings, voicemail files.

    `voicemail` says whether Asterisk's voicemail folder is in it, empty or not.
    """

    schema: str
    created: datetime
    tables: dict[str, int]
    recordings: int
    voicemail: bool
    application: str = __version__

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


# --- Written -----------------------------------------------------------------------------------------------


class ArchiveWriter:
    """Adds files to a new archive. `folder` is where there is room for files that are made for it."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        self.folder = folder
        self._tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)
        self._files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, file: IO[bytes], size: int) -> None:
        """The first `size` bytes from where `file` stands. Raises Refused where there are fewer."""
        counted = _Hashing(file)
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        try:
            self._tar.addfile(member, counted)
        except OSError as wrong:
            raise Refused(f"{name} cannot be put into the backup: {wrong}; make it again") from None
        self._files[name] = {"bytes": size, "sha256": counted.hash.hexdigest()}

    def finish(self, manifest: Manifest) -> None:
        told = {"format": FORMAT, **asdict(manifest), "created": manifest.created.isoformat(), "files": self._files}
        text = text_formats.write_json(told).encode()
        for name, content in ((MANIFEST, text), (SEAL, hashlib.sha256(text).hexdigest().encode())):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            self._tar.addfile(member, io.BytesIO(content))
        self._tar.close()


class _Hashing:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.hash.update(data)
        return data


# --- Read --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Archive:
    """A file that was read to its end, and fits."""

    file: Path
    manifest: Manifest
    names: tuple[str, ...]

    @contextmanager
    def opened(self) -> Iterator[Callable[[str], IO[bytes]]]:
        """Reads a file of it, by name."""
        with tarfile.open(self.file, "r:") as tar:

            def read(name: str) -> IO[bytes]:
                found = tar.extractfile(name)
                if found is None:
                    raise Refused(f"{self.file} was changed while it was read")
                return found

            yield read

    def below(self, folder: str) -> tuple[str, ...]:
        return tuple(name for name in self.names if name.startswith(f"{folder}/"))


def read_archive(file: Path, progress: Callable[[str], None] = lambda _: None) -> Archive:
    """Read all of a backup, and see that it is one, whole and unchanged. Raises Refused."""
    try:
        with tarfile.open(file, "r:") as tar:
            found, manifest, seal = _checksums(tar, progress)
    except OSError as wrong:
        raise Refused(f"{file}: {wrong.strerror or wrong}") from None
    except (tarfile.TarError, ValueError, EOFError) as wrong:
        raise Refused(f"{file} is no backup of ours, or is damaged: {wrong}; take another one") from None
    if manifest is None or hashlib.sha256(manifest).hexdigest().encode() != seal:
        raise Refused(f"{file} is damaged, or not whole: its manifest is missing or was changed; take another one")
    told, files = _manifest(file, manifest)
    for name in files.keys() | found.keys():
        if files.get(name) != found.get(name):
            raise Refused(f"{file} is damaged: {name} is not what the manifest says; take another one")
    for table in told.tables:
        if f"{TABLES}/{table}.jsonl" not in found:
            raise Refused(f"{file} is damaged: the table {table} is missing; take another one")
    return Archive(file, told, tuple(found))


def _checksums(
    tar: tarfile.TarFile, progress: Callable[[str], None]
) -> tuple[dict[str, dict[str, Any]], bytes | None, bytes]:
    found: dict[str, dict[str, Any]] = {}
    manifest, seal = None, b""
    for number, member in enumerate(tar):
        if number >= MOST_FILES:
            raise ValueError(f"it has more than {MOST_FILES:,} files")
        _check_member(member, found, closed=manifest is not None)
        content = tar.extractfile(member)
        if content is None:
            raise ValueError(f"{member.name!r} cannot be read")
        if member.name == MANIFEST:
            manifest = content.read(LONGEST_MANIFEST)
        elif member.name == SEAL:
            seal = content.read(64)
        else:
            progress(f"Reading {member.name}")
            found[member.name] = {"bytes": member.size, "sha256": _hash_of(content)}
    return found, manifest, seal


def _check_member(member: tarfile.TarInfo, found: dict[str, Any], *, closed: bool) -> None:
    """Raises ValueError for what no backup of ours holds: links, devices, places outside, anything twice."""
    name = member.name
    if not member.isreg() or member.issparse():
        raise ValueError(f"{name!r} is no plain file")
    if name in {MANIFEST, SEAL}:
        if (name == SEAL) != closed:
            raise ValueError(f"{name!r} stands at a wrong place")
        if member.size > LONGEST_MANIFEST:
            raise ValueError(f"{name!r} is too long")
        return
    parts = name.split("/")
    if not (_TABLE.fullmatch(name) or _FILE.fullmatch(name)) or {".", ".."} & set(parts):
        raise ValueError(f"{name!r} is no name of a file in a backup")
    if name in found or closed:
        raise ValueError(f"{name!r} stands there twice, or after the end")


def _hash_of(file: IO[bytes]) -> str:
    hashed = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        hashed.update(chunk)
    return hashed.hexdigest()


def _manifest(file: Path, text: bytes) -> tuple[Manifest, dict[str, dict[str, Any]]]:
    try:
        told = text_formats.read_json(text.decode())
        if told["format"] != FORMAT:
            raise Refused(f"{file} was made by a newer release ({told['application']}); install that one")
        manifest = Manifest(
            str(told["schema"]),
            datetime.fromisoformat(told["created"]).astimezone(UTC),
            {str(name): int(rows) for name, rows in told["tables"].items()},
            int(told["recordings"]),
            bool(told["voicemail"]),
            str(told["application"]),
        )
        return manifest, dict(told["files"])
    except (AiguillageError, ValueError, TypeError, KeyError, AttributeError) as wrong:
        if isinstance(wrong, Refused) and "newer release" in str(wrong):
            raise
        raise Refused(f"{file} is damaged: its manifest cannot be read; take another one") from None


def lines_of(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Raises Refused for a line that is longer than any of ours."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise Refused(f"{name} has a line of more than {LONGEST_LINE:,} bytes")
        yield line.rstrip(b"\n")
