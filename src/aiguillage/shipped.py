"""Files that come with the code: at the top of a checkout, or inside the installed package."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """`migrations`, `asterisk-conf`, `examples` or `locale`, wherever this installation has it."""
    packaged = _PACKAGE / "shipped" / folder
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / folder
