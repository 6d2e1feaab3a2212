from django.db import migrations

FURTHEST = """
    UPDATE deals_deal d SET furthest_id = coalesce(
        (SELECT s.id FROM deals_stageevent e JOIN deals_stage s ON s.id = e.to_stage_id
         WHERE e.deal_id = d.id AND s.kind = 'open' AND s.pipeline_id = d.pipeline_id AND e.undoes_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM deals_stageevent u WHERE u.undoes_id = e.id)
         ORDER BY s.position DESC LIMIT 1),
        CASE WHEN d.status = 'open' THEN d.stage_id END)
"""
RECOUNT = """
    DELETE FROM deals_createdday; DELETE FROM deals_reachedtotal; DELETE FROM deals_forecasttotal; DELETE FROM deals_closedday;
    INSERT INTO deals_createdday (workspace_id, pipeline_id, day, owner_id, deals, amount)
    SELECT workspace_id, pipeline_id, (created_at AT TIME ZONE 'UTC')::date, owner_id, count(*), sum(coalesce(base_amount, 0))
    FROM deals_deal WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4;
    INSERT INTO deals_reachedtotal (workspace_id, stage_id, month, owner_id, status, deals, amount)
    SELECT workspace_id, coalesce(furthest_id, stage_id), date_trunc('month', created_at AT TIME ZONE 'UTC')::date, owner_id, status,
           count(*), sum(coalesce(base_amount, 0))
    FROM deals_deal WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5;
    INSERT INTO deals_forecasttotal (workspace_id, month, stage_id, owner_id, said, band, deals, converted, amount, weighted)
    SELECT workspace_id, date_trunc('month', expected_close_date::timestamp)::date, stage_id, owner_id, forecast_category,
           CASE WHEN probability >= 70 THEN 'commit' WHEN probability >= 40 THEN 'best_case' ELSE 'pipeline' END,
           count(*), 0, sum(coalesce(base_amount, 0)), sum(coalesce(base_amount, 0) * probability) / 100
    FROM deals_deal WHERE deleted_at IS NULL AND status = 'open' GROUP BY 1, 2, 3, 4, 5, 6;
    INSERT INTO deals_closedday (workspace_id, stage_id, day, owner_id, deals, converted, seconds, amount)
    SELECT workspace_id, stage_id, (closed_at AT TIME ZONE 'UTC')::date, owner_id, count(*), 0,
           sum(round(extract(epoch FROM closed_at - created_at))), sum(coalesce(base_amount, 0))
    FROM deals_deal WHERE deleted_at IS NULL AND status <> 'open' GROUP BY 1, 2, 3, 4;
"""


class Migration(migrations.Migration):
    """What the new totals would hold, had they been kept from the beginning."""

    dependencies = [("deals", "0010_figures")]
    operations = [migrations.RunSQL([FURTHEST, RECOUNT], migrations.RunSQL.noop)]
