"""What is written for Asterisk: whole or not at all, and no text of the plan becomes a line of its own."""

import errno
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.asterisk.provisioning.files import HEADER
from aiguillage.asterisk.provisioning.write import write
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.plan import Person, Plan
from tests.asterisk.private import example_plan, example_site, files_of

PLAN = example_plan("127.0.0.1:5999")
SITE = example_site(Path("/home-of-asterisk"), 4999)
FILES = files_of(PLAN, SITE)

ANY_TEXT = st.text(max_size=60) | st.lists(
    st.sampled_from(
        ["\n", "\r", "[x]", "\n[evil]\ntype = endpoint\n", ";", ";--", "--;", "\\", '"', "#exec id", "é", ","]
    )
).map("".join)


def lines(file: str, section: str, of_type: str = "") -> list[str]:
    """The lines of a section of one of the example's files."""
    found = re.findall(rf"^\[{re.escape(section)}\]\n((?:(?!\[).*\n)*)", FILES[file], re.MULTILINE)
    (chosen,) = [text for text in found if not of_type or f"type = {of_type}\n" in text]
    return [line for line in chosen.splitlines() if line]


def test_a_desk_phone_is_an_endpoint_with_its_password() -> None:
    endpoint, auth = lines("pjsip.conf", "claire", "endpoint"), lines("pjsip.conf", "claire", "auth")

    assert {"context = from-phone", "aors = claire", "auth = claire", 'callerid = "Claire Dubois" <201>'} <= {*endpoint}
    assert {"auth_type = userpass", "username = claire", "password = not-a-secret-claire"} <= {*auth}
    assert "max_contacts = 1" in lines("pjsip.conf", "claire", "aor")


def test_a_trunk_is_known_by_its_address_and_cannot_register() -> None:
    assert "context = from-trunk" in lines("pjsip.conf", "operator", "endpoint")
    assert "contact = sip:127.0.0.1:5999" in lines("pjsip.conf", "operator", "aor")
    assert "match = 127.0.0.1" in lines("pjsip.conf", "operator", "identify")
    assert not [line for line in lines("pjsip.conf", "operator", "aor") if line.startswith("max_contacts")]


def test_a_trunk_is_watched_by_an_endpoint_that_nobody_calls_through() -> None:
    """Asterisk places no call to an endpoint that does not answer what it asks: the trunk's own is not asked."""
    assert "qualify_frequency = 60" in lines("pjsip.conf", "watch_operator", "aor")
    assert "contact = sip:127.0.0.1:5999" in lines("pjsip.conf", "watch_operator", "aor")
    assert not [line for line in lines("pjsip.conf", "operator", "aor") if line.startswith("qualify")]
    # No address is its own, and no name in a From makes a caller this endpoint.
    assert {"identify_by = ip", "context = nowhere"} <= {*lines("pjsip.conf", "watch_operator", "endpoint")}
    assert "endpoint = watch_operator" not in FILES["pjsip.conf"]


def test_a_phone_that_is_an_outside_line_is_no_endpoint() -> None:
    endpoints = re.findall(r"^\[(.*)\]\ntype = endpoint", FILES["pjsip.conf"], re.MULTILINE)
    assert endpoints == ["claire", "marc", "sophie", "tom", "operator", "watch_operator", "simulator"]


def test_without_simulation_there_is_no_simulated_trunk() -> None:
    files = files_of(PLAN, replace(SITE, simulator_secret=None))
    assert "simulator" not in files["pjsip.conf"].lower()


def test_message_boxes_of_the_house_and_of_people() -> None:
    assert lines("voicemail.conf", "boxes") == ["reception = 246810,Messagerie de l'accueil"]
    assert lines("voicemail.conf", "people") == ["claire = 246810,Claire Dubois"]


def test_asterisk_mails_no_message_itself() -> None:
    assert "@" not in FILES["voicemail.conf"]


def test_the_light_of_a_desk_phone_is_its_owners_mailbox() -> None:
    assert {"mailboxes = claire@people", "voicemail_extension = *97"} <= {*lines("pjsip.conf", "claire", "endpoint")}
    assert not [line for line in lines("pjsip.conf", "marc", "endpoint") if line.startswith("mailboxes")]


def test_a_mailbox_is_found_by_its_extension() -> None:
    assert lines("extensions.conf", "mailbox-of") == [
        "exten = 299,1,Return(reception@boxes)",
        "exten = 201,1,Return(claire@people)",
        "exten = _X!,1,Return()",
    ]


def test_the_last_resort_is_a_context_of_its_own() -> None:
    assert lines("extensions.conf", "globals")[1:3] == [
        "ROUTER = agi://127.0.0.1:4999",
        "PROMPTS = /home-of-asterisk/prompts",
    ]
    steps = lines("extensions.conf", "last-resort")
    assert steps[0] == "exten = s,1,Set(LAST_RESORT=1)"
    assert " same = n,Set(STEP_1_DIAL=PJSIP/sophie&PJSIP/tom)" in steps
    assert steps[-2:] == [" same = n,Set(ROUTE_OK=1)", " same = n,Goto(steps,s,1)"]


def test_the_manager_has_no_right_to_run_commands_and_is_not_reached_from_outside() -> None:
    user = lines("manager.conf", SITE.ami_user)
    assert "write = originate,call,agent,reporting,user" in user
    assert "write = system" in lines("manager.conf", SITE.ami_system_user)
    assert {"deny = 0.0.0.0/0.0.0.0", "permit = 127.0.0.1/255.255.255.255"} <= {*user}
    assert "bindaddr = 127.0.0.1" in lines("manager.conf", "general")


