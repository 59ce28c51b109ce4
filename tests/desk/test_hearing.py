"""Calls that were heard from beginning to end: what Asterisk's file tells of them is not read again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiguillage.asterisk.call_file import CallFile
from aiguillage.desk import hearing
from aiguillage.desk.hearing import Heard
from aiguillage.store.journal import EventRecord

CALL = "1796000000.1"
AT = datetime.fromtimestamp(1796000009.5, UTC)
ENDED = EventRecord(CALL, AT, "call-ended")


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_a_call_is_whole_once_its_end_is_written(heard: Heard) -> None:
    heard.decided(CALL)
    heard.written([object(), EventRecord(CALL, AT, "step")])
    assert heard.whole == {}
    heard.written([ENDED])
    assert heard.whole == {CALL: AT.timestamp()}


def test_a_call_that_nobody_asked_us_about_is_not(heard: Heard) -> None:
    heard.written([ENDED])
    assert heard.whole == {}


@pytest.mark.parametrize("when", ["before the key", "after the key"])
def test_a_call_during_which_news_may_have_been_missed_is_not(heard: Heard, when: str) -> None:
    heard.decided(CALL)
    if when == "before the key":
        heard.gap()
    heard.decided(CALL)
    if when == "after the key":
        heard.gap()
    heard.written([ENDED])
    assert heard.whole == {}


@pytest.mark.parametrize("kind", ["fallback", "emergency"])
def test_a_call_of_which_asterisk_did_a_part_alone_is_not(heard: Heard, kind: str) -> None:
    heard.decided(CALL)
    heard.written([EventRecord(CALL, AT, kind), ENDED])
    assert heard.whole == {}


def test_so_many_are_remembered(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "MOST", 2)
    for number in range(3):
        heard.decided(str(number))
        heard.written([EventRecord(str(number), AT, "call-ended")])
    assert [*heard.whole] == ["1", "2"]


def test_the_file_tells_of_a_whole_call_only_what_came_after_it(tmp_path: Path) -> None:
    step, extra = "AiguillageStep", '"{""extra"":""Step: 1""}"'
    lines = [
        f'"{step}","{second}","PJSIP/operator-00000001","{call}","{call}","{step}",{extra}'
        for call in (CALL, "1796000000.2")
        for second in (1796000001.0, 1796000010.0)
    ]
    file = tmp_path / "aiguillage.csv.1"
    file.write_text("\n".join([*lines, "odd", ""]))
    piece = CallFile(tmp_path).read(file, 0, {CALL: AT.timestamp()})
    assert piece is not None
    told = [(each.call, each.at.timestamp()) for each in piece.told]
    assert told == [(CALL, 1796000010.0), ("1796000000.2", 1796000001.0), ("1796000000.2", 1796000010.0)]
    assert (piece.odd, piece.end) == (1, file.stat().st_size)
