"""What the running service hands to whoever serves people: the API now, the console later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiguillage.desk.calling import Calls, NoCalls
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.receivers import PUBLIC, Receivers
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import Unavailable
from aiguillage.routing.check import LONGEST_RINGING
from aiguillage.settings import Settings
from aiguillage.store.database import Database


@dataclass(frozen=True, slots=True)
class Health:
    """`reason` says what is wrong and what to do, or what is right."""

    ok: bool
    reason: str


CurrentSnapshot = Callable[[], Snapshot | None]


@dataclass(frozen=True, slots=True)
class Parts:
    """`snapshot` is what calls are decided from at this moment; `health` asks each part how it is.

    `followed` is the version that calls follow, 0 before the first, and the newest published one that Asterisk did not
    take, 0 where it took that; None: the snapshot's is followed. A desk asks the database for it, so call it from a
    thread. `longest_ringing`, in seconds, is the proof's; `receivers` are those whom webhooks may be sent to; `calls`
    places calls and tells what becomes of them; `metrics` is Prometheus' text, for the event loop alone to ask.
    """

    database: Database
    snapshot: CurrentSnapshot
    health: Callable[[], Mapping[str, Health]]
    followed: Callable[[], tuple[int, int]] | None = None
    longest_ringing: int = LONGEST_RINGING
    receivers: Receivers = PUBLIC
    live: LiveCalls = field(default_factory=LiveCalls)
    settings: Settings | None = None
    calls: Calls = field(default_factory=NoCalls)
    metrics: Callable[[], bytes] = lambda: b""

    def follows(self) -> tuple[int, int]:
        """`followed`, where it is not the snapshot alone that says so."""
        if self.followed is not None:
            return self.followed()
        snapshot = self.snapshot()
        return (snapshot.plan_version if snapshot else 0), 0

    def needed_settings(self) -> Settings:
        """Raises Unavailable where there are none."""
        if self.settings is None:
            raise Unavailable("this service runs without settings")
        return self.settings

    def current(self) -> Snapshot:
        """Raises Unavailable while nothing has been published."""
        snapshot = self.snapshot()
        if snapshot is None:
            raise Unavailable("no plan has been published yet; run: aiguillage plan apply PLAN.yaml --publish")
        return snapshot
