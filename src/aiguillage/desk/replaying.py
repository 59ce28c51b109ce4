"""Run past calls through another plan: how many would go elsewhere, which, and where to."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from aiguillage.desk.explaining import called_number, caller_number, instant_of
from aiguillage.desk.wording import Words
from aiguillage.desk.wording.stops import way, ways
from aiguillage.errors import Refused
from aiguillage.routing import hours
from aiguillage.routing.compare import Way, differing_parts
from aiguillage.routing.decide import Call, OutgoingCall
from aiguillage.routing.directory import Directory
from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import Plan, did_of
from aiguillage.routing.stops import stops
from aiguillage.routing.timetable import Row, Timetable
from aiguillage.store import journal
from aiguillage.store.database import Database
from aiguillage.store.retention import INBOUND, PSEUDONYM

LOOK_BACK = timedelta(days=60)
"""Our own calls before the time that is replayed: whoever returns one is known by it."""
_EXAMPLES = 3
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "at": ("at", "calldate", "start", "date", "time"),
    "from": ("from", "src", "caller", "source"),
    "to": ("to", "dst", "called", "destination"),
}
"""The names that a column may have; the second ones are those of Asterisk's CDR."""
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PastCall:
    """`at` is aware."""

    at: datetime
    caller: E164 | None
    called: E164
    last_outgoing: OutgoingCall | None = None


@dataclass(slots=True)
class Changed:
    """Calls that would go another way, told in the same words: `ways`, before and after. `examples`: the first."""

    did: str | None
    category: str | None
    ways: list[tuple[Way, Way]] = field(default_factory=list)
    number: int = 0
    examples: list[PastCall] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replay:
    """`changed`: the most frequent first. `unread`: lines of a file that are no calls, each with its reason.

    `forgotten`: calls of the journal that were left out, because their callers' numbers are not kept any more.
    """

    total: int
    changed: tuple[Changed, ...]
    unread: tuple[str, ...] = ()
    forgotten: int = 0

    @property
    def number_changed(self) -> int:
        return sum(each.number for each in self.changed)


# --- Past calls --------------------------------------------------------------------------------------------


def from_journal(database: Database, since: datetime) -> tuple[list[PastCall], int]:
    """The calls that came in since `since` (aware), in order, each with our own last call to that number; and how
    many there were whose callers' numbers are not kept any more."""
    forgotten = 0
    found: list[PastCall] = []
    last: dict[str, OutgoingCall] = {}
    with database.reading() as session:
        for placed in journal.placed(session, since - LOOK_BACK):
            at = datetime.fromisoformat(placed.asked_at) if placed.asked_at else placed.at
            if (placed.caller or "").startswith(PSEUDONYM):
                forgotten += placed.at >= since and placed.kind in INBOUND
            elif placed.kind == "outgoing":
                last[placed.called] = OutgoingCall(placed.caller, at)
            elif placed.kind in INBOUND and placed.at >= since:
                returned = last.get(placed.caller) if placed.caller else None
                found.append(PastCall(at, placed.caller, placed.called, returned))
    return found, forgotten


