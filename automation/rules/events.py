"""When a rule looks at something: lines of the timeline, by kind and by what they tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.models import Activity, Door, Task
from automation.actions.processing import ROBOTS
from automation.intents import Intent
from automation.models import Message, RuleEvent
from deals.models import Kind, StageEvent
from leads.models import Lead

# From what was imported nothing follows.
IN_BULK = (Door.IMPORT, Door.CONNECTOR)
LATE = timedelta(days=2)  # between writing a mail and its coming in
Line = Activity.Kind
Of = Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class Parameter:
    """What an event may be narrowed down to. Stages are the workspace's own: their choices come with the form."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Event:
    """`test` says whether a line is it, with what was loaded for many lines at once."""

    key: RuleEvent
    about: str  # "deal" or "lead"
    kind: Line
    test: Callable[[Activity, Of, Loaded], bool]
    parameter: Parameter | None = None

    @property
    def label(self) -> str:
        return str(self.key.label)


@dataclass(frozen=True)
class Loaded:
    """What lines name by an id in their data: {id: row}."""

    moves: Mapping[int, StageEvent]
    messages: Mapping[int, Message]

    @classmethod
    def of(cls, lines: Sequence[Activity]) -> Loaded:
        moves = {line.data.get("event") for line in lines if line.kind == Line.STAGE_CHANGE}
        mails = {line.data.get("message") for line in lines if line.kind == Line.EMAIL_IN}
        found = StageEvent.objects.select_related("to_stage")
        return cls(
            found.in_bulk([pk for pk in moves if pk]) if moves else {},
            Message.objects.only("pk", "intent", "state", "received_at", "sent_at").in_bulk([pk for pk in mails if pk])
            if mails
            else {},
        )

    def moment(self, line: Activity) -> datetime:
        """When it happened here: a mail when it came in, whatever day it bears."""
        message = self.messages.get(line.data.get("message") or 0)
        return message.received_at if message else line.at

    def is_late(self, line: Activity) -> bool:
        """Mail of an archive, or what lay in a mailbox before it was connected: nobody waits for an answer to it."""
        message = self.messages.get(line.data.get("message") or 0)
        return message is not None and message.received_at - message.at > LATE


def any_of(of: Of, name: str, value: object) -> bool:
    return not of.get(name) or value in of[name]


def always(line: Activity, of: Of, loaded: Loaded) -> bool:
    return True


def moved(line: Activity, of: Of, loaded: Loaded) -> bool:
    event = loaded.moves.get(line.data.get("event") or 0)
    return event is not None and any_of(of, "stage", event.to_stage_id)


def closed(kind: Kind) -> Callable[[Activity, Of, Loaded], bool]:
    def test(line: Activity, of: Of, loaded: Loaded) -> bool:
        event = loaded.moves.get(line.data.get("event") or 0)
        return event is not None and event.to_stage.kind == kind

    return test


def changed(name: str) -> Callable[[Activity, Of, Loaded], bool]:
    """Of an undo nothing follows."""

    def test(line: Activity, of: Of, loaded: Loaded) -> bool:
        return name in (line.data.get("changes") or {}) and not line.data.get("undo")

    return test


def became(line: Activity, of: Of, loaded: Loaded) -> bool:
    if not changed("status")(line, of, loaded):
        return False
    return any_of(of, "status", line.data["changes"]["status"][1])


def answered(line: Activity, of: Of, loaded: Loaded) -> bool:
    """Of a certain class only once that is settled: surely enough, or by a person. What a robot wrote is no reply, unless
    it is asked for."""
    message = loaded.messages.get(line.data.get("message") or 0)
    if message is None:
        return False
    if of.get("intent"):
        return message.state == Message.State.DONE and message.intent in of["intent"]
    return message.intent not in ROBOTS


def ended(line: Activity, of: Of, loaded: Loaded) -> bool:
    return any_of(of, "outcome", line.outcome)


def did(line: Activity, of: Of, loaded: Loaded) -> bool:
    return any_of(of, "type", line.task.type if line.task else "")


