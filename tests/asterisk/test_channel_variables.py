"""An itinerary arrives in Asterisk exactly as it is meant, whatever names it carries, or not at all."""

import asyncio
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.asterisk.channel_variables import (
    MAX_NAME,
    MAX_VALUE,
    MAX_VARIABLES,
    assignments,
    command,
    speakable,
)
from aiguillage.asterisk.fastagi import MAX_COMMAND, AgiHeader, Listener
from aiguillage.errors import Refused
from aiguillage.routing.itinerary import DialOut, HangUp, Itinerary, Leg, Menu, Play, Queue, Ring, Step, Voicemail
from aiguillage.routing.numbers import E164
from aiguillage.simulator.telephones import Telephones
from tests.asterisk.private import Stage

DESK = Leg("claire", "desk", endpoint="claire")
GSM = Leg("marc", "gsm", number=E164("+32470000102"), trunks=("operator", "other"), confirm=True, language="fr")
HOME = Leg("julie", "home", number=E164("+3243000103"), trunks=("operator",), language="fr")
NOBODYS = Leg(number=E164("+32470000199"), trunks=("operator",), language="fr")

PRINTABLE_NAMES = [f"a{character}b" for character in string.printable]
NASTY_NAMES = [
    "Élodie Müller-D'Hondt",
    '"',
    'a" ,ROUTE_OK=0,B="',
    "a\\",
    'a\\",B=1',
    "a,ROUTE_OK=",
    "Foo (bar",
    "bar) Foo",
    "(((",
    "${SHELL(id)}",
    "$[1+1]",
    "a=b=c",
    "A=1",
    "a\r\nEXEC System id",
    "a\x00b",
    "a\ud800b",
    "a\u202eb\u2028c",
    "日本語 العربية",
    "👩\u200d👧",
    "a" * (MAX_NAME + 40),
    "é" * (MAX_NAME + 40),
    "',;|&^~#%@!*",
    "   ",
    "",
]


def itinerary(*steps: Step, name: str = "") -> Itinerary:
    return Itinerary(steps, "fr", name)


def told(*steps: Step) -> dict[str, str]:
    """The variables of the steps alone."""
    variables = dict(assignments(itinerary(*steps), "d1"))
    return {name: value for name, value in variables.items() if name.startswith("STEP_")}


def test_the_command_of_a_whole_itinerary() -> None:
    steps = (Play("welcome"), Ring((DESK,), 15), Voicemail("reception", "closed"))

    assert command(itinerary(*steps, name="Claire Dubois"), "d1") == (
        'EXEC MSet "DECISION=d1,CHANNEL(language)=fr,__OURS=,__ANNOUNCE=,STEPS=3,STEP_1=play,STEP_1_PROMPT=welcome,'
        "STEP_2=ring,STEP_2_DIAL=PJSIP/claire,STEP_2_WHO=claire,STEP_2_SECONDS=15,STEP_2_PATIENCE=15,STEP_3=voicemail,"
        'STEP_3_BOX=reception@boxes,STEP_3_GREETING=closed,CALLERID(name)=Claire Dubois,ROUTE_OK=1"'
    )


@pytest.mark.parametrize(
    "legs, dialled, who, patience",
    [
        ((DESK,), "PJSIP/claire", "claire", "20"),
        ((GSM,), "Local/+32470000102*operator:other*marc*fr@gsm/n", "marc", "36"),
        ((HOME,), "Local/+3243000103*operator*julie*fr@line/n", "julie", "20"),
        ((NOBODYS,), "Local/+32470000199*operator**fr@line/n", "+", "20"),
        (
            (DESK, GSM),
            "Local/claire*claire@desk/n&Local/+32470000102*operator:other*marc*fr@gsm/n",
            "claire&marc",
            "36",
        ),
    ],
)
def test_legs_that_ring(legs: tuple[Leg, ...], dialled: str, who: str, patience: str) -> None:
    assert told(Ring(legs, 20)) == {
        "STEP_1": "ring",
        "STEP_1_DIAL": dialled,
        "STEP_1_WHO": who,
        "STEP_1_SECONDS": "20",
        "STEP_1_PATIENCE": patience,
    }


