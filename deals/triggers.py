"""What the database keeps by itself whenever deals change, through whatever door.

- deals_stagetotal: count, amount and weighted amount of open deals per stage and owner. Scanning for the
  heads of the board would cost 34 ms at a million deals, this costs one small upsert per statement.
- deals_closedtotal: count, amount and time of closed deals per stage, owner and days to close: enough for the exact
  win rate, mean and median over all time without reading the deals.
- deals_closedday: the same per day of closing, for sums over a period.
- a notification to the event stream, ids only; the page asks for what it may see.

Statement-level with net deltas in key order: a bulk move is one upsert, and two of them cannot deadlock here.
"""

import pgtrigger

MANY = 25

_TOTALS = """
    INSERT INTO deals_stagetotal AS t (workspace_id, stage_id, owner_id, deals, amount, weighted)
    SELECT workspace_id, stage_id, owner_id, sum(n), sum(n * amount), sum(n * amount * probability) / 100
    FROM (
        SELECT workspace_id, stage_id, owner_id, n, coalesce(amount, 0) AS amount, probability
        FROM ({changed}) c WHERE status = 'open' AND deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3
    HAVING sum(n) <> 0 OR sum(n * amount) <> 0 OR sum(n * amount * probability) <> 0
    ORDER BY 1, 2, 3
    ON CONFLICT (workspace_id, stage_id, owner_id) DO UPDATE
    SET deals = t.deals + excluded.deals, amount = t.amount + excluded.amount, weighted = t.weighted + excluded.weighted;
"""

_CLOSED = """
    INSERT INTO deals_closedtotal AS t (workspace_id, stage_id, owner_id, days, deals, seconds, amount)
    SELECT workspace_id, stage_id, owner_id, floor(lasted / 86400 + 0.5)::integer, sum(n), sum(n * round(lasted)), sum(n * amount)
    FROM (
        SELECT workspace_id, stage_id, owner_id, n, coalesce(amount, 0) AS amount,
               extract(epoch FROM closed_at - created_at) AS lasted
        FROM ({changed}) c WHERE status <> 'open' AND deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3, 4
    HAVING sum(n) <> 0 OR sum(n * round(lasted)) <> 0 OR sum(n * amount) <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, stage_id, owner_id, days) DO UPDATE
    SET deals = t.deals + excluded.deals, seconds = t.seconds + excluded.seconds, amount = t.amount + excluded.amount;
"""

_CLOSED_DAY = """
    INSERT INTO deals_closedday AS t (workspace_id, stage_id, day, owner_id, deals, amount)
    SELECT workspace_id, stage_id, day, owner_id, sum(n), sum(n * amount)
    FROM (
        SELECT workspace_id, stage_id, owner_id, n, coalesce(amount, 0) AS amount, (closed_at AT TIME ZONE 'UTC')::date AS day
        FROM ({changed}) c WHERE status <> 'open' AND deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3, 4
    HAVING sum(n) <> 0 OR sum(n * amount) <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, stage_id, day, owner_id) DO UPDATE
    SET deals = t.deals + excluded.deals, amount = t.amount + excluded.amount;
"""

# One message per statement. `ids` are pairs of a deal and who had or has it, for the listener to pick what its reader may
# see; none when there are too many to fetch one by one. Then `owners` are those of all; none where even they are too many.
_NOTIFY = """
    PERFORM pg_notify('live', json_build_object(
        'workspace', workspace_id, 'kind', 'deal', 'client', current_setting('app.client_id', true),
        'ids', CASE WHEN count(DISTINCT id) <= {many} THEN json_agg(DISTINCT jsonb_build_array(id, owner)) END,
        'owners', CASE WHEN count(DISTINCT id) > {many} AND count(DISTINCT owner) <= {most} THEN json_agg(DISTINCT owner) END
    )::text)
    FROM ({touched}) touched GROUP BY workspace_id;
    RETURN NULL;
"""
_COLUMNS = "workspace_id, stage_id, owner_id, amount, probability, status, deleted_at, created_at, closed_at"

TRIGGERS = [
    pgtrigger.Trigger(
        name=f"kept_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),
        func=_TOTALS.format(changed=changed)
        + _CLOSED.format(changed=changed)
        + _CLOSED_DAY.format(changed=changed)
        + _NOTIFY.format(touched=touched, many=MANY, most=2 * MANY),
    )
    for name, operation, referencing, changed, touched in (
        (
            "insert",
            pgtrigger.Insert,
            {"new": "new_deals"},
            f"SELECT {_COLUMNS}, 1 AS n FROM new_deals",  # noqa: S608 - constants
            "SELECT workspace_id, id, owner_id AS owner FROM new_deals",
        ),
        (
            "update",
            pgtrigger.Update,
            {"old": "old_deals", "new": "new_deals"},
            f"SELECT {_COLUMNS}, 1 AS n FROM new_deals UNION ALL SELECT {_COLUMNS}, -1 FROM old_deals",  # noqa: S608 - constants
            "SELECT n.workspace_id, n.id, unnest(ARRAY[n.owner_id, o.owner_id]) AS owner FROM new_deals n JOIN old_deals o USING (id) WHERE n IS DISTINCT FROM o",
        ),
        (
            "delete",
            pgtrigger.Delete,
            {"old": "old_deals"},
            f"SELECT {_COLUMNS}, -1 AS n FROM old_deals",  # noqa: S608 - constants
            "SELECT workspace_id, id, owner_id AS owner FROM old_deals",
        ),
    )
]
