"""Whatever stands in a value of an action, Asterisk is sent that one action, or nothing."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from aiguillage.asterisk.ami import ManagerLink
from aiguillage.errors import Refused
from tests.bridge.fake_manager import SECRET, Action, fake_manager

VALUES = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            ["\r\n", "\n", "\r", "\0", "Action: Command", "Command: core show uptime", ": ", "é", "a", "\x85"]
        ),
        min_size=1,
        max_size=6,
    ).map("".join),
)


async def sent(values: list[str]) -> list[tuple[str, Action | None]]:
    """What reaches Asterisk of each value; None: it was refused before."""

    async def nothing() -> None:
        pass

    found: list[tuple[str, Action | None]] = []
    async with fake_manager() as asterisk:
        link = ManagerLink(host="127.0.0.1", port=asterisk.port, user="aiguillage", secret=SECRET, on_up=nothing)
        await link.start()
        await link.settled(10)
        try:
            for value in values:
                before = len(asterisk.seen)
                try:
                    await link.action("Setvar", Variable="X", Value=value)
                except Refused:
                    assert len(asterisk.seen) == before
                    found.append((value, None))
                else:
                    (seen,) = asterisk.seen[before:]
                    found.append((value, seen))
        finally:
            await link.close()
    return found


@settings(max_examples=15)
@given(st.lists(VALUES, min_size=1, max_size=12))
def test_one_action_or_none(values: list[str]) -> None:
    for value, seen in asyncio.run(sent(values)):
        if seen is None:
            assert set("\r\n\0") & set(value) or not value.isprintable()
        else:
            assert (seen["Action"], seen["Variable"], seen["Value"]) == ("Setvar", "X", value)
            assert set(seen) == {"Action", "ActionID", "Variable", "Value"}
