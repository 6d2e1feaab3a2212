from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).resolve().parents[1] / "sql" / "slug_taken.sql").read_text()


class Migration(migrations.Migration):
    """Whether an address is taken, asked past row-level security."""

    dependencies = [("workspaces", "0001_initial")]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION workspace_slug_taken(text)")]
