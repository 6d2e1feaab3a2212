"""What PostgreSQL's own catalog says of the second wall: every tenant table is sealed, whoever wrote its model."""

from __future__ import annotations

import re

import pytest
from django.core.checks import Tags, run_checks
from django.db import DatabaseError, connection, transaction
from pghistory.core import event_models

from tests.tenancy.walk import rolled_back
from tests.tenancy.world import tenant_models
from workspaces.checks import tenant_catalog, unsafe_role
from workspaces.models import Workspace
from workspaces.tenancy import all_workspaces, tenant

TENANT_TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND EXISTS (
    SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped)
"""
POLICIES = """
SELECT c.relname, p.polname, p.polcmd::text, p.polpermissive, p.polroles = '{0}',
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
"""
FOREIGN_KEYS = """
SELECT con.conname, src.relname, dst.relname, con.convalidated,
       ARRAY(SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY k(n, i)
             JOIN pg_attribute a ON a.attrelid = src.oid AND a.attnum = k.n ORDER BY i),
       ARRAY(SELECT a.attname::text FROM unnest(con.confkey) WITH ORDINALITY k(n, i)
             JOIN pg_attribute a ON a.attrelid = dst.oid AND a.attnum = k.n ORDER BY i)
FROM pg_constraint con JOIN pg_class src ON src.oid = con.conrelid JOIN pg_class dst ON dst.oid = con.confrelid
WHERE con.contype = 'f' AND src.relnamespace = 'public'::regnamespace
"""
# Conditional ones, which are no constraints, included.
UNIQUE_KEYS = """
SELECT c.relname, ARRAY(SELECT a.attname::text FROM unnest(x.indkey::int2[]) n
                        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = n ORDER BY 1)
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
WHERE x.indisunique AND c.relnamespace = 'public'::regnamespace
"""
DEFINERS = """
SELECT p.proname, p.proconfig, has_function_privilege('crm_app', p.oid, 'EXECUTE'),
       EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
               WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
"""
ROLE = """
SELECT current_user, session_user, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit
FROM pg_roles WHERE rolname = current_user
"""
OWN = re.compile(
    r"\((?P<column>\w+) = \( ?SELECT "
    r"\(NULLIF\(current_setting\('app\.workspace_id'::text, true\), ''::text\)\)::bigint .*\)\)"
)
# Sealed by another column: the workspace itself and its audit table.
BY_ID = {"workspaces_workspace", "workspaces_workspacehistory"}
# The rows one may read besides: one's own memberships, and the workspaces they are of.
READ_BESIDES = {"workspaces_membership", "workspaces_workspace"}


@pytest.fixture
def ask(db):
    def ask(sql: str, *values: object) -> list[tuple]:
        with connection.cursor() as cursor:
            return cursor.execute(sql, values or None).fetchall()

    return ask


def audit_tables() -> set[str]:
    tracked = [*tenant_models(), Workspace]
    return {event._meta.db_table for model in tracked for event in event_models(tracks_model=model)}


def append_only() -> set[str]:
    return audit_tables() | {model._meta.db_table for model in tenant_models() if getattr(model, "append_only", False)}


def test_the_tables_are_those_of_the_models(ask):
    """A table with workspace_id that no model knows would escape every other test."""
    found = {table for table, *_ in ask(TENANT_TABLES)}
    models = {model._meta.db_table for model in tenant_models()}
    assert models <= found and found - models == audit_tables() - BY_ID
    assert len(found) > 25


def test_security_is_enabled_and_forced(ask):
    loose = [table for table, enabled, forced in ask(TENANT_TABLES) if not (enabled and forced)]
    assert loose == []
    for table in BY_ID:
        assert ask("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = %s", table) == [(True,)]


def test_policies_compare_the_column_itself_with_the_setting(ask):
    """Reading and writing alike, for every role, and never a cast of the column, which would cost its indexes."""
    policies = ask(POLICIES)
    for table in {table for table, *_ in ask(TENANT_TABLES)} | BY_ID:
        own = [row for row in policies if row[0] == table and is_own(row)]
        column = "id" if table in BY_ID else "workspace_id"
        assert own, f"{table} has no policy on its workspace"
        for _, name, _, permissive, to_all, using, check in own:
            assert permissive and to_all, name
            for expression in filter(None, (using, check)):
                assert OWN.fullmatch(expression)["column"] == column, (name, expression)
        commands = {row[2] for row in own}
        assert commands == ({"r", "a"} if table in append_only() else {"*"}), table
        others = [row for row in policies if row[0] == table and not is_own(row)]
        assert {row[2] for row in others} <= {"r"} and (not others or table in READ_BESIDES), others


def is_own(row: tuple) -> bool:
    return "app.workspace_id" in (row[5] or row[6] or "")


def test_nothing_else_lets_anybody_in(ask):
    """No policy stands on a table of no workspace by mistake, and no view or rule goes round the tables."""
    sealed = {table for table, *_ in ask(TENANT_TABLES)} | BY_ID
    assert {row[0] for row in ask(POLICIES)} == sealed
    views = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')"
    assert ask(views) == []


def test_every_foreign_key_between_tenant_tables_carries_the_workspace(ask):
    tables = {table for table, *_ in ask(TENANT_TABLES)}
    between = [row for row in ask(FOREIGN_KEYS) if row[1] in tables and row[2] in tables]
    assert len(between) > 40
    for name, _, _, validated, columns, targets in between:
        assert columns[0] == targets[0] == "workspace_id" and validated, name
        assert len(columns) > 1, name


def test_every_foreign_key_of_the_models_is_one_of_the_database(ask):
    """Not one is left to Python: each field that points into the workspace has its composite constraint."""
    keys = {(row[1], column) for row in ask(FOREIGN_KEYS) for column in row[4][1:2]}
    wanted = {
        (model._meta.db_table, field.column)
        for model in tenant_models()
        for field in model._meta.local_fields
        if hasattr(field, "composite")
    }
    assert wanted and wanted <= keys


def test_unique_keys_carry_the_workspace(ask):
    """(workspace_id, id) is there as the target of composite keys; a narrower one than that would tell of a value
    whether another workspace has it. The audit tables have their own numbers alone."""
    tables = {model._meta.db_table for model in tenant_models()}
    unique = {(table, tuple(columns)) for table, columns in ask(UNIQUE_KEYS) if table in tables}
    assert {(table, ("id", "workspace_id")) for table in tables} <= unique
    assert [key for key in unique if "workspace_id" not in key[1] and key[1] != ("id",)] == []


# --- roles --------------------------------------------------------------------------------------------------


def test_who_is_connected(ask):
    assert ask(ROLE) == [("crm_app", "crm_app", False, False, False, False, False)]
    [(name,)] = ask("SELECT current_database()")
    assert name.startswith("test_")
    assert ask("SELECT relname FROM pg_class WHERE relowner = 'crm_app'::regrole") == []
    assert ask("SELECT proname FROM pg_proc WHERE proowner = 'crm_app'::regrole") == []
    with connection.cursor() as cursor:
        assert unsafe_role(cursor) == ""


@pytest.mark.parametrize(
    "sql",
    [
        "TRUNCATE deals_deal CASCADE",
        "ALTER TABLE deals_deal DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE deals_deal NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY deals_deal_rls ON deals_deal",
        "CREATE POLICY mine ON deals_deal USING (true)",
        "CREATE TABLE mine (id int)",
        "CREATE VIEW mine AS SELECT * FROM deals_deal",
        "SET ROLE crm_owner",
        "ALTER TABLE deals_deal DISABLE TRIGGER ALL",
    ],
)
def test_the_app_may_not(db, sql):
    with pytest.raises(DatabaseError, match="permission denied|must be owner|denied"), transaction.atomic():
        connection.cursor().execute(sql)


def test_no_tenant_table_may_be_truncated_by_any_role_of_ours(ask):
    for role in ("crm_app", "crm_admin"):
        for table, *_ in ask(TENANT_TABLES):
            assert ask("SELECT has_table_privilege(%s, %s, 'TRUNCATE')", role, table) == [(False,)], (role, table)


def test_row_security_cannot_be_switched_off_for_the_session(db):
    """`row_security = off` makes the query fail; it does not show the rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL row_security = off")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            cursor.execute("SELECT count(*) FROM deals_deal")


