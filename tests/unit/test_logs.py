"""A log line holds no telephone number, and everything else as it is."""

import json
import logging

import pytest
import structlog
from hypothesis import given
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
