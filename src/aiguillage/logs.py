"""Logs: one event a line, for people or as JSON; control characters never reach a terminal or a log reader.

A telephone number is shown by its first and last digits: logs are kept, copied and read where the journal is not.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from aiguillage.settings import Settings

_NUMBER = re.compile(r"(\+[1-9]\d\d)\d{3,}(\d\d)|(?<![\w.:+-])(0\d\d)\d{4,}(\d\d)(?![\w:]|\.\d)")
"""In E.164; or national or with 00, where it is no part of an address, an instant or an id."""


def masked(text: str) -> str:
    """`+324…01` in place of +32471000201."""
    return _NUMBER.sub(r"\1\3…\2\4", text)


def _mask(_: Any, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: masked(value) if isinstance(value, str) else value for name, value in record.items()}


def on_one_line(text: str) -> str:
    """`\\u000a` in place of a line end, and so for whatever is not printable: what turns or hides what follows, halves
    of a character. JSON reads it as it was."""
    return text if text.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))


class _OneLine(structlog.stdlib.ProcessorFormatter):
    """A record is one line, whatever a caller wrote into its values; so is the traceback of an error."""

    def format(self, record: logging.LogRecord) -> str:
        return on_one_line(super().format(record))


def quiet() -> None:
    """For commands that say themselves what is wrong: errors only, on standard error."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _mask,
            _for_people(),
            lambda _, __, line: on_one_line(str(line)),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def configure(settings: Settings) -> None:
    """Send structlog's and the standard library's records to standard error in one shape."""
    json = settings.log_format == "json"
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso" if json else "%H:%M:%S", utc=json),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False) if json else _for_people()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _OneLine(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _mask, renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    # These tell of every connection; what matters of it our own records say.
    for noisy in ("alembic", "asyncio", "httpcore2", "panoramisk", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _for_people() -> structlog.typing.Processor:
    return structlog.processors.KeyValueRenderer(
        key_order=["timestamp", "level", "event"], drop_missing=True, repr_native_str=True
    )
