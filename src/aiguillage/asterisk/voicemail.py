"""Asterisk's voicemail folder, as app_voicemail 22 keeps it: read here, changed by Asterisk alone.

`<folder>/<context>/<mailbox>/<INBOX, Old, …>/msgNNNN.{txt,wav}`. The messages of a folder are numbered without holes:
who deletes the first renames all others. So a file's name says nothing for long, and a message is known by its
`msg_id`; a message that one mailbox forwards to another keeps that, so ours names the mailbox, too.

While Asterisk changes a folder it holds `.lock` in it. A folder is believed only if it was not locked, and did not
change, while it was read.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from aiguillage.asterisk.ami import ask_once
from aiguillage.errors import AsteriskUnavailable, NotFound
from aiguillage.settings import Settings

log = structlog.get_logger()

CONTEXTS = ("boxes", "people")
NEW = ("INBOX", "Urgent")
"""The folders of messages that nobody has listened to."""
PASSING = ("tmp", "Deleted")
"""Folders whose messages are not there yet, or no more."""
RECENT = 50_000_000
"""Nanoseconds within which a folder may change twice and show one time of change (a clock tick is at most 10 ms)."""
STALE_SECONDS = 60.0
"""A lock as old as that was left by an Asterisk that died: it waits 5 s for others and holds its own for less."""

_MSG_ID = re.compile(r"\d{1,12}-[0-9a-f]{8}")
_BOTH = re.compile(r'"?(?P<name>.*?)"? ?<(?P<number>[^<>]*)>')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Recording:
    """A message in the folder. `caller` is the number as signalled, None when withheld; `caller_name` may be empty.

    `file` is its path below the voicemail folder, without an ending, and changes when a message before it goes. `node`
    holds it, empty: the only one; two nodes may give the same msg_id.
    """

    msg_id: str
    mailbox: str
    folder: str
    file: str
    caller: str | None
    caller_name: str
    at: datetime
    seconds: int
    node: str = ""

    @property
    def id(self) -> str:
        return f"{self.nameless_id}.{self.node}" if self.node else self.nameless_id

    @property
    def nameless_id(self) -> str:
        """Its id while the node had no name."""
        return f"{self.msg_id}.{self.mailbox}"

    @property
    def listened(self) -> bool:
        return self.folder not in NEW


Found = Mapping[str, tuple[Recording, ...] | None]
"""What each mailbox holds, oldest first; None = Asterisk is changing it at this moment, or it cannot be read."""


class Spool:
    """The voicemail folder. Remembers what it has read, so that looking again is a `stat` for each folder."""

    def __init__(self, folder: Path, node: str = "") -> None:
        self._folder, self._node = folder, node
        self._known: dict[Path, tuple[int, tuple[Recording, ...]]] = {}
        self._unreadable: set[Path] = set()

    def found(self) -> Found:
        """All mailboxes. Raises AsteriskUnavailable while the folder is not there: that says nothing of its messages.

        An Asterisk that has never taken a message has no such folder either.
        """
        contexts = [context for context in CONTEXTS if (self._folder / context).is_dir()]
        if not contexts:
            raise AsteriskUnavailable(f"no mailboxes in {self._folder}; if there are, correct AIGUILLAGE_VOICEMAIL_DIR")
        return {
            f"{each.name}@{context}": self._mailbox(each, f"{each.name}@{context}")
            for context in contexts
            for each in sorted((self._folder / context).iterdir())
        }

    def sound(self, mailbox: str, msg_id: str) -> bytes:
        """The recording, WAV. Raises NotFound when there is no such message any more."""
        name, _, context = mailbox.partition("@")
        for _ in range(10):
            held = self._mailbox(self._folder / context / name, mailbox)
            for recording in held or ():
                sound = self._sound_of(recording) if recording.msg_id == msg_id else None
                if sound is not None:
                    return sound
            if held is not None and msg_id not in {each.msg_id for each in held}:
                break
            time.sleep(0.1)
        raise NotFound(f"message {msg_id} is not in mailbox {mailbox} any more")

    def has_a_pin_of_its_own(self, mailbox: str) -> bool:
        """Whether somebody has changed the mailbox's PIN from a telephone."""
        name, _, context = mailbox.partition("@")
        return (self._folder / context / name / "secret.conf").exists()

    def _sound_of(self, recording: Recording) -> bytes | None:
        """None when the files were renamed meanwhile: the sound might be another's."""
        text, sound = (self._folder / f"{recording.file}.{ending}" for ending in ("txt", "wav"))
        try:
            read = sound.read_bytes()
            same = _fields(text.read_text("utf-8", errors="replace")).get("msg_id") == recording.msg_id
        except FileNotFoundError:
            return None
        return read if same else None

    def _mailbox(self, place: Path, mailbox: str) -> tuple[Recording, ...] | None:
        """Each message once: one that is being moved is in two folders, and stays in the one that is not new."""
        found: dict[str, Recording] = {}
        try:
            folders = _folders(place)
            for folder in folders:
                held = self._read(folder, mailbox)
                if held is None:
                    return None
                found |= {each.msg_id: each for each in held}
            if _folders(place) != folders:  # moved from a folder not yet read to one already read
                return None
        except (FileNotFoundError, NotADirectoryError):
            return () if not place.is_dir() else None
        except OSError as wrong:
            if place not in self._unreadable:
                self._unreadable.add(place)
                log.error("voicemail_unreadable", folder=str(place), error=str(wrong))
            return None
        return tuple(sorted(found.values(), key=lambda each: (each.at, each.msg_id)))

    def _read(self, folder: Path, mailbox: str) -> tuple[Recording, ...] | None:
        changed = folder.stat().st_mtime_ns
        known = self._known.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        if _locked(folder) or 0 <= time.time_ns() - changed < RECENT:
            return None
        texts = {each: each.read_text("utf-8", errors="replace") for each in sorted(folder.glob("msg*.txt"))}
        if _locked(folder) or folder.stat().st_mtime_ns != changed:
            return None
        recordings = {path: self._recording(path, text, mailbox) for path, text in texts.items()}
        whole = tuple(each for each in recordings.values() if each is not None)
        if len(whole) == len(texts):  # writing on in a file that is there does not change its folder
            self._known[folder] = (changed, whole)
        return whole

    def _recording(self, path: Path, text: str, mailbox: str) -> Recording | None:
        """None while the file is not whole."""
        fields = _fields(text)
        try:
            seconds, at = int(fields["duration"]), datetime.fromtimestamp(int(fields["origtime"]), UTC)
        except (KeyError, ValueError, OverflowError, OSError):
            return None
        if not _MSG_ID.fullmatch(fields.get("msg_id", "")):
            return None
        caller, name = _caller(fields.get("callerid", ""))
        file = path.relative_to(self._folder).with_suffix("").as_posix()
        return Recording(fields["msg_id"], mailbox, path.parent.name, file, caller, name, at, seconds, self._node)


