from django.db import migrations

from deals.transitions import LOST_REASONS, OTHER, WON_REASONS

TABLES = ("workspaces_workspace", "deals_closereason")
VALUES = ", ".join(
    f"('{kind}', '{label}', {position}, {(kind, label) == ('lost', OTHER)})"
    for kind, labels in (("won", WON_REASONS), ("lost", LOST_REASONS))
    for position, label in enumerate(labels)
)
# The owner of the tables is bound by row-level security too: it is lifted for this one transaction, in which the tables
# are locked.
INSERT = f"""
    INSERT INTO deals_closereason (workspace_id, kind, label, position, needs_note, version)
    SELECT w.id, r.kind, r.label, r.position, r.needs_note, 1
    FROM workspaces_workspace w CROSS JOIN (VALUES {VALUES}) AS r (kind, label, position, needs_note)
    WHERE NOT EXISTS (SELECT 1 FROM deals_closereason c WHERE c.workspace_id = w.id)
"""  # noqa: S608 - constants


class Migration(migrations.Migration):
    """Workspaces that are there get the reasons that were constants until now."""

    dependencies = [("deals", "0007_reasons_and_playbooks")]
    operations = [
        migrations.RunSQL(
            [
                "SET CONSTRAINTS ALL IMMEDIATE",
                *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in TABLES),
                INSERT,
                *(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in TABLES),
            ],
            migrations.RunSQL.noop,
        )
    ]
