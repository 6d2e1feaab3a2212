"""The admin site: who may enter where, and what it shows of whom."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deals.models import Deal, Stage
from leads.models import Company
from tests.factories import make_deal
from tests.workspaces.adminpages import bulk, errors, form_of, page_of, path
from workspaces.admin_site import navigation, site
from workspaces.models import Membership, Role, Team, User, Workspace
from workspaces.tenancy import all_workspaces, tenant
from workspaces.tenant import TenantModel

OURS = ("workspaces", "activities", "leads", "deals", "automation", "connectors", "insights")


@pytest.fixture
def root(cast) -> Client:
    """A super admin, who is a member of nothing."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
    return client


@pytest.fixture
def alice(cast, login) -> Client:
    return login(cast.alice)


# --- who may enter -----------------------------------------------------------------------------------


def test_the_super_admins_place(cast, root, login):
    assert root.get("/admin/").status_code == 200
    for member in (cast.alice, cast.bob, cast.vera, cast.charlie):
        assert login(member).get("/admin/").status_code == 404
    for url in ("/admin/", "/admin/deals/deal/", "/admin/deals/deal/1/change/", "/admin/login/?next=//evil.example"):
        response = Client().get(url)
        assert response.status_code == 302 and response.url.startswith("/accounts/login/?next=/admin/"), url


def test_a_workspaces_place(cast, root, login):
    with tenant(cast.workspace, cast.alice.user):
        Membership.objects.filter(pk=cast.bob.pk).update(role=Role.ADMIN)
        manager = User.objects.create_user("mia@acme.example", "demo", name="Mia")
        mia = Membership.objects.create(workspace=cast.workspace, user=manager, role=Role.MANAGER)
    for member, status in ((cast.alice, 200), (cast.bob, 200), (mia, 403), (cast.vera, 403), (cast.charlie, 404)):
        client = login(member)
        for what in ("index", "deals_deal_changelist", "leads_company_add", "jsi18n"):
            assert client.get(path(cast.workspace, what)).status_code == status, (member, what)
        assert client.post(path(cast.workspace, "leads_company_add"), {"name": "X"}).status_code in (status, 302)
    assert root.get(path(cast.workspace, "index")).status_code == 404
    response = Client().get(path(cast.workspace, "index"))
    assert response.status_code == 302 and response.url == "/accounts/login/?next=/w/acme/admin/"


def test_suspended_admins_are_out(cast, login):
    client = login(cast.charlie)
    assert client.get(path(cast.rival, "index")).status_code == 200
    with tenant(cast.rival, cast.charlie.user):
        Membership.objects.filter(pk=cast.charlie.pk).update(status=Membership.Status.SUSPENDED)
    assert client.get(path(cast.rival, "index")).status_code == 404


def test_logging_out_and_passwords_are_allauths_business(cast, alice):
    assert alice.get(path(cast.workspace, "password_change")).url == "/accounts/password/change/"
    assert alice.get(path(cast.workspace, "logout")).url == "/accounts/logout/"
    assert alice.post(path(cast.workspace, "logout")).url == "/accounts/login/"
    assert alice.get(path(cast.workspace, "index")).status_code == 302


def test_users_workspaces_and_the_system_are_the_super_admins(cast, root, alice):
    for what in ("workspaces_user", "workspaces_workspace", "account_emailaddress", "mfa_authenticator", "django_celery_beat_periodictask"):  # fmt: skip
        assert root.get(path(None, f"{what}_changelist")).status_code == 200
        assert alice.get(path(cast.workspace, f"{what}_changelist")).status_code == 403
    shown = alice.get(path(cast.workspace, "index")).content.decode()
    assert "/w/acme/admin/deals/deal/" in shown and "workspaces/user/" not in shown


def test_the_content_security_policy_holds(cast, root, alice):
    for client, workspace in ((root, None), (alice, cast.workspace)):
        for what in ("index", "deals_deal_changelist", "deals_deal_add"):
            response = client.get(path(workspace, what))
            assert "unsafe" not in response["Content-Security-Policy"]
            text = response.content.decode()
            assert "<style" not in text and " style=" not in text and " onclick=" not in text


# --- what is there -------------------------------------------------------------------------------------


def test_every_model_is_there():
    models = {model for label in OURS for model in apps.get_app_config(label).get_models()}
    missing = {model._meta.label for model in models if not hasattr(model, "pgh_tracked_model")} - {
        model._meta.label for model in site._registry
    }
    assert not missing, f"these have no ModelAdmin: {', '.join(sorted(missing))}"


