"""When a mail may go out, where its reader lives (pure)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DIGEST = time(8)
# What was done by mistake is taken back within the ten seconds that its undo is shown.
HOLD = timedelta(seconds=20)


def local_moment(day: datetime, clock: time, zone: ZoneInfo, *, after: datetime) -> datetime:
    """`clock` on that day, in UTC; where the clock shows it twice, the first time that is later than `after`. A time
    that the clock skips is as far behind the change as it was to be behind the hour before it."""
    moments = (datetime.combine(day.date(), clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    first, second = moments
    return first if first > after else second


def after_quiet(at: datetime, quiet_from: time | None, quiet_until: time | None, zone: ZoneInfo) -> datetime:
    """`at`, or the end of the quiet hours it falls in. They may run over midnight."""
    if quiet_from is None or quiet_until is None:
        return at
    local = at.astimezone(zone)
    clock = local.time()
    if quiet_from < quiet_until:
        is_quiet, day = quiet_from <= clock < quiet_until, local
    else:
        is_quiet, day = clock >= quiet_from or clock < quiet_until, local
        if clock >= quiet_from:
            day = local + timedelta(days=1)
    return local_moment(day, quiet_until, zone, after=at) if is_quiet else at


def next_digest(now: datetime, zone: ZoneInfo) -> datetime:
    """The next 8:00."""
    local = now.astimezone(zone)
    today = local_moment(local, DIGEST, zone, after=now)
    return today if today > now else local_moment(local + timedelta(days=1), DIGEST, zone, after=now)