def test_the_manager_listens_where_the_service_reaches_it_and_lets_in_the_service_alone() -> None:
    apart = replace(SITE, ami_host="10.57.73.3", ami_permits="10.57.73.2")
    manager = files_of(PLAN, apart)["manager.conf"].splitlines()
    assert "bindaddr = 10.57.73.3" in manager
    assert [line for line in manager if line.startswith(("deny", "permit"))] == [
        "deny = 0.0.0.0/0.0.0.0",
        "permit = 127.0.0.1/255.255.255.255",
        "permit = 10.57.73.2/255.255.255.255",
    ] * manager.count("writetimeout = 5000")


def test_behind_nat_asterisk_calls_itself_by_its_outer_address_except_to_its_own_side() -> None:
    assert [line for line in lines("pjsip.conf", "udp", "transport") if "external" in line] == []
    behind = replace(SITE, sip_external_host="198.51.100.7", sip_local_networks=("192.0.2.0/24", "10.0.0.0/8"))
    transport = files_of(PLAN, behind)["pjsip.conf"].split("\n\n")[1].splitlines()
    assert transport[4:] == [
        "external_signaling_address = 198.51.100.7",
        "external_media_address = 198.51.100.7",
        "local_net = 192.0.2.0/24",
        "local_net = 10.0.0.0/8",
    ]
    assert behind.sip_server == f"198.51.100.7:{SITE.sip_port}", "what is entered in a phone"


def test_every_file_says_that_it_is_generated() -> None:
    assert all(text.startswith(HEADER) for text in FILES.values())


def renamed(text: str) -> Plan:
    """The example when everything in it that is free text reads `text`."""

    def person(each: Person) -> Person:
        return replace(each, name=text, email=text if each.email else None)

    return replace(
        PLAN,
        people={key: person(each) for key, each in PLAN.people.items()},
        voicemail_boxes={key: replace(each, name=text, email=text) for key, each in PLAN.voicemail_boxes.items()},
    )


def skeleton(text: str) -> list[str]:
    """The lines of a file, each without its free texts."""
    without = re.sub(r'^(callerid = ").*(" <\w+>)$', r"\1\2", text, flags=re.MULTILINE)
    without = re.sub(r"^(GENERATED = )[0-9a-f]{16}$", r"\1", without, flags=re.MULTILINE)
    without = re.sub(r"^(member => [^,]*,0,)[^,\n]*", r"\1", without, flags=re.MULTILINE)
    return re.sub(r"^([\w-]+ = \d+,)[^,\n]*$", r"\1", without, flags=re.MULTILINE).split("\n")


@given(ANY_TEXT)
def test_whatever_names_and_addresses_hold_the_files_keep_their_lines(text: str) -> None:
    files = files_of(renamed(text), SITE)

    assert {name: skeleton(each) for name, each in files.items()} == {
        name: skeleton(each) for name, each in FILES.items()
    }
    for each in files.values():
        assert ";" not in each.removeprefix(HEADER)
        each.encode()


def test_at_first_everything_is_written_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "generated"

    modules = write(FILES, folder).modules

    assert {file.name: file.read_text("utf-8") for file in folder.iterdir()} == FILES
    assert modules == ["res_pjsip.so", "app_voicemail.so", "pbx_config.so", "app_queue.so"]


def test_only_what_differs_is_written_and_read_again(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}

    assert write(FILES, tmp_path).modules == []
    assert write({**FILES, "voicemail.conf": "new"}, tmp_path).modules == ["app_voicemail.so"]
    assert write({**FILES, "voicemail.conf": "new", "rtp.conf": "new"}, tmp_path).modules == []

    changed = {name for name, modified in before.items() if (tmp_path / name).stat().st_mtime_ns != modified}
    assert changed == {"voicemail.conf", "rtp.conf"}
    assert (tmp_path / "voicemail.conf.previous").read_text("utf-8") == FILES["voicemail.conf"]


def test_a_swap_is_undone_as_if_it_had_not_been(tmp_path: Path) -> None:
    write({"pjsip.conf": "old"}, tmp_path)

    write({"pjsip.conf": "bad", "queues.conf": "bad"}, tmp_path).undo()

    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"pjsip.conf": "old"}


def test_files_with_passwords_are_read_by_owner_and_group_only(tmp_path: Path) -> None:
    write(FILES, tmp_path)

    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o777 == 0o640
        assert file.stat().st_uid == tmp_path.stat().st_uid


def test_when_one_file_cannot_be_prepared_none_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"pjsip.conf": "old", "voicemail.conf": "old"}, tmp_path)
    room = iter([None])  # for one file

    def fsync(descriptor: int) -> None:
        if next(room, "full") == "full":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)

    with pytest.raises(AsteriskUnavailable, match="No space left"):
        write({"pjsip.conf": "new", "voicemail.conf": "new"}, tmp_path)

    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "pjsip.conf": "old",
        "voicemail.conf": "old",
    }


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "generated").write_text("a file")

    with pytest.raises(AsteriskUnavailable, match=re.escape(str(tmp_path / "generated"))):
        write(FILES, tmp_path / "generated")


def test_a_file_that_is_no_text_any_more_is_written_again(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "pjsip.conf").write_bytes(b"\xff\xfe")

    assert write(FILES, tmp_path).modules == ["res_pjsip.so"]
