"""The system check of the database's catalog goes red for what it is there to find."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from workspaces.checks import tenant_catalog
from workspaces.tenancy import as_owner

SEAL = "ALTER TABLE scratch ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
POINT = "FOREIGN KEY (company_id) REFERENCES leads_company (id)"
BREAKS = {
    "CREATE TABLE scratch (id bigint PRIMARY KEY, workspace_id bigint)": "scratch has workspace_id, but",
    f"CREATE TABLE scratch (workspace_id bigint); {SEAL}": "scratch has workspace_id, but",
    "ALTER TABLE deals_deal NO FORCE ROW LEVEL SECURITY": "deals_deal has workspace_id, but",
    "ALTER TABLE deals_deal DISABLE ROW LEVEL SECURITY": "deals_deal has workspace_id, but",
    "DROP POLICY deals_deal_rls ON deals_deal": "deals_deal has workspace_id, but",
    f"ALTER TABLE leads_contact ADD CONSTRAINT loose {POINT}": "the foreign key loose",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sql", BREAKS)
def test_the_system_check_goes_red(sql):
    """For each of these, made as the owner in a transaction that is rolled back."""
    with as_owner(), transaction.atomic():
        before = {error.msg for error in tenant_catalog(None, ["default"])}
        with connection.cursor() as cursor:
            cursor.execute(sql)
        added = {error.msg for error in tenant_catalog(None, ["default"])} - before
        transaction.set_rollback(True)
    assert len(added) == 1 and added.pop().startswith(BREAKS[sql])


@pytest.mark.django_db(transaction=True)
def test_the_system_check_refuses_the_owner():
    with as_owner():
        [problem] = tenant_catalog(None, ["default"])
    assert "crm_owner" in problem.msg and "bypasses row-level security and owns tables" in problem.msg
