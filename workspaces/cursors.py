"""Where a page of rows ended that are told by their time: the address of the next page says it, as {time}_{id}."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Q
from django.http import Http404

from workspaces.dates import is_taken
from workspaces.numbers import parse_id


def cursor(at: datetime, pk: int) -> str:
    """
    >>> cursor(datetime(2026, 3, 2, 9, tzinfo=UTC), 7)
    '2026-03-02T09:00:00.000000Z_7'
    """
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{pk}"


def older_than(text: str, column: str = "at") -> Q:
    """Rows behind the one that a cursor is of, the newest first. Raises Http404."""
    moment, _, number = text.rpartition("_")
    at, pk = read_moment(moment), parse_id(number)
    if pk is None:
        raise Http404("No such page")
    return Q(**{f"{column}__lt": at}) | Q(**{column: at, "pk__lt": pk})


def read_moment(text: str) -> datetime:
    """A time out of an address, in UTC. Raises Http404, also for what no row can have."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Http404("No such page") from None
    if not is_taken(at):
        raise Http404("No such page")
    return at
