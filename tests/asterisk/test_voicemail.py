"""A message at a real Asterisk: it comes into the table, its light goes on, and what we do to it Asterisk believes."""

import asyncio
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from aiguillage.asterisk import voicemail
from aiguillage.desk import messages
from aiguillage.desk.messages import MessageBook, messages_of, sound_of
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import AsteriskUnavailable
from aiguillage.settings import Settings
from aiguillage.simulator.telephones import Telephones
from aiguillage.store.database import Database
from aiguillage.store.messages import StoredMessage
from tests.asterisk.private import AMI_SECRET, AMI_USER, PIN, Stage, files_of, stage
from tests.databases import migrated_sqlite
from tests.required import asterisk_root

CLAIRE, OFFICE = "claire@people", "reception@boxes"
LISTEN = "WWWWWW1WWWWWWWWWW"
"""After the PIN: hear the announcement of new messages, then the first of them."""
DIALPLAN = """
[test-leave]
exten = _[a-z].,1,Answer()
 same = n,Set(CALLERID(all)=Anne Lambert <+32471000201>)
 same = n,VoiceMail(${REPLACE(EXTEN,*,@)},s)

[test-speak]
exten = s,1,Playtones(440)
 same = n,Wait(3)

[test-open]
exten = _[a-z].,1,Answer()
 same = n,VoiceMailMain(${REPLACE(EXTEN,*,@)})

[test-keys]
exten = s,1,SendDTMF(${KEYS})
"""


