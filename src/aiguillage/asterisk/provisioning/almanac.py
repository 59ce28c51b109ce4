"""The almanac as dialplan, which extensions.conf's [timetable] reads: `generated/timetable.conf`.

    [timetable-site]            what the rest is read with: SALT, ZONE, WITHHELD, COUNTRY_…
    [timetable-known]           MD5 of SALT and a known caller's number -> class
    [timetable-unknown]         any number -> class, by the narrowest pattern
    [timetable-ours]            a number of ours -> its book
    [timetable-BOOK-lines]      class -> line
    [timetable-BOOK-columns]    day (UTC) -> column at the instant NOW
    [timetable-BOOK-pages]      line `x` column -> page
    [timetable-steps]           page -> the variables of an answer; page `p` MD5 of the keys pressed -> the same

Callers' numbers do not stand in it: it is read by nobody who may see the directory, and copied with backups.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from aiguillage.asterisk.channel_variables import assignments
from aiguillage.errors import Refused
from aiguillage.routing.almanac import Almanac, Book, Presses
from aiguillage.routing.itinerary import Itinerary
from aiguillage.routing.numbers import national_lengths, national_prefix

_DAY = timedelta(days=1)
DECISION = "timetable"
"""In place of a decision's id."""


def written(almanac: Almanac, salt: str, country: str, zone: str) -> Iterator[str]:
    """Its lines. `salt` is any text without an equal sign, comma or bracket; `zone` that of simulated wall clocks."""
    prefix, code = national_prefix(country)
    shortest, longest = national_lengths(country)
    site = {
        "SALT": salt,
        "ZONE": zone,
        "WITHHELD": str(almanac.withheld),
        "COUNTRY_CODE": code,
        "COUNTRY_PREFIX": prefix,
        "COUNTRY_NUMBER": f"^[+]{code}[0-9]{{{shortest},{longest}}}$",
    }
    yield "[timetable-site]\n"
    yield from _extension("s", site.items())
    yield "\n[timetable-known]\n"
    # Asterisk keeps a context in order and looks for the place of each from the front: the last come first.
    hashed = {_hash(salt, number): each for number, each in almanac.known.items()}
    yield from (f"exten = {each},1,Return({hashed[each]})\n" for each in sorted(hashed, reverse=True))
    yield "\n[timetable-unknown]\n"
    for pattern, each in almanac.unknown.items():
        yield f"exten = {_pattern(pattern)},1,Return({each})\n"
    yield "\n[timetable-ours]\n"
    for place, number in enumerate(almanac.books):
        yield f"exten = {number or '_+!'},1,Return({place})\n"
    for place, book in enumerate(almanac.books.values()):
        yield from _book(f"timetable-{place}", book, almanac)
    yield "\n[timetable-steps]\n"
    for place, page in enumerate(almanac.pages):
        for presses, itinerary in page.items():
            yield from _steps(f"{place}{_keys(presses)}", itinerary)


def _hash(salt: str, text: str) -> str:
    return hashlib.md5(f"{salt}{text}".encode(), usedforsecurity=False).hexdigest()


def _pattern(text: str) -> str:
    if not text:
        return "_+!"
    return f"_{text[:-1]}!" if text.endswith("*") else text


def _book(name: str, book: Book, almanac: Almanac) -> Iterator[str]:
    yield f"\n[{name}-lines]\n"
    yield from (f"exten = {each},1,Return({line})\n" for each, line in sorted(book.lines.items(), reverse=True))
    yield f"\n[{name}-columns]\n"
    for day, changes in _by_day(book, almanac.since, almanac.until):
        for place, (at, column) in enumerate(changes):
            first = f"exten = {day:%Y%m%d},1" if place == 0 else " same = n"
            if at is None:
                yield f"{first},Return({column})\n"
            else:
                yield f"{first},ExecIf($[${{NOW}} < {at.timestamp():.0f}]?Return({column}))\n"
    yield f"\n[{name}-pages]\n"
    yield from (f"exten = {line}x{column},1,Return({page})\n" for (line, column), page in book.pages.items())


_Changes = list[tuple[datetime | None, int | str]]


def _by_day(book: Book, since: datetime, until: datetime) -> Iterator[tuple[datetime, _Changes]]:
    """For each day (UTC): until when which column holds; None: until the end of the day. Before and after its time,
    none holds."""
    changes: list[tuple[datetime, int | str]] = [*book.columns, (until.astimezone(UTC), "")]
    day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    column: int | str = ""
    while day < until:
        found: _Changes = []
        for at, becomes in changes:
            if day <= at < day + _DAY:
                found.append((at, column))
                column = becomes
        yield day, [*found, (None, column)]
        day += _DAY


def _keys(presses: Presses) -> str:
    """As the dialplan makes it of PRESSED."""
    pressed = "&".join(f"{press.menu}:{press.keys}" for press in presses)
    return f"p{_hash('', pressed)}" if pressed else ""


def _steps(name: str, itinerary: Itinerary) -> Iterator[str]:
    """An itinerary that cannot be handed over leaves the last resort."""
    try:
        pairs: Iterable[tuple[str, str]] = assignments(itinerary, DECISION)
    except Refused:
        return
    yield from _extension(name, pairs)


def _extension(name: str, variables: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Gosub sets them."""
    for place, (variable, value) in enumerate(variables):
        yield f"{f'exten = {name},1' if place == 0 else ' same = n'},Set({variable}={value})\n"
    yield " same = n,Return()\n"
