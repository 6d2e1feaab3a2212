"""Make the roles and the database, given an administrator's URL."""

from __future__ import annotations

from pathlib import Path

import environ
import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg import sql

ROLES = Path(__file__).resolve().parents[2] / "sql" / "roles.sql"


class Command(BaseCommand):
    help = (
        "Make the roles crm_owner, crm_app and crm_admin and the database. DATABASE_ADMIN_URL names a superuser; "
        "the passwords are those of DATABASE_URL (crm_app) and DATABASE_OWNER_URL (crm_owner)."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args, **options):
        admin = environ.Env().str("DATABASE_ADMIN_URL", default="")
        if not admin:
            raise CommandError(
                "Set DATABASE_ADMIN_URL to the URL of a superuser, DATABASE_URL to crm_app's and DATABASE_OWNER_URL to crm_owner's."
            )
        app = settings.DATABASES["default"]
        if app["USER"] != "crm_app" or settings.DATABASE_OWNER["USER"] != "crm_owner":
            raise CommandError("DATABASE_URL must log in as crm_app and DATABASE_OWNER_URL as crm_owner.")
        try:
            with psycopg.connect(admin, autocommit=True) as connection:
                self.make_roles(connection, app["PASSWORD"], settings.DATABASE_OWNER["PASSWORD"])
                self.make_database(connection, app["NAME"])
            with psycopg.connect(admin, dbname=app["NAME"], autocommit=True) as connection:
                connection.execute(sql.SQL("GRANT ALL ON DATABASE {} TO crm_owner").format(sql.Identifier(app["NAME"])))
                connection.execute("GRANT ALL ON SCHEMA public TO crm_owner")
        except psycopg.errors.InsufficientPrivilege as error:
            raise CommandError(
                f"{error}. DATABASE_ADMIN_URL must be a superuser's; or run {ROLES} by hand as one."
            ) from error
        except psycopg.OperationalError as error:
            raise CommandError(f"cannot connect to {admin.rpartition('@')[2]}: {error}") from error

    def make_roles(self, connection, app_password: str, owner_password: str) -> None:
        connection.execute(ROLES.read_text())
        for role, password in (("crm_app", app_password), ("crm_owner", owner_password)):
            if password:
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
                )

    def make_database(self, connection, name: str) -> None:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER crm_owner").format(sql.Identifier(name)))
