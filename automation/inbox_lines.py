"""Messages as lines of the inbox: dicts of strings, made in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.db.models.functions import Left
from django.utils.safestring import SafeString as Plain

from automation.actions.processing import ROBOTS
from automation.intents import Intent
from automation.models import Effect, Message
from automation.models.message import NOBODY
from workspaces.formats import Formats
from workspaces.people import initials

COLUMNS = (
    "pk", "sender_name", "sender_email", "contact__name", "company__name", "subject_line", "received_at", "intent", "state",
    "handled_at",
)  # fmt: skip
TONES = {
    Intent.INTERESTED: "green",
    Intent.MEETING_BOOKED: "green",
    Intent.INFO_REQUEST: "blue",
    Intent.REFERRAL: "violet",
    Intent.NOT_NOW: "amber",
    Intent.NOT_INTERESTED: "orange",
    Intent.UNSUBSCRIBE: "red",
    Intent.OUT_OF_OFFICE: "sky",
    Intent.BOUNCE: "red",
}
SHOWN = 140  # characters
STATES = {
    Message.State.UNMATCHED: "From somebody unknown",
    Message.State.FAILED: "Could not be read",
    Message.State.REVIEW: "To be decided",
}


def rows(messages: QuerySet[Message]) -> QuerySet[Message, dict]:
    """As dicts with what `present` needs."""
    return messages.values(*COLUMNS, said=Left("visible_text", SHOWN + 1))


def present(found: Iterable[dict], formats: Formats, stem: str, current: int | None) -> list[dict[str, str]]:
    """Lines for `automation/inbox_row.html`; `stem` and its id are the address of a message, `current` is the open one."""
    done = what_was_done([row["pk"] for row in found])
    return [line(row, formats, stem, current, done[row["pk"]]) for row in found]


def line(row: dict, formats: Formats, stem: str, current: int | None, done: list[str]) -> dict[str, str]:
    sender = row["sender_name"] or row["contact__name"] or row["sender_email"] or NOBODY
    text = row["said"] or row["subject_line"]
    at = row["received_at"]
    return {
        "id": Plain(row["pk"]),
        "url": f"{stem}{row['pk']}",
        "current": Plain("1") if row["pk"] == current else "",
        "waits": "" if row["handled_at"] else Plain("1"),
        "tone": Plain(tone_of(row["intent"])),
        "initials": initials(sender),
        "sender": sender,
        "email": row["sender_email"],
        "company": row["company__name"] or "",
        "at": Plain(at.astimezone(formats.zone).isoformat()),
        "moment": formats.moment_full(at),
        "ago": formats.ago(at),
        "text": text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…",
        "intent": Plain(Intent(row["intent"]).label) if row["intent"] else "",
        "done": " · ".join(done) or STATES.get(row["state"]) or nothing(row["intent"]),
    }


def nothing(intent: str) -> str:
    return "Nothing to do" if intent in ROBOTS else "Nothing done"


def tone_of(intent: str) -> str:
    return TONES.get(Intent(intent), "grey") if intent else "grey"


def what_was_done(pks: list[int]) -> defaultdict[int, list[str]]:
    """What stands of it, in words, by message."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    effects = Effect.objects.filter(message__in=pks).filter(
        Q(kind=Effect.Kind.MEETING) | Q(undone_at=None, is_done=True) & ~Q(kind=Effect.Kind.SUGGESTED)
    )
    for message, kind, said in effects.order_by("pk").values_list("message_id", "kind", "said"):
        found[message].append(said if kind == Effect.Kind.MEETING else Effect.Kind(kind).label)
    return found