def test_functions_that_pass_the_wall_are_pinned(ask):
    definers = ask(DEFINERS)
    assert {name for name, *_ in definers} == PASSING, "a new SECURITY DEFINER function: what may it give away?"
    for name, config, for_app, for_public in definers:
        assert "search_path=public, pg_temp" in (config or []), f"{name} has no pinned search_path"
        assert for_app and not for_public, f"{name} may be executed by PUBLIC"


# Functions that run as the owner. The first ten answer with ids (test_walls.py asks for foreign ones), then: a yes or
# no, and nothing at all.
PASSING = {
    "crm_companies_like", "crm_contacts_like", "crm_leads_like", "crm_deals_like", "crm_search", "crm_similar",
    "crm_custom_companies", "crm_custom_contacts", "crm_custom_leads", "crm_custom_deals",
    "workspace_slug_taken", "crm_analyze_grown",
}  # fmt: skip


# --- rows ---------------------------------------------------------------------------------------------------


def count(table: str) -> int:
    with connection.cursor() as cursor:
        return cursor.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]


def test_without_a_workspace_there_are_no_rows(walker, ask):
    tables = [table for table, *_ in ask(TENANT_TABLES)]
    with all_workspaces():
        filled = {table for table in tables if count(table)}
    assert set(tables) - filled == set(), "this proves nothing about empty tables: fill them in tests/tenancy/world.py"
    assert {table: count(table) for table in tables if count(table)} == {}
    for workspace in walker.world.both:
        with tenant(workspace):
            assert ask(" UNION ".join(f'SELECT workspace_id FROM "{table}"' for table in tables)) == [(workspace,)]


def test_append_only_tables_cannot_be_changed(walker):
    """By the app: no policy for it, so 0 rows. Their audit tables stop super admins too."""
    assert append_only() > {"deals_stageevent", "deals_dealhistory", "leads_companyhistory"}
    with tenant(walker.world.acme.workspace), connection.cursor() as cursor:
        for table in append_only() - {"workspaces_workspacehistory"}:
            rows = count(table)
            assert rows, f"{table} is empty: this proves nothing"
            with rolled_back():
                cursor.execute(f'UPDATE "{table}" SET workspace_id = workspace_id')
                assert cursor.rowcount == 0, table
                cursor.execute(f'DELETE FROM "{table}"')
                assert cursor.rowcount == 0 and count(table) == rows, table
    for table in audit_tables():
        with pytest.raises(DatabaseError, match="Cannot update or delete"), all_workspaces():
            connection.cursor().execute(f'DELETE FROM "{table}"')


# --- the system check -----------------------------------------------------------------------------------------


def test_the_system_check_is_clean(db):
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    assert tenant_catalog(None, ["default"]) == []
