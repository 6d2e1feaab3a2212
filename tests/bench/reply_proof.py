"""The office that the replies come to, and what is counted in it afterwards."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from django.db.models import Count, F

from activities.models import Notification, Task
from automation.actions import receive
from automation.mail.identity import key_of
from automation.models import Effect, Message
from deals.actions.starting import DISCOVERY_CALL
from deals.models import Deal
from leads.actions import capture
from leads.models import Lead
from tests.automation.mails import mail
from workspaces.actions import create_workspace
from workspaces.models import User, Workspace
from workspaces.tenancy import tenant

YES = "Hi,\n\nyes, we are very interested. Could you call me to talk about the next steps?\n\nBest,\nIda\n"


class Office:
    """A workspace with a lead for each reply that is to come."""

    def __init__(self, name: str, replies: int):
        slug = f"bench-replies-{name}-{int(time.time())}"
        owner = User.objects.create_user(f"{slug}@bench.example", None, name="Owner")
        self.workspace: Workspace = create_workspace(name=slug, slug=slug, owner=owner)
        with tenant(self.workspace):
            for n in range(replies):
                capture(
                    self.workspace, first_name="Ida", last_name=f"Berg {n}", email=f"ida@office-{n}.example",
                    company_name=f"Office {n}", owner_id=owner.pk, by=None,
                )  # fmt: skip
        self.mails = [mail(YES, sender=f"ida@office-{n}.example", message_id=f"<{n}@{slug}>") for n in range(replies)]

    def deliver(self, raw: bytes) -> None:
        with tenant(self.workspace):
            receive(self.workspace, raw)

    def deliver_all(self, *, times: Sequence[int], until: Callable[[], bool]) -> None:
        """Each so often, in any order, evenly over as long as it takes `until` is so; then what is left at once."""
        chosen = random.Random(20)
        deliveries = [raw for raw in self.mails for _ in range(chosen.choice(times))]
        chosen.shuffle(deliveries)
        for raw in deliveries:
            self.deliver(raw)
            time.sleep(0 if until() else chosen.uniform(0.04, 0.16))

    def wait_until_drained(self, seconds: float) -> float | None:
        """How long it took until nothing waited any more; None where it took longer than `seconds`."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            with tenant(self.workspace):
                if not Message.objects.waiting().exists():
                    return round(time.monotonic() - began, 1)
            time.sleep(0.25)
        return None

    def figures(self) -> dict[str, object]:
        """Effects of the replies: each lead has one deal, one task, one notification and one line of evidence."""
        with tenant(self.workspace):
            parts = {
                "deals": Counter(Deal.all_objects.values_list("lead", flat=True)),
                "tasks": Counter(Task.objects.filter(title=DISCOVERY_CALL).values_list("deal__lead", flat=True)),
                "notifications": Counter(
                    Notification.objects.filter(kind="positive_reply").values_list("deal__lead", flat=True)
                ),
                "others_told": Counter(
                    Notification.objects.filter(kind="deal_created").values_list("deal__lead", flat=True)
                ),
                "evidence": Counter(Message.objects.filter(line__deal__lead=F("lead")).values_list("lead", flat=True)),
                "effects": Counter(Effect.objects.filter(kind="deal_created").values_list("message__lead", flat=True)),
            }
            leads = set(Lead.objects.values_list("pk", flat=True))
            states = dict(Message.objects.values_list("state").annotate(count=Count("pk")).order_by())
        told_twice = sum(parts.pop("others_told").values())
        return {
            "messages": sum(states.values()),
            "states": states,
            "effects": len(parts["deals"]),
            "missing": sum(len(leads - set(found)) for found in parts.values()),
            "doubled": sum(1 for found in parts.values() for count in found.values() if count > 1) + told_twice,
        }


def throughput(office: Office) -> float:
    """Replies a second that one worker process reads, once all of them wait."""
    with tenant(office.workspace):
        for raw in office.mails[:-1]:
            Message.objects.bulk_create([new(office, raw)])
    office.deliver(office.mails[-1])
    began = time.monotonic()
    office.wait_until_drained(300)
    return round(len(office.mails) / (time.monotonic() - began), 1)


def new(office: Office, raw: bytes) -> Message:
    return Message(workspace=office.workspace, key=key_of(raw), raw=raw)


def latency(office: Office, *, per_second: int) -> dict[str, float]:
    """From the moment a mail is stored until its deal is there, at an even pace, in seconds."""
    for number, raw in enumerate(office.mails):
        began = time.monotonic()
        office.deliver(raw)
        time.sleep(max(0.0, 1 / per_second - (time.monotonic() - began)) if number else 0)
    office.wait_until_drained(120)
    with tenant(office.workspace):
        pairs = Effect.objects.filter(kind="deal_created").values_list("at", "message__received_at")
        took = sorted((at - received).total_seconds() for at, received in pairs)
    return {"to_deal_p50_s": round(took[len(took) // 2], 2), "to_deal_p95_s": round(took[int(len(took) * 0.95)], 2)}
