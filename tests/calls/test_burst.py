"""An independent SIP implementation, SIPp, plays the operator in a rush."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.calls.system import System
from tests.required import missing

CALLS = 60
PER_SECOND = 20


def test_every_call_of_a_rush_gets_its_answer(system: System, tmp_path: Path) -> None:
    if shutil.which("sipp") is None:
        missing("needs SIPp: apt-get install sip-tester")
    began = datetime.now(UTC)
    host, port = system.trunk.split(":")
    callers = [f"+3265999{number:03}" for number in range(CALLS)]
    (tmp_path / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{caller};\n" for caller in callers))
    done = subprocess.run(
        [
            "sipp",
            *("-sf", str(Path(__file__).with_name("burst.xml")), "-s", "+3271000001", "-inf", "callers.csv"),
            *("-i", host, "-p", port, "-m", str(CALLS), "-r", str(PER_SECOND), "-timeout", "30", "-nostdin"),
            f"127.0.0.1:{system.settings.sip_port}",
        ],
        cwd=tmp_path,
        env={"TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[:1500]
    recorded = system.wait_for_decisions(CALLS, since=began)
    assert len(recorded) == CALLS
    assert {each.route for each in recorded} == {"nuisance"}
    assert sorted(str(each.caller) for each in recorded) == callers
