"""Many hands on few cards: two users and one card, then eight users and any card, over HTTP."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db import connection

from deals.models import Deal, Stage
from tests.bench.fill import Filled
from tests.bench.serving import Visitor
from tests.factories import session_for
from workspaces.models import Membership
from workspaces.tenancy import tenant


@dataclass
class Tally:
    """What came back. `errors` are answers that are neither done (200) nor an honest refusal (409)."""

    done: int = 0
    conflicts: int = 0
    errors: int = 0
    seconds: list[float] = field(default_factory=list)


def storm(filled: Filled, port: int) -> dict[str, object]:
    one = contest(filled, port, users=2, moves=500, cards=1)
    many = contest(filled, port, users=8, moves=500, cards=400)
    took = sorted(one["tally"].seconds + many["tally"].seconds)
    both = [one, many]
    return {
        "moves": sum(each["tally"].done for each in both),
        "conflicts": sum(each["tally"].conflicts for each in both),
        "errors": sum(each["tally"].errors for each in both),
        "lost": sum(each["lost"] for each in both),
        "duplicate_ranks": duplicate_ranks(filled),
        "p95_ms": round(took[int(len(took) * 0.95)] * 1000, 2),
    }


def contest(filled: Filled, port: int, *, users: int, moves: int, cards: int) -> dict[str, object]:
    """Each user sends `moves` moves of random cards to random places. Lost: accepted moves without their version."""
    with tenant(filled.workspace):
        stages = list(Stage.objects.filter(workspace=filled.workspace, kind="open").values_list("pk", flat=True))
        ids = list(
            Deal.objects.filter(workspace=filled.workspace, status="open")
            .order_by("pk")
            .values_list("pk", flat=True)[:cards]
        )
        members = list(
            Membership.objects.filter(workspace=filled.workspace).select_related("user").order_by("pk")[:users]
        )
        before = versions(ids)
    tally, lock = Tally(), threading.Lock()
    threads = [
        threading.Thread(
            target=play, args=(filled, port, session_for(member.user), ids, stages, moves, number, tally, lock)
        )
        for number, member in enumerate(members)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant(filled.workspace):
        written = sum(versions(ids).values()) - sum(before.values())
    return {"tally": tally, "lost": abs(tally.done - written)}


def play(
    filled: Filled,
    port: int,
    session: str,
    ids: list[int],
    stages: list[int],
    moves: int,
    seed: int,
    tally: Tally,
    lock: threading.Lock,
) -> None:
    r = random.Random(seed)
    visitor = Visitor(port, session)
    base = f"/w/{filled.workspace.slug}/deals/"
    visitor.learn_token(f"{base}new/")
    seen: dict[int, int] = {}
    for _ in range(moves):
        pk, stage, after = r.choice(ids), r.choice(stages), r.choice(ids)
        body = urlencode({"stage": stage, "version": seen.get(pk, 1), "after": after if after != pk else ""})
        answer = visitor.ask("POST", f"{base}{pk}/move/", body)
        version = version_in(answer.text, pk)
        with lock:
            tally.seconds.append(answer.seconds)
            # A drop on its own place without a neighbour changes nothing, and writes no version.
            if answer.status == 200 and version != seen.get(pk, 1):
                tally.done += 1
            elif answer.status == 409:
                tally.conflicts += 1
            elif answer.status != 200:
                tally.errors += 1
        seen[pk] = version or seen.get(pk, 1)


def version_in(html: str, pk: int) -> int:
    found = html.partition(f'id="deal-{pk}"')[2].partition('data-version="')[2].partition('"')[0]
    return int(found or 0)


def versions(ids: list[int]) -> dict[int, int]:
    return dict(Deal.objects.filter(pk__in=ids).values_list("pk", "version"))


def duplicate_ranks(filled: Filled) -> int:
    with tenant(filled.workspace), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM deals_deal WHERE workspace_id = %s AND rank IS NOT NULL GROUP BY stage_id, rank HAVING count(*) > 1) twice",
            [filled.workspace.pk],
        )
        return cursor.fetchone()[0]
