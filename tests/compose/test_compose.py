"""The composed switchboard: called from outside, changed, killed, taken down, restored; on SQLite and on PostgreSQL."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aiguillage.simulator.caller_leg import CallerLeg
from aiguillage.simulator.telephones import Telephones
from tests.compose import street
from tests.compose.conftest import Tell
from tests.compose.stack import CENTRAL, RTP_PORTS, Stack, docker

pytestmark = pytest.mark.timeout(600)

CALLER = "+32471000201"
FILES = {
    "sqlite": ("compose.yaml",),
    "postgres": ("compose.yaml", "compose.postgres.yaml"),
    "host": ("compose.host.yaml",),
    "host-postgres": ("compose.host.yaml", "compose.postgres.yaml"),
}
RING_SECONDS = 6.0
"""A caller's phone rings within that, whatever is killed: the deadline of a question, and a busy machine."""


@pytest.fixture(scope="session", autouse=True)
def the_street() -> Iterator[None]:
    with street.built():
        yield


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with Stack(f"acceptance-{request.param}", FILES[request.param]) as stack:
        yield stack


@pytest.fixture
async def phones(stack: Stack) -> AsyncIterator[Telephones]:
    async with stack.telephones() as telephones:
        yield telephones


async def reaches(telephones: Telephones, person: str) -> tuple[CallerLeg, float]:
    """A call to the central number that `person` takes, both hearing each other; seconds until the phone rang."""
    before, began = len(telephones.ringings), time.monotonic()
    leg = await telephones.call(CALLER, CENTRAL)
    await leg.wait_answered(30)
    ringing = telephones.ringings[before]
    assert ringing.who == person
    await leg.wait_audible(5)
    await telephones.called(person).wait_audible(5)
    return leg, ringing.began - began


# --- In this order: the first story sets up what the others need ---


def test_it_is_built_started_and_takes_its_first_plan(stack: Stack, tell: Tell) -> None:
    began = time.monotonic()
    stack.compose("build")
    built, began = time.monotonic() - began, time.monotonic()
    stack.compose("up", "-d")
    waited = stack.wait_healthy("postgres") if "postgres" in stack.services else 0.0
    stack.wait_serving()
    up, began = time.monotonic() - began, time.monotonic()
    assert "Waiting for the first plan" in stack.compose("logs", "asterisk")
    said = stack.command("plan", "apply", "-", "--publish", given=json.dumps(stack.plan("claire")).encode())
    assert "Published as version 1" in said
    stack.command("directory", "import", "-", given=(stack.home / "examples/directory.csv").read_bytes())
    ready = stack.wait_answering()
    healthy = time.monotonic() - began + stack.wait_healthy()
    tell(f"built in {built:.0f} s, up in {up:.0f} s, of which PostgreSQL {waited:.0f} s")
    tell(f"ready {ready:.0f} s after the first plan, healthy after {healthy:.0f} s")


def test_each_container_has_no_more_than_it_needs(stack: Stack, tell: Tell) -> None:
    secrets = [text for file in (stack.folder / "secrets").iterdir() if (text := file.read_text())]
    for service in stack.services:
        found = stack.inspected(service)
        host, config = found["HostConfig"], found["Config"]
        assert config["User"] not in {"", "0", "root"}, service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] in (["ALL"], ["CAP_ALL"]), service
        assert host["SecurityOpt"] in (["no-new-privileges:true"], ["no-new-privileges"]), service
        assert 0 < host["Memory"] <= 2**30, service
        assert 0 < host["PidsLimit"] <= 200, service
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}, service
        assert found["State"]["Health"]["Status"] == "healthy", service
        inside = ["exec", "-T", service, "sh", "-c"]
        assert stack.compose(*inside, "command -v cc gcc make || echo none").strip() == "none", service
        assert not [each for each in secrets if each in json.dumps(found)], f"{service}: a secret is no setting"
        size = int(docker("image", "inspect", found["Image"], "--format", "{{.Size}}"))
        used = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", found["Id"]).partition(" /")[0]
        tell(f"{service}: image {size / 1e6:.0f} MB, {used} in use when idle")


