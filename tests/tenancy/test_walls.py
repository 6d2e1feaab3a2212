"""The second wall at work: what the database refuses and hides by itself, whatever Python asks of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, ProgrammingError, connection, models, transaction

from deals.models import Deal
from leads.models import Company, Contact
from tests.tenancy.walk import rolled_back
from tests.tenancy.world import World, differences, fingerprint, tenant_models
from workspaces.models import Membership, User, Workspace
from workspaces.tenancy import all_workspaces, tenant
from workspaces.tenant import MemberForeignKey, TenantForeignKey

KEYS = [
    (model, field)
    for model in sorted(tenant_models(), key=lambda model: model._meta.label)
    for field in model._meta.local_fields
    if isinstance(field, (TenantForeignKey, MemberForeignKey))
]
# What a check wants to be said together with such a key.
WITH: dict[tuple[str, str], dict[str, object]] = {
    (label, name): {"scope": name, other: None}
    for label in ("insights.Goal", "insights.Adjustment")
    for name, other in (("team", "member"), ("member", "team"))
} | {("deals.PlaybookTask", "assignee"): {"assignee_rule": "member"}}


def name_of(part: object) -> str:
    return part._meta.label if isinstance(part, type) else part.name


def first(model: type[models.Model], workspace: int) -> models.Model:
    return model._base_manager.filter(workspace_id=workspace).order_by("pk").first()


# --- pointing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "field"), KEYS, ids=name_of)
def test_a_key_cannot_point_into_another_workspace(walker, model, field):
    """Not even by the role that row-level security does not bind: the composite key refuses."""
    acme, rival = walker.world.both
    target = walker.world.rival.user if isinstance(field, MemberForeignKey) else None
    constraint = field.composite().name
    for role in (all_workspaces, lambda: tenant(acme)):
        with rolled_back(), role():
            row = first(model, acme)
            with all_workspaces():
                pk = target or first(field.related_model, rival).pk
            if role is not all_workspaces and getattr(model, "append_only", False):
                continue  # no policy for UPDATE: test_catalog.py
            with pytest.raises(DatabaseError, match=f"{constraint}|row-level security"), transaction.atomic():
                facts = WITH.get((model._meta.label, field.name), {}) | {field.attname: pk}
                assert model._base_manager.filter(pk=row.pk).update(**facts) == 1
                connection.cursor().execute(f'SET CONSTRAINTS "{constraint}" IMMEDIATE')


def test_every_composite_key_was_tried():
    assert len(KEYS) > 40
    composite = [
        field for model in tenant_models() for field in model._meta.local_fields if hasattr(field, "composite")
    ]
    assert set(composite) == {field for _, field in KEYS}


# --- writing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", tenant_models(), ids=name_of)
def test_no_row_is_written_into_another_workspace(walker, model):
    """Neither moved there nor made there, by save, bulk or raw SQL."""
    acme, rival = walker.world.both
    before = fingerprint()
    with tenant(acme):
        row = first(model, acme)
        with rolled_back():
            if getattr(model, "append_only", False):
                assert model._base_manager.filter(pk=row.pk).update(workspace_id=rival) == 0
            else:
                refused(lambda: model._base_manager.filter(pk=row.pk).update(workspace_id=rival))
        row.pk, row.workspace_id = None, rival
        refused(lambda: row.save(force_insert=True))
        refused(lambda: model._base_manager.bulk_create([row]))
        table = model._meta.db_table
        written = (field for field in model._meta.local_fields if not field.generated)
        names = [field.column for field in written if field.name not in ("id", "workspace")]
        columns = ", ".join(f'"{name}"' for name in names)
        copied = f'INSERT INTO "{table}" (workspace_id, {columns}) SELECT %s, {columns} FROM "{table}" LIMIT 1'
        refused(lambda: connection.cursor().execute(copied, [rival]))
    assert fingerprint() == before


def refused(write) -> None:
    with pytest.raises(ProgrammingError, match="violates row-level security policy"), transaction.atomic():
        write()


@pytest.mark.parametrize("model", tenant_models(), ids=name_of)
def test_no_row_of_another_workspace_is_changed_or_deleted(walker, model):
    """By id, with no filter of ours: there is no such row."""
    acme, rival = walker.world.both
    with all_workspaces():
        foreign = first(model, rival)
    with tenant(acme, walker.world.users["owner"]):
        assert model._base_manager.filter(pk=foreign.pk).update(workspace_id=acme) == 0
        assert not model._base_manager.filter(pk=foreign.pk).exists()
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE workspace_id <> %s', [acme])
            assert cursor.rowcount == 0
        with pytest.raises(model.DoesNotExist):
            foreign.refresh_from_db()


def test_the_workspace_itself(walker):
    """Seen and changed from inside; by others' members neither, even when they say so."""
    acme, rival = walker.world.both
    with tenant(acme, walker.world.users["owner"]):
        assert list(Workspace.objects.values_list("pk", flat=True)) == [acme]
        assert Workspace.objects.filter(pk=rival).update(name="Mine") == 0
        refused(lambda: Workspace.objects.create(name="Third", slug="third"))
    with tenant(None, walker.world.users["dual"]):
        assert set(Workspace.objects.values_list("pk", flat=True)) == {acme, rival}
        assert Workspace.objects.filter(pk=rival).update(name="Mine") == 0
        assert Membership.objects.filter(user=walker.world.users["dual"]).count() == 2
        assert Membership.objects.exclude(user=walker.world.users["dual"]).count() == 0
        assert Membership.objects.update(role="owner") == 0
        refused(lambda: Membership.objects.create(workspace_id=rival, user=walker.world.users["rep"], role="owner"))
    with tenant(None, walker.world.users["suspended"]):
        assert Workspace.objects.count() == 0


