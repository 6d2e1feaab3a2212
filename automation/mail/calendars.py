"""Meetings that a mail asks to, changes, answers or calls off: its iCalendar parts (RFC 5545, 5546). Pure; never raises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar, Component

from automation.mail.parts import Mail

LARGEST = 200_000  # letters of a calendar that are read
MOST = 20  # events of a mail
HIGHEST = 2**31 - 1  # what the database takes
YEARS = range(1970, 2200)
METHODS = ("REQUEST", "REPLY", "CANCEL", "COUNTER")
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    ArithmeticError,
    RecursionError,
)


@dataclass(frozen=True)
class Invite:
    """One meeting. `uid` and `occurrence` ("" for the whole series) name it, a higher `sequence` is newer; `at` is when it
    begins (aware), None for one of whole days, which has `on`; `answers` are {address: PARTSTAT in lower case}."""

    method: str
    uid: str
    occurrence: str
    sequence: int
    title: str
    place: str
    at: datetime | None
    on: date | None
    minutes: int | None
    organiser: str
    answers: dict[str, str]


def invites(mail: Mail, zone: tzinfo, now: datetime) -> list[Invite]:
    """`zone`: of times that name none; of a series the next meeting after `now` counts."""
    found: list[Invite] = []
    for text in mail.calendars:
        found += [invite for invite in _read(text[:LARGEST], zone, now) if len(found) < MOST]
    return found[:MOST]


def _read(text: str, zone: tzinfo, now: datetime) -> Iterator[Invite]:
    try:
        calendar = Calendar.from_ical(text)
        method = str(calendar.get("METHOD", "")).upper()
        events = calendar.walk("VEVENT") if method in METHODS else []
    except UNREADABLE:
        return
    for event in events[:MOST]:
        try:
            yield _invite(event, method, zone, now)
        except UNREADABLE:  # an event without a time, a rule that is none: the others may be read
            continue


def _invite(event: Component, method: str, zone: tzinfo, now: datetime) -> Invite:
    start = event.decoded("DTSTART")
    end = event.decoded("DTEND") if "DTEND" in event else start + event.decoded("DURATION", timedelta(0))
    occurrence = event.decoded("RECURRENCE-ID").isoformat() if "RECURRENCE-ID" in event else ""
    long = end - start
    if "RRULE" in event and not occurrence:
        start = _next(event, start, now)
    is_day = not isinstance(start, datetime)
    if start.year not in YEARS:
        raise ValueError(f"no meeting is in {start.year}")
    at = None if is_day else (start if start.tzinfo else start.replace(tzinfo=zone))
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    return Invite(
        method=method,
        uid=str(event["UID"])[:500],
        occurrence=occurrence,
        sequence=min(max(int(event.get("SEQUENCE", 0)), 0), HIGHEST),
        title=" ".join(str(event.get("SUMMARY", "")).split())[:200] or "Meeting",
        place=" ".join(str(event.get("LOCATION", "")).split())[:300],
        at=at,
        on=start if is_day else None,
        minutes=None if is_day else min(max(int(long.total_seconds() // 60), 0), 1440) or None,
        organiser=_address(event.get("ORGANIZER", "")),
        answers={_address(person): str(person.params.get("PARTSTAT", "")).lower() for person in attendees},
    )


def _next(event: Component, start: date | datetime, now: datetime) -> date | datetime:
    """Of a series the first that is still to come, else its last known beginning."""
    first = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day)
    after = now.astimezone(first.tzinfo) if first.tzinfo else now.replace(tzinfo=None)
    recurrence: Any = event["RRULE"]
    rule = rrulestr(recurrence.to_ical().decode(), dtstart=first)
    found = rule.after(after, inc=True) or first
    return found if isinstance(start, datetime) else found.date()


def _address(value: object) -> str:
    return str(value).lower().removeprefix("mailto:")[:254]