STAGE = Parameter("stage", "Into")
STATUS = Parameter("status", "To", tuple(Lead.Status.choices))
INTENT = Parameter("intent", "Meaning", tuple((each.value, str(each.label)) for each in Intent))
CALLED = Parameter("outcome", "With the outcome", tuple(Activity.Outcome.choices))
MET = Parameter("outcome", "With the outcome", tuple(Activity.MeetingOutcome.choices))
TYPE = Parameter("type", "Of the type", tuple(Task.Type.choices))

E = RuleEvent
ALL = (
    Event(E.DEAL_CREATED, "deal", Line.DEAL_CREATED, always),
    Event(E.DEAL_MOVED, "deal", Line.STAGE_CHANGE, moved, STAGE),
    Event(E.DEAL_WON, "deal", Line.STAGE_CHANGE, closed(Kind.WON)),
    Event(E.DEAL_LOST, "deal", Line.STAGE_CHANGE, closed(Kind.LOST)),
    Event(E.DEAL_OWNER, "deal", Line.FIELD_CHANGE, changed("owner_id")),
    Event(E.DEAL_AMOUNT, "deal", Line.FIELD_CHANGE, changed("amount")),
    Event(E.DEAL_CLOSE, "deal", Line.FIELD_CHANGE, changed("expected_close_date")),
    Event(E.DEAL_REPLY, "deal", Line.EMAIL_IN, answered, INTENT),
    Event(E.DEAL_CALL, "deal", Line.CALL, ended, CALLED),
    Event(E.DEAL_MEETING, "deal", Line.MEETING, ended, MET),
    Event(E.DEAL_TASK, "deal", Line.TASK_DONE, did, TYPE),
    Event(E.LEAD_CREATED, "lead", Line.LEAD_CREATED, always),
    Event(E.LEAD_STATUS, "lead", Line.FIELD_CHANGE, became, STATUS),
    Event(E.LEAD_OWNER, "lead", Line.FIELD_CHANGE, changed("owner_id")),
    Event(E.LEAD_CONVERTED, "lead", Line.LEAD_CONVERTED, always),
    Event(E.LEAD_REPLY, "lead", Line.EMAIL_IN, answered, INTENT),
    Event(E.LEAD_CALL, "lead", Line.CALL, ended, CALLED),
    Event(E.LEAD_MEETING, "lead", Line.MEETING, ended, MET),
    Event(E.LEAD_TASK, "lead", Line.TASK_DONE, did, TYPE),
)
EVENTS: dict[str, Event] = {event.key.value: event for event in ALL}
GROUPS = [
    (label, [(event.key.value, event.label) for event in ALL if event.about == about])
    for about, label in (("deal", "Deals"), ("lead", "Leads"))
]


def of_kind(kind: str) -> list[str]:
    return [event.key.value for event in ALL if event.kind == kind]


def is_subject(event: Event, line: Activity) -> bool:
    """A change of a deal's facts also stands in its lead's timeline: it is about the deal."""
    if getattr(line, f"{event.about}_id") is None:
        return False
    return event.about == "deal" or line.deal_id is None or event.kind in (Line.EMAIL_IN, Line.LEAD_CONVERTED)


def happened(event: Event, of: Of, lines: Sequence[Activity], loaded: Loaded | None = None) -> list[Activity]:
    """Those of the lines that are it."""
    fit = [line for line in lines if line.kind == event.kind and is_subject(event, line) and line.undone_at is None]
    loaded = loaded or Loaded.of(fit)
    fit = [line for line in fit if line.door not in IN_BULK and not loaded.is_late(line)]
    return [line for line in fit if event.test(line, of, loaded)]


def in_words(event: str, of: Of, stages: Mapping[int, str]) -> str:
    """ "Deal moved to a stage: Proposal or Won"."""
    known = EVENTS.get(event)
    if known is None:
        return "Something that is gone"
    parameter = known.parameter
    chosen = of.get(parameter.name, ()) if parameter else ()
    if not chosen or parameter is None:
        return known.label
    labels = dict(parameter.choices) or stages
    return f"{known.label}: {' or '.join(str(labels.get(value, 'gone')) for value in chosen)}"  # type: ignore[call-overload]
