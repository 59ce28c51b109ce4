"""The service in figures, as Prometheus reads them. docs/operations.md lists them: their names stay.

Every value is read from the part that owns it at the moment somebody asks, so nothing is counted twice. No label holds
a caller's number, or anything else that a caller writes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aiguillage import __version__
from aiguillage.asterisk.ami import ManagerLink
from aiguillage.asterisk.fastagi import KINDS, Listener
from aiguillage.desk.delivering import RESULTS, Delivering
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.measuring import Meters
from aiguillage.desk.parts import CurrentSnapshot
from aiguillage.desk.trunks import Trunks

__all__ = ["CONTENT_TYPE", "Metrics"]

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody reads

Families = Iterable[Metric]


@dataclass(frozen=True, eq=False)  # the registry holds it by its identity
class Metrics(Collector):
    """The running parts, asked on the event loop that owns them; None: its role has no such part."""

    meters: Meters
    snapshot: CurrentSnapshot
    link: ManagerLink | None
    listener: Listener | None
    journalling: Journalling | None
    delivering: Delivering | None
    trunks: Trunks | None
    live: LiveCalls

    def __post_init__(self) -> None:
        self.meters.registry.register(self)
        ProcessCollector(registry=self.meters.registry)

    def text(self) -> bytes:
        """All of them, of the type CONTENT_TYPE."""
        return generate_latest(self.meters.registry)

    def collect(self) -> Families:
        yield _gauge("build_info", "The release that runs.", {__version__: 1}, "version")
        if self.listener is not None:
            yield from self._questions(self.listener)
        if self.link is not None:
            yield from self._manager(self.link)
        yield from self._followed()
        if self.trunks is not None:
            yield from self._answering(self.trunks)
        if not self.live.elsewhere:
            yield from self._calls()
        if self.journalling is not None:
            yield from self._written(self.journalling)
        if self.delivering is not None:
            yield from self._delivered(self.delivering)
        yield _gauge("event_loop_lag_seconds", "How late the event loop was at worst in 15 s.", {"": self.meters.lag})

    def _questions(self, listener: Listener) -> Families:
        told = "Questions of Asterisk by how they ended: answered, or what went wrong."
        yield _counter("agi_exchanges", told, _from_zero(KINDS, listener.counts), "result")
        yield _gauge("agi_sessions_active", "Questions that are being answered.", {"": listener.open})
        told = "Calls that Asterisk steered without us, by what it took."
        yield _counter("fallback_calls", told, self.meters.fallbacks, "by")

    def _manager(self, link: ManagerLink) -> Families:
        yield _gauge("ami_up", "1 while we are logged in to the manager interface.", {"": link.state == "up"})
        yield _counter("ami_reconnects", "Logins after the first.", {"": max(0, link.logins - 1)})
        yield _counter("ami_events", "Events that were read.", self.meters.events, "event")
        yield _counter("ami_events_dropped", "Events that came faster than they were read.", {"": link.dropped})

    def _followed(self) -> Families:
        snapshot = self.snapshot()
        if snapshot is not None:
            yield _gauge("plan_version", "The published version that calls follow.", {"": snapshot.plan_version})
            revision = {"": snapshot.directory_revision}
            yield _gauge("directory_revision", "The revision of the directory that calls follow.", revision)
        if self.meters.age is not None:
            told = "Seconds since the database was last asked whether calls follow what is published."
            yield _gauge("snapshot_age_seconds", told, {"": self.meters.age})

    def _answering(self, known: Trunks) -> Families:
        snapshot = self.snapshot()
        trunks = snapshot.plan.trunks if snapshot else {}
        answers = {key: up for key, up in known.answering.items() if key in trunks}
        yield _gauge("trunk_up", "1 while the operator answers; absent until it has.", answers, "trunk")

    def _calls(self) -> Families:
        snapshot = self.snapshot()
        queues = snapshot.plan.queues if snapshot else {}
        waiting = {key: self.meters.waiting.get(key, 0) for key in queues}
        yield _gauge("queue_callers_waiting", "Callers who wait.", waiting, "queue")
        _, calls = self.live.now()
        states: Counter[str] = Counter(call.state for call in calls)
        yield _gauge("calls_active", "Calls in progress by their state.", states, "state")

    def _written(self, journalling: Journalling) -> Families:
        yield _gauge("journal_backlog", "Records that wait for the database.", {"": journalling.backlog})
        told = "Records that were lost: too many waited for the database."
        yield _counter("journal_dropped", told, {"": journalling.dropped})

    def _delivered(self, delivering: Delivering) -> Families:
        told = "Tries to tell a webhook, by how they ended."
        yield _counter("webhook_deliveries", told, _from_zero(RESULTS, delivering.counts), "result")


def _from_zero(kinds: Iterable[str], counts: Mapping[str, int]) -> dict[str, int]:
    """A rate needs the zero before the first."""
    return {kind: counts.get(kind, 0) for kind in kinds}


def _gauge(name: str, told: str, values: Mapping[str, float], *labels: str) -> Metric:
    """`values` by the one label; by "" where there is none."""
    return _filled(GaugeMetricFamily(f"aiguillage_{name}", told, labels=labels), values)


def _counter(name: str, told: str, values: Mapping[str, float], *labels: str) -> Metric:
    """As `_gauge`; Prometheus reads `…_total`."""
    return _filled(CounterMetricFamily(f"aiguillage_{name}", told, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, float]) -> Metric:
    for label, value in values.items():
        family.add_metric([label] if label else [], value)
    return family
