"""What every verb of the product shares: it is atomic, it may be refused, and it survives a deadlock.

Actions live in each app's actions.py. They take keyword-only `by` (the Membership that acts, None for the
system) and `door` (web, admin, api, import, automation, connector, system), and raise `Refused` with a message
for the person who asked. The middleware turns that into a 422 or 409 page, the API into JSON.
"""

from __future__ import annotations

import functools
import inspect
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, transaction

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 4
# deadlock_detected, lock_not_available, serialization_failure; and unique_violation: somebody wrote the same at the same
# moment, so that the verb's own check, which came too early, now finds it and says so in words.
RETRIED = {"40P01", "55P03", "40001", "23505"}


class Refused(Exception):
    """The action did nothing. `fields` maps field names to messages, where the refusal is about fields; `other` is the
    record that stands in the way, which whoever asked must be allowed to see."""

    status = 422

    def __init__(self, message: str, *, fields: dict[str, str] | None = None, other: object = None):
        super().__init__(message)
        self.message = message
        self.other = other
        self.fields = fields or {}


class Stale(Refused):
    """Somebody else changed the row since the version that the caller saw."""

    status = 409


class NotAllowed(Refused):
    """The caller's role may see the row, but not do this."""

    status = 403


def retried(verb: Callable[P, T]) -> Callable[P, T]:
    """When somebody else was in its way in the database, run it again."""

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, TRIES + 1):
            try:
                return verb(*args, **kwargs)
            except (OperationalError, IntegrityError) as error:
                if getattr(error.__cause__, "sqlstate", None) not in RETRIED or attempt == TRIES:
                    raise
                time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 - no secret hangs on it
        raise AssertionError("unreachable")

    return run


def action(verb: Callable[P, T]) -> Callable[P, T]:
    """Run the verb in a savepoint; when somebody else was in its way in the database, run it again."""

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with transaction.atomic():
            return verb(*args, **kwargs)

    return retried(run)


def within(verb: Callable[P, T]) -> Callable[P, T]:
    """The verb without a savepoint of its own: for what is all of another verb, which fails when it does."""
    return inspect.unwrap(verb)
