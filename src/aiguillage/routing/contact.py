"""Somebody outside who calls."""

from dataclasses import dataclass

from aiguillage.routing.numbers import E164


@dataclass(frozen=True, slots=True)
class Contact:
    """`unit` and `category` are plan keys; `language` is ISO 639-1.

    The same person in two roles is two contacts with the same number.
    """

    name: str
    numbers: tuple[E164, ...]
    unit: str | None = None
    category: str | None = None
    language: str | None = None
    note: str = ""
