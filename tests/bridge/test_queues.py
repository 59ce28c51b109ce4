"""What Asterisk's queues tell of members who did not answer, and how their states are set."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.asterisk import queues
from aiguillage.asterisk.queues import NotAnswered, not_answered

MISSED = {
    "Event": "AgentRingNoAnswer",
    "Privilege": "agent,all",
    "Queue": "front-desk",
    "MemberName": "Local/tom@member/n",
    "Interface": "Local/tom@member/n",
    "RingTime": "20000",
}


class Told:
    """Keeps the actions; answers as it is told."""

    def __init__(self, **answer: str) -> None:
        self.actions: list[tuple[str, Mapping[str, str]]] = []
        self._answer = answer

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        self.actions.append((name, fields))
        return self._answer


def test_a_member_who_did_not_answer_is_named_by_key() -> None:
    assert not_answered(MISSED) == NotAnswered("front-desk", "tom")


@pytest.mark.parametrize(
    "change",
    [
        {"Event": "AgentCalled"},
        {"Event": "AgentConnect"},
        {"Event": "agentringnoanswer"},
        {"Interface": "PJSIP/tom"},
        {"Interface": "Agent/tom"},
        {"Interface": "local/tom@member/n"},
        {"Interface": ""},
    ],
)
def test_any_other_event_names_nobody(change: Mapping[str, str]) -> None:
    assert not_answered({**MISSED, **change}) is None


def test_an_event_without_its_fields_names_nobody() -> None:
    assert not_answered({}) is None
    assert not_answered({"Event": "AgentRingNoAnswer"}) is None
    assert not_answered({"Interface": "Local/tom@member/n"}) is None


@pytest.mark.parametrize(
    "interface, member", [("Local/tom", "tom"), ("Local/", ""), ("Local/@", ""), ("Local/a@b@c/n", "a")]
)
def test_an_odd_interface_does_no_harm(interface: str, member: str) -> None:
    without_queue = {"Event": "AgentRingNoAnswer", "Interface": interface}
    assert not_answered(without_queue) == NotAnswered("", member)


@given(st.dictionaries(st.sampled_from(["Event", "Queue", "Interface", "x"]), st.text()))
def test_any_event_can_be_looked_at(message: Mapping[str, str]) -> None:
    assert not_answered(message) is None
    assert not_answered({**message, "Event": "AgentRingNoAnswer", "Interface": "Local/" + message.get("x", "")})


async def test_a_pause_and_its_end_are_told_with_the_reason() -> None:
    manager = Told()
    await queues.pause(manager, "front-desk", "tom", paused=True, reason="away")
    await queues.pause(manager, "front-desk", "tom", paused=False, reason="available")
    member = {"Queue": "front-desk", "Interface": "Local/tom@member/n"}
    assert manager.actions == [
        ("QueuePause", {**member, "Paused": "true", "Reason": "away"}),
        ("QueuePause", {**member, "Paused": "false", "Reason": "available"}),
    ]


async def test_states_of_members_are_devices_of_their_own() -> None:
    manager = Told()
    await queues.rest(manager, "tom", resting=True)
    await queues.rest(manager, "tom", resting=False)
    await queues.gsm_is_free(manager, "tom")
    assert manager.actions == [
        ("Setvar", {"Variable": "DEVICE_STATE(Custom:rest-tom)", "Value": "INUSE"}),
        ("Setvar", {"Variable": "DEVICE_STATE(Custom:rest-tom)", "Value": "NOT_INUSE"}),
        ("Setvar", {"Variable": "DEVICE_STATE(Custom:gsm-tom)", "Value": "NOT_INUSE"}),
    ]


async def test_calls_in_progress_are_counted() -> None:
    assert await queues.calls_in_progress(Told(CoreCurrentCalls="7")) == 7
    assert await queues.calls_in_progress(Told()) == 0
