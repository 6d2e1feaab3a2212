"""Foreign ids inside: in the fields of forms and in the parameters of pages, wherever a row is chosen by its id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import django_filters
from django import forms

from activities import forms as activity_forms
from deals import filters as deal_filters
from deals import forms as deal_forms
from leads import filters as lead_filters
from leads import forms as lead_forms
from tests.tenancy.cases import CASES
from tests.tenancy.walk import NOWHERE, SCRIPT, Probe, Walker, path_of
from workspaces import forms as workspace_forms

# A card is put beside others; a neighbour that is not in the column (any more) is passed over, the move is done.
PASSED_OVER = {("deal_move", "after"), ("deal_move", "before")}
REFUSED = (400, 404, 409, 422)
CHOICES = (forms.ModelChoiceField, forms.ModelMultipleChoiceField)
LISTS = {
    "deal_board": "deals.Deal.name", "deal_changes": "deals.Deal.name", "deal_list": "deals.Deal.name",
    "lead_list": "leads.Lead.name", "company_list": "leads.Company.name", "contact_list": "leads.Contact.name",
}  # fmt: skip
SEARCHED = (
    ("search_page", "q"), ("company_suggest", "q"), ("company_suggest", "company_name"), ("deal_board", "q"),
    ("deal_board", "company_name"), ("deal_list", "q"), ("deal_list", "company_name"), ("lead_list", "q"),
    ("company_list", "q"), ("contact_list", "q"),
)  # fmt: skip


# A name or address comes back in the form as it was sent, and anybody may be asked to a meeting by address; that a name
# finds nobody is said in tests/deals/test_people_by_name.py.
TYPED = {("deal_contact_add", "contact"), ("message_link", "contact"), ("meeting_invite", "people")}


def bodies(walker: Walker) -> Iterator[tuple[str, dict, dict, str, int]]:
    """(route, arguments, body, field, id of the other workspace's row) for every field of a form that holds an id."""
    acme, rival = walker.world.acme, walker.world.rival
    for name, case in CASES.items():
        for kwargs, there in zip(case.shots(acme), case.shots(rival), strict=True) if case.body else ():
            body, other = case.body(acme, kwargs), case.body(rival, there)
            for key in body:
                if body[key] != other[key] and key != "version" and (name, key) not in TYPED:
                    yield name, kwargs, body, key, other[key]
            if "order" in body:
                yield name, kwargs, body | {"order": "", "up": ""}, "up", other["seen"].split(",")[-1]
            if name == "deal_move":
                yield name, kwargs, body | {"after": ""}, "before", rival.neighbour


def test_a_field_refuses_the_row_of_another_workspace(walker):
    """Changes nothing anywhere, and answers as it does to an id of nothing."""
    for name, kwargs, body, key, pk in bodies(walker):
        path = path_of("acme", name, **kwargs)
        expected = (200, 302) if (name, key) in PASSED_OVER else REFUSED
        probes = [
            Probe("owner", "POST", path, expected, body | {key: value}, headers, f"{key}={about}", (key, *headers))
            for headers in ({}, SCRIPT)
            for about, value in (("foreign", pk), ("random", NOWHERE))
        ]
        if (name, key) in PASSED_OVER:
            walker.loudly(probes)
        else:
            walker.quietly(probes)
    walker.report()


def test_a_parameter_finds_no_row_of_another_workspace(walker):
    """A filter by what is not there finds nothing, not everything; and answers as it does to an id of nothing."""
    for name, kwargs, query, key, pk in queries(walker):
        path, around = path_of("acme", name, **kwargs), query if name == "deal_changes" else {}
        walker.try_(Probe("owner", "GET", path, (200,), {key: query[key]}, about=f"own {key}"))
        for value in (pk, f"{query[key]},{pk}") if key == "ids" else (pk,):
            probes = [
                Probe(
                    "owner", "GET", path, (200, 404), around | {key: given}, headers, f"{key}={given}", (key, *headers)
                )
                for headers in ({}, SCRIPT)
                for given in (value, str(value).replace(str(pk), re.sub(r"\d+", str(NOWHERE), str(pk))))
            ]
            walker.quietly(probes)
    walker.report()


def queries(walker: Walker) -> Iterator[tuple[str, dict, dict, str, int]]:
    acme, rival = walker.world.acme, walker.world.rival
    for name, case in CASES.items():
        for kwargs in case.shots(acme)[:2] if case.query else ():
            query, other = case.query(acme, kwargs), case.query(rival, kwargs)
            for key in query:
                if query[key] != other[key]:
                    yield name, kwargs, query, key, other[key]


def test_a_filter_by_what_is_foreign_finds_nothing(walker):
    world, shown = walker.world, {}
    for name, column in LISTS.items():
        own = world.planted(world.acme, column)
        path, case = path_of("acme", name), CASES[name]
        base = {"ids": world.acme.deal} if name == "deal_changes" else {}
        shown[name] = walker.ask("owner", "GET", path, base).text
        assert any(canary in shown[name] for canary in own), f"{name} shows nothing even without a filter"
        for key, pk in case.query(world.rival, {}).items():
            if key not in ("pipeline", "undo", "ids"):
                text = walker.ask("owner", "GET", path, base | {key: pk}).text
                assert not any(canary in text for canary in own), f"{name}?{key}= of the rival shows everything"


def test_text_finds_only_ones_own(walker):
    """Every place where one searches, asked for what stands in all rows of both workspaces."""
    for name, key in SEARCHED:
        for text in ("zq", "zq0", "z", "%", "_", "rival", "@canary"):
            for headers in ({}, SCRIPT):
                walker.try_(Probe("owner", "GET", path_of("acme", name), (200,), {key: text}, headers, text))
    assert walker.world.acme.slug in walker.ask("owner", "GET", path_of("acme", "search_page"), {"q": "zq0"}).text
    walker.report()


# --- is every choice tried? -------------------------------------------------------------------------------


def test_no_choice_is_left_out(walker):
    """Each field and filter of our forms that chooses a row was given the other workspace's."""
    with watched(walker) as tried:
        for name, kwargs, body, key, pk in bodies(walker):
            walker.ask("owner", "POST", path_of("acme", name, **kwargs), body | {key: pk})
        for name, kwargs, _, key, pk in queries(walker):
            walker.ask("owner", "GET", path_of("acme", name, **kwargs), {key: pk})
    assert not set(declared()) - tried


@contextmanager
def watched(walker: Walker) -> Iterator[set[tuple[str, str]]]:
    """The (form, field) pairs that get an id of the other workspace."""
    tried, clean = set(), forms.BaseForm.full_clean
    foreign = {str(pk) for pk in vars(walker.world.rival).values()}

    def spy(form: forms.BaseForm) -> None:
        for name, field in form.fields.items():
            if form.is_bound and isinstance(field, CHOICES) and foreign & set(map(str, form.data.getlist(name))):
                tried.add((type(form).__name__, name))
        clean(form)

    with patch.object(forms.BaseForm, "full_clean", spy):
        yield tried


def declared() -> Iterator[tuple[str, str]]:
    for module in (activity_forms, deal_forms, lead_forms, workspace_forms):
        for form in vars(module).values():
            if isinstance(form, type) and issubclass(form, forms.BaseForm) and form.__module__ == module.__name__:
                yield from ((form.__name__, name) for name in chosen(form.base_fields, CHOICES) if is_used(form))
    for module in (deal_filters, lead_filters):
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, django_filters.FilterSet) and found._meta.model:
                names = chosen(
                    found.base_filters, (django_filters.ModelChoiceFilter, django_filters.ModelMultipleChoiceFilter)
                )
                yield from ((f"{found.__name__}Form", name) for name in names)


def chosen(fields: dict, kinds: tuple[type, ...]) -> list[str]:
    return [name for name, field in fields.items() if isinstance(field, kinds)]


def is_used(form: type[forms.BaseForm]) -> bool:
    """Bases of others are no forms of their own."""
    return not form.__subclasses__()
