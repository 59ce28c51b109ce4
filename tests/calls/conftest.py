import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls.system import System


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    root = os.environ.get("AIGUILLAGE_ASTERISK_ROOT")
    if root is None:
        pytest.skip("needs a root folder with Asterisk: AIGUILLAGE_ASTERISK_ROOT (make test makes one)")
    with System(Path(root)) as system:
        yield system
        # Whatever the stories did to it, Asterisk had nothing to complain about but our absence.
        problems = [line for line in system.asterisk.problems() if "agi" not in line.lower()]
        assert problems == []
