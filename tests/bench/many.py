"""Changes of hundreds of deals, and their undo, at the same time as changes of single ones, by several people, over HTTP.

Up to STEP deals (deals/actions/many.py) are done by the server's workers while one waits, more by the worker of background tasks.
"""

from __future__ import annotations

import time
from collections import Counter

from activities.models import Task
from deals.forms import reasons
from deals.models import BulkChange, Deal, DealChange, Kind
from tests.bench.fill import Filled
from tests.bench.hands import Hands, Office
from tests.bench.proof import look, prove, stages_of
from tests.factories import session_for
from workspaces.models import Membership, Role
from workspaces.tenancy import tenant

PATIENCE = 120  # seconds until what was begun must be at its end


def measure(
    filled: Filled, port: int, *, people: int = 6, seconds: float = 30, most: int = 2000, deals: int = 600,
    many: tuple[int, int] = (100, 300),
) -> dict[str, object]:  # fmt: skip
    """Everybody has the same `deals` in hand. What `prove` counts is to be 0."""
    with tenant(filled.workspace):
        chosen = list(Deal.objects.filter(workspace=filled.workspace, status=Kind.OPEN).order_by("pk")[:deals])
        stages = stages_of(chosen[0].pipeline_id)
        tasks = list(Task.objects.filter(deal__in=chosen, status=Task.Status.OPEN).values_list("pk", flat=True))
        members = list(
            Membership.objects.active().filter(workspace=filled.workspace).exclude(role=Role.VIEWER)
            .select_related("user").order_by("pk")[:people]
        )  # fmt: skip
        office = Office(
            f"/w/{filled.workspace.slug}/", [deal.pk for deal in chosen], tasks, stages["open"], stages["won"][0], stages["lost"][0],
            [member.user_id for member in members], reasons(filled.workspace, Kind.LOST)[0], many,
        )  # fmt: skip
        before = look(office.deals)
    until = time.monotonic() + seconds
    hands = [
        Hands(office, port, session_for(members[number % len(members)].user), seed=number, until=until, most=most)
        for number in range(people)
    ]
    for each in hands:
        each.start()
    for each in hands:
        each.join()
    bulks = [pk for each in hands for pk in each.heard.bulks]
    wait_for_the_end(filled, bulks)
    with tenant(filled.workspace):
        items = Counter(DealChange.objects.filter(bulk__in=bulks).values_list("state", flat=True))
        proof = prove(before, [claim for each in hands for claim in each.heard.claims], bulks)
    errors = [error for each in hands for error in each.heard.errors]
    return {
        "people": people,
        "bulks": len(bulks),
        "items": dict(items),
        **sum((each.heard.count for each in hands), Counter()),
        **proof,
        "errors": len(errors),
        "first_errors": errors[:3],
        **{f"{what}_p95_ms": p95_ms([took for each in hands for took in each.heard.seconds[what]]) for what in ("one", "many")},
    }  # fmt: skip


def wait_for_the_end(filled: Filled, bulks: list[int]) -> None:
    """Of what the worker does; what is not at its end after a while, the proof counts."""
    for _ in range(PATIENCE * 5):
        with tenant(filled.workspace):
            if not BulkChange.objects.filter(pk__in=bulks, state__in=("running", "undoing")).exists():
                return
        time.sleep(0.2)


def p95_ms(seconds: list[float]) -> float:
    return round(sorted(seconds)[int(len(seconds) * 0.95)] * 1000, 2) if seconds else 0.0
