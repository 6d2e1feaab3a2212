"""What the server's log says of a request that was answered."""

from __future__ import annotations

import logging
import re

# Paths whose next part opens something for whoever holds it.
SECRET = re.compile(r"(/(?:inbound/[\w-]+|calendars|invitations|unsubscribe)/)[^/?\s]+")


class AnswerFilter(logging.Filter):
    """A refusal (403, 404, 400) is an answer, not a fault of ours: one line, without the traceback that Django adds. Of a
    secret address no line has the secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        if isinstance(record.args, tuple):
            record.args = tuple(SECRET.sub(r"\1…", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True
