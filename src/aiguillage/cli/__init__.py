"""The command line. Each command is one deed of `desk`; heavy parts are imported by the command that needs them.

Exit status: 0 done, 1 refused or not well (the reason is on standard error), 2 wrong use.
"""

import typer

from aiguillage.cli import accounts, backups, calls, directory, live, plan, privacy, running
from aiguillage.cli.common import count, stop
from aiguillage.errors import AiguillageError, DocumentRefused

app = typer.Typer(
    help="Steers every call on one central number to the right person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (running.app, plan.app, calls.app, directory.app, live.app, accounts.app, privacy.app, backups.app):
    app.add_typer(commands)


def main() -> None:
    try:
        app(prog_name="aiguillage")
    except DocumentRefused as wrong:
        stop(f"{wrong}\n{count(len(wrong.faults), 'fault')}; nothing was changed")
    except AiguillageError as wrong:
        stop(str(wrong))
