import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.simulator.small_asterisk import SmallAsterisk, small_asterisk

from aiguillage.simulator.telephones import Telephones


@pytest.fixture(scope="session")
def asterisk() -> Iterator[SmallAsterisk]:
    root = os.environ.get("AIGUILLAGE_ASTERISK_ROOT")
    if not root:
        pytest.skip("AIGUILLAGE_ASTERISK_ROOT names no folder with an Asterisk in it")
    with small_asterisk(Path(root)) as running:
        yield running


@pytest.fixture
async def telephones(asterisk: SmallAsterisk) -> AsyncIterator[Telephones]:
    """Started anew for every test, on the port that Asterisk's trunk knows."""
    async with Telephones(bind=asterisk.trunk, server=asterisk.sip) as started:
        yield started
