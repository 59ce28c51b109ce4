"""What the doctor finds wrong, and that it always says what to do."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiguillage.doctor import asterisk, machine
from aiguillage.doctor.finding import Finding
from aiguillage.errors import AsteriskRefused
from aiguillage.settings import Settings
from aiguillage.shipped import shipped
from tests.cli.commands import Run
from tests.ports import free_port
from tests.unit.examples import PLAN


def with_settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On ports where this machine's own services are not."""
    for name in ("AGI", "AMI"):
        monkeypatch.setenv(f"AIGUILLAGE_{name}_PORT", str(free_port()))
    monkeypatch.setenv("AIGUILLAGE_SIP_PORT", str(free_port(socket.SOCK_DGRAM)))


@pytest.mark.usefixtures("nobody_listens")
def test_whatever_is_wrong_has_a_remedy(published: Run) -> None:
    done = published("doctor", "--json")
    assert done.status == 1
    parts = done.data["parts"]
    wrong = {name: part for name, part in parts.items() if not part["ok"]}
    assert {"service", "asterisk", "asterisk modules", "trunks", "sip", "prompts"} <= wrong.keys()
    assert parts["database"]["ok"]
    assert parts["plan"]["ok"]
    assert parts["clock"]["ok"]
    assert all(part["remedy"] for part in wrong.values())
    assert not any(part["remedy"] for part in parts.values() if part["ok"])


@pytest.mark.usefixtures("nobody_listens")
def test_before_anything_is_set_up_it_says_where_to_begin(fresh: Run) -> None:
    done = fresh("doctor")
    assert done.status == 1
    assert "do: aiguillage migrate" in done.said
    assert done.said.count("BAD ") == done.said.count("     do: ")


@pytest.mark.usefixtures("nobody_listens")
def test_a_health_check_without_a_service_fails_and_says_why(fresh: Run) -> None:
    done = fresh("healthcheck")
    assert done.status == 1
    assert "does not answer" in done.complained
    assert "aiguillage serve" in done.complained


# --- the machine ---


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_settings(state_dir=tmp_path / "not/there/yet")
    monkeypatch.setattr(machine, "FREE_BYTES", 0)
    monkeypatch.setattr(machine, "FREE_FILES", 0)
    assert machine.disk(settings).ok
    monkeypatch.setattr(machine, "FREE_BYTES", 10**18)
    assert "MB are free for" in machine.disk(settings).reason
    assert machine.disk(settings).remedy


def test_a_clock_that_went_back() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    assert "NTP" in machine.clock(PLAN, ahead).remedy
    assert machine.clock(PLAN, datetime.now(UTC)).ok
    assert machine.clock(None, None).ok


def test_a_time_zone_without_data() -> None:
    elsewhere = replace(PLAN, organisation=replace(PLAN.organisation, timezone="Europe/Nowhere"))
    assert "tzdata" in machine.clock(elsewhere, None).remedy


def test_announcements_that_are_missing(tmp_path: Path) -> None:
    found = machine.prompts(with_settings(state_dir=tmp_path), PLAN)
    assert not found.ok
    assert "fr/builtin/confirm" in found.reason


@pytest.fixture
def mail_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Finding]]:
    """What is said of a mail server whose certificate is good for so many days."""
    opened: list[socket.socket] = []

    def found(days: int) -> Finding:
        certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        named = ["-days", str(days), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        subprocess.run([*made, *named, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)
        serving = threading.Thread(target=answer_once, args=(listening, context))
        serving.start()
        port = listening.getsockname()[1]
        told = machine.certificates(
            with_settings(smtp_host="localhost", smtp_port=port, smtp_tls="tls", mail_from="a@b.example")
        )
        serving.join()
        return told

    yield found
    for each in opened:
        each.close()


def answer_once(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with connection, context.wrap_socket(connection, server_side=True) as secure:
        secure.recv(1)


def test_a_certificate_that_is_good(mail_server: Callable[[int], Finding]) -> None:
    found = mail_server(60)
    assert found.ok, found.reason
    assert "is good until" in found.reason


def test_a_certificate_that_ends_soon(mail_server: Callable[[int], Finding]) -> None:
    found = mail_server(5)
    assert not found.ok
    assert "renew it" in found.remedy


def test_a_mail_server_that_is_away() -> None:
    settings = with_settings(smtp_host="127.0.0.1", smtp_port=free_port(), mail_from="a@b.example")
    assert not machine.certificates(settings).ok
    assert machine.certificates(with_settings()).reason == "none is used"


# --- Asterisk ---


class FakeLink:
    """Asterisk's answers by action, or by the variable that is asked for."""

    def __init__(self, answers: Mapping[str, str], *, refuses: str = "") -> None:
        self.answers, self.refuses = answers, refuses

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        if self.refuses and name == "ModuleCheck":
            raise AsteriskRefused(f"{name}: {self.refuses}")
        told = self.answers.get(fields.get("Variable", name), "")
        return {"Value": told, "AsteriskVersion": told}


@pytest.mark.parametrize(
    "told, ok", [("22.10.1~dfsg-1", True), ("GIT-22-1234abc", True), ("23.1.0", True), ("20.9.2", False), ("", False)]
)
async def test_releases_of_asterisk(told: str, ok: bool) -> None:
    assert (await asterisk._version(FakeLink({"CoreSettings": told}))).ok is ok  # type: ignore[arg-type]


async def test_a_module_that_is_missing_is_named() -> None:
    found = await asterisk._modules(FakeLink({}, refuses="Module not loaded"))  # type: ignore[arg-type]
    assert "res_agi" in found.reason
    with pytest.raises(AsteriskRefused):
        await asterisk._modules(FakeLink({}, refuses="Permission denied"))  # type: ignore[arg-type]


def test_the_modules_that_we_list_have_all_that_are_needed() -> None:
    listed = (shipped("asterisk-conf") / "modules.conf").read_text("utf-8")
    assert [module for module in asterisk.MODULES if f"= {module}.so" not in listed] == []


async def test_clocks_that_differ() -> None:
    behind = str(int(datetime.now(UTC).timestamp()) - 3600)
    assert "apart" in (await asterisk._clock(FakeLink({"EPOCH": behind}))).reason  # type: ignore[arg-type]


async def test_an_operator_that_does_not_answer() -> None:
    silent = FakeLink({})
    assert not (await asterisk._operators(silent, PLAN, simulated=False)).ok  # type: ignore[arg-type]
    assert (await asterisk._operators(silent, PLAN, simulated=True)).ok  # type: ignore[arg-type]


async def test_a_language_without_sounds(tmp_path: Path) -> None:
    (tmp_path / "sounds/fr/digits").mkdir(parents=True)
    found = await asterisk._sounds(FakeLink({"ASTDATADIR": str(tmp_path)}), PLAN)  # type: ignore[arg-type]
    assert "fr/digits/1" in found.reason
    assert "fr_CA_f_June" in found.remedy
