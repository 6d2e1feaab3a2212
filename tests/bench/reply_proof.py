"""The office that the replies come to, and what is counted in it afterwards."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from django.db import connection
from django.db.models import Count, F

from activities import outbox
from activities.models import Notification, Task
from automation.actions import receive
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

    def deliver_at_once(self) -> None:
        for raw in self.mails:
            self.deliver(raw)

    def deliver_all(self, *, times: Sequence[int], until: Callable[[], bool]) -> None:
        """Each so often, in any order, evenly over as long as it takes `until` is so; then what is left at once."""
        chosen = random.Random(20)
        deliveries = [raw for raw in self.mails for _ in range(chosen.choice(times))]
        chosen.shuffle(deliveries)
        for raw in deliveries:
            self.deliver(raw)
            time.sleep(0 if until() else chosen.uniform(0.04, 0.16))

    def waiting(self) -> int:
        with tenant(self.workspace):
            return Message.objects.waiting().count()

    def wait_until_drained(self, seconds: float) -> float | None:
        """How long it took until nothing waited any more; None where it took longer than `seconds`."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if not self.waiting():
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


def throughput(office: Office, worker: int) -> dict[str, float]:
    """What one worker process does of a backlog that it finds, doorbells and all, with nothing else to do. From the first
    reply to the last: replies a second until each has its deal, and until what follows from the deals (playbooks, rules,
    who else is told) is done too; processor time of the worker and of the database, in ms for each reply."""
    while (waiting := office.waiting()) == len(office.mails):
        time.sleep(0.02)
    began, before = time.monotonic(), (used(worker), used_by_database())
    office.wait_until_drained(300)
    read, after = time.monotonic(), (used(worker), used_by_database())
    while outbox.pending(office.workspace.pk):
        time.sleep(0.1)
    return {
        "replies_per_second": round(waiting / (read - began), 1),
        "with_what_follows": round(waiting / (time.monotonic() - began), 1),
        "worker_ms": round((after[0] - before[0]) / waiting, 1),
        "database_ms": round((after[1] - before[1]) / waiting, 1),
    }


def used_by_database() -> float:
    """Processor time in ms of all its processes, those that have ended too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        head = int(fields_of(cursor.fetchone()[0])[1])
    return ticks(head, 11, 15) + sum(ticks(pid, 11, 13) for pid in children_of(head))


def used(pid: int) -> float:
    return ticks(pid, 11, 13)


def ticks(pid: int, first: int, last: int) -> float:
    """Of a process, in ms: 11 and 12 are its own time, 13 and 14 that of children that have ended."""
    return sum(map(int, fields_of(pid)[first:last])) * 1000 / os.sysconf("SC_CLK_TCK")


def fields_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def children_of(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


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