def test_agi_ami_and_the_database_are_on_the_internal_network_only(stack: Stack) -> None:
    settings = dict(line.split("=", 1) for line in (stack.folder / ".env").read_text().split())
    ports = {"service": "AIGUILLAGE_AGI_PORT", "asterisk": "AIGUILLAGE_AMI_PORT"}
    for service, setting in ports.items():
        networks = stack.inspected(service)["NetworkSettings"]["Networks"]
        for network, there in networks.items():
            answers = _answers(there["IPAddress"], int(settings[setting]))
            assert answers == network.endswith("internal"), f"{service} on {network}"
    if "postgres" in stack.services:
        assert [*stack.inspected("postgres")["NetworkSettings"]["Networks"]] == [f"{stack.name}_internal"]
    published = [
        port
        for service in stack.services
        for port, where in stack.inspected(service)["NetworkSettings"]["Ports"].items()
        if where
    ]
    assert [port for port in published if not port.endswith("/udp")] == [f"{stack.http_port}/tcp"]
    assert len(published) == RTP_PORTS + 2, "RTP, SIP, and the API"


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


async def test_a_call_from_outside_reaches_the_phone_and_both_are_heard(
    stack: Stack, phones: Telephones, tell: Tell
) -> None:
    leg, seconds = await reaches(phones, "claire")
    await leg.hang_up()
    tell(f"the phone rang after {seconds * 1000:.0f} ms")
    assert seconds < RING_SECONDS
    await _journal_has(stack, "all to claire")


async def _journal_has(stack: Stack, route: str, *, among: int = 1) -> None:
    deadline = time.monotonic() + 10
    while route not in (routes := await asyncio.to_thread(stack.routes))[:among]:
        assert time.monotonic() < deadline, routes
        await asyncio.sleep(0.2)


async def test_the_next_call_follows_what_is_published_over_the_api(stack: Stack, phones: Telephones) -> None:
    talk, _ = await reaches(phones, "claire")
    await asyncio.to_thread(stack.publish, "sophie")
    try:
        leg, _ = await reaches(phones, "sophie")
        await talk.wait_audible(2)
        await leg.hang_up()
    finally:
        await asyncio.to_thread(stack.publish, "claire")
    leg, _ = await reaches(phones, "claire") if talk.state == "ended" else (talk, 0.0)
    await leg.hang_up()


async def test_a_message_that_asterisk_takes_is_read_by_the_service(stack: Stack, phones: Telephones) -> None:
    phones.behave("claire", "refuse")
    leg = await phones.call(CALLER, CENTRAL)
    await leg.wait_answered(40)
    deadline = time.monotonic() + 60
    boxes = ("exec", "-T", "asterisk", "find", "/var/spool/asterisk/voicemail/boxes", "-name", "*.wav")
    while not await asyncio.to_thread(stack.compose, *boxes):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.5)
    await asyncio.sleep(4)  # longer than the shortest message that is kept
    await leg.hang_up()
    while not (told := json.loads(await asyncio.to_thread(stack.command, "voicemail", "list", "--json")))["messages"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.5)
    assert told["messages"][0]["mailbox"] == "reception@boxes"


async def test_the_service_is_killed_and_calls_go_on(stack: Stack, phones: Telephones, tell: Tell) -> None:
    talk, _ = await reaches(phones, "claire")
    phones.behave("claire", "answer")
    await asyncio.to_thread(stack.kill, "service")
    leg, seconds = await reaches(phones, "claire")
    await talk.wait_audible(2)
    await leg.hang_up()
    await talk.hang_up()
    back = await asyncio.to_thread(stack.wait_answering)
    tell(f"service killed: the next call rang after {seconds:.2f} s, the service was back {back:.1f} s after that call")
    assert seconds < RING_SECONDS

    await asyncio.to_thread(stack.compose, "stop", "service")
    leg, seconds = await reaches(phones, "claire")
    await leg.hang_up()
    tell(f"service stopped: a call rang after {seconds:.2f} s, by Asterisk's own timetable")
    assert seconds < RING_SECONDS
    await asyncio.to_thread(stack.compose, "start", "service")
    await asyncio.to_thread(stack.wait_answering)
    leg, _ = await reaches(phones, "claire")
    await leg.hang_up()
    await _journal_has(stack, "all to claire")


async def test_asterisk_is_killed_and_takes_calls_again(stack: Stack, phones: Telephones, tell: Tell) -> None:
    began = time.monotonic()
    await asyncio.to_thread(stack.kill, "asterisk")
    await stack.register(phones)
    leg, _ = await reaches(phones, "claire")
    tell(f"Asterisk killed: a call was answered {time.monotonic() - began:.1f} s later")
    await leg.hang_up()
    await asyncio.to_thread(stack.wait_answering)


