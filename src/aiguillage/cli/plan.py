"""plan …: check, apply, export, publish, compare, take back."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiguillage.cli.common import (
    Json,
    Language,
    count,
    database,
    database_if_any,
    read_text,
    say,
    say_json,
    who,
    words_of,
)
from aiguillage.errors import DocumentRefused, NotFound, PlanUnsound
from aiguillage.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiguillage.routing.plan import Plan
    from aiguillage.store.database import Database

app = typer.Typer()
plan_app = typer.Typer(help="The plan: everything that decides where a call goes.", no_args_is_help=True)
app.add_typer(plan_app, name="plan")

PlanFile = Annotated[Path, typer.Argument(help="A plan document, YAML or JSON; - reads standard input.")]
Comment = Annotated[str, typer.Option(help="What changed, for whoever looks back.")]
_NAMES = "draft, live, a version's number, a replaced draft's revision, or a file"
_KEPT = re.compile(r"draft|live|[0-9]+|[0-9a-f]{8,32}")
_REVISION = re.compile(r"\A# draft (?P<revision>[0-9a-f]{32})\b")


def _document_in(file: Path) -> tuple[Any, str | None]:
    """The document, and the revision of the draft that it was exported from, where the first line says so."""
    from aiguillage import text_formats

    text = read_text(file)
    exported = _REVISION.match(text)
    return text_formats.read_yaml(text), exported["revision"] if exported else None


def _named(opened: "Database | None", name: str) -> "Mapping[str, Any]":
    """What a name of a plan, or else a file, holds. Raises NotFound, Refused, DocumentRefused."""
    from aiguillage.desk import editing

    if _KEPT.fullmatch(name):
        if opened is None:
            raise NotFound("there is no database yet; run: aiguillage migrate")
        return editing.document_of(opened, name)
    document: Mapping[str, Any] = _document_in(Path(name))[0]
    return document


@plan_app.command("check")
def plan_check(
    file: Annotated[str, typer.Argument(metavar="PLAN", help=f"What to prove: {_NAMES}.")] = "draft",
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Prove that no call of the next twelve months gets lost; change nothing. Errors give exit status 1."""
    from aiguillage.desk import editing, proving

    settings = load_settings()
    with database_if_any(settings) as opened:
        try:
            plan = editing.check(_named(opened, file))
        except DocumentRefused as wrong:
            if not as_json:
                raise
            say_json({"ok": False, "faults": [{"path": f.path, "message": f.message} for f in wrong.faults]})
            raise typer.Exit(1) from None
        problems = proving.prove(opened, plan, datetime.now(UTC), settings.longest_ringing)
    sound = not any(problem.severity == "error" for problem in problems)
    if as_json:
        say_json({"ok": sound, "faults": [], "problems": proving.as_data(plan, problems)})
    else:
        _say_problems(plan, problems, language)
        if sound:
            words = words_of(plan, language)
            routes, people = len(plan.inbound_routes), len(plan.people)
            say(words("{name}: a good plan. No call gets lost in the next twelve months.", name=file))
            say(words("Inbound routes: {routes}, people: {people}.", routes=routes, people=people))
    if not sound:
        raise typer.Exit(1)


def _say_problems(plan: "Plan", problems: "Sequence[Any]", language: str) -> None:
    from aiguillage.desk import proving

    words = words_of(plan, language)
    for line in proving.in_words(words, plan, problems):
        say(line)
    if problems:
        errors = sum(problem.severity == "error" for problem in problems)
        say("")
        said = words.many(errors, "{number} error", "{number} errors")
        warned = words.many(len(problems) - errors, "{number} warning", "{number} warnings")
        say(f"{said}, {warned}.")


@plan_app.command("apply")
def plan_apply(
    file: PlanFile,
    publish: Annotated[bool, typer.Option("--publish", help="Publish it at once.")] = False,
    comment: Annotated[str, typer.Option(help="With --publish: what changed, for whoever looks back.")] = "",
    language: Language = "",
) -> None:
    """Replace the draft by a plan document. Calls follow it once it is published.

    A file that `plan export` wrote is refused when somebody else has changed the draft since.
    """
    from aiguillage.desk import editing

    document, exported_from = _document_in(file)
    with database() as opened:
        editing.apply(opened, document, exported_from, editing.Editor(who()))
        say(f"The draft is now {file}.")
        if publish:
            _publish(opened, comment, language)
            return
    say("Calls still follow the published plan; publish the draft with: aiguillage plan publish")


@plan_app.command("export")
def plan_export(as_json: Json = False) -> None:
    """Print the draft as one document, YAML or JSON."""
    from aiguillage import text_formats
    from aiguillage.desk import editing

    with database() as opened:
        document = editing.draft(opened)
    if as_json:
        say_json(document)
    else:
        said = "plan apply takes this file as long as nobody else has changed the draft"
        typer.echo(f"# draft {editing.revision(document)} ({said})")
        typer.echo(text_formats.write_yaml(document), nl=False)


