"""The same rows by hand-written SQL, in one transaction with the same row-level security: what no framework can beat."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from django.db import connection, transaction

from tests.bench.fill import Filled
from workspaces.tenancy import tenant

BOARD = """
SELECT s.id, d.id, d.name, d.amount, d.expected_close_date, d.stage_entered_at, d.last_activity_at, d.version, c.name, u.name, t.title, t.due_at
FROM deals_stage s
CROSS JOIN LATERAL (
    SELECT id FROM deals_deal WHERE workspace_id = %(w)s AND stage_id = s.id AND status = 'open' AND deleted_at IS NULL ORDER BY rank LIMIT 26
) lane
JOIN deals_deal d ON d.id = lane.id
LEFT JOIN leads_company c ON c.id = d.company_id
JOIN workspaces_user u ON u.id = d.owner_id
LEFT JOIN LATERAL (SELECT title, due_at FROM activities_task WHERE workspace_id = %(w)s AND deal_id = d.id AND status = 'open' ORDER BY due_at LIMIT 1) t ON true
WHERE s.workspace_id = %(w)s AND s.kind = 'open'
"""
TOTALS = "SELECT stage_id, sum(deals), sum(amount), sum(weighted) FROM deals_stagetotal WHERE workspace_id = %(w)s GROUP BY 1"
COLUMN = """
SELECT d.id, d.name, d.amount, d.version, c.name, u.name FROM deals_deal d LEFT JOIN leads_company c ON c.id = d.company_id JOIN workspaces_user u ON u.id = d.owner_id
WHERE d.workspace_id = %(w)s AND d.stage_id = %(stage)s AND d.status = 'open' AND d.deleted_at IS NULL AND d.rank > %(rank)s ORDER BY d.rank LIMIT 26
"""
MOVE = """
WITH moved AS (
    UPDATE deals_deal SET stage_id = %(to)s, version = version + 1, stage_entered_at = now(), updated_at = now(), rank = rank || 'V'
    WHERE id = %(deal)s AND workspace_id = %(w)s RETURNING id, workspace_id, amount, version
), event AS (
    INSERT INTO deals_stageevent (workspace_id, deal_id, from_stage_id, to_stage_id, door, amount, probability, entered_at, left_at, before, version)
    SELECT workspace_id, id, %(from)s, %(to)s, 'web', amount, 0, now(), now(), '{}', version FROM moved
)
INSERT INTO activities_activity (workspace_id, deal_id, kind, door, at, body, outcome, tries_left, data)
SELECT workspace_id, id, 'stage_change', 'web', now(), '', '', 1, '{}' FROM moved
"""
DEAL = """
SELECT d.*, c.name, u.name FROM deals_deal d LEFT JOIN leads_company c ON c.id = d.company_id JOIN workspaces_user u ON u.id = d.owner_id
WHERE d.workspace_id = %(w)s AND d.id = %(deal)s
"""
TIMELINE = "SELECT * FROM activities_activity WHERE workspace_id = %(w)s AND deal_id = %(deal)s ORDER BY at DESC, id DESC LIMIT 31"
LIST = """
SELECT d.id, d.name, d.amount, d.expected_close_date, c.name, u.name, s.name FROM (
    SELECT * FROM deals_deal WHERE workspace_id = %(w)s AND status = 'open' AND deleted_at IS NULL AND owner_id = %(owner)s AND amount IS NOT NULL
    ORDER BY amount DESC, id DESC LIMIT 51
) d LEFT JOIN leads_company c ON c.id = d.company_id
JOIN workspaces_user u ON u.id = d.owner_id JOIN deals_stage s ON s.id = d.stage_id
"""
SUMMARY = (
    "SELECT stage_id, days, sum(deals), sum(amount) FROM deals_closedtotal WHERE workspace_id = %(w)s GROUP BY 1, 2"
)
SEARCH = "SELECT * FROM crm_search(%(q)s, NULL, 4)"


def floors(filled: Filled, facts: dict[str, object], times: int = 60) -> dict[str, float]:
    """{name: median milliseconds}."""
    parameters = facts | {"w": filled.workspace.pk}

    def run(*queries: str) -> Callable[[], None]:
        def go() -> None:
            with tenant(filled.workspace, filled.member.user_id, door="web"), connection.cursor() as cursor:
                for query in queries:
                    cursor.execute(query, parameters)
                    if cursor.description:
                        cursor.fetchall()
                if MOVE in queries:
                    transaction.set_rollback(True)

        return go

    work = {
        "board": run(BOARD, TOTALS),
        "column": run(COLUMN),
        "move": run(MOVE, TOTALS),
        "search": run(SEARCH),
        "deal": run(DEAL, TIMELINE),
        "list": run(LIST, TOTALS),
        "summary": run(TOTALS, SUMMARY),
    }
    return {name: median_ms(go, times) for name, go in work.items()}


def median_ms(go: Callable[[], None], times: int) -> float:
    took = []
    for number in range(times + 5):
        start = time.perf_counter()
        go()
        if number >= 5:
            took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000
