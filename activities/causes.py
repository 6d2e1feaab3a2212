"""Why a line of the timeline is there, where no person wrote it: kept in its `data` as "cause", and handed on to all that
follows from it, so that a chain of automations can be told and ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_cause: ContextVar[dict[str, object] | None] = ContextVar("cause", default=None)


@contextmanager
def because_of(cause: dict[str, object] | None) -> Iterator[None]:
    """All lines that are recorded meanwhile bear this cause: {"run": id, "rule": its name}; None for no other than theirs."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def caused(data: object) -> object:
    """What a line holds, with what it is there for."""
    cause = _cause.get()
    return {**(data if isinstance(data, dict) else {}), "cause": cause} if cause else data
