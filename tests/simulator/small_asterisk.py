"""A real Asterisk with a throw-away configuration, for the simulator's own tests."""

import math
import os
import shutil
import struct
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_udp_port

BOOT_SECONDS = 30
PHONES = ("sophie", "tom", "claire")
PASSWORD = "not-a-secret"

MODULES = """
pbx_config res_timing_timerfd format_wav codec_alaw codec_resample res_sorcery_config res_sorcery_memory
res_sorcery_astdb res_pjproject res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_rtp_asterisk
res_pjsip_authenticator_digest res_pjsip_registrar res_pjsip_endpoint_identifier_ip
res_pjsip_endpoint_identifier_user res_pjsip_caller_id res_pjsip_header_funcs res_pjsip_nat res_pjsip_rfc3326
res_pjsip_pubsub chan_pjsip bridge_simple bridge_native_rtp bridge_holding bridge_softmix app_dial app_read
app_record app_stack app_echo func_callerid func_channel func_logic func_strings
app_playback app_minivm res_pjsip_refer res_pjsip_mwi res_pjsip_mwi_body_generator
"""

EXTENSIONS = """
[operator]
exten = +3271000001,1,Set(SEEN=${{PJSIP_HEADER(read,X-Aiguillage-At)}}/${{CALLERID(num)}}/${{CALLERID(num-pres)}})
 same = n,Dial(PJSIP/sophie,20,b(seen^s^1(${{SEEN}})))
exten = +3271000002,1,Dial(PJSIP/sophie&PJSIP/tom&PJSIP/claire,20)
exten = +3271000003,1,Dial(PJSIP/+32470000101@trunk,20,U(confirm))
exten = +3271000004,1,Answer()
 same = n,Record({folder}/message.wav,0,20,kq)
exten = +3271000005,1,Answer()
 same = n,Echo()
exten = +3271000006,1,Answer()
 same = n,Read(KEYS,{folder}/prompt,3,,1,5)
 same = n,Dial(PJSIP/sophie,20,b(seen^s^1(${{KEYS}})))
exten = +3271000007,1,Dial(PJSIP/sophie,3)
exten = +3271000008,1,Answer()
 same = n,Playback({folder}/melody)
 same = n,Wait(5)
exten = +3271000009,1,MinivmMWI(sophie@default,0,3,1)
 same = n,Answer()
[phones]
include => operator
exten = _*.,1,Dial(PJSIP/tom,20,b(seen^s^1(${{EXTEN}}/${{CALLERID(num)}}/${{CALLERID(name)}})))
exten = 201,1,Dial(PJSIP/tom,20)
exten = 202,1,Dial(PJSIP/claire,20)
[seen]
exten = s,1,Set(PJSIP_HEADER(add,X-Seen)=${{ARG1}})
 same = n,Return()
[confirm]
exten = s,1,Set(GOSUB_RESULT=CONTINUE)
 same = n,Read(KEY,{folder}/prompt,1,,1,2)
 same = n,GotoIf($["${{KEY}}"="1"]?taken)
 same = n,Return()
 same = n(taken),Set(GOSUB_RESULT=)
 same = n,Return()
"""

PJSIP = """
[global]
type=global
endpoint_identifier_order=header,username,ip
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip_port}
[trunk]
type=endpoint
context=operator
disallow=all
allow=alaw
aors=trunk
[trunk]
type=aor
contact=sip:127.0.0.1:{trunk_port}
[trunk]
type=identify
endpoint=trunk
match=127.0.0.1
"""

PHONE = """
[{name}]
type=endpoint
context=phones
disallow=all
allow=alaw
auth={name}
aors={name}
mailboxes={name}@default
[{name}]
type=auth
auth_type=digest
username={name}
password={password}
[{name}]
type=aor
max_contacts=1
remove_existing=yes
"""

FOLDERS = """[directories]
astetcdir => {folder}
astmoddir => {library}/asterisk/modules
astvarlibdir => {folder}
astdbdir => {folder}
astkeydir => {folder}
astdatadir => {root}/usr/share/asterisk
astagidir => {folder}
astspooldir => {folder}
astrundir => {folder}
astlogdir => {folder}
"""


@dataclass(frozen=True)
class SmallAsterisk:
    folder: Path
    sip: str
    trunk: str


def write_configuration(folder: Path, root: Path, sip_port: int, trunk_port: int) -> None:
    library = root / "usr/lib/x86_64-linux-gnu"
    modules = "".join(f"require={name}.so\n" for name in MODULES.split())
    phones = "".join(PHONE.format(name=name, password=PASSWORD) for name in PHONES)
    files = {
        "asterisk.conf": FOLDERS.format(folder=folder, root=root, library=library),
        "modules.conf": f"[modules]\nautoload=no\n{modules}",
        "pjsip.conf": PJSIP.format(sip_port=sip_port, trunk_port=trunk_port) + phones,
        "extensions.conf": EXTENSIONS.format(folder=folder),
        "rtp.conf": f"[general]\nrtpstart={20000 + sip_port // 4 * 2}\nrtpend={20200 + sip_port // 4 * 2}\n",
        "minivm.conf": "[general]\nformat=wav\n",
        "logger.conf": "[logfiles]\nconsole => warning,error\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    write_sound(folder / "prompt.wav", [round(8000 * math.sin(2 * math.pi * index / 20)) for index in range(2 * 8000)])
    write_sound(folder / "melody.wav", melody())


def melody() -> list[int]:
    """Three seconds of 60 notes, each of its own height and loudness: nothing in it is like anything else in it."""
    return [
        round((2000 + note * 37 % 59 * 200) * math.sin(2 * math.pi * (300 + note * 23 % 61 * 40) * index / 8000))
        for note in range(60)
        for index in range(400)
    ]


def write_sound(file: Path, samples: list[int]) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


@contextmanager
def small_asterisk(root: Path) -> Iterator[SmallAsterisk]:
    """Runs as `nobody` where we are root; gone, with its folder, at the end."""
    library = root / "usr/lib/x86_64-linux-gnu"
    folder = Path(tempfile.mkdtemp(prefix="aiguillage-asterisk-"))
    sip_port, trunk_port = free_udp_port(), free_udp_port()
    write_configuration(folder, root, sip_port, trunk_port)
    unprivileged = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    if unprivileged:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody")
    program = [
        str(library / "ld-linux-x86-64.so.2"),
        "--library-path",
        str(library),
        str(root / "usr/sbin/asterisk"),
    ]
    command = [*program, "-C", str(folder / "asterisk.conf")]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([*command, "-f", "-n"], stdout=output, stderr=output, **unprivileged)  # type: ignore[call-overload]
    try:
        wait_booted(command, folder, process)
        yield SmallAsterisk(folder, f"127.0.0.1:{sip_port}", f"127.0.0.1:{trunk_port}")
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def wait_booted(command: list[str], folder: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        asked = subprocess.run([*command, "-rx", "core waitfullybooted"], capture_output=True, check=False)
        if b"fully booted" in asked.stdout:
            return
        time.sleep(0.1)
    raise RuntimeError(f"Asterisk did not start:\n{(folder / 'output').read_text()[-4000:]}")
