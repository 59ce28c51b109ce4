"""A federation of the size that we are made for, invented to the last telephone: 18 regions, 240 local groups, 60
people on the staff, 22,000 contacts. The same at every run.
"""

import csv
import io
import random
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

REGIONS = 18
LOCAL_GROUPS = 240
PEOPLE = 60
CONTACTS = 22_000
LANGUAGES = ("fr", "nl", "de", "en")

CENTRE = 24
"""So many people work at the federal centre and have three digits; those of the regions have four."""

AT = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Europe/Brussels"))
"""A Tuesday, in office hours."""

_SEED = 22_000
# fmt: off
_FIRST_NAMES = [
    "Adèle", "Bruno", "Chloé", "Denis", "Élise", "Fabien", "Gaëlle", "Hugo", "Inès", "Jonas", "Karin", "Léo", "Maud",
    "Noé", "Odile", "Paul",
]
_LAST_NAMES = [
    "Arnoul", "Berwart", "Claessens", "Dervaux", "Evrard", "Fontigny", "Gillard", "Hanset", "Istasse", "Jadoul",
    "Kaisin", "Lorent",
]
_PLACES = [
    "Aubrive", "Belfays", "Chantefleur", "Drimont", "Erquenne", "Folvaux", "Grandbois", "Hautmarais", "Issonlez",
    "Jolipré", "Lonchêne",
]
_SAINTS = [
    "Agathe", "Benoît", "Cécile", "Damien", "Edmond", "Florence", "Gilles", "Hélène", "Irène", "Joseph", "Laurent",
    "Monique",
]
# fmt: on
_CATEGORIES = {
    "president": "Président local",
    "animator": "Animateur",
    "parent": "Parent",
    "municipality": "Commune",
    "movement": "Autre mouvement de jeunesse",
    "customer": "Client des jeux",
}
_DIDS = {
    "central": "Numéro central",
    "sales": "Jeux et outils",
    "camps": "Urgences camps",
    "training": "Formations",
    "houses": "Maisons de camp",
    "accounts": "Comptabilité",
}
_SERVICES = {"shop": "Boutique", "training": "Formations", "houses": "Maisons", "accounts": "Comptabilité"}
_DID_OF_SERVICE = {"shop": "sales", "training": "training", "houses": "houses", "accounts": "accounts"}
_SAID = {
    "welcome": "Bonjour, vous êtes bien à la Fédération.",
    "closed": "Nos bureaux sont fermés. Laissez-nous un message.",
    "busy": "Tous nos collègues sont en ligne. Merci de patienter.",
    "choices": "Pour votre région, tapez 1. Pour un service, tapez 2. Sinon, patientez.",
    "services": "Boutique, tapez 1. Formations, tapez 2. Maisons, tapez 3. Comptabilité, tapez 4.",
    "camps": "Vous êtes en ligne avec la permanence des camps.",
    "orders": "Pour une commande, tapez 1. Pour une livraison, tapez 2.",
    "holidays": "Nous sommes fermés pendant les congés.",
}


def document() -> dict[str, Any]:
    """The plan, as `routing.document.load` takes it."""
    return {
        "format": 1,
        "organisation": {
            "name": "Fédération des Patros imaginaires",
            "country": "BE",
            "timezone": "Europe/Brussels",
            "languages": list(LANGUAGES),
        },
        "trunks": {
            "operator": {"server": "127.0.0.1:5090", "channels": 60},
            "second": {"server": "127.0.0.1:5091", "channels": 30},
        },
        "dids": {
            key: {"number": f"+327100000{index}", "trunk": "operator", "label": label}
            for index, (key, label) in enumerate(_DIDS.items(), start=1)
        },
        **_hours(),
        "units": _units(),
        "categories": {key: {"name": name} for key, name in _CATEGORIES.items()},
        "people": _people(),
        **_targets(),
        "inbound_routes": _inbound_routes(),
        "outbound_routes": [
            {"name": "emergency", "numbers": ["112", "100", "101", "102"], "trunks": ["operator", "second"]},
            {"name": "Belgium", "numbers": ["+32*"], "trunks": ["operator", "second"], "show": "central"},
            {"name": "everywhere", "numbers": ["+*"], "trunks": ["second"], "show": "central"},
        ],
        "permissions": {"internal": [], "national": ["+32*"], "international": ["+*"]},
        "never_dial": ["+32900*", "+32901*", "+32902*", "+32903*", "+32904*", "+32905*", "+32906*"],
        "last_resort": {"steps": [{"ring": "group:reception"}, {"voicemail": "general"}]},
    }