async def remove(settings: Settings, mailbox: str, folder: str, msg_id: str) -> None:
    """Let Asterisk delete a message, number the others again and put the light right. Raises AsteriskUnavailable."""
    await _change(settings, "VoicemailRemove", mailbox, Folder=folder, ID=msg_id)


async def move_to_old(settings: Settings, mailbox: str, folder: str, msg_id: str) -> None:
    """Let Asterisk take a message for listened to. Raises AsteriskUnavailable."""
    await _change(settings, "VoicemailMove", mailbox, Folder=folder, ID=msg_id, ToFolder="Old")


async def _change(settings: Settings, action: str, mailbox: str, **fields: str) -> None:
    name, _, context = mailbox.partition("@")
    response = await ask_once(settings, action, Mailbox=name, Context=context, **fields)
    if "successful" not in response.get("Message", ""):  # a failure is "Response: Success", too
        raise AsteriskUnavailable(f"{action} in {mailbox}: {response.get('Message', 'no answer').strip()}; try again")


def _folders(place: Path) -> dict[Path, int]:
    """The folders of a mailbox with their times of change, those of new messages first."""
    found = sorted(each for each in place.iterdir() if each.is_dir() and each.name not in PASSING)
    return {each: each.stat().st_mtime_ns for each in sorted(found, key=lambda each: each.name not in NEW)}


def _locked(folder: Path) -> bool:
    try:
        return time.time() - (folder / ".lock").stat().st_mtime < STALE_SECONDS
    except FileNotFoundError:
        return False


def _fields(text: str) -> dict[str, str]:
    """name=value; the last of a name counts, because what the caller controls is written before the rest."""
    return dict(_pairs(text))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        name, equals, value = line.partition("=")
        if equals and not line.startswith(";"):
            yield name, value


def _caller(callerid: str) -> tuple[str | None, str]:
    """Number and name of `"Name" <number>`, of either alone, or of `Unknown`."""
    text = " ".join(_CONTROL.sub(" ", callerid).split())
    both = _BOTH.fullmatch(text)
    if both:
        return both["number"] or None, both["name"]
    if re.fullmatch(r"\+?[0-9*#]+", text):
        return text, ""
    return None, "" if text == "Unknown" else text
