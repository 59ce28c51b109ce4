"""What a caller presses and what a file tells of callers, hostile: keys are keys or refused, cells are texts."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.desk.answering import MAX_PRESSES, _presses
from aiguillage.desk.contacts import write_csv
from aiguillage.errors import DocumentRefused, Refused
from aiguillage.routing.directory import Contact
from aiguillage.routing.document import dump, load
from aiguillage.routing.numbers import E164
from tests.unit.examples import PLAN

PRESSED = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            ["main:1", "main:12345678", "main:123456789", "&", "a:*#", "a:ABCD", "a:", ":1", "\n", "0" * 500]
        ),
        max_size=14,
    ).map("&".join),
)


@given(PRESSED)
def test_keys_are_keys_or_refused(text: str) -> None:
    try:
        pressed = _presses(text)
    except Refused as refused:
        assert len(str(refused)) < 500  # noqa: PT017
        return
    assert 1 <= len(pressed) <= MAX_PRESSES
    assert all(re.fullmatch("[0-9*#]{1,8}", press.keys) for press in pressed)
    assert "&".join(f"{press.menu}:{press.keys}" for press in pressed) == text


@given(st.text("=+-@'\t\0\r\n;,\"|a ", max_size=12), st.text("=+-@'\t\0\r\n;,\"|a ", max_size=12))
def test_no_cell_of_an_export_is_a_formula(name: str, note: str) -> None:
    written = write_csv([Contact(name, (E164("+32471000201"),), note=note)]).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(written, newline=""), delimiter=";")
    for cell in (row[0], row[-1]):
        assert cell[:1] not in {*"=+-@"}, "an apostrophe stands before it"
    assert " " in row[1], "a number with spaces is a text, whatever it begins with"


@pytest.mark.parametrize(
    "name", ["$(id)", "../../x", "a;b", "/etc/passwd", "x" * 300, "a\0.wav", "a/b.wav", "..", "|x"]
)
def test_a_recording_is_a_plain_file_name_or_refused(name: str) -> None:
    document = dump(PLAN)
    document["prompts"] = {**document["prompts"], "odd": {"fr": {"file": name}}}
    try:
        plan = load(document)
    except DocumentRefused as refused:
        assert "prompts.odd" in str(refused)  # noqa: PT017
        return
    (variant,) = plan.prompts["odd"].variants.values()
    assert "/" not in getattr(variant, "file", "")
