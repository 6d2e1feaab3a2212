"""Every form is sent the name of every column there is: what it does not list must stay as it would have been."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import pytest
from django.db import connection, models

from tests.tenancy.cases import CASES
from tests.tenancy.test_admin_urls import TENANTS, folder, label, row_of
from tests.tenancy.walk import Answer, path_of, rolled_back
from tests.tenancy.world import World, rows_written, tenant_models, touched_since
from tests.workspaces.adminpages import Form
from workspaces.models import Membership, User, Workspace
from workspaces.sealing import SealedField
from workspaces.tenancy import all_workspaces

# Where a form is the same for all kinds of records, one kind will do; of the composer its four forms.
SHOTS = {"task_new": 1, "compose": 4}
WRITTEN = [name for name, case in CASES.items() if case.body]
RANDOM = ("password", "custom_token", "token_hash", "path", "message_id", "raw", "reply_to", "opt_out")
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


# {model: {number of a row: hash of all its columns}}
Before = dict[type[models.Model], dict[int, str]]


@pytest.fixture(scope="module")
def before(world, django_db_blocker) -> Before:
    """Every test of a world starts from the same rows."""
    with django_db_blocker.unblock():
        return hashes(watched())


@pytest.fixture(scope="module")
def venom(world, django_db_blocker) -> dict[str, str]:
    with django_db_blocker.unblock():
        return poison(world)


def hashes(of_models: Collection[type[models.Model]]) -> Before:
    found: Before = {model: {} for model in of_models}
    by_table = {model._meta.db_table: model for model in found}
    sql = (f"SELECT '{name}', {of._meta.pk.column}, md5(t::text) FROM {name} t" for name, of in by_table.items())
    with all_workspaces(), connection.cursor() as cursor:
        for name, pk, digest in cursor.execute(" UNION ALL ".join(sql)).fetchall() if found else ():
            found[by_table[name]][pk] = digest
    return found


def state(before: Before, touched: Collection[str]) -> dict[str, list[str]]:
    """All rows that are not as they were, without times and without the numbers of those that are new; and what is gone.

    The others need no look: they are, to the last column, as they were.
    """
    found = {model._meta.label: [] for model in before}
    for model, now in hashes([model for model in before if model._meta.db_table in touched]).items():
        then = before[model]
        new = [pk for pk, digest in now.items() if then.get(pk) != digest]
        gone = [f"gone: {pk}" for pk in sorted(then.keys() - now.keys())]
        with all_workspaces():
            rows = model._base_manager.filter(pk__in=new) if new else ()
            found[model._meta.label] = sorted(str(written(row, before)) for row in rows) + gone
    return found


def written(row: models.Model, before: Before) -> dict[str, object]:
    values = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        of = field.related_model if isinstance(field, models.ForeignKey) else type(row) if field.primary_key else None
        if of in before and value not in before[of]:
            value = "new"
        if isinstance(field, models.JSONField):
            value = re.sub(r"'(event|add|task|file|bulk|message|contact|\w+_id)': (\d+|\[[^]]*\])", "", str(value))
        if field.name == "key" and value != "poison":
            value = re.sub(r":\d+|[0-9a-f]{64}", ":new", value)  # of a notification: what it is about, by number
        # Moments differ from run to run, though not by years; so do salts and tokens.
        if isinstance(field, models.DateTimeField):
            value = value and value.year
        if (field.name in RANDOM or isinstance(field, (models.UUIDField, SealedField))) and value != "poison":
            value = bool(value)
        values[field.name] = value
    return values


@pytest.fixture
def unmoved(walker, before, venom) -> Callable:
    """unmoved(send, listed, about): `send(more)` sends a form with more fields in it: those beside `listed` must not matter."""

    def check(send: Callable[[dict], Answer], listed: set[str], about: str) -> None:
        ends = []
        for more in ({}, {name: value for name, value in venom.items() if name not in listed}):
            counted = rows_written()
            with rolled_back():
                answer = send(more)
                assert answer.status < 500, (about, answer.error)
                ends.append((answer.status, state(before, touched_since(counted))))
        (plain, clean), (status, dirty) = ends
        changed = [
            f"{model}: {set(dirty[model]) - set(clean[model])}" for model in clean if clean[model] != dirty[model]
        ]
        assert (status, changed) == (plain, []), f"{about}: unlisted names had an effect"

    return check


@pytest.mark.parametrize("name", WRITTEN)
def test_a_form_of_a_workspace(walker, unmoved, name):
    case = CASES[name]
    for kwargs in case.shots(walker.world.acme)[: SHOTS.get(name)]:
        body, path = case.body(walker.world.acme, kwargs), path_of("acme", name, **kwargs)

        def send(more: dict, path: str = path, body: dict = body) -> Answer:
            return walker.ask("owner", "POST", path, more | body)

        unmoved(send, set(body), str(path))


@pytest.mark.parametrize("path", ["/profile/", "/workspaces/new/", "/accounts/signup/"])
def test_a_form_outside_the_workspaces(walker, unmoved, before, venom, path):
    bodies = {
        "/profile/": {"name": "Al", "time_zone": "Europe/Paris", "locale": "de", "theme": "dark", "single_keys": "on"},
        "/workspaces/new/": {"name": "Third", "slug": "third", "currency": "USD", "time_zone": "Europe/Paris"},
        "/accounts/signup/": {"name": "New", "email": "n@new.test", "password1": "a-long-Password-9"},
    }
    body, actor = bodies[path], "anonymous" if "signup" in path else "rep"
    unmoved(lambda more: walker.ask(actor, "POST", path, more | body), set(body), path)
    with rolled_back():
        answer = walker.ask(actor, "POST", path, venom | body)
        assert answer.status == 302, "this proves nothing: the form was not saved"
        made = User.objects.exclude(pk__in=before[User]).first() or User.objects.get(pk=walker.world.users["rep"].pk)
        assert not made.is_superuser and not made.is_staff


@pytest.mark.parametrize("model", TENANTS, ids=label)
def test_a_form_of_the_admin(walker, unmoved, model):
    page = f"/w/acme/{folder(model)}{row_of(walker.world, model, walker.world.acme)}/change/"
    html = walker.ask("owner", "GET", page).text
    data = Form(html, f"{model._meta.model_name}_form").data
    listed = {*data, *re.findall(r'\bname="([^"]+)"', html)}
    unmoved(lambda more: walker.ask("owner", "POST", page, more | data), listed, page)


def test_the_poison_can_work(walker, venom):
    """Else the tests above would prove nothing: a form that lists a column takes it."""
    path = path_of("acme", "member_edit", pk=walker.world.acme.member)
    assert walker.ask("owner", "POST", path, venom | {"role": "admin", "status": "active"}).status == 302
    assert Membership.objects.filter(pk=walker.world.acme.member, role="admin").count() == 0  # no scope, no rows
    with all_workspaces():
        assert Membership.objects.get(pk=walker.world.acme.member).role == "admin"
