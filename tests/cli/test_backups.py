"""aiguillage backup and restore."""

import shutil
import tarfile
from pathlib import Path

import pytest

from aiguillage.desk.parts import Health
from tests.cli.commands import Run, refused, well
from tests.ports import free_port


@pytest.fixture(autouse=True)
def no_service(published: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGUILLAGE_AGI_PORT", str(free_port()))


def test_back_up_lose_everything_and_restore(published: Run, tmp_path: Path) -> None:
    before = well(published("directory", "export"))
    told = well(published("backup", "mine.tar"))
    assert told.startswith("mine.tar holds ")
    assert told.endswith("It holds passwords, too: keep it safe.\n")
    shutil.rmtree(tmp_path / "state")
    assert "mine.tar is whole: " in well(published("restore", "mine.tar", "--dry-run"))
    assert not (tmp_path / "state").exists()
    told = well(published("restore", "mine.tar"))
    assert told.startswith("Put back: ")
    assert well(published("directory", "export")) == before
    assert "restore" in well(published("audit", "list"))
    assert published("audit", "verify").status == 0


def test_what_is_there_is_not_replaced_without_force(published: Run, tmp_path: Path) -> None:
    well(published("backup", "mine.tar"))
    assert "write --force" in refused(published("restore", "mine.tar"))
    told = well(published("restore", "mine.tar", "--force"))
    assert "they are kept in " in told
    assert len(list((tmp_path / "state/backups").glob("before-restore-*.tar"))) == 1


def test_a_program_reads_what_was_done(published: Run, tmp_path: Path) -> None:
    made = published("backup", "--json").data
    assert Path(made["file"]).parent == tmp_path / "state/backups"
    assert made["tables"]["plan_versions"] == 1
    assert published("restore", made["file"], "--dry-run", "--json").data["tables"] == made["tables"]
    done = published("restore", made["file"], "--force", "--json").data
    assert (done["erased"], done["replaced"]["plan_versions"]) == (0, 1)


def test_not_while_the_service_runs(published: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    well(published("backup", "mine.tar"))
    monkeypatch.setattr("aiguillage.doctor.agi_exchange", lambda _: Health(ok=True, reason="answers"))
    assert "the service is running; stop it first" in refused(published("restore", "mine.tar", "--force"))


def test_secrets_of_the_environment_are_in_no_backup(published: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGUILLAGE_AMI_SECRET", "hush-hush-hush")
    well(published("backup", "mine.tar"))
    assert b"hush-hush" not in Path("mine.tar").read_bytes()


def test_a_file_that_is_no_backup_is_refused(published: Run) -> None:
    Path("x.tar").write_text("Dear diary")
    assert "x.tar is no backup of ours" in refused(published("restore", "x.tar"))
    with tarfile.open("y.tar", "w"):
        pass
    assert "its manifest is missing" in refused(published("restore", "y.tar"))
