"""What Asterisk is asked for when it is to place a call, and what it is never asked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aiguillage.asterisk.originating import Origination, is_there, not_placed, originate
from aiguillage.errors import AnswerLost, AsteriskRefused, AsteriskUnavailable, Refused

WANTED = Origination("0123abcd", "sophie", "sophie", "+32471000201", 30, "210")


class FakeManager:
    """Answers every action, or fails with `wrong`."""

    def __init__(self, wrong: Exception | None = None) -> None:
        self.wrong, self.asked = wrong, list[Mapping[str, str]]()

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        self.asked.append({"Action": name, **fields})
        if self.wrong is not None:
            raise self.wrong
        return {"Response": "Success"}


async def test_both_halves_are_named_by_us_and_nothing_waits_for_the_answer() -> None:
    manager = FakeManager()
    await originate(manager, WANTED)
    assert manager.asked == [
        {
            "Action": "Originate",
            "ActionID": "0123abcd",
            "Channel": "Local/0123abcd@colleague/n",
            "ChannelId": "0123abcd",
            "OtherChannelId": "0123abcd-colleague",
            "Context": "placed",
            "Exten": "+32471000201",
            "Priority": "1",
            "Timeout": "30000",
            "CallerID": "<210>",
            "Variable": "PLACED_BY=sophie,PLACED_LINE=sophie",
            "Codecs": "alaw",
            "Async": "true",
        }
    ]


@pytest.mark.parametrize("field", ["call", "person", "line", "dials", "extension"])
@pytest.mark.parametrize(
    "value", ["a\r\nAction: Originate", "a\nb", "a\0b", "a\x1bb", "a,B=1", "${SHELL(id)}", "a/b@c", "a&b", "a b", "é"]
)
async def test_a_value_with_an_odd_character_is_refused_and_nothing_is_asked(field: str, value: str) -> None:
    manager = FakeManager()
    with pytest.raises(Refused, match="a call cannot be placed with"):
        changed: Any = {field: value}
        await originate(manager, replace(WANTED, **changed))
    assert manager.asked == []


@pytest.mark.parametrize("wrong", [AnswerLost("lost"), AsteriskRefused("no"), AsteriskUnavailable("down")])
async def test_a_failure_is_told_and_nothing_is_asked_again(wrong: AsteriskUnavailable) -> None:
    manager = FakeManager(wrong)
    with pytest.raises(type(wrong)):
        await originate(manager, WANTED)
    assert len(manager.asked) == 1


async def test_whether_a_call_is_there() -> None:
    assert await is_there(FakeManager(), "0123abcd")
    assert not await is_there(FakeManager(AsteriskRefused("No such channel")), "0123abcd")
    for wrong in (AnswerLost("lost"), AsteriskUnavailable("down")):
        with pytest.raises(AsteriskUnavailable):
            await is_there(FakeManager(wrong), "0123abcd")


@pytest.mark.parametrize(
    "message, call",
    [
        ({"Event": "OriginateResponse", "Response": "Failure", "ActionID": "0123abcd", "Reason": "0"}, "0123abcd"),
        ({"Event": "OriginateResponse", "Response": "Success", "ActionID": "0123abcd"}, None),
        ({"Event": "OriginateResponse", "Response": "Failure"}, None),
        ({"Event": "Hangup", "ActionID": "0123abcd", "Response": "Failure"}, None),
        ({}, None),
    ],
)
def test_a_call_that_came_to_nothing(message: Mapping[str, str], call: str | None) -> None:
    assert not_placed(message) == call
