"""The directory from vCards, as telephones and address books of twenty years write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.desk.contacts import Import, import_file, read_file, read_vcards, write_vcards
from aiguillage.desk.editing import apply
from aiguillage.errors import DirectoryRefused
from aiguillage.routing.directory import Contact
from aiguillage.store.database import Database
from aiguillage.text_formats import read_yaml
from tests.desk.any_contact import ANY_CONTACT
from tests.unit.examples import PLAN, PLAN_TEXT


def card(*lines: str, version: str = "3.0", number: str = "TEL:0471000201") -> bytes:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, number, "END:VCARD", ""]).encode()


def only(content: bytes) -> Contact:
    """The contact of a file with this one card, about which nothing was odd."""
    found = read_vcards(content, PLAN)
    assert found.problems == ()
    (contact,) = found.contacts
    return contact


OF_2_1 = b"""\
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Lambert;Ana=C3=AFs;Marie=\r
;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Ana=C3=AFs Lam=
bert
TEL;CELL;PREF:0471 00 02 01
TEL;HOME;VOICE:071/00.02.01
TEL;WORK;FAX:+32471000201
EMAIL;INTERNET:anais@patro.example
NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:pr=E9f=E8re l'=E9t=E9=0D=0Aou le soir
ORG:Patro
 Saint-R\xe9my de Jumet
PHOTO;JPEG;ENCODING=BASE64:
 AAAABBBBCCCC
 DDDDEEEE==

END:VCARD
"""

OF_3_0 = """\
BEGIN:VCARD\r
VERSION:3.0\r
PRODID:-//An address book//EN\r
N:Lambert;Anaïs;;;\r
FN:Anaïs Lambert\r
item1.TEL;TYPE="voice,cell";X-ABLABEL="a:b;c":+32 471 00\r
  02 01\r