async def test_postgresql_is_killed_and_no_call_waits_for_it(stack: Stack, phones: Telephones, tell: Tell) -> None:
    if "postgres" not in stack.services:
        return  # SQLite is a file of the service, which was killed above
    await asyncio.to_thread(stack.compose, "stop", "postgres")
    leg, seconds = await reaches(phones, "claire")
    await leg.hang_up()
    tell(f"PostgreSQL stopped: the next call rang after {seconds:.2f} s")
    assert seconds < RING_SECONDS
    await asyncio.to_thread(stack.compose, "start", "postgres")
    await asyncio.to_thread(stack.wait_answering)
    await asyncio.to_thread(stack.kill, "postgres")
    leg, seconds = await reaches(phones, "claire")
    await leg.hang_up()
    back = await asyncio.to_thread(stack.wait_answering)
    tell(f"PostgreSQL killed: the next call rang after {seconds:.2f} s; all was well {back:.1f} s after it")


async def test_everything_is_taken_down_and_up_again(stack: Stack, tell: Tell) -> None:
    began = time.monotonic()
    await asyncio.to_thread(stack.compose, "down", "--timeout", "15")
    down, began = time.monotonic() - began, time.monotonic()
    await asyncio.to_thread(stack.compose, "up", "-d")
    await asyncio.to_thread(stack.wait_answering)
    tell(f"down in {down:.0f} s, up and ready in {time.monotonic() - began:.0f} s")
    async with stack.telephones() as telephones:
        leg, _ = await reaches(telephones, "claire")
        await leg.hang_up()


async def test_it_is_restored_into_an_empty_installation(stack: Stack, tmp_path: Path, tell: Tell) -> None:
    """By the commands of docs/docker.md."""
    before = len(stack.routes())
    began = time.monotonic()
    back_up(stack, tmp_path)
    backed_up = time.monotonic() - began
    stack.compose("down", "--volumes", "--timeout", "15")
    began = time.monotonic()
    restore(stack, tmp_path)
    stack.wait_answering()
    tell(f"backed up in {backed_up:.0f} s, restored and ready in {time.monotonic() - began:.0f} s")
    assert len(stack.routes()) == before
    assert json.loads(stack.command("voicemail", "list", "--json"))["messages"]
    async with stack.telephones() as telephones:
        leg, _ = await reaches(telephones, "claire")
        await leg.hang_up()


def back_up(stack: Stack, folder: Path) -> None:
    stack.compose("stop", "service")
    state = ("run", "--rm", "-T", "service", "tar", "-C", "/var/lib/aiguillage", "--exclude=./prompts", "-cf", "-", ".")
    stack.compose(*state, to=folder / "state.tar")
    messages = ("exec", "-T", "asterisk", "tar", "-C", "/var/spool/asterisk/voicemail", "-cf", "-", ".")
    stack.compose(*messages, to=folder / "messages.tar")
    if "postgres" in stack.services:
        dump = ("exec", "-T", "postgres", "pg_dump", "--username=aiguillage", "--format=custom", "aiguillage")
        stack.compose(*dump, to=folder / "database.dump")


def restore(stack: Stack, folder: Path) -> None:
    if "postgres" in stack.services:
        stack.compose("up", "-d", "postgres")
        stack.wait_healthy("postgres")
        dump = ("exec", "-T", "postgres", "pg_restore", "--username=aiguillage", "--dbname=aiguillage", "--no-owner")
        stack.compose(*dump, given=(folder / "database.dump").read_bytes())
    state = ("run", "--rm", "-T", "service", "tar", "-C", "/var/lib/aiguillage", "-xf", "-")
    stack.compose(*state, given=(folder / "state.tar").read_bytes())
    messages = ("run", "--rm", "-T", "asterisk", "tar", "-C", "/var/spool/asterisk/voicemail", "-xf", "-")
    stack.compose(*messages, given=(folder / "messages.tar").read_bytes())
    stack.compose("up", "-d")


@pytest.mark.parametrize("files", ["host", "host-postgres"])
async def test_on_this_machines_own_network_a_call_reaches_the_phone(files: str, tell: Tell) -> None:
    with Stack(f"acceptance-{files}", FILES[files]) as stack:
        stack.compose("up", "-d", "--build")
        if "postgres" in stack.services:
            stack.wait_healthy("postgres")
        stack.wait_serving()
        stack.command("plan", "apply", "-", "--publish", given=json.dumps(stack.plan("claire")).encode())
        stack.wait_answering()
        async with stack.telephones() as telephones:
            leg, seconds = await reaches(telephones, "claire")
            await leg.hang_up()
        tell(f"the phone rang after {seconds * 1000:.0f} ms")
