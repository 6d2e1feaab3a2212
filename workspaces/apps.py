from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate

# Before any table is made, so that every table of every app, Django's own included, is covered.
# TRUNCATE is never granted: it ignores row-level security.
GRANTS = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO crm_app, crm_admin;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO crm_app, crm_admin;
GRANT USAGE ON SCHEMA public TO crm_app, crm_admin;
"""


def grant(using: str, **kwargs) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(GRANTS)


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self):
        from workspaces import checks  # noqa: F401, PLC0415 - registers the system checks

        pre_migrate.connect(grant, sender=self)