item2.TEL;TYPE=HOME:071 00 02 01\r
ORG:Patro Saint-Rémy de Jumet;Comité\r
CATEGORIES:myContacts,Président local\r
NOTE:préfère l'été\\nou le soir\r
END:VCARD\r
""".encode()

OF_4_0 = """\
BEGIN:VCARD
VERSION:4.0
FN:Anaïs Lambert
TEL;VALUE=uri;PREF=1;TYPE="voice,cell":tel:+32-471-00-02-01
TEL;VALUE=uri;TYPE=home:tel:71-00-02-01;phone-context=+32
TEL;VALUE=uri;TYPE=work:tel:+3271000201;ext=12
LANG;PREF=1:fr-BE
X-UNIT:patro-jumet
CATEGORIES:president
NOTE:préfère l'été ou le soir
END:VCARD
""".encode()


@pytest.mark.parametrize("content", [OF_2_1, OF_3_0, OF_4_0], ids=["2.1", "3.0", "4.0"])
def test_each_version_tells_the_same_contact(content: bytes) -> None:
    found = only(content)
    assert found.name == "Anaïs Lambert"
    assert found.numbers == ("+32471000201", "+3271000201")
    assert found.unit == "patro-jumet"
    assert " ".join(found.note.split()) == "préfère l'été ou le soir"


def test_category_and_language_are_told_by_key_or_name() -> None:
    assert (only(OF_3_0).category, only(OF_4_0).category, only(OF_4_0).language) == ("president", "president", "fr")
    assert only(card("FN:Anne", "CATEGORIES:Friends", "CATEGORIES:Parent")).category == "parent"


@pytest.mark.parametrize(
    "lines, unit",
    [
        (["ORG:hainaut"], "hainaut"),
        (["ORG:Régionale du Hainaut"], "hainaut"),
        (["ORG:Fédération;Régionale du Hainaut;Patro Don Bosco de Seraing"], "patro-seraing"),  # the nearest one
        (["ORG:Some firm\\; or other"], None),
        (["ORG:hainaut", "X-UNIT:liege"], "liege"),
        (["ORG:régionale du hainaut"], None),  # a name is exact
    ],
)
def test_an_organisation_is_the_unit_where_the_plan_knows_it(lines: list[str], unit: str | None) -> None:
    assert only(card("FN:Anne", *lines)).unit == unit


def test_a_name_is_put_together_where_nothing_else_tells_it() -> None:
    assert only(card("N:Dubois;Claire;Marie;Mme;")).name == "Claire Marie Dubois"
    assert only(card("N:Dubois", "FN:")).name == "Dubois"
    assert only(card("N:Smith\\; Jones;;;;")).name == "Smith; Jones"


def test_what_is_asked_for_and_not_in_the_plan_is_reported_with_the_line_of_its_card() -> None:
    content = card("FN:Anne") + card("FN:Bob", "X-UNIT:patro-jumett", "LANG:ru", number="TEL:call me\r\nTEL:0471000202")
    found = read_vcards(content, PLAN)
    assert [each.name for each in found.contacts] == ["Anne", "Bob"]
    assert [str(problem) for problem in found.problems] == [
        "row 6: 'call me' is no telephone number; expected digits, as in 071 00 02 01 or +3271000201",
        'row 6: unit "patro-jumett" is not in the plan',
        'row 6: language "ru" is not in the plan',
    ]


def test_a_card_without_a_number_is_left_out() -> None:
    found = read_vcards(card("FN:Anne", number="EMAIL:anne@patro.example") + card("ORG:hainaut"), PLAN)
    assert [problem.message for problem in found.problems] == [
        "left out: it has no telephone number",
        "left out: it has no name",
    ]


def test_a_character_that_the_fold_cuts_in_two_is_whole_again() -> None:
    content = card("FN:Benoît").replace("î".encode(), b"\xc3\r\n \xae")
    assert only(content).name == "Benoît"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_an_address_books_own_ways_are_read_alike(encoding: str, line_end: str) -> None:
    text = card("FN:Benoît Maes", "note:préfère l'été").decode().replace("\r\n", line_end)
    assert only(text.encode(encoding)) == Contact("Benoît Maes", ("+32471000201",), note="préfère l'été")  # type: ignore[arg-type]


def test_a_card_within_a_card_is_not_its_own() -> None:
    inner = card("FN:The secretary", number="TEL:0471000299").decode().strip()
    assert only(card("FN:Anne", "AGENT:", inner)).numbers == ("+32471000201",)


@pytest.mark.parametrize("content", [card("FN:Anne")[:-12], card("FN:Anne") + b"BEGIN:VCARD\r\n"])
def test_a_file_that_was_cut_short_is_refused(content: bytes) -> None:
    with pytest.raises(DirectoryRefused, match=r"begins on line [16] has no END:VCARD"):
        read_vcards(content, PLAN)


def test_a_file_without_a_card_is_refused() -> None:
    with pytest.raises(DirectoryRefused, match="there is no vCard"):
        read_vcards(b"name,numbers\n", PLAN)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiguillage.desk.contacts.found.MAX_BYTES", 10)
    with pytest.raises(DirectoryRefused, match="larger than"):
        read_vcards(OF_4_0, PLAN)


def test_the_content_tells_the_kind_of_file(database: Database) -> None:
    apply(database, read_yaml(PLAN_TEXT))
    for content in (OF_3_0, b"\xef\xbb\xbf\r\n" + OF_2_1, card("FN:Anne").replace(b"BEGIN:VCARD", b"begin:vcard")):
        assert len(import_file(database, content).contacts) == 1
    assert read_file(database, b"name,numbers\nBEGIN:VCARD,0471000201\n").contacts[0].name == "BEGIN:VCARD"


LINES = st.lists(
    st.binary(max_size=12)
    | st.sampled_from(
        [
            b"BEGIN:VCARD",
            b"END:VCARD",
            b"VERSION:2.1",
            b"FN:A",
            b"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=",
            b'TEL;TYPE="a:b":0471000201',
            b"TEL:tel:%ff;phone-context=+32",
            b" ;\\",
            b"ORG:\\;;,\\n",
            b"CATEGORIES:\0,parent",
            b"LANG:-",
        ]
    ),
    max_size=15,
)


@given(st.binary() | LINES.map(lambda lines: b"BEGIN:VCARD\n" + b"\n".join(lines) + b"\nEND:VCARD"))
def test_any_bytes_are_an_import_or_refused(content: bytes) -> None:
    try:
        found = read_vcards(content, PLAN)
    except DirectoryRefused as refused:
        assert str(refused).isprintable()  # noqa: PT017
        return
    assert all(each.name and each.numbers for each in found.contacts)
    assert all(str(problem).isprintable() for problem in found.problems)


# --- written ---


@given(st.lists(ANY_CONTACT, min_size=1, max_size=5))
def test_what_is_written_is_read_as_the_same(contacts: list[Contact]) -> None:
    written = write_vcards(contacts)
    assert read_vcards(written, PLAN) == Import(tuple(contacts), ())
    assert max(map(len, written.split(b"\r\n"))) <= 75
