"""What the database keeps by itself whenever deals change, through whatever door.

- deals_stagetotal: count, amount and weighted amount of open deals per stage and owner. Scanning for the
  heads of the board would cost 34 ms at a million deals, this costs one small upsert per statement.
- deals_closedtotal: count, amount and time of closed deals per stage, owner and days to close: enough for the exact
  win rate, mean and median over all time without reading the deals.
- deals_closedday: the same per day of closing, for sums over a period.
- deals_forecasttotal: open deals per month of the expected close date, stage, owner and how sure they are: the heads of
  the forecast.
- deals_createdday: deals per pipeline, owner and day of creation: what was in progress on an earlier day follows from
  this and deals_closedday.
- deals_reachedtotal: deals per month of creation, the furthest stage they reached and what became of them: the funnel.
- a notification to the event stream, ids only; the page asks for what it may see.

All sums are of base_amount, in the workspace's currency.

Statement-level with net deltas in key order: a bulk move is one upsert, and two of them cannot deadlock here.
"""

import pgtrigger

from activities.triggers import TELL_OF_DEALS

_TOTALS = """
    INSERT INTO deals_stagetotal AS t (workspace_id, stage_id, owner_id, deals, converted, amount, weighted)
    SELECT workspace_id, stage_id, owner_id, sum(n), sum(n * converted), sum(n * amount), sum(n * amount * probability) / 100
    FROM (
        SELECT workspace_id, stage_id, owner_id, n, converted, coalesce(amount, 0) AS amount, probability
        FROM ({changed}) c WHERE status = 'open' AND deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3
    HAVING sum(n) <> 0 OR sum(n * converted) <> 0 OR sum(n * amount) <> 0 OR sum(n * amount * probability) <> 0
    ORDER BY 1, 2, 3
    ON CONFLICT (workspace_id, stage_id, owner_id) DO UPDATE
    SET deals = t.deals + excluded.deals, converted = t.converted + excluded.converted, amount = t.amount + excluded.amount, weighted = t.weighted + excluded.weighted;
"""

_CLOSED = """
    INSERT INTO deals_closedtotal AS t (workspace_id, stage_id, owner_id, days, deals, converted, seconds, amount)
    SELECT workspace_id, stage_id, owner_id, floor(lasted / 86400 + 0.5)::integer, sum(n), sum(n * converted), sum(n * round(lasted)), sum(n * amount)
    FROM (
        SELECT workspace_id, stage_id, owner_id, n, converted, coalesce(amount, 0) AS amount,
               extract(epoch FROM closed_at - created_at) AS lasted
        FROM ({changed}) c WHERE status <> 'open' AND deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3, 4
    HAVING sum(n) <> 0 OR sum(n * converted) <> 0 OR sum(n * round(lasted)) <> 0 OR sum(n * amount) <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, stage_id, owner_id, days) DO UPDATE
    SET deals = t.deals + excluded.deals, converted = t.converted + excluded.converted, seconds = t.seconds + excluded.seconds, amount = t.amount + excluded.amount;
"""

_CLOSED_DAY = """
    INSERT INTO deals_closedday AS t (workspace_id, stage_id, day, owner_id, deals, converted, seconds, amount)
    SELECT workspace_id, stage_id, day, owner_id, sum(n), sum(n * converted), sum(n * lasted), sum(n * amount)
    FROM (
        SELECT workspace_id, stage_id, owner_id, n, converted, coalesce(amount, 0) AS amount, (closed_at AT TIME ZONE 'UTC')::date AS day,
               round(extract(epoch FROM closed_at - created_at)) AS lasted
        FROM ({changed}) c WHERE status <> 'open' AND deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3, 4
    HAVING sum(n) <> 0 OR sum(n * converted) <> 0 OR sum(n * lasted) <> 0 OR sum(n * amount) <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, stage_id, day, owner_id) DO UPDATE
    SET deals = t.deals + excluded.deals, converted = t.converted + excluded.converted, seconds = t.seconds + excluded.seconds, amount = t.amount + excluded.amount;
"""