def test_every_model_can_be_searched_and_every_tenant_key_typed():
    for model, model_admin in site._registry.items():
        if issubclass(model, TenantModel):
            assert model_admin.search_fields, model
    assert apps.get_model("auth.Group") not in site._registry


def test_the_sidebar_names_every_model_once(cast, root, alice):
    response = root.get("/admin/")
    links = [item["link"] for group in navigation(response.wsgi_request) for item in group["items"]]
    assert len(links) == len(set(links)) == len(site._registry)
    assert [group["title"] for group in navigation(response.wsgi_request)] == [
        "Sales",
        "People",
        "Mail",
        "Setup",
        "System",
    ]


def test_the_super_admin_sees_all_and_admins_their_own(cast, root, alice):
    for workspace, member in ((cast.workspace, cast.alice), (cast.rival, cast.charlie)):
        with tenant(workspace, member.user):
            stage = Stage.objects.get(name="New")
            make_deal(member, stage, f"Deal of {workspace}")
    everything = root.get(path(None, "deals_deal_changelist")).content.decode()
    assert "Deal of Acme" in everything and "Deal of Rival" in everything
    activities = root.get(path(None, "activities_activity_changelist")).content.decode()
    assert "Deal of Acme" in activities and "Deal of Rival" in activities and "Charlie" in activities
    own = alice.get(path(cast.workspace, "deals_deal_changelist")).content.decode()
    assert "Deal of Acme" in own and "Rival" not in own
    only = root.get(
        path(None, "activities_activity_changelist"), {"workspace__id__exact": cast.rival.pk}
    ).content.decode()
    assert "Deal of Rival" in only and "Deal of Acme" not in only


def test_rows_of_others_are_not_found(cast, alice):
    with tenant(cast.rival, cast.charlie.user):
        deal = make_deal(cast.charlie, cast.rival_stages["New"], "Secret")
    for what in ("change", "history", "delete"):
        for pk in (deal.pk, 999_999, 2**70, "x"):
            assert alice.get(path(cast.workspace, f"deals_deal_{what}", pk)).status_code == 404
    alice.post(path(cast.workspace, "deals_deal_delete", deal.pk), {"post": "yes"})
    bulk(alice, cast.workspace, Deal, "restore", [deal])
    with tenant(cast.rival, cast.charlie.user):
        assert Deal.objects.get(pk=deal.pk).deleted_at is None


def test_lists_ask_a_bounded_number_of_queries(acme, root, alice):
    for number in range(12):
        make_deal(acme.alice, acme.stages["New"], f"Deal {number}", company=Company.objects.create(workspace=acme.workspace, name=f"C{number}"))  # fmt: skip
    for client, workspace in ((root, None), (alice, acme.workspace)):
        for model in site._registry:
            if workspace and not issubclass(model, TenantModel):
                continue
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert client.get(path(workspace, page_of(model, "changelist"))).status_code == 200
            assert len(queries) <= 20, (model, len(queries), [query["sql"][:200] for query in queries])


# --- choosing rows ------------------------------------------------------------------------------------


def choices(client: Client, place: Workspace | None, label: str, field: str, **more: object) -> list[str]:
    app, model = label.split(".")
    data = {"app_label": app, "model_name": model, "field_name": field} | more
    response = client.get(path(place, "autocomplete"), data)
    assert response.status_code == 200, response.status_code
    return [found["text"] for found in response.json()["results"]]


def test_members_to_choose_are_the_workspaces_own(cast, root, alice):
    assert choices(alice, cast.workspace, "deals.deal", "owner") == [
        "Alice · alice@acme.example",
        "Bob · bob@acme.example",
        "Vera · vera@acme.example",
    ]
    assert choices(root, None, "deals.deal", "owner", workspace=cast.rival.pk) == ["Charlie · charlie@rival.example"]
    assert (
        len(choices(root, None, "deals.deal", "owner"))
        == len(choices(root, None, "deals.deal", "owner", workspace="²"))
        == 4
    )
    found = alice.get(
        path(cast.workspace, "autocomplete"),
        {"app_label": "workspaces", "model_name": "membership", "field_name": "user"},
    )
    assert found.status_code == 403


