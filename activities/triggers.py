"""A deal's last and next activity times, kept by the database itself: bulk writes and raw SQL cannot forget them.
Whoever gets or reads a notification hears of it on the event stream, and who sees a deal of what is planned about it.

Statement-level triggers: an import of 10,000 activities is one UPDATE of deals.
"""

import pgtrigger

# Contact with the buyer or work on the deal: these end a deal's rotting, edits of fields do not.
COUNTS = """kind IN ('call', 'email_in', 'email_out', 'meeting', 'note', 'task_done', 'stage_change', 'deal_created')
    AND undone_at IS NULL"""

# A line more can only make it later; that is asked most often, and reads nothing but the deal. Where no deal can be meant none
# is written: even an UPDATE of no row would run all triggers of deals.
_ADDED = f"""
    IF NOT EXISTS (SELECT 1 FROM added WHERE deal_id IS NOT NULL AND {COUNTS}) THEN
        RETURN NULL;
    END IF;
    UPDATE deals_deal d SET last_activity_at = latest.at, updated_at = now()
    FROM (SELECT workspace_id, deal_id, max(at) AS at FROM added
          WHERE deal_id IS NOT NULL AND {COUNTS} GROUP BY 1, 2 ORDER BY 1, 2) latest
    WHERE d.workspace_id = latest.workspace_id AND d.id = latest.deal_id
      AND (d.last_activity_at IS NULL OR d.last_activity_at < latest.at);
    RETURN NULL;
"""  # noqa: S608 - constants
# A line undone, moved or deleted: the newest that still counts, from the index activity_deal.
_TAKEN = f"""{{unless}}
    UPDATE deals_deal d SET last_activity_at = latest.at, updated_at = now()
    FROM (SELECT c.workspace_id, c.deal_id,
                 (SELECT a.at FROM activities_activity a
                  WHERE a.workspace_id = c.workspace_id AND a.deal_id = c.deal_id AND {COUNTS}
                  ORDER BY a.at DESC, a.id DESC LIMIT 1) AS at
          FROM ({{changed}}) c ORDER BY 1, 2) latest
    WHERE d.workspace_id = latest.workspace_id AND d.id = latest.deal_id AND d.last_activity_at IS DISTINCT FROM latest.at;
    RETURN NULL;
"""  # noqa: S608
_LINE = "SELECT workspace_id, deal_id, id, kind, at, undone_at FROM"
_MOVED = f"""
    SELECT workspace_id, deal_id FROM (
        ({_LINE} old_lines EXCEPT {_LINE} new_lines) UNION ALL ({_LINE} new_lines EXCEPT {_LINE} old_lines)
    ) moved WHERE deal_id IS NOT NULL GROUP BY 1, 2
"""  # noqa: S608
_UNMOVED = """
    IF NOT EXISTS (SELECT 1 FROM new_lines n JOIN old_lines o USING (id)
                   WHERE (n.deal_id, n.kind, n.at, n.undone_at) IS DISTINCT FROM (o.deal_id, o.kind, o.at, o.undone_at)) THEN
        RETURN NULL;
    END IF;
"""
_GONE = "SELECT workspace_id, deal_id FROM old_lines WHERE deal_id IS NOT NULL GROUP BY 1, 2"

LAST_ACTIVITY = [
    pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),
        func=func,
    )
    for name, operation, referencing, func in (
        ("last_activity", pgtrigger.Insert, {"new": "added"}, _ADDED),
        (
            "last_activity_update",
            pgtrigger.Update,
            {"old": "old_lines", "new": "new_lines"},
            _TAKEN.format(unless=_UNMOVED, changed=_MOVED),
        ),
        ("last_activity_delete", pgtrigger.Delete, {"old": "old_lines"}, _TAKEN.format(unless="", changed=_GONE)),
    )
]

