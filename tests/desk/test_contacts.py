"""The directory from a CSV file as people really send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.desk.contacts import Import, import_file, read_csv, write_csv
from aiguillage.desk.editing import apply
from aiguillage.errors import DirectoryRefused, NotFound
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.store import directory
from aiguillage.store.database import Database
from aiguillage.text_formats import read_yaml
from tests.desk.any_contact import ANY_CONTACT
from tests.unit.examples import CONTACTS, EXAMPLES, PLAN, PLAN_TEXT

EXAMPLE = (EXAMPLES / "directory.csv").read_bytes()


def read(text: str, encoding: str = "utf-8") -> Import:
    return read_csv(text.encode(encoding), PLAN)


def contact(line: str) -> Contact:
    """The contact of a file with this one row, about which nothing was odd."""
    found = read(f"name,numbers,unit,category,language,note\n{line}\n")
    assert found.problems == ()
    (only,) = found.contacts
    return only


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read(text).problems]


def test_the_example_is_read_without_a_remark() -> None:
    found = read_csv(EXAMPLE, PLAN)
    assert found.problems == ()
    assert [each.name for each in found.contacts] == [each.name for each in CONTACTS]
    assert found.contacts[0].numbers == ("+32471000201", "+3271000201")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_spreadsheets_own_ways_are_read_alike(encoding: str, delimiter: str, line_end: str) -> None:
    lines = [["Name", " NUMBERS ", "note"], ["Benoît Maes", "0471 00 02 02", "préfère l'été"]]
    found = read(line_end.join(delimiter.join(cells) for cells in lines) + line_end, encoding)
    assert found == Import((Contact("Benoît Maes", ("+32471000202",), note="préfère l'été"),), ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cell",
    [
        "0471000201;071000201",
        "0471 00 02 01, 071/00.02.01",
        "+32471000201 | 003271000201",
        "0471000201\n071000201",
        "0471000201\r\n\r\n071000201",
        "0471000201;+32 471 00 02 01;071000201",
    ],
)
def test_several_numbers_may_stand_in_a_cell_each_is_kept_once(cell: str) -> None:
    assert contact(f'Anne,"{cell}"').numbers == ("+32471000201", "+3271000201")


def test_a_number_that_is_none_is_left_out_and_reported_with_its_row() -> None:
    found = read('name,numbers\nAnne,"0471000201;call me"\nBob,\n,0471000202\nCarl,12\n')
    assert [each.name for each in found.contacts] == ["Anne"]
    assert [problem.row for problem in found.problems] == [2, 3, 4, 5, 5]
    assert "'call me' is no telephone number" in found.problems[0].message
    assert found.problems[1].message == "left out: it has no telephone number"
    assert found.problems[2].message == "left out: it has no name"


@pytest.mark.parametrize(
    "row, problem",
    [
        ("Anne,0471000201,patro-jumett", 'row 2: unit "patro-jumett" is not in the plan'),
        ("Anne,0471000201,,presidente", 'row 2: category "presidente" is not in the plan'),
        ("Anne,0471000201,,,fra", 'row 2: language "fra" is not in the plan'),
    ],
)
def test_what_the_plan_does_not_know_is_left_out_and_reported(row: str, problem: str) -> None:
    text = f"name,numbers,unit,category,language\n{row}\n"
    assert problems(text) == [problem]
    assert read(text).contacts == (Contact("Anne", ("+32471000201",)),)  # type: ignore[arg-type]


def test_the_same_person_in_two_roles_is_two_contacts() -> None:
    found = read("name,numbers,category\nAnne,0471000201,president\nAnne,0471000201,parent\n")
    assert [each.category for each in found.contacts] == ["president", "parent"]


def test_a_family_shares_its_telephone() -> None:
    found = read("name,numbers\nAnne,071000201\nBob,071 00 02 01\nCarl,+3271000201;071/00.02.01\n")
    assert [each.numbers for each in found.contacts] == [("+3271000201",)] * 3
    assert found.problems == ()


@pytest.mark.parametrize(
    "cell", ["anonymous", "privé", "0471", "0471000201 ou 071000201", "+", "00", "tel", "4,71E+08", "32471000201a", "☎"]
)
def test_a_cell_that_holds_no_number_leaves_the_contact_out(cell: str) -> None:
    found = read(f'name,numbers\nAnne,"{cell}"\nBob,0471000202\n')
    assert [each.name for each in found.contacts] == ["Bob"]
    assert found.problems[-1].message == "left out: it has no telephone number"
    assert {problem.row for problem in found.problems} == {2}


def test_empty_rows_and_columns_of_somebody_elses_are_passed_over() -> None:
    found = read("id,numbers,name,shoe size\n1,0471000201,Anne,38\n\n , ,,\n2,0471000202,Bob\n")
    assert [each.name for each in found.contacts] == ["Anne", "Bob"]
    assert found.problems == ()


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK('x')", "${jndi:x}", "%s{0}"])
def test_a_formula_is_kept_as_the_text_that_it_is(formula: str) -> None:
    assert contact(f'"{formula}",0471000201,,,,"{formula}"') == Contact(formula, ("+32471000201",), note=formula)  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", ["\0", "\x1b", "\x85", "\u202e", "\u2066", "\u200e", "\u200f", "\u061c", "\u2028"])
def test_control_and_direction_characters_are_taken_out(odd: str) -> None:
    assert contact(f'"{odd}An{odd}ne",0471000201,,,,"{odd}"').name == "An ne"
    (problem,) = problems(f'name,numbers,unit\nAnne,0471000201,"x{odd}y"\n')
    assert problem.isprintable()


def test_a_name_is_kept_in_its_composed_form() -> None:
    assert contact("Benoi\u0302t,0471000201").name == "Benoît"


def test_a_long_cell_is_cut() -> None:
    assert len(contact(f"Anne,0471000201,,,,{'x' * 100_000}").note) == 500


def test_a_cell_of_a_megabyte_is_refused_with_its_row() -> None:
    with pytest.raises(DirectoryRefused, match="row 2 is not readable as CSV"):
        read(f"name,numbers,note\nAnne,0471000201,{'x' * 1_000_000}\n")


@pytest.mark.parametrize(
    "text", ["", "\n", "\n\n", "Anne,0471000201\n", "name\nAnne\n", "PK\x03\x04 rubbish", "\x1b[2J"]
)
def test_a_file_without_our_heading_is_refused(text: str) -> None:
    with pytest.raises(DirectoryRefused, match=r"first row must name the columns name, numbers") as refused:
        read(text)
    assert str(refused.value).isprintable()


def test_a_heading_without_end_is_not_repeated_whole() -> None:
    with pytest.raises(DirectoryRefused) as refused:
        read("x" * 100_000)
    assert len(str(refused.value)) < 400


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiguillage.desk.contacts.found.MAX_BYTES", 10)
    with pytest.raises(DirectoryRefused, match="larger than"):
        read_csv(EXAMPLE, PLAN)


LINES = st.lists(st.text(max_size=12) | st.sampled_from(["0471000201", '"', ";", "\r", "\n", "=1"]), max_size=12)


@given(
    st.binary() | LINES.map(lambda cells: ("name,numbers,unit\n" + ",".join(cells)).encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_an_import_or_refused(content: bytes) -> None:
    try:
        found = read_csv(content, PLAN)
    except DirectoryRefused as refused:
        assert str(refused).isprintable()  # noqa: PT017
        return
    assert all(each.name and each.numbers for each in found.contacts)
    assert all(str(problem).isprintable() for problem in found.problems)


# --- written ---


@given(st.lists(ANY_CONTACT, max_size=5))
def test_what_is_written_is_read_as_the_same(contacts: list[Contact]) -> None:
    assert read_csv(write_csv(contacts), PLAN) == Import(tuple(contacts), ())


def test_a_spreadsheet_finds_text_only() -> None:
    anne = Contact("=HYPERLINK('x')", (E164("+32471000201"), E164("+3271000201")), note="'-1")
    assert write_csv([anne]).decode("utf-8-sig").splitlines() == [
        "name;numbers;unit;category;language;note",
        "'=HYPERLINK('x');+32 471 00 02 01, +32 71 00 02 01;;;;''-1",
    ]


# --- kept ---


def kept(database: Database) -> list[Contact]:
    with database.reading() as session:
        return list(directory.all_contacts(session))


def test_an_import_replaces_the_directory(database: Database) -> None:
    apply(database, read_yaml(PLAN_TEXT))
    found = import_file(database, EXAMPLE)
    assert kept(database) == list(found.contacts)
    import_file(database, b"name,numbers\nAnne,0471000201\n")
    assert [each.name for each in kept(database)] == ["Anne"]


def test_a_refused_file_leaves_the_directory_as_it_was(database: Database) -> None:
    apply(database, read_yaml(PLAN_TEXT))
    import_file(database, EXAMPLE)
    with pytest.raises(DirectoryRefused):
        import_file(database, b"rubbish")
    assert len(kept(database)) == len(CONTACTS)


def test_without_a_plan_nothing_is_imported(database: Database) -> None:
    with pytest.raises(NotFound, match="apply a plan first"):
        import_file(database, EXAMPLE)
    assert kept(database) == []
