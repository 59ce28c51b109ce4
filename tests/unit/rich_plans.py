"""Plans, directories and calls by chance, which use every feature and get in each other's way: the same for a seed.

`plans.py` draws any valid plan, mostly odd ones; these are what an administrator might have, with schedules, patterns
and mandates that begin, end and overlap within the year from 23 November 2026.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, OutgoingCall
from aiguillage.routing.directory import Contact, Directory, directory_of
from aiguillage.routing.document import load
from aiguillage.routing.numbers import E164

FIRST = date(2026, 11, 23)
DAYS = 366
LANGUAGES = ["fr", "nl", "de", "en"]
CATEGORIES = ["president", "animator", "parent", "town"]
PATTERNS = ["+32499*", "+3249900*", "+324990000*", "+32499000005", "+3265*", "+32659990*", "+44*", "+*"]
STEMS = ["+324990000", "+3249900", "+32499", "+3265999", "+3265", "+4420", "+33142"]
Document = dict[str, Any]


def rich_plan(seed: int, *, sound: bool = False) -> p.Plan:
    """A valid plan. `sound`: without the mistakes that the proof calls errors."""
    return load(_Writer(random.Random(seed), sound).document())


class _Writer:
    """Writes one plan document."""

    def __init__(self, chance: random.Random, sound: bool) -> None:
        self.chance, self.sound = chance, sound
        self.dids = [f"did-{number}" for number in range(chance.randint(2, 4))]
        self.people = [f"person-{number}" for number in range(chance.randint(4, 8))]
        self.schedules = [f"hours-{number}" for number in range(chance.randint(3, 6))]
        self.calendars = ["holidays", "closed", "special"]
        self.units = ["top", *(f"region-{number}" for number in range(3)), *(f"local-{number}" for number in range(6))]
        self.groups = [f"group-{number}" for number in range(3)]
        self.queues = ["queue-0", "queue-1"]
        self.menus = [f"menu-{number}" for number in range(3)]
        self.prompts = ["welcome", "choices"]
        self.boxes = ["box-0", "box-1"]
        self.extension = 200

    def document(self) -> Document:
        chance = self.chance
        people = {key: self.person(key) for key in self.people}
        return {
            "format": 1,
            "organisation": {
                "name": "Plan by chance",
                "country": "BE",
                "timezone": "Europe/Brussels",
                "languages": chance.sample(LANGUAGES, chance.randint(1, 4)),
            },
            "trunks": {
                "one": {"server": "127.0.0.1:5090", **({} if self.sound else {"channels": chance.choice([2, 4, 30])})},
                "two": {"server": "127.0.0.1:5091"},
            },
            "dids": {
                key: {"number": f"+327100000{place + 1}", "trunk": chance.choice(["one", "two"])}
                for place, key in enumerate(self.dids)
            },
            "calendars": {
                "holidays": {"public_holidays": "BE"},
                "closed": {"dates": [self.dates() for _ in range(2)]},
                "special": {"dates": [{"day": str(self.day())}, self.dates()]},
            },
            "schedules": {key: self.schedule() for key in self.schedules},
            "units": {key: self.unit(key) for key in self.units},
            "categories": {key: {"name": key.title()} for key in CATEGORIES},
            "people": people,
            "ring_groups": {key: self.group(key) for key in self.groups},
            "queues": {key: self.queue(key) for key in self.queues},
            "prompts": {key: {language: {"say": key} for language in self.some(LANGUAGES)} for key in self.prompts},
            "menus": {key: self.menu(place) for place, key in enumerate(self.menus)},
            "voicemail_boxes": {
                "box-0": {"name": "Box", "extension": self.next_extension()},
                "box-1": {"name": "Other", "greeting": "welcome"},
            },
            "inbound_routes": [self.route(number) for number in range(chance.randint(5, 14))],
            "outbound_routes": self.outbound(),
            "permissions": {"all": ["+*"]},
            "never_dial": ["+32900*"],
            "last_resort": {"steps": self.last_resort()},
        }

    # --- time ---

    def day(self) -> date:
        return FIRST + timedelta(days=self.chance.randrange(DAYS))

    def dates(self) -> Document:
        first = self.day()
        return {"from": str(first), "until": str(first + timedelta(days=self.chance.randrange(20))), "label": "odd"}

    def hours(self) -> str:
        style = self.chance.randrange(5)
        if style == 0:
            return "00:00-24:00"
        if style == 1:
            return f"{self.chance.randint(17, 23)}:30-0{self.chance.randint(0, 8)}:15"
        noon = self.chance.randint(11, 13)
        return f"0{self.chance.randint(1, 9)}:00-{noon}:30 {noon + 1}:00-{self.chance.randint(15, 20)}:45"

    def schedule(self) -> Document:
        days = self.chance.choice(["mon-fri", "mon-sun", "sat,sun", "tue,thu", "sun"])
        exceptions = [
            {"calendar": calendar, **({"hours": self.hours()} if self.chance.random() < 0.5 else {})}
            for calendar in self.some(self.calendars, least=0)
        ]
        return {"open": [{"days": days, "hours": self.hours()}], **({"except": exceptions} if exceptions else {})}

    def condition(self) -> Document:
        found: Document = {}
        if self.chance.random() < 0.6:
            found["when"] = self.some(self.schedules, most=2)
        if self.chance.random() < 0.3:
            found["unless"] = self.some(self.schedules, most=2)
        return found

    # --- people ---

    def some(self, values: list[str], least: int = 1, most: int = 3) -> list[str]:
        return self.chance.sample(values, min(len(values), self.chance.randint(least, most)))

    def next_extension(self) -> str:
        self.extension += 1
        return str(self.extension)

    def person(self, key: str) -> Document:
        chance, number = self.chance, int(key.rpartition("-")[2])
        phones: Document = {}
        if chance.random() < 0.7:
            phones["desk"] = {"kind": "fixed", "endpoint": key}
        if chance.random() < 0.6:
            phones["gsm"] = {"kind": "gsm", "number": f"+3247000010{number}"}
        if chance.random() < 0.2:
            phones["home"] = {"kind": "fixed", "number": f"+3243000010{number}", "confirm": chance.random() < 0.5}
        if not self.sound and chance.random() < 0.05:
            phones["odd"] = {"kind": "gsm", "number": chance.choice(["+32900123456", "+3271000001"])}
        if not phones and (self.sound or chance.random() < 0.9):
            phones["desk"] = {"kind": "fixed", "endpoint": key}
        person: Document = {"name": key.title(), "languages": self.some(LANGUAGES), "phones": phones}
        if phones and chance.random() < 0.6:
            person["reach"] = [
                {"ring": self.some(list(phones)), "for": chance.randint(5, 15), **self.condition()}
                for _ in range(chance.randint(1, 2))
            ]
        if chance.random() < 0.5:
            person["voicemail"] = {}
        if chance.random() < 0.6:
            person["extension"] = self.next_extension()
        return person

    def unit(self, key: str) -> Document:
        unit: Document = {"name": key.title()}
        place = self.units.index(key)
        if place:
            unit["parent"] = "top" if place < 4 else self.units[self.chance.randint(1, 3)]
        chances = 0.3 if place == 0 else 0.8 if place < 4 else 0.2
        mandates = [self.mandate() for _ in range(self.chance.randint(1, 3)) if self.chance.random() < chances]
        return {**unit, **({"mandates": mandates} if mandates else {})}

    def mandate(self) -> Document:
        days = sorted([self.day(), self.day()])
        found: Document = {"person": self.chance.choice(self.people)}
        if self.chance.random() < 0.4:
            found["from"] = str(days[0])
        if self.chance.random() < 0.4:
            found["until"] = str(days[1])
        return {**found, **({"deputy": True} if self.chance.random() < 0.3 else {})}

    def group(self, key: str) -> Document:
        strategy = self.chance.choice(p.STRATEGIES)
        group = {"name": key.title(), "strategy": strategy, "members": self.some(self.people), "for": 8}
        return {**group, **({"extension": self.next_extension()} if self.chance.random() < 0.5 else {})}

    def queue(self, key: str) -> Document:
        return {
            "name": key.title(),
            "strategy": self.chance.choice(p.STRATEGIES),
            "members": self.some(self.people),
            "max_wait": self.chance.randint(20, 200),
            "offer_callback": self.chance.random() < 0.5,
            **({"extension": self.next_extension()} if self.chance.random() < 0.5 else {}),
        }

    # --- steps ---

    def menu(self, place: int) -> Document:
        """A sound menu leads without a key only to menus that stand behind it."""
        keys = {key: self.steps(menus=self.menus) for key in self.some(list("0123456789*#"), most=4)}
        behind = self.menus[place + 1 :] if self.sound or self.chance.random() < 0.8 else self.menus
        found: Document = {"prompt": "choices", "keys": keys, "otherwise": self.steps(menus=behind, least=0)}
        return {**found, **({"extensions": True} if self.chance.random() < 0.4 else {})}

    def steps(self, menus: list[str], least: int = 1) -> list[Document]:
        return [self.step(menus) for _ in range(self.chance.randint(least, 3))]

    def step(self, menus: list[str]) -> Document:
        chance = self.chance
        targets = [f"person:{chance.choice(self.people)}", f"group:{chance.choice(self.groups)}", "responsible"]
        steps: list[Document] = [
            {"play": chance.choice(self.prompts)},
            {"ring": chance.choice([*targets, "responsible", "last-colleague"])},
            {"ring": chance.choice(targets), "for": chance.randint(5, 12)},
            {"dial": f"+3247100020{chance.randint(0, 9)}", "for": 10},
            {"queue": chance.choice(self.queues)},
            {"voicemail": chance.choice(self.boxes)},
            {"hangup": chance.choice(list(p.HANGUP_CAUSES))},
            *([{"menu": chance.choice(menus)}] * 2 if menus else []),
        ]
        return chance.choice(steps)

    def route(self, number: int) -> Document:
        chance = self.chance
        found: Document = {"name": f"route {number}"}
        if chance.random() < 0.6:
            found["to"] = self.some(self.dids, most=2)
        caller = self.caller()
        if caller:
            found["from"] = caller
        return {**found, **self.condition(), "steps": self.steps(menus=self.menus)}

    def caller(self) -> Document:
        chance = self.chance
        if chance.random() < 0.1:
            return {"withheld": True}
        found: Document = {}
        for name, values, often in (
            ("numbers", PATTERNS, 0.35),
            ("categories", CATEGORIES, 0.3),
            ("units", self.units, 0.3),
            ("languages", LANGUAGES, 0.15),
        ):
            if chance.random() < often:
                found[name] = self.some(values, most=2)
        if chance.random() < 0.15:
            found["known"] = chance.random() < 0.5
        if chance.random() < 0.2:
            found["returning_call"] = chance.choice(["PT90M", "P1D", "P7D"])
        return found

    def outbound(self) -> list[Document]:
        everything = {"name": "all", "numbers": ["+*"], "trunks": self.chance.choice([["one"], ["two", "one"]])}
        if not self.sound and self.chance.random() < 0.1:
            everything["numbers"] = ["+32470*"]
        return [{"name": "emergency", "numbers": ["112"], "trunks": ["one"]}, everything]

    def last_resort(self) -> list[Document]:
        end = {"voicemail": self.chance.choice(self.boxes)}
        if self.sound or self.chance.random() < 0.8:
            return [{"ring": f"group:{self.chance.choice(self.groups)}"}, end]
        return self.steps(menus=self.menus)


# --- Who calls ---------------------------------------------------------------------------------------------


def rich_directory(plan: p.Plan, seed: int) -> Directory:
    """People whose numbers the plan's patterns match or just miss, some of whom share one."""
    return directory_of(_contacts(plan, random.Random(seed)))


