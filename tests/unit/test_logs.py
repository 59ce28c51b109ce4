"""A log line holds no telephone number, is one line whatever a caller wrote, and holds everything else as it is."""

import json
import logging

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiguillage import logs
from aiguillage.settings import Settings


@pytest.mark.parametrize(
    "text, shown",
    [
        ("+32471000201", "+324…01"),
        ("to +32471000201, then 0471000201.", "to +324…01, then 047…01."),
        ("0032471000201", "003…01"),
        ("112", "112"),
        ("201", "201"),
        ("127.0.0.1:45063", "127.0.0.1:45063"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("2026-11-24T10:00:00+01:00", "2026-11-24T10:00:00+01:00"),
        ("call 1764000000.12", "call 1764000000.12"),
        ("PJSIP/operator-00000012", "PJSIP/operator-00000012"),
        ("sip:+32471000201@operator", "sip:+324…01@operator"),
        ("6f1c0471000201ab", "6f1c0471000201ab"),
    ],
)
def test_a_number_is_shown_by_its_ends(text: str, shown: str) -> None:
    assert logs.masked(text) == shown


@given(
    st.from_regex(r"\+[1-9][0-9]{7,13}", fullmatch=True), st.sampled_from([" ", ",", "'", '"', "(", "<", "=", "/", ":"])
)
def test_no_number_is_shown_whole_wherever_it_stands(number: str, before: str) -> None:
    assert number not in logs.masked(f"it said {before}{number} there")


def test_a_record_is_masked_in_all_its_texts(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_format="json", _env_file=None))  # type: ignore[call-arg]
    try:
        structlog.get_logger("tests").warning("call_placed", to="+32471000201", number=112)
        try:
            int("no trunk to +32471000201")
        except ValueError:
            logging.getLogger("tests").exception("went wrong with +32471000201")
    finally:
        logging.getLogger().handlers = []
        structlog.reset_defaults()
    printed = capsys.readouterr().err
    assert "71000201" not in printed
    first, second = (json.loads(line) for line in printed.splitlines())
    assert (first["to"], first["number"]) == ("+324…01", 112)
    assert "no trunk to +324…01" in second["exception"]


HOSTILE = st.one_of(
    st.text(st.characters(), max_size=40),
    st.lists(
        st.sampled_from(
            ["\n", "\r\n", "\x0b", "\x85", "\u2028", "\x1b[2J", "\u202e", "\ud800", "\\", '"', "{}", "%s", "a"]
        ),
        max_size=9,
    ).map("".join),
)


def printed_by(log_format: str, capsys: pytest.CaptureFixture[str], *texts: object) -> str:
    """What reaches standard error of one record of ours and one of the standard library for each text."""
    capsys.readouterr()
    logs.configure(Settings(log_format=log_format, _env_file=None))  # type: ignore[call-arg, arg-type]
    try:
        for text in texts:
            structlog.get_logger("tests").warning("told", said=text, within=[text])
            logging.getLogger("tests").warning("told %s", text)
    finally:
        logging.getLogger().handlers = []
        structlog.reset_defaults()
    return capsys.readouterr().err


@pytest.mark.parametrize("log_format", ["console", "json"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE)
def test_whatever_a_caller_writes_a_record_is_one_line(
    log_format: str, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    printed = printed_by(log_format, capsys, text)
    assert len(printed.splitlines()) == 2, "splitlines knows every line end that a log reader may know"
    assert all(each.isprintable() for each in printed.replace("\n", ""))
    if log_format == "json":
        ours, _ = map(json.loads, printed.splitlines())
        assert ours["said"] == logs.masked(text), "nothing is lost but numbers"


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_whatever_an_object_calls_itself_a_record_is_one_line(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Odd:
        def __repr__(self) -> str:
            return "a\nlevel='error' event='forged'\u2029"

    assert len(printed_by(log_format, capsys, Odd(), b"a\nb").splitlines()) == 4


def test_a_traceback_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(_env_file=None))  # type: ignore[call-arg]
    try:
        try:
            int("first\nsecond")
        except ValueError:
            structlog.get_logger("tests").exception("failed")
    finally:
        logging.getLogger().handlers = []
        structlog.reset_defaults()
    assert len(capsys.readouterr().err.splitlines()) == 1


@given(text=HOSTILE)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_so_is_that_of_a_command(capsys: pytest.CaptureFixture[str], text: str) -> None:
    capsys.readouterr()
    logs.quiet()
    try:
        structlog.get_logger("tests").error("told", said=text)
    finally:
        structlog.reset_defaults()
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert "\x1b" not in printed