def test_one_row_of_another_workspace_among_many_fails_the_whole_write(walker):
    acme, rival = walker.world.both
    with tenant(acme):
        before = Company.objects.count()
        mixed = [Company(workspace_id=where, name="New", name_key="new") for where in (acme, rival, acme)]
        refused(lambda: Company.objects.bulk_create(mixed))
        assert Company.objects.count() == before


def test_deleting_takes_nothing_from_another_workspace(walker):
    """Not even deleting all of one's own, down to the workspace itself."""
    acme, rival = walker.world.both
    before = fingerprint()
    with rolled_back(), tenant(acme):
        assert Workspace.objects.filter(pk=rival).delete()[0] == 0
        for model in (Deal, Contact, Company):
            model._base_manager.all().delete()
        assert Workspace.objects.filter(pk=acme).delete()[0] > 1
        connection.check_constraints()
        assert list(differences(before, fingerprint(), [rival])) == []


# --- reading -----------------------------------------------------------------------------------------------------


def test_related_rows_joins_and_subqueries_stop_at_the_wall(walker):
    acme, rival = walker.world.both
    with tenant(acme):
        for user in User.objects.filter(pk__in=[walker.world.rival.user, walker.world.users["dual"].pk]):
            assert user.memberships.exclude(workspace_id=acme).count() == 0
        assert User.objects.filter(memberships__workspace_id=rival).count() == 0
        assert Workspace(pk=rival).deals.count() == 0
        assert Company(pk=walker.world.rival.company).deals.count() == 0
        assert Deal.objects.filter(company__workspace_id=rival).count() == 0
        assert not Company.objects.filter(pk__in=[walker.world.rival.company]).in_bulk()
        ends = Deal.all_objects.aggregate(low=models.Min("workspace_id"), high=models.Max("workspace_id"))
        assert ends == {"low": acme, "high": acme}


