"""Say things in the language of whoever reads them: French or English.

What is said is written in English in the source: the templates of `routing.notes`, and those given to a `Words`. The
French of each stands in `locale/fr.po`; a test holds that none is missing.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Final

from babel.dates import format_date, format_time
from babel.messages.pofile import read_po

from aiguillage.errors import Refused
from aiguillage.routing.notes import Fact, Listed, Moment, Note, join, note
from aiguillage.routing.plan import Plan
from aiguillage.shipped import shipped

LANGUAGES: Final = ("en", "fr")
_LOCALES: Final = {"en": "en_BE", "fr": "fr_BE"}


class Words:
    """`words("{person} is away", person="Claire")` -> "Claire n'est pas là" where `language` is fr."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = _LOCALES[language]
        self._translated = _catalogue(language)

    def __call__(self, template: str, **facts: Fact | None) -> str:
        """None is said as nothing."""
        return self.say(note(template, **{name: "" if fact is None else fact for name, fact in facts.items()}))

    def many(self, number: int, one: str, several: str, **facts: Fact | None) -> str:
        """`one` for a single thing, `several` for more; both may hold `{number}`. French counts none as one."""
        single = number == 1 or (number == 0 and self.language == "fr")
        return self(one if single else several, number=self.number(number), **facts)

    def say(self, fact: Fact) -> str:
        match fact:
            case Note(template, facts):
                said = {name: self.say(each) for name, each in facts}
                return self._translated.get(template, template).format(**said)
            case Listed(values, word):
                return join([self.say(value) for value in values], f" {self._translated.get(word, word)} ")
            case Moment(at, other_day):
                return self.moment(at) if other_day else self.clock(at)
            case date():
                return self.day(fact)
            case _:
                return str(fact)

    def number(self, number: int) -> str:
        return f"{number:,}".replace(",", "\u202f" if self.language == "fr" else ",")

    def day(self, day: date) -> str:
        """`Sat 28 Nov 2026`, `sam. 28 nov. 2026`."""
        return format_date(day, "EEE d MMM y", locale=self._locale)

    def weekday(self, weekday: int) -> str:
        """`Saturdays` is `Saturday`; 0 is Monday."""
        return format_date(date(2024, 1, 1 + weekday), "EEEE", locale=self._locale)

    def clock(self, at: datetime) -> str:
        return format_time(at, "HH:mm", locale=self._locale)

    def moment(self, at: datetime) -> str:
        """`Sat 28 Nov 2026 at 16:12`, on the clock that `at` (aware) brings."""
        return self("{day} at {time}", day=self.day(at.date()), time=self.clock(at))


def words_for(plan: Plan, asked: str = "") -> Words:
    """In the language that was asked for; else in the organisation's first one, or in English.

    Raises Refused for a language that we do not speak.
    """
    return words_in(asked or (spoken if (spoken := plan.organisation.languages[0]) in LANGUAGES else "en"))


def words_in(language: str) -> Words:
    """Raises Refused."""
    if language not in LANGUAGES:
        raise Refused(f"{language} is not spoken here; choose {' or '.join(LANGUAGES)}")
    return Words(language)


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    if language == "en":
        return {}
    with (shipped("locale") / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}
