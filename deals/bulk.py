"""Deals by the thousand, for imports: the checks, history and timeline of deals/actions, a handful of statements.

What a thousand rows have to fulfil is what one has to (check_fields, set_facts, check_closing are the same functions);
a row that does not is answered with its Refused, and the others are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone
from psycopg.types.json import Jsonb

from activities.bulk import record_all
from activities.models import Activity, Door
from deals.actions import before_image, check_fields, check_values, lock_stages, set_facts
from deals.actions.closing import Reasons, check_closed_at
from deals.actions.rates import checked_rate, rates_for
from deals.actions.slipping import LastDates
from deals.exchange import Rates, day_of
from deals.models import Deal, Kind, Pipeline, Stage
from deals.ranks import ranks_on_top
from deals.setup import add_stage
from deals.setup.rows import lock_row
from deals.transitions import check_closing
from leads.names import squash
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.custom.fields import active_members, all_fields
from workspaces.custom.values import CHANGE, Entity, Value, set_values
from workspaces.models import Membership, Role, Workspace


@dataclass(slots=True)
class NewDeal:
    """A deal to be made. In a closed stage it has been closed at `closed_at`, for `reason` (a lost one must have any).

    `probability` only where somebody set it by hand; else it follows the stage.
    """

    name: str
    stage: Stage
    owner_id: int
    created_at: datetime
    closed_at: datetime | None = None
    amount: Decimal | None = None
    currency: str = ""  # that of the workspace
    probability: int | None = None
    expected_close_date: date | None = None
    company_id: int | None = None
    lead_id: int | None = None
    campaign_id: int | None = None
    segment_id: int | None = None
    product: str = ""
    source: str = ""
    next_step: str = ""
    competitor: str = ""
    reason: str = ""
    close_note: str = ""
    custom: Mapping[str, object] | None = None  # custom fields by key; None where nobody was asked for them


# What is checked of each as of a deal made by hand.
FACTS = (
    "name", "amount", "probability", "expected_close_date", "owner_id", "product", "source", "next_step", "competitor",
)  # fmt: skip


@action
def create_deals(
    workspace: Workspace, deals: Sequence[NewDeal], *, by: Membership | None, door: Door = Door.IMPORT
) -> list[int | Refused]:
    """The id of each new deal, or why it was not made, in the order of `deals`.

    Open deals come on top of their columns, in this order among each other. A closed one gets the history of a deal
    that was made in the first open stage of its pipeline and closed from there.
    """
    check_may(by, Role.REP, "create deals")
    members = active_members(workspace.pk)
    rates = rates_for(workspace, *{deal.currency for deal in deals})
    reasons = Reasons(workspace.pk, door)
    customs: dict[int, dict[str, Value]] = {}
    results: list[int | Refused] = []
    for i, deal in enumerate(deals):
        try:
            if deal.stage.kind != Kind.OPEN:
                _check_closed(deal, reasons)
            customs[i] = _checked(deal, workspace, members)
            _rate(deal, rates)
            results.append(0)
        except Refused as refusal:
            results.append(refusal)
    good = [i for i, result in enumerate(results) if result == 0]
    ids = _next_ids(len(good))
    with connection.cursor() as cursor:
        ranks = _ranks([deals[i] for i in good])
        cursor.execute(INCOMING)
        with cursor.copy(COPY) as copy:
            for i, pk in zip(good, ids, strict=True):
                deal, results[i] = deals[i], pk
                copy.write_row(
                    (
                        pk, deal.name.strip(), deal.stage.pk, deal.owner_id, deal.created_at, deal.closed_at, deal.amount, deal.currency or workspace.currency, _rate(deal, rates), deal.probability,
                        deal.expected_close_date, deal.company_id, deal.lead_id, deal.campaign_id, deal.segment_id, deal.product, deal.source,
                        deal.next_step, deal.competitor, deal.reason, deal.close_note, next(ranks[deal.stage.pk]) if deal.stage.kind == Kind.OPEN else None, Jsonb(customs[i]),
                    )
                )  # fmt: skip
        common: dict[str, Any] = {
            "workspace": workspace.pk,
            "by": by and by.user_id,
            "door": door,
            "before": Jsonb(before_image(Deal())),
        }
        for statement in (DEALS, STAGE_EVENTS, ACTIVITIES):
            cursor.execute(statement, common)
        cursor.execute("DROP TABLE incoming_deals")
    return results


def _checked(deal: NewDeal, workspace: Workspace, members: set[int]) -> dict[str, Value]:
    """Its custom values as they are kept; raises Refused."""
    fields = {name: getattr(deal, name) for name in FACTS}
    check_fields(workspace.pk, fields, members)
    if deal.custom is None:
        return {}
    own = all_fields(workspace, Entity.DEAL)
    return set_values(own, {}, deal.custom, members=lambda: members, is_new=True)


def _rate(deal: NewDeal, rates: Rates) -> Decimal:
    return checked_rate(rates, deal.currency, deal.closed_at and day_of(deal.closed_at))


def _check_closed(deal: NewDeal, reasons: Reasons) -> None:
    if deal.closed_at is None:
        raise Refused(f"A {deal.stage.kind} deal has a time at which it was closed.", fields={"closed_at": "When?"})
    if deal.closed_at < deal.created_at:
        raise Refused("It was closed before it was created.", fields={"closed_at": "Before it was created."})
    check_closed_at(deal.closed_at)
    kind = deal.stage.kind
    check_values({f"{kind}_reason": deal.reason})
    check_closing(kind, reasons.closing(kind, deal.reason, deal.close_note, deal.competitor))


def _next_ids(count: int) -> list[int]:
    """Taken beforehand, because what is written next to the deals must name them."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_IDS, [count])
        return [pk for (pk,) in cursor.fetchall()]


