"""Every form is sent the name of every column there is: what it does not list must stay as it would have been."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import models

from tests.tenancy.cases import CASES
from tests.tenancy.test_admin_urls import TENANTS, folder, label, row_of
from tests.tenancy.walk import Answer, Walker, path_of, rolled_back
from tests.tenancy.world import World, tenant_models
from tests.workspaces.adminpages import Form
from workspaces.models import Membership, User, Workspace
from workspaces.tenancy import all_workspaces

# Where a form is the same for all kinds of records, one kind will do; of the composer its four forms.
SHOTS = {"task_new": 1, "compose": 4}
WRITTEN = [name for name, case in CASES.items() if case.body]
RANDOM = ("password", "custom_token", "token_hash", "path")
SAMPLES: dict[type[models.Field], str] = {
    models.BooleanField: "on",
    models.DateTimeField: "2001-02-03T04:05",
    models.DateField: "2001-02-03",
    models.TimeField: "04:05",
    models.JSONField: '{"poison": 1}',
    models.EmailField: "poison@poison.test",
    models.DecimalField: "7",
    models.IntegerField: "7",
}


def watched() -> list[type[models.Model]]:
    return [User, Workspace, *tenant_models()]


def poison(world: World) -> dict[str, str]:
    """{name of a column, with and without _id: a value that would have an effect}."""
    columns = [field for model in watched() for field in model._meta.concrete_fields]
    return {name: value_for(field, world) for field in columns for name in (field.name, field.attname)}


def value_for(field: models.Field, world: World) -> str:
    if isinstance(field, models.ForeignKey):
        known = {User: world.users["viewer"].pk, Workspace: world.rival.workspace}
        return str(known.get(field.related_model) or row_of(world, field.related_model, world.acme))
    if field.choices:
        return str(field.choices[-1][0])
    return next((sample for kind, sample in SAMPLES.items() if isinstance(field, kind)), "poison")


def ids() -> dict[type[models.Model], set[int]]:
    with all_workspaces():
        return {model: set(model._base_manager.values_list("pk", flat=True)) for model in watched()}


def state(before: dict[type[models.Model], set[int]]) -> dict[str, list[str]]:
    """All rows, without times and without the numbers of rows that were made since `before`."""
    with all_workspaces():
        return {
            model._meta.label: sorted(str(written(row, before)) for row in model._base_manager.all())
            for model in watched()
        }


def written(row: models.Model, before: dict) -> dict[str, object]:
    values = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        of = field.related_model if isinstance(field, models.ForeignKey) else type(row) if field.primary_key else None
        if of in before and value not in before[of]:
            value = "new"
        if isinstance(field, models.JSONField):
            value = re.sub(r"'(event|add|task|file|\w+_id)': (\d+|\[[^]]*\])", "", str(value))
        if field.name == "key" and value != "poison":
            value = re.sub(r":\d+", ":new", value)  # of a notification: what it is about, by number
        # Moments differ from run to run, though not by years; so do salts and tokens.
        if isinstance(field, models.DateTimeField):
            value = value and value.year
        if (field.name in RANDOM or isinstance(field, models.UUIDField)) and value != "poison":
            value = bool(value)
        values[field.name] = value
    return values


def assert_unmoved(walker: Walker, send: Callable[[dict], Answer], listed: set[str], about: str) -> None:
    """`send(more)` sends a form with more fields in it: those beside `listed` must not matter."""
    before, ends = ids(), []
    extra = {name: value for name, value in poison(walker.world).items() if name not in listed}
    for more in ({}, extra):
        with rolled_back():
            answer = send(more)
            assert answer.status < 500, (about, answer.error)
            ends.append((answer.status, state(before)))
    (plain, clean), (status, dirty) = ends
    changed = [f"{model}: {set(dirty[model]) - set(clean[model])}" for model in clean if clean[model] != dirty[model]]
    assert (status, changed) == (plain, []), f"{about}: unlisted names had an effect"


@pytest.mark.parametrize("name", WRITTEN)
def test_a_form_of_a_workspace(walker, name):
    case = CASES[name]
    for kwargs in case.shots(walker.world.acme)[: SHOTS.get(name)]:
        body, path = case.body(walker.world.acme, kwargs), path_of("acme", name, **kwargs)

        def send(more: dict, path: str = path, body: dict = body) -> Answer:
            return walker.ask("owner", "POST", path, more | body)

        assert_unmoved(walker, send, set(body), str(path))


@pytest.mark.parametrize("path", ["/profile/", "/workspaces/new/", "/accounts/signup/"])
def test_a_form_outside_the_workspaces(walker, path):
    bodies = {
        "/profile/": {"name": "Al", "time_zone": "Europe/Paris", "locale": "de", "theme": "dark", "single_keys": "on"},
        "/workspaces/new/": {"name": "Third", "slug": "third", "currency": "USD", "time_zone": "Europe/Paris"},
        "/accounts/signup/": {"name": "New", "email": "n@new.test", "password1": "a-long-Password-9"},
    }
    body, actor = bodies[path], "anonymous" if "signup" in path else "rep"
    before = ids()
    assert_unmoved(walker, lambda more: walker.ask(actor, "POST", path, more | body), set(body), path)
    with rolled_back():
        answer = walker.ask(actor, "POST", path, poison(walker.world) | body)
        assert answer.status == 302, "this proves nothing: the form was not saved"
        made = User.objects.exclude(pk__in=before[User]).first() or User.objects.get(pk=walker.world.users["rep"].pk)
        assert not made.is_superuser and not made.is_staff


@pytest.mark.parametrize("model", TENANTS, ids=label)
def test_a_form_of_the_admin(walker, model):
    page = f"/w/acme/{folder(model)}{row_of(walker.world, model, walker.world.acme)}/change/"
    html = walker.ask("owner", "GET", page).text
    data = Form(html, f"{model._meta.model_name}_form").data
    listed = {*data, *re.findall(r'\bname="([^"]+)"', html)}
    assert_unmoved(walker, lambda more: walker.ask("owner", "POST", page, more | data), listed, page)


def test_the_poison_can_work(walker):
    """Else the tests above would prove nothing: a form that lists a column takes it."""
    path = path_of("acme", "member_edit", pk=walker.world.acme.member)
    assert walker.ask("owner", "POST", path, poison(walker.world) | {"role": "admin", "status": "active"}).status == 302
    assert Membership.objects.filter(pk=walker.world.acme.member, role="admin").count() == 0  # no scope, no rows
    with all_workspaces():
        assert Membership.objects.get(pk=walker.world.acme.member).role == "admin"
