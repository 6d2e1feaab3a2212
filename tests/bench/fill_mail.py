"""Mail beside the deals: as many messages, come in over twenty weeks, nearly all of them dealt with."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

from automation.models import Message
from leads.models import Lead
from tests.bench.fill import copy, say, take_ids, vacuum
from workspaces.models import Membership, Workspace
from workspaces.tenancy import tenant

DAYS = 140
UNKNOWN = 20  # every so manieth is from somebody unknown
# (what it is taken for, how many of a hundred)
INTENTS = (
    ("interested", 14), ("meeting_booked", 3), ("info_request", 10), ("referral", 5), ("not_now", 14), ("not_interested", 20),
    ("unsubscribe", 6), ("out_of_office", 12), ("bounce", 7), ("auto_reply", 4), ("unclear", 5),
)  # fmt: skip
PHRASE = "Shall we talk"
TEXT = (
    "Thank you for the figures of the pilot. They look right to us, but two of the sites are not ours alone, and I have to ask whom "
    "they belong to. {phrase} in week {week}? Until then I shall know what the board thinks of it."
)
QUOTED = "\n\nOn 3 November Bench Owner wrote:\n> Did you have time to look at what we sent?\n> Best wishes\n"


def fill_mail(workspace: Workspace, count: int) -> None:
    """Made now, unless it is there from an earlier run."""
    with tenant(workspace, door="import"):
        if Message.objects.filter(workspace=workspace).exists():
            return
        say(f"  {count} messages")
        copy_messages(workspace, random.Random(count), count)
    vacuum()


def copy_messages(workspace: Workspace, r: random.Random, count: int) -> None:
    leads = list(
        Lead.objects.filter(workspace=workspace).order_by("pk").values_list("pk", "contact_id", "contact__company_id")
    )
    owner = Membership.objects.filter(workspace=workspace).order_by("pk").values_list("user_id", flat=True)[0]
    now, ids = datetime.now(UTC), take_ids("automation_message", count)
    kinds, weights = zip(*INTENTS, strict=True)
    rows, effects = [], []
    for n, pk in enumerate(ids):
        at = now - timedelta(days=DAYS * (count - n) / count)
        intent = r.choices(kinds, weights)[0]
        lead, contact, company = (None, None, None) if n % UNKNOWN == 0 else r.choice(leads)
        is_sure = r.random() < 0.85
        state = "unmatched" if lead is None else "done" if is_sure else "review"
        handled = at + timedelta(hours=5) if n < count * 19 // 20 else None
        text = TEXT.format(phrase=PHRASE, week=n % 50 + 1)
        raw = f"From: p{n}@c.example\r\nSubject: Re: Pilot\r\n\r\n{text}{QUOTED}".encode()
        rows.append(
            (pk, workspace.pk, lead, contact, company, f"bench{n}", raw, at, f"<{n}@c.example>", f"Sender {n % 5000}", f"p{n}@c.example", "Re: Pilot", at,
             text + QUOTED, text, state, "" if lead is None else "address", intent, "words-bench", intent, 0.9 if is_sure else 0.6, PHRASE, "en",
             handled, handled and owner)
        )  # fmt: skip
        if state == "done" and intent in ("interested", "not_now", "unsubscribe"):
            kind, said = {
                "interested": ("task", "Call planned for tomorrow"),
                "not_now": ("lead_changed", "Lead is now nurture"),
                "unsubscribe": ("suppressed", "No more mail to them"),
            }[intent]
            effects.append((workspace.pk, lead, pk, kind, said, True, json.dumps({}), at))
    copy(
        "automation_message",
        "id workspace_id lead_id contact_id company_id key raw received_at message_id sender_name sender_email subject_line sent_at "
        "text visible_text state matched_by judged judged_by intent confidence phrase language handled_at handled_by_id",
        rows,
    )
    copy("automation_effect", "workspace_id lead_id message_id kind said is_done before at", effects)
