"""What Asterisk tells of a call is read strictly: a caller who writes line ends into it gains nothing."""

import contextlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.asterisk.fastagi import MAX_HEADER, MAX_LINES, AgiHeader, HeaderRefused, parse_header

WRITTEN = (Path(__file__).parent / "header_of_asterisk_22.txt").read_text("utf-8")
"""As Asterisk 22.10.1 wrote it for a call over a trunk; it writes an empty last argument too."""

CALL = AgiHeader(
    script="inbound",
    uniqueid="1795422498.0",
    channel="PJSIP/operator-00000000",
    caller="+32471000201",
    caller_name="",
    called="s",
    context="inbound",
    language="en",
    args=("+3271000001", ""),
)

CALLERS_BYTES = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["\n", "\r\n", "\n\n", ": ", "agi_arg_2: ", "agi_arg_3: x", "agi_network_script: alive", "agi_x: y", "é"]
        ),
        max_size=8,
    ).map("".join),
)


def with_value(key: str, value: str) -> bytes:
    """The block when `value` stands where Asterisk writes that of `key`."""
    lines = [f"{key}: {value}" if line.startswith(f"{key}: ") else line for line in WRITTEN.splitlines()]
    return "\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass")


def as_listened(block: bytes) -> bytes:
    """What the listener hands over: up to the first empty line."""
    head, end, _ = block.partition(b"\n\n")
    return head + end


def test_a_real_block_is_understood() -> None:
    assert parse_header(WRITTEN.encode()) == CALL


@pytest.mark.parametrize(
    "key, value, differs",
    [
        ("agi_network_script", "inbound?a=1", {}),
        ("agi_callerid", "unknown", {"caller": ""}),
        ("agi_callerid", "0471 00 02 01", {"caller": "0471 00 02 01"}),
        ("agi_calleridname", "Claire Dubois", {"caller_name": "Claire Dubois"}),
        ("agi_calleridname", "René: l'aîné", {"caller_name": "René: l'aîné"}),
        ("agi_calleridname", "a\x07\x7f\x9bb\r", {"caller_name": "ab"}),
        ("agi_calleridname", "agi_arg_3: x", {"caller_name": "agi_arg_3: x"}),
        ("agi_language", "nl", {"language": "nl"}),
        ("agi_arg_2", "2026-11-24T10:00", {"args": ("+3271000001", "2026-11-24T10:00")}),
    ],
)
def test_a_value_is_taken_as_it_stands(key: str, value: str, differs: dict[str, object]) -> None:
    assert parse_header(with_value(key, value)) == replace(CALL, **differs)  # type: ignore[arg-type]


def test_bytes_that_are_no_text_do_not_end_the_call() -> None:
    block = WRITTEN.encode().replace(b"agi_calleridname: unknown", b"agi_calleridname: Ren\xe9")

    assert parse_header(block).caller_name == "Ren\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "block, reason",
    [
        (b"\n\n", "does not write"),
        (b"GET / HTTP/1.0\r\n\r\n", "does not write"),
        (b"agi_network: yes\n\n", "second line does not name the script"),
        (b"agi_network: yes\nagi_request: x\nagi_network_script: inbound\n\n", "second line"),
        (WRITTEN.replace("agi_uniqueid: 1795422498.0\n", "").encode(), "no agi_uniqueid"),
        (with_value("agi_channel", ""), "no agi_channel"),
        (with_value("agi_callerid", "1\nagi_network_script: alive"), "agi_network_script twice"),
        (with_value("agi_calleridname", "x\nagi_arg_2: 2026-11-24T10:00"), "agi_arg_2 twice"),
        (with_value("agi_calleridname", "x\nagi_arg_3: y"), "arguments"),
        (with_value("agi_arg_1", "x\nagi_arg_4: y"), "arguments"),
        (with_value("agi_arg_2", "x\nagi_other: y"), "arguments"),
        (with_value("agi_calleridname", "x\nnothing of Asterisk's"), "does not write"),
        (with_value("agi_calleridname", "x" * MAX_HEADER), "too long"),
        (with_value("agi_calleridname", "".join(f"\nagi_{n}: x" for n in range(MAX_LINES))), "too many lines"),
    ],
)
def test_a_block_that_asterisk_does_not_write_is_refused(block: bytes, reason: str) -> None:
    with pytest.raises(HeaderRefused, match=re.escape(reason)):
        parse_header(block)


@given(key=st.sampled_from(["agi_callerid", "agi_calleridname", "agi_dnid", "agi_rdnis"]), value=CALLERS_BYTES)
def test_whatever_a_caller_writes_neither_script_nor_arguments_change(key: str, value: str) -> None:
    try:
        header = parse_header(as_listened(with_value(key, value)))
    except HeaderRefused:
        return
    assert (header.script, header.uniqueid) == (CALL.script, CALL.uniqueid)
    assert header.args in {CALL.args, ()}, "an empty line cuts the arguments off; it adds none"


@given(value=CALLERS_BYTES)
def test_whatever_stands_in_an_argument_the_script_stays(value: str) -> None:
    """The dialplan passes on what has been dialled only where it is digits (extensions.conf)."""
    try:
        header = parse_header(as_listened(with_value("agi_arg_1", value)))
    except HeaderRefused:
        return
    assert header.script == CALL.script


@given(value=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_what_is_dialled_is_one_argument(value: str) -> None:
    assert parse_header(with_value("agi_arg_1", value)).args == (value, *CALL.args[1:])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(block: bytes) -> None:
    with contextlib.suppress(HeaderRefused):
        parse_header(block)