def contacts_csv() -> bytes:
    """The directory, in the spellings and with the shared telephones of a real one. It is read without a remark."""
    chance = random.Random(_SEED)
    written = io.StringIO(newline="")
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["name", "numbers", "unit", "category", "language", "note"])
    categories = list(_CATEGORIES)
    home = 0
    for index in range(CONTACTS):
        name = f"{chance.choice(_FIRST_NAMES)} {chance.choice(_LAST_NAMES)} {index}"
        numbers = [_gsm(chance, index)]
        if chance.random() < 0.3:
            home = home if chance.random() < 0.2 else index  # some share theirs with whoever came before
            numbers.append(_at_home(chance, home))
        unit = f"local-{chance.randrange(LOCAL_GROUPS) + 1}"
        category = chance.choices(categories, weights=[1, 8, 12, 1, 1, 2])[0]
        language = chance.choices(LANGUAGES, weights=[90, 4, 4, 2])[0]
        rows.writerow([name, "; ".join(numbers), unit, category, language, ""])
    return written.getvalue().encode()


def _gsm(chance: random.Random, index: int) -> str:
    digits = f"{index:06}"
    pairs = f"{digits[:2]} {digits[2:4]} {digits[4:]}"
    return chance.choice([f"+32471{digits}", f"0471 {pairs}", f"0032 471 {pairs}", f"0471/{pairs.replace(' ', '.')}"])


def _at_home(chance: random.Random, index: int) -> str:
    digits = f"{index:06}"
    return chance.choice([f"+3265{digits}", f"065 {digits[:2]} {digits[2:4]} {digits[4:]}"])


def _hours() -> dict[str, Any]:
    closed = [{"calendar": "closures"}, {"calendar": "public-holidays"}]
    return {
        "calendars": {
            "public-holidays": {"public_holidays": "BE"},
            "closures": {
                "dates": [
                    {"from": f"{year}-12-24", "until": f"{year + 1}-01-03", "label": "Congés de fin d'année"}
                    for year in (2026, 2027, 2028)
                ]
            },
            "assembly": {"dates": [{"day": "2026-11-28", "label": "Assemblée générale"}]},
        },
        "schedules": {
            "office": {
                "open": [
                    {"days": "mon-thu", "hours": "09:00-12:30 13:30-17:00"},
                    {"days": "fri", "hours": "09:00-12:30 13:30-16:00"},
                ],
                "except": [{"calendar": "assembly", "hours": "10:00-13:00"}, *closed],
            },
            "rush": {"open": [{"days": "mon-fri", "hours": "15:00-16:00"}]},
            "evening": {"open": [{"days": "mon-thu", "hours": "17:00-21:00"}], "except": closed},
            "shop": {"open": [{"days": "tue,thu", "hours": "10:00-18:00"}], "except": closed},
            "night-duty": {"open": [{"days": "mon-sun", "hours": "22:00-06:00"}]},
            "weekend": {"open": [{"days": "sat,sun", "hours": "00:00-24:00"}]},
        },
    }


def _units() -> dict[str, Any]:
    names = [f"Patro Saint-{saint} de {place}" for saint, place in product(_SAINTS, _PLACES)]
    names += [f"Patro {name} (filles)" for name in names]
    units: dict[str, Any] = {"federation": {"name": "Centre fédéral", "level": "federal"}}
    for number in range(1, REGIONS + 1):
        permanent, deputy = f"regional-{2 * number - 1}", f"regional-{2 * number}"
        mandates: list[dict[str, Any]] = [
            {"person": permanent, "from": "2026-09-01", "until": "2028-08-31"},
            {"person": deputy, "deputy": True},
        ]
        if number % 3 == 0:
            mandates.insert(0, {"person": deputy, "from": "2024-09-01", "until": "2026-08-31"})
        units[f"region-{number}"] = {
            "name": f"Régionale {number} de {_PLACES[number % len(_PLACES)]}",
            "level": "regional",
            "parent": "federation",
            "mandates": mandates,
        }
    for number in range(1, LOCAL_GROUPS + 1):
        region = f"region-{number % REGIONS + 1}"
        units[f"local-{number}"] = {"name": names[number - 1], "level": "local", "parent": region}
    return units


def _people() -> dict[str, Any]:
    """Those of the centre have a desk phone, every second one a GSM too; those of the regions a GSM, some a desk."""
    names = [f"{first} {last}" for last, first in product(_LAST_NAMES, _FIRST_NAMES)]
    people = {}
    for index in range(PEOPLE):
        centre = index < CENTRE
        key = f"centre-{index + 1}" if centre else f"regional-{index - CENTRE + 1}"
        desk = {"kind": "fixed", "endpoint": key}
        gsm = {"kind": "gsm", "number": f"+32470000{index:03}"}
        with_desk, with_gsm = centre or index % 4 == 0, not centre or index % 2 == 0
        phones = {**({"desk": desk} if with_desk else {}), **({"gsm": gsm} if with_gsm else {})}
        people[key] = {
            "name": names[index * 3],
            "extension": f"{201 + index}" if centre else f"{6001 + index}",
            "email": f"{key}@patro.example",
            "languages": ["fr", LANGUAGES[index % 4]] if index % 4 else ["fr"],
            "phones": phones,
            "reach": [{"ring": [phone], "for": 20} for phone in phones],
            "outbound": "international" if index % 5 == 0 else "national",
            "voicemail": {"email": index % 2 == 0},
        }
    return people


