"""How much mail waits for a member to decide, for the frame of every page: SQL that stands in its one statement
(activities/context.py), counted up to a hundred. The same as `undecided` of what `visible_to` finds."""

UNDECIDED = """
    SELECT count(*) FROM (
        SELECT 1 FROM automation_message m
        LEFT JOIN automation_mailbox b ON b.workspace_id = m.workspace_id AND b.id = m.mailbox_id
        LEFT JOIN leads_lead l ON l.workspace_id = m.workspace_id AND l.id = m.lead_id
        LEFT JOIN deals_deal d ON d.workspace_id = m.workspace_id AND d.id = m.deal_id
        WHERE m.workspace_id = %(workspace)s AND m.state IN ('review', 'unmatched', 'failed')
          AND m.handled_at IS NULL AND m.direction = 'in'
          AND CASE
            WHEN %(is_admin)s THEN true
            WHEN m.lead_id IS NULL AND m.deal_id IS NULL
              THEN b.owner_id = %(user)s OR %(sees_all)s AND b.owner_id IS NULL
            ELSE %(sees_all)s OR l.owner_id IN (SELECT user_id FROM reach) OR d.owner_id IN (SELECT user_id FROM reach)
          END
        LIMIT 100) undecided
"""
