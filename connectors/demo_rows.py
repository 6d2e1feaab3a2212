"""What the demo's generator yields: plain rows that name each other by keys of their own (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeVar


@dataclass(frozen=True)
class Member:
    """Somebody of the company whose CRM it is. `team` may be empty; only who logs in gets a password."""

    key: str
    name: str
    role: str
    team: str
    logs_in: bool = False

    @property
    def email(self) -> str:
        return f"{self.key}@demo.example"


@dataclass(frozen=True)
class Campaign:
    name: str
    channel: str
    status: str
    start: date
    end: date
    budget: Decimal
    cost: Decimal


@dataclass(frozen=True)
class Segment:
    """By hand (`leads`, by their keys), or by a filter as leads.models.Segment keeps it."""

    name: str
    leads: tuple[str, ...] = ()
    filter: dict[str, list[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """Something that somebody (a member's key; None: nobody, a form) did at some time."""

    at: datetime
    by: str | None


@dataclass(frozen=True, kw_only=True)
class Company(Row):
    key: str  # the domain
    owner: str
    name: str
    industry: str
    size: int
    country: str
    annual_revenue: Decimal
    phone: str


@dataclass(frozen=True, kw_only=True)
class Person(Row):
    key: str  # the email address
    company: str
    owner: str
    first: str
    last: str
    title: str
    role: str  # the part that somebody with this title plays in a deal
    phones: tuple[str, ...]
    time_zone: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, kw_only=True)
class Lead(Row):
    key: str
    person: str
    owner: str | None
    source: str
    campaign: str
    score: int | None
    estimated_amount: Decimal | None


@dataclass(frozen=True, kw_only=True)
class LeadChange(Row):
    """A lead's next status; `reason` for unqualified ones."""

    lead: str
    status: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Conversion(Row):
    lead: str
    deal: str


@dataclass(frozen=True, kw_only=True)
class Deal(Row):
    key: str
    name: str
    company: str
    owner: str
    stage: str  # the one it starts in
    amount: Decimal
    currency: str
    product: str
    source: str
    campaign: str
    segment: str
    expected_close_date: date
    next_step: str
    people: tuple[Person, ...]  # the first one is the primary contact
    lead: str = ""


@dataclass(frozen=True, kw_only=True)
class Move(Row):
    """A deal goes into a stage; reason, note and competitor when that closes it."""

    deal: str
    stage: str
    reason: str = ""
    note: str = ""
    competitor: str = ""


@dataclass(frozen=True, kw_only=True)
class PutOff(Row):
    """A deal is expected to close on another day than before."""

    deal: str
    day: date


@dataclass(frozen=True)
class Rate:
    """What a currency is worth from a day on."""

    currency: str
    day: date
    rate: Decimal


@dataclass(frozen=True, kw_only=True)
class Place(Row):
    """A card is put below another one of its column."""

    deal: str
    below: str


@dataclass(frozen=True, kw_only=True)
class Talk(Row):
    """A call, meeting, note or email (kinds of activities.models.Activity) about a deal or lead."""

    about: str
    kind: str
    body: str
    outcome: str = ""
    minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Task(Row):
    """Planned at `at`. `due` is a day, and `clock` the time of that day where there is one."""

    key: str
    about: str
    title: str
    type: str
    assignee: str
    due: date
    clock: time | None = None
    priority: int = 1


@dataclass(frozen=True, kw_only=True)
class TaskDone(Row):
    task: str


T = TypeVar("T", bound=Row)


@dataclass(frozen=True)
class Demo:
    """The whole of it; `history` in the order of time."""

    name: str
    slug: str
    currency: str
    time_zone: str
    members: tuple[Member, ...]
    campaigns: tuple[Campaign, ...]
    segments: tuple[Segment, ...]
    rates: tuple[Rate, ...]
    history: tuple[Row, ...]

    def of(self, kind: type[T]) -> list[T]:
        return [row for row in self.history if isinstance(row, kind)]
