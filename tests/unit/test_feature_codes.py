"""What people dial to say where they are. The codes: feature_codes.py."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.errors import NumberRefused, Refused
from aiguillage.routing.feature_codes import state_dialled
from aiguillage.routing.numbers import E164
from aiguillage.routing.presence import AVAILABLE, Presence
from tests.unit.examples import BRUSSELS, OFFICE_HOURS, brussels

GSM = E164("+32470000199")


def state(text: str, now: datetime = OFFICE_HOURS) -> Presence:
    return state_dialled(text, "BE", now, BRUSSELS)


def back_at(text: str, now: datetime) -> str:
    """When somebody who dials `text` at `now` is back, on the clock in Brussels; `now` may come in any zone."""
    (until,) = {state(text, at).until for at in (now, now.astimezone(UTC))}
    assert until is not None
    assert until > now.astimezone(UTC)
    return f"{until.astimezone(UTC).astimezone(BRUSSELS):%Y-%m-%d %H:%M%z}"


@pytest.mark.parametrize(
    "text, asked",
    [
        ("*21*0470000199", Presence("forwarded", forward_to=GSM)),
        ("*21*0032470000199", Presence("forwarded", forward_to=GSM)),
        ("*21*+32470000199", Presence("forwarded", forward_to=GSM)),
        ("*26", Presence("do not disturb")),
        ("*27", Presence("away")),
        ("#21", AVAILABLE),
        ("#26", AVAILABLE),
        ("#27", AVAILABLE),
    ],
)
def test_a_code_says_where_its_owner_is_with_and_without_the_last_key(text: str, asked: Presence) -> None:
    assert state(text) == state(f"{text}#") == asked


@pytest.mark.parametrize("text", ["*27*1400", "*27*1400#"])
def test_away_until_a_time_of_day(text: str) -> None:
    assert state(text).state == "away"
    assert back_at(text, OFFICE_HOURS) == "2026-11-24 14:00+0100"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("*27*2400#", "2400 is no time of day; write four digits, as in 1400"),
        ("*27*1260#", "1260 is no time of day"),
        ("*27*900#", "900 is no time of day"),
        ("*27*09000#", "09000 is no time of day"),
        ("*27*+900#", "is no time of day"),
        ("*26*1400#", r"\*26# takes none"),
        ("*21#", r"\*21\* takes a number"),
        ("*21", r"\*21\* takes a number"),
        ("*21*#", "is no code"),
        ("*21*201#", "has not the length of a telephone number"),
        ("*21*0470000199##", "is no code"),
        ("*21*0470000199*20#", "is no code"),
        ("*21*0470000199012345#", "is no code"),
        ("*22#", "is no code"),
        ("#21*0470000199#", "is no code"),
        ("*21*٠٤٧٠٠٠٠١٩٩#", "is no code"),
        ("*26#\n", "is no code"),
        ("", "is no code"),
    ],
)
def test_what_is_no_code_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        state(text)


@pytest.mark.parametrize(
    "now, clock, back",
    [
        ("2026-11-24 10:00", "1400", "2026-11-24 14:00+0100"),
        ("2026-11-24 14:01", "1400", "2026-11-25 14:00+0100"),
        ("2026-11-24 14:00", "1400", "2026-11-25 14:00+0100"),
        ("2026-11-24 23:30", "0000", "2026-11-25 00:00+0100"),
        ("2026-12-31 23:30", "0030", "2027-01-01 00:30+0100"),
        # the night of spring: 02:00 is 03:00
        ("2027-03-27 22:00", "0800", "2027-03-28 08:00+0200"),
        ("2027-03-28 01:00", "0130", "2027-03-28 01:30+0100"),
        ("2027-03-28 01:15", "0130", "2027-03-28 01:30+0100"),
        ("2027-03-28 01:45", "0230", "2027-03-28 03:30+0200"),
        ("2027-03-28 01:45", "0300", "2027-03-28 03:00+0200"),
        ("2027-03-27 02:45", "0230", "2027-03-28 03:30+0200"),
        ("2027-03-28 12:00", "0230", "2027-03-29 02:30+0200"),
        # the night of autumn: 02:00 to 03:00 come twice
        ("2026-10-24 22:00", "0800", "2026-10-25 08:00+0100"),
        ("2026-10-25 01:30", "0215", "2026-10-25 02:15+0200"),
        ("2026-10-25 02:30", "0215", "2026-10-25 02:15+0100"),
        ("2026-10-25 02:30", "0245", "2026-10-25 02:45+0200"),
        ("2026-10-25 03:30", "0245", "2026-10-26 02:45+0100"),
    ],
)
def test_a_time_is_the_next_time_that_the_clock_shows_it(now: str, clock: str, back: str) -> None:
    assert back_at(f"*27*{clock}#", brussels(now)) == back


@pytest.mark.parametrize(
    "clock, back", [("0245", "2026-10-25 02:45+0100"), ("0215", "2026-10-26 02:15+0100"), ("0300", "2026-10-25 03:00")]
)
def test_in_the_second_of_two_equal_hours_a_time_to_come_is_still_today(clock: str, back: str) -> None:
    assert back_at(f"*27*{clock}#", brussels("2026-10-25 02:30", fold=1)).startswith(back)


CODES = st.one_of(
    st.text(),
    st.text("*#+0123456789", max_size=24),
    st.from_regex(r"[*#]2[167](\*\+?[0-9]{0,15})?#?", fullmatch=True),
)


INSTANTS = st.integers(0, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(text=CODES, now=INSTANTS)
def test_any_text_is_a_state_to_come_or_refused(text: str, now: datetime) -> None:
    try:
        asked = state(text, now)
    except (Refused, NumberRefused):
        return
    assert asked.until is None or 0 < (asked.until - now).total_seconds() <= 25 * 3600
