"""Sentences for people, with their facts apart, so that they can be said in several languages.

`str()` of each says it in English; `desk.words` says it in the others.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Note:
    """`template` is the sentence in English and holds a `{name}` for each fact."""

    template: str
    facts: "tuple[tuple[str, Fact], ...]" = ()

    def __str__(self) -> str:
        return self.template.format(**{name: english(fact) for name, fact in self.facts})


@dataclass(frozen=True, slots=True)
class Listed:
    """`a, b or c`."""

    values: "tuple[Fact, ...]"
    word: Literal["or", "and", "then"] = "and"

    def __str__(self) -> str:
        return join([english(value) for value in self.values], f" {self.word} ")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on the organisation's clock (aware), said with its date only where that is another day."""

    at: datetime
    other_day: bool = False

    def __str__(self) -> str:
        return f"{self.at:%H:%M on %-d %B %Y}" if self.other_day else f"{self.at:%H:%M}"


Fact = str | int | date | Note | Listed | Moment


def note(template: str, **facts: Fact) -> Note:
    """The sentence of `template` with these facts."""
    return Note(template, tuple(facts.items()))


def join(texts: list[str], last: str) -> str:
    """`last` stands before the last of the texts, a comma between the others."""
    return last.join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


def english(fact: Fact) -> str:
    return f"{fact:%-d %B %Y}" if isinstance(fact, date) else str(fact)
