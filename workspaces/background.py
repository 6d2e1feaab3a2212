"""The only way work reaches Celery: by name, ids in, after commit."""

from __future__ import annotations

from celery import current_app
from django.db import connection, transaction


def after_commit(task: str, *args: int | str, delay: int = 0) -> None:
    """Enqueue `task` once the transaction is through, and once however often the transaction asks for it; to be run
    `delay` seconds later, which are few: what is due in an hour stands in the database.

    Redis being away fails nothing: a beat task finds what was missed.
    """

    def ring() -> None:  # a function, for Django logs by its name what went wrong here
        current_app.send_task(task, args=args, countdown=delay or None)

    asked = {"task": task, "args": args, "delay": delay}
    vars(ring).update(asked)
    if all(getattr(waiting, "__dict__", None) != asked for _, waiting, _ in connection.run_on_commit):
        transaction.on_commit(ring, robust=True)