NEXT_IDS = """
    WITH found AS MATERIALIZED (SELECT pg_get_serial_sequence('deals_deal', 'id')::regclass AS sequence)
    SELECT nextval(sequence) FROM found, generate_series(1, %s)
"""


def _ranks(deals: Sequence[NewDeal]) -> dict[int, Iterator[str]]:
    """{stage id: its new ranks from the top}; locks the stages, so that nobody else takes these ranks."""
    counts: dict[int, int] = {}
    for deal in deals:
        if deal.stage.kind == Kind.OPEN:
            counts[deal.stage.pk] = counts.get(deal.stage.pk, 0) + 1
    stages = lock_stages(*counts)
    return {pk: iter(ranks_on_top(stages[pk], count)) for pk, count in counts.items()}


# COPY does not go into tables under row-level security; INSERT does, and its policies are checked.
INCOMING = """
    CREATE TEMPORARY TABLE incoming_deals (
        id bigint, name text, stage_id bigint, owner_id bigint, created_at timestamptz, closed_at timestamptz, amount numeric, currency text, rate numeric, probability smallint,
        expected_close_date date, company_id bigint, lead_id bigint, campaign_id bigint, segment_id bigint, product text, source text,
        next_step text, competitor text, reason text, close_note text, rank text, custom jsonb
    ) ON COMMIT DROP
"""
COPY = "COPY incoming_deals FROM STDIN"
# first: the stage in which a closed deal is said to have begun.
_FROM = """
    FROM incoming_deals i
    JOIN deals_stage s ON s.id = i.stage_id
    JOIN (SELECT DISTINCT ON (pipeline_id) * FROM deals_stage WHERE kind = 'open' AND archived_at IS NULL ORDER BY pipeline_id, position) first ON first.pipeline_id = s.pipeline_id
"""
DEALS = f"""
    INSERT INTO deals_deal (
        id, workspace_id, name, company_id, lead_id, campaign_id, segment_id, owner_id, created_by_id, pipeline_id, stage_id, furthest_id, status, rank,
        amount, currency, rate, probability, probability_source, expected_close_date, created_at, updated_at, closed_at, stage_entered_at, last_activity_at,
        won_reason, lost_reason, close_note, competitor, source, product, next_step, custom, version
    )
    SELECT i.id, %(workspace)s, i.name, i.company_id, i.lead_id, i.campaign_id, i.segment_id, i.owner_id, %(by)s, s.pipeline_id, s.id, CASE s.kind WHEN 'open' THEN s.id ELSE first.id END, s.kind, i.rank,
        i.amount, i.currency, i.rate, CASE s.kind WHEN 'open' THEN coalesce(i.probability, s.probability) ELSE s.probability END,
        CASE WHEN s.kind = 'open' AND i.probability IS NOT NULL THEN 'manual' ELSE 'stage' END,
        i.expected_close_date, i.created_at, now(), CASE WHEN s.kind <> 'open' THEN i.closed_at END,
        CASE WHEN s.kind <> 'open' THEN i.closed_at ELSE i.created_at END, CASE WHEN s.kind <> 'open' THEN i.closed_at ELSE i.created_at END,
        CASE s.kind WHEN 'won' THEN i.reason ELSE '' END, CASE s.kind WHEN 'lost' THEN i.reason ELSE '' END,
        CASE s.kind WHEN 'open' THEN '' ELSE i.close_note END, i.competitor, i.source, i.product, i.next_step, i.custom,
        CASE s.kind WHEN 'open' THEN 1 ELSE 2 END
    {_FROM} ORDER BY i.id
"""  # noqa: S608 - no values in it
# The closing can be undone like any other move: `before` is the image of a deal that stands in the first stage.
STAGE_EVENTS = f"""
    INSERT INTO deals_stageevent (
        workspace_id, deal_id, from_stage_id, to_stage_id, by_id, door, amount, probability, entered_at, left_at, before, version
    )
    SELECT %(workspace)s, i.id, NULL, CASE s.kind WHEN 'open' THEN s.id ELSE first.id END, %(by)s, %(door)s, i.amount,
        CASE s.kind WHEN 'open' THEN coalesce(i.probability, s.probability) ELSE first.probability END, NULL, i.created_at, '{{}}', 1
    {_FROM}
    UNION ALL
    SELECT %(workspace)s, i.id, first.id, s.id, %(by)s, %(door)s, i.amount, s.probability, i.created_at, i.closed_at,
        %(before)s || jsonb_build_object('probability', first.probability, 'furthest_id', first.id), 2
    {_FROM} WHERE s.kind <> 'open'
"""  # noqa: S608
ACTIVITIES = f"""
    INSERT INTO activities_activity (workspace_id, kind, actor_id, door, at, body, outcome, tries_left, deal_id, company_id, data)
    SELECT %(workspace)s, 'deal_created', %(by)s, %(door)s, i.created_at, '', '', 0, i.id, i.company_id,
        jsonb_build_object('stage', CASE s.kind WHEN 'open' THEN s.name ELSE first.name END)
    {_FROM}
    UNION ALL
    SELECT %(workspace)s, 'stage_change', %(by)s, %(door)s, i.closed_at, i.close_note, '', 0, i.id, i.company_id,
        jsonb_build_object('from', first.name, 'to', s.name, 'days', extract(epoch FROM i.closed_at - i.created_at)::bigint / 86400)
        || CASE i.reason WHEN '' THEN '{{}}' ELSE jsonb_build_object('reason', i.reason) END
    {_FROM} WHERE s.kind <> 'open'
"""  # noqa: S608


