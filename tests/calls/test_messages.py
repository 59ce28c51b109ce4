"""A message that a caller leaves is in the running service's table, with the caller's name."""

import time

from tests.calls.days import when
from tests.calls.system import System

from aiguillage.desk.messages import messages_of, sound_of
from aiguillage.rehearsal import Words, play, scene_of

SECONDS = 10.0


async def test_a_message_is_in_the_table_and_can_be_heard(system: System) -> None:
    before = {each.id for each in messages_of(system.database)}
    async with system.telephones() as telephones:
        stage = await system.stage(telephones)
        words = Words("+32471000201", "central", when("open 20:00"), "claire.desk=silent")
        await play(stage, scene_of(system.plan, words))
    deadline = time.monotonic() + SECONDS
    while not (new := [each for each in messages_of(system.database, "reception@boxes") if each.id not in before]):
        assert time.monotonic() < deadline, system.service_log()[-2000:]
    (message,) = new
    assert (message.caller, message.listened) == ("+32471000201", False)
    assert message.caller_name.startswith("Anne Lambert - ")
    assert sound_of(system.settings, system.database, message.id).startswith(b"RIFF")
