"""The admin site, generically: every route of every registered model, its bulk actions, choices and filters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models

from tests.tenancy.walk import ACTORS, NOWHERE, ROOT_ROUTES, WORKSPACE_ROUTES, Probe, Route
from tests.tenancy.world import INSIDERS, Rows, World, differences, fingerprint
from tests.workspaces.adminpages import Form
from workspaces.admin_site import site
from workspaces.models import Role, User
from workspaces.tenancy import all_workspaces
from workspaces.tenant import MemberForeignKey, TenantModel

MODELS = sorted(site._registry, key=lambda model: model._meta.label_lower)
TENANTS = [model for model in MODELS if issubclass(model, TenantModel)]
# Of the site itself: pages, and doors that lead to allauth's.
GATES = ("login", "logout", "password_change", "password_change_done")
# Bulk actions that ask for a row.
CHOOSING = {"assign", "change_owner", "move"}
KNOWN = {"admin:index", "admin:autocomplete", "admin:jsi18n", "admin:app_list", *(f"admin:{name}" for name in GATES)}
ROW = "<path:object_id>"
AWAY = 888_000_000  # from here on: ids of no row


def label(model: type[models.Model]) -> str:
    return model._meta.label_lower


def folder(model: type[models.Model]) -> str:
    return f"admin/{model._meta.app_label}/{model._meta.model_name}/"


def of_site(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.name.startswith("admin:")]


def of_model(model: type[models.Model]) -> list[Route]:
    return [route for route in of_site(WORKSPACE_ROUTES) if route.path.startswith(folder(model))]


def row_of(world: World, model: type[models.Model], rows: Rows) -> int:
    """A row of the workspace `rows`; of a table of no workspace, one that is theirs or none."""
    if known := getattr(rows, model._meta.model_name, 0):
        return known
    with all_workspaces():
        found = model._base_manager.filter(workspace_id=rows.workspace) if issubclass(model, TenantModel) else None
        return found.order_by("pk").first().pk if found else AWAY + rows.workspace


def test_every_route_of_the_admin_is_walked():
    walked = {route.path for model in MODELS for route in of_model(model)}
    rest = [route for route in of_site(WORKSPACE_ROUTES) if route.path not in walked and route.name not in KNOWN]
    assert [route.path for route in rest] == ["admin/(?P<url>.*)$"]  # what is not there is 404
    assert [route.path for route in of_site(ROOT_ROUTES)] == [route.path for route in of_site(WORKSPACE_ROUTES)]
    assert MODELS


@pytest.mark.parametrize("model", MODELS, ids=label)
def test_a_model_inside_a_workspace(walker, model):
    own, foreign = (row_of(walker.world, model, rows) for rows in (walker.world.acme, walker.world.rival))
    quiet, loud = [], []
    for route in of_model(model):
        assert route.path.count("<") == route.path.count(ROW), f"{route.path} has an argument that is not walked"
        for probe in inside(route, own, foreign):
            is_allowed = probe.method == "POST" and probe.about == "own" and probe.actor in ("owner", "admin")
            (loud if is_allowed else quiet).append(probe)
    walker.quietly(quiet)
    walker.loudly(loud, must_write=False)
    walker.report()


def inside(route: Route, own: int, foreign: int) -> Iterator[Probe]:
    """One guard stands before all pages: everybody tries one of them in both ways, one of each kind the others."""
    for actor in who(route, "owner", "manager", "foreign", "anonymous"):
        for method, data in (("GET", {}), ("POST", {"post": "yes"})):
            if method == "POST" and actor not in who(route, "owner", "foreign"):
                continue
            allowed = expected(actor, (200, 302, 403) if own < AWAY else (302, 403, 404))
            yield Probe(actor, method, f"/w/acme/{route.path.replace(ROW, str(own))}", allowed, data)
            for about, pk in (
                (("foreign", foreign), ("random", NOWHERE)) if ROW in route.path and actor == "owner" else ()
            ):
                # Without a name it only sends on to the page of the row; what may not be done at all is 403.
                nothing = (302,) if route.path.endswith(ROW + "/") else (404, 403)
                path = f"/w/acme/{route.path.replace(ROW, str(pk))}"
                yield Probe(actor, method, path, nothing, data, about=about, twin=(route.path, method))


def who(route: Route, *some: str) -> tuple[str, ...]:
    return ACTORS if route.path.endswith("change/") else some


def expected(actor: str, allowed: tuple[int, ...]) -> tuple[int, ...]:
    if actor == "anonymous":
        return (302,)
    if actor not in INSIDERS:
        return (404,)
    return allowed if INSIDERS[actor].rank >= Role.ADMIN.rank else (403,)


@pytest.mark.parametrize("model", MODELS, ids=label)
def test_a_model_outside_is_for_super_admins(walker, model):
    """Over all workspaces: pages that change nothing by being looked at, and nobody else may."""
    row = row_of(walker.world, model, walker.world.rival)
    probes = []
    for route in of_model(model):
        path = "/" + route.path.replace(ROW, str(row))
        ways = (200, 302, 403) if row < AWAY else (200, 302, 403, 404)
        for actor in who(route, "owner", "super"):
            probes.append(Probe(actor, "GET", path, outside(actor, ways)))
            if actor != "super":
                probes.append(Probe(actor, "POST", path, outside(actor, ())))
    walker.quietly(probes)
    walker.report()


def outside(actor: str, allowed: tuple[int, ...]) -> tuple[int, ...]:
    return (302,) if actor == "anonymous" else allowed if actor == "super" else (404,)


@pytest.mark.parametrize(
    "name", ["", "autocomplete/", "jsi18n/", "leads/", "nowhere/", *(f"{gate}/" for gate in GATES)]
)
def test_the_site_itself(walker, name):
    doors = (200, 302, 403, 404)
    for slug, guard in (("/w/acme", expected), ("", outside)):
        path, looks, writes = f"{slug}/admin/{name}", [], []
        for actor in ACTORS:
            statuses = doors if name.strip("/") in GATES else guard(actor, (*doors, 405))
            looks.append(Probe(actor, "GET", path, statuses))
            if actor in ("owner", "foreign", "anonymous"):
                writes.append(Probe(actor, "POST", path, statuses))
        walker.quietly(looks)
        walker.loudly(writes, must_write=False, but=walker.world.both)
    walker.report()


# --- foreign ids inside --------------------------------------------------------------------------------


@pytest.mark.parametrize("model", TENANTS, ids=label)
def test_a_form_refuses_what_is_foreign(walker, model):
    """Each foreign key of each form, given the other workspace's row: by its admin, and by a super admin alike."""
    own, before = row_of(walker.world, model, walker.world.acme), fingerprint()
    for actor, place in (("owner", "/w/acme/"), ("super", "/")):
        for page in (f"{place}{folder(model)}add/", f"{place}{folder(model)}{own}/change/"):
            answer = walker.ask(actor, "GET", page)
            if answer.status == 403:
                continue  # written by actions alone
            data = Form(answer.text, f"{model._meta.model_name}_form").data
            if actor == "super" and "workspace" in data:
                data["workspace"] = walker.world.acme.workspace
            for key, pk in foreign_choices(walker.world, model, data):
                answer = walker.try_(Probe(actor, "POST", page, (200,), data | {key: pk}, about=f"foreign {key}"))
                assert answer.context and key in answer.context["adminform"].form.errors, (page, key)
    assert list(differences(before, fingerprint())) == []
    walker.report()