# The bands are those of forecast.band.
_FORECAST = """
    INSERT INTO deals_forecasttotal AS t (workspace_id, month, stage_id, owner_id, said, band, deals, converted, amount, weighted)
    SELECT workspace_id, month, stage_id, owner_id, said, band, sum(n), sum(n * converted), sum(n * amount), sum(n * amount * probability) / 100
    FROM (
        SELECT workspace_id, stage_id, owner_id, n, converted, coalesce(amount, 0) AS amount, probability, forecast_category AS said,
               date_trunc('month', expected_close_date::timestamp)::date AS month,
               CASE WHEN probability >= 70 THEN 'commit' WHEN probability >= 40 THEN 'best_case' ELSE 'pipeline' END AS band
        FROM ({changed}) c WHERE status = 'open' AND deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3, 4, 5, 6
    HAVING sum(n) <> 0 OR sum(n * converted) <> 0 OR sum(n * amount) <> 0 OR sum(n * amount * probability) <> 0
    ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (workspace_id, month, stage_id, owner_id, said, band) DO UPDATE
    SET deals = t.deals + excluded.deals, converted = t.converted + excluded.converted, amount = t.amount + excluded.amount, weighted = t.weighted + excluded.weighted;
"""

_CREATED_DAY = """
    INSERT INTO deals_createdday AS t (workspace_id, pipeline_id, day, owner_id, deals, amount)
    SELECT workspace_id, pipeline_id, day, owner_id, sum(n), sum(n * amount)
    FROM (
        SELECT workspace_id, pipeline_id, owner_id, n, coalesce(amount, 0) AS amount, (created_at AT TIME ZONE 'UTC')::date AS day
        FROM ({changed}) c WHERE deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3, 4
    HAVING sum(n) <> 0 OR sum(n * amount) <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, pipeline_id, day, owner_id) DO UPDATE
    SET deals = t.deals + excluded.deals, amount = t.amount + excluded.amount;
"""

# A stage that is being deleted is named by no deal any more when this runs, and must not be by a total.
_REACHED = """
    INSERT INTO deals_reachedtotal AS t (workspace_id, stage_id, month, owner_id, status, deals, amount)
    SELECT workspace_id, stage_id, month, owner_id, status, sum(n), sum(n * amount)
    FROM (
        SELECT workspace_id, coalesce(furthest_id, stage_id) AS stage_id, owner_id, n, status, coalesce(amount, 0) AS amount,
               date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month
        FROM ({changed}) c WHERE deleted_at IS NULL
    ) d
    GROUP BY 1, 2, 3, 4, 5
    HAVING (sum(n) <> 0 OR sum(n * amount) <> 0) AND EXISTS (SELECT 1 FROM deals_stage s WHERE s.id = d.stage_id)
    ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (workspace_id, stage_id, month, owner_id, status) DO UPDATE
    SET deals = t.deals + excluded.deals, amount = t.amount + excluded.amount;
"""

_COLUMNS = """
    workspace_id, pipeline_id, stage_id, furthest_id, owner_id, base_amount AS amount, (rate <> 1)::integer AS converted, probability, forecast_category,
    expected_close_date, status, deleted_at, created_at, closed_at
"""
# What totals are made of stays as it is where only the times of what was done last, and is to be done next, change: with each
# line of a timeline and each task.
_UNCHANGED = """
    IF NOT EXISTS (SELECT 1 FROM new_deals) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT 1 FROM new_deals n JOIN old_deals o USING (id) WHERE ({new}) IS DISTINCT FROM ({old})) THEN
"""
_SUMMED = ("workspace_id", "pipeline_id", "stage_id", "furthest_id", "owner_id", "base_amount", "rate", "probability",
    "forecast_category", "expected_close_date", "status", "deleted_at", "created_at", "closed_at",
)  # fmt: skip
_WHEN = {
    "update": _UNCHANGED.format(
        new=", ".join(f"n.{name}" for name in _SUMMED), old=", ".join(f"o.{name}" for name in _SUMMED)
    )
}
KEPT = (_TOTALS, _CLOSED, _CLOSED_DAY, _FORECAST, _CREATED_DAY, _REACHED)

TRIGGERS = [
    pgtrigger.Trigger(
        name=f"kept_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),
        func=_WHEN.get(name, "")
        + "".join(total.format(changed=changed) for total in KEPT)
        + ("END IF;" if name in _WHEN else "")
        + TELL_OF_DEALS.replace("{touched}", touched),
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
