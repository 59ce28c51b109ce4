"""What may be fed to each of our parsers, and what must hold of it: read, or refused in one printable sentence.

Each target takes any bytes. pytest runs them over seeds and what becomes of those (test_seeds.py); tools/fuzz lets
atheris look for bytes that reach further.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiguillage import text_formats
from aiguillage.asterisk import trunks
from aiguillage.asterisk.ami import _Connection, _Protocol
from aiguillage.asterisk.events import Interpreter
from aiguillage.asterisk.fastagi import MAX_HEADER, HeaderRefused, parse_header
from aiguillage.asterisk.originating import not_placed
from aiguillage.asterisk.queues import callers_waiting, not_answered
from aiguillage.desk.contacts import read_csv, read_vcards
from aiguillage.desk.measuring import Meters
from aiguillage.errors import AiguillageError, DirectoryRefused, DocumentRefused
from aiguillage.routing.document import dump, load
from tests.unit.examples import EXAMPLES, PLAN

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Target = Callable[[bytes], None]


def agi_header(data: bytes) -> None:
    """As the listener hands it over: up to the first empty line."""
    head, end, _ = data.partition(b"\n\n")
    try:
        header = parse_header(head + end)
    except HeaderRefused as refused:
        _is_a_sentence(refused)
        return
    assert len(head) <= MAX_HEADER
    told = parse_header(b"\n".join([*head.split(b"\n")[:2], b"agi_uniqueid: 1", b"agi_channel: c"]))
    assert header.script == told.script, "only its own line names the script"
    texts = (header.script, header.uniqueid, header.channel, header.caller, header.caller_name, header.called)
    assert not any(re.search(r"[\x00-\x1f\x7f-\x9f]", text) for text in (*texts, header.language, *header.args))
    assert len(header.args) <= data.count(b"agi_arg_")


def ami_packets(data: bytes) -> None:
    """The same events, in whatever pieces they arrive; no reader of them minds, and none ends the connection."""
    whole = _events(data, len(data) or 1)
    assert whole == _events(data, 7)
    assert len(whole) <= data.count(b"\r\n\r\n")
    interpreter, meters = Interpreter(), Meters()
    for message in whole:
        for event in interpreter.events(message, NOW):
            assert event.kind
        for read in (trunks.heard, not_placed, not_answered, callers_waiting, meters.heard):
            read(message)


def _events(data: bytes, size: int) -> list[Mapping[str, str]]:
    taken: list[Mapping[str, str]] = []
    link: Any = SimpleNamespace(_take=taken.append)
    protocol, ended = _Protocol(), list[str]()
    protocol.connection_made(
        SimpleNamespace(
            abort=lambda: ended.append("aborted"), close=lambda: ended.append("closed"), is_closing=lambda: True
        )
    )
    protocol.factory = SimpleNamespace(
        dispatch=lambda event: _Connection.dispatch(link, event), take=taken.append, save_stream=None, asked=0
    )
    for start in range(0, len(data), size):
        protocol.data_received(data[start : start + size])
    assert not ended
    assert all(isinstance(text, str) for message in taken for pair in message.items() for text in pair)
    return taken


def csv_file(data: bytes) -> None:
    _contacts(read_csv, data)


def vcards(data: bytes) -> None:
    _contacts(read_vcards, data)


def _contacts(read: Callable[..., Any], data: bytes) -> None:
    try:
        found = read(data, PLAN)
    except DirectoryRefused as refused:
        _is_a_sentence(refused)
        return
    for contact in found.contacts:
        assert contact.name
        assert contact.numbers
        assert contact.name.isprintable()
        assert contact.note.isprintable()
    assert all(str(problem).isprintable() for problem in found.problems)


def plan_document(data: bytes) -> None:
    """YAML or JSON, as the API and the command line read it: what is taken is the same when it is written again."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    for read in (text_formats.read_yaml, text_formats.read_json):
        try:
            plan = load(read(text))
        except DocumentRefused as refused:
            _is_told(refused)
            continue
        document = dump(plan)
        assert load(document) == plan
        assert load(text_formats.read_yaml(text_formats.write_yaml(document))) == plan


def _is_told(refused: DocumentRefused) -> None:
    assert refused.faults


def _is_a_sentence(refused: AiguillageError) -> None:
    assert str(refused).isprintable()


TARGETS: Mapping[str, Target] = {
    "agi_header": agi_header,
    "ami_packets": ami_packets,
    "csv_file": csv_file,
    "vcards": vcards,
    "plan_document": plan_document,
}

_HEADER = (Path(__file__).parents[1] / "bridge/header_of_asterisk_22.txt").read_bytes()
_SMALL_PLAN = """\
format: 1
organisation: {name: A, country: BE, timezone: Europe/Brussels, languages: [fr]}
dids: {central: {number: "+3271000001"}}
schedules: {office: {weekly: {mon: ["09:00-12:00"]}}}
people: {claire: {name: Claire, phones: {gsm: {number: "+32470000101"}}}}
inbound_routes: [{name: all, steps: [{ring: "person:claire", seconds: 20}]}]
last_resort: [{hangup: normal}]
"""
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "agi_header": (_HEADER, b"agi_network: yes\nagi_network_script: alive\nagi_uniqueid: 1\nagi_channel: c\n\n"),
    "ami_packets": (
        b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 1\r\nMessage: told\r\n\r\n",
        b"Event: DialBegin\r\nDestChannel: PJSIP/claire-00000001\r\nDestUniqueid: 2\r\nDialString: claire\r\n\r\n",
        b"Event: Shutdown\r\n\r\nEvent: Hangup\r\nUniqueid: 2\r\nLinkedid: 1\r\nCause: 16\r\n\r\n",
        b"Event: UserEvent\r\nUserEvent: AiguillageStep\r\nLinkedid: 1\r\nDecision: d\r\nStep: 1\r\nKind: ring\r\n\r\n",
        b"Event: Newchannel\r\nCallerIDNum: 1\r\nEvent: Shutdown\r\nActionID: 1\r\nActionID: 2\r\n\r\n",
        b"Event: QueueCallerJoin\r\nQueue: accueil\r\nCount: 2\r\nResult: %0d%0a\r\n\r\nResponse: Follows\r\n\r\n",
        b"Event: OriginateResponse\r\nResponse: Failure\r\nActionID: 1\r\nCommandID: 2\r\nCommandID: 3\r\n\r\n",
    ),
    "csv_file": (
        b"name;numbers;unit;category;language;note\r\nAn;0471000201, +32471000202;hainaut;;fr;=1+1\r\n",
        b'\xef\xbb\xbfname,numbers\n"A ""b""","0471 00 02 01\n0471/00.02.02"\n',
        (EXAMPLES / "directory.csv").read_bytes()[:1500],
    ),
    "vcards": (
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:An\r\nTEL;TYPE=cell:0471000201\r\nNOTE:a\\,b\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\nVERSION:2.1\nN;ENCODING=QUOTED-PRINTABLE:=C3=A9;=\n A\nTEL:tel:+32471000201\nEND:VCARD\n",
        b"BEGIN:VCARD\nVERSION:4.0\nFN:B\nTEL;VALUE=uri:tel:+32-471-00-02-01\nORG:a;b\nCATEGORIES:x,y\nLANG:fr\nEND:VCARD",
    ),
    "plan_document": (_SMALL_PLAN.encode(), text_formats.write_json(text_formats.read_yaml(_SMALL_PLAN)).encode()),
}
