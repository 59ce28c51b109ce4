import pytest

from aiguillage.errors import Refused
from aiguillage.simulator.digest import Credentials, answer_challenge
from aiguillage.simulator.sdp import Sound, parse_sdp, write_sdp
from aiguillage.simulator.sip_message import Message, Party, called_user, parse_message, parse_party, respond
from aiguillage.simulator.sip_socket import Address, parse_address

INVITE = Message(
    "INVITE sip:%2B32470000101@127.0.0.1:5090;x=y SIP/2.0",
    (
        ("Via", "SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1"),
        ("From", '"Ren\\"é" <sip:+3271000001@127.0.0.1>;tag=abc'),
        ("To", "<sip:+32470000101@127.0.0.1:5090>"),
        ("Call-ID", "one"),
        ("CSeq", "7 INVITE"),
    ),
    body="é",
)


def test_a_message_survives_being_written_and_read() -> None:
    read = parse_message(bytes(INVITE))

    assert read == Message(INVITE.first_line, (*INVITE.headers, ("Content-Length", "2")), "é")
    assert (read.status, read.method, read.number, read.call_id, read.branch) == (
        0,
        "INVITE",
        7,
        "one",
        "z9hG4bK1",
    )
    assert read.header("call-id") == "one"
    assert called_user(read) == "+32470000101"


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\r\n\r\n",
        b"\x00\xff",
        b"GET / HTTP/1.1\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCall-ID: x\r\n\r\n",
        bytes(INVITE).replace(b"7 INVITE", b"INVITE"),
        bytes(INVITE).partition(b"\r\n\r\n")[0],
    ],
)
def test_what_is_no_sip_is_refused(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"SIP|lacks"):
        parse_message(packet)


def test_a_response_keeps_the_way_back_and_names_our_side() -> None:
    response = respond(INVITE, 486, "ours")

    assert response.first_line == "SIP/2.0 486 Busy Here"
    assert (response.status, response.method) == (486, "INVITE")
    assert response.header("Via") == INVITE.header("Via")
    assert response.header("To") == "<sip:+32470000101@127.0.0.1:5090>;tag=ours"


def test_a_header_cannot_begin_another_line() -> None:
    with pytest.raises(Refused, match="control character"):
        bytes(Message("OPTIONS sip:x SIP/2.0", (("X-Name", "a\r\nX-Evil: b"),)))


@pytest.mark.parametrize(
    "value, expected",
    [
        (INVITE.header("From"), Party('Ren"é', "+3271000001", "sip:+3271000001@127.0.0.1", "abc")),
        ("<sip:127.0.0.1:5060>", Party("", "", "sip:127.0.0.1:5060", "")),
        ("Tom <sip:tom@127.0.0.1>", Party("Tom", "tom", "sip:tom@127.0.0.1", "")),
    ],
)
def test_a_party_is_read_from_its_header(value: str, expected: Party) -> None:
    assert parse_party(value) == expected


def test_a_header_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="no SIP address"):
        parse_party("tel:112")


def test_the_digest_is_that_of_rfc_2617() -> None:
    challenge = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'

    answer = answer_challenge(challenge, "GET", "/dir/index.html", Credentials("Mufasa", "Circle Of Life"), "0a4f113b")

    assert 'response="6629fae49393a05397450978507c4ef1"' in answer


def test_another_kind_of_challenge_is_refused() -> None:
    with pytest.raises(Refused, match="no MD5 digest"):
        answer_challenge(
            'Digest realm="x", qop="auth", algorithm=SHA-256', "REGISTER", "sip:x", Credentials("x", "x"), "x"
        )


def test_a_description_of_sound_survives_being_written_and_read() -> None:
    sound = Sound("127.0.0.1", 4000, 96)

    assert parse_sdp(write_sdp(sound)) == sound


def test_a_call_without_a_law_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="allow=alaw"):
        parse_sdp("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0 101\r\n")


def test_an_address_is_an_ipv4_address_and_a_port() -> None:
    assert parse_address("127.0.0.1:5090") == Address("127.0.0.1", 5090)
    for text in ("localhost:5090", "127.0.0.1", "127.0.0.1:sip"):
        with pytest.raises(Refused, match=r"127\.0\.0\.1:5090"):
            parse_address(text)
