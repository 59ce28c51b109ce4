"""What Asterisk says by itself, in each of our languages; and the numbers where Debian has no sounds for them.

A prompt `confirm` is the file `builtin/confirm` of each language's folder.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

LANGUAGES = ("fr", "nl", "de", "en")
"""A language that is not among them hears English."""

ANNOUNCEMENTS: Mapping[str, tuple[str, str, str, str]] = {
    "confirm": (
        "Un appel pour vous. Pour le prendre, tapez 1. Pour le refuser, tapez 2.",
        "Een oproep voor u. Druk 1 om hem aan te nemen, 2 om te weigeren.",
        "Ein Anruf für Sie. Drücken Sie 1 zum Annehmen, 2 zum Ablehnen.",
        "A call for you. Press 1 to take it, 2 to refuse it.",
    ),
    "wrong-key": (
        "Ce choix n'existe pas.",
        "Die keuze bestaat niet.",
        "Diese Wahl gibt es nicht.",
        "There is no such choice.",
    ),
    "nobody-available": (
        "Personne ne peut vous répondre pour le moment. Vous pouvez laisser un message.",
        "Op dit moment kan niemand u te woord staan. U kunt een bericht achterlaten.",
        "Im Augenblick kann niemand Ihren Anruf annehmen. Sie können eine Nachricht hinterlassen.",
        "Nobody can take your call at the moment. You can leave a message.",
    ),
    "queue-you-are-next": (
        "Vous êtes le prochain.",
        "U bent de volgende.",
        "Sie sind als nächster an der Reihe.",
        "You are next.",
    ),
    "queue-you-are-number": (
        "Vous êtes le numéro",
        "U bent nummer",
        "Sie sind Nummer",
        "You are number",
    ),
    "queue-in-the-line": (
        "dans la file d'attente.",
        "in de wachtrij.",
        "in der Warteschlange.",
        "in the queue.",
    ),
    "callback-offer": (
        "Pour être rappelé sans perdre votre tour, tapez 1.",
        "Druk 1 om teruggebeld te worden zonder uw beurt te verliezen.",
        "Drücken Sie 1, um zurückgerufen zu werden, ohne Ihren Platz zu verlieren.",
        "To be called back without losing your turn, press 1.",
    ),
    "callback-promised": (
        "Nous gardons votre place et nous vous rappelons. Au revoir.",
        "We houden uw plaats en bellen u terug. Tot ziens.",
        "Wir halten Ihren Platz frei und rufen Sie zurück. Auf Wiederhören.",
        "We keep your place and call you back. Goodbye.",
    ),
    "callback-impossible": (
        "Nous ne pouvons pas noter votre numéro. Restez en ligne, vous gardez votre place.",
        "We kunnen uw nummer niet noteren. Blijf aan de lijn, u behoudt uw plaats.",
        "Wir können Ihre Nummer nicht aufnehmen. Bleiben Sie bitte am Apparat, Sie behalten Ihren Platz.",
        "We cannot note your number. Please hold the line, you keep your place.",
    ),
    "not-permitted": (
        "Ce numéro ne peut pas être appelé de ce téléphone.",
        "Dit nummer kan met dit toestel niet gebeld worden.",
        "Diese Nummer darf von diesem Telefon nicht gewählt werden.",
        "This number may not be called from this telephone.",
    ),
    "no-such-number": (
        "Ce numéro n'existe pas.",
        "Dit nummer bestaat niet.",
        "Diese Nummer gibt es nicht.",
        "There is no such number.",
    ),
    "too-many-calls": (
        "Ce téléphone a atteint sa limite d'appels.",
        "Dit toestel heeft zijn limiet bereikt.",
        "Dieses Telefon hat sein Anruflimit erreicht.",
        "This telephone has reached its limit of calls.",
    ),
    "unavailable": (
        "Les appels vers l'extérieur sont momentanément impossibles.",
        "Er kan op dit moment niet naar buiten gebeld worden.",
        "Anrufe nach außen sind im Augenblick nicht möglich.",
        "Outside calls are not possible at the moment.",
    ),
    "which-extension": (
        "Quel numéro interne ?",
        "Welk intern nummer?",
        "Welche interne Nummer?",
        "Which extension?",
    ),
    "state-available": (
        "Vous êtes de nouveau disponible.",
        "U bent weer bereikbaar.",
        "Sie sind wieder erreichbar.",
        "You are available again.",
    ),
    "state-do-not-disturb": (
        "Vous ne serez pas dérangé.",
        "U wordt niet gestoord.",
        "Sie werden nicht gestört.",
        "You will not be disturbed.",
    ),
    "state-away": (
        "Vous êtes noté absent.",
        "U staat als afwezig genoteerd.",
        "Sie sind als abwesend eingetragen.",
        "You are noted as away.",
    ),
    "state-forwarded": (
        "Vos appels sont renvoyés.",
        "Uw oproepen worden doorgeschakeld.",
        "Ihre Anrufe werden umgeleitet.",
        "Your calls are forwarded.",
    ),
}

_CALL_FROM: tuple[str, str, str, str] = (
    "Un appel de {who}. Pour le prendre, tapez 1. Pour le refuser, tapez 2.",
    "Een oproep van {who}. Druk 1 om hem aan te nemen, 2 om te weigeren.",
    "Ein Anruf von {who}. Drücken Sie 1 zum Annehmen, 2 zum Ablehnen.",
    "A call from {who}. Press 1 to take it, 2 to refuse it.",
)


def announcements(language: str) -> Iterator[tuple[str, str]]:
    """(prompt, text) of everything that Asterisk says by itself in `language`."""
    place = LANGUAGES.index(spoken(language))
    yield from ((prompt, texts[place]) for prompt, texts in ANNOUNCEMENTS.items())


def call_from(who: str, language: str) -> str:
    """What a person hears on the GSM that rang: who calls, and which key takes the call."""
    return _CALL_FROM[LANGUAGES.index(spoken(language))].format(who=who)


def spoken(language: str) -> str:
    """`language`, or English where we have no texts in it."""
    return language if language in LANGUAGES else "en"


def lacking_sounds(language: str) -> Iterator[tuple[str, str]]:
    """(name among Asterisk's sounds, text) of what Asterisk says by itself and Debian's sounds lack in `language`.

    Numbers are put together as main/say.c does; enough for a place in a queue of up to 999.
    """
    if language == "fr":
        yield from (("vm-INBOXs", "nouveaux"), ("vm-Olds", "anciens"))
    yield from ((f"digits/{name}", text) for name, text in _numbers(language))


def among_asterisks_sounds(language: str, prompts: Path) -> Iterator[tuple[str, Path]]:
    """(name in the folder of Asterisk's sounds of `language`, what of ours in `prompts` it leads to).

    Asterisk looks up what app_queue says by the call's language, so it must stand among its own sounds.
    """
    ours = prompts / language
    yield "aiguillage", ours / "builtin"
    yield from ((f"{name}.wav", ours / f"asterisk/{name}.wav") for name, _ in lacking_sounds(language))


def _numbers(language: str) -> Iterator[tuple[str, str]]:
    if language not in _AND:
        return
    yield from ((str(number), str(number)) for number in (*range(21), *range(30, 100, 10)))
    yield "hundred", {"nl": "honderd", "de": "hundert"}[language]
    if language == "nl":
        yield "nl-en", _AND[language]
        return
    yield "1N", "ein"
    yield "1F", "eine"
    yield from ((f"{number}-and", f"{_ONES_DE[number]}{_AND[language]}") for number in range(1, 10))


_AND = {"nl": "en", "de": "und"}
_ONES_DE = ("", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
