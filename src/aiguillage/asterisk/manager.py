"""What others need of the link to the manager interface; `ami.ManagerLink` has it, and a test's stand-in."""

from collections.abc import Mapping
from typing import Protocol


class Manager(Protocol):
    """Asks Asterisk, once. Raises AsteriskUnavailable where it is away, AsteriskRefused where it says no, AnswerLost
    where nobody knows what it did."""

    async def action(self, name: str, **fields: str) -> Mapping[str, str]: ...


class Lister(Manager, Protocol):
    """Asks for lists, too."""

    async def listed(self, name: str) -> list[Mapping[str, str]]: ...


class Reloader(Manager, Protocol):
    """Lets a module of Asterisk read its files again, too."""

    async def reload(self, module: str) -> None: ...
