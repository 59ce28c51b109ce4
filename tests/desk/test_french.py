"""French: every template of the sources is translated, no translation is left over, and real answers read as French."""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

import aiguillage
from aiguillage.desk import comparing, proving
from aiguillage.desk.explaining import Question, explain, in_words
from aiguillage.desk.snapshot import Snapshot
from aiguillage.desk.telling import story_in_words
from aiguillage.desk.wording import Words, words_for, words_in
from aiguillage.errors import Refused
from aiguillage.routing.document import load
from aiguillage.routing.notes import Listed, Moment, note
from aiguillage.routing.plan import Plan
from aiguillage.shipped import shipped
from aiguillage.store.journal import EventRecord
from aiguillage.text_formats import read_yaml
from tests.unit.examples import DIRECTORY, OFFICE_HOURS, PLAN, PLAN_TEXT, brussels

SOURCES = Path(aiguillage.__file__).parent
JOINING = {"or", "and", "then"}
TEMPLATE_VARIABLES = {"template", "one", "several"}
NOTES_AND_WORDS = {"routing/notes.py", "desk/wording/words.py"}
"""The two that take templates from others, as parameters."""
FRENCH = words_in("fr")
ENGLISH_WORDS = (" the ", " rings ", " becomes ", " while ")
LOOSE = re.compile(r" [:;?!»]|« ")


# --- The catalogue against the sources ---


def templates_in(tree: ast.AST) -> Iterator[str]:
    """Raises AssertionError for a template that is built, where nobody could find its translation."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="note" | "words") | ast.Attribute(attr="words" | "_words"), args=[first, *_]
            ):
                yield from _literals(first)
            case ast.Call(func=ast.Attribute(attr="many"), args=[_, one, several]):
                yield from (*_literals(one), *_literals(several))
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in TEMPLATE_VARIABLES:
                yield from _literals(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for variable, each in zip(names, values, strict=True):
                    if isinstance(variable, ast.Name) and variable.id in TEMPLATE_VARIABLES:
                        yield from _literals(each)
            case _:
                pass


def _literals(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(template)):
            yield template
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_literals(body), *_literals(orelse))
        case ast.Name(id=name) if name in TEMPLATE_VARIABLES:
            return
        case _:
            raise AssertionError(f"line {node.lineno}: {ast.unparse(node)} is no literal template")


@cache
def said() -> frozenset[str]:
    """Every template that the sources say; the empty one says nothing."""
    files = [file for file in SOURCES.rglob("*.py") if file.relative_to(SOURCES).as_posix() not in NOTES_AND_WORDS]
    trees = [ast.parse(file.read_text(encoding="utf-8"), file.name) for file in files]
    # `Words.moment` has a template of its own.
    return frozenset({"{day} at {time}"}.union(*map(templates_in, trees)) - {""})


@cache
def catalogue() -> dict[str, str]:
    with (shipped("locale") / "fr.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="fr") if message.id}


def places(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name is not None)


@pytest.mark.parametrize(
    "source, found",
    [
        ('note("a {b}", b=1)', ["a {b}"]),
        ('words("a" if few else "b")', ["a", "b"]),
        ('self._words("a")', ["a"]),
        ('words.many(2, "one", "several", of="x")', ["one", "several"]),
        ('one, several = "is {x}", "are {x}"', ["is {x}", "are {x}"]),
        ('template = "a"\nwords(template)', ["a"]),
        ('template = "a" if few else "b"', ["a", "b"]),
        ('print("a"); other = "b"; leg.note(message)', []),
    ],
)
def test_templates_are_found_where_the_sources_say_something(source: str, found: list[str]) -> None:
    assert list(templates_in(ast.parse(source))) == found


@pytest.mark.parametrize("source", ['words(f"{person} is away")', 'note("a" + b)', "words(text)"])
def test_a_template_that_nobody_could_translate_is_told(source: str) -> None:
    with pytest.raises(AssertionError, match="no literal template"):
        list(templates_in(ast.parse(source)))


def test_the_sources_say_many_things() -> None:
    assert len(said()) >= 150


def test_everything_that_is_said_has_its_french() -> None:
    assert sorted((said() | JOINING) - {template for template, french in catalogue().items() if french}) == []


def test_no_french_is_left_of_what_nobody_says_any_more() -> None:
    assert sorted(set(catalogue()) - said() - JOINING) == []


def test_the_french_has_the_same_places_as_the_english() -> None:
    assert {english: french for english, french in catalogue().items() if places(english) != places(french)} == {}


def test_the_french_begins_with_the_same_indentation() -> None:
    def indentation(text: str) -> int:
        return len(text) - len(text.lstrip(" "))

    wrong = {english: french for english, french in catalogue().items() if indentation(english) != indentation(french)}
    assert wrong == {}


def test_colons_semicolons_and_quotes_never_begin_or_end_a_line() -> None:
    """A no-break space keeps them with their words."""
    assert [french for french in catalogue().values() if LOOSE.search(french)] == []


# --- Numbers, dates, lists ---


def test_numbers_and_dates_are_written_as_belgians_do() -> None:
    assert FRENCH.number(1234) == "1\N{NARROW NO-BREAK SPACE}234"
    assert FRENCH.day(date(2026, 12, 4)) == "ven. 4 déc. 2026"
    assert FRENCH.weekday(4) == "vendredi"
    assert FRENCH.moment(brussels("2026-11-28 16:12")) == "sam. 28 nov. 2026 à 16:12"
    assert words_in("en").number(1234) == "1,234"


@pytest.mark.parametrize("number, french", [(0, "0 erreur"), (1, "1 erreur"), (2, "2 erreurs")])
def test_none_counts_as_one(number: int, french: str) -> None:
    assert FRENCH.many(number, "{number} error", "{number} errors") == french


def test_none_counts_as_several_in_english() -> None:
    assert words_in("en").many(0, "{number} error", "{number} errors") == "0 errors"


def test_lists_are_joined_in_french() -> None:
    joined = [FRENCH.say(Listed(("a", "b", "c"), word)) for word in ("or", "and", "then")]
    assert joined == ["a, b ou c", "a, b et c", "a, b puis c"]


def test_a_note_within_a_note_and_a_time_are_said_in_french() -> None:
    until = Moment(brussels("2026-12-04 14:00"), other_day=True)
    away = note("{person} is away until {until}", person="Claire", until=until)
    unmet = note("{person}: {phones} not rung, {why}", person="Tom", phones=Listed(("desk", "gsm")), why=away)
    expected = "Tom : on ne fait pas sonner desk et gsm, Claire n'est pas là (retour : ven. 4 déc. 2026 à 14:00)"
    assert spaced(FRENCH.say(unmet)) == expected


def spaced(text: str) -> str:
    """With an ordinary space wherever the French has one that does not break."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


