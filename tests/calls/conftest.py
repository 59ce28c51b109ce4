import re
import sys
import time
from collections.abc import Iterator

import pytest
from tests.calls.system import System
from tests.required import asterisk_root

from aiguillage.desk.queueing import REST_SECONDS

PROVOKED = (
    "Abnormal 'Gosub(confirm",  # the caller hangs up while a GSM is asked
    "Unable to join queue",  # it is full
    "Is endpoint registered and reachable?",  # the phones leave while a call of the story goes on to the next
    "Failed to create outgoing session",
    "Unable to create channel of type 'PJSIP'",
    "Playback of message",  # its owner hangs up in the middle
    "res_agi.c",  # the service is stopped, or frozen
    "because endpoint does not exist",  # its light
    "AOR '' not found",  # a phone that the plan no longer has
)
"""What the stories do to Asterisk; of anything else it has no reason to complain."""


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    with System(asterisk_root()) as system:
        yield system
        assert [line for line in system.asterisk.problems() if not any(word in line for word in PROVOKED)] == []


@pytest.fixture(autouse=True)
def the_log_of_a_failure(system: System) -> Iterator[None]:
    """What the service logged meanwhile is printed, and pytest shows it where the story failed."""
    before = len(system.service_log())
    yield
    sys.stdout.write(system.service_log()[before:][-8000:])


@pytest.fixture(autouse=True)
def nobody_rests(system: System) -> None:
    """A member of a queue may still rest from the story before, and would not be rung in this one."""
    deadline = time.monotonic() + REST_SECONDS + 5
    while re.search(r"Custom:rest-\S+\s+State: 'INUSE'", system.asterisk.console("devstate list")):
        assert time.monotonic() < deadline, "somebody rests for ever"
        time.sleep(0.3)
