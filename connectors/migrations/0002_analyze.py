from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).resolve().parents[1] / "sql" / "analyze.sql").read_text()


class Migration(migrations.Migration):
    """Statistics for tables that an import has made much larger (connectors/sql/analyze.sql)."""

    dependencies = [("connectors", "0001_initial"), ("deals", "0002_search"), ("activities", "0001_initial")]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION crm_analyze_grown()")]
