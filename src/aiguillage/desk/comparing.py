"""What a change of the plan would do: in the document, and to calls, in few lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from aiguillage import text_formats
from aiguillage.desk.wording import Words
from aiguillage.desk.wording.callers import who
from aiguillage.desk.wording.stops import way, ways
from aiguillage.desk.wording.times import Spans, named_times, times
from aiguillage.routing import hours
from aiguillage.routing.callers import Callers
from aiguillage.routing.compare import (
    CallChange,
    CallsChanged,
    SettingChange,
    Way,
    calls_changed,
    differing_parts,
    settings_changed,
)
from aiguillage.routing.document import dump
from aiguillage.routing.notes import Listed
from aiguillage.routing.plan import Plan

HORIZON = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of two plans, over [since, until): from midnight on the organisation's clock."""

    before: Plan
    after: Plan
    since: datetime
    until: datetime
    settings: tuple[SettingChange, ...]
    calls: CallsChanged


def compare(before: Plan, after: Plan, now: datetime, horizon: timedelta = HORIZON) -> Comparison:
    """`now` is aware."""
    since = hours.midnight(after, now.astimezone(hours.zone(after)).date())
    until = since + horizon
    settings = settings_changed(dump(before), dump(after))
    calls = calls_changed(before, after, since, until)
    return Comparison(before, after, since, until, settings, calls)


# --- In words ----------------------------------------------------------------------------------------------


def in_words(words: Words, found: Comparison) -> Iterator[str]:
    """Settings first, then calls."""
    if not found.settings:
        yield words("Nothing differs.")
        return
    yield words.many(len(found.settings), "{number} setting changes:", "{number} settings change:")
    yield from (f"  {setting_in_words(words, change)}" for change in found.settings)
    yield ""
    sentences = list(_sentences(words, found))
    if not sentences:
        yield words("No call goes another way in the time that was looked at.")
        return
    yield words.many(len(sentences), "Calls change in {number} way:", "Calls change in {number} ways:")
    for sentence in sentences:
        yield words("  {callers}, to {numbers}", callers=sentence.callers, numbers=Listed(sentence.numbers))
        yield from (f"    {when}" for when in sentence.times)
        yield words("      was {was}, becomes {becomes}", was=sentence.was, becomes=sentence.becomes)


@dataclass(frozen=True, slots=True)
class _Sentence:
    callers: str
    numbers: tuple[str, ...]
    times: tuple[str, ...]
    was: str
    becomes: str


def _sentences(words: Words, found: Comparison) -> Iterator[_Sentence]:
    """One for what differs in the callers only, or in the number called only."""
    named = named_times(words, found.after, found.since, found.until, lambda key: _same_schedule(found, key))
    each = [_sentence(words, found, change, named) for change in found.calls.changes]
    by_callers: dict[object, list[_Sentence]] = {}
    for one in each:
        by_callers.setdefault((one.numbers, one.times, one.was, one.becomes), []).append(one)
    for alike in by_callers.values():
        callers = words("; ").join(dict.fromkeys(one.callers for one in alike))
        each = [replace(one, callers=callers) if one is alike[0] else one for one in each if one not in alike[1:]]
    by_number: dict[object, list[_Sentence]] = {}
    for one in each:
        by_number.setdefault((one.callers, one.times, one.was, one.becomes), []).append(one)
    for alike in by_number.values():
        yield replace(alike[0], numbers=tuple(number for one in alike for number in one.numbers))


def setting_in_words(words: Words, change: SettingChange) -> str:
    match change.kind:
        case "added":
            return words("added {path}: {value}", path=change.path, value=_value(change.after))
        case "removed":
            return words("removed {path}: {value}", path=change.path, value=_value(change.before))
        case "moved":
            return words(
                "moved {path}: from place {before} to {after}",
                path=change.path,
                before=change.before,
                after=change.after,
            )
        case "changed":
            return words(
                "changed {path}: {before} -> {after}",
                path=change.path,
                before=_value(change.before),
                after=_value(change.after),
            )