@pytest.mark.parametrize(
    "step, variables",
    [
        (Voicemail("reception"), {"STEP_1": "voicemail", "STEP_1_BOX": "reception@boxes", "STEP_1_GREETING": ""}),
        (
            Voicemail("person:claire", "closed"),
            {"STEP_1": "voicemail", "STEP_1_BOX": "claire@people", "STEP_1_GREETING": "closed"},
        ),
        (HangUp("rejected"), {"STEP_1": "hangup", "STEP_1_CAUSE": "21"}),
        (
            Voicemail("person:claire"),
            {"STEP_1": "voicemail", "STEP_1_BOX": "claire@people", "STEP_1_GREETING": "builtin/nobody-available"},
        ),
        (
            Queue("front-desk", 90, callback=True),
            {"STEP_1": "queue", "STEP_1_QUEUE": "front-desk", "STEP_1_SECONDS": "90", "STEP_1_CALLBACK": "1"},
        ),
        (
            Menu("main", "choices", keys="12*#", wait=4, attempts=2, extensions=True),
            {
                "STEP_1": "menu",
                "STEP_1_MENU": "main",
                "STEP_1_PROMPT": "choices",
                "STEP_1_KEYS": "12*#",
                "STEP_1_WAIT": "4",
                "STEP_1_ATTEMPTS": "2",
                "STEP_1_EXTENSIONS": "1",
            },
        ),
        (
            DialOut("+32471000201", ("operator", "other"), E164("+3271000001")),
            {
                "STEP_1": "outside",
                "STEP_1_NUMBER": "+32471000201",
                "STEP_1_TRUNKS": "operator:other",
                "STEP_1_SHOWS": "+3271000001",
            },
        ),
    ],
)
def test_other_steps(step: Step, variables: dict[str, str]) -> None:
    assert told(step) == variables


def test_without_a_key_what_follows_a_menu_is_its_otherwise() -> None:
    steps = (Play("welcome"), Queue("front-desk"), Menu("main", "choices", (Play("closed"),)), HangUp("normal"))

    variables = told(*steps)

    assert [variables[f"STEP_{number}"] for number in range(1, 6)] == ["play", "queue", "menu", "play", "hangup"]
    assert ("STEPS", "5") in assignments(itinerary(*steps), "d1")


def test_the_marker_stands_last() -> None:
    assert assignments(itinerary(name="Claire"), "d1")[-1] == ("ROUTE_OK", "1")


@pytest.mark.parametrize("value", ["a,b", 'a"', "a=b", "a b", "a\n", "a(b", "${A}", "x" * (MAX_VALUE + 1)])
def test_a_value_that_asterisk_could_misread_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="STEP_1_PROMPT cannot be handed to Asterisk"):
        command(itinerary(Play(value)), "d1")


@pytest.mark.parametrize(
    "step, count",
    [(Ring((DESK,), 20), 30), (Ring((GSM,) * 60, 20), 4)],
    ids=["too many variables", "too many bytes"],
)
def test_an_itinerary_too_long_for_one_command_is_refused(step: Step, count: int) -> None:
    with pytest.raises(Refused, match=f"{count} steps, too many"):
        command(itinerary(*[step] * count), "d1")


@given(st.text(max_size=200) | st.sampled_from(NASTY_NAMES))
def test_whatever_a_name_holds_the_command_is_one_line_and_its_quotes_hold(name: str) -> None:
    line = command(itinerary(Ring((DESK,), 20), name=name), "d1")

    assert len(line.encode()) <= MAX_COMMAND
    assert line.splitlines() == [line]
    inner = line.removeprefix('EXEC MSet "').removesuffix('"')
    assert not set('"\\') & set(inner)
    assert [pair.partition("=")[0] for pair in inner.split(",")] == [
        variable for variable, _ in assignments(itinerary(Ring((DESK,), 20), name=name), "d1")
    ]


