"""The Compose files of a checkout of their own, started, called and asked as an operator does it."""

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from aiguillage import text_formats
from aiguillage.errors import Refused, Unavailable
from aiguillage.simulator.telephones import Telephones
from tests.compose import street

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "migrations", "asterisk-conf", "examples", "locale", "docker")
FILES = ("requirements.lock", ".dockerignore")
COMPOSE = shlex.split(os.environ.get("COMPOSE", "docker-compose"))
CENTRAL = "+3271000001"
HEALTHY_SECONDS = 120.0
REGISTERED_SECONDS = 60.0
RTP_PORTS = 40


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def free_port(host: str, kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def free_network() -> str:
    """The first three numbers of a network that Docker does not use."""
    networks = docker("network", "ls", "--quiet").split()
    used = docker("network", "inspect", *networks, "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}")
    return next(prefix for each in range(100, 200) if (prefix := f"10.57.{each}") not in used)


@dataclass
class Stack:
    """`files`: the Compose files, in their order. Taken down with all that it has kept when it is left."""

    name: str
    files: tuple[str, ...]
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="aiguillage-compose-")))

    def __enter__(self) -> Self:
        for folder in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__", ".env", "secrets")
            shutil.copytree(CHECKOUT / folder, self.home / folder, ignore=ignored)
        for file in FILES:
            shutil.copyfile(CHECKOUT / file, self.home / file)
        self.sip_port = free_port(street.MACHINE, socket.SOCK_DGRAM)
        self.http_port = free_port("127.0.0.1", socket.SOCK_STREAM)
        self.trunk = f"{street.STREET}:5080"
        self._write_settings()
        subprocess.run([self.folder / "init-secrets"], check=True, capture_output=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.compose("down", "--volumes", "--timeout", "1")
        shutil.rmtree(self.home)

    @property
    def folder(self) -> Path:
        return self.home / "docker"

    def _write_settings(self) -> None:
        first = 20_000 + self.sip_port % 5_000 * 2
        settings = {
            "AIGUILLAGE_SIP_EXTERNAL_HOST": street.MACHINE,
            "SIP_ADDRESS": street.MACHINE,
            "AIGUILLAGE_SIP_PORT": self.sip_port,
            "AIGUILLAGE_RTP_FIRST_PORT": first,
            "AIGUILLAGE_RTP_LAST_PORT": first + RTP_PORTS - 1,
            "AIGUILLAGE_HTTP_PORT": self.http_port,
            # The ports of the containers' own networks are nobody else's; those of this machine's may be.
            "AIGUILLAGE_AGI_PORT": free_port("127.0.0.1", socket.SOCK_STREAM),
            "AIGUILLAGE_AMI_PORT": free_port("127.0.0.1", socket.SOCK_STREAM),
            "INTERNAL_NETWORK": free_network(),
            "AIGUILLAGE_TAG": "acceptance",
        }
        lines = [f"{name}={value}" for name, value in settings.items()]
        (self.folder / ".env").write_text("\n".join([*lines, os.environ.get("BASES", ""), ""]))

    # --- what an operator does ---

    def compose(self, *words: str, given: bytes | None = None, to: Path | None = None) -> str:
        """`docker compose …`, with `given` on its standard input, its output in the file `to`. Fails where it does."""
        files = [word for file in self.files for word in ("-f", file)]
        done = subprocess.run(
            [*COMPOSE, "-p", self.name, *files, *words], cwd=self.folder, input=given, capture_output=True, check=False
        )
        assert done.returncode == 0, (done.stdout[-3000:] + done.stderr[-3000:]).decode()
        if to is not None:
            to.write_bytes(done.stdout)
            return ""
        return done.stdout.decode()

    def command(self, *words: str, given: bytes | None = None) -> str:
        """What `aiguillage` prints in the service's container."""
        return self.compose("exec", "-T", "service", "aiguillage", *words, given=given)

    @property
    def services(self) -> list[str]:
        return sorted(self.compose("config", "--services").split())

    def container(self, service: str) -> str:
        return self.compose("ps", "--quiet", service).strip()

    def inspected(self, service: str) -> dict[str, Any]:
        (found,) = json.loads(docker("inspect", self.container(service)))
        return dict(found)

    def wait_healthy(self, *services: str) -> float:
        """Seconds until Docker's health checks say that all is well."""
        began = time.monotonic()
        for service in services or self.services:
            while (state := self.inspected(service)["State"])["Health"]["Status"] != "healthy":
                told = [each["Output"] for each in state["Health"]["Log"]][-1:]
                said = docker("logs", "--tail", "20", self.container(service))
                assert time.monotonic() < began + HEALTHY_SECONDS, f"{service}: {state['Status']}, {told}\n{said}"
                time.sleep(0.5)
        return time.monotonic() - began

    def wait_answering(self) -> float:
        """Seconds until the service answers as Asterisk asks it, and has Asterisk's manager interface."""
        began = time.monotonic()
        while not self._tells("readyz"):
            assert time.monotonic() < began + HEALTHY_SECONDS, self.compose("logs", "--tail", "30", "service")
            time.sleep(0.2)
        return time.monotonic() - began

    def wait_serving(self) -> None:
        """Until the service runs, without a plan as well."""
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not self._tells("healthz"):
            assert time.monotonic() < deadline, self.compose("logs", "--tail", "30", "service")
            time.sleep(0.2)

    def _tells(self, page: str) -> bool:
        try:
            with street.at_home(), urlopen(f"http://127.0.0.1:{self.http_port}/{page}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self, service: str) -> None:
        """As the kernel does it, and not as an operator, after whom Docker does not start it again."""
        os.kill(self.inspected(service)["State"]["Pid"], signal.SIGKILL)

    # --- the plan, over the API ---

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[Any, str]:
        """The answer's body, and its ETag."""
        request = Request(
            f"http://127.0.0.1:{self.http_port}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )
        with street.at_home(), urlopen(request, timeout=60) as answer:
            text = answer.read()
            return json.loads(text) if text else None, answer.headers.get("ETag", "")

    @property
    def token(self) -> str:
        kept = self.home / "token"
        if not kept.exists():
            kept.write_text(self.command("token", "create", "acceptance").strip())
        return kept.read_text()

    def plan(self, person: str) -> dict[str, Any]:
        """The example, its operator at `trunk`, and all who call the central number at `person`, at any hour."""
        document: dict[str, Any] = text_formats.read_yaml((self.home / "examples/plan.yaml").read_text("utf-8"))
        document["trunks"]["operator"]["server"] = self.trunk
        steps = [{"ring": f"person:{person}"}, {"voicemail": "reception"}]
        document["inbound_routes"].insert(0, {"name": f"all to {person}", "to": ["central"], "steps": steps})
        return document

    def publish(self, person: str) -> None:
        """From draft to published, with the API's own precautions; back once calls follow it."""
        _, draft = self.ask("GET", "plan")
        self.ask("PUT", "plan", self.plan(person), If_Match=draft)
        _, proved = self.ask("GET", "plan/check")
        published, _ = self.ask("POST", "plan/publish", {"comment": f"all to {person}"}, If_Match=proved)
        deadline = time.monotonic() + 30
        while self._followed() < published["number"]:
            assert time.monotonic() < deadline, "calls do not follow what was published"
            time.sleep(0.1)

    def _followed(self) -> int:
        with street.at_home(), urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=5) as answer:
            return int(json.loads(answer.read())["plan_version"] or 0)

    def routes(self) -> list[str | None]:
        """The routes of the calls in the journal, the newest first."""
        return [call["route"] for call in self.ask("GET", "calls")[0]["items"]]

    # --- the telephones ---

    @contextlib.asynccontextmanager
    async def telephones(self) -> AsyncIterator[Telephones]:
        """On the street; all desk phones are registered, and answer at once."""
        with street.outside():
            async with Telephones(self.trunk, f"{street.MACHINE}:{self.sip_port}") as telephones:
                await self.register(telephones)
                yield telephones

    async def register(self, telephones: Telephones) -> None:
        """Again and again, as phones do: Asterisk may just be starting."""
        deadline = time.monotonic() + REGISTERED_SECONDS
        while True:
            try:
                return await self._register_once(telephones)
            except (Refused, Unavailable):
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.5)

    async def _register_once(self, telephones: Telephones) -> None:
        for endpoint, password in (await asyncio.to_thread(self.passwords)).items():
            await telephones.register(endpoint, password)
            telephones.behave(endpoint, "answer")

    def passwords(self) -> dict[str, str]:
        told = json.loads(self.command("phone", "show", "--json"))
        return {phone["endpoint"]: phone["password"] for phone in told["phones"]}
