"""What a deal's page says of what stands around the deal, asked for at once: lines in its tabs, its company's other deals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from activities.timeline import EVENTS
from deals.models import Deal

# Lines, mails, open tasks and files of a deal; of its company's deals, as far as the reader sees them, number and value by status.
_AROUND = """
    SELECT
        (SELECT count(*) FROM activities_activity WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s),
        (SELECT count(*) FROM activities_activity
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND kind = ANY(%(mails)s)),
        (SELECT count(*) FROM activities_task
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND status = 'open'),
        (SELECT count(*) FROM activities_attachment
         WHERE workspace_id = %(workspace)s AND deal_id = %(deal)s AND deleted_at IS NULL),
        (SELECT json_object_agg(status, json_build_array(number, amount::text)) FROM (
            SELECT status, count(*) AS number, coalesce(sum(base_amount), 0) AS amount FROM deals_deal
            WHERE workspace_id = %(workspace)s AND company_id = %(company)s AND deleted_at IS NULL
              AND (%(owners)s::bigint[] IS NULL OR owner_id = ANY(%(owners)s))
            GROUP BY status
        ) siblings)
"""


@dataclass(frozen=True)
class Around:
    """`counts` by the name of a tab, `siblings` by status: {"count", "amount"}."""

    counts: dict[str, int]
    siblings: dict[str, dict[str, int | Decimal]]


def around(deal: Deal, owners: list[int] | None) -> Around:
    """`owners`: see access.visible_owners."""
    values = {
        "workspace": deal.workspace_id,
        "deal": deal.pk,
        "mails": [str(kind) for kind in EVENTS["emails"][1]],
        "company": deal.company_id,
        "owners": owners,
    }
    with connection.cursor() as cursor:
        lines, mails, tasks, files, siblings = cursor.execute(_AROUND, values).fetchone()
    by_status = {status: {"count": n, "amount": Decimal(amount)} for status, (n, amount) in (siblings or {}).items()}
    return Around({"timeline": lines, "emails": mails, "tasks": tasks, "files": files}, by_status)
