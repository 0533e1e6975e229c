"""No key gets into a log, whoever writes the line and wherever it goes."""

import logging
import traceback
from contextlib import suppress
from typing import Any

from arenas.providers._secrets import redact


def hide_secrets() -> None:
    """Have every log record made without keys, its traceback included.

    This is done where records are made: frameworks bring handlers and formatters of their own.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "hides_secrets", False):
        return

    def make_hidden(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        with suppress(Exception):  # arguments that do not fit are their logger's trouble
            written = record.getMessage()
            if (hidden := redact(written)) != written:
                record.msg, record.args = hidden, ()
        if record.exc_info and record.exc_info[0]:
            # Formatters take this text where it is there, and format the exception otherwise.
            record.exc_text = redact("".join(traceback.format_exception(*record.exc_info))).rstrip()
        return record

    make_hidden.hides_secrets = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_hidden)
