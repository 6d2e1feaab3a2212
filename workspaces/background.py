"""The only way work reaches Celery: by name, ids in, after commit."""

from __future__ import annotations

from celery import current_app
from django.db import transaction


def after_commit(task: str, *args: int | str) -> None:
    """Enqueue `task` once the transaction is through. Redis being away fails nothing: a beat task finds what was missed."""
    transaction.on_commit(lambda: current_app.send_task(task, args=args), robust=True)
