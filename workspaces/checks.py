"""System checks of the two walls: on the models always, on the database's own catalog with `check --database default`."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks.urls import check_resolver
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, models
from django.urls import get_resolver

from workspaces.sealing import sealed_columns
from workspaces.tenant import TenantModel, _PlainForeignKey

CATALOG = """
SELECT c.relname,
       c.relrowsecurity AND c.relforcerowsecurity AS forced,
       EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped)
"""
# Foreign keys between two tables that both have workspace_id, and do not contain it.
LOOSE_KEYS = """
SELECT con.conname FROM pg_constraint con
WHERE con.contype = 'f'
  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = con.conrelid AND a.attname = 'workspace_id')
  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = con.confrelid AND a.attname = 'workspace_id')
  AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = con.conrelid AND a.attname = 'workspace_id' AND a.attnum = ANY (con.conkey))
"""
# Who is bound for now may still have logged in as somebody else, and who may become the owner is as good as one.
ROLE = """
SELECT rolname, rolsuper, rolbypassrls,
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
FROM pg_roles r WHERE rolname IN (session_user, current_user) ORDER BY rolname <> session_user
"""


@register(Tags.urls)
def workspace_urls(app_configs, **kwargs) -> list[CheckMessage]:
    """Django looks at the addresses outside of the workspaces; a page inside one that cannot be imported is found here."""
    return check_resolver(get_resolver(settings.WORKSPACE_URLCONF))


@register(Tags.models)
def tenant_models(app_configs, **kwargs) -> list[Error]:
    errors = []
    for model in apps.get_models(include_auto_created=True):
        if getattr(model, "pgh_tracked_model", None) is not None:
            errors += [
                Error(
                    f"{model._meta.label} keeps the secret {column}: exclude it where it is tracked",
                    id="workspaces.E004",
                )
                for column in sealed_columns(model)
            ]
            continue
        is_tenant = issubclass(model, TenantModel)
        for field in model._meta.local_fields:
            if not isinstance(field, models.ForeignKey) or isinstance(field, _PlainForeignKey):
                continue
            if field.related_model._meta.label == "workspaces.Workspace" and not is_tenant:
                errors.append(
                    Error(
                        f"{model._meta.label}.{field.name} points at a workspace, but {model.__name__} is no TenantModel",
                        id="workspaces.E001",
                    )
                )
            if isinstance(field.related_model, type) and issubclass(field.related_model, TenantModel):
                errors.append(
                    Error(f"{model._meta.label}.{field.name} must be a TenantForeignKey", id="workspaces.E002")
                )
    return errors


@register(Tags.database)
def tenant_catalog(app_configs, databases, **kwargs) -> list[Error]:
    errors = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            for table, forced, has_policy in cursor.execute(CATALOG).fetchall():
                if not (forced and has_policy):
                    errors.append(
                        Error(
                            f"{table} has workspace_id, but row-level security is not enabled, forced and with a policy",
                            id="workspaces.E003",
                        )
                    )
            for (name,) in cursor.execute(LOOSE_KEYS).fetchall():
                errors.append(
                    Error(f"the foreign key {name} joins two tenant tables without workspace_id", id="workspaces.E003")
                )
            if problem := unsafe_role(cursor):
                errors.append(Error(problem, id="workspaces.E003"))
    return errors


def unsafe_role(cursor) -> str:
    """Why row-level security does not bind the connected role; empty when it does."""
    for name, is_super, bypasses, owns in cursor.execute(ROLE).fetchall():
        why = [
            text
            for is_so, text in (
                (is_super, "is a superuser"),
                (bypasses, "bypasses row-level security"),
                (owns, "owns tables"),
            )
            if is_so
        ]
        if why:
            return f"DATABASE_URL logs in as {name}, which {' and '.join(why)}: workspaces would not be sealed from each other. See `manage.py prepare_database`."
    return ""


def refuse_unsafe_role() -> None:
    """Called when a server starts: better no pages than everybody's data."""
    if not settings.PRODUCTION:
        return
    try:
        with connection.cursor() as cursor:
            if problem := unsafe_role(cursor):
                raise ImproperlyConfigured(problem)
    finally:
        connection.close()
