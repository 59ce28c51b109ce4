"""Calls: where they would go and went, a timetable, whom they reach, past ones through the draft, a real one."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from aiguillage.cli.common import Json, Language, database, day, instant, read_bytes, say, say_json, words_of
from aiguillage.settings import load_settings

app = typer.Typer()

To = Annotated[str, typer.Option("--to", help="Our number, or its name in the plan. Default: the first.")]


@app.command()
def explain(
    caller: Annotated[str, typer.Option("--from", help="The caller's number in any spelling, or: withheld.")] = "",
    called: To = "",
    at: Annotated[str, typer.Option("--at", help='When, on our clock: "2026-11-24 10:00". Default: now.')] = "",
    key: Annotated[list[str] | None, typer.Option(help="A key pressed in a menu, main:1; again for each.")] = None,
    returning: Annotated[str, typer.Option(help="Who of us has just called that number (a person's key).")] = "",
    past: Annotated[str, typer.Option("--call", help="A call that was: its id, or: last.")] = "",
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Say where a call would go, and why; or where a past one went. Nothing rings.

    A call in the past is explained by the version that was live then.
    """
    from aiguillage.desk import explaining
    from aiguillage.desk.snapshot import load_snapshot

    if past:
        _recall(past, language, as_json)
        return
    if not caller:
        raise typer.BadParameter("say who calls: --from +32471000201, or which past call: --call last")
    with database() as opened:
        snapshot = load_snapshot(opened)
        first = next(iter(snapshot.plan.dids), "")
        question = explaining.Question(caller, called or first, instant(at), tuple(key or ()), returning)
        plan, description = explaining.explain_then(opened, snapshot, question, datetime.now(UTC))
    if as_json:
        say_json(description)
        return
    for line in explaining.in_words(words_of(plan, language), description, plan):
        say(line)


def _recall(wanted: str, language: str, as_json: bool) -> None:
    from aiguillage.desk import recalling

    with database() as opened:
        found = recalling.recall(opened, wanted)
    if as_json:
        say_json(recalling.as_data(found))
        return
    for line in recalling.in_words(words_of(found.plan, language), found):
        say(line)


