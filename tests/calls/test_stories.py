"""Plays the stories of this folder on a real Asterisk: NNN-what-happens.yaml, in their order.

story:      what happens, in a sentence
caller:     a number or withheld
called:     one of our numbers, by its key
at:         the time on the organisation's clock, on the next day on which the office is `open` or `closed`: open 10:00
service:    running (default), stopped or frozen
presses:    the keys that the caller presses, by seconds since the answer
presence:   what people have said of themselves before: claire: away until open 14:00
phones:     what each does, as `make call` has it: claire.desk: busy; the others stay silent
route:      the route that takes the call (none when the service is not asked)
rings:      the phones that were tried or `any`, in order, each with how that ended; a group of phones rings at once
remark:     a sentence of the decision's trace
connected:  who talks with the caller, if anybody
status:     the SIP status that the caller gets, default 200
message:    the box in which a message is recorded, if any
seconds:    [least, most] from the call to the first ring
"""

import asyncio
import math
import time
import wave
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.calls.days import OFFICE_HOURS, when
from tests.calls.system import System

from aiguillage import text_formats
from aiguillage.rehearsal import Outcome, Scene, Words, play, scene_of
from aiguillage.simulator.called_leg import Ringing

STORIES = sorted(Path(__file__).parent.glob("[0-9]*.yaml"))
KNOWN = {
    "story",
    "caller",
    "called",
    "at",
    "service",
    "presses",
    "presence",
    "phones",
    "route",
    "rings",
    "connected",
    "status",
    "message",
    "remark",
    "first_ring",
}
FOLLOWS = 1.5
"""Seconds until the service has seen what another process has set."""
SILENCE = 50
"""RMS of 16-bit samples below which a recording holds nothing."""


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
def test_story(system: System, file: Path) -> None:
    story: dict[str, Any] = text_formats.read_yaml(file.read_text("utf-8"))
    assert set(story) <= KNOWN, f"unknown words in the story: {set(story) - KNOWN}"
    scene = _scene(system, story)
    recorded_before = _recorded(system, story)
    with _service(system, story.get("service", "running")), _presence(system, story.get("presence", {})):
        outcome, ringings, began = asyncio.run(_play(system, scene))
    _check_rings(system, story, ringings, began)
    _check_outcome(story, outcome)
    if "message" in story:
        new = [message for message in system.messages(story["message"]) if message not in recorded_before]
        assert len(new) == 1
        assert _loudness(new[0]) > SILENCE


async def _play(system: System, scene: Scene) -> tuple[Outcome, tuple[Ringing, ...], float]:
    async with system.telephones() as telephones:
        stage = await system.stage(telephones)
        began = time.monotonic()
        outcome = await play(stage, scene)
        return outcome, telephones.ringings, began


def _scene(system: System, story: dict[str, Any]) -> Scene:
    answer = " ".join(f"{phone}={behaviour}" for phone, behaviour in story.get("phones", {}).items())
    nobody = "claire.desk=silent"  # no phone told means that everybody answers
    scene = scene_of(system.plan, Words(story["caller"], story["called"], when(story["at"]), answer or nobody))
    return replace(scene, presses=story.get("presses", {}))


@contextmanager
def _presence(system: System, told: dict[str, str]) -> Iterator[None]:
    def say(state: str) -> None:
        for person, written in told.items():
            command = ["presence", "set", person, *(state or written).split(" until ")[0].split(" to ")]
            until = when(written).partition(" until ")[2] if not state else ""
            system.command(*command, *(["--until", until] if until else []))
        if told:
            time.sleep(FOLLOWS)

    say("")
    try:
        yield
    finally:
        say("available")


def _recorded(system: System, story: dict[str, Any]) -> list[Path]:
    return system.messages(story["message"]) if "message" in story else []


@contextmanager
def _service(system: System, state: str) -> Iterator[None]:
    match state:
        case "running":
            yield
        case "stopped":
            system.stop_service()
            try:
                yield
            finally:
                system.start_service()
        case "frozen":
            system.freeze_service()
            try:
                yield
            finally:
                system.thaw_service()
        case _:
            raise AssertionError(f"service: {state} is not known")


def _check_rings(system: System, story: dict[str, Any], ringings: tuple[Ringing, ...], began: float) -> None:
    names = {
        phone.endpoint or phone.number: f"{person.key}.{phone.key}"
        for person in system.plan.people.values()
        for phone in person.phones.values()
    }
    rung: list[dict[str, str]] = [{names.get(ringing.who, ringing.who): ringing.outcome} for ringing in ringings]
    wanted = story.get("rings", [])
    if wanted != "any":
        assert _in_groups(rung, wanted) == wanted
    if "first_ring" in story:
        least, most = story["first_ring"]
        assert least <= (ringings[0].began - began) * 1000 <= most


def _in_groups(rung: list[dict[str, str]], wanted: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rings, those that the story has as one group (phones that ring at once, in either order) put together."""
    groups, position = [], 0
    for group in wanted:
        together = rung[position : position + len(group)]
        groups.append({phone: outcome for ring in together for phone, outcome in ring.items()})
        position += len(group)
    return [group for group in [*groups, *rung[position:]] if group]


def _check_outcome(story: dict[str, Any], outcome: Outcome) -> None:
    assert outcome.status == story.get("status", 200)
    if story.get("service", "running") != "running":
        assert outcome.decision is None
        return
    assert outcome.decision is not None
    assert outcome.decision.route == story["route"]
    assert outcome.decision.kind == "simulated"
    if "remark" in story:
        assert story["remark"] in outcome.decision.trace["trace"]["remarks"]
    taken = [f"{event.person}.{event.phone}" for event in outcome.events if event.kind == "answered"]
    if "connected" in story or "message" in story:
        assert taken == ([story["connected"]] if "connected" in story else [])
    assert "call-ended" in {event.kind for event in outcome.events}


def _loudness(recording: Path) -> float:
    with wave.open(str(recording)) as sound:
        samples = array("h", sound.readframes(sound.getnframes()))
    return math.sqrt(sum(sample * sample for sample in samples) / max(len(samples), 1))


async def test_the_time_of_day_of_a_call_from_a_real_trunk_is_not_honoured(system: System) -> None:
    """Without the simulated trunk's secret the same call is the operator's, whatever time it brings."""
    began = datetime.now(UTC)
    async with system.telephones() as telephones:
        await system.stage(telephones)
        headers = OFFICE_HOURS | {"X-Aiguillage-Simulator": "guessed"}
        leg = await telephones.call("+32471000201", "+3271000001", headers)
        await asyncio.sleep(1)
        await leg.hang_up()
    decision = system.wait_for_decisions(1, since=began)[0]
    assert decision.kind == "inbound"
    asked = datetime.fromisoformat(decision.trace["at"])
    assert abs((asked - decision.at).total_seconds()) < 1