# --- Whose language ---


def speaking(*languages: str) -> Plan:
    return replace(PLAN, organisation=replace(PLAN.organisation, languages=languages))


@pytest.mark.parametrize(
    "languages, asked, spoken",
    [
        (("fr", "nl"), "", "fr"),
        (("en", "fr"), "", "en"),
        (("nl", "fr"), "", "en"),
        (("nl",), "fr", "fr"),
        (("fr",), "en", "en"),
    ],
)
def test_the_language_asked_for_is_spoken_else_the_organisations_first_else_english(
    languages: tuple[str, ...], asked: str, spoken: str
) -> None:
    assert words_for(speaking(*languages), asked).language == spoken


def test_a_language_that_we_do_not_speak_is_refused_with_those_that_we_do() -> None:
    with pytest.raises(Refused, match="nl is not spoken here; choose en or fr"):
        words_for(speaking("nl"), "nl")
    with pytest.raises(Refused, match="xx is not spoken here"):
        words_in("xx")


# --- Stories ---


def in_french(lines: Iterator[str]) -> str:
    told = spaced("\n".join(lines))
    assert [word for word in ENGLISH_WORDS if word in f" {told} ".replace("\n", " ")] == []
    return told


def explained(words: Words, caller: str = "+32471000201", at: datetime = OFFICE_HOURS) -> Iterator[str]:
    return in_words(words, explain(Snapshot(PLAN, 3, DIRECTORY, 1), Question(caller, "central", at)), PLAN)


def test_an_explanation_in_french() -> None:
    told = in_french(explained(FRENCH))
    claire = "Claire Dubois puis Marc Lejeune, pour Régionale du Hainaut"
    for expected in (
        "Anne Lambert (Président local, Patro Saint-Rémy de Jumet), +32471000201, appelle Numéro central (+3271000001)",
        "le mar. 24 nov. 2026 à 10:00 ; langue de l'appel : fr.",
        "Ce numéro appartient à Anne Lambert (Président local, Patro Saint-Rémy de Jumet) et Anne Lambert (Parent, ",
        "Route : local leaders to their region\n  1. faire sonner Claire Dubois : desk, 15 s\n",
        "  2. faire sonner Claire Dubois : desk et Claire Dubois : gsm (taper 1), 20 s\n",
        "  5. prendre un message : Messagerie de l'accueil, annonce closed",
        "Les routes précédentes ne prennent pas cet appel :\n  nuisance : le numéro de l'appelant n'est pas +3265999*",
        "  camps, day and night : ne vaut que pour camps",
        "  somebody calls us back : personne de chez nous n'a appelé ce numéro depuis 7 jours",
        "Pourquoi ces étapes :\n  ring responsible : gardée (responsible : personne de disponible pour Patro ",
        f" ; responsible : {claire})\n  ring group:reception : gardée\n",
        "Version 3 du plan.",
    ):
        assert expected in told