@app.command()
def calls(
    number: Annotated[int, typer.Option(help="So many, at most.", min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """List the last calls, the newest first, with the ids that `explain --call` takes."""
    from aiguillage.desk import recalling

    with database() as opened:
        found = recalling.latest(opened, number)
    if as_json:
        say_json(
            {
                "calls": [
                    {"call": each.placed.call, "at": each.placed.at.isoformat(), "kind": each.placed.kind}
                    | {"from": each.placed.caller, "to": each.placed.called, "route": each.placed.route}
                    | {"outcome": each.outcome, "person": each.person, "steered_by": each.steered_by}
                    for each in found
                ]
            }
        )
        return
    for each in found:
        placed, alone = each.placed, "" if each.steered_by == "service" else f" (by Asterisk's {each.steered_by})"
        outcome = f"{each.outcome or 'goes on'}{f' by {each.person}' if each.person else ''}"
        who = f"{placed.caller or 'withheld':14}  {placed.called}"
        say(f"{placed.call}  {placed.at:%Y-%m-%d %H:%M} UTC  {who}  {placed.route or '-'}  {outcome}{alone}")
    if not found:
        say("The journal is empty.")


@app.command()
def timetable(
    called: To = "",
    caller: Annotated[
        str,
        typer.Option(
            "--from", help="A number, withheld, unknown, or what they are: president@hainaut. Default: everybody."
        ),
    ] = "",
    start: Annotated[str, typer.Option("--since", help="The first day. Default: today.")] = "",
    year: Annotated[bool, typer.Option("--year", help="A year, not a week.")] = False,
    ical: Annotated[bool, typer.Option("--ical", help="Print an iCalendar file, for a calendar programme.")] = False,
    plan_name: Annotated[str, typer.Option("--plan", help="live, draft, or a version's number.")] = "live",
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Print where calls go, span by span, for a week or a year: of one caller, or of every kind of caller."""
    from dataclasses import replace

    from aiguillage.desk import editing, tabling
    from aiguillage.desk.snapshot import load_snapshot

    with database() as opened:
        snapshot = load_snapshot(opened)
        if plan_name != "live":
            snapshot = replace(snapshot, plan=editing.check(editing.document_of(opened, plan_name)))
    plan = snapshot.plan
    words, to = words_of(plan, language), called or next(iter(plan.dids), "")
    since = tabling.first_day(plan, day(start), datetime.now(UTC))
    until = tabling.first_day(
        plan, (since + (tabling.YEAR if year else tabling.WEEK) + timedelta(hours=12)).date(), since
    )
    if not caller:
        if ical:
            raise typer.BadParameter("a calendar is one caller's: say which with --from")
        groups = list(tabling.groups(plan, tabling.did_of(plan, to), since, until))
        if as_json:
            say_json({"to": to, "groups": tabling.groups_as_data(groups)})
            return
        for line in tabling.groups_in_words(words, plan, groups, since, until):
            say(line)
        return
    entries = tabling.entries(snapshot, to, caller, since, until)
    if ical:
        title = words("{caller} to {called}", caller=caller, called=to)
        sys.stdout.buffer.write(tabling.as_calendar(words, plan, title, entries, datetime.now(UTC)))
    elif as_json:
        say_json({"to": to, "from": caller, "entries": tabling.as_data(plan, entries)})
    else:
        for line in tabling.week_in_words(words, plan, entries):
            say(line)


@app.command("reached-by")
def reached_by(
    person: Annotated[str, typer.Argument(help="The person's key in the plan.")],
    plan_name: Annotated[str, typer.Option("--plan", help="live, draft, or a version's number.")] = "live",
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Say which calls reach a person over the next twelve months: when, from whom, by which route."""
    from aiguillage.desk import editing, reaching, tabling

    with database() as opened:
        plan = editing.check(editing.document_of(opened, plan_name))
    since = tabling.first_day(plan, None, datetime.now(UTC))
    found = list(reaching.reaching(plan, person, since, since + tabling.YEAR))
    if as_json:
        say_json({"person": person, "reached_by": reaching.as_data(found)})
        return
    for line in reaching.in_words(words_of(plan, language), plan, found, since, since + tabling.YEAR):
        say(line)


@app.command()
def replay(
    start: Annotated[str, typer.Option("--since", help="From this day on. Default: 30 days ago.")] = "",
    file: Annotated[
        Path | None, typer.Option("--csv", help="Calls of a file (columns at, from, to; or a CDR), not of the journal.")
    ] = None,
    before: Annotated[str, typer.Option("--from-plan", help="live, or a version's number.")] = "live",
    after: Annotated[str, typer.Option("--to-plan", help="draft, or a version's number.")] = "draft",
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Run past calls through the draft: how many would go elsewhere, which, and where to. Nothing rings."""
    from aiguillage.desk import editing, replaying, tabling
    from aiguillage.desk.snapshot import load_snapshot

    now = datetime.now(UTC)
    with database() as opened:
        snapshot = load_snapshot(opened)
        was, becomes = (editing.check(editing.document_of(opened, name)) for name in (before, after))
        since = tabling.first_day(was, day(start) or (now - timedelta(days=30)).date(), now)
        unread: tuple[str, ...] = ()
        forgotten = 0
        if file is None:
            placed, forgotten = replaying.from_journal(opened, since)
        else:
            placed, unread = replaying.from_csv(read_bytes(file), was)
            placed = [each for each in placed if not start or each.at >= since]
    found = replaying.replay(was, becomes, snapshot.directory, placed, _progress(len(placed)), unread)
    found = replace(found, forgotten=forgotten)
    words = words_of(becomes, language)
    if as_json:
        say_json(replaying.as_data(words, was, becomes, found))
        return
    for line in replaying.in_words(words, was, becomes, found):
        say(line)


def _progress(total: int) -> "Callable[[int], None]":
    """Tells a person at a terminal how far it is."""
    if not sys.stderr.isatty():
        return lambda _: None

    def tell(done: int) -> None:
        sys.stderr.write(f"\r{done:,} of {total:,} calls" + ("\n" if done == total else ""))
        sys.stderr.flush()

    return tell


@app.command()
def call(
    caller: Annotated[
        str, typer.Option("--from", help="Who calls: a number in any spelling, withheld, or a person of the plan.")
    ],
    called: Annotated[
        str, typer.Option("--to", help="Our number, or its name (default: the first); or what the person dials.")
    ] = "",
    at: Annotated[str, typer.Option("--at", help='Pretend that it is "2026-11-24 10:00". Default: now.')] = "",
    answer: Annotated[
        str,
        typer.Option(help='Who does what: "claire.gsm" or "claire.desk=busy claire.gsm=press 1". Default: all answer.'),
    ] = "",
    keys: Annotated[str, typer.Option(help="What the caller presses, by seconds since the answer: 5=2 9=1.")] = "",
    as_json: Json = False,
) -> None:
    """Place a real SIP call on the running demo, with simulated phones, and tell what happened."""
    from aiguillage.rehearsal import Words, rehearse_on_the_running_demo

    words = Words(caller, called, at, answer, keys)
    outcome = rehearse_on_the_running_demo(load_settings(), words, None if as_json else say)
    if as_json:
        say_json(outcome)
