"""The file that Asterisk writes by itself: set aside, read line by line, removed; no line of it breaks the others."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.asterisk import call_file
from aiguillage.asterisk.call_file import NAME, CallBegan, CallFile, is_settled
from aiguillage.asterisk.events import SYNTHETIC_CHANNEL, CallEvent
from aiguillage.errors import AsteriskUnavailable

AT = datetime(2026, 11, 24, 12, 0, 0, 438142, UTC)


def line(kind: str, channel: str, leg: str, extra: str, call: str = "17.1") -> str:
    fields = (kind, "1795521600.438142", channel, leg, call, kind if kind.startswith("Aig") else "", extra)
    return ",".join(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in fields) + "\n"


def own(kind: str, facts: str, leg: str = "17.1") -> str:
    return line(kind, "PJSIP/operator-00000000", leg, f'{{"extra":"{facts}"}}')


CALL = own("AiguillageCall", "Kind: inbound|From: +32471000201|To: +3271000001")
HANGUP = line("HANGUP", "PJSIP/operator-00000000", "17.1", '{"hangupcause":16,"hangupsource":"","dialstatus":"ANSWER"}')
BEGAN = CallBegan("17.1", AT, "inbound", "+32471000201", "+3271000001")
ENDED = CallEvent("17.1", AT, "call-ended", detail={"cause": "16", "cause_text": "", "tech_cause": ""})


def told(folder: Path, text: str | bytes) -> tuple[tuple[object, ...], int]:
    """What the lines tell, and how many of them are odd."""
    (folder / NAME).write_bytes(text if isinstance(text, bytes) else text.encode())
    files = CallFile(folder)
    files.set_aside()
    piece = files.read(files.aside()[-1], 0)
    return (piece.told, piece.odd) if piece else ((), 0)


@pytest.mark.parametrize(
    "text, tells",
    [
        (CALL, [BEGAN]),
        (
            own("AiguillageCall", "Kind: inbound|From: |To: +3271000001"),
            [CallBegan("17.1", AT, "inbound", "", "+3271000001")],
        ),
        (HANGUP, [ENDED]),
        (line("HANGUP", "PJSIP/claire-00000001", "17.2", '{"hangupcause":16}'), []),
        (
            line("BRIDGE_ENTER", "PJSIP/claire-00000001", "17.2", '{"bridge_id":"x"}'),
            [CallEvent("17.1", AT, "answered", "17.2", "claire")],
        ),
        (line("HANGUP", f"{SYNTHETIC_CHANNEL}00000001", "17.1", '{"hangupcause":16}'), []),
        (line("BRIDGE_ENTER", "PJSIP/operator-00000000", "17.1", '{"bridge_id":"x"}'), []),
        (line("BRIDGE_ENTER", "Local/claire*claire@desk-00000000;1", "17.3", '{"bridge_id":"x"}'), []),
        (
            own("AiguillageLeg", "Number: +32470000101", "17.4"),
            [CallEvent("17.1", AT, "dialled", "17.4", "+32470000101")],
        ),
        (
            own("AiguillageVerdict", "Person: claire|Number: +32470000101|Verdict: accepted", "17.4"),
            [CallEvent("17.1", AT, "verdict", "17.4", "+32470000101", "claire", {"verdict": "accepted"})],
        ),
        (
            own("AiguillageFallback", "Reason: FAILURE|By: timetable"),
            [CallEvent("17.1", AT, "fallback", detail={"reason": "FAILURE", "by": "timetable"})],
        ),
        (
            own("AiguillageEmergency", "Phone: claire|Number: 112"),
            [
                CallBegan("17.1", AT, "dialled", "claire", "112"),
                CallEvent("17.1", AT, "emergency", detail={"number": "112", "phone": "claire"}),
            ],
        ),
        (own("SomebodyElses", "Number: 1"), []),
    ],
)
def test_what_a_line_tells(tmp_path: Path, text: str, tells: list[object]) -> None:
    assert told(tmp_path, text) == (tuple(tells), 0)


@pytest.mark.parametrize(
    "odd",
    [
        "\n",
        "not ours\n",
        '"HANGUP","never","PJSIP/x-1","17.1","17.1","","{}"\n',
        '"HANGUP","1e400","PJSIP/x-1","17.1","17.1","","{}"\n',
        '"HANGUP","1795521600.0","PJSIP/x-1","17.1","17.1","","no JSON"\n',
        '"AiguillageStep","1795521600.0","PJSIP/x-1","17.1","17.1","AiguillageStep","[]"\n',
        '"HANGUP","1795521600.0\n',
        '"HANGUP","1795521600.0","PJSIP/x"1","17.1","17.1","","{}"\n',
    ],
)
def test_an_odd_line_is_counted_and_the_others_are_read(tmp_path: Path, odd: str) -> None:
    assert told(tmp_path, CALL + odd + HANGUP) == ((BEGAN, ENDED), 1)


@given(noise=st.binary(max_size=200))
def test_whatever_stands_between_two_lines(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    found, _ = told(tmp_path_factory.mktemp("file"), CALL.encode() + noise + b"\n" + HANGUP.encode())
    assert (found[0], found[-1]) == (BEGAN, ENDED)


def test_a_line_that_is_not_whole_yet_is_read_later(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(CALL + HANGUP[:30])
    files = CallFile(tmp_path)
    assert files.set_aside()
    (file,) = files.aside()
    first = files.read(file, 0)
    assert first is not None
    assert first.told == (BEGAN,)
    assert files.read(file, first.end) is None
    with file.open("a") as opened:
        opened.write(HANGUP[30:])
    second = files.read(file, first.end)
    assert second is not None
    assert second.told == (ENDED,)


def test_a_long_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_file, "AT_ONCE", 500)
    (tmp_path / NAME).write_text((CALL + HANGUP) * 50)
    files = CallFile(tmp_path)
    files.set_aside()
    (file,) = files.aside()
    pieces, end = [], 0
    while piece := files.read(file, end):
        pieces.append(piece)
        end = piece.end
    assert len(pieces) > 10
    assert [each for piece in pieces for each in piece.told] == [BEGAN, ENDED] * 50


def test_asterisk_begins_a_new_file_and_the_old_ones_stay_in_order(tmp_path: Path) -> None:
    files = CallFile(tmp_path)
    assert not files.set_aside()
    for text in (CALL, HANGUP):
        (tmp_path / NAME).write_text(text)
        assert files.set_aside()
    first, second = files.aside()
    assert (first.read_text(), second.read_text()) == (CALL, HANGUP)
    assert files.identity(first) != files.identity(second)
    assert not is_settled(second)
    files.remove(first)
    files.remove(first)
    assert files.aside() == [second]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    files = CallFile(tmp_path / "none")
    assert not files.set_aside()
    assert files.aside() == []


def test_a_folder_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AsteriskUnavailable, match="AIGUILLAGE_CALL_EVENTS_DIR"):
        CallFile(tmp_path / "file").set_aside()


def test_files_of_two_nodes_are_two_whatever_is_in_them(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(CALL)
    files = [CallFile(tmp_path, node) for node in ("", "north", "south")]
    files[0].set_aside()
    (aside,) = files[0].aside()
    assert len({each.identity(aside) for each in files}) == 3
