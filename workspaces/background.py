"""The only way work reaches Celery: by name, ids in, after commit."""

from __future__ import annotations

from dataclasses import dataclass

from celery import current_app
from django.db import connection, transaction


@dataclass(frozen=True)
class Ring:
    """One doorbell; compared by what it asks for."""

    task: str
    args: tuple[int | str, ...]
    delay: int = 0

    def __call__(self) -> None:
        current_app.send_task(self.task, args=self.args, countdown=self.delay or None)


def after_commit(task: str, *args: int | str, delay: int = 0) -> None:
    """Enqueue `task` once the transaction is through, and once however often the transaction asks for it; to be run
    `delay` seconds later, which are few: what is due in an hour stands in the database.

    Redis being away fails nothing: a beat task finds what was missed.
    """
    ring = Ring(task, args, delay)
    if all(waiting != ring for _, waiting, _ in connection.run_on_commit):
        transaction.on_commit(ring, robust=True)
