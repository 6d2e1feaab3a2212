"""The admin over two full workspaces: whose rows each list and each page shows (test_admin_urls.py walks the rest)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.workspaces.adminpages import page_of, path
from workspaces.admin_site import site
from workspaces.models import Workspace
from workspaces.tenancy import all_workspaces
from workspaces.tenant import TenantModel

TENANT = sorted(
    (model for model in site._registry if issubclass(model, TenantModel)), key=lambda model: model._meta.label
)


@pytest.fixture
def actors(world, db):
    clients = {}
    for name in ("owner", "admin", "super"):
        clients[name] = Client()
        clients[name].force_login(world.users[name])
    return clients


@pytest.fixture
def acme(world) -> Workspace:
    return Workspace(pk=world.acme.workspace, slug="acme")


def rows_of(model, workspace_id: int) -> list[int]:
    with all_workspaces():
        return list(model._base_manager.filter(workspace_id=workspace_id).values_list("pk", flat=True).order_by("pk"))


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model._meta.label)
def test_admins_see_their_own_rows_and_nothing_else(world, actors, acme, model):
    own, foreign = (rows_of(model, rows.workspace) for rows in (world.acme, world.rival))
    for name in ("owner", "admin"):
        response = actors[name].get(path(acme, page_of(model, "changelist")), {"all": ""})
        assert response.status_code == 200 and not world.leaks(name, response.content.decode())
        shown = {row.pk for row in response.context["cl"].result_list}
        assert shown and shown <= set(own)
    for what in ("change", "history", "delete"):
        response = actors["owner"].get(path(acme, page_of(model, what), own[0]))
        assert response.status_code in (200, 403), what
        assert not world.leaks("owner", response.content.decode()), what
        assert actors["owner"].get(path(acme, page_of(model, what), foreign[0])).status_code in (403, 404), what
    assert actors["owner"].get(path(acme, page_of(model, "change"), foreign[0])).status_code == 404


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model._meta.label)
def test_super_admins_see_the_rows_of_all(world, actors, model):
    response = actors["super"].get(path(None, page_of(model, "changelist")), {"all": ""})
    assert response.status_code == 200
    shown = {row.workspace_id for row in response.context["cl"].result_list}
    assert shown == {world.acme.workspace, world.rival.workspace}
    for rows in (world.acme, world.rival):
        pk = rows_of(model, rows.workspace)[0]
        assert actors["super"].get(path(None, page_of(model, "change"), pk)).status_code == 200
        assert actors["super"].get(path(None, page_of(model, "history"), pk)).status_code == 200