@plan_app.command("publish")
def plan_publish(comment: Comment = "", language: Language = "") -> None:
    """Make the draft the plan that calls follow, from the next call on. A plan with errors is not published."""
    with database() as opened:
        _publish(opened, comment, language)


def _publish(opened: "Database", comment: str, language: str) -> None:
    from aiguillage.cli.following import until_followed
    from aiguillage.desk import editing
    from aiguillage.desk.publishing import publish

    try:
        number = publish(opened, datetime.now(UTC), who(), comment, load_settings().longest_ringing)
    except PlanUnsound as wrong:
        plan = editing.check(editing.draft(opened))
        _say_problems(plan, wrong.problems, language)
        errors = sum(problem.severity == "error" for problem in wrong.problems)
        raise NotPublished(f"the draft was not published: {count(errors, 'error')}") from None
    followed, said = until_followed(load_settings(), number)
    say(f"Published as version {number}; {said}.")
    if not followed:
        raise typer.Exit(1)


class NotPublished(PlanUnsound):
    """The problems have been said."""

    def __init__(self, said: str) -> None:
        super().__init__(())
        self.args = (said,)


@plan_app.command("versions")
def plan_versions(as_json: Json = False) -> None:
    """List what was published, the newest first, and drafts that were replaced."""
    from aiguillage.desk import editing
    from aiguillage.desk.publishing import versions

    with database() as opened:
        published, drafts = versions(opened), editing.replaced(opened)
    if as_json:
        say_json(
            {
                "versions": [
                    {
                        "number": each.number,
                        "published_at": each.published_at.isoformat(),
                        "published_by": each.published_by,
                        "comment": each.comment,
                        "checksum": each.checksum,
                    }
                    for each in published
                ],
                "replaced_drafts": [
                    {
                        "revision": each.revision,
                        "replaced_at": each.replaced_at.isoformat(),
                        "replaced_by": each.replaced_by,
                    }
                    for each in drafts
                ],
            }
        )
        return
    for version in published:
        when = f"{version.published_at:%Y-%m-%d %H:%M} UTC"
        say(f"{version.number:4}  {when}  {version.published_by:12}  {version.checksum[:8]}  {version.comment}")
    if not published:
        say("Nothing has been published yet.")
    if drafts:
        say("Drafts that were replaced; plan show and plan restore take their revision:")
    for draft in drafts:
        say(f"  {draft.revision[:12]}  {draft.replaced_at:%Y-%m-%d %H:%M} UTC  replaced by {draft.replaced_by}")


@plan_app.command("show")
def plan_show(
    name: Annotated[
        str, typer.Argument(metavar="PLAN", help="A version's number, draft, live, or a revision.")
    ] = "live",
    as_json: Json = False,
) -> None:
    """Print a version of the plan as it was published."""
    from aiguillage import text_formats
    from aiguillage.desk import editing

    with database() as opened:
        document = editing.document_of(opened, name)
    if as_json:
        say_json(document)
    else:
        typer.echo(text_formats.write_yaml(document), nl=False)


@plan_app.command("restore")
def plan_restore(
    name: Annotated[str, typer.Argument(metavar="PLAN", help="A version's number, or a replaced draft's revision.")],
    publish: Annotated[bool, typer.Option("--publish", help="Publish it at once.")] = False,
    comment: Annotated[str, typer.Option(help="With --publish: why, for whoever looks back.")] = "",
    language: Language = "",
) -> None:
    """Bring a version back as the draft. Calls follow it once it is published; the draft that it replaces is kept."""
    from aiguillage.desk import editing

    with database() as opened:
        if name == "draft":
            raise NotFound("the draft is the draft already; name a version's number")
        editing.restore(opened, name, by=editing.Editor(who()))
        say(f"The draft is now as {'version ' if name.isdecimal() else ''}{name} was.")
        if publish:
            _publish(opened, comment or f"version {name} again", language)
            return
    say("Calls still follow the published plan; publish the draft with: aiguillage plan publish")


@plan_app.command("diff")
def plan_diff(
    before: Annotated[str, typer.Argument(metavar="A", help=f"The one: {_NAMES}.")] = "live",
    after: Annotated[str, typer.Argument(metavar="B", help="The other.")] = "draft",
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Say what differs between two plans: as settings, and as calls over the next twelve months."""
    from aiguillage.desk import comparing, editing

    with database() as opened:
        plans = [editing.check(_named(opened, name)) for name in (before, after)]
    found = comparing.compare(plans[0], plans[1], datetime.now(UTC))
    words = words_of(plans[1], language)
    if as_json:
        say_json(comparing.as_data(words, found))
        return
    for line in comparing.in_words(words, found):
        say(line)
