"""The manager link at a real Asterisk, with the rights that the generated manager.conf gives."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from aiguillage.asterisk.ami import ManagerLink, Message
from aiguillage.asterisk.provisioning.files import RELOADED_BY
from aiguillage.errors import AsteriskUnavailable
from tests.asterisk.private import AMI_SECRET, AMI_USER, Stage


async def nothing() -> None:
    pass


@pytest.fixture
async def link(staged: Stage) -> AsyncIterator[ManagerLink]:
    link = ManagerLink(host="127.0.0.1", port=staged.site.ami_port, user=AMI_USER, secret=AMI_SECRET, on_up=nothing)
    await link.start()
    await link.settled(5)
    yield link
    await link.close()


async def until_event(link: ManagerLink, **fields: str) -> Message:
    async with asyncio.timeout(5):
        async for event in link.events():
            if fields.items() <= event.items():
                return event
    raise AssertionError("events never end")


async def test_it_logs_in_and_is_answered(link: ManagerLink) -> None:
    assert link.state == "up", link.reason
    assert (await link.action("Ping"))["Ping"] == "Pong"


@pytest.mark.parametrize("module", sorted(set(RELOADED_BY.values())))
async def test_it_may_reload_what_we_write(link: ManagerLink, module: str) -> None:
    await link.reload(module)


async def test_a_module_that_is_not_there_cannot_be_reloaded(link: ManagerLink) -> None:
    with pytest.raises(AsteriskUnavailable, match=r"No such module|not found"):
        await link.reload("chan_nothing.so")


async def test_it_hears_of_a_call_that_it_places(link: ManagerLink) -> None:
    fields = {"Channel": "Local/+3271000001@line/n", "Application": "Wait", "Data": "1", "Async": "true"}
    await link.action("Originate", ChannelId="ours", ActionID="ours-1", **fields)

    assert (await until_event(link, Event="Newchannel", Uniqueid="ours"))["Linkedid"]
    assert (await until_event(link, Event="OriginateResponse", ActionID="ours-1"))["Response"] == "Failure"


async def test_it_runs_no_command_of_asterisks(link: ManagerLink) -> None:
    with pytest.raises(AsteriskUnavailable, match=r"[Pp]ermission"):
        await link.action("Command", Command="core show channels")
    assert link.state == "up"


async def test_a_wrong_secret_is_refused(staged: Stage) -> None:
    link = ManagerLink(host="127.0.0.1", port=staged.site.ami_port, user=AMI_USER, secret="wrong", on_up=nothing)
    await link.start()
    await link.settled(5)
    state, reason = link.state, link.reason
    await link.close()

    assert state == "refused"
    assert "Authentication failed" in reason