# What changes along with a fact.
FOLLOWING = {"currency": ("rate",), "expected_close_date": ("slips", "slipped_days")}


@action
def update_deals(
    workspace: Workspace,
    changes: Mapping[int, Mapping[str, object]],
    *,
    by: Membership | None,
    door: Door = Door.IMPORT,
) -> dict[int, bool | Refused]:
    """Set facts of many deals, {deal id: {field: value}}: was anything changed, or why not. What is not there is left out."""
    check_may(by, Role.REP, "change deals")
    members, reasons = active_members(workspace.pk), Reasons(workspace.pk, door)
    locked = Deal.objects.select_for_update(no_key=True).filter(workspace=workspace, pk__in=changes).order_by("pk")
    dates = LastDates(locked)
    results: dict[int, bool | Refused] = {}
    changed: list[tuple[Deal, dict[str, list[object]]]] = []
    for deal in locked:
        deal.workspace = workspace
        try:
            facts = set_facts(deal, changes[deal.pk], members, reasons=reasons, dates=dates)
        except Refused as refusal:
            results[deal.pk] = refusal
            continue
        results[deal.pk] = bool(facts)
        if facts:
            changed.append((deal, facts))
    _save(changed, by, door)
    return results


def _save(changed: Sequence[tuple[Deal, dict[str, list[object]]]], by: Membership | None, door: Door) -> None:
    now = timezone.now()
    fields = {"version", "updated_at", "probability_source"}
    for deal, facts in changed:
        deal.updated_at = now
        fields |= {"custom" if name.startswith(CHANGE) else name for name in facts}
        fields |= {name for field in facts for name in FOLLOWING.get(field, ())}
    if changed:
        # Each batch is one statement with a CASE per field: larger ones take longer to plan than to run.
        Deal.objects.bulk_update([deal for deal, _ in changed], sorted(fields), batch_size=200)
    lines = ((deal, {"at": now, "data": {"changes": facts}}) for deal, facts in changed)
    record_all(lines, Activity.Kind.FIELD_CHANGE, by=by, door=door)


