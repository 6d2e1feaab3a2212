"""After a storm, from the database: what was answered with done is there, once, in the order of versions, and nothing else.

Each version of a deal must have been claimed exactly once, by somebody who was told that it was done or by an item of a
change of many. Played again from the state before the storm, the claims must give the audit trail state by state, and at
its end the deal as it stands.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count, groupby

from django.db import connection

from deals.models import BulkChange, Deal, DealChange, DealTag, Stage, Verb
from deals.trail import HISTORY
from tests.bench.hands import Claim
from tests.recount import kept, recount

State = DealChange.State
FACTS = ("amount", "next_step", "expected_close_date", "owner_id", "stage_id")
# What an undo puts back, as the audit trail has it: all that it has, but the rate, which is that of now.
RESTORED = tuple(
    field.attname
    for field in Deal._meta.concrete_fields
    if hasattr(HISTORY, field.attname) and field.attname not in ("id", "workspace_id", "rate")
)


@dataclass
class Before:
    """Deals as they stood when the storm began."""

    versions: dict[int, int]
    facts: dict[int, dict[str, object]]
    tags: dict[int, set[int]]
    audited: int
    deadlocks: int


def look(pks: Sequence[int]) -> Before:
    rows = Deal.all_objects.filter(pk__in=pks)
    newest = HISTORY.objects.order_by("-pgh_id").values_list("pgh_id", flat=True).first()
    return Before(
        dict(rows.values_list("pk", "version")), {deal.pk: facts_of(deal) for deal in rows}, tags_of(pks), newest or 0, deadlocks()
    )  # fmt: skip


def facts_of(row: Deal) -> dict[str, object]:
    return {name: getattr(row, name) for name in FACTS} | {"deleted": row.deleted_at is not None}


def tags_of(pks: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for deal_id, tag_id in DealTag.objects.filter(deal_id__in=pks).values_list("deal_id", "tag_id"):
        found[deal_id].add(tag_id)
    return found


def deadlocks() -> int:
    """As PostgreSQL has counted them in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return cursor.fetchone()[1]


def prove(before: Before, claims: Iterable[Claim], bulks: Sequence[int]) -> dict[str, int]:
    """How often it was not so; all of these are to be 0."""
    by_deal: dict[int, list[Claim]] = defaultdict(list)
    wrong: Counter[str] = Counter()
    items = list(DealChange.objects.filter(bulk__in=bulks).select_related("bulk").order_by("pk"))
    for claim in merged(list(claims), items):
        by_deal[claim.deal].append(claim)
    now = {deal.pk: deal for deal in Deal.all_objects.filter(pk__in=before.versions)}
    tags = tags_of(list(now))
    trail = trails(before)
    for pk, version in before.versions.items():
        states = played(before, pk, by_deal[pk])
        order = [claim.version for claim in sorted(by_deal[pk], key=lambda claim: claim.version)]
        wrong["lost"] += order != list(range(version + 1, now[pk].version + 1))
        wrong["not_last"] += states is None or states[-1] != (facts_of(now[pk]), tags[pk])
        wrong["not_in_history"] += states is None or not is_told(states, by_deal[pk], [*trail[pk], now[pk]], wrong)
    return {
        "lost": wrong["lost"],
        "not_last": wrong["not_last"],
        "not_in_history": wrong["not_in_history"],
        "not_restored": wrong["not_restored"],
        "unaccounted": sum(not is_accounted(item, by_deal) for item in items) + miscounted(bulks),
        "duplicate_ranks": duplicate_ranks(),
        "totals_wrong": sum(kept()[name] != total for name, total in recount().items()),
        "deadlocks": deadlocks() - before.deadlocks,
    }


def claims_of(item: DealChange) -> list[Claim]:
    """What the item of a change of many says was done."""
    if item.version is None or item.state not in (State.DONE, State.KEPT, State.UNDONE):
        return []
    return [Claim(item.deal_id, item.version, sets_of(item))]


def sets_of(item: DealChange) -> dict[str, object]:
    facts = item.bulk.facts
    if item.verb == Verb.EDIT:
        return facts["set"]
    if item.verb == Verb.MOVE:
        return {"stage_id": facts["stage"]}
    return {"deleted": True} if item.verb == Verb.DELETE else {"tags": facts["add"]}