SEARCHES = {
    "crm_companies_like": "leads_company",
    "crm_contacts_like": "leads_contact",
    "crm_leads_like": "leads_lead",
    "crm_deals_like": "deals_deal",
}
# By their custom values: {} is in all of them.
CUSTOM = {
    "crm_custom_companies": "leads_company",
    "crm_custom_contacts": "leads_contact",
    "crm_custom_leads": "leads_lead",
    "crm_custom_deals": "deals_deal",
}
TABLES = {"company": "leads_company", "contact": "leads_contact", "lead": "leads_lead", "deal": "deals_deal"}
# In every name; in none; patterns; the rival's own words.
TEXTS = ("zq", "zq00", "%", "_", "", "a", "canary", "\\", "'", "zq' OR true --", "Brightwater")


def found(world: World, text: str) -> Iterator[tuple[str, int]]:
    """(table, id) of everything that the search functions answer."""
    with connection.cursor() as cursor:
        for function, table in SEARCHES.items():
            yield from ((table, pk) for (pk,) in cursor.execute(f"SELECT {function}(%s)", [text]).fetchall())
        for owners in (None, [user.pk for user in world.users.values()], [world.rival.user]):
            rows = cursor.execute("SELECT kind, id FROM crm_search(%s, %s, 500)", [text, owners]).fetchall()
            yield from ((TABLES[kind], pk) for kind, pk in rows)
            for kind, table in TABLES.items():
                similar = cursor.execute("SELECT crm_similar(%s, %s, %s, 500)", [kind, text, owners]).fetchall()
                yield from ((table, pk) for (pk,) in similar)


def ids(workspace: int) -> set[tuple[str, int]]:
    with all_workspaces(), connection.cursor() as cursor:
        parts = [f"SELECT '{table}', id FROM {table} WHERE workspace_id = {workspace}" for table in TABLES.values()]
        return set(cursor.execute(" UNION ALL ".join(parts)).fetchall())


def test_search_functions_give_only_ones_own(walker):
    acme, rival = walker.world.both
    own, foreign = ids(acme), ids(rival)
    columns = ("leads.Company.name", "leads.Contact.name", "leads.Lead.name", "deals.Deal.name")
    names = [canary for column in columns for canary in walker.world.planted(walker.world.rival, column)]
    everything = set()
    with tenant(acme, walker.world.users["owner"]):
        for text in (*TEXTS, *names):
            answers = set(found(walker.world, text))
            assert not answers & foreign and answers <= own, text
            everything |= answers
    assert {table for table, _ in everything} == set(TABLES.values()), "nothing was found, so nothing is proved"


def holding() -> set[tuple[str, int]]:
    """(table, id) of every row with custom values that the functions answer."""
    with connection.cursor() as cursor:
        asked = ((table, f"SELECT {function}(ARRAY['{{}}'::jsonb])") for function, table in CUSTOM.items())
        return {(table, pk) for table, sql in asked for (pk,) in cursor.execute(sql).fetchall()}


def test_custom_values_are_found_in_ones_own_rows_alone(walker):
    acme, rival = walker.world.both
    own, foreign = ids(acme), ids(rival)
    with tenant(acme, walker.world.users["owner"]):
        answers = holding()
    assert answers <= own and not answers & foreign
    assert {table for table, _ in answers} == set(TABLES.values()), "nothing was found, so nothing is proved"
    for scope in (tenant(None, walker.world.users["owner"]), all_workspaces()):
        with scope:
            assert holding() == set()


def test_search_functions_give_nothing_without_a_workspace(walker):
    for scope in (tenant(None, walker.world.users["owner"]), all_workspaces()):
        with scope:
            assert [row for text in TEXTS for row in found(walker.world, text)] == []


def test_a_setting_that_is_no_number_shows_nothing(walker):
    """Fails closed: an error, not everybody's rows."""
    for value in ("abc", "1 OR 1=1", "1.5"):
        with pytest.raises(DatabaseError, match="bigint"), tenant(value):
            Deal.objects.count()
    for value in (0, -1, 2**62):
        with tenant(value):
            assert Deal.all_objects.count() == 0
