"""What the server's log says of a request that was answered."""

from __future__ import annotations

import logging


class AnswerFilter(logging.Filter):
    """A refusal (403, 404, 400) is an answer, not a fault of ours: one line, without the traceback that Django adds."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