_NEXT = """
    UPDATE deals_deal d SET next_activity_at = planned.at, updated_at = now()
    FROM (SELECT c.workspace_id, c.deal_id, min(t.due_at) AS at
          FROM ({changed}) c
          LEFT JOIN activities_task t ON t.workspace_id = c.workspace_id AND t.deal_id = c.deal_id AND t.status = 'open'
          GROUP BY 1, 2 ORDER BY 1, 2) planned
    WHERE d.workspace_id = planned.workspace_id AND d.id = planned.deal_id AND d.next_activity_at IS DISTINCT FROM planned.at;
    RETURN NULL;
"""
_OLD = "SELECT workspace_id, deal_id FROM old_tasks WHERE deal_id IS NOT NULL"
_NEW = "SELECT workspace_id, deal_id FROM new_tasks WHERE deal_id IS NOT NULL"

NEXT_ACTIVITY = [
    pgtrigger.Trigger(
        name=f"next_activity_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),
        func=_NEXT.format(changed=changed),
    )
    for name, operation, referencing, changed in (
        ("insert", pgtrigger.Insert, {"new": "new_tasks"}, f"{_NEW} GROUP BY 1, 2"),
        ("update", pgtrigger.Update, {"old": "old_tasks", "new": "new_tasks"}, f"{_OLD} UNION {_NEW}"),
        ("delete", pgtrigger.Delete, {"old": "old_tasks"}, f"{_OLD} GROUP BY 1, 2"),
    )
]

# One message per statement. `ids` are pairs of a deal and who had or has it, for the listener to pick what its reader may
# see; none when there are too many to fetch one by one. Then `owners` are those of all; none where even they are too many.
MANY = 25
TELL_OF_DEALS = """
    PERFORM pg_notify('live', json_build_object(
        'workspace', workspace_id, 'kind', 'deal', 'client', current_setting('app.client_id', true),
        'ids', CASE WHEN count(DISTINCT id) <= {many} THEN json_agg(DISTINCT jsonb_build_array(id, owner)) END,
        'owners', CASE WHEN count(DISTINCT id) > {many} AND count(DISTINCT owner) <= {most} THEN json_agg(DISTINCT owner) END
    )::text)
    FROM ({touched}) touched GROUP BY workspace_id;
    RETURN NULL;
""".replace("{many}", str(MANY)).replace("{most}", str(2 * MANY))

# What is planned about a deal stands on its page, also where it is not the next thing to do.
_ABOUT = "SELECT d.workspace_id, d.id, d.owner_id AS owner FROM ({changed}) c JOIN deals_deal d ON d.workspace_id = c.workspace_id AND d.id = c.deal_id"
_DIFFERENT = (
    "SELECT {row}.workspace_id, {row}.deal_id FROM new_tasks n JOIN old_tasks o USING (id) WHERE n IS DISTINCT FROM o"
)

PLANNED = [
    pgtrigger.Trigger(
        name=f"planned_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),
        func=TELL_OF_DEALS.replace("{touched}", _ABOUT.replace("{changed}", changed)),
    )
    for name, operation, referencing, changed in (
        ("insert", pgtrigger.Insert, {"new": "new_tasks"}, _NEW),
        (
            "update",
            pgtrigger.Update,
            {"old": "old_tasks", "new": "new_tasks"},
            f"{_DIFFERENT.format(row='n')} UNION {_DIFFERENT.format(row='o')}",
        ),
        ("delete", pgtrigger.Delete, {"old": "old_tasks"}, _OLD),
    )
]

# The bell of whoever is told, and of nobody else: one message per recipient, without a word of what it is.
_TELL = """
    PERFORM pg_notify('live', json_build_object(
        'workspace', workspace_id, 'kind', 'notification', 'client', current_setting('app.client_id', true),
        'users', json_build_array(recipient_id))::text)
    FROM ({touched}) touched GROUP BY workspace_id, recipient_id ORDER BY workspace_id, recipient_id;
    RETURN NULL;
"""

BELL = [
    pgtrigger.Trigger(
        name=f"bell_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**referencing),
        func=_TELL.replace("{touched}", touched),
    )
    for name, operation, referencing, touched in (
        ("insert", pgtrigger.Insert, {"new": "added"}, "SELECT workspace_id, recipient_id FROM added"),
        (
            "update",
            pgtrigger.Update,
            {"old": "old_ones", "new": "new_ones"},
            "SELECT n.workspace_id, n.recipient_id FROM new_ones n JOIN old_ones o USING (id) "
            "WHERE n.read_at IS DISTINCT FROM o.read_at",
        ),
    )
]
