"""The targets of `make fuzz` over their seeds, and over a few hundred things that become of each, always the same."""

import random
from collections.abc import Iterator

import pytest

from tests.fuzz.targets import SEEDS, TARGETS

TRIES = {"plan_document": 60}
ODD = (
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b"\xff",
    b": ",
    b";",
    b",",
    b'"',
    b"'",
    b"\\",
    b"=",
    b"%0a",
    b"{",
    b"[",
    b"*",
    b"&a",
)


def variants(seed: bytes, number: int) -> Iterator[bytes]:
    """Cut, turned, doubled, and with odd bytes in it."""
    chance = random.Random(seed)
    for _ in range(number):
        data = bytearray(seed)
        for _ in range(chance.randint(1, 4)):
            start, end = sorted(chance.choices(range(len(data) + 1), k=2))
            match chance.randrange(4):
                case 0:
                    data[start:end] = b""
                case 1:
                    data[start:start] = chance.choice(ODD)
                case 2:
                    data[start:start] = data[start:end][:200]
                case _ if start < len(data):
                    data[start] = chance.randrange(256)
        yield bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_becomes_of_a_seed_is_read_or_refused(name: str) -> None:
    for seed in (b"", *SEEDS[name]):
        TARGETS[name](seed)
        for data in variants(seed, TRIES.get(name, 300)):
            TARGETS[name](data)
