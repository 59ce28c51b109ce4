"""The file in which Asterisk itself writes what happens to calls, whoever listens: asterisk-conf/cel_custom.conf.

Asterisk opens it anew for each line. So it can be set aside at any moment: the next line begins another file, and the
one that was set aside is read to its end and removed. A line that is none of ours is passed over and counted.
"""

import contextlib
import csv
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from aiguillage.asterisk.events import SYNTHETIC_CHANNEL, CallEvent, own
from aiguillage.errors import AsteriskUnavailable

NAME = "aiguillage.csv"
AT_ONCE = 1 << 20
"""Bytes that are read in one go."""
SETTLED = 1.0
"""Seconds after which nothing is written any more to a file that was set aside."""
_FIELDS = 7
_ASIDE = f"{NAME}.*"


@dataclass(frozen=True, slots=True)
class CallBegan:
    """A call as the dialplan took it, before anybody was asked. `kind`: inbound, simulated or dialled; `caller`: the
    number as the trunk signals it, empty where it is withheld, or the endpoint that dials; `called`: what was dialled.
    """

    call: str
    at: datetime
    kind: str
    caller: str
    called: str


Told = CallBegan | CallEvent

Known = Mapping[str, float]
"""Until when (seconds since 1970) of which calls everything is known."""
NOTHING_KNOWN: Known = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file that was set aside, until the byte `end`, without those that tell nothing new; `odd`: how
    many tell nothing."""

    end: int
    told: tuple[Told, ...]
    odd: int


class CallFile:
    """Several processes may read it: what it tells is written down once, whoever reads it."""

    def __init__(self, folder: Path, node: str = "") -> None:
        self.folder, self._node = folder, node

    def set_aside(self) -> bool:
        """Let Asterisk begin a new file; whether anything has happened since the last time.

        Raises AsteriskUnavailable where the folder cannot be written.
        """
        with self._usable(), contextlib.suppress(FileNotFoundError):
            (self.folder / NAME).rename(self.folder / f"{NAME}.{time.time_ns()}")
            return True
        return False

    def aside(self) -> list[Path]:
        """The files that were set aside, the oldest first."""
        with self._usable():
            return sorted(self.folder.glob(_ASIDE), key=_set_aside_at)

    def read(self, file: Path, begin: int, known: Known = NOTHING_KNOWN) -> Piece | None:
        """The next whole lines from there; None where there are none. Raises AsteriskUnavailable."""
        with self._usable(), contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
            opened.seek(begin)
            lines = opened.read(AT_ONCE)
            whole = lines[: lines.rfind(b"\n") + 1]
            if whole:
                told, odd = _all_told(whole, known)
                return Piece(begin + len(whole), told, odd)
        return None

    def identity(self, file: Path) -> str:
        """By its node and its first line, which no other file has. Raises AsteriskUnavailable."""
        with self._usable(), contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
            digest = hashlib.sha256(opened.readline()).hexdigest()[:32]
            return f"{self._node}-{digest}" if self._node else digest
        return ""

    def remove(self, file: Path) -> None:
        """Raises AsteriskUnavailable where the folder cannot be written."""
        with self._usable():
            file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as wrong:
            raise AsteriskUnavailable(
                f"{self.folder}, where Asterisk writes what happens to calls, cannot be used: {wrong.strerror}; "
                "let this user read and write it, or correct AIGUILLAGE_CALL_EVENTS_DIR"
            ) from None


def is_settled(file: Path) -> bool:
    """Whether nothing is written any more to a file that was set aside."""
    return time.time_ns() - _set_aside_at(file) >= SETTLED * 1e9


def _set_aside_at(file: Path) -> int:
    ending = file.name.removeprefix(f"{NAME}.")
    return int(ending) if ending.isdecimal() else 0


def _all_told(lines: bytes, known: Known) -> tuple[tuple[Told, ...], int]:
    told: list[Told] = []
    odd = 0
    for line in lines.split(b"\n")[:-1]:
        try:
            if not _is_known(line, known):
                told += _told(line.decode())
        except (ValueError, csv.Error, OverflowError):
            odd += 1
    return tuple(told), odd


def _is_known(line: bytes, known: Known) -> bool:
    """Most lines are; they are not worth being taken apart. Raises ValueError as `_told` does."""
    fields = line.split(b'","', 5)
    until = known.get(fields[4].decode()) if len(fields) > 5 else None
    return until is not None and float(fields[1]) <= until


def _told(line: str) -> Iterator[Told]:
    """Raises ValueError, csv.Error or OverflowError for a line that Asterisk has not written."""
    (fields,) = csv.reader([line], strict=True)
    if len(fields) != _FIELDS:
        raise ValueError("not so many fields")
    kind, time_, channel, leg, call, _, extra = fields
    at = datetime.fromtimestamp(float(time_), UTC)
    if channel.startswith(SYNTHETIC_CHANNEL):
        return
    match kind:
        case "BRIDGE_ENTER" if channel.startswith("PJSIP/") and leg != call:
            line_ = channel.removeprefix("PJSIP/").rpartition("-")[0]
            yield CallEvent(call, at, "answered", leg, line_)
        case "HANGUP" if leg == call:
            cause = str(_json(extra).get("hangupcause", ""))
            yield CallEvent(call, at, "call-ended", detail={"cause": cause, "cause_text": "", "tech_cause": ""})
        case "BRIDGE_ENTER" | "HANGUP":
            return
        case _:
            facts = {"UserEvent": kind, "Linkedid": call, "Uniqueid": leg}
            yield from _own({**_facts(str(_json(extra).get("extra", ""))), **facts}, at)


def _json(text: str) -> Mapping[str, object]:
    read = json.loads(text)
    if not isinstance(read, dict):
        raise ValueError("no object")  # noqa: TRY004  the line is odd
    return read


def _facts(extra: str) -> dict[str, str]:
    """`Name: value|Name: value`."""
    pairs = (each.partition(":") for each in extra.split("|"))
    return {name: value.strip() for name, _, value in pairs}


def _own(facts: Mapping[str, str], at: datetime) -> Iterator[Told]:
    match facts["UserEvent"]:
        case "AiguillageCall":
            yield CallBegan(facts["Uniqueid"], at, facts.get("Kind", ""), facts.get("From", ""), facts.get("To", ""))
        case "AiguillageLeg":
            yield CallEvent(facts["Linkedid"], at, "dialled", facts["Uniqueid"], facts.get("Number", ""))
        case "AiguillageEmergency":
            yield CallBegan(facts["Uniqueid"], at, "dialled", facts.get("Phone", ""), facts.get("Number", ""))
            yield from own(facts, at)
        case _:
            yield from own(facts, at)
