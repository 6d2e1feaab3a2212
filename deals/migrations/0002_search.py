from pathlib import Path

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension, UnaccentExtension
from django.db import migrations

SQL = (Path(__file__).resolve().parents[1] / "sql" / "search.sql").read_text()
SEARCHED = {"leads_company": "", "leads_contact": "", "leads_lead": "", "deals_deal": " WHERE deleted_at IS NULL"}
INDEXES = [
    migrations.RunSQL(
        f"CREATE INDEX {table}_search ON {table} USING gin (workspace_id, crm_norm(name) gin_trgm_ops){only}",
        f"DROP INDEX {table}_search",
    )
    for table, only in SEARCHED.items()
]


class Migration(migrations.Migration):
    """Search by trigrams, in functions that row-level security does not rob of their indexes (deals/sql/search.sql)."""

    dependencies = [("deals", "0001_initial"), ("leads", "0001_initial")]
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        BtreeGinExtension(),
        migrations.RunSQL(
            SQL,
            "DROP FUNCTION crm_search, crm_deals_like, crm_leads_like, crm_contacts_like, crm_companies_like, crm_pattern, crm_workspace, crm_norm",
        ),
        *INDEXES,
        migrations.RunSQL(
            "CREATE INDEX leads_contactemail_search ON leads_contactemail USING gin (workspace_id, email gin_trgm_ops)",
            "DROP INDEX leads_contactemail_search",
        ),
    ]
