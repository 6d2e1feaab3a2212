"""The only way work reaches Celery: by name, ids in, after commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from celery import current_app
from django.db import connection, transaction

_waiting: ContextVar[dict[tuple, Callable[[], None]] | None] = ContextVar("doorbells", default=None)


@contextmanager
def rung_together() -> Iterator[None]:
    """The doorbells of all transactions inside ring when all are through, each once. For a second or so of work."""
    waiting: dict[tuple, Callable[[], None]] = {}
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
        for ring in waiting.values():
            transaction.on_commit(ring, robust=True)


def after_commit(task: str, *args: int | str, delay: int = 0) -> None:
    """Enqueue `task` once the transaction is through, and once however often the transaction asks for it; to be run
    `delay` seconds later, which are few: what is due in an hour stands in the database.

    Redis being away fails nothing: a beat task finds what was missed.
    """

    together = _waiting.get()

    def send() -> None:
        current_app.send_task(task, args=args, countdown=delay or None)

    def ring() -> None:  # a function, for Django logs by its name what went wrong here
        if together is None:
            send()
        else:
            together[(task, *args, delay)] = send

    asked = {"task": task, "args": args, "delay": delay}
    vars(ring).update(asked)
    if all(getattr(waiting, "__dict__", None) != asked for _, waiting, _ in connection.run_on_commit):
        transaction.on_commit(ring, robust=True)
