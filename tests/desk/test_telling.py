from datetime import UTC, datetime, timedelta

from aiguillage.desk.telling import story_in_words
from aiguillage.desk.wording import words_in
from aiguillage.store.journal import EventRecord
from tests.unit.examples import PLAN

BEGAN = datetime(2026, 11, 24, 9, tzinfo=UTC)
ENGLISH = words_in("en")
CAUSES = {"cause": "21", "cause_text": "Call Rejected", "tech_cause": ""}


def event(seconds: float, what: str, leg: str | None = None, phone: str | None = None, /, **detail: str) -> EventRecord:
    person = "claire" if phone else None
    return EventRecord("1.1", BEGAN + timedelta(seconds=seconds), what, leg, person, phone, detail)


def test_a_call_is_told_phone_by_phone_with_how_long_each_rang() -> None:
    events = [
        event(0, "step", decision="d", step="1", kind="ring", outcome=""),
        event(0, "dialled", "1.2", "desk"),
        event(0.1, "ringing", "1.2", "desk"),
        event(0.2, "ringing", "1.2", "desk"),
        event(15.1, "leg-ended", "1.2", "desk", outcome="NOANSWER", **CAUSES),
        event(15.2, "leg-ended", "1.3", "desk", outcome="BUSY", **CAUSES),
        event(15.3, "ringing", "1.4", "gsm"),
        event(19.3, "verdict", "1.4", "gsm", verdict="accepted"),
        event(19.3, "answered", "1.4", "gsm"),
        event(30, "call-ended", cause="16", cause_text="Normal Clearing", tech_cause=""),
    ]
    assert story_in_words(ENGLISH, events, PLAN, BEGAN) == [
        "     0.1 s  Claire Dubois (desk) rings",
        "    15.1 s  Claire Dubois (desk) does not answer, after ringing 15 s",
        "    15.2 s  Claire Dubois (desk) is busy",
        "    15.3 s  Claire Dubois (gsm) rings",
        "    19.3 s  Claire Dubois (gsm): pressed 1",
        "    19.3 s  Claire Dubois (gsm) takes the call, 4 s after it began to ring",
        "    30.0 s  the call ends",
    ]


def test_a_refusal_is_told_as_one() -> None:
    refused = event(2, "leg-ended", "1.2", "desk", outcome="NOANSWER", **(CAUSES | {"tech_cause": "SIP 603 Decline"}))
    told = story_in_words(ENGLISH, [event(0, "ringing", "1.2", "desk"), refused], PLAN, BEGAN)
    assert told[-1] == "     2.0 s  Claire Dubois (desk) refuses, after ringing 2 s"


def test_announcements_messages_and_the_last_resort_are_told() -> None:
    events = [
        event(0, "fallback", reason="FAILURE"),
        event(1, "step", decision="d", step="1", kind="play", outcome=""),
        event(4, "step", decision="d", step="1", kind="play", outcome="SUCCESS"),
        event(4, "step", decision="d", step="2", kind="voicemail", outcome=""),
    ]
    assert story_in_words(ENGLISH, events, PLAN, BEGAN) == [
        "     0.0 s  no answer from the service (FAILURE): last resort",
        "     1.0 s  an announcement is played",
        "     4.0 s  a message is taken",
    ]
