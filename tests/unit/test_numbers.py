"""Telephone numbers as people write them, as plans match them, and as operators signal them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.errors import NumberRefused
from aiguillage.routing import numbers
from aiguillage.routing.numbers import (
    E164,
    Pattern,
    from_signalling,
    is_mobile,
    parse_dialled_pattern,
    parse_e164,
    parse_pattern,
    parse_written,
    written_nationally,
)

MOBILE, LANDLINE = "+32471000201", "+3271000201"
ODD_TEXTS = st.one_of(st.text(), st.text("+0123456789 ./()-*", max_size=45), st.text("٠١٢٣+32 \r\n\x00", max_size=20))


@pytest.mark.parametrize(
    "written, number",
    [
        ("+32471000201", MOBILE),
        ("0471 00 02 01", MOBILE),
        ("0471/00.02.01", MOBILE),
        ("0471/000201", MOBILE),
        ("0032471000201", MOBILE),
        ("00 32 471 00 02 01", MOBILE),
        ("+32 471 00 02 01", MOBILE),
        ("+32 (0)471 00 02 01", MOBILE),
        ("(+32) 471 00 02 01", MOBILE),
        ("  0471 00 02 01  ", MOBILE),
        ("0471\u00a000\u202f02\u201101", MOBILE),
        ("071 00 02 01", LANDLINE),
        ("071/00.02.01", LANDLINE),
        ("(071) 00 02 01", LANDLINE),
        ("071-00-02-01", LANDLINE),
        ("071–00–02–01", LANDLINE),
        ("02 500 00 00", "+3225000000"),
        ("04 300 01 03", "+3243000103"),
        ("+31 20 123 45 67", "+31201234567"),
        ("0033 1 23 45 67 89", "+33123456789"),
        ("+39 06 1234 5678", "+390612345678"),  # Italy keeps its 0
        ("+352 26 12 34 56", "+35226123456"),
    ],
)
def test_a_number_as_people_write_it(written: str, number: str) -> None:
    assert parse_written(written, "BE") == number


@pytest.mark.parametrize(
    "written, reason",
    [
        ("", "is no telephone number; expected digits"),
        ("   ", "is no telephone number; expected digits"),
        ("reception", "is no telephone number; expected digits"),
        ("0471 00 02 01 (bureau)", "is no telephone number; expected digits"),
        ("071/00.02.01 ext 12", "is no telephone number; expected digits"),
        ("+", "is no telephone number; expected digits"),
        ("0471+000201", "is no telephone number; expected digits"),
        ("٠٤٧١٠٠٠٢٠١", "is no telephone number; expected digits"),
        ("0471\n000201", "is no telephone number; expected digits"),
        ("201", "has not the length of a telephone number"),
        ("112", "has not the length of a telephone number"),
        ("0471 00 02", "has not the length of a telephone number"),
        ("0471 00 02 01 02", "has not the length of a telephone number"),
        ("081/22.33.44/45", "has not the length of a telephone number"),
        ("+999 123 45 67", "is no telephone number in any country"),
        ("0" * 40, "is no telephone number in any country"),
        ("0" * 41, "is no telephone number; expected digits"),
    ],
)
def test_what_is_no_number_is_refused(written: str, reason: str) -> None:
    with pytest.raises(NumberRefused, match=reason):
        parse_written(written, "BE")


def test_a_number_that_only_its_own_town_can_dial_is_refused() -> None:
    with pytest.raises(NumberRefused):
        parse_written("555 1234", "US")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("0471000201", r"'0471000201' is no E.164 number; write \+ and the country code, as in \+3271000001"),
        ("+32 471 00 02 01", "is no E.164 number"),
        ("+0471000201", "is no E.164 number"),
        ("+3247", "is no E.164 number"),
        ("+1234567890123456", "is no E.164 number"),
        ("+٣٢٤٧١٠٠٠٢٠١", "is no E.164 number"),
        ("+320471000201", r"'\+320471000201' holds a trunk prefix; write \+32471000201"),
        ("+9991234567", "is no telephone number in any country"),
        ("+3204710002", "has not the length of a telephone number"),
        ("+324710002", "has not the length of a telephone number"),
    ],
)
def test_a_plan_holds_e164_numbers_only(text: str, reason: str) -> None:
    with pytest.raises(NumberRefused, match=reason):
        parse_e164(text)


@pytest.mark.parametrize(
    "pattern, number, matches",
    [
        ("+3265999*", "+3265999123", True),
        ("+3265999*", "+3265998123", False),
        ("+3265999*", "+3265999", True),
        ("+*", "+31201234567", True),
        ("+*", "112", False),
        ("+32471000201", MOBILE, True),
        ("+32471000201", "+324710002011", False),
    ],
)
def test_a_pattern_ends_in_a_star_or_is_the_whole_number(pattern: str, number: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(number) is matches


@pytest.mark.parametrize(
    "text",
    ["*", "+32*71", "+32**", "32*", "0471*", "+", "+32 65*", "", "+32", "112", "+0*", "+٣٢*", "+3265999*\n"],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(NumberRefused, match=r"is no number pattern; write \+ and digits"):
        parse_pattern(text)


def test_short_numbers_are_patterns_where_we_dial() -> None:
    assert parse_dialled_pattern("112") == Pattern("112")
    assert parse_dialled_pattern("+32*") == Pattern("+32*")
    for text in ("1", "1234567", "11*", "١١٢"):
        with pytest.raises(NumberRefused):
            parse_dialled_pattern(text)


@pytest.mark.parametrize(
    "signalled, number",
    [
        ("+32471000201", MOBILE),
        ("0032471000201", MOBILE),
        ("0471000201", MOBILE),
        ("32471000201", MOBILE),
        ("471000201", MOBILE),
        ("+3271000201", LANDLINE),
        ("003271000201", LANDLINE),
        ("071000201", LANDLINE),
        ("3271000201", LANDLINE),
        ("71000201", LANDLINE),
        ("32471000", "+3232471000"),  # too short with country code 32: a landline without its 0
        ("31201234567", "+31201234567"),
        ("0031201234567", "+31201234567"),
    ],
)
def test_a_number_as_operators_signal_it(signalled: str, number: str) -> None:
    assert from_signalling(signalled, "BE") == number


@pytest.mark.parametrize(
    "signalled",
    [
        "",
        " ",
        "anonymous",
        "Anonymous",
        " RESTRICTED ",
        "unavailable",
        "201",
        "112",
        "1722",
        "4" * 40,
        "+" + "3" * 16,
        "0471 00 02 01",
        "0471000201\r\n",
        "0471000201\nagi_network_script: x",
        "0471\x00000201",
        "0471000201;phone-context=x",
        "sip:0471000201",
        "٠٤٧١٠٠٠٢٠١",
        "०४७१०००२०१",
        "+999123456789",
        "claire",
        "*31#0471000201",
    ],
)
def test_everything_else_counts_as_a_withheld_number(signalled: str) -> None:
    assert from_signalling(signalled, "BE") is None


def test_mobile_numbers_are_told_from_fixed_ones() -> None:
    assert is_mobile(E164(MOBILE))
    assert not is_mobile(E164(LANDLINE))
    assert is_mobile(E164("+14155550100"))  # the plan of North America does not tell them apart


def test_numbers_are_shown_as_people_write_them() -> None:
    assert written_nationally(E164(MOBILE), "BE") == "0471 00 02 01"
    assert written_nationally(E164("+31201234567"), "BE") == "+31 20 123 4567"


@given(ODD_TEXTS, st.sampled_from(["BE", "DE", "US", "IT"]))
def test_any_text_is_a_number_or_refused(text: str, country: str) -> None:
    try:
        number = parse_written(text, country)
    except NumberRefused:
        return
    assert parse_e164(number) == number


@given(ODD_TEXTS)
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    for parse in (parse_e164, parse_pattern, parse_dialled_pattern):
        try:
            parse(text)
        except NumberRefused as refused:
            assert str(refused)  # noqa: PT017


@given(ODD_TEXTS, st.sampled_from(["BE", "DE", "US", "IT"]))
def test_any_signalled_text_is_a_number_or_withheld(text: str, country: str) -> None:
    number = from_signalling(text, country)
    assert number is None or parse_e164(number) == number


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_any_e164_number_is_read_alike_however_it_comes(text: str) -> None:
    try:
        number = parse_e164(text)
    except NumberRefused:
        return
    assert parse_written(number, "BE") == from_signalling(number, "BE") == number
    is_mobile(number)
    assert parse_written(written_nationally(number, "BE"), "BE") == number


@given(
    home=st.sampled_from(["+32 BE", "+33 FR", "+31 NL", "+49 DE", "+352 LU", "+44 GB", "+39 IT", "+1 US"]),
    digits=st.text("0123456789", min_size=4, max_size=15),
)
def test_a_number_that_needs_no_library_is_what_the_library_finds(home: str, digits: str) -> None:
    code, country = home.split()
    text = code + digits
    if numbers._usual(country).fullmatch(text):
        assert numbers._possible(text, country) == text
        assert from_signalling(text, country) == text


@pytest.mark.parametrize("number", [MOBILE, LANDLINE])
def test_most_callers_need_no_library(number: str) -> None:
    assert numbers._usual("BE").fullmatch(number)
