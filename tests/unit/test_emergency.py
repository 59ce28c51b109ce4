"""Emergency numbers: every way to dial them, and no extension of ours in their way. The list: emergency.py."""

import copy
from typing import Any

import pytest

from aiguillage.errors import DocumentRefused
from aiguillage.routing.document import load
from aiguillage.routing.emergency import EMERGENCY_NUMBERS, reserved_extensions, spellings
from aiguillage.text_formats import read_yaml
from tests.unit.examples import PLAN_TEXT

DOCUMENT = read_yaml(PLAN_TEXT)
BELGIAN = dict(spellings("BE"))
EXTENDED = [
    ("people", "marc"),
    ("ring_groups", "reception"),
    ("queues", "front-desk"),
    ("voicemail_boxes", "reception"),
]


def faults(section: str, key: str, extension: str, country: str = "BE") -> list[str]:
    """What the example with this extension is told; the routes for short numbers are left out of it."""
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    document["organisation"]["country"] = country
    document["outbound_routes"] = []
    document[section][key]["extension"] = extension
    try:
        load(document)
    except DocumentRefused as refused:
        return [str(fault) for fault in refused.faults]
    return []


@pytest.mark.parametrize("number", ["112", "100", "101", "102", "103", "104", "106", "107", "108", "110"])
def test_a_short_number_is_sent_as_it_is_dialled_also_with_a_0_before_it(number: str) -> None:
    assert BELGIAN[number] == BELGIAN[f"0{number}"] == number


@pytest.mark.parametrize("number", ["1712", "1813", "116000"])
def test_help_by_telephone_has_short_numbers_too(number: str) -> None:
    assert BELGIAN[number] == BELGIAN[f"0{number}"] == number


@pytest.mark.parametrize("number", ["070245245", "080032123", "026499555", "080030030", "080098100"])
def test_a_long_number_is_sent_as_e164_in_every_spelling(number: str) -> None:
    subscriber = number.removeprefix("0")
    for dialled in (number, f"0{number}", f"0032{subscriber}", f"+32{subscriber}"):
        assert BELGIAN[dialled] == f"+32{subscriber}"


def test_every_number_of_the_list_can_be_dialled_and_none_in_two_meanings() -> None:
    assert set(EMERGENCY_NUMBERS["BE"]) <= set(BELGIAN)
    assert len(list(spellings("BE"))) == len(BELGIAN)
    assert all(dialled.lstrip("+").isdecimal() and sent.lstrip("+").isdecimal() for dialled, sent in BELGIAN.items())


@pytest.mark.parametrize("country", ["FR", "NL", "US", "", "ZZ"])
def test_a_country_without_a_list_has_112(country: str) -> None:
    assert dict(spellings(country)) == {"112": "112", "0112": "112"}
    assert reserved_extensions(country) == {"112", "0112"}


def test_reserved_are_all_spellings_and_in_belgium_100_to_112() -> None:
    assert reserved_extensions("BE") == {*BELGIAN, *(str(number) for number in range(100, 113))}


@pytest.mark.parametrize("section, key", EXTENDED)
def test_no_extension_of_any_kind_may_stand_before_an_emergency_number(section: str, key: str) -> None:
    reserved = [*map(str, range(100, 113)), "1712", "1813", "116000", "0112", "0100", "01712"]
    for extension in reserved:
        assert faults(section, key, extension) == [
            f'{section}.{key}.extension: extension "{extension}" is kept free for emergency numbers; choose another'
        ]


@pytest.mark.parametrize("section, key", EXTENDED)
@pytest.mark.parametrize("extension", ["99", "113", "1711", "1814", "116001", "1120", "11"])
def test_what_only_resembles_an_emergency_number_may_be_an_extension(section: str, key: str, extension: str) -> None:
    assert faults(section, key, extension) == []


def test_in_a_country_without_a_list_only_112_is_kept_free() -> None:
    assert len(faults("people", "marc", "112", "FR")) == 1
    assert len(faults("people", "marc", "0112", "FR")) == 1
    assert faults("people", "marc", "101", "FR") == []


@pytest.mark.parametrize("section, key", EXTENDED)
def test_no_extension_may_stand_before_a_short_number_that_the_plan_dials(section: str, key: str) -> None:
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    document["outbound_routes"][1]["numbers"] = ["1722"]
    document[section][key]["extension"] = "1722"
    with pytest.raises(DocumentRefused, match='"1722" is a number of outbound route "everything else"'):
        load(document)
