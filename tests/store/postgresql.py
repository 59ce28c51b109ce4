"""A private PostgreSQL for the tests: made by initdb, on a free port of loopback, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.ports import free_port

START_SECONDS = 15.0


def programmes() -> Path | None:
    """The folder of the newest PostgreSQL server that Debian's packages have put here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass
class PrivatePostgresql:
    """PostgreSQL refuses to run as root; then it is `nobody`'s."""

    bin: Path

    def __enter__(self) -> Self:
        self._user = "nobody" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="aiguillage-pg-"))
        if self._user:
            shutil.chown(self.folder, self._user, pwd.getpwnam(self._user).pw_gid)
        self.port = free_port()
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "tests", "--no-sync")
        self._server = subprocess.Popen(self._command(), cwd=self.folder, **self._as_user())
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self._server.poll() is None, "PostgreSQL did not start"
            assert time.monotonic() < deadline, "PostgreSQL did not start in time"
            time.sleep(0.05)
        return self

    def _command(self) -> list[str]:
        options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", "fsync=off"]
        set_options = [word for option in options for word in ("-c", option)]
        return [str(self.bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *set_options]

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def __exit__(self, *_: object) -> None:
        self._server.send_signal(signal.SIGINT)  # a fast shutdown
        self._server.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"t{uuid.uuid4().hex}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tests", name)
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"

    def _run(self, programme: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.bin / programme), *arguments],
            cwd=self.folder,
            check=False,
            **(self._as_user() | {"stderr": subprocess.PIPE}),
        )
        assert done.returncode == 0, f"{programme}: {done.stderr.decode()}"

    def _as_user(self) -> dict[str, Any]:
        group = pwd.getpwnam(self._user).pw_gid if self._user else None
        return {
            "user": self._user,
            "group": group,
            "extra_groups": [] if self._user else None,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