def test_an_explanation_of_a_caller_who_is_not_shown_or_not_known() -> None:
    assert in_french(explained(FRENCH, "withheld")).startswith("Quelqu'un qui masque son numéro appelle Numéro central")
    rush = in_french(explained(FRENCH, "+32499000001", brussels("2026-11-24 15:30")))
    assert rush.startswith("Quelqu'un d'inconnu (+32499000001) appelle Numéro central")
    assert "mettre en file d'attente : File d'accueil, 180 s au plus ; la touche 1 demande un rappel" in rush
    assert "  local leaders to their region : l'appelant n'est pas dans l'annuaire" in rush


def test_a_proof_in_french() -> None:
    told = in_french(proving.in_words(FRENCH, PLAN, proving.prove(None, PLAN, OFFICE_HOURS)))
    for expected in (
        "avertissement units.federation\n",
        "  Personne ne répond pour Centre fédéral de Gilly, ni au-dessus ; 2 unités en tout.\n  Par exemple : ",
        " vers central le mar. 24 nov. 2026 à ",
        "  Remède : nommez quelqu'un (units.federation.mandates), ou sachez que l'étape sera passée\n",
        "  Langues qui manquent à cette annonce : nl, de et en ; on entend alors : fr.\n",
    ):
        assert expected in told


def test_errors_of_a_proof_in_french() -> None:
    document = copy.deepcopy(read_yaml(PLAN_TEXT))
    document["last_resort"] = {"steps": [{"ring": "group:reception"}]}
    document["people"]["marc"]["phones"]["gsm"]["number"] = "+3271000002"
    plan = load(document)
    told = in_french(proving.in_words(FRENCH, plan, proving.prove(None, plan, OFFICE_HOURS)))
    for expected in (
        "ERREUR last_resort.steps\n  Un appel que personne ne prend n'aboutit nulle part : ",
        "  Remède : terminez le dernier recours par une boîte vocale : - {voicemail: BOX}\n",
        "ERREUR people.marc.phones.gsm.number\n  Le +3271000002 est un de nos propres numéros : ",
        " : l'appel nous reviendrait.\n",
    ):
        assert expected in told


def test_a_comparison_in_french() -> None:
    document = copy.deepcopy(read_yaml(PLAN_TEXT))
    document["schedules"]["office"]["open"][1]["hours"] = "09:00-12:30 13:30-17:00"
    found = comparing.compare(PLAN, load(document), OFFICE_HOURS)
    told = in_french(comparing.in_words(FRENCH, found))
    for expected in (
        "1 réglage change :\n",
        "  changé schedules.office.open[1].hours : 09:00-12:30 13:30-16:00 -> 09:00-12:30 13:30-17:00\n",
        " changements pour les appels :\n",
        "  Président local et Animateur (Régionale de Liège), vers central\n    le vendredi 16:00-17:00, ",
        "    le vendredi 16:00-17:00, sauf ven. 25 déc. 2026, ven. 1 janv. 2027, ",
        "      avant : un message pour Messagerie de l'accueil ; après : Julie Servais (gsm puis home), Accueil puis ",
        "  tout le monde, vers sales\n",
        "après un appel de chez nous il y a moins de 7 jours, vers central, sales et un numéro qui n'est pas à nous\n",
    ):
        assert expected in told


def test_what_happened_to_a_call_in_french() -> None:
    def event(seconds: int, kind: str, phone: str | None = None, /, **detail: str) -> EventRecord:
        at = OFFICE_HOURS.replace(second=seconds)
        return EventRecord("1.1", at, kind, f"1.{phone}", "claire" if phone else None, phone, detail)

    events = [
        event(0, "step", kind="play", outcome=""),
        event(1, "ringing", "desk"),
        event(16, "leg-ended", "desk", outcome="NOANSWER", tech_cause=""),
        event(17, "ringing", "gsm"),
        event(21, "verdict", "gsm", verdict="accepted"),
        event(21, "answered", "gsm"),
        event(30, "call-ended"),
    ]
    assert in_french(iter(story_in_words(FRENCH, events, PLAN, OFFICE_HOURS))).splitlines() == [
        "     0.0 s  une annonce passe",
        "     1.0 s  Claire Dubois (desk) sonne",
        "    16.0 s  Claire Dubois (desk) ne répond pas, après 15 s de sonnerie",
        "    17.0 s  Claire Dubois (gsm) sonne",
        "    21.0 s  Claire Dubois (gsm) : a tapé 1",
        "    21.0 s  Claire Dubois (gsm) prend l'appel, après 4 s de sonnerie",
        "    30.0 s  fin de l'appel",
    ]