def merged(told: Sequence[Claim], items: Sequence[DealChange]) -> list[Claim]:
    """With the undos, told or said by items: each is the first version that nobody else claims after what was taken back,
    the last change first, for what came after it was taken back before it."""
    claims = [claim for claim in told if claim.undoes is None]
    claims += [claim for item in items for claim in claims_of(item)]
    taken = {(claim.deal, claim.version) for claim in claims}
    undone = {(claim.deal, claim.undoes) for claim in told if claim.undoes is not None}
    undone |= {
        (item.deal_id, item.version) for item in items if item.version is not None and item.state == State.UNDONE
    }
    for deal, was in sorted(undone, key=lambda each: each[1], reverse=True):
        version = next(found for found in count(was + 1) if (deal, found) not in taken)
        taken.add((deal, version))
        claims.append(Claim(deal, version, {}, was))
    return claims


def played(before: Before, pk: int, claims: Sequence[Claim]) -> list[tuple[dict, set[int]]] | None:
    """[(facts, tags) at each version, from that before the storm]; None where a version is missing or is there twice."""
    states = [(before.facts[pk], before.tags.get(pk, set()))]
    for claim in sorted(claims, key=lambda claim: claim.version):
        if claim.version != before.versions[pk] + len(states):
            return None
        if claim.undoes is not None:
            states.append(states[claim.undoes - before.versions[pk] - 1])
            continue
        facts, tags = states[-1]
        sets = {name: as_kept(name, value) for name, value in claim.sets.items() if name != "tags"}
        states.append((facts | sets, tags | set(claim.sets.get("tags", ()))))
    return states


def as_kept(name: str, value: object) -> object:
    if name == "amount":
        return Decimal(str(value))
    return date.fromisoformat(str(value)) if name == "expected_close_date" else value


def trails(before: Before) -> dict[int, list]:
    """{deal id: its rows of the audit trail since, each as the deal was before a change}."""
    rows = HISTORY.objects.filter(pgh_obj_id__in=before.versions, pgh_id__gt=before.audited).order_by("pgh_id")
    found = defaultdict(list)
    for row in rows:
        found[row.pgh_obj_id].append(row)
    return found


def is_told(states: list[tuple[dict, set[int]]], claims: Sequence[Claim], rows: list, wrong: Counter[str]) -> bool:
    """Does the trail (ending in the deal as it is) go through these states, one after the other? Counts what an undo did
    not put back."""
    claims = sorted(claims, key=lambda claim: claim.version)
    # Tags and places in a column are in no audit trail: versions that differ only in these share its state.
    place, steps = [0], 0
    for earlier, later in zip(states, states[1:], strict=False):
        steps += earlier[0] != later[0]
        place.append(steps)
    seen = [(facts, list(same)) for facts, same in groupby(rows, key=facts_of)]
    if [facts for facts, _ in seen] != [facts for facts, _ in groupby(facts for facts, _ in states)]:
        return False
    first = claims[0].version - 1 if claims else 0
    for claim in claims:
        if claim.undoes is not None:
            was, is_now = (seen[place[version - first]][1] for version in (claim.undoes - 1, claim.version))
            wrong["not_restored"] += any(getattr(was[-1], name) != getattr(is_now[0], name) for name in RESTORED)
    return True


def is_accounted(item: DealChange, by_deal: dict[int, list[Claim]]) -> bool:
    """Done, so already, undone; or refused or kept for a reason, and what was kept, somebody changed after it."""
    if item.state == State.KEPT:
        after = any(claim.version == (item.version or 0) + 1 for claim in by_deal[item.deal_id])
        return bool(item.reason) and after
    return bool(item.reason) if item.state == State.REFUSED else item.state in (State.DONE, State.SAME, State.UNDONE)


def miscounted(bulks: Sequence[int]) -> int:
    """Changes that are not at their end, or are about another number of deals than they say."""
    ends = (BulkChange.State.DONE, BulkChange.State.UNDONE)
    found = BulkChange.objects.filter(pk__in=bulks)
    return sum(bulk.state not in ends or bulk.items.count() != bulk.count for bulk in found)


def duplicate_ranks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM deals_deal WHERE rank IS NOT NULL GROUP BY stage_id, rank HAVING count(*) > 1) twice"
        )
        return cursor.fetchone()[0]


def stages_of(pipeline_id: int) -> dict[str, list[int]]:
    """{kind: ids, in order}."""
    found: dict[str, list[int]] = defaultdict(list)
    for kind, pk in Stage.objects.filter(pipeline_id=pipeline_id).order_by("position").values_list("kind", "pk"):
        found[kind].append(pk)
    return found
