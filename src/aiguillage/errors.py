"""What can go wrong, as one tree.

AiguillageError          message for people: names the object, the fault and the remedy
├── Refused              what we were given is wrong; nothing was changed
│   ├── NumberRefused        a text that is no telephone number
│   ├── DocumentRefused      a plan document with faults, each with its path
│   ├── PlanUnsound          a plan by which calls would be lost
│   ├── DirectoryRefused     a contacts file that cannot be read
│   └── SettingRefused       an AIGUILLAGE_* variable
├── Conflict             it does not go with how things are
│   ├── ChangedMeanwhile     somebody else changed it since it was read
│   └── InUse                other things need it
├── Denied               whoever asks may not have it
│   ├── Unauthenticated      nobody is known by this password, code, token or link
│   ├── Forbidden            known, but it is not theirs to do
│   └── Throttled            too many attempts
├── NotFound             there is no such thing
└── Unavailable          a part that we need does not answer
    ├── StoreUnavailable     the database
    │   └── StoreFull            it has no room to write, and can be read
    ├── AsteriskUnavailable  AMI, or Asterisk itself
    │   ├── AsteriskRefused      it answered, and said no
    │   └── AnswerLost           it was asked, and nobody knows whether it was done
    ├── MailUnavailable      the mail server did not take an e-mail
    ├── ReceiverUnavailable  whoever a webhook tells does not answer
    └── CallGone             a call of the simulator's telephones is over
"""

from dataclasses import dataclass
from typing import Any


class AiguillageError(Exception):
    """Every error of ours; its text can be shown to a person as it stands."""


class Refused(AiguillageError):
    """What was given is wrong. Nothing was changed."""


class NumberRefused(Refused):
    """The text is no telephone number."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a document. `path` reads like `inbound_routes[3].steps[0].ring`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class DocumentRefused(Refused):
    """The document is refused as a whole; `faults` names all that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class PlanUnsound(Refused):
    """The proof found errors: calls would be lost. `problems` are those of `routing.check`, warnings too."""

    def __init__(self, problems: tuple[Any, ...]) -> None:
        self.problems = problems
        errors = [problem for problem in problems if problem.severity == "error"]
        super().__init__("\n".join(f"{problem.path}: {problem.message}; {problem.remedy}" for problem in errors))


class DirectoryRefused(Refused):
    """The contacts file cannot be read."""


class SettingRefused(Refused):
    """A setting has a value that cannot be."""


class Conflict(AiguillageError):
    """What was asked for does not go with how things are, or somebody was faster."""


class ChangedMeanwhile(Conflict):
    """The thing is not what it was when it was read: nothing was changed."""


class InUse(Conflict):
    """Other things of the plan need it; `users` are their paths."""

    def __init__(self, message: str, users: tuple[str, ...]) -> None:
        self.users = users
        super().__init__(message)


class Denied(AiguillageError):
    """Whoever asks may not have it. Nothing was changed."""


class Unauthenticated(Denied):
    """Nobody is known by what was given; it does not say which part of it was wrong."""


class Forbidden(Denied):
    """It is known who asks, and it is not theirs to do."""


class Throttled(Denied):
    """Too many attempts; `seconds` until the next may be made."""

    def __init__(self, message: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(message)


class NotFound(AiguillageError):
    """There is no such thing."""


class Unavailable(AiguillageError):
    """A part that is needed does not answer."""


class StoreUnavailable(Unavailable):
    """The database does not answer."""


class StoreFull(StoreUnavailable):
    """The database has no room to write. Nothing was changed; it can be read."""


class AsteriskUnavailable(Unavailable):
    """Asterisk, or its manager interface, does not answer."""


class AsteriskRefused(AsteriskUnavailable):
    """Asterisk answered, and said no: nothing was done."""


class AnswerLost(AsteriskUnavailable):
    """Asterisk was asked, and the answer never came: what was asked for may have been done, or not."""


class MailUnavailable(Unavailable):
    """The mail server does not answer, or refused an e-mail."""


class ReceiverUnavailable(Unavailable):
    """Whoever a webhook tells cannot be reached, or does not answer."""


class CallGone(Unavailable):
    """A call of the simulator's telephones is over: nothing more can be done in it."""
