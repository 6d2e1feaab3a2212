from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).resolve().parents[1] / "sql" / "custom.sql").read_text()
TABLES = ("deals_deal", "leads_lead", "leads_contact", "leads_company")
# Only rows that have a custom value: others cost nothing.
INDEXES = [
    migrations.RunSQL(
        f"CREATE INDEX {table}_custom ON {table} USING gin (workspace_id, custom jsonb_path_ops) WHERE custom <> '{{}}'",
        f"DROP INDEX {table}_custom",
    )
    for table in TABLES
]


class Migration(migrations.Migration):
    """Custom values are found by what they hold, in functions that row-level security does not rob of their index."""

    dependencies = [("deals", "0005_archived_stages"), ("leads", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SQL, "DROP FUNCTION crm_custom_deals, crm_custom_leads, crm_custom_contacts, crm_custom_companies"
        ),
        *INDEXES,
    ]