def foreign_choices(world: World, model: type[models.Model], data: dict) -> Iterator[tuple[str, int]]:
    """(field, id of a row of the other workspace) for each foreign key among a form's fields."""
    for field in model._meta.get_fields():
        if isinstance(field, models.ForeignKey) and field.name in data and field.name != "workspace":
            is_member = isinstance(field, MemberForeignKey)
            yield field.name, world.rival.user if is_member else row_of(world, field.related_model, world.rival)


@pytest.mark.parametrize("model", TENANTS, ids=label)
def test_bulk_actions_reach_no_foreign_row(walker, model):
    own, foreign = (row_of(walker.world, model, rows) for rows in (walker.world.acme, walker.world.rival))
    path, rival = f"/w/acme/{folder(model)}", walker.world.rival
    # What the pages in between ask for.
    asked = {"apply": "1", "post": "yes", "role": "owner", "status": "attempted", "reason": "Duplicate"}
    # An open stage needs no reason, and only a workspace's own are offered.
    own_ids, foreign_ids = (
        {"owner": rows.user, "stage": rows.stage, "reason": ""} for rows in (walker.world.acme, rival)
    )
    probes = []
    for name in (*site._registry[model].actions, "delete_selected"):
        chosen = asked | {"action": name, ACTION_CHECKBOX_NAME: [foreign]}
        probes.append(Probe("owner", "POST", path, (200, 302, 403), chosen, about="foreign row"))
        if name in CHOOSING:
            chosen |= {ACTION_CHECKBOX_NAME: [own]}
            probes.append(Probe("owner", "POST", path, (200, 302), chosen | foreign_ids, about="foreign choice"))
            walker.loudly([Probe("owner", "POST", path, (302,), chosen | own_ids, about="own choice")])
    walker.quietly(probes)
    walker.report()


@pytest.mark.parametrize("model", TENANTS, ids=label)
def test_lists_choices_and_filters_show_nothing_foreign(walker, model):
    rival, path = walker.world.rival, f"/w/acme/{folder(model)}"
    queries = [{"q": "zq"}, {"workspace__id__exact": rival.workspace}]
    for field in model._meta.fields:
        if isinstance(field, models.ForeignKey) and field.name != "workspace":
            is_user = field.related_model is User
            pk = rival.user if is_user else row_of(walker.world, field.related_model, rival)
            queries += [{f"{field.name}__id__exact": pk}, {field.name: pk}]
            names = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
            for term in ("", "zq"):
                asked = names | {"term": term, "workspace": rival.workspace}
                walker.try_(Probe("owner", "GET", "/w/acme/admin/autocomplete/", (200, 403), asked, about=field.name))
    for query in queries:
        walker.try_(Probe("owner", "GET", path, (200, 302), query, about=str(query)))
    walker.report()


def test_the_admin_shows_what_is_planted(walker):
    """Else the walks above would prove nothing."""
    for model in TENANTS:
        row = row_of(walker.world, model, walker.world.acme)
        assert f"/{row}/change/" in walker.ask("owner", "GET", f"/w/acme/{folder(model)}", {"id__exact": row}).text, (
            model
        )
