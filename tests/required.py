"""What a test needs of the machine: skipped where it is missing, but a failure where everything must be there."""

import os
from pathlib import Path
from typing import NoReturn

import pytest


def missing(told: str) -> NoReturn:
    """`make test` sets AIGUILLAGE_REQUIRE_ALL=1, because it has installed everything."""
    if os.environ.get("AIGUILLAGE_REQUIRE_ALL") == "1":
        pytest.fail(told)
    pytest.skip(told)


def asterisk_root() -> Path:
    """The folder that holds an Asterisk."""
    root = os.environ.get("AIGUILLAGE_ASTERISK_ROOT")
    return Path(root) if root else missing("AIGUILLAGE_ASTERISK_ROOT names no folder with an Asterisk in it")
