"""Tasks and meetings as iCalendar (RFC 5545, 5546): a feed to read, and invitations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

from activities.models import Attendee, Task
from workspaces.models import User

MAKER = "-//Dealwright//Dealwright//EN"
REFRESH = timedelta(minutes=15)


def uid_of(task: Task) -> str:
    """By this a calendar knows it again, and an answer finds it."""
    return f"{task.uid}@dealwright"


def feed(name: str, tasks: Iterable[tuple[Task, str, str]]) -> bytes:
    """A calendar of (task, what it is about, URL). Tasks are events of a day: some of the calendars that people use pass
    over the component that iCalendar has for tasks. Same rows, same bytes."""
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", _line(name))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    for task, about, url in tasks:
        event = _event(task)
        is_meeting = task.type == Task.Type.MEETING
        sign = "✓ " if task.status == Task.Status.DONE else "" if is_meeting else "☐ "
        event.add("summary", sign + _line(task.title))
        if about:
            event.add("description", f"{_line(about)}\n{url}" if url else _line(about))
        if url:
            event.add("url", url)
        event.add("transp", "OPAQUE" if is_meeting and not task.due_on else "TRANSPARENT")
        event.add("status", "CANCELLED" if task.status == Task.Status.CANCELLED else "CONFIRMED")
        calendar.add_component(event)
    return calendar.to_ical()


def invitation(task: Task, organiser: User, people: Iterable[Attendee], *, cancelled: bool) -> str:
    """What asks `people` to a meeting, or tells them that it is off."""
    calendar = _calendar("CANCEL" if cancelled else "REQUEST")
    event = _event(task)
    event.add("summary", _line(task.title))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", _address(organiser.email, str(organiser)))
    for person in people:
        address = _address(person.email, person.name)
        address.params["ROLE"] = vText("REQ-PARTICIPANT")
        address.params["PARTSTAT"] = vText((person.answer or "needs-action").upper())
        address.params["RSVP"] = vText("TRUE")
        event.add("attendee", address, encode=False)
    calendar.add_component(event)
    return calendar.to_ical().decode()


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(task: Task) -> Event:
    """Days as days, times in UTC: every calendar reads both alike, whatever zones it knows."""
    event = Event()
    event.add("uid", uid_of(task))
    event.add("sequence", task.version)
    for name, moment in (
        ("dtstamp", task.changed_at),
        ("created", task.created_at),
        ("last-modified", task.changed_at),
    ):
        event.add(name, moment.astimezone(UTC).replace(microsecond=0))
    if task.due_on:
        event.add("dtstart", task.due_on)
        event.add("dtend", task.due_on + timedelta(days=1))
    else:
        start, end = (_utc(moment) for moment in (task.due_at, task.ends_at))
        event.add("dtstart", start)
        event.add("dtend", end)
    if task.place:
        event.add("location", _line(task.place))
    return event


def _utc(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("what is due at no time stands in no calendar")
    return moment.astimezone(UTC).replace(microsecond=0)


def _address(email: str, name: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{_line(email)}")
    # Quotes end a parameter, whatever stands in it, and a backslash takes what is behind it into the name.
    address.params["CN"] = vText(_line(name or email).replace('"', "'").replace("\\", "/"))
    return address


def _line(text: str) -> str:
    """In one line and without control signs, which no calendar may hold."""
    return " ".join("".join(sign if sign.isprintable() or sign.isspace() else " " for sign in text).split())
