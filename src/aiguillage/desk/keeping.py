"""Keep Asterisk's generated files as it took them: what is deleted or altered on the disk is written again.

Somebody edits one by hand, or an upgrade of Asterisk makes its configuration folder anew. The texts are kept in memory,
so that neither database nor plan is needed.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from aiguillage.asterisk.manager import Reloader
from aiguillage.asterisk.provisioning.write import write
from aiguillage.desk.parts import Health
from aiguillage.desk.provisioning import ALL_MODULES, Written, lacks_of, reload
from aiguillage.errors import AiguillageError
from aiguillage.routing.plan import Plan

log = structlog.get_logger()

AGAIN = 10.0
"""Seconds until what Asterisk did not take, or what could not be written, is tried again."""

Signature = Mapping[str, tuple[int, ...]]


class Keeping:
    """Owned by the event loop; nobody may provision while `look` runs."""

    def __init__(self) -> None:
        self._kept: Written | None = None
        self._signature: Signature = {}
        self._told = ""
        self._again_at: float | None = None

    def took(self, written: Written | None) -> None:
        """Asterisk has taken these, or will when it is there."""
        if written is not None:
            self._kept, self._signature, self._again_at = written, _signature(written), None

    async def look(self, manager: Reloader, plan: Plan, *, up: bool) -> Health | None:
        """Write again what somebody else has changed, and have it read where Asterisk is `up`.

        None where all is as it was.
        """
        kept, due = self._kept, self._again_at is not None and time.monotonic() >= self._again_at
        if kept is None or ((found := await asyncio.to_thread(_signature, kept)) == self._signature and not due):
            return None
        try:
            swap = await asyncio.to_thread(write, kept.files, kept.swap.folder)
            self._signature = await asyncio.to_thread(_signature, kept)
            if swap.changed:
                lost = [name for name in kept.files if name not in found]
                log.warning("generated_files_written_again", files=swap.changed, lost=lost)
            elif not due:
                return None  # touched, and still the same
            if up:
                await reload(manager, swap.modules if swap.changed else ALL_MODULES)
                if lacks := await lacks_of(manager, plan, kept.mark):
                    return self._unwell(f"files were written again, and Asterisk does not take them: {lacks[0]}")
        except AiguillageError as wrong:
            return self._unwell(f"generated files are lost or altered: {wrong}")
        self._told, self._again_at = "", None
        return Health(ok=True, reason=f"{', '.join(swap.changed)} had been lost or altered, and were written again")

    def _unwell(self, reason: str) -> Health:
        if reason != self._told:
            log.error("generated_files_not_kept", reason=reason)
        self._told, self._again_at = reason, time.monotonic() + AGAIN
        return Health(ok=False, reason=reason)


def _signature(written: Written) -> Signature:
    """Of each file that is there: what changes when somebody writes it."""
    found = {}
    for name in written.files:
        with contextlib.suppress(OSError):
            state = Path(written.swap.folder / name).stat()
            found[name] = (state.st_ino, state.st_size, state.st_mtime_ns)
    return found
