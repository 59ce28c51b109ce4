import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls.system import System

PROVOKED = (
    "res_agi.c",  # the service is stopped, or frozen
    "AOR '' not found",  # a phone that the plan no longer has
)
"""What the stories do to Asterisk; of anything else it has no reason to complain."""


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    root = os.environ.get("AIGUILLAGE_ASTERISK_ROOT")
    if root is None:
        pytest.skip("needs a root folder with Asterisk: AIGUILLAGE_ASTERISK_ROOT (make test makes one)")
    with System(Path(root)) as system:
        yield system
        assert [line for line in system.asterisk.problems() if not any(word in line for word in PROVOKED)] == []
