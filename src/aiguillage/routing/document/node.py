"""A piece of a document that knows its path, and says what is wrong with it.

Every reading method answers with a value of the right type even where it found a fault: reading goes on, all
faults are found in one pass, and nobody sees the stand-ins because a document with faults is refused whole.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from aiguillage.errors import Fault, NumberRefused

T = TypeVar("T")
D = TypeVar("D")
C = TypeVar("C", bound=str)

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_*#-]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_WORD = 100
_LONGEST_FAULT = 1000
NO_DAY = date(1970, 1, 1)


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean "shop"?`, or nothing where no known word is near."""
    near = difflib.get_close_matches(wrong[:_LONGEST_WORD], list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def _on_a_line(text: str) -> str:
    """`text` as one printable line of bounded length, whatever an author put into it."""
    cut = text if len(text) <= _LONGEST_FAULT else text[:_LONGEST_FAULT] + "…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)


@dataclass
class Names:
    """The keys that each section of the document defines, and the faults found so far.

    `with_voicemail`: the people who have a voicemail of their own.
    """

    keys: Mapping[str, Collection[str]]
    with_voicemail: Collection[str]
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Node:
    """`value` as it stands in the document at `path`."""

    value: Any
    path: str
    names: Names

    def fault(self, message: str) -> None:
        self.names.faults.append(Fault(_on_a_line(self.path), _on_a_line(message)))

    def child(self, key: str, value: Any) -> "Node":
        shown = key if _PLAIN_KEY.fullmatch(key) else f'"{key}"'
        return Node(value, f"{self.path}.{shown}" if self.path else shown, self.names)

    # --- shapes ---

    def items(self) -> list["Node"]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            self.fault(f"expected a list, found {_kind(self.value)}")
            return []
        return [Node(value, f"{self.path}[{index}]", self.names) for index, value in enumerate(self.value)]

    def each(self, read: Callable[["Node"], T]) -> tuple[T, ...]:
        """What `read` makes of each element of a list."""
        return tuple(read(found) for found in self.items())

    def one_or_more(self, read: Callable[["Node"], T]) -> tuple[T, ...]:
        """What `read` makes of each element, or of the value itself where there is no list. An empty list is a
        fault: a condition that somebody emptied must not turn into one that always holds.
        """
        if not isinstance(self.value, list):
            return (read(self),)
        if not self.value:
            self.fault("is an empty list; name at least one")
        return self.each(read)

    def entries(self) -> list[tuple[str, "Node"]]:
        """The entries of a mapping whose keys are the author's own."""
        if not isinstance(self.value, Mapping):
            self.fault(f"expected a mapping, found {_kind(self.value)}")
            return []
        return [(str(key), self.child(str(key), value)) for key, value in self.value.items()]

    def section(self, read: Callable[[str, "Node"], T]) -> dict[str, T]:
        """A mapping from keys like `front-desk` to things."""
        things = {}
        for key, node in self.entries():
            if not _KEY.fullmatch(key):
                node.fault(f'"{key}" is no key; use lower-case letters, digits and hyphens, as in front-desk')
            things[key] = read(key, node)
        return things

    def fields(self, *known: str, required: Collection[str] = ()) -> "Fields":
        """A mapping with these `known` keys only."""
        found = {}
        for key, node in self.entries():
            if key in known:
                found[key] = node
            else:
                node.fault(f"unknown field{suggestion(key, known) or '; known are ' + ', '.join(known)}")
        for key in required:
            if key not in found and isinstance(self.value, Mapping):
                self.fault(f"{key} is missing")
        return Fields(self, found)

    # --- values ---

    def text(self, *, most: int = 500) -> str:
        """A text of one line, at most `most` characters; empty where there was a fault."""
        if not isinstance(self.value, str):
            self.fault(f"expected a text, found {_kind(self.value)}{_quote_it(self.value)}")
        elif not self.value.strip():
            self.fault("is empty")
        elif len(self.value) > most:
            self.fault(f"is longer than {most} characters")
        elif _CONTROL.search(self.value):
            self.fault("holds a control character")
        else:
            return self.value
        return ""

    def matching(self, shape: re.Pattern[str], expected: str) -> str:
        """A text of the given shape; `expected` says in words what it looks like."""
        text = self.text()
        if text and not shape.fullmatch(text):
            self.fault(f'"{text}" is not {expected}')
        return text

    def digits(self, shape: re.Pattern[str], expected: str) -> str:
        """As `matching`, but an unquoted number in YAML is as good as a text."""
        if _is_integer(self.value):
            return Node(str(self.value), self.path, self.names).matching(shape, expected)
        return self.matching(shape, expected)

    def integer(self, least: int, most: int, unit: str) -> int:
        if not _is_integer(self.value):
            self.fault(f"expected a whole number of {unit}, found {_kind(self.value)}")
            return least
        number: int = self.value
        if not least <= number <= most:
            self.fault(f"{number} is out of range; {least} to {most} {unit}")
        return number

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            self.fault(f"expected true or false, found {_kind(self.value)}")
            return False
        return self.value

    def day(self) -> date:
        text = self.text()
        try:
            return date.fromisoformat(text) if _DAY.fullmatch(text) else self._no_day(text)
        except ValueError:
            return self._no_day(text)

    def _no_day(self, text: str) -> date:
        if text:
            self.fault(f'"{text}" is no date; write year-month-day, as in 2026-12-24')
        return NO_DAY

    def one_of(self, choices: Collection[C]) -> C:
        """One of a few words; `choices` gives its own type back."""
        word = self.text()
        known = [choice for choice in choices if choice == word]
        if word and not known:
            self.fault(f'"{word}" is not known{suggestion(word, choices) or "; choose one of " + ", ".join(choices)}')
        return known[0] if known else next(iter(choices))

    def reference(self, section: str, thing: str) -> str:
        """The key of a `thing` that `section` of the document defines."""
        key = str(self.value) if _is_integer(self.value) else self.text()
        if key and key not in self.names.keys[section]:
            self.fault(f'{thing} "{key}" does not exist{suggestion(key, self.names.keys[section])}')
        return key

    def references(self, section: str, thing: str) -> tuple[str, ...]:
        """One key or a list of them."""
        return self.one_or_more(lambda found: found.reference(section, thing))

    def parsed(self, parse: Callable[[str], T], stand_in: T) -> T:
        """What `parse` makes of the text; its ValueError or NumberRefused becomes the fault."""
        text = self.text()
        if not text:
            return stand_in
        try:
            return parse(text)
        except (ValueError, NumberRefused) as wrong:
            self.fault(str(wrong))
            return stand_in


@dataclass(frozen=True)
class Fields:
    """The known fields that a mapping holds."""

    node: Node
    found: Mapping[str, Node]

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def get(self, key: str, read: Callable[[Node], T], default: D) -> T | D:
        """What `read` makes of the field, or `default` where it is absent.

        A field that `fields(required=…)` asked for has its fault already; its default is a stand-in.
        """
        return read(self.found[key]) if key in self.found else default


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return "a text"
        case Mapping():
            return "a mapping"
        case list():
            return "a list"
        case int() | float():
            return f"{value}"
        case _:
            return f"a {type(value).__name__}"


def _quote_it(value: Any) -> str:
    return "; put it in quotes" if isinstance(value, bool | int | float | date) else ""