# --- stages that a file names -------------------------------------------------------------------

WON_NAMES = frozenset(("won", "closedwon", "closewon", "dealwon", "gewonnen", "gagne", "gagné", "ganado", "ganada"))
LOST_NAMES = frozenset(("lost", "closedlost", "closelost", "deallost", "verloren", "perdu", "perdido", "perdida"))
# How far a deal is, told from the words of its stage; for the order of stages that come without one.
PROGRESS = (
    ("lead", "prospect", "new", "inbox", "suspect"),
    ("contact", "qualif", "engag", "interest"),
    ("discover", "need", "analy", "meeting", "demo", "present", "appointment"),
    ("propos", "offer", "quote", "value", "decision", "perception"),
    ("negotia", "review", "contract", "signed", "signature", "commit", "verbal", "closing"),
)


def kind_by_name(name: str) -> str:
    """What kind of stage the name says it is."""
    key = squash(name)
    return Kind.WON if key in WON_NAMES else Kind.LOST if key in LOST_NAMES else Kind.OPEN


@action
def add_open_stages(pipeline: Pipeline, names: Sequence[str], *, by: Membership | None) -> None:
    """New open stages after the present ones, before the closed ones: in the order that their words tell, else as given.

    Their probabilities are spread evenly over 0 to 100 %; whoever knows better changes them.
    """
    check_may(by, Role.ADMIN, "add stages")
    pipeline = lock_row(pipeline)
    stages = list(pipeline.stages.all())
    position = max((stage.position for stage in stages if stage.is_open), default=-1) + 1
    pipeline.stages.filter(position__gte=position).update(position=F("position") + len(names))
    for i, name in enumerate(sorted(names, key=_progress)):
        probability = round(100 * (i + 1) / (len(names) + 1))
        add_stage(pipeline, by=by, name=name, position=position + i, kind=Kind.OPEN, probability=probability)


def _progress(name: str) -> int:
    """Sorting by it keeps the given order of stages whose words tell the same."""
    key = squash(name)
    found = [i for i, words in enumerate(PROGRESS) if any(word in key for word in words)]
    return found[0] if found else len(PROGRESS) // 2
