"""Small notations inside the document, each as a pair: text -> value, value -> text.

Parsers raise ValueError with a sentence that names the remedy.
"""

import re
from datetime import timedelta

from aiguillage.routing.plan import Span

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60
LONGEST_DURATION = timedelta(weeks=999)

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DURATION = re.compile(r"P(?:([0-9]{1,3})W)?(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,4})H)?(?:([0-9]{1,5})M)?)?")


def parse_days(text: str) -> tuple[int, ...]:
    """`mon-thu`, `fri`, `sat,sun`, `fri-mon` -> weekdays in week order (0 = Monday)."""
    days: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip().lower()):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f'"{part}" is no weekday; write mon, tue, wed, thu, fri, sat, sun or a range as mon-thu')
        start, end = DAYS.index(first), DAYS.index(last or first)
        days.update(day % 7 for day in range(start, end + 1 if end >= start else end + 8))
    return tuple(sorted(days))


def format_days(days: tuple[int, ...]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def parse_hours(text: str) -> tuple[Span, ...]:
    """`09:00-12:30 13:30-17:00` -> spans; `22:00-06:00` crosses midnight; `00:00-24:00` is the whole day."""
    return tuple(_parse_span(part) for part in re.split(r"[,\s]+", text.strip()))


def format_hours(spans: tuple[Span, ...]) -> str:
    return " ".join(f"{format_time(span.start)}-{format_time(span.end)}" for span in spans)


def format_time(minutes: int) -> str:
    """Minutes since midnight as the clock shows them; 24:00 stays 24:00."""
    shown = minutes if minutes <= MIDNIGHT else minutes - MIDNIGHT
    return f"{shown // 60:02}:{shown % 60:02}"


def parse_duration(text: str) -> timedelta:
    """`P7D`, `P2W`, `PT12H` (ISO 8601 durations of weeks, days, hours, minutes), at most 999 weeks."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        raise ValueError(f'"{text}" is no duration; write P7D for seven days or PT12H for twelve hours')
    weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
    duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    if not timedelta() < duration <= LONGEST_DURATION:
        raise ValueError(f'"{text}" is out of range; one minute (PT1M) to 999 weeks (P999W)')
    return duration


def format_duration(duration: timedelta) -> str:
    minutes = duration.seconds // 60
    days = f"{duration.days}D" if duration.days else ""
    time = (f"{minutes // 60}H" if minutes // 60 else "") + (f"{minutes % 60}M" if minutes % 60 else "")
    return "P" + days + ("T" + time if time else "")


def _parse_span(text: str) -> Span:
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f'"{text}" is no span of time; write 09:00-12:30')
    first, last = _parse_time(start), _parse_time(end)
    if first == MIDNIGHT:
        raise ValueError(f'"{text}" begins at 24:00; write 00:00 of the next day')
    if first == last:
        raise ValueError(f'"{text}" begins and ends at once; write 00:00-24:00 for a whole day')
    return Span(first, last if last > first else last + MIDNIGHT)


def _parse_time(text: str) -> int:
    match = _TIME.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if not match or int(match[2]) > 59 or minutes > MIDNIGHT:
        raise ValueError(f'"{text}" is no time of day; write 00:00 to 24:00')
    return minutes