async def asked(staged: Stage, telephones: Telephones, *commands: str) -> list[str]:
    """What a real Asterisk replies to each command during one call."""
    replies: list[str] = []
    done = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for each in commands:
            writer.write(each.encode() + b"\n")
            replies.append((await reader.readline()).decode().rstrip("\n"))
        writer.close()
        done.set()

    server = await asyncio.start_server(answer, "127.0.0.1", staged.agi_port)
    try:
        leg = await telephones.call("+32471000201", "+3271000001")
        async with asyncio.timeout(5):
            await done.wait()
        await leg.hang_up()
    finally:
        server.close()
        await server.wait_closed()
    return replies


def value_of(reply: str) -> str:
    return reply.removeprefix("200 result=1 (").removesuffix(")")


@pytest.mark.parametrize("names", [PRINTABLE_NAMES, NASTY_NAMES], ids=["printable", "nasty"])
async def test_asterisk_holds_each_name_as_it_was_meant(
    staged: Stage, telephones: Telephones, names: list[str]
) -> None:
    commands: list[str] = []
    for name in names:
        set_all = command(itinerary(HangUp("rejected"), name=name), "d1")
        commands += ['SET VARIABLE ROUTE_OK ""', 'SET VARIABLE CALLERID(name) ""', set_all]
        commands += ["GET FULL VARIABLE ${CALLERID(name)}", "GET VARIABLE ROUTE_OK", "GET VARIABLE STEP_1_CAUSE"]

    replies = await asked(staged, telephones, *commands)

    for number, name in enumerate(names):
        _, _, done, held, marker, cause = replies[number * 6 : number * 6 + 6]
        assert (done, value_of(held)) == ("200 result=0", speakable(name)), repr(name)
        assert (value_of(marker), value_of(cause)) == ("1", "21"), repr(name)


async def test_asterisk_reads_the_longest_command_whole(staged: Stage, telephones: Telephones) -> None:
    short = command(itinerary(HangUp("rejected")), "d")
    longest = command(itinerary(HangUp("rejected")), "d" * 1000)
    longest = longest.replace("STEPS=", "A=" + "a" * (MAX_COMMAND - len(longest) - 3) + ",STEPS=")
    assert len(short) < len(longest) == MAX_COMMAND

    replies = await asked(staged, telephones, longest, "GET VARIABLE ROUTE_OK", "GET VARIABLE STEPS")

    assert replies[0] == "200 result=0"
    assert [value_of(reply) for reply in replies[1:]] == ["1", "1"]


async def test_asterisk_sets_as_many_variables_as_we_send(staged: Stage, telephones: Telephones) -> None:
    plays = [Play("welcome")] * 46
    most = itinerary(*plays, name="Claire")
    assert len(assignments(most, "d1")) == MAX_VARIABLES

    replies = await asked(
        staged, telephones, command(most, "d1"), "GET VARIABLE ROUTE_OK", "GET VARIABLE STEP_46_PROMPT"
    )

    assert [value_of(reply) for reply in replies[1:]] == ["1", "welcome"]


async def test_a_ring_step_of_the_longest_kind_rings_everybody(staged: Stage, telephones: Telephones) -> None:
    legs = tuple(
        Leg("marc", "gsm", number=E164(f"+3247000{1000 + number}"), trunks=("operator",), confirm=True, language="fr")
        for number in range(90)
    )
    line = command(itinerary(Ring(legs, 20)), "d1")
    variables = dict(assignments(itinerary(Ring(legs, 20)), "d1"))
    assert MAX_VALUE - 60 < len(variables["STEP_1_DIAL"]) <= MAX_VALUE

    async def inbound(header: AgiHeader) -> str:
        return line

    listener = Listener({"inbound": inbound}, "127.0.0.1", staged.agi_port)
    await listener.start()
    try:
        leg = await telephones.call("+32471000201", "+3271000001")
        async with asyncio.timeout(10):
            while len(telephones.ringings) < len(legs):  # noqa: ASYNC110  (the phones tell nothing else)
                await asyncio.sleep(0.05)
        await leg.hang_up()
        await telephones.wait_quiet(5)
    finally:
        await listener.drain(1)
    assert {ringing.who for ringing in telephones.ringings} == {leg.number for leg in legs}
