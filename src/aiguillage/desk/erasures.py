"""Who was erased, as keyed hashes: a backup that is restored must not bring them back.

The list stands beside the database, with a key of its own, and goes into no backup: whoever has both can try out all
numbers until one fits.
"""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiguillage import text_formats
from aiguillage.errors import StoreUnavailable
from aiguillage.routing.directory import Contact
from aiguillage.store.erasure import Sought

LIST, KEY = "erasures.jsonl", "erasures.key"
SHORTEST = 7
"""Digits of a number that are the same in every spelling, at least."""
WORD = re.compile(r"(?<![\w.])\+?\d{7,20}(?!\d*\.\d)|~[0-9a-f]{16}")
"""What may be a number, or the pseudonym of one, within a text; Asterisk's call ids have a point in them."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Hashes of one person's numbers and pseudonyms, their digits, their name (where nobody else had it), and of the
    contacts that were removed. `at` is aware."""

    at: datetime
    numbers: frozenset[str]
    digits: frozenset[str]
    names: frozenset[str]
    contacts: frozenset[str]


class Erasures:
    """The list in a folder."""

    def __init__(self, folder: Path) -> None:
        self._list, self._key_file = folder / LIST, folder / KEY

    def note(self, sought: Sought, contacts: Collection[Contact]) -> None:
        """Add one, on the disk when this returns. Raises StoreUnavailable."""
        try:
            self._list.parent.mkdir(parents=True, exist_ok=True)
            hashed = _Hashed(self._key())
            entry = {
                "at": datetime.now(UTC).isoformat(),
                "numbers": hashed.all(sought.numbers),
                "digits": hashed.all(sought.digits),
                "names": hashed.all(sought.names),
                "contacts": hashed.all(map(_of_contact, contacts)),
            }
            with os.fdopen(os.open(self._list, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
                file.write(text_formats.write_json(entry) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as wrong:
            raise StoreUnavailable(
                f"{self._list}: {wrong.strerror}; the erasure cannot be noted for later backups, so it is not done"
            ) from None

    def since(self, at: datetime) -> "Erased":
        """Those from `at` (aware) on. Raises StoreUnavailable for a list that cannot be read, or has lost its key."""
        try:
            found = tuple(each for each in self._entries() if each.at >= at)
            return Erased(found, _Hashed(bytes.fromhex(self._key_file.read_text("ascii"))) if found else None)
        except (OSError, ValueError, KeyError, TypeError) as wrong:
            said = wrong.strerror if isinstance(wrong, OSError) else wrong
            remedy = f"bring {LIST} and {KEY} back together, or take both away to restore without them"
            raise StoreUnavailable(f"{self._list}: not readable ({said}); {remedy}") from None

    def _entries(self) -> Iterator[Erasure]:
        try:
            lines = self._list.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            entry = text_formats.read_json(line)
            hashes = [frozenset(entry[name]) for name in ("numbers", "digits", "names", "contacts")]
            yield Erasure(datetime.fromisoformat(entry["at"]), *hashes)

    def _key(self) -> bytes:
        """Made when it is first needed; who is second takes that of the first."""
        new = self._key_file.with_name(f".{KEY}-{secrets.token_hex(4)}")
        if not self._key_file.exists():
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                self._key_file.hardlink_to(new)
            new.unlink()
        return bytes.fromhex(self._key_file.read_text("ascii"))


class Erased:
    """Tells who was erased."""

    def __init__(self, entries: Collection[Erasure], hashed: "_Hashed | None") -> None:
        self._entries = entries
        self._hashed = hashed
        self._numbers = {each for entry in entries for each in entry.numbers}
        self._digits = {each for entry in entries for each in entry.digits}
        self._seen: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return self._hashed is not None

    def words_in(self, text: str) -> Iterator[str]:
        """Pseudonyms of erased people, and what ends in the digits of their numbers."""
        return (each for each in WORD.findall(text) if self._is_word(each))

    def number(self, number: str) -> bool:
        """Whether an E.164 number, or a pseudonym, is that of somebody who was erased."""
        return self._hashed is not None and self._hashed.one(number) in self._numbers

    def _is_word(self, word: str) -> bool:
        if word not in self._seen:
            self._seen[word] = self.number(word) or any(map(self._is_ending, _endings(word)))
        return self._seen[word]

    def _is_ending(self, digits: str) -> bool:
        return self._hashed is not None and self._hashed.one(digits) in self._digits

    def contact(self, contact: Contact) -> bool:
        """Whether this is somebody who was erased: the same contact, or their name with one of their numbers."""
        if self._hashed is None:
            return False
        whole, name = self._hashed.one(_of_contact(contact)), self._hashed.one(contact.name)
        numbers = set(self._hashed.all(contact.numbers))
        return any(whole in each.contacts or (name in each.names and numbers & each.numbers) for each in self._entries)


class _Hashed:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def one(self, word: str) -> str:
        return hmac.digest(self._key, word.encode(), hashlib.sha256).hex()[:32]

    def all(self, words: Iterable[str]) -> list[str]:
        return sorted(self.one(each) for each in words)


def _endings(word: str) -> Iterator[str]:
    return (word[-length:] for length in range(SHORTEST, len(word) + 1))


def _of_contact(contact: Contact) -> str:
    return "\n".join([contact.name, *sorted(contact.numbers)])
