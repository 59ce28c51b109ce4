"""What a real Asterisk writes into the file of calls: every line can be read, and no caller writes any part of it."""

import asyncio

import pytest

from aiguillage.asterisk.call_file import NAME, CallBegan, CallFile, Piece
from aiguillage.asterisk.events import CallEvent
from tests.asterisk.private import Stage
from tests.asterisk.test_callers_bytes import DIALLED, NUMBER, question


async def written(files: CallFile) -> tuple[Piece, bytes]:
    """What stands in the file once a call has ended, and its bytes."""
    async with asyncio.timeout(10):
        while b"HANGUP" not in _text(files):  # noqa: ASYNC110  Asterisk tells nobody that it has written
            await asyncio.sleep(0.05)
    assert files.set_aside()
    file = files.aside()[-1]
    piece = files.read(file, 0)
    assert piece is not None
    return piece, file.read_bytes()


def _text(files: CallFile) -> bytes:
    file = files.folder / NAME
    return file.read_bytes() if file.exists() else b""


@pytest.fixture
def files(staged: Stage) -> CallFile:
    """Nothing stands in it of the story before."""
    files = CallFile(staged.asterisk.home / "log/cel-custom")
    files.set_aside()
    for file in files.aside():
        files.remove(file)
    return files


@pytest.mark.parametrize(
    "caller, number",
    [
        (f'"Claire Dubois" <sip:{NUMBER}@x>', NUMBER),
        (f'"a%0A\\"HANGUP\\",\\"1\\"" <sip:{NUMBER}@x>', NUMBER),
        (f'"a\\",\\"b\\"\\",|To: +3271000099" <sip:{NUMBER}@x>', NUMBER),
        ("<sip:%2B32%0A%22HANGUP%22%2C@x>", ""),
        ("<sip:0471%7CTo%3A%20112@x>", ""),
        ("<sip:%24%7BSHELL(id)%7D@x>", ""),
        ("<sip:0475%e9%ff@x>", ""),
    ],
)
async def test_a_caller_writes_no_line(staged: Stage, files: CallFile, caller: str, number: str) -> None:
    assert await question(staged, caller) is not None
    piece, _ = await written(files)
    assert piece.odd == 0
    began = [each for each in piece.told if isinstance(each, CallBegan)]
    assert [(each.kind, each.caller, each.called) for each in began] == [("inbound", number, DIALLED)]
    events = [each for each in piece.told if isinstance(each, CallEvent)]
    assert {each.call for each in events} == {began[0].call}
    assert [each.kind for each in events] == ["step", "call-ended"]


async def test_a_withheld_number_is_not_in_it(staged: Stage, files: CallFile) -> None:
    assert await question(staged, f'"Claire" <sip:{NUMBER}@x>', headers={"Privacy": "id"}) is not None
    piece, text = await written(files)
    assert piece.odd == 0
    assert NUMBER.removeprefix("+32").encode() not in text
    assert b"Claire" not in text


async def test_what_is_dialled_and_is_no_number_leaves_no_trace(staged: Stage, files: CallFile) -> None:
    assert await question(staged, f"<sip:{NUMBER}@x>", "%2B3271000001%0A%22HANGUP%22") is None
    assert await question(staged, f"<sip:{NUMBER}@x>") is not None
    piece, _ = await written(files)
    assert (piece.odd, len([each for each in piece.told if isinstance(each, CallBegan)])) == (0, 1)
