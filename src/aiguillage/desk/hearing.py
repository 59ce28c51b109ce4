"""Calls that were heard from beginning to end and are in the journal: of those, Asterisk's file tells nothing new."""

from collections.abc import Iterable

from aiguillage.store.journal import EventRecord

MOST = 10_000
"""Calls that are remembered; of those before, the file is read again, which costs time and nothing else."""
_NOT_ALL = frozenset({"fallback", "emergency"})
"""What Asterisk then did alone, only the file tells."""


class Heard:
    """Owned by the event loop; `whole` may be read by a thread: until when (seconds since 1970) of which calls all that
    happened is written down."""

    def __init__(self) -> None:
        self._round = 0
        self._began: dict[str, int] = {}
        self.whole: dict[str, float] = {}

    def gap(self) -> None:
        """Something may have been missed, or is not written down: of calls in progress, not everything is known."""
        self._round += 1

    def decided(self, call: str) -> None:
        """The call begins, or asks again."""
        self._began.setdefault(call, self._round)
        _bound(self._began)

    def written(self, records: Iterable[object]) -> None:
        """These are in the journal."""
        for record in records:
            if isinstance(record, EventRecord):
                self._happened(record)

    def _happened(self, event: EventRecord) -> None:
        if event.kind in _NOT_ALL:
            self._began[event.call] = -1
        elif event.kind == "call-ended" and self._began.pop(event.call, -1) == self._round:
            self.whole[event.call] = event.at.timestamp()
            _bound(self.whole)


def _bound(kept: dict[str, int] | dict[str, float]) -> None:
    if len(kept) > MOST:
        del kept[next(iter(kept))]
