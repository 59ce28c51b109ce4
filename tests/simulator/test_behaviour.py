import pytest

from aiguillage.errors import Refused
from aiguillage.simulator.behaviour import Behaviour, parse_behaviour


@pytest.mark.parametrize(
    "text, expected",
    [
        ("answer", Behaviour("answer")),
        ("answer after 3", Behaviour("answer", 3.0)),
        ("answer after 0.5", Behaviour("answer", 0.5)),
        ("  refuse   after 2 ", Behaviour("refuse", 2.0)),
        ("press 1", Behaviour("press", key="1")),
        ("press # after 2", Behaviour("press", 2.0, "#")),
        ("press 12# after 2", Behaviour("press", 2.0, "12#")),
        ("answer for 4", Behaviour("answer", talks=4.0)),
        ("answer after 2 for 0.5", Behaviour("answer", 2.0, talks=0.5)),
        ("press 1 after 1 for 4", Behaviour("press", 1.0, "1", 4.0)),
        ("voicemail for 4", Behaviour("voicemail", 1.0, talks=4.0)),
        ("reply 503", Behaviour("reply", status=503)),
        ("reply 404 after 2", Behaviour("reply", 2.0, status=404)),
        ("voicemail", Behaviour("voicemail", 1.0)),
        ("voicemail after 4", Behaviour("voicemail", 4.0)),
        ("busy", Behaviour("busy")),
        ("off", Behaviour("off")),
        ("silent", Behaviour("silent")),
        ("unreachable", Behaviour("unreachable")),
    ],
)
def test_a_behaviour_is_read_from_its_words(text: str, expected: Behaviour) -> None:
    assert parse_behaviour(text) == expected


def test_an_unknown_word_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        Refused, match=r"'asleep' is no behaviour.*answer, press 1, voicemail, busy, refuse, off.*reply 503.*by for"
    ):
        parse_behaviour("asleep")


@pytest.mark.parametrize(
    "text",
    ["", "answer after", "answer after -1", "press x", "answer for", "answer for 2 after 1", "Answer", "answer 3"],
)
def test_words_in_another_shape_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_behaviour(text)


@pytest.mark.parametrize("text", ["press", "press after 2", "busy 1"])
def test_a_key_belongs_to_press(text: str) -> None:
    with pytest.raises(Refused, match="a key belongs to press"):
        parse_behaviour(text)


@pytest.mark.parametrize("text", ["reply", "reply 200", "reply 302", "reply 700", "reply 50", "reply 5033"])
def test_reply_takes_a_failure(text: str) -> None:
    with pytest.raises(Refused, match="reply takes a SIP failure"):
        parse_behaviour(text)


@pytest.mark.parametrize("text", ["busy for 3", "off after 1 for 2", "silent for 3", "reply 503 for 2"])
def test_only_who_answers_hangs_up_by_itself(text: str) -> None:
    with pytest.raises(Refused, match="does not talk"):
        parse_behaviour(text)


@pytest.mark.parametrize("text", ["silent after 3", "unreachable after 1"])
def test_what_never_ends_takes_no_seconds(text: str) -> None:
    with pytest.raises(Refused, match="has no end"):
        parse_behaviour(text)


def test_a_busy_or_switched_off_phone_does_not_ring_first() -> None:
    rings = {text: parse_behaviour(text).rings for text in ("busy", "off", "refuse", "answer", "busy after 2")}

    assert rings == {"busy": False, "off": False, "refuse": True, "answer": True, "busy after 2": True}