def from_csv(content: bytes, plan: Plan) -> tuple[list[PastCall], tuple[str, ...]]:
    """The calls in a file with the columns at, from, to (or as Asterisk's CDR names them), and what could not be read.

    Times without an offset are the organisation's. Raises Refused for a file without these columns.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("the file of calls is not UTF-8") from None
    separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    header = {name.strip().lower(): name for name in rows.fieldnames or ()}
    columns = {ours: next((header[each] for each in known if each in header), None) for ours, known in _COLUMNS.items()}
    lacking = [ours for ours, column in columns.items() if column is None]
    if lacking:
        raise Refused(f"the file of calls has no column {' and '.join(lacking)}; the first line names: at, from, to")
    calls: list[PastCall] = []
    unread: list[str] = []
    for row in rows:
        at, caller, called = (row.get(column or "") or "" for column in columns.values())
        try:
            calls.append(_past_call(plan, at, caller, called))
        except (Refused, ValueError) as wrong:
            unread.append(f"line {rows.line_num}: {wrong}")
    return calls, tuple(unread)


def _past_call(plan: Plan, at: str, caller: str, called: str) -> PastCall:
    number = caller_number(plan, caller) if caller.strip() else None
    return PastCall(instant_of(plan, datetime.fromisoformat(at.strip())), number, called_number(plan, called.strip()))


# --- Replayed ----------------------------------------------------------------------------------------------


def replay(
    before: Plan,
    after: Plan,
    directory: Directory,
    calls: Sequence[PastCall],
    progress: Progress = lambda _: None,
    unread: tuple[str, ...] = (),
) -> Replay:
    """Both plans decide each call, by today's directory, everybody being available.

    `progress` is told how many are done, now and then.
    """
    if not calls:
        return Replay(0, (), unread)
    since = min(call.at for call in calls)
    until = max(call.at for call in calls) + timedelta(minutes=1)
    both = _Both(before, after, directory, since, until)
    found: dict[object, Changed] = {}
    for number, call in enumerate(calls, start=1):
        difference = both.difference(call)
        if difference is not None:
            did, category, was, becomes = difference
            key: object = (did, category, _told(was, becomes))
            changed = found.setdefault(key, Changed(did, category))
            changed.number += 1
            if (was, becomes) not in changed.ways:
                changed.ways.append((was, becomes))
            if len(changed.examples) < _EXAMPLES:
                changed.examples.append(call)
        if number % 1000 == 0:
            progress(number)
    progress(len(calls))
    return Replay(len(calls), tuple(sorted(found.values(), key=lambda each: -each.number)), unread)


def _told(was: Way, becomes: Way) -> object:
    """The same for differences that are told in the same words."""
    parts = differing_parts(was.stops, becomes.stops)
    alike = tuple(tuple(each for each, _ in groupby(stop.alike for stop in part)) for part in parts)
    return alike if alike[0] != alike[1] else parts


Difference = tuple[str | None, str | None, Way, Way]


class _Both:
    """Two plans that decide the same calls; what a kind of caller gets in a state is worked out once."""

    def __init__(self, before: Plan, after: Plan, directory: Directory, since: datetime, until: datetime) -> None:
        self._plans, self._directory = (before, after), directory
        self._between = (since, until)
        self._tables: dict[E164, tuple[Timetable, Timetable]] = {}
        self._ways: dict[object, Mapping[object, Way]] = {}

    def difference(self, call: PastCall) -> Difference | None:
        asked = Call(call.called, call.caller, call.last_outgoing)
        tables = self._tables_of(call.called)
        rows = [table.row_of(self._directory, asked, call.at) for table in tables]
        was, becomes = (self._ways_of(table, row) for table, row in zip(tables, rows, strict=True))
        if was == becomes:
            return None
        contact = rows[1].kind.category or rows[0].kind.category or None
        for presses, way_then in was.items():
            way_now = becomes.get(presses)
            if way_now is not None and way_then.stops != way_now.stops:
                return tables[1].did or tables[0].did, contact, way_then, way_now
        return None

    def _tables_of(self, called: E164) -> tuple[Timetable, Timetable]:
        if called not in self._tables:
            dids = [did_of(plan, called) for plan in self._plans]
            before, after = (Timetable(plan, did, *self._between) for plan, did in zip(self._plans, dids, strict=True))
            self._tables[called] = (before, after)
        return self._tables[called]

    def _ways_of(self, table: Timetable, row: Row) -> Mapping[object, Way]:
        key = (table, row.route, table.holding(row.state, row.route), row.kind)
        if key not in self._ways:
            self._ways[key] = {
                presses: Way(None, stops(table.plan, decision.itinerary.steps))
                for presses, decision in table.follow(row).items()
            }
        return self._ways[key]


# --- In words ----------------------------------------------------------------------------------------------


def in_words(words: Words, before: Plan, after: Plan, found: Replay) -> Iterator[str]:
    yield words.many(
        found.number_changed,
        "{number} of {total} calls would go another way.",
        "{number} of {total} calls would go another way.",
        total=words.number(found.total),
    )
    for changed in found.changed:
        category = after.categories.get(changed.category or "") or before.categories.get(changed.category or "")
        called = changed.did or words("a number that is none of ours")
        by = category.name if category else words("other callers")
        yield words.many(
            changed.number,
            "{number} call by {callers} to {called}",
            "{number} calls by {callers} to {called}",
            callers=by,
            called=called,
        )
        was, becomes = _both_in_words(words, before, after, changed)
        yield words("  was {was}, becomes {becomes}", was=was, becomes=becomes)
        for call in changed.examples:
            caller, at = call.caller or words("a withheld number"), call.at.astimezone(hours.zone(after))
            yield words("  for example {caller} on {moment}", caller=caller, moment=words.moment(at))
    if found.forgotten:
        yield words.many(
            found.forgotten,
            "{number} call was left out: its caller's number is not kept any more.",
            "{number} calls were left out: their callers' numbers are not kept any more.",
        )
    if found.unread:
        yield words.many(len(found.unread), "{number} line was not read:", "{number} lines were not read:")
        yield from (f"  {line}" for line in found.unread[:20])


def _both_in_words(words: Words, before: Plan, after: Plan, changed: Changed) -> tuple[str, str]:
    pairs = [differing_parts(was.stops, becomes.stops) for was, becomes in changed.ways]
    was = ways(words, before, list(dict.fromkeys(part for part, _ in pairs)))
    becomes = ways(words, after, list(dict.fromkeys(part for _, part in pairs)))
    if was == becomes:
        was, becomes = way(words, before, pairs[0][0], fully=True), way(words, after, pairs[0][1], fully=True)
    return was, becomes


def as_data(words: Words, before: Plan, after: Plan, found: Replay) -> Mapping[str, Any]:
    return {
        "calls": found.total,
        "changed": found.number_changed,
        "groups": [
            {
                "to": each.did,
                "category": each.category,
                "number": each.number,
                **dict(zip(("was", "becomes"), _both_in_words(words, before, after, each), strict=True)),
                "examples": [{"at": call.at.isoformat(), "from": call.caller} for call in each.examples],
            }
            for each in found.changed
        ],
        "unread": list(found.unread),
        "forgotten": found.forgotten,
    }
