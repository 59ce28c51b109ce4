"""A file that is not whole, was changed, or holds what no backup holds, is refused before anything is touched."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiguillage.desk.backups import read_archive
from aiguillage.errors import Refused
from tests.backups.conftest import Places
from tests.backups.places import Place


@pytest.fixture
def old(place: Places) -> Place:
    made = place("sqlite")
    made.record("welcome.wav", b"RIFF" * 200)
    return made


def test_a_byte_that_was_changed_in_any_file_or_header_is_noticed(old: Place) -> None:
    file = old.back_up()
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        places = [each.offset + 3 for each in tar] + [each.offset_data for each in tar if each.size]
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Refused, match="damaged"):
            read_archive(file)
    file.write_bytes(whole)
    assert read_archive(file).manifest.recordings == 1


def test_a_file_that_was_cut_anywhere_is_noticed(old: Place) -> None:
    file = old.back_up()
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        ends = [place for each in tar for place in (each.offset, each.offset + 100, each.offset_data + each.size // 2)]
    for end in ends:
        file.write_bytes(whole[:end])
        with pytest.raises(Refused, match="damaged"):
            read_archive(file)


@pytest.mark.parametrize("content", [b"", b"Dear diary, " * 100, b"\x1f\x8b\x08\x00" + b"x" * 600])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(Refused, match=r"no backup of ours, or is damaged|manifest is missing"):
        read_archive(tmp_path / "x")
    with pytest.raises(Refused, match="missing: No such file"):
        read_archive(tmp_path / "missing")


Change = Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]


def rewritten(file: Path, change: Change) -> Path:
    """The same with other members, and a manifest and a seal that fit them: what somebody makes on purpose."""
    with tarfile.open(file) as tar:
        members = [(each, tar.extractfile(each).read()) for each in tar]  # type: ignore[union-attr]
    change(members)
    manifest = json.loads(next(content for each, content in members if each.name == "manifest.json"))
    rest = [(each, content) for each, content in members if not each.name.startswith("manifest.")]
    manifest["files"] = {
        each.name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for each, content in rest
    }
    text = json.dumps(manifest).encode()
    rest += [(tarfile.TarInfo("manifest.json"), text)]
    rest += [(tarfile.TarInfo("manifest.sha256"), hashlib.sha256(text).hexdigest().encode())]
    with tarfile.open(file, "w") as tar:
        for each, content in rest:
            each.size = len(content)
            tar.addfile(each, io.BytesIO(content))
    return file


def adding(name: str, **facts: Any) -> Change:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        member = tarfile.TarInfo(name)
        for fact, value in facts.items():
            setattr(member, fact, value)
        members.append((member, b""))

    return change


@pytest.mark.parametrize(
    "change",
    [
        adding("../outside.wav"),
        adding("/etc/outside"),
        adding("recordings/../../outside.wav"),
        adding("recordings/./a.wav"),
        adding("recordings//a.wav"),
        adding("recordings/a\\b.wav"),
        adding("recordings/a\nb.wav"),
        adding("recordings/" + "a" * 201),
        adding("tables/../x.jsonl"),
        adding("elsewhere/a"),
        adding("recordings/welcome.wav"),
        adding("recordings/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        adding("recordings/link", type=tarfile.LNKTYPE, linkname="recordings/welcome.wav"),
        adding("recordings/device", type=tarfile.CHRTYPE),
        adding("recordings/pipe", type=tarfile.FIFOTYPE),
        adding("recordings/folder", type=tarfile.DIRTYPE),
        adding("recordings/sparse", type=tarfile.GNUTYPE_SPARSE),
    ],
)
def test_a_backup_that_was_made_to_do_harm_is_refused(old: Place, place: Places, change: Change) -> None:
    file = rewritten(old.back_up(), change)
    with pytest.raises(Refused, match="no backup of ours"):
        read_archive(file)
    assert not list(old.settings.state.parent.glob("**/outside*"))


def replacing(table: str, content: bytes) -> Change:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        position = next(number for number, (each, _) in enumerate(members) if each.name == f"tables/{table}.jsonl")
        members[position] = (members[position][0], content)

    return change


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_that_do_not_fit_change_nothing(old: Place, place: Places, kind: str) -> None:
    new = place(kind)
    contacts = b'["id","position","name","unit","category","language","note"]\n'
    was = new.rows()
    for number, (table, content) in enumerate(
        [
            ("contacts", b""),
            ("contacts", b"{}\n"),
            ("contacts", b'["id","name"]\n[1,"a"]\n'),
            ("contacts", contacts + b'[1,1,"a",null,null,null]\n'),
            ("contacts", contacts + b'["1; DROP TABLE contacts",1,"a",null,null,null,""]\n'),
            ("contacts", contacts + b'[1,1,null,null,null,null,""]\n'),
            ("contacts", contacts + b'[1,1,"a",null,null,null,""]\n[1,2,"b",null,null,null,""]\n'),
            ("contacts", contacts + b"not json\n"),
            ("contact_numbers", b'["contact","position","number"]\n[99,0,"+32471000201"]\n'),
            (
                "presences",
                b'["person","state","until","forward_to","changed_at","changed_by"]\n["a","away","x",null,7,""]\n',
            ),
        ]
    ):
        file = rewritten(old.back_up(f"{number}.tar"), replacing(table, content))
        with pytest.raises(Refused, match=r"of the backup|the backup's table"):
            new.restore(file)
        assert new.rows() == was


def test_a_table_too_many_or_too_few_is_refused(old: Place, place: Places) -> None:
    def without(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members[:] = [each for each in members if each[0].name != "tables/pins.jsonl"]

    with pytest.raises(Refused, match="the table pins is missing"):
        read_archive(rewritten(old.back_up(), without))