def _targets() -> dict[str, Any]:
    centre = [f"centre-{number + 1}" for number in range(CENTRE)]
    groups: dict[str, Any] = {"reception": {"extension": "300", "name": "Accueil", "members": centre[:6], "for": 20}}
    boxes: dict[str, Any] = {"general": {"extension": "400", "name": "Messagerie générale", "greeting": "closed"}}
    for index, (key, name) in enumerate(_SERVICES.items(), start=1):
        members = centre[6 + 3 * index : 9 + 3 * index]
        groups[key] = {"extension": f"{300 + index}", "name": name, "strategy": "hunt", "members": members, "for": 12}
        boxes[key] = {"extension": f"{400 + index}", "name": f"Messagerie {name}", "email": f"{key}@patro.example"}
    for number in range(1, REGIONS + 1):
        members = [f"regional-{2 * number - 1}", f"regional-{2 * number}"]
        groups[f"region-{number}"] = {"extension": f"{310 + number}", "name": f"Régionale {number}", "members": members}
        boxes[f"region-{number}"] = {"extension": f"{410 + number}", "name": f"Messagerie de la régionale {number}"}
    queue = {"strategy": "leastrecent", "max_wait": 180, "announce_position": True, "offer_callback": True}
    return {
        "ring_groups": groups,
        "queues": {
            "front-desk": {"name": "File d'accueil", "members": centre[:8], "max_callers": 30, **queue},
            "orders": {"name": "File des commandes", "members": centre[9:15], "max_callers": 20, **queue},
        },
        "prompts": {
            key: {language: {"say": text if language == "fr" else f"({language}) {text}"} for language in LANGUAGES}
            for key, text in _SAID.items()
        },
        "menus": {
            "main": _menu("choices", [[{"ring": "responsible"}, *_reception()], [{"menu": "services"}]]),
            "services": _menu("services", [[{"ring": f"group:{key}"}, {"voicemail": key}] for key in _SERVICES]),
            "orders": _menu("orders", [[{"queue": "orders"}], [{"ring": "group:shop"}]]),
        },
        "voicemail_boxes": boxes,
    }


def _menu(prompt: str, choices: list[list[dict[str, Any]]]) -> dict[str, Any]:
    keys = {str(key): steps for key, steps in enumerate(choices, start=1)}
    return {"prompt": prompt, "wait": 5, "attempts": 2, "keys": keys, "otherwise": _reception()}


def _reception() -> list[dict[str, Any]]:
    return [{"ring": "group:reception"}]


def _inbound_routes() -> list[dict[str, Any]]:
    general: dict[str, Any] = {"voicemail": "general"}
    return [
        {"name": "nuisance", "from": {"numbers": ["+3265999*"]}, "steps": [{"hangup": "rejected"}]},
        {
            "name": "camps, day and night",
            "to": ["camps"],
            "steps": [{"play": "camps"}, {"ring": "person:centre-1"}, {"dial": "+32470000999"}, general],
        },
        {
            "name": "somebody calls us back",
            "from": {"returning_call": "P7D"},
            "when": "office",
            "steps": [{"ring": "last-colleague"}, *_reception(), general],
        },
        *_to_services(),
        *_to_regions(),
        {
            "name": "local leaders to their region",
            "to": ["central"],
            "from": {"categories": ["president", "animator"]},
            "when": "office",
            "steps": [{"ring": "responsible"}, *_reception(), general],
        },
        {
            "name": "rush hour",
            "to": ["central"],
            "when": ["rush", "office"],
            "steps": [{"play": "welcome"}, {"queue": "front-desk"}, general],
        },
        {
            "name": "everybody else in office hours",
            "to": ["central"],
            "when": "office",
            "steps": [{"play": "welcome"}, {"menu": "main"}, general],
        },
        {"name": "closed", "steps": [{"play": "closed"}, general]},
    ]


def _to_services() -> Iterator[dict[str, Any]]:
    for service, did in _DID_OF_SERVICE.items():
        steps = [{"menu": "orders"} if service == "shop" else {"ring": f"group:{service}"}, {"voicemail": service}]
        when = "shop" if service == "shop" else "office"
        yield {"name": f"{service}, open", "to": [did], "when": when, "steps": steps}
        yield {"name": f"{service}, closed", "to": [did], "steps": [{"play": "closed"}, {"voicemail": service}]}


def _to_regions() -> Iterator[dict[str, Any]]:
    """In the evening, leaders still reach their own region, and otherwise its message box."""
    for number in range(1, REGIONS + 1):
        yield {
            "name": f"evening, region {number}",
            "to": ["central"],
            "from": {"units": [f"region-{number}"], "categories": ["president", "animator"]},
            "when": "evening",
            "steps": [{"ring": f"group:region-{number}"}, {"voicemail": f"region-{number}"}],
        }
