from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from aiguillage.desk.contacts import MAX_CELL, Import, read_csv
from aiguillage.errors import DirectoryRefused
from aiguillage.routing.directory import Contact
from tests.published import EXAMPLES
from tests.unit.examples import PLAN

HEADING = "name,numbers,unit,category,language,note\n"


def test_the_example_file_is_read_as_people_wrote_it() -> None:
    found = read_csv((EXAMPLES / "directory.csv").read_bytes(), PLAN)
    assert found.problems == ()
    assert len(found.contacts) == 9
    assert found.contacts[0] == Contact(
        "Anne Lambert", ("+32471000201", "+3271000201"), "patro-jumet", "president", "fr", ""
    )
    assert found.contacts[6].unit is None


def test_semicolons_a_bom_and_windows_letters_are_read_too() -> None:
    text = "name;numbers;unit\nBenoît Maës;0471 00 02 02;patro-jumet\n"
    wanted = ("Benoît Maës", ("+32471000202",), "patro-jumet")
    for content in (b"\xef\xbb\xbf" + text.encode(), text.encode("cp1252")):
        contact = read_csv(content, PLAN).contacts[0]
        assert (contact.name, contact.numbers, contact.unit) == wanted


def test_several_numbers_in_a_cell_are_each_kept_once() -> None:
    content = HEADING + '"X","0471 00 02 02; +32471000202\n071/00.02.01",,,,\n'
    assert read_csv(content.encode(), PLAN).contacts[0].numbers == ("+32471000202", "+3271000201")


def test_what_is_wrong_is_named_by_its_row_and_the_rest_is_kept() -> None:
    content = HEADING + "A,0471000202,patro-nowhere,pope,it,\n,0471000203,,,,\nC,call me,,,,\n\nE,+32471000204,,,,\n"
    found = read_csv(content.encode(), PLAN)
    assert [contact.name for contact in found.contacts] == ["A", "E"]
    assert found.contacts[0].unit is None
    assert [str(problem) for problem in found.problems] == [
        'row 2: unit "patro-nowhere" is not in the plan',
        'row 2: category "pope" is not in the plan',
        'row 2: language "it" is not in the plan',
        "row 3: left out: it has no name",
        "row 4: 'call me' is no telephone number; expected digits, as in 071 00 02 01 or +3271000201",
        "row 4: left out: it has no telephone number",
    ]


def test_hostile_cells_become_harmless_text() -> None:
    name = "=HYPERLINK(1)\x07\u202e " + "x" * 1000
    found = read_csv(f'{HEADING}"{name}",0471000202,,,,\n'.encode(), PLAN)
    assert found.contacts[0].name.startswith("=HYPERLINK(1) ")
    assert len(found.contacts[0].name) == MAX_CELL
    assert not any(ord(letter) < 32 or letter == "\u202e" for letter in found.contacts[0].name)


@given(st.binary(max_size=300))
@example(b"name,numbers\n\x00,\x00\n")
@example(b'name,numbers\n"' + b"x" * 200_000 + b'",1\n')
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for prefix in (b"", HEADING.encode()):
        with suppress(DirectoryRefused):
            assert isinstance(read_csv(prefix + content, PLAN), Import)
