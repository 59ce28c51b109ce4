"""A private Asterisk: its folder laid out, started as an ordinary user, asked, stopped.

For `make run` and the tests. It runs from the root folder that tools/install-asterisk makes (through the folder's own
loader, so neither chroot nor container is needed), or from the system's `asterisk`.
"""

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from aiguillage.asterisk.provisioning.announcements import LANGUAGES, among_asterisks_sounds
from aiguillage.errors import AsteriskUnavailable
from aiguillage.shipped import shipped

BOOT_SECONDS = 20.0
STOP_SECONDS = 5.0
ORDINARY_USER = "nobody"


class PrivateAsterisk:
    """`home` holds everything that this Asterisk reads and writes; `root` None = the system's own Asterisk.

    `prompts`: our announcements, a folder for each language, found among its sounds as `aiguillage/`. `node`: its
    systemname, which the ids of its calls begin with.

    As root it runs as `nobody`, who must be able to reach `home`.
    """

    def __init__(self, root: Path | None, home: Path, prompts: Path | None = None, node: str = "") -> None:
        self._root, self.home, self._prompts, self._node = root, home, prompts, node
        self.etc = home / "etc"
        self._process: subprocess.Popen[bytes] | None = None

    def lay_out(self) -> None:
        """Write the configuration folder anew from the hand-written files; generated files are kept."""
        mailboxes = ("spool/voicemail/boxes", "spool/voicemail/people")  # so that no messages are told from no folder
        for folder in ("etc/generated", "lib", "run", "log/cel-custom", "keys", *mailboxes):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        for file in shipped("asterisk-conf").iterdir():
            shutil.copyfile(file, self.etc / file.name)
        self._lay_out_sounds()
        (self.etc / "asterisk.conf").write_text(self._asterisk_conf(), encoding="utf-8")
        (self.home / "log/messages.log").write_bytes(b"")

    def start(self) -> None:
        """Start and wait until it is fully booted.

        Raises AsteriskUnavailable with the errors of its log when it does not come up.
        """
        self._hand_over()
        user = ORDINARY_USER if os.geteuid() == 0 else None
        self._process = subprocess.Popen(
            [*self._program(), "-f", "-n"],
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,  # Ctrl-C in the terminal is for us: we stop it after the calls
        )
        deadline = time.monotonic() + BOOT_SECONDS
        while "fully booted" not in self._ask("core waitfullybooted"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AsteriskUnavailable("Asterisk did not start:\n" + "\n".join(self.problems()[-10:]))
            time.sleep(0.1)

    def signal(self, number: int) -> None:
        """Raises AsteriskUnavailable when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise AsteriskUnavailable("Asterisk does not run")
        self._process.send_signal(number)

    def wait_gone(self, seconds: float) -> bool:
        """Whether it ends by itself, or by somebody's signal, within that time; at once where it does not run."""
        process = self._process
        if process is None:
            return True
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def console(self, command: str) -> str:
        """What Asterisk's command line answers. Raises AsteriskUnavailable when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise AsteriskUnavailable("Asterisk does not run")
        return self._ask(command)

    def problems(self) -> list[str]:
        """The warnings and errors in its log since `lay_out`."""
        log = self.home / "log/messages.log"
        lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
        return [line for line in lines if "WARNING" in line or "ERROR" in line]

    def stop(self) -> None:
        """Stop now, hanging up what is left; does nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            self._ask("core stop now")
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ask(self, command: str) -> str:
        asked = subprocess.run(
            [*self._program(), "-rx", command], capture_output=True, timeout=BOOT_SECONDS, check=False
        )
        return asked.stdout.decode("utf-8", "replace")

    def _program(self) -> list[str]:
        config = ["-C", str(self.etc / "asterisk.conf")]
        if self._root is None:
            return ["asterisk", *config]
        libraries = self._libraries()
        loader = next(libraries.glob("ld-linux-*.so.*"))
        return [str(loader), "--library-path", str(libraries), str(self._root / "usr/sbin/asterisk"), *config]

    def _libraries(self) -> Path:
        """Debian's library folder of this machine's architecture, with Asterisk's modules in it."""
        system = self._root or Path("/")
        modules = next(system.glob("usr/lib/*-linux-gnu/asterisk"), None)
        if modules is None:
            raise AsteriskUnavailable(f"{system} holds no Asterisk; make a folder with one: tools/install-asterisk")
        return modules.parent

    def _hand_over(self) -> None:
        """Root gives the folder to the ordinary user."""
        if os.geteuid() != 0:
            return
        for path in (self.home, *self.home.rglob("*")):
            if path.is_symlink():
                continue  # to the system's own files
            shutil.chown(path, ORDINARY_USER, pwd.getpwnam(ORDINARY_USER).pw_gid)

    def _lay_out_sounds(self) -> None:
        """Links to the system's sounds, with our own announcements and numbers beside them in each language."""
        system, data = (self._root or Path("/")) / "usr/share/asterisk", self.home / "data"
        shutil.rmtree(data, ignore_errors=True)
        (data / "sounds").mkdir(parents=True)
        for thing in system.glob("*"):
            if thing.name != "sounds":
                (data / thing.name).symlink_to(thing)
        for thing in (system / "sounds").glob("*"):
            if not thing.is_dir():
                (data / "sounds" / thing.name).symlink_to(thing)
        languages = {each.name for each in (system / "sounds").glob("*") if each.is_dir()} | set(LANGUAGES)
        for language in languages:
            folder = data / "sounds" / language
            folder.mkdir()
            for thing in (system / "sounds" / language).glob("*"):
                (folder / thing.name).symlink_to(thing)
            if self._prompts is None:
                continue
            for name, ours in among_asterisks_sounds(language, self._prompts):
                if not (folder / name).exists():
                    (folder / name).parent.mkdir(exist_ok=True)
                    (folder / name).symlink_to(ours)

    def _asterisk_conf(self) -> str:
        directories = {
            "astetcdir": self.etc,
            "astmoddir": self._libraries() / "asterisk/modules",
            "astvarlibdir": self.home / "lib",
            "astdbdir": self.home / "lib",
            "astkeydir": self.home / "keys",
            "astdatadir": self.home / "data",
            "astagidir": self.home / "lib",
            "astspooldir": self.home / "spool",
            "astrundir": self.home / "run",
            "astlogdir": self.home / "log",
        }
        lines = "".join(f"{name} => {folder}\n" for name, folder in directories.items())
        name = f"systemname = {self._node}\n" if self._node else ""
        return f"[directories]\n{lines}\n[options]\nlive_dangerously = no\n{name}"
