"""A voicemail folder as Asterisk leaves it, for tests that need no Asterisk."""

import os
import time
import wave
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from aiguillage.desk.messages import MessageBook
from aiguillage.desk.snapshot import Snapshot
from aiguillage.routing.plan import Plan
from aiguillage.settings import Settings
from aiguillage.store.database import Database
from tests.unit.examples import DIRECTORY, PLAN

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
START = time.time_ns() - 3600 * 1_000_000_000


@dataclass
class FakeSpool:
    """`folder` is the voicemail folder. Its changes look as if they had happened a while ago."""

    folder: Path
    _changes: int = 0

    def leave(self, mailbox: str, number: int, msg_id: str, *, caller: str = "Unknown", folder: str = "INBOX") -> Path:
        """msgNNNN in `folder`; the text file."""
        place = self.place(mailbox, folder)
        place.mkdir(parents=True, exist_ok=True)
        with wave.open(str(place / f"msg{number:04}.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(msg_id.encode().ljust(16000, b"\0"))
        text = place / f"msg{number:04}.txt"
        text.write_text(
            ";\n; Message Information file\n;\n[message]\n"
            f"origmailbox={mailbox.partition('@')[0]}\ncontext=step-voicemail\nexten=s\nrdnis=unknown\npriority=3\n"
            f"callerchan=PJSIP/operator-00000001\ncallerid={caller}\norigdate=Tue Nov 24 09:00:00 AM UTC 2026\n"
            f"origtime={AT.timestamp():.0f}\ncategory=\nmsg_id={msg_id}\nflag=\nduration=65\n"
        )
        self.settle(place)
        return text

    def move(self, mailbox: str, number: int, to: int, *, folder: str = "INBOX", to_folder: str = "INBOX") -> None:
        """Asterisk's renaming: the sound first."""
        self.place(mailbox, to_folder).mkdir(parents=True, exist_ok=True)
        for ending in ("wav", "txt"):
            old = self.place(mailbox, folder) / f"msg{number:04}.{ending}"
            old.rename(self.place(mailbox, to_folder) / f"msg{to:04}.{ending}")
        self.settle(self.place(mailbox, folder), self.place(mailbox, to_folder))

    def drop(self, mailbox: str, number: int, *, folder: str = "INBOX") -> None:
        for file in self.place(mailbox, folder).glob(f"msg{number:04}.*"):
            file.unlink()
        self.settle(self.place(mailbox, folder))

    def place(self, mailbox: str, folder: str = "INBOX") -> Path:
        name, _, context = mailbox.partition("@")
        return self.folder / context / name / folder

    def settle(self, *places: Path) -> None:
        """A change shows a time of its own, long enough ago for the folder to be believed."""
        self._changes += 1
        for place in places:
            changed = START + self._changes * 1_000_000
            os.utime(place, ns=(changed, changed))


def settings_for(folder: Path, **more: object) -> Settings:
    values: dict[str, object] = {"state_dir": folder, "voicemail_dir": folder / "voicemail", **more}
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]  # pydantic-settings


def with_mail(folder: Path, port: int, **more: object) -> Settings:
    mail: dict[str, object] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_tls": "none",
        "mail_from": "standard@patro.example",
        "smtp_password": SecretStr(""),
    }
    return settings_for(folder, **(mail | more))


def snapshot_of(plan: Plan = PLAN) -> Snapshot:
    return Snapshot(plan, 1, DIRECTORY)


def book(settings: Settings, database: Database) -> MessageBook:
    return MessageBook(settings, database, snapshot_of)