@dataclass
class Voicemail:
    """A stage with its message book."""

    stage: Stage
    settings: Settings
    database: Database

    def __post_init__(self) -> None:
        self.snapshot = Snapshot(self.stage.plan, 1)
        self.book = MessageBook(self.settings, self.database, lambda: self.snapshot)

    def console(self, command: str) -> str:
        return self.stage.asterisk.console(command)

    def leave(self, mailbox: str) -> None:
        """A caller speaks for three seconds; returns when the message is kept."""
        before = len(self.of(mailbox))
        self.console(f"channel originate Local/{mailbox.replace('@', '*')}@test-leave extension s@test-speak")
        self.until(lambda: len(self.of(mailbox)) == before + 1)

    def dial(self, mailbox: str, keys: str) -> None:
        """Somebody opens the mailbox and presses keys; W is a second. Returns when they have hung up."""
        self.console(f"dialplan set global KEYS {keys}")
        self.console(f"channel originate Local/{mailbox.replace('@', '*')}@test-open extension s@test-keys")
        self.until(lambda: self.stage.channels() > 0)
        self.until(lambda: self.stage.channels() == 0, 60)

    def of(self, mailbox: str) -> list[StoredMessage]:
        self.book.keep_in_step(self.snapshot)
        return messages_of(self.database, mailbox)

    def names(self, mailbox: str, folder: str = "INBOX") -> list[str]:
        name, _, context = mailbox.partition("@")
        return sorted(file.name for file in (self.settings.voicemail / context / name / folder).glob("msg*"))

    def until(self, true: Callable[[], bool], seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.stage.asterisk.problems()[-5:]
            time.sleep(0.1)


@pytest.fixture(scope="module")
def running() -> Iterator[Stage]:
    with stage(asterisk_root()) as running:
        with (running.asterisk.etc / "extensions.conf").open("a", encoding="utf-8") as extensions:
            extensions.write(DIALPLAN)
        for module in ("res_clioriginate.so", "app_senddtmf.so", "app_playtones.so"):
            running.asterisk.console(f"module load {module}")
        running.asterisk.console("dialplan reload")
        (running.asterisk.home / "spool/voicemail/people").mkdir(parents=True, exist_ok=True)
        running.asterisk._hand_over()
        yield running


@pytest.fixture
def box(running: Stage, tmp_path: Path) -> Iterator[Voicemail]:
    """Empty at first."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        state_dir=tmp_path,
        voicemail_dir=running.asterisk.home / "spool/voicemail",
        ami_port=running.site.ami_port,
        ami_user=AMI_USER,
        ami_secret=SecretStr(AMI_SECRET),
    )
    database = migrated_sqlite(tmp_path)
    opened = Voicemail(running, settings, database)
    time.sleep(0.1)
    for message in [*opened.of(CLAIRE), *opened.of(OFFICE)]:
        messages.delete(settings, database, message.id)
    yield opened
    database.close()


def test_a_message_is_in_the_table_with_its_caller_and_its_sound(box: Voicemail, tmp_path: Path) -> None:
    box.leave(CLAIRE)
    (message,) = box.of(CLAIRE)
    assert (message.caller, message.caller_name) == ("+32471000201", "Anne Lambert")
    assert not message.listened
    assert 2 <= message.seconds <= 5
    assert abs(message.at.timestamp() - time.time()) < 20
    (tmp_path / "sound.wav").write_bytes(sound_of(box.settings, box.database, message.id))
    with wave.open(str(tmp_path / "sound.wav")) as sound:
        assert sound.getframerate() == 8000
        assert 2 <= sound.getnframes() / 8000 <= 5
    box.leave(OFFICE)
    assert len(box.of(OFFICE)) == 1


async def test_the_light_goes_on_and_deleting_turns_it_off(box: Voicemail) -> None:
    async with Telephones(bind=box.stage.trunk, server=box.stage.sip) as telephones:
        await telephones.register("claire", box.stage.site.passwords["claire"])
        await until_light(telephones, on=False)
        await asyncio.to_thread(box.leave, CLAIRE)
        await until_light(telephones, on=True)
        await asyncio.to_thread(box.leave, CLAIRE)
        first, second = await asyncio.to_thread(box.of, CLAIRE)
        await asyncio.to_thread(messages.delete, box.settings, box.database, first.id)
        assert box.names(CLAIRE) == ["msg0000.txt", "msg0000.wav"]
        await asyncio.sleep(0.5)
        assert telephones.lights["claire"]
        await asyncio.to_thread(messages.delete, box.settings, box.database, second.id)
        await until_light(telephones, on=False)
    assert box.names(CLAIRE) == []
    await asyncio.sleep(0.1)
    assert box.of(CLAIRE) == []


async def test_marked_as_listened_the_light_goes_off_and_the_message_stays(box: Voicemail) -> None:
    async with Telephones(bind=box.stage.trunk, server=box.stage.sip) as telephones:
        await telephones.register("claire", box.stage.site.passwords["claire"])
        await asyncio.to_thread(box.leave, CLAIRE)
        await until_light(telephones, on=True)
        (message,) = await asyncio.to_thread(box.of, CLAIRE)
        for _ in range(2):
            await asyncio.to_thread(messages.mark_listened, box.settings, box.database, message.id)
        await until_light(telephones, on=False)
    await asyncio.sleep(0.1)
    (listened,) = box.of(CLAIRE)
    assert (listened.id, listened.listened, listened.folder) == (message.id, True, "Old")
    assert box.names(CLAIRE, "Old") == ["msg0000.txt", "msg0000.wav"]
    await asyncio.to_thread(messages.delete, box.settings, box.database, message.id)
    assert box.names(CLAIRE, "Old") == []


async def until_light(telephones: Telephones, *, on: bool) -> None:
    async with asyncio.timeout(10):
        while telephones.lights.get("claire") is not on:  # noqa: ASYNC110  the simulator wakes nobody
            await asyncio.sleep(0.05)


def test_from_the_middle_of_many_the_right_one_is_deleted(box: Voicemail) -> None:
    for _ in range(3):
        box.leave(CLAIRE)
    first, second, third = box.of(CLAIRE)
    sound = sound_of(box.settings, box.database, third.id)
    messages.delete(box.settings, box.database, second.id)
    assert box.names(CLAIRE) == ["msg0000.txt", "msg0000.wav", "msg0001.txt", "msg0001.wav"]
    time.sleep(0.1)
    assert [each.id for each in box.of(CLAIRE)] == [first.id, third.id]
    assert sound_of(box.settings, box.database, third.id) == sound


async def test_a_message_that_asterisk_does_not_have_is_told(box: Voicemail) -> None:
    with pytest.raises(AsteriskUnavailable, match="VoicemailRemove in claire@people"):
        await voicemail.remove(box.settings, CLAIRE, "INBOX", "1-00000000")


def test_a_pin_changed_at_the_telephone_survives_the_next_provisioning(box: Voicemail) -> None:
    box.dial(CLAIRE, f"WW{PIN}#WWW0WW5WW135790#WW135790#WW")
    secret = box.settings.voicemail / "people/claire/secret.conf"
    assert "135790" in secret.read_text("utf-8")

    box.stage.publish(replace(box.stage.plan, people={**box.stage.plan.people}))
    assert f"claire = {PIN}," in files_of(box.stage.plan, box.stage.site)["voicemail.conf"]
    box.console("module reload app_voicemail.so")

    box.leave(CLAIRE)
    box.dial(CLAIRE, f"WW{PIN}#{LISTEN}")  # the old one opens nothing
    assert [each.listened for each in box.of(CLAIRE)] == [False]
    box.dial(CLAIRE, f"WW135790#{LISTEN}")
    box.until(lambda: [each.listened for each in box.of(CLAIRE)] == [True])


def test_a_mailbox_is_found_by_its_extension(box: Voicemail) -> None:
    shown = box.console("dialplan show 201@mailbox-of")
    assert "Return(claire@people)" in shown
    assert "Return()" in box.console("dialplan show 555@mailbox-of")


def test_asterisk_keeps_no_address_and_mails_nothing(box: Voicemail) -> None:
    (user,) = [line for line in box.console("voicemail show users").splitlines() if line.startswith("people")]
    assert "@" not in user
