"""The manager link at a real Asterisk, with the rights that the generated manager.conf gives."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from aiguillage.asterisk import events, originating, queues, trunks
from aiguillage.asterisk.ami import ManagerLink, Message, TwoUsers, ask_once
from aiguillage.asterisk.provisioning.files import HEARD, RELOADED_BY
from aiguillage.errors import AsteriskUnavailable
from aiguillage.settings import Settings
from tests.asterisk.private import AMI_SECRET, AMI_USER, SYSTEM_SECRET, SYSTEM_USER, Stage


async def nothing() -> None:
    pass


@pytest.fixture
async def link(staged: Stage) -> AsyncIterator[ManagerLink]:
    link = ManagerLink(host="127.0.0.1", port=staged.site.ami_port, user=AMI_USER, secret=AMI_SECRET, on_up=nothing)
    await link.start()
    await link.settled(5)
    yield link
    await link.close()


def settings_of(staged: Stage) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        ami_port=staged.site.ami_port,
        ami_user=AMI_USER,
        ami_secret=SecretStr(AMI_SECRET),
        ami_system_user=SYSTEM_USER,
        ami_system_secret=SecretStr(SYSTEM_SECRET),
    )


async def until_event(link: ManagerLink, **fields: str) -> Message:
    async with asyncio.timeout(5):
        async for event in link.events():
            if fields.items() <= event.items():
                return event
    raise AssertionError("events never end")


async def test_it_logs_in_and_is_answered(link: ManagerLink) -> None:
    assert link.state == "up", link.reason
    assert (await link.action("Ping"))["Ping"] == "Pong"


@pytest.fixture
def two_users(staged: Stage, link: ManagerLink) -> TwoUsers:
    return TwoUsers(link, settings_of(staged))


@pytest.mark.parametrize("module", sorted(set(RELOADED_BY.values())))
async def test_what_we_write_is_reloaded_by_a_user_of_its_own(two_users: TwoUsers, module: str) -> None:
    await two_users.reload(module)


async def test_a_module_that_is_not_there_cannot_be_reloaded(two_users: TwoUsers) -> None:
    with pytest.raises(AsteriskUnavailable, match=r"No such module|not found"):
        await two_users.reload("chan_nothing.so")


async def test_a_wrong_secret_of_the_other_user_names_its_setting(staged: Stage, link: ManagerLink) -> None:
    wrong = settings_of(staged).model_copy(update={"ami_system_secret": SecretStr("wrong")})
    with pytest.raises(AsteriskUnavailable, match="AIGUILLAGE_AMI_SYSTEM_SECRET"):
        await TwoUsers(link, wrong).reload("pbx_config.so")


@pytest.mark.parametrize(
    "action, fields",
    [
        ("Reload", {"Module": "pbx_config.so"}),
        ("Command", {"Command": "core show channels"}),
        ("DBPut", {"Family": "x", "Key": "y", "Val": "z"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("ModuleLoad", {"Module": "res_agi.so", "LoadType": "reload"}),
    ],
)
async def test_the_service_itself_may_not(link: ManagerLink, action: str, fields: dict[str, str]) -> None:
    with pytest.raises(AsteriskUnavailable, match=r"[Pp]ermission"):
        await link.action(action, **fields)
    assert link.state == "up"


@pytest.mark.parametrize(
    "action, fields",
    [
        ("Originate", {"Channel": "Local/+3271000001@line/n", "Application": "Wait", "Data": "1", "Async": "true"}),
        ("Getvar", {"Variable": "GENERATED"}),
        ("Command", {"Command": "core show channels"}),
    ],
)
async def test_who_reloads_has_no_say_in_calls(staged: Stage, action: str, fields: dict[str, str]) -> None:
    only = settings_of(staged).model_copy(
        update={"ami_user": SYSTEM_USER, "ami_secret": SecretStr(SYSTEM_SECRET), "ami_system_secret": SecretStr("")}
    )
    with pytest.raises(AsteriskUnavailable, match=r"[Pp]ermission"):
        await ask_once(only, action, **fields)


async def test_calls_are_listed_and_members_of_queues_are_told_of(
    staged: Stage, link: ManagerLink, two_users: TwoUsers
) -> None:
    assert await link.calls() == set()
    for phones in ("PJSIP/claire&Local/+32470000101*operator*claire*fr@gsm/n", ""):
        await queues.forward(two_users, "claire", phones)
        assert phones in staged.asterisk.console("database get forward claire")
    assert await queues.calls_in_progress(link) == 0
    await queues.rest(link, "claire", resting=False)


async def test_only_events_that_somebody_reads_are_sent(staged: Stage, link: ManagerLink) -> None:
    """And no other, however many there are."""
    fields = {"Channel": "Local/+3271000001@line/n", "Application": "Wait", "Data": "1", "Async": "true"}
    for number in range(5):
        await link.action("Originate", ChannelId=f"flood-{number}", ActionID=f"flood-{number}", **fields)
    heard: set[str] = set()
    ended: set[str] = set()
    async with asyncio.timeout(10):
        async for event in link.events():
            heard.add(event["Event"])
            if event["Event"] == "OriginateResponse":
                ended.add(event["ActionID"])
            if len(ended) == 5:
                break
    assert heard <= {*HEARD, "FullyBooted"}, "which every login is told"


def test_every_event_that_we_read_is_sent() -> None:
    """What the sources compare an event's name with."""
    read = set[str]()
    for module in (events, originating, queues, trunks):
        source = inspect.getsource(module)
        read |= {*re.findall(r'"Event"\) [!=]= "(\w+)"', source), *re.findall(r'case "([A-Z]\w+)"', source)}
        for names in re.findall(r'"Event"\) not in \{([^}]*)\}', source):
            read |= {*re.findall(r'"(\w+)"', names)}
    assert {each for each in read if not each.startswith("Aiguillage")} == {*HEARD}


async def test_it_hears_of_a_call_that_it_places(link: ManagerLink) -> None:
    fields = {"Channel": "Local/+3271000001@line/n", "Application": "Wait", "Data": "1", "Async": "true"}
    await link.action("Originate", ChannelId="ours", ActionID="ours-1", **fields)

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