def _contacts(plan: p.Plan, chance: random.Random) -> Iterator[Contact]:
    for index in range(60):
        number = E164((chance.choice(STEMS) + f"{chance.randrange(10**6):06}")[:12])
        numbers = (number, E164(f"+324990000{index // 2:02}")) if index < 30 else (number,)
        yield Contact(
            f"Contact {index}",
            numbers,
            chance.choice([*plan.units, "gone", None]),
            chance.choice([*CATEGORIES, "other", None]),
            chance.choice([*LANGUAGES, "it", None]),
        )


def random_call(plan: p.Plan, directory: Directory, chance: random.Random, at: datetime) -> Call:
    """A call at `at`, mostly by somebody of the directory; we may have called that number just within any span."""
    called = chance.choice([*(did.number for did in plan.dids.values())] * 3 + [E164("+3265111111")])
    caller = chance.choice([None, E164("+32499000099"), E164("+3222222222"), *directory.by_number])
    spans = [route.caller.returning_call for route in plan.inbound_routes if route.caller.returning_call]
    last = None
    if caller is not None and chance.random() < 0.5:
        edge = chance.choice([timedelta(), timedelta(days=9), *spans])
        ago = max(timedelta(), edge + chance.choice([-1, 0, 0, 1]) * timedelta(seconds=1))
        last = OutgoingCall(chance.choice([*plan.people, "gone"]), at - ago)
    return Call(called, caller, last)
