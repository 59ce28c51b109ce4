from collections.abc import AsyncIterator, Iterator

import pytest
from tests.required import asterisk_root
from tests.simulator.small_asterisk import SmallAsterisk, small_asterisk

from aiguillage.simulator.telephones import Telephones


@pytest.fixture(scope="session")
def asterisk() -> Iterator[SmallAsterisk]:
    with small_asterisk(asterisk_root()) as running:
        yield running


@pytest.fixture
async def telephones(asterisk: SmallAsterisk) -> AsyncIterator[Telephones]:
    """Started anew for every test, on the port that Asterisk's trunk knows."""
    async with Telephones(bind=asterisk.trunk, server=asterisk.sip) as started:
        yield started