def test_rows_to_choose_are_the_workspaces_own(cast, root, alice):
    with tenant(cast.rival, cast.charlie.user):
        Company.objects.create(workspace=cast.rival, name="Rival Steel")
    with tenant(cast.workspace, cast.alice.user):
        Company.objects.create(workspace=cast.workspace, name="Acme Steel")
    assert choices(alice, cast.workspace, "deals.deal", "company", term="steel") == ["Acme Steel"]
    assert choices(alice, cast.workspace, "deals.deal", "company", workspace=cast.rival.pk) == ["Acme Steel"]
    assert choices(root, None, "deals.deal", "company", workspace=cast.rival.pk) == ["Rival Steel · Rival"]
    assert set(choices(root, None, "deals.deal", "company", term="steel")) == {
        "Rival Steel · Rival",
        "Acme Steel · Acme",
    }


def test_a_filter_names_no_users_of_others(cast, alice):
    text = alice.get(
        path(cast.workspace, "deals_deal_changelist"), {"owner__id__exact": cast.charlie.user_id}
    ).content.decode()
    assert "Charlie" not in text
    text = alice.get(path(cast.workspace, "deals_deal_add"), {"owner": cast.charlie.user_id}).content.decode()
    assert "Charlie" not in text


def test_ids_of_others_are_refused_in_the_form(cast, alice, root):
    with tenant(cast.rival, cast.charlie.user):
        theirs = Company.objects.create(workspace=cast.rival, name="Rival Steel")
    with tenant(cast.workspace, cast.alice.user):
        mine = Company.objects.create(workspace=cast.workspace, name="Acme Steel", name_key="acme")
    for client, workspace in ((alice, cast.workspace), (root, None)):
        url = path(workspace, "leads_company_change", mine.pk)
        for field, value in (("parent", theirs.pk), ("owner", cast.charlie.user_id), ("parent", 2**70)):
            response = client.post(url, form_of(client, url, Company) | {field: value})
            assert response.status_code == 200 and field in errors(response), (workspace, field)
    # A new row, its workspace chosen in the same form.
    url = path(None, "leads_company_add")
    data = form_of(root, url, Company) | {
        "workspace": cast.workspace.pk,
        "name": "New",
        "parent": theirs.pk,
        "owner": cast.charlie.user_id,
    }
    assert set(errors(root.post(url, data))) == {"parent", "owner"}
    with all_workspaces():
        assert not Company.objects.filter(name="New").exists()
        assert Company.objects.get(pk=mine.pk).parent_id is None


def test_the_workspace_cannot_be_chosen_inside_one_nor_changed_outside(cast, alice, root):
    url = path(cast.workspace, "workspaces_team_add")
    assert "workspace" not in form_of(alice, url, Team)
    alice.post(url, {"name": "West", "workspace": cast.rival.pk})
    with all_workspaces():
        west = Team.objects.get(name="West")
    assert west.workspace_id == cast.workspace.pk
    url = path(None, "workspaces_team_change", west.pk)
    root.post(url, {"name": "Far West", "workspace": cast.rival.pk})
    with all_workspaces():
        west.refresh_from_db()
    assert (west.name, west.workspace_id) == ("Far West", cast.workspace.pk)


def test_a_broken_constraint_is_an_error_of_the_form(cast, alice):
    response = alice.post(path(cast.workspace, "workspaces_team_add"), {"name": "North"})
    assert response.status_code == 200 and "already exists" in str(errors(response))


def test_the_super_admin_adds_to_the_workspace_that_they_choose(cast, root):
    response = root.post(path(None, "workspaces_team_add"), {"name": "South", "workspace": cast.rival.pk})
    assert response.status_code == 302
    assert errors(root.post(path(None, "workspaces_team_add"), {"name": "West"})).keys() == {"workspace"}
    with tenant(cast.rival, cast.charlie.user):
        assert Team.objects.get().name == "South"


def test_django_keeps_no_log_beside_the_audit_trail(cast, alice, root):
    alice.post(path(cast.workspace, "workspaces_team_add"), {"name": "West"})
    with tenant(cast.workspace, cast.alice.user):
        west = Team.objects.get(name="West")
    alice.post(path(cast.workspace, "workspaces_team_change", west.pk), {"name": "Wild West"})
    alice.post(path(cast.workspace, "workspaces_team_changelist"), {"action": "delete_selected", "_selected_action": [west.pk], "post": "yes"})  # fmt: skip
    alice.post(path(cast.workspace, "workspaces_team_delete", cast.north.pk), {"post": "yes"})
    with tenant(cast.workspace, cast.alice.user):
        assert not Team.objects.exists()
    assert not LogEntry.objects.exists()
    assert "Recent actions" not in root.get("/admin/").content.decode()