_LONGEST = 160


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else text_formats.write_json(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _sentence(words: Words, found: Comparison, change: CallChange, named: Mapping[Spans, str]) -> _Sentence:
    plan = found.after
    before, after = _parts(change)
    was, becomes = ways(words, found.before, before), ways(words, found.after, after)
    if was == becomes:
        was = way(words, found.before, before[0], fully=True)
        becomes = way(words, found.after, after[0], fully=True)
    if was == becomes:
        becomes = words("the same in another way: see the settings above")
    callers = who(words, plan, found.calls.domains[change.did], change.callers)
    if change.presses:
        keys = Listed(tuple(f"{press.menu}:{press.keys}" for press in change.presses), "then")
        callers = words("{callers} after key {keys}", callers=callers, keys=keys)
    spans = tuple((span.start, span.end) for span in change.spans)
    when = (named[spans],) if spans in named else tuple(times(words, plan, spans, found.since, found.until))
    number = change.did or words("a number that is none of ours")
    return _Sentence(callers, (number,), when, was, becomes)


def _same_schedule(found: Comparison, key: str) -> bool:
    both = [plan.schedules.get(key) for plan in (found.before, found.after)]
    calendars = [
        [plan.calendars[each.calendar] for each in schedule.exceptions] if schedule else None
        for plan, schedule in zip((found.before, found.after), both, strict=True)
    ]
    return both[0] == both[1] and calendars[0] == calendars[1]


def _parts(change: CallChange) -> tuple[list[Any], list[Any]]:
    pairs = [differing_parts(before.stops, after.stops) for before in change.before for after in change.after]
    return list(dict.fromkeys(was for was, _ in pairs)), list(dict.fromkeys(becomes for _, becomes in pairs))


# --- As data -----------------------------------------------------------------------------------------------


def as_data(words: Words, found: Comparison) -> Mapping[str, Any]:
    """JSON data: `settings` and `calls`, each with its sentence."""
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "settings": [
            {"path": each.path, "kind": each.kind, "before": each.before, "after": each.after}
            for each in found.settings
        ],
        "calls": [_call_as_data(words, found, each) for each in found.calls.changes],
    }


def _call_as_data(words: Words, found: Comparison, change: CallChange) -> Mapping[str, Any]:
    return {
        "to": change.did,
        "presses": [{"menu": press.menu, "keys": press.keys} for press in change.presses],
        "callers": [callers_as_data(callers) for callers in change.callers],
        "spans": [{"start": span.start.isoformat(), "end": span.end.isoformat()} for span in change.spans],
        "before": [_way_as_data(way) for way in change.before],
        "after": [_way_as_data(way) for way in change.after],
        "text": _as_text(words, _sentence(words, found, change, {})),
    }


def _as_text(words: Words, sentence: _Sentence) -> str:
    when = words("; ").join(sentence.times)
    said = words("{callers}, to {numbers}", callers=sentence.callers, numbers=Listed(sentence.numbers))
    return words(
        "{calls}, {when}: was {was}, becomes {becomes}",
        calls=said,
        when=when,
        was=sentence.was,
        becomes=sentence.becomes,
    )


def callers_as_data(callers: Callers) -> Mapping[str, Any]:
    """ "" stands for every other number, category, unit or language, and for a number that none of us has called."""
    facts = {each.name: getattr(callers, each.name) for each in fields(callers) if each.name != "showing"}
    return {"showing": callers.showing, **{name: sorted(values) for name, values in facts.items()}}


def _way_as_data(of: Way) -> Mapping[str, Any]:
    stops = [
        {
            "kind": stop.kind,
            "key": stop.key,
            "phones": [list(phones) for phones in stop.phones],
            "via": stop.via or None,
        }
        for stop in of.stops
    ]
    return {"route": of.route, "stops": stops}
